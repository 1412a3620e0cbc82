"""What the screens show of the subscription: the owner's page, the admin's page, and a line in every page's frame."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import fetch
from wapto_app.models import Account, Plan, PlanRequest
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import money
from wapto_app.services.invoices.details import check_reader
from wapto_app.services.plans import catalog, cycles, subscribing, warnings
from wapto_app.services.plans.limits import MONTHLY, counted, used
from wapto_app.services.plans.standing import Standing, current


class PlanState(TypedDict):
    """For the frame of every page. The warning is of a limit, for who may see the subscription; "" is none."""

    locked: bool
    status: str
    plan: str
    trial_ends_at: str
    grace_until: str
    warning: str
    level: int
    used: int
    limit: int


class SubscriptionRow(TypedDict):
    """Where the workspace stands. Times are ISO 8601, or empty."""

    plan_id: int
    plan: str
    price: str
    cycle: str
    status: str
    source: str
    locked: bool
    period_start: str
    period_end: str
    trial_ends_at: str
    grace_until: str
    canceling: bool
    next_plan: str
    credit: str


class UsageRow(TypedDict):
    """One meter. A limit of -1 is unlimited."""

    metric: str
    used: int
    limit: int
    monthly: bool


class CardRow(catalog.PlanRow):
    """A plan as the owner can choose it; ``way`` is what choosing it does."""

    way: str


class RequestRow(TypedDict):
    """What the owner asked for and what became of it."""

    id: int
    plan: str
    price: str
    state: str
    asked_by: str
    asked_at: str
    message: str
    note: str
    decided_at: str


NOTHING = PlanState(
    locked=False, status="", plan="", trial_ends_at="", grace_until="", warning="", level=0, used=0, limit=0
)


async def plan_state(session: AsyncSession, actor: Actor) -> PlanState:
    """Whether the workspace works, how long a trial lasts, and which limit is near."""
    actor.require(Permission.SIGNED_IN)
    standing = await current(session)
    if standing is None:
        return NOTHING
    state = PlanState(**NOTHING)
    state["locked"], state["status"] = standing.is_locked, standing.status.value
    state["plan"] = standing.plan_name
    if actor.may(Permission.SUBSCRIPTION_SEE) and not standing.is_locked:
        near = await warnings.shown(session, standing)
        state["warning"], state["level"] = near.get("metric", ""), near.get("level", 0)
        state["used"], state["limit"] = near.get("used", 0), near.get("limit", 0)
        state["trial_ends_at"] = _iso(standing.trial_ends_at)
        state["grace_until"] = _iso(standing.grace_until)
    return state


async def subscription(session: AsyncSession, actor: Actor) -> SubscriptionRow | None:
    """For owner and admin; None when there is none at all."""
    check_reader(actor)
    standing = await current(session)
    return None if standing is None else await _subscription(session, standing)


async def usage(session: AsyncSession, actor: Actor) -> tuple[list[UsageRow], str]:
    """Every meter of this version, and when the monthly ones start anew."""
    check_reader(actor)
    standing = await current(session)
    if standing is None:
        return [], ""
    meters = []
    for limit in counted():
        most = standing.limit(limit)
        number = await used(session, standing, limit)
        meters.append(
            UsageRow(
                metric=limit.value,
                used=number,
                limit=-1 if most is None else most,
                monthly=limit in MONTHLY,
            )
        )
    return meters, cycles.next_month(utcnow(), standing.time_zone).isoformat()


async def cards(session: AsyncSession, actor: Actor) -> list[CardRow]:
    """What the owner can choose from: what is offered, and the plan they are on even when it is not any more."""
    actor.require(Permission.SUBSCRIPTION_SEE)
    standing = await current(session)
    ours = standing.plan_id if standing else 0
    shown = col(Plan.is_active).is_(True) | (col(Plan.id) == ours)
    rows = await catalog.rows(session, shown)
    plans = {plan.id: plan for plan in await session.exec(select(Plan).where(shown))}
    return [CardRow(**row, way=subscribing.way_to(standing, plans[row["id"]]).value) for row in rows]


async def requests(session: AsyncSession, actor: Actor) -> list[RequestRow]:
    """The newest first; open ones are decided by an admin."""
    check_reader(actor)
    query: Any = (
        select(PlanRequest, Plan, Account.name)
        .join(Plan, col(Plan.id) == col(PlanRequest.plan_id))
        .outerjoin(Account, col(Account.id) == col(PlanRequest.asked_by))
        .order_by(col(PlanRequest.id).desc())
        .limit(20)
    )
    return [_request(request, plan, name or "") for request, plan, name in await fetch(session, query)]


async def _subscription(session: AsyncSession, standing: Standing) -> SubscriptionRow:
    following = await session.get(Plan, standing.next_plan_id) if standing.next_plan_id else None
    return SubscriptionRow(
        plan_id=standing.plan_id,
        plan=standing.plan_name,
        price=money.shown(standing.price_minor, standing.currency),
        cycle=standing.cycle.value if standing.price_minor else "",
        status=standing.status.value,
        source=standing.source.value,
        locked=standing.is_locked,
        period_start=_iso(standing.period_start),
        period_end=_iso(standing.period_end),
        trial_ends_at=_iso(standing.trial_ends_at),
        grace_until=_iso(standing.grace_until),
        canceling=standing.cancel_at_period_end,
        next_plan=following.name if following else "",
        credit=money.shown(standing.credit_minor, standing.currency) if standing.credit_minor else "",
    )


def _request(request: PlanRequest, plan: Plan, name: str) -> RequestRow:
    return RequestRow(
        id=request.id or 0,
        plan=plan.name,
        price=money.shown(plan.price_minor, plan.currency),
        state=request.state.value,
        asked_by=name,
        asked_at=request.asked_at.isoformat(),
        message=request.message,
        note=request.note,
        decided_at=_iso(request.decided_at),
    )


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""
