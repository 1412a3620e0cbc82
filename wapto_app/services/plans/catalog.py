"""The plans that the admin offers."""

from __future__ import annotations

import re
import unicodedata
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import Cycle, Plan, PlanRequest, RequestState, Subscription, SubscriptionSource
from wapto_app.models.plans import IS_CURRENT
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, money
from wapto_app.services.account_fields import clean_name
from wapto_app.services.errors import Conflict, Invalid, NotFound
from wapto_app.services.plans.limits import Gate, Limit
from wapto_app.services.plans.standing import announce

TOPIC = "plans"
NAME_MAX, DESCRIPTION_MAX, SLUG_MAX = 80, 500, 64
TRIAL_MAX = 365
_LIMIT_MAX = 1_000_000_000
_SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class PlanForm(TypedDict):
    """What the editor sends. ``limits`` and ``gates`` by the names of ``Limit`` and ``Gate``; empty is unlimited."""

    name: str
    slug: str
    description: str
    price: str
    currency: str
    cycle: str
    trial_days: str
    limits: dict[str, str]
    gates: list[str]


class PlanRow(TypedDict):
    """A plan for cards, table and editor. A limit of -1 is unlimited."""

    id: int
    slug: str
    name: str
    description: str
    price: str
    price_minor: int
    price_typed: str
    currency: str
    cycle: str
    trial_days: int
    limits: dict[str, int]
    gates: list[str]
    is_featured: bool
    is_active: bool
    is_used: bool
    is_current: bool


async def list_plans(session: AsyncSession, actor: Actor) -> list[PlanRow]:
    """Every plan in its order, for the admin."""
    actor.require(Permission.ADMIN)
    return await rows(session)


async def rows(session: AsyncSession, *where: sa.ColumnElement[bool]) -> list[PlanRow]:
    """Plans in their order."""
    found = await session.exec(select(Plan).where(*where).order_by(col(Plan.position), col(Plan.id)))
    used = set(await session.exec(select(Subscription.plan_id).distinct()))
    used |= set(await session.exec(select(PlanRequest.plan_id).distinct()))
    current = (await session.exec(select(Subscription.plan_id).where(IS_CURRENT))).first()
    return [_row(plan, used, current) for plan in found]


async def create_plan(session: AsyncSession, actor: Actor, form: PlanForm) -> int:
    """Offer a new plan, as the last one.

    Raises:
        Invalid: naming the field.
    """
    actor.require(Permission.ADMIN)
    last = (await session.exec(select(sa.func.max(Plan.position)))).first()
    plan = Plan(slug="", name="", position=(last or 0) + 1)
    await _fill(session, plan, form)
    session.add(plan)
    await session.flush()
    audit.record(session, actor, "plan.created", f"plan:{plan.id}", name=plan.name)
    touch(session, TOPIC)
    return plan.id or 0


async def edit_plan(session: AsyncSession, actor: Actor, plan_id: int, form: PlanForm) -> None:
    """Change a plan; limits and gates act at once, a new price from the next period on.

    Raises:
        Invalid: naming the field.
        NotFound: when it is gone.
    """
    actor.require(Permission.ADMIN)
    plan = await get(session, plan_id)
    priced = (plan.price_minor, plan.currency, plan.cycle)
    await _fill(session, plan, form)
    if priced[1] != plan.currency and await _is_paid_for(session, plan_id):
        raise Invalid("currency", "This plan is being paid for. Make another plan for another currency.")
    if priced != (plan.price_minor, plan.currency, plan.cycle):
        plan.stripe_price_id = ""  # Stripe: a price cannot be changed, only replaced
    session.add(plan)
    audit.record(session, actor, "plan.changed", f"plan:{plan_id}", name=plan.name)
    touch(session, TOPIC)
    await announce(session)


async def _is_paid_for(session: AsyncSession, plan_id: int) -> bool:
    """Whether the workspace pays for it, or will: what it has in credit is counted in the plan's currency."""
    is_it = sa.or_(col(Subscription.plan_id) == plan_id, col(Subscription.next_plan_id) == plan_id)
    is_paid = col(Subscription.source).in_((SubscriptionSource.MANUAL, SubscriptionSource.STRIPE))
    return (await session.exec(select(Subscription.id).where(IS_CURRENT, is_it, is_paid))).first() is not None


async def feature_plan(session: AsyncSession, actor: Actor, plan_id: int, *, featured: bool) -> str:
    """Recommend this plan instead of any other. Returns its name. Raises NotFound."""
    actor.require(Permission.ADMIN)
    plan = await get(session, plan_id)
    await session.exec(sa.update(Plan).values(is_featured=False))
    plan.is_featured = featured
    session.add(plan)
    audit.record(session, actor, "plan.featured", f"plan:{plan_id}", featured=featured)
    touch(session, TOPIC)
    return plan.name


async def set_plan_active(session: AsyncSession, actor: Actor, plan_id: int, *, active: bool) -> str:
    """Offer it, or not; who is on it stays on it. Returns its name. Raises NotFound."""
    actor.require(Permission.ADMIN)
    plan = await get(session, plan_id)
    plan.is_active = active
    session.add(plan)
    audit.record(session, actor, "plan.activated" if active else "plan.deactivated", f"plan:{plan_id}")
    touch(session, TOPIC)
    return plan.name


