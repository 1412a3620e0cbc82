"""Applies stored webhooks: parse, write, mark. What cannot be applied stays, with its error, and can be replayed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from integrations.whatsapp import webhooks
from wapto_app.clock import utcnow
from wapto_app.log import get_logger
from wapto_app.models import EventState, WebhookEvent
from wapto_app.models.base import table_of
from wapto_app.services.ingest.context import Item
from wapto_app.services.ingest.items import apply_items

log = get_logger(__name__)

webhook_event = table_of(WebhookEvent)

BATCH = 200
_ERROR_MAX = 1000
# Any number that no other advisory lock of ours uses.
_INGEST_LOCK = 7_461_001
_IS_NEW = sa.text("state = 'new'")


@dataclass(slots=True)
class Outcome:
    """What one batch did; ``topics`` are to be published once it is committed."""

    applied: int = 0
    failed: int = 0
    topics: set[str] = field(default_factory=set)

    @property
    def taken(self) -> int:
        return self.applied + self.failed


@dataclass(slots=True)
class _Event:
    id: int
    items: list[Item] = field(default_factory=list)
    error: str = ""


def apply_pending(connection: sa.Connection, _batches: list[int]) -> Sequence[Outcome]:
    """Writer operation: apply the oldest new webhooks in one transaction.

    One applier at a time: SQLite has one writer anyway, PostgreSQL gets an advisory lock for the transaction.
    """
    if not _may_apply(connection):
        return [Outcome() for _ in _batches]
    outcome = Outcome()
    events = [_parse(*row) for row in _oldest(connection)]
    if events:
        _apply(connection, events, outcome)
        _mark(connection, events)
    return [outcome, *(Outcome() for _ in _batches[1:])]


def _may_apply(connection: sa.Connection) -> bool:
    if connection.dialect.name == "sqlite":
        return True
    return bool(connection.execute(sa.select(sa.func.pg_try_advisory_xact_lock(_INGEST_LOCK))).scalar())


def _oldest(connection: sa.Connection) -> list[tuple[int, bytes, datetime]]:
    table = webhook_event
    query = (
        sa.select(table.c.id, table.c.body, table.c.received_at)
        .where(_IS_NEW)
        .order_by(table.c.id)
        .limit(BATCH)
    )
    return [(row.id, row.body, row.received_at) for row in connection.execute(query)]


def _parse(event_id: int, body: bytes, received_at: datetime) -> _Event:
    event = _Event(event_id)
    try:
        parsed = webhooks.parse(body, received_at=received_at)
    except webhooks.InvalidPayload as error:
        event.error = f"The body is not a webhook: {error}"
        return event
    for item in parsed:
        if isinstance(item.event, webhooks.Malformed):
            event.error = f"An element could not be read: {item.event.reason}"
        else:
            event.items.append(Item(item, received_at))
    return event


def _apply(connection: sa.Connection, events: list[_Event], outcome: Outcome) -> None:
    """All events together; when one of them is poisoned each alone, and then each element alone."""
    try:
        with connection.begin_nested():
            outcome.topics |= apply_items(connection, [item for event in events for item in event.items])
    except Exception:
        if len(events) > 1:
            for event in events:
                _apply(connection, [event], outcome)
            return
        _apply_singly(connection, events[0], outcome)
    outcome.failed += sum(1 for event in events if event.error)
    outcome.applied += sum(1 for event in events if not event.error)


def _apply_singly(connection: sa.Connection, event: _Event, outcome: Outcome) -> None:
    for item in event.items:
        try:
            with connection.begin_nested():
                outcome.topics |= apply_items(connection, [item])
        except Exception as error:
            log.warning("ingest.failed", webhook=event.id, reason=str(error))
            event.error = f"{type(error).__name__}: {error}"


def _mark(connection: sa.Connection, events: list[_Event]) -> None:
    table = webhook_event
    now = utcnow()
    done = [event.id for event in events if not event.error]
    if done:
        connection.execute(
            table.update().where(table.c.id.in_(done)).values(state=EventState.DONE, applied_at=now, error="")
        )
    for event in events:
        if event.error:
            connection.execute(
                table.update()
                .where(table.c.id == event.id)
                .values(
                    state=EventState.FAILED, error=event.error[:_ERROR_MAX], attempts=table.c.attempts + 1
                )
            )


def replay(connection: sa.Connection, limits: list[int | None]) -> Sequence[int]:
    """Writer operation: put failed webhooks back in line, those below ``limit`` tries or all; the number of them.

    Applying is idempotent, so a webhook that was applied in part may safely come again.
    """
    return [_replay(connection, limit) for limit in limits]


def _replay(connection: sa.Connection, limit: int | None) -> int:
    table = webhook_event
    query = table.update().where(sa.text("state = 'failed'")).values(state=EventState.NEW)
    if limit is not None:
        query = query.where(table.c.attempts < limit)
    return connection.execute(query).rowcount
