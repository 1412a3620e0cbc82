"""How the workspace gets onto a plan, changes it and leaves it. What Stripe bills, ``services.billing`` changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import (
    InvoiceStatus,
    NotificationKind,
    Plan,
    PlanRequest,
    RequestState,
    Subscription,
    SubscriptionSource,
    SubscriptionStatus,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, invoices, notifications
from wapto_app.services.errors import Conflict, Invalid, NotFound
from wapto_app.services.plans import catalog, cycles, payments
from wapto_app.services.plans.standing import TOPIC, Standing, current, current_row, owner_zone, replace

NOTE_MAX = 500


class Way(StrEnum):
    """What choosing a plan means from where the workspace stands."""

    CURRENT = "current"
    NOW = "now"
    REQUEST = "request"
    AT_PERIOD_END = "at_period_end"
    STRIPE = "stripe"


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a request, for the mail to who asked."""

    account_id: int | None
    plan_name: str
    approved: bool
    note: str


def way_to(standing: Standing | None, plan: Plan) -> Way:
    """A free plan acts at once, unless something paid still runs: then it follows at the period's end.

    A dearer plan is asked for (an admin approves it, and what is left of the old one is credited); a cheaper one
    follows at the end of what is paid already.
    """
    if standing is None or standing.is_locked:
        return Way.REQUEST if plan.price_minor else Way.NOW
    if standing.plan_id == plan.id and not _tries(standing, plan):
        return Way.CURRENT
    if standing.source in (SubscriptionSource.FREE, SubscriptionSource.TRIAL):
        return Way.REQUEST if plan.price_minor else Way.NOW
    if standing.source is SubscriptionSource.STRIPE:
        return Way.STRIPE
    return Way.REQUEST if _is_dearer(plan, standing) else Way.AT_PERIOD_END


def _tries(standing: Standing, plan: Plan) -> bool:
    """On a trial of this very plan, which can be subscribed to."""
    return standing.source is SubscriptionSource.TRIAL and standing.plan_id == plan.id


def _is_dearer(plan: Plan, standing: Standing) -> bool:
    if plan.currency != standing.currency and plan.price_minor:
        return False
    ours = cycles.per_year(standing.price_minor, standing.cycle)
    return cycles.per_year(plan.price_minor, plan.cycle) > ours


async def choose(session: AsyncSession, actor: Actor, plan_id: int, message: str = "") -> Way:
    """The owner chooses a plan; returns what that did.

    Raises:
        Conflict: a request is open already, an invoice waits for its payment, or Stripe bills the current plan.
        NotFound: the plan is not offered any more.
    """
    actor.require(Permission.SUBSCRIPTION_DO)
    plan, standing = await catalog.offered(session, plan_id), await current(session)
    way = way_to(standing, plan)
    if way is Way.STRIPE:
        raise Conflict("Your plan is paid by card. Change it under Manage payment.")
    if way is Way.NOW:
        await _subscribe_free(session, actor, plan)
    elif way is Way.REQUEST:
        await _request(session, actor, plan, message)
    elif way is Way.AT_PERIOD_END:
        if standing and standing.credit_minor and plan.currency != standing.currency:
            raise Conflict(
                f"You have credit in {standing.currency}, and {plan.name} is paid in {plan.currency}."
            )
        await _schedule(session, actor, plan)
    return way


async def withdraw_request(session: AsyncSession, actor: Actor) -> None:
    """Take back what was asked for. Raises NotFound when it is decided already."""
    actor.require(Permission.SUBSCRIPTION_DO)
    request = await catalog.open_request(session)
    if request is None:
        raise NotFound("request")
    request.state, request.decided_at, request.decided_by = RequestState.WITHDRAWN, utcnow(), actor.account_id
    session.add(request)
    audit.record(session, actor, "plan_request.withdrawn", f"plan_request:{request.id}")
    touch(session, TOPIC)


