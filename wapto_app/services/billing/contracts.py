"""Stripe's subscription becomes ours: read it, write its state, whatever was written before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.billing import Contract, Missing, Refused, Stripe
from wapto_app.clock import utcnow
from wapto_app.db import Database
from wapto_app.log import get_logger
from wapto_app.models import (
    Plan,
    RequestState,
    StripeRead,
    Subscription,
    SubscriptionSource,
    SubscriptionStatus,
)
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor
from wapto_app.services import audit, plans
from wapto_app.services.billing.offers import INSTALL, PLAN
from wapto_app.services.billing.till import Books
from wapto_app.services.invoices import read_billing
from wapto_app.services.plans import catalog, cycles, payments

log = get_logger(__name__)

_STATUS = {
    "trialing": SubscriptionStatus.TRIALING,
    "active": SubscriptionStatus.ACTIVE,
    "past_due": SubscriptionStatus.PAST_DUE,
    "incomplete": SubscriptionStatus.PENDING,
    "unpaid": SubscriptionStatus.EXPIRED,
    "paused": SubscriptionStatus.EXPIRED,
    "canceled": SubscriptionStatus.CANCELED,
    "incomplete_expired": SubscriptionStatus.CANCELED,
}
_OWING = (SubscriptionStatus.PAST_DUE, SubscriptionStatus.EXPIRED)


class _Place(Enum):
    """What a subscription of Stripe's is beside ours."""

    CURRENT = 1
    REPLACED = 2
    """Another one took its place here, and Stripe still bills it."""
    SURPLUS = 3
    """A second one was paid beside the one that counts."""


class UnknownPlan(Exception):
    """A subscription to a price that belongs to none of our plans."""


@dataclass(frozen=True, slots=True)
class _Credit:
    amount: int
    currency: str


async def sync(db: Database, stripe: Stripe, books: Books, contract_id: str) -> None:
    """Read a subscription and write what it is now; harmless however often and in whatever order.

    Raises:
        BillingError: when Stripe does not tell.
        UnknownPlan: when it is ours and its plan is not.
    """
    asked_at = utcnow()
    contract = await stripe.contract(contract_id)
    async with db.read() as session:
        if not await _is_ours(session, books, contract):
            return
        credit = await _credit(session, contract)
    if credit is not None:
        await stripe.credit(
            contract.customer_id, credit.amount, credit.currency, "Unused time", f"credit-{contract.id}"
        )
    async with db.write() as session:
        if not await is_newer(session, contract.id, asked_at):
            return
        place = await _write(session, books, contract)
    if place is not _Place.CURRENT:
        await _end(db, stripe, contract, give_back=place is _Place.SURPLUS)


