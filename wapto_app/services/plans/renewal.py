"""What time does to a subscription: trials end, periods renew, unpaid ones expire. One tick, as often as one likes."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.models import NotificationKind, Plan, Subscription, SubscriptionSource, SubscriptionStatus
from wapto_app.models.plans import IS_CURRENT
from wapto_app.security.permissions import Actor
from wapto_app.services import audit, mail, owners
from wapto_app.services.plans import cycles
from wapto_app.services.plans.standing import announce, current_row, replace
from wapto_app.services.plans.subscribing import bill


async def move_on(session: AsyncSession) -> None:
    """Bring the current subscription up to now. Missed or doubled, nothing is lost and nothing billed twice."""
    now = utcnow()
    if await _expire_trial(session, now):
        await owners.tell(session, NotificationKind.TRIAL_ENDED, lambda owner: mail.trial_ended(owner.name))
        await announce(session)
        return
    if await _expire_unpaid(session, now):
        await announce(session)
        return
    row = await current_row(session)
    if row is not None and _is_over(row, now):
        await _renew(session, row)


async def _expire_trial(session: AsyncSession, now: datetime) -> bool:
    return await _expire(
        session,
        now,
        col(Subscription.source) == SubscriptionSource.TRIAL,
        col(Subscription.status) == SubscriptionStatus.TRIALING,
        col(Subscription.trial_ends_at) <= now,
    )


async def _expire_unpaid(session: AsyncSession, now: datetime) -> bool:
    """Past-due and its days of grace are over. Stripe's own are ended by its webhooks."""
    return await _expire(
        session,
        now,
        col(Subscription.source) == SubscriptionSource.MANUAL,
        col(Subscription.status) == SubscriptionStatus.PAST_DUE,
        col(Subscription.grace_until) <= now,
    )


async def _expire(session: AsyncSession, now: datetime, *due: sa.ColumnElement[bool]) -> bool:
    expired = await session.exec(
        sa.update(Subscription)
        .where(IS_CURRENT, *due)
        .values(status=SubscriptionStatus.EXPIRED, updated_at=now)
        .returning(col(Subscription.id))
    )
    row = expired.first()
    if row is not None:
        audit.record(session, Actor.system(), "subscription.expired", f"subscription:{row[0]}")
    return row is not None


def _is_over(row: Subscription, now: datetime) -> bool:
    """A period that was paid for has ended; while an invoice is open, that is waited for first."""
    runs = row.source is SubscriptionSource.MANUAL and row.status is SubscriptionStatus.ACTIVE
    return runs and row.period_end is not None and row.period_end <= now


async def _renew(session: AsyncSession, row: Subscription) -> None:
    assert row.period_end is not None
    if row.cancel_at_period_end:
        row.status, row.ended_at, row.updated_at = SubscriptionStatus.CANCELED, row.period_end, utcnow()
        session.add(row)
        audit.record(session, Actor.system(), "subscription.ended", f"subscription:{row.id}")
        await announce(session)
        return
    plan = await session.get_one(Plan, row.next_plan_id or row.plan_id)
    if plan.price_minor == 0:
        await replace(session, Subscription(plan_id=plan.id or 0, time_zone=row.time_zone))
        return
    row.plan_id, row.next_plan_id = plan.id or 0, None
    row.period_start = row.period_end
    row.period_end = cycles.period_end(row.period_start, plan.cycle, row.anchor_day, row.time_zone)
    await bill(session, row, plan)
    audit.record(session, Actor.system(), "subscription.renewed", f"subscription:{row.id}", plan=plan.name)
    await announce(session)