async def cancel(session: AsyncSession, actor: Actor) -> datetime:
    """End the subscription when what is paid is used up; returns when.

    Raises:
        Conflict: when there is nothing to cancel.
    """
    actor.require(Permission.SUBSCRIPTION_DO)
    row = await _manual(session)
    assert row.period_end is not None
    row.cancel_at_period_end, row.next_plan_id, row.updated_at = True, None, utcnow()
    session.add(row)
    audit.record(
        session, actor, "subscription.canceled", f"subscription:{row.id}", at=row.period_end.isoformat()
    )
    touch(session, TOPIC)
    return row.period_end


async def resume(session: AsyncSession, actor: Actor) -> None:
    """Go on as before: neither end nor change the plan at the period's end. Raises Conflict."""
    actor.require(Permission.SUBSCRIPTION_DO)
    row = await _manual(session)
    row.cancel_at_period_end, row.next_plan_id, row.updated_at = False, None, utcnow()
    session.add(row)
    audit.record(session, actor, "subscription.resumed", f"subscription:{row.id}")
    touch(session, TOPIC)


async def decide(
    session: AsyncSession, actor: Actor, request_id: int, *, approve: bool, note: str = "", paid: bool = False
) -> Decision:
    """An admin approves or rejects what the owner asked for.

    Approved, the plan acts at once and its invoice is written: settled when ``paid``, else due within the grace days.

    Raises:
        NotFound: when it was withdrawn or decided meanwhile.
    """
    actor.require(Permission.ADMIN)
    request = await catalog.open_request(session)
    if request is None or request.id != request_id:
        raise NotFound("request")
    plan = await catalog.get(session, request.plan_id)
    request.state = RequestState.APPROVED if approve else RequestState.REJECTED
    request.note, request.decided_by, request.decided_at = clean_note(note), actor.account_id, utcnow()
    session.add(request)
    audit.record(
        session, actor, f"plan_request.{request.state.value}", f"plan_request:{request_id}", plan=plan.name
    )
    touch(session, TOPIC)
    if approve:
        await assign(session, actor, request.plan_id, paid=paid)
        told = await notifications.owners(session)
        await notifications.notify(
            session, told, NotificationKind.PLAN_CHANGED, href="/subscription", plan=plan.name
        )
    return Decision(request.asked_by, plan.name, approve, request.note)


async def assign(session: AsyncSession, actor: Actor, plan_id: int, *, paid: bool = False) -> str:
    """An admin puts the workspace on a plan, now. What is left of a paid one is credited. Returns the plan's name.

    Raises:
        Conflict: when Stripe bills the workspace.
    """
    actor.require(Permission.ADMIN)
    plan, standing = await catalog.get(session, plan_id), await current(session)
    if standing and standing.source is SubscriptionSource.STRIPE and not standing.is_locked:
        raise Conflict("Stripe bills this workspace. Cancel the subscription in Stripe first.")
    if plan.price_minor == 0:
        await _subscribe_free(session, actor, plan)
    else:
        await _subscribe_paid(session, actor, plan, standing, paid=paid)
    return plan.name


async def _subscribe_free(session: AsyncSession, actor: Actor, plan: Plan) -> None:
    await payments.void_open(session)
    row = await replace(session, Subscription(plan_id=plan.id or 0, time_zone=await _zone(session)))
    audit.record(session, actor, "subscription.started", f"subscription:{row.id}", plan=plan.name)


async def _subscribe_paid(
    session: AsyncSession, actor: Actor, plan: Plan, standing: Standing | None, *, paid: bool
) -> None:
    left = await _left_over(session, plan, standing)
    await payments.void_open(session)
    row = await replace(session, starting(plan, utcnow(), await _zone(session)))
    row.credit_minor = left
    status = await bill(session, row, plan, f"Unused time of {standing.plan_name}" if standing else "Credit")
    audit.record(session, actor, "subscription.started", f"subscription:{row.id}", plan=plan.name)
    if paid and status is InvoiceStatus.OPEN:
        await payments.settle_open(session, actor)


