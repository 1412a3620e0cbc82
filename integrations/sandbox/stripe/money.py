"""Periods and amounts: calendar arithmetic from an anchor, prorated and taxed minor units."""

from __future__ import annotations

import calendar
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

from .config import DAY, Json


def period_end(anchor: int, start: int, recurring: Json) -> int:
    """The end of the period that begins at ``start``.

    Counted from the anchor, so that a subscription of the 31st comes back to the 31st after February.
    """
    interval, count = recurring["interval"], int(recurring["interval_count"])
    if interval in ("day", "week"):
        return start + count * (DAY if interval == "day" else 7 * DAY)
    months = count * (12 if interval == "year" else 1)
    step = 1
    while (end := _plus_months(anchor, step * months)) <= start:
        step += 1
    return end


def _plus_months(moment: int, months: int) -> int:
    begin = datetime.fromtimestamp(moment, UTC)
    year, month = divmod(begin.month - 1 + months, 12)
    year, month = begin.year + year, month + 1
    day = min(begin.day, calendar.monthrange(year, month)[1])
    return int(begin.replace(year=year, month=month, day=day).timestamp())


def share(amount: int, part: int, whole: int) -> int:
    """The part of an amount that falls on the part of a period, rounded half up."""
    if whole <= 0:
        return 0
    return _rounded(Decimal(amount) * part / whole)


def tax_of(amount: int, rates: Sequence[Json]) -> list[Json]:
    """What each rate takes from an amount: on top of it, or contained in it."""
    contained = sum((Decimal(str(rate["percentage"])) for rate in rates if rate["inclusive"]), Decimal(0))
    net = Decimal(amount) / (1 + contained / 100)
    return [
        {
            "amount": _rounded(net * Decimal(str(rate["percentage"])) / 100),
            "tax_behavior": "inclusive" if rate["inclusive"] else "exclusive",
            "tax_rate_details": {"tax_rate": rate["id"]},
            "taxability_reason": "standard_rated",
            "taxable_amount": _rounded(net),
            "type": "tax_rate_details",
        }
        for rate in rates
    ]


def _rounded(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_HALF_UP))


_NO_DECIMALS = frozenset({"bif", "clp", "djf", "gnf", "jpy", "kmf", "krw", "mga", "pyg", "rwf", "ugx", "vnd"})


def shown(amount: int, currency: str) -> str:
    """An amount for people: ``USD 49.00``. Stripe: some currencies have no minor unit."""
    if currency.lower() in _NO_DECIMALS:
        return f"{currency.upper()} {amount:,}"
    return f"{currency.upper()} {Decimal(amount) / 100:,.2f}"
