"""Which plan the workspace is on, and whether it is locked."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import Account, Cycle, Plan, Role, Subscription, SubscriptionSource, SubscriptionStatus
from wapto_app.models.plans import IS_CURRENT, LOCKING
from wapto_app.services.sessions import account_topic

TOPIC = "subscription"
"""What changes when the subscription, a request, an invoice or a warning does."""


@dataclass(frozen=True, slots=True)
class Standing:
    """The current subscription and its plan, at one glance."""

    subscription_id: int
    plan_id: int
    plan_name: str
    price_minor: int
    currency: str
    cycle: Cycle
    status: SubscriptionStatus
    source: SubscriptionSource
    period_start: datetime | None
    period_end: datetime | None
    trial_ends_at: datetime | None
    grace_until: datetime | None
    cancel_at_period_end: bool
    next_plan_id: int | None
    credit_minor: int
    time_zone: str
    limits: dict[str, int] = field(default_factory=dict)
    gates: frozenset[str] = frozenset()

    @property
    def is_locked(self) -> bool:
        return self.status in LOCKING

    def limit(self, name: str) -> int | None:
        """How many the plan allows; none is unlimited."""
        return self.limits.get(name)


async def current(session: AsyncSession) -> Standing | None:
    """The workspace's subscription; None when an admin removed everything by hand: then nothing is limited."""
    found: Any = await session.exec(
        select(Subscription, Plan)
        .join(Plan, col(Plan.id) == col(Subscription.plan_id))
        .where(IS_CURRENT)
        .execution_options(populate_existing=True)
    )
    row = found.first()
    return _standing(*row) if row else None


def _standing(subscription: Subscription, plan: Plan) -> Standing:
    return Standing(
        subscription_id=subscription.id or 0,
        plan_id=plan.id or 0,
        plan_name=plan.name,
        price_minor=plan.price_minor,
        currency=plan.currency,
        cycle=plan.cycle,
        status=subscription.status,
        source=subscription.source,
        period_start=subscription.period_start,
        period_end=subscription.period_end,
        trial_ends_at=subscription.trial_ends_at,
        grace_until=subscription.grace_until,
        cancel_at_period_end=subscription.cancel_at_period_end,
        next_plan_id=subscription.next_plan_id,
        credit_minor=subscription.credit_minor,
        time_zone=subscription.time_zone,
        limits=dict(plan.limits),
        gates=frozenset(plan.gates),
    )


async def current_row(session: AsyncSession) -> Subscription | None:
    """The current subscription, locked until the end of the transaction: two who change it take turns."""
    found = await session.exec(
        select(Subscription).where(IS_CURRENT).with_for_update().execution_options(populate_existing=True)
    )
    return found.first()


async def replace(session: AsyncSession, subscription: Subscription) -> Subscription:
    """Make this the current subscription; the one before it ends and stays for the record."""
    before = await current_row(session)
    if before is not None:
        before.is_current, before.ended_at, before.updated_at = False, utcnow(), utcnow()
        subscription.stripe_customer_id = subscription.stripe_customer_id or before.stripe_customer_id
        session.add(before)
        await session.flush()
    session.add(subscription)
    await session.flush()
    await announce(session)
    return subscription


async def announce(session: AsyncSession) -> None:
    """Tell every open tab: what its account may do can have changed (the workspace is locked, or open again)."""
    found = await session.exec(select(Account.id).where(col(Account.is_active).is_(True)))
    touch(session, TOPIC, *map(account_topic, found))


async def owner_zone(session: AsyncSession) -> str:
    """The time zone of the first owner: the wall clock of the business."""
    found = await session.exec(
        select(Account.time_zone).where(Account.role == Role.OWNER).order_by(col(Account.id)).limit(1)
    )
    return found.first() or "UTC"
