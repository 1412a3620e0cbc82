"""Amounts of money: whole minor units inside, words outside."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from babel.core import UnknownLocaleError
from babel.numbers import (
    UnknownCurrencyError,
    format_currency,
    get_currency_precision,
    list_currencies,
    validate_currency,
)

from wapto_app.services.errors import Invalid

MOST = 2_000_000_000
"""The largest amount that fits into its column, in minor units."""


def shown(minor: int, currency: str, locale: str = "en") -> str:
    """ "$1,299.00", "¥1,299": the amount as people write it."""
    try:
        return format_currency(_major(minor, currency), currency, locale=locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return format_currency(_major(minor, currency), currency, locale="en")


def typed(minor: int, currency: str) -> str:
    """ "1299.00": the amount as a form holds it."""
    return f"{_major(minor, currency):.{get_currency_precision(currency)}f}"


def parse(text: str, currency: str, field: str = "price") -> int:
    """Minor units of an amount that somebody typed, with a point or a comma before the cents.

    Raises:
        Invalid: when it is none, negative, too large, or finer than the currency.
    """
    digits = get_currency_precision(currency)
    plain = re.sub(r"[\s' ]", "", text)
    try:
        amount = Decimal(plain.replace(",", ".") if "." not in plain else plain.replace(",", ""))
    except InvalidOperation:
        raise Invalid(field, "Write an amount, such as 29 or 29.90.") from None
    minor = amount.scaleb(digits) if amount.is_finite() else Decimal(-1)
    if minor < 0 or minor > MOST:
        raise Invalid(field, "This amount is not possible.")
    if minor != minor.to_integral_value():
        raise Invalid(field, f"{currency} has {digits} digits after the point.")
    return int(minor)


def clean_currency(code: str, field: str = "currency") -> str:
    """An ISO 4217 code. Raises Invalid."""
    code = code.strip().upper()
    try:
        validate_currency(code)
    except UnknownCurrencyError:
        raise Invalid(field, "This is not a currency. Write its code, such as USD or EUR.") from None
    return code


def currencies() -> list[str]:
    """Every code that can be chosen."""
    return sorted(list_currencies(locale="en"))


def share(minor: int, basis_points: int) -> int:
    """A percentage of an amount, rounded half up as invoices do."""
    part = Decimal(minor) * basis_points / 10_000
    return int(part.quantize(Decimal(1), rounding=ROUND_HALF_UP))


def _major(minor: int, currency: str) -> Decimal:
    return Decimal(minor).scaleb(-get_currency_precision(currency))