async def move_plan(session: AsyncSession, actor: Actor, plan_id: int, *, up: bool) -> None:
    """One place up or down; nothing happens at the end. Raises NotFound."""
    actor.require(Permission.ADMIN)
    await get(session, plan_id)
    found = await session.exec(select(Plan).order_by(col(Plan.position), col(Plan.id)))
    plans = list(found)
    here = next(index for index, plan in enumerate(plans) if plan.id == plan_id)
    there = max(0, min(len(plans) - 1, here + (-1 if up else 1)))
    plans.insert(there, plans.pop(here))
    for position, plan in enumerate(plans):
        plan.position = position
        session.add(plan)
    touch(session, TOPIC)


async def delete_plan(session: AsyncSession, actor: Actor, plan_id: int) -> str:
    """Remove a plan that nobody was ever on or asked for. Returns its name.

    Raises:
        Conflict: when somebody did.
    """
    actor.require(Permission.ADMIN)
    plan = await get(session, plan_id)
    uses = (
        select(Subscription.id).where(
            (Subscription.plan_id == plan_id) | (Subscription.next_plan_id == plan_id)
        ),
        select(PlanRequest.id).where(PlanRequest.plan_id == plan_id),
    )
    for query in uses:
        if (await session.exec(query.limit(1))).first() is not None:
            raise Conflict(f"{plan.name} has been used. Deactivate it, and it is not offered any more.")
    await session.delete(plan)
    audit.record(session, actor, "plan.deleted", f"plan:{plan_id}", name=plan.name)
    touch(session, TOPIC)
    return plan.name


async def get(session: AsyncSession, plan_id: int) -> Plan:
    """Raises NotFound."""
    plan = await session.get(Plan, plan_id)
    if plan is None:
        raise NotFound("plan")
    return plan


async def offered(session: AsyncSession, plan_id: int) -> Plan:
    """A plan that can be chosen. Raises NotFound."""
    plan = await get(session, plan_id)
    if not plan.is_active:
        raise NotFound("plan")
    return plan


async def open_request(session: AsyncSession) -> PlanRequest | None:
    """What the owner asked for and nobody has decided yet."""
    found = await session.exec(
        select(PlanRequest).where(PlanRequest.state == RequestState.OPEN).with_for_update()
    )
    return found.first()


async def _fill(session: AsyncSession, plan: Plan, form: PlanForm) -> None:
    plan.name = clean_name(form["name"])
    if len(plan.name) > NAME_MAX:
        raise Invalid("name", f"A name has at most {NAME_MAX} characters.")
    plan.slug = await _free_slug(session, plan, form["slug"] or plan.name)
    plan.description = form["description"].strip()
    if len(plan.description) > DESCRIPTION_MAX:
        raise Invalid("description", f"A description has at most {DESCRIPTION_MAX} characters.")
    plan.currency = money.clean_currency(form["currency"])
    plan.price_minor = money.parse(form["price"] or "0", plan.currency)
    if form["cycle"] not in tuple(Cycle):
        raise Invalid("cycle", "Choose how often the plan is paid.")
    plan.cycle = Cycle(form["cycle"])
    plan.trial_days = _number(form["trial_days"], "trial_days", TRIAL_MAX) or None
    limits = {name: _number(form["limits"].get(name, ""), name, _LIMIT_MAX) for name in Limit}
    plan.limits = {name.value: most for name, most in limits.items() if most is not None}
    plan.gates = [gate.value for gate in Gate if gate.value in form["gates"]]
    plan.updated_at = utcnow()


async def _free_slug(session: AsyncSession, plan: Plan, text: str) -> str:
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:SLUG_MAX].strip("-")
    if not _SLUG.fullmatch(slug):
        raise Invalid("slug", "Write a short name of letters and digits for addresses, such as pro.")
    with session.no_autoflush:
        taken = (await session.exec(select(Plan.id).where(Plan.slug == slug))).first()
    if taken is not None and taken != plan.id:
        raise Invalid("slug", "Another plan has this short name.")
    return slug


def _number(text: str, field: str, most: int) -> int | None:
    text = text.strip().replace(",", "").replace(" ", "")
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or int(text[:12]) > most:
        raise Invalid(field, f"Write a number up to {most:,}, or nothing.")
    return int(text)


def _row(plan: Plan, used: set[Any], current: int | None) -> PlanRow:
    return PlanRow(
        id=plan.id or 0,
        slug=plan.slug,
        name=plan.name,
        description=plan.description,
        price=money.shown(plan.price_minor, plan.currency),
        price_minor=plan.price_minor,
        price_typed=money.typed(plan.price_minor, plan.currency),
        currency=plan.currency,
        cycle=plan.cycle.value,
        trial_days=plan.trial_days or 0,
        limits={limit.value: plan.limits.get(limit.value, -1) for limit in Limit},
        gates=list(plan.gates),
        is_featured=plan.is_featured,
        is_active=plan.is_active,
        is_used=plan.id in used,
        is_current=plan.id == current,
    )
