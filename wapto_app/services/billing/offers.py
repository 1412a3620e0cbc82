"""What we sell, as Stripe knows it: a product and a price for each plan, a rate for each tax, the portal."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.billing import PriceTag, Stripe, TaxTag
from wapto_app.db import Database
from wapto_app.models import Cycle, Plan, TaxRule
from wapto_app.services.billing.till import Books, write_books
from wapto_app.services.invoices import read_billing

PLAN, INSTALL = "wapto_plan", "wapto_install"
"""Metadata by which we know our own objects at Stripe."""
_INTERVALS = {Cycle.MONTHLY: ("month", 1), Cycle.QUARTERLY: ("month", 3), Cycle.YEARLY: ("year", 1)}


@dataclass(frozen=True, slots=True)
class _Tagged:
    """A plan as it was when it was read."""

    id: int
    name: str
    description: str
    amount: int
    currency: str
    cycle: Cycle
    product_id: str
    price_id: str
    updated_at: datetime


async def price_of(db: Database, stripe: Stripe, books: Books, plan_id: int) -> str:
    """Stripe's price of a plan, made when there is none for what it costs now."""
    async with db.read() as session:
        plan = _tagged(await session.get_one(Plan, plan_id))
    if plan.price_id:
        return plan.price_id
    marks = {INSTALL: books.install, PLAN: str(plan.id)}
    product_values = {"name": plan.name, "metadata": marks}
    if plan.description:
        product_values["description"] = plan.description
    product = await stripe.product(plan.product_id, product_values, f"{books.install}-product-{plan.id}")
    interval, count = _INTERVALS[plan.cycle]
    tag = PriceTag(product, plan.amount, plan.currency, interval, count, marks)
    price = await stripe.price(
        tag, _key(books, "price", plan.id, product, plan.amount, plan.currency, interval, count)
    )
    async with db.write() as session:
        now = await session.get_one(Plan, plan_id)
        if _tagged(now).amount == plan.amount and (now.currency, now.cycle) == (plan.currency, plan.cycle):
            now.stripe_product_id, now.stripe_price_id = product, price
            session.add(now)
    return price


def _tagged(plan: Plan) -> _Tagged:
    return _Tagged(
        id=plan.id or 0,
        name=plan.name,
        description=plan.description,
        amount=plan.price_minor,
        currency=plan.currency,
        cycle=plan.cycle,
        product_id=plan.stripe_product_id,
        price_id=plan.stripe_price_id,
        updated_at=plan.updated_at,
    )


async def tax_rates(db: Database, stripe: Stripe, books: Books) -> list[str]:
    """Stripe's rates of the taxes that apply to the buyer, made when there are none yet."""
    async with db.read() as session:
        rules = await _rules(session)
    found = []
    for rule in rules:
        rate = rule.stripe_tax_rate_id
        if not rate:
            marks = {INSTALL: books.install}
            tag = TaxTag(rule.name, rule.basis_points, rule.country, marks)
            key = _key(books, "tax", rule.id or 0, rule.name, rule.basis_points, rule.country)
            rate = await stripe.tax_rate(tag, key)
            async with db.write() as session:
                now = await session.get(TaxRule, rule.id)
                if now is not None:
                    now.stripe_tax_rate_id = rate
                    session.add(now)
        found.append(rate)
    return found


async def _rules(session: AsyncSession) -> list[TaxRule]:
    country = (await read_billing(session)).buyer["country"]
    found = await session.exec(
        select(TaxRule)
        .where(col(TaxRule.is_active).is_(True), col(TaxRule.country).in_(("", country)))
        .order_by(col(TaxRule.id))
    )
    return list(found)


async def portal_of(db: Database, stripe: Stripe, books: Books) -> str:
    """The portal's configuration: the paid plans that are offered, made anew when those changed."""
    async with db.read() as session:
        found = await session.exec(
            select(Plan).where(col(Plan.is_active).is_(True), Plan.price_minor > 0).order_by(col(Plan.id))
        )
        ids = [plan.id or 0 for plan in found]
    prices = [await price_of(db, stripe, books, plan_id) for plan_id in ids]
    async with db.read() as session:
        plans = [await session.get_one(Plan, plan_id) for plan_id in ids]
    offers = {plan.stripe_product_id: [price] for plan, price in zip(plans, prices, strict=True)}
    digest = hashlib.sha256(json.dumps(offers, sort_keys=True).encode()).hexdigest()
    if books.portal and books.portal_offers == digest:
        return books.portal
    made = await stripe.portal_configuration(offers, _key(books, "portal", digest))
    async with db.write() as session:
        await write_books(session, portal=made, portal_offers=digest)
    return made


def _key(books: Books, *parts: object) -> str:
    """The same for the same thing, whoever asks and however often."""
    text = hashlib.sha256("|".join(map(str, parts)).encode()).hexdigest()[:32]
    return f"{books.install}-{parts[0]}-{text}"