async def is_newer(session: AsyncSession, object_id: str, asked_at: datetime) -> bool:
    """Whether nobody has written the answer to a later question; notes ours when so."""
    table = table_of(StripeRead)
    insert = (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(table)
    connection = await session.connection()
    written = await connection.execute(
        insert.values(object_id=object_id, asked_at=asked_at)
        .on_conflict_do_update(
            index_elements=["object_id"],
            set_={"asked_at": asked_at},
            where=table.c.asked_at <= asked_at,
        )
        .returning(table.c.object_id)
    )
    return written.first() is not None


def is_billed(row: Subscription) -> bool:
    """Whether Stripe bills it, or still tries to."""
    alive = row.source is SubscriptionSource.STRIPE and row.status is not SubscriptionStatus.CANCELED
    return alive and row.stripe_subscription_id != ""


async def detach(db: Database, contract_id: str) -> None:
    """Our Stripe account does not know this subscription: the key is another account's.

    What is paid is used up, and another plan can be chosen. With the old key back it is taken up again.
    """
    async with db.write() as session:
        row = await row_of(session, contract_id)
        if row is not None:
            row.stripe_subscription_id, row.updated_at = "", utcnow()
            session.add(row)
            audit.record(session, Actor.system(), "billing.detached", f"subscription:{row.id}")
            await plans.announce(session)


async def row_of(session: AsyncSession, contract_id: str) -> Subscription | None:
    """Our row of a subscription of Stripe's, the newest if it was taken up twice."""
    found = await session.exec(
        select(Subscription)
        .where(Subscription.stripe_subscription_id == contract_id)
        .order_by(col(Subscription.id).desc())
        .limit(1)
        .execution_options(populate_existing=True)
    )
    return found.first()


async def _is_ours(session: AsyncSession, books: Books, contract: Contract) -> bool:
    """The account may sell other things too."""
    if books.install in (contract.metadata.get(INSTALL), contract.price_meta.get(INSTALL)):
        return True
    return await row_of(session, contract.id) is not None


async def _credit(session: AsyncSession, contract: Contract) -> _Credit | None:
    """What is left of a period that was paid by hand goes to the customer's balance at Stripe.

    Counted up to the beginning of Stripe's period, so that it is the same amount however often this runs.
    """
    row = await plans.current_row(session)
    if row is None or not _counts(contract) or row.source is not SubscriptionSource.MANUAL:
        return None
    if row.status is not SubscriptionStatus.ACTIVE or row.period_start is None or row.period_end is None:
        return None
    plan = await session.get_one(Plan, row.plan_id)
    worth = await payments.worth_of(session, row.id or 0, row.period_start)
    left = row.credit_minor + cycles.unused(worth, row.period_start, row.period_end, contract.period_start)
    return _Credit(left, plan.currency) if left > 0 else None


def _counts(contract: Contract) -> bool:
    """Whether it takes the place of what is there: not when it is over, nor before its first payment."""
    return not contract.has_ended and contract.status != "incomplete"


async def _write(session: AsyncSession, books: Books, contract: Contract) -> _Place:
    row, current = await row_of(session, contract.id), await plans.current_row(session)
    if row is None:
        return await _take_up(session, books, contract, current)
    if not row.is_current:
        if not contract.has_ended:
            return _Place.REPLACED
        row.status = SubscriptionStatus.CANCELED
        session.add(row)
        return _Place.CURRENT
    before = (row.status, row.plan_id, row.cancel_at_period_end, row.next_plan_id)
    await _fill(session, books, row, contract)
    if before != (row.status, row.plan_id, row.cancel_at_period_end, row.next_plan_id):
        _note(session, row, before[0], before[1])
    session.add(row)
    await plans.announce(session)
    if row.status is SubscriptionStatus.CANCELED:
        await _go_on_free(session, row)
    return _Place.CURRENT


async def _take_up(
    session: AsyncSession, books: Books, contract: Contract, current: Subscription | None
) -> _Place:
    if not _counts(contract):
        return _Place.CURRENT
    if current is not None and is_billed(current):
        return _Place.SURPLUS
    await payments.void_open(session)
    request = await catalog.open_request(session)
    if request is not None:
        request.state, request.decided_at = RequestState.WITHDRAWN, utcnow()
        session.add(request)
    zone = current.time_zone if current else await plans.owner_zone(session)
    row = Subscription(
        plan_id=await _plan_of(session, books, contract, 0),
        source=SubscriptionSource.STRIPE,
        stripe_subscription_id=contract.id,
        time_zone=zone,
    )
    await _fill(session, books, row, contract)
    await plans.replace(session, row)
    audit.record(session, Actor.system(), "billing.subscribed", f"subscription:{row.id}", stripe=contract.id)
    return _Place.CURRENT


async def _fill(session: AsyncSession, books: Books, row: Subscription, contract: Contract) -> None:
    row.plan_id = await _plan_of(session, books, contract, row.plan_id)
    row.stripe_customer_id = contract.customer_id
    row.period_start, row.period_end = contract.period_start, contract.period_end
    row.anchor_day = cycles.anchor_day(contract.period_start, row.time_zone)
    row.trial_ends_at = contract.trial_end if contract.status == "trialing" else None
    row.cancel_at_period_end = contract.ends_with_period and not contract.has_ended
    row.next_plan_id = await _next_plan(session, books, row, contract)
    row.ended_at = contract.ended_at
    await _set_status(session, row, contract)
    row.updated_at = utcnow()


async def _set_status(session: AsyncSession, row: Subscription, contract: Contract) -> None:
    """Past due works for the days of grace, counted from the first failure; then it locks."""
    status = _STATUS.get(contract.status)
    if status is None:
        raise UnknownPlan(f"Stripe has a status that is not known here: {contract.status}")
    if status is SubscriptionStatus.PAST_DUE:
        if row.status not in _OWING or row.grace_until is None:
            row.grace_until = utcnow() + (await read_billing(session)).grace
        if row.grace_until <= utcnow():
            status = SubscriptionStatus.EXPIRED
    elif status is not SubscriptionStatus.EXPIRED:
        row.grace_until = None
    row.status = status


async def _plan_of(session: AsyncSession, books: Books, contract: Contract, known: int) -> int:
    """The plan of its price: prices carry it, also those that a plan no longer has."""
    for marks in (contract.price_meta, {} if known else contract.metadata):
        if marks.get(INSTALL) == books.install and marks.get(PLAN, "").isdecimal():
            plan = await session.get(Plan, int(marks[PLAN]))
            if plan is not None:
                return plan.id or 0
    found = await session.exec(select(Plan.id).where(Plan.stripe_price_id == contract.price_id))
    plan_id = found.first() or known
    if not plan_id:
        raise UnknownPlan(f"The price {contract.price_id} belongs to no plan.")
    return plan_id


async def _next_plan(
    session: AsyncSession, books: Books, row: Subscription, contract: Contract
) -> int | None:
    """What Stripe has planned; or the free plan that shall follow when it ends, which Stripe does not know of."""
    if contract.next_price_id:
        found = await session.exec(select(Plan.id).where(Plan.stripe_price_id == contract.next_price_id))
        return found.first()
    if row.next_plan_id and (contract.ends_with_period or contract.has_ended):
        plan = await session.get(Plan, row.next_plan_id)
        return row.next_plan_id if plan is not None and plan.price_minor == 0 else None
    return None


async def _go_on_free(session: AsyncSession, row: Subscription) -> None:
    """The paid time is over and a free plan was chosen to follow."""
    plan = await session.get(Plan, row.next_plan_id) if row.next_plan_id else None
    if plan is None or plan.price_minor:
        return
    await plans.replace(session, Subscription(plan_id=plan.id or 0, time_zone=row.time_zone))
    audit.record(session, Actor.system(), "subscription.started", f"plan:{plan.id}", plan=plan.name)


def _note(session: AsyncSession, row: Subscription, status: SubscriptionStatus, plan_id: int) -> None:
    action = "billing.changed"
    if row.status is not status:
        action = f"billing.{row.status.value}"
    elif row.plan_id != plan_id:
        action = "billing.plan_changed"
    audit.record(session, Actor.system(), action, f"subscription:{row.id}", before=status.value)


async def _end(db: Database, stripe: Stripe, contract: Contract, *, give_back: bool) -> None:
    """Nobody pays twice: what a second one took is given back, and it ends.

    In this order: one that has ended is not looked at again, and its money would stay with us.
    """
    if give_back and contract.latest_bill_id:
        try:
            await stripe.refund(contract.latest_bill_id, None, f"surplus-{contract.id}")
        except (Missing, Refused):
            log.info("stripe.nothing_to_give_back", subscription=contract.id)
    await stripe.end(contract.id)
    async with db.write() as session:
        row = await row_of(session, contract.id)
        if row is not None and not row.is_current:
            row.status = SubscriptionStatus.CANCELED
            session.add(row)
        action = "billing.surplus_ended" if give_back else "billing.replaced_ended"
        audit.record(session, Actor.system(), action, contract.id)
