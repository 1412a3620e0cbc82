"""Stripe's webhooks: kept as they came, then applied by reading what they are about. Nothing is lost by an error."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col, select

from integrations.billing import (
    BadSignature,
    BillingError,
    Missing,
    Notice,
    Stripe,
    Unreachable,
    WrongKey,
    read_notice,
)
from wapto_app.clock import utcnow
from wapto_app.db import Database
from wapto_app.log import get_logger
from wapto_app.models import EventState, StripeEvent
from wapto_app.models.base import table_of
from wapto_app.services.billing import bills, checkout, contracts
from wapto_app.services.billing.till import Books, NoStripe, Till
from wapto_app.services.identity import insert_ignore

log = get_logger(__name__)

stripe_event = table_of(StripeEvent)
TOPIC = "stripe_events"
BATCH = 100
KEEP = timedelta(days=30)
"""Stripe: an event can be delivered again for up to 30 days; one that is gone could not be recognised."""
_TRIES = 20
_LONGEST_PAUSE = timedelta(minutes=10)
_ERROR_MAX = 1000
_IS_NEW, _IS_FAILED = sa.text("state = 'new'"), sa.text("state = 'failed'")


@dataclass(frozen=True, slots=True)
class RawEvent:
    """A webhook whose signature was right."""

    event_id: str
    type: str
    body: bytes
    received_at: datetime


@dataclass(slots=True)
class Outcome:
    applied: int = 0
    failed: int = 0


@dataclass(frozen=True, slots=True)
class _Waiting:
    id: int
    attempts: int
    notice: Notice | None


@dataclass(frozen=True, slots=True)
class _Trouble:
    """Why it failed; ``lasts`` says that trying again for ever makes no sense."""

    text: str
    lasts: bool


_Target = tuple[str, str]
_EVERYTHING: _Target = ("", "")


def store(connection: sa.Connection, events: list[RawEvent]) -> Sequence[None]:
    """Writer operation: keep each event once, however often Stripe delivers it."""
    connection.execute(
        insert_ignore(connection.dialect.name, stripe_event),
        [
            {
                "event_id": event.event_id,
                "type": event.type,
                "body": event.body,
                "state": EventState.NEW,
                "error": "",
                "attempts": 0,
                "received_at": event.received_at,
            }
            for event in events
        ],
    )
    return [None] * len(events)


async def apply_due(db: Database, till: Till) -> Outcome:
    """Apply what is new and what is to be tried again. Doubled or missed, it does no harm.

    Events about one object are one reading: what it is now is all that counts.
    """
    waiting = await _due(db)
    outcome = Outcome()
    if not waiting:
        return outcome
    troubles: dict[_Target, _Trouble | None] = {}
    try:
        stripe, books = await till.open(db)
    except (NoStripe, BillingError) as error:
        trouble = _Trouble(str(error), lasts=False)
        await _mark(db, [(each, trouble) for each in waiting])
        return Outcome(failed=len(waiting))
    results = [(each, await _once(db, stripe, books, each, troubles)) for each in waiting]
    await _mark(db, results)
    outcome.failed = sum(1 for _, trouble in results if trouble)
    outcome.applied = len(results) - outcome.failed
    return outcome


async def _once(
    db: Database, stripe: Stripe, books: Books, each: _Waiting, troubles: dict[_Target, _Trouble | None]
) -> _Trouble | None:
    """Read each object once, and nothing more once Stripe does not answer."""
    if each.notice is None:
        return _Trouble("Not an event.", lasts=True)
    target = _target(each.notice)
    if target not in troubles:
        troubles[target] = troubles.get(_EVERYTHING) or await _try(db, stripe, books, each.notice)
        trouble = troubles[target]
        if trouble is not None and not trouble.lasts:
            troubles[_EVERYTHING] = trouble
    return troubles[target]


def _target(notice: Notice) -> _Target:
    if notice.kind in ("charge", "dispute", "refund"):
        return ("intent", notice.intent)
    return (notice.kind, notice.object_id)


async def _due(db: Database) -> list[_Waiting]:
    columns = (col(StripeEvent.id), col(StripeEvent.attempts), col(StripeEvent.body))
    retry = sa.select(*columns).where(_IS_FAILED, col(StripeEvent.retry_at) <= utcnow())
    new = sa.select(*columns).where(_IS_NEW)
    async with db.read() as session:
        connection = await session.connection()
        rows: list[tuple[int, int, bytes]] = []
        for query in (new, retry):
            found = await connection.execute(query.order_by(col(StripeEvent.id)).limit(BATCH))
            rows += [(number, attempts, body) for number, attempts, body in found.tuples() if number]
    return [_Waiting(number, attempts, _read(body)) for number, attempts, body in rows]


def _read(body: bytes) -> Notice | None:
    try:
        return read_notice(body)
    except BadSignature:
        return None


async def _try(db: Database, stripe: Stripe, books: Books, notice: Notice) -> _Trouble | None:
    try:
        await _apply(db, stripe, books, notice)
    except Missing:
        return None  # it is gone at Stripe, so there is nothing to write of it
    except (Unreachable, WrongKey) as error:
        return _Trouble(str(error), lasts=False)
    except Exception as error:
        log.warning("stripe.event_failed", id=notice.id, type=notice.type, reason=type(error).__name__)
        return _Trouble(f"{type(error).__name__}: {error}", lasts=True)
    return None


async def _apply(db: Database, stripe: Stripe, books: Books, notice: Notice) -> None:
    """Whatever the event says: read the object as it is now, and write that."""
    if notice.type.startswith("customer.subscription."):
        await contracts.sync(db, stripe, books, notice.object_id)
    elif notice.kind == "invoice":
        if notice.contract:
            await contracts.sync(db, stripe, books, notice.contract)
        await bills.sync(db, stripe, books, notice.object_id)
    elif notice.kind == "checkout.session":
        await checkout.settle(db, stripe, books, notice.object_id)
    elif notice.kind in ("charge", "dispute", "refund") and notice.intent:
        bill_id = await stripe.bill_of_intent(notice.intent)
        if bill_id:
            await bills.sync(db, stripe, books, bill_id)


async def _mark(db: Database, results: Sequence[tuple[_Waiting, _Trouble | None]]) -> None:
    now = utcnow()
    async with db.write() as session:
        connection = await session.connection()
        for each, trouble in results:
            values: dict[str, object] = {
                "state": EventState.DONE,
                "applied_at": now,
                "error": "",
                "retry_at": None,
            }
            if trouble is not None:
                tries = each.attempts + 1
                values = {
                    "state": EventState.FAILED,
                    "error": trouble.text[:_ERROR_MAX],
                    "attempts": tries,
                    "retry_at": _next_try(now, tries, trouble),
                }
            await connection.execute(
                stripe_event.update().where(stripe_event.c.id == each.id).values(**values)
            )


def _next_try(now: datetime, tries: int, trouble: _Trouble) -> datetime | None:
    """After 2, 4, 8 … seconds, every ten minutes in the end: for ever while Stripe is away or the key is wrong."""
    if trouble.lasts and tries >= _TRIES:
        return None
    return now + min(timedelta(seconds=2 ** min(tries, 12)), _LONGEST_PAUSE)


async def replay(db: Database, till: Till) -> Outcome:
    """Try everything again that failed, now."""
    async with db.write() as session:
        connection = await session.connection()
        again = await connection.execute(
            stripe_event.update().where(_IS_FAILED).values(state=EventState.NEW, attempts=0, retry_at=None)
        )
    total, left = Outcome(), again.rowcount
    while left > 0:
        outcome = await apply_due(db, till)
        total.applied, total.failed = total.applied + outcome.applied, total.failed + outcome.failed
        left = left - BATCH if outcome.applied or outcome.failed else 0
    return total


async def delete_old(db: Database) -> None:
    """What was applied long ago."""
    async with db.write() as session:
        old = (
            select(StripeEvent.id)
            .where(StripeEvent.received_at < utcnow() - KEEP, StripeEvent.state == EventState.DONE)
            .limit(5_000)
        )
        await session.exec(sa.delete(StripeEvent).where(col(StripeEvent.id).in_(old)))
