"""The trial: a switch of the admin's, a length, a plan to try, and an end that locks the workspace."""

from __future__ import annotations

from datetime import timedelta
from typing import TypedDict

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import Account, Plan, Role, Subscription, SubscriptionSource, SubscriptionStatus
from wapto_app.security.passwords import UNUSABLE
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, preferences
from wapto_app.services.errors import Conflict, Invalid
from wapto_app.services.plans import catalog
from wapto_app.services.plans.standing import TOPIC, announce, current_row, owner_zone, replace

PREFERENCE = "trial"
DAYS = 14
DAYS_MAX = 365


class TrialRow(TypedDict):
    """The admin's switch. ``plan_id`` 0: the first plan that is offered."""

    enabled: bool
    days: int
    plan_id: int


async def load_trial(session: AsyncSession, actor: Actor) -> TrialRow:
    """For the admin's screen."""
    actor.require(Permission.ADMIN)
    return await _read(session)


async def save_trial(session: AsyncSession, actor: Actor, row: TrialRow) -> None:
    """What the next first owner gets; a trial that runs is not changed by it.

    Raises:
        Invalid: naming the field.
    """
    actor.require(Permission.ADMIN)
    if not 1 <= row["days"] <= DAYS_MAX:
        raise Invalid("days", f"Choose 1 to {DAYS_MAX} days.")
    if row["plan_id"]:
        await catalog.get(session, row["plan_id"])
    await preferences.write(session, PREFERENCE, dict(row))
    audit.record(session, actor, "trial.configured", detail=dict(row))
    touch(session, TOPIC)


async def start_for_first_owner(session: AsyncSession, account: Account) -> None:
    """Whoever registers as the first owner tries the product, when the admin wants that."""
    switch, row = await _read(session), await current_row(session)
    if not switch["enabled"] or account.role is not Role.OWNER:
        return
    if (
        row is None
        or row.source is not SubscriptionSource.FREE
        or await _somebody_else_owns(session, account)
    ):
        return
    plan_id = switch["plan_id"] or await _first_offered(session) or row.plan_id
    await _start(session, plan_id, switch["days"])


async def extend_trial(session: AsyncSession, actor: Actor, days: int) -> None:
    """Give a trial more days from now or from its end, whichever is later; one that is over begins again.

    Raises:
        Conflict: when the workspace is not on a trial.
    """
    actor.require(Permission.ADMIN)
    if not 1 <= days <= DAYS_MAX:
        raise Invalid("days", f"Choose 1 to {DAYS_MAX} days.")
    row = await current_row(session)
    if row is None or row.source is not SubscriptionSource.TRIAL or row.trial_ends_at is None:
        raise Conflict("This workspace is not on a trial.")
    row.trial_ends_at = max(row.trial_ends_at, utcnow()) + timedelta(days=days)
    row.status, row.updated_at = SubscriptionStatus.TRIALING, utcnow()
    session.add(row)
    audit.record(session, actor, "trial.extended", f"subscription:{row.id}", days=days)
    await announce(session)


async def _start(session: AsyncSession, plan_id: int, days: int) -> None:
    await replace(
        session,
        Subscription(
            plan_id=plan_id,
            status=SubscriptionStatus.TRIALING,
            source=SubscriptionSource.TRIAL,
            trial_ends_at=utcnow() + timedelta(days=days),
            time_zone=await owner_zone(session),
        ),
    )


async def _read(session: AsyncSession) -> TrialRow:
    value = await preferences.read(session, PREFERENCE)
    return TrialRow(
        enabled=bool(value.get("enabled", False)),
        days=int(value.get("days", DAYS)),
        plan_id=int(value.get("plan_id", 0)),
    )


async def _somebody_else_owns(session: AsyncSession, account: Account) -> bool:
    """Whether another owner has joined; those who are only invited have not."""
    found = await session.exec(
        select(Account.id)
        .where(Account.role == Role.OWNER, Account.id != account.id, Account.password_hash != UNUSABLE)
        .limit(1)
    )
    return found.first() is not None


async def _first_offered(session: AsyncSession) -> int | None:
    """The featured plan, else the first one in order that costs something."""
    found = await session.exec(
        select(Plan.id)
        .where(col(Plan.is_active).is_(True), Plan.price_minor > 0)
        .order_by(col(Plan.is_featured).desc(), col(Plan.position), col(Plan.id))
        .limit(1)
    )
    return found.first()