def starting(plan: Plan, now: datetime, zone: str) -> Subscription:
    """A subscription by hand whose first period begins now."""
    anchor = cycles.anchor_day(now, zone)
    return Subscription(
        plan_id=plan.id or 0,
        source=SubscriptionSource.MANUAL,
        status=SubscriptionStatus.ACTIVE,
        period_start=now,
        period_end=cycles.period_end(now, plan.cycle, anchor, zone),
        anchor_day=anchor,
        time_zone=zone,
    )


async def bill(
    session: AsyncSession, row: Subscription, plan: Plan, credit_name: str = "Credit"
) -> InvoiceStatus:
    """Write the invoice of the row's period, less its credit. The subscription is past due until it is paid."""
    assert row.period_start is not None
    assert row.period_end is not None
    taken = min(plan.price_minor, row.credit_minor)
    lines = [invoices.Line(plan.name, plan.price_minor)]
    if taken:
        lines.append(invoices.Line(credit_name, -taken))
    invoice = await invoices.issue(
        session,
        lines,
        currency=plan.currency,
        subscription_id=row.id,
        period=(row.period_start, row.period_end),
    )
    is_open = invoice.status is InvoiceStatus.OPEN
    row.credit_minor -= taken
    row.status = SubscriptionStatus.PAST_DUE if is_open else SubscriptionStatus.ACTIVE
    row.grace_until = invoice.due_at if is_open else None
    row.updated_at = utcnow()
    session.add(row)
    return invoice.status


async def _left_over(session: AsyncSession, plan: Plan, standing: Standing | None) -> int:
    """What is left of a period that was paid by hand, and of earlier credit; a new plan's invoice is less by it."""
    is_ours = standing is not None and standing.source is SubscriptionSource.MANUAL
    if standing is None or not is_ours or standing.currency != plan.currency:
        return 0
    left = standing.credit_minor
    if standing.status is SubscriptionStatus.ACTIVE and standing.period_start and standing.period_end:
        worth = await payments.worth_of(session, standing.subscription_id, standing.period_start)
        left += cycles.unused(worth, standing.period_start, standing.period_end, utcnow())
    return left


async def _request(session: AsyncSession, actor: Actor, plan: Plan, message: str) -> None:
    if await catalog.open_request(session) is not None:
        raise Conflict("You have asked for a plan already. Withdraw that request to ask for another one.")
    request = PlanRequest(
        plan_id=plan.id or 0, asked_by=actor.account_id, message=clean_note(message, "message")
    )
    session.add(request)
    await session.flush()
    audit.record(session, actor, "plan_request.made", f"plan_request:{request.id}", plan=plan.name)
    touch(session, TOPIC)


async def _schedule(session: AsyncSession, actor: Actor, plan: Plan) -> None:
    row = await _manual(session)
    row.next_plan_id, row.cancel_at_period_end, row.updated_at = plan.id, False, utcnow()
    session.add(row)
    audit.record(session, actor, "subscription.change_planned", f"subscription:{row.id}", plan=plan.name)
    touch(session, TOPIC)


async def _manual(session: AsyncSession) -> Subscription:
    row = await current_row(session)
    runs = (SubscriptionStatus.ACTIVE, SubscriptionStatus.PAST_DUE)
    if row is None or row.source is not SubscriptionSource.MANUAL or row.status not in runs:
        raise Conflict("There is no paid plan running that could be changed here.")
    return row


async def _zone(session: AsyncSession) -> str:
    """The wall clock that periods are counted on: the one before stays, else the owner's."""
    row = await current_row(session)
    if row is not None and row.source is not SubscriptionSource.FREE:
        return row.time_zone
    return await owner_zone(session)


def clean_note(text: str, field: str = "note") -> str:
    """Raises Invalid when it is too long."""
    text = text.strip()
    if len(text) > NOTE_MAX:
        raise Invalid(field, f"At most {NOTE_MAX} characters.")
    return text
