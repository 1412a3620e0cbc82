"""Short ways to offer plans and to look at the subscription."""

from __future__ import annotations

from typing import Any

from sqlmodel import col, select

from wapto_app.db import Database
from wapto_app.models import Invoice, Plan, Subscription
from wapto_app.security.permissions import Actor
from wapto_app.services.plans import Gate, Standing, catalog, current, subscribing

ALL_GATES = [gate.value for gate in Gate]


def plan_form(name: str = "Pro", price: str = "30", **more: Any) -> catalog.PlanForm:
    values: dict[str, Any] = {
        "name": name,
        "slug": "",
        "description": "",
        "price": price,
        "currency": "USD",
        "cycle": "monthly",
        "trial_days": "",
        "limits": {},
        "gates": ALL_GATES,
    }
    return catalog.PlanForm(**(values | more))  # type: ignore[typeddict-item]


async def offer(db: Database, admin: Actor, name: str = "Pro", price: str = "30", **more: Any) -> int:
    async with db.write() as session:
        return await catalog.create_plan(session, admin, plan_form(name, price, **more))


async def put_on(db: Database, admin: Actor, plan_id: int, *, paid: bool = True) -> None:
    async with db.write() as session:
        await subscribing.assign(session, admin, plan_id, paid=paid)


async def limited(db: Database, admin: Actor, **limits: int) -> int:
    """The workspace is on a free plan with these limits."""
    plan_id = await offer(db, admin, "Small", "0", limits={name: str(most) for name, most in limits.items()})
    await put_on(db, admin, plan_id)
    return plan_id


async def standing_of(db: Database) -> Standing:
    async with db.read() as session:
        found = await current(session)
    assert found is not None
    return found


async def invoices_of(db: Database) -> list[Invoice]:
    async with db.read() as session:
        return list(await session.exec(select(Invoice).order_by(col(Invoice.id))))


async def subscriptions_of(db: Database) -> list[Subscription]:
    async with db.read() as session:
        return list(await session.exec(select(Subscription).order_by(col(Subscription.id))))


async def plan_of(db: Database, plan_id: int) -> Plan:
    async with db.read() as session:
        return await session.get_one(Plan, plan_id)
