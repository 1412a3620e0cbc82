"""Applies stored webhooks: parse, write, mark. What cannot be applied stays, with its error, and is tried again."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

import sqlalchemy as sa

from integrations.whatsapp import webhooks
from wapto_app.bulk import among
from wapto_app.clock import utcnow
from wapto_app.log import get_logger
from wapto_app.models import EventState, WebhookEvent
from wapto_app.models.base import table_of
from wapto_app.services.ingest.context import Item, UnknownNumber
from wapto_app.services.ingest.items import apply_items, known_numbers

log = get_logger(__name__)

webhook_event = table_of(WebhookEvent)

BATCH = 400
# Meta: up to 3 MB and 1,000 updates in one body. Whoever waits for the writer must not wait for hundreds of those.
_BATCH_BYTES = 1024 * 1024
_ERROR_MAX = 1000
# Any number that no other advisory lock of ours uses.
_INGEST_LOCK = 7_461_001
_IS_NEW = sa.text("state = 'new'")
_IS_FAILED = sa.text("state = 'failed'")
_TRIES = 20
_LONGEST_PAUSE = timedelta(minutes=10)


@dataclass(slots=True)
class Outcome:
    """What one batch did; ``topics`` are to be published once it is committed, ``more`` tells of what waits."""

    applied: int = 0
    failed: int = 0
    more: bool = False
    topics: set[str] = field(default_factory=set)


@dataclass(slots=True)
class _Event:
    id: int
    attempts: int
    items: list[Item] = field(default_factory=list)
    error: str = ""
    may_succeed_later: bool = False


def apply_pending(connection: sa.Connection, _calls: list[None]) -> Sequence[Outcome]:
    """Writer operation: apply the oldest new webhooks in one transaction.

    One applier at a time: SQLite has one writer anyway, PostgreSQL gets an advisory lock for the transaction.
    """
    outcome = Outcome()
    if _may_apply(connection):
        newest = _end_of_batch(connection)
        if newest:
            _apply_up_to(connection, newest, outcome)
            outcome.more = connection.execute(_more(), {"after": newest}).first() is not None
    return [outcome, *(Outcome() for _ in _calls[1:])]


def _may_apply(connection: sa.Connection) -> bool:
    if connection.dialect.name == "sqlite":
        return True
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_INGEST_LOCK))).scalar())


def _end_of_batch(connection: sa.Connection) -> int:
    """The newest webhook of a batch of the oldest ones, at least one, that is small enough; 0 when there is none."""
    newest, size = connection.execute(_oldest(BATCH, in_all=True)).one()
    if newest is None or size <= _BATCH_BYTES:
        return newest or 0
    found = connection.execute(_oldest(BATCH, in_all=False)).tuples().all()
    sizes = accumulate(size for _id, size in found)
    fitting = sum(1 for total in sizes if total <= _BATCH_BYTES)
    return int(found[max(1, fitting) - 1][0])


@functools.cache
def _oldest(most: int, *, in_all: bool) -> sa.Select[Any]:
    """The sizes of the oldest, or the newest id of them and their size in all."""
    c = webhook_event.c
    each = sa.select(c.id, sa.func.length(c.body).label("size")).where(_IS_NEW).order_by(c.id).limit(most)
    oldest = each.subquery()
    return sa.select(sa.func.max(oldest.c.id), sa.func.sum(oldest.c.size)) if in_all else each


@functools.cache
def _taken() -> sa.Select[int, int, bytes, datetime]:
    c = webhook_event.c
    columns = c.id, c.attempts, c.body, c.received_at
    return sa.select(*columns).where(_IS_NEW, c.id <= sa.bindparam("newest")).order_by(c.id)


@functools.cache
def _more() -> sa.Select[Any]:
    return sa.select(webhook_event.c.id).where(_IS_NEW, webhook_event.c.id > sa.bindparam("after")).limit(1)


def _apply_up_to(connection: sa.Connection, newest: int, outcome: Outcome) -> None:
    rows = connection.execute(_taken(), {"newest": newest})
    numbers = known_numbers(connection)
    events = [_parse(*row, numbers) for row in rows]
    _apply(connection, events, numbers, outcome)
    _mark(connection, events)
    outcome.failed = sum(1 for event in events if event.error)
    outcome.applied = len(events) - outcome.failed


def _parse(
    event_id: int, attempts: int, body: bytes, received_at: datetime, numbers: dict[str, int]
) -> _Event:
    event = _Event(event_id, attempts)
    try:
        parsed = webhooks.parse(body, received_at=received_at)
    except Exception as error:  # one body that breaks the parser must not stop all others for ever
        event.error = f"The body is not a webhook: {error}"
        return event
    for item in parsed:
        if isinstance(item.event, webhooks.Malformed):
            event.error = f"An element could not be read: {item.event.reason}"
        elif item.phone_number_id and item.phone_number_id not in numbers:
            event.error = str(UnknownNumber(item.phone_number_id))
        else:
            event.items.append(Item(item, received_at))
    return event


def _apply(
    connection: sa.Connection, events: list[_Event], numbers: dict[str, int], outcome: Outcome
) -> None:
    """All events together; when one of them is poisoned each alone, and then each element alone."""
    try:
        with connection.begin_nested():
            items = [item for event in events for item in event.items]
            outcome.topics |= apply_items(connection, items, numbers)
    except Exception:
        if len(events) > 1:
            for event in events:
                _apply(connection, [event], numbers, outcome)
            return
        _apply_singly(connection, events[0], numbers, outcome)


def _apply_singly(
    connection: sa.Connection, event: _Event, numbers: dict[str, int], outcome: Outcome
) -> None:
    for item in event.items:
        try:
            with connection.begin_nested():
                outcome.topics |= apply_items(connection, [item], numbers)
        except Exception as error:
            log.warning("ingest.failed", webhook=event.id, reason=type(error).__name__)
            event.error = f"{type(error).__name__}: {error}"
            event.may_succeed_later = True


def _mark(connection: sa.Connection, events: list[_Event]) -> None:
    table = webhook_event
    now = utcnow()
    done = [event.id for event in events if not event.error]
    if done:
        connection.execute(_done(connection.dialect.name), {"done": done, "now": now})
    for event in events:
        if event.error:
            connection.execute(
                table.update()
                .where(table.c.id == event.id)
                .values(
                    state=EventState.FAILED,
                    error=event.error[:_ERROR_MAX],
                    attempts=event.attempts + 1,
                    retry_at=_next_try(event, now),
                )
            )


@functools.cache
def _done(dialect: str) -> sa.Update:
    table = webhook_event
    at = sa.bindparam("now", type_=table.c.applied_at.type)
    values = {"state": EventState.DONE, "applied_at": at, "error": ""}
    return table.update().where(among(dialect, table.c.id, "done")).values(values)


def _next_try(event: _Event, now: datetime) -> datetime | None:
    """After 2, 4, 8 … seconds, for about two hours: it may only have come too early.

    What cannot be read waits for a better reader, and what is about an unknown number for its connection.
    """
    tries = event.attempts + 1
    if not event.may_succeed_later or tries >= _TRIES:
        return None
    return now + min(timedelta(seconds=2**tries), _LONGEST_PAUSE)


def retry_due(connection: sa.Connection, calls: list[None]) -> Sequence[int]:
    """Writer operation: put failed webhooks whose pause is over back in line; the number of them."""
    table = webhook_event
    again = table.update().where(_IS_FAILED, table.c.retry_at <= utcnow()).values(state=EventState.NEW)
    return [connection.execute(again).rowcount for _ in calls]


def replay(connection: sa.Connection, calls: list[None]) -> Sequence[int]:
    """Writer operation: put all failed webhooks back in line; the number of them.

    Applying is idempotent, so a webhook that was applied in part may safely come again.
    """
    again = webhook_event.update().where(_IS_FAILED).values(state=EventState.NEW, attempts=0)
    return [connection.execute(again).rowcount for _ in calls]
