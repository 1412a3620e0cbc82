"""Rates as they come in a table: one line for each country and category, or a column for each category."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import phonenumbers
from babel import Locale

from integrations.tables import Options, Unreadable, convert_apart
from wapto_app.services.campaigns import upload_files
from wapto_app.services.errors import Invalid
from wapto_app.services.imports.prepare import lines
from wapto_app.services.imports.targets import folded

CATEGORIES = ("MARKETING", "UTILITY", "AUTHENTICATION")
OTHERS = ""
"""The market of all countries that have no line of their own."""
MICROS_MAX = 2_000_000_000
_OTHERS_WORDS = frozenset({"other", "others", "all others", "rest of world", "default", "otros", "resto"})
_NOT_KNOWN_MAX = 10
_PRICE = re.compile(r"-?\d[\d.,\s']*|-?[.,]\d+")
_LANGUAGES = ("en", "es", "pt", "fr", "de")


class Line(NamedTuple):
    """A price in millionths of the currency."""

    market: str
    category: str
    micros: int


class Table(NamedTuple):
    """What a file says. ``unknown`` are markets that are no countries; ``currency`` is empty when none stands there."""

    rows: list[Line]
    currency: str
    unknown: list[str]


def micros(text: str, field: str) -> int:
    """Millionths of what somebody wrote, with a point or a comma before the fraction. Raises Invalid."""
    found = _PRICE.search(text)
    plain = re.sub(r"[\s']", "", found[0]) if found else ""
    if "," in plain and "." in plain:
        plain = plain.replace("," if plain.rfind(".") > plain.rfind(",") else ".", "")
    try:
        amount = Decimal(plain.replace(",", ".")) * 1_000_000
    except InvalidOperation:
        raise Invalid(field, "Write a price such as 0.0625.") from None
    whole = int(amount.to_integral_value())
    if not 0 <= whole <= MICROS_MAX:
        raise Invalid(field, "This price is not possible.")
    return whole


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    """ISO codes by themselves and by the names that a table may use."""
    known: dict[str, str] = {}
    for language in _LANGUAGES:
        for code, name in Locale(language).territories.items():
            if code in phonenumbers.SUPPORTED_REGIONS:
                known.setdefault(folded(name), code)
    return known | {code.casefold(): code for code in phonenumbers.SUPPORTED_REGIONS}


def market_of(text: str) -> str | None:
    """The country (ISO 3166) that a table names; empty for all others, None for what is no country."""
    name = folded(text)
    return OTHERS if name in _OTHERS_WORDS else _countries().get(name)


async def read(path: Path) -> Table:
    """The prices of an uploaded table.

    Raises:
        Invalid: it is no table, or there are no prices in it.
    """
    async with upload_files.folder(path.parent) as place:
        target = place / "rows"
        try:
            found = await convert_apart(path, target, Options(header=True))
        except Unreadable as problem:
            raise Invalid("file", str(problem)) from None
        rows = await asyncio.to_thread(lambda: [[str(cell) for cell in row[1:]] for row in lines(target)])
    return understood(found.columns, rows)


def understood(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    """What the cells mean. Raises Invalid."""
    names = [folded(each) for each in headings]
    market = _place(names, ("market", "country", "country code", "pais", "land", "mercado"))
    if market is None:
        raise Invalid("file", "No column is called Market or Country.")
    wide = {i: category for i, name in enumerate(names) if (category := _category(name))}
    kind = _place(names, ("category", "categoria", "kategorie", "type"))
    price = _place(names, ("price", "rate", "precio", "preis", "tarifa", "amount"))
    currency = _place(names, ("currency", "moneda", "wahrung", "moeda"))
    if not wide and (kind is None or price is None):
        raise Invalid(
            "file", "No column is called Marketing, Utility or Authentication, nor Category and Price."
        )
    found: dict[tuple[str, str], int] = {}
    unknown: dict[str, None] = {}
    money = ""
    for number, row in enumerate(rows, 2):
        cell = _Cells(row)
        code = market_of(cell[market])
        if not cell[market].strip():
            continue
        if code is None:
            unknown[" ".join(cell[market].split())[:60]] = None
            continue
        money = money or (cell[currency].strip().upper()[:3] if currency is not None else "")
        pairs = wide.items() if wide else [(price or 0, _category(folded(cell[kind or 0])))]
        for place, category in pairs:
            if category and cell[place].strip() not in ("", "-", "n/a", "N/A"):
                found[code, category] = _price(cell[place], number)
    if not found:
        raise Invalid("file", "There is no price in this file that belongs to a country.")
    return Table(
        [Line(*key, amount) for key, amount in sorted(found.items())], money, list(unknown)[:_NOT_KNOWN_MAX]
    )


class _Cells:
    """A row of which any cell may be missing."""

    def __init__(self, row: Sequence[str]) -> None:
        self._row = row

    def __getitem__(self, place: int) -> str:
        return self._row[place] if place < len(self._row) else ""


def _price(text: str, row: int) -> int:
    try:
        return micros(text, "file")
    except Invalid:
        raise Invalid("file", f"Row {row}: “{text[:40]}” is no price.") from None


def _place(names: Sequence[str], wanted: Sequence[str]) -> int | None:
    return next((names.index(each) for each in wanted if each in names), None)


def _category(name: str) -> str:
    return next((each for each in CATEGORIES if name == each.casefold()), "")
