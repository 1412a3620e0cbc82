"""Taxes on top of prices: percentages, of one country or of all."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TypedDict

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import touch
from wapto_app.models import TaxRule
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, money
from wapto_app.services.account_fields import clean_name
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.invoices.details import TOPIC, clean_country, countries


class TaxForm(TypedDict):
    """What the admin types. ``percent`` is text such as 19 or 7.7."""

    name: str
    percent: str
    country: str


class TaxRow(TypedDict):
    """One line of the admin's table."""

    id: int
    name: str
    percent: str
    country: str
    country_name: str
    is_active: bool


@dataclass(frozen=True, slots=True)
class Tax:
    """A tax on one amount."""

    name: str
    basis_points: int
    amount_minor: int


async def taxes_on(session: AsyncSession, amount_minor: int, country: str) -> list[Tax]:
    """The taxes of a buyer from this country on an amount, each rounded by itself."""
    found = await session.exec(
        select(TaxRule)
        .where(col(TaxRule.is_active).is_(True), col(TaxRule.country).in_({"", country}))
        .order_by(col(TaxRule.id))
    )
    return [Tax(rule.name, rule.basis_points, money.share(amount_minor, rule.basis_points)) for rule in found]


async def list_taxes(session: AsyncSession, actor: Actor) -> list[TaxRow]:
    """Every rule, for the admin."""
    actor.require(Permission.ADMIN)
    found = await session.exec(select(TaxRule).order_by(col(TaxRule.id)))
    return [_row(rule) for rule in found]


async def add_tax(session: AsyncSession, actor: Actor, form: TaxForm) -> int:
    """Raises Invalid."""
    actor.require(Permission.ADMIN)
    rule = TaxRule(
        name=clean_name(form["name"])[:80],
        basis_points=_basis_points(form["percent"]),
        country=clean_country(form["country"]),
    )
    session.add(rule)
    await session.flush()
    audit.record(session, actor, "tax.added", f"tax:{rule.id}", name=rule.name, percent=form["percent"])
    touch(session, TOPIC)
    return rule.id or 0


async def set_tax_active(session: AsyncSession, actor: Actor, tax_id: int, *, active: bool) -> str:
    """Charge it on the next invoices, or not. Returns its name. Raises NotFound."""
    actor.require(Permission.ADMIN)
    rule = await _get(session, tax_id)
    rule.is_active = active
    session.add(rule)
    audit.record(session, actor, "tax.changed", f"tax:{tax_id}", active=active)
    touch(session, TOPIC)
    return rule.name


async def remove_tax(session: AsyncSession, actor: Actor, tax_id: int) -> str:
    """Invoices keep their own copy. Returns its name. Raises NotFound."""
    actor.require(Permission.ADMIN)
    rule = await _get(session, tax_id)
    await session.delete(rule)
    audit.record(session, actor, "tax.removed", f"tax:{tax_id}", name=rule.name)
    touch(session, TOPIC)
    return rule.name


def percent(basis_points: int) -> str:
    """1900 → "19 %", 770 → "7.7 %"."""
    return f"{Decimal(basis_points) / 100:f}".rstrip("0").rstrip(".") + " %" if basis_points else "0 %"


def _basis_points(text: str) -> int:
    try:
        points = Decimal(text.replace("%", "").replace(",", ".").strip()) * 100
    except InvalidOperation:
        raise Invalid("percent", "Write a percentage, such as 19 or 7.7.") from None
    if not points.is_finite() or not 0 <= points <= 10_000 or points != points.to_integral_value():
        raise Invalid("percent", "Write a percentage from 0 to 100 with at most two digits after the point.")
    return int(points)


async def _get(session: AsyncSession, tax_id: int) -> TaxRule:
    rule = await session.get(TaxRule, tax_id)
    if rule is None:
        raise NotFound("tax")
    return rule


def _row(rule: TaxRule) -> TaxRow:
    return TaxRow(
        id=rule.id or 0,
        name=rule.name,
        percent=percent(rule.basis_points),
        country=rule.country,
        country_name=countries().get(rule.country, ""),
        is_active=rule.is_active,
    )
