"""What is looked after by itself: grace that runs out, webhooks that never came, subscriptions that nobody needs."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.billing import BillingError, Missing
from wapto_app.clock import utcnow
from wapto_app.db import Database
from wapto_app.log import get_logger
from wapto_app.models import Subscription, SubscriptionSource, SubscriptionStatus
from wapto_app.models.plans import IS_CURRENT
from wapto_app.security.permissions import Actor
from wapto_app.services import audit, plans
from wapto_app.services.billing import bills, checkout, contracts
from wapto_app.services.billing.till import NoStripe, Till

log = get_logger(__name__)
_BILLS = 5


async def lock_overdue(session: AsyncSession) -> None:
    """The days of grace are over and nothing was paid. A payment opens it again, whenever it comes."""
    now = utcnow()
    unpaid = (col(Subscription.status) == SubscriptionStatus.PAST_DUE, col(Subscription.grace_until) <= now)
    # Nobody at Stripe will tell that this one has ended.
    detached = (
        col(Subscription.stripe_subscription_id) == "",
        col(Subscription.status) != SubscriptionStatus.EXPIRED,
        col(Subscription.period_end) <= now,
    )
    locked = await session.exec(
        sa.update(Subscription)
        .where(
            IS_CURRENT,
            col(Subscription.source) == SubscriptionSource.STRIPE,
            sa.or_(sa.and_(*unpaid), sa.and_(*detached)),
            col(Subscription.status) != SubscriptionStatus.CANCELED,
        )
        .values(status=SubscriptionStatus.EXPIRED, updated_at=now)
        .returning(col(Subscription.id))
    )
    row = locked.first()
    if row is not None:
        audit.record(session, Actor.system(), "billing.locked", f"subscription:{row[0]}")
        await plans.announce(session)


async def reconcile(db: Database, till: Till) -> None:
    """Ask Stripe how things are, in case webhooks are lost or were never set up."""
    async with db.read() as session:
        rows = await _alive(session)
        if not (await till.keys(session)).are_set:
            return
    try:
        stripe, books = await till.open(db)
        await checkout.settle_open(db, stripe, books)
        for row in rows:
            try:
                await contracts.sync(db, stripe, books, row.stripe_subscription_id)
                for bill in await stripe.bills_of(row.stripe_customer_id, _BILLS):
                    await bills.sync(db, stripe, books, bill.id)
            except Missing:
                await contracts.detach(db, row.stripe_subscription_id)
    except (BillingError, NoStripe) as error:
        log.warning("stripe.not_reconciled", reason=str(error))


async def _alive(session: AsyncSession) -> list[Subscription]:
    """What Stripe bills, and what it would still bill although another subscription took its place."""
    found = await session.exec(
        select(Subscription).where(
            Subscription.source == SubscriptionSource.STRIPE,
            Subscription.stripe_subscription_id != "",
            Subscription.status != SubscriptionStatus.CANCELED,
        )
    )
    return list(found)
