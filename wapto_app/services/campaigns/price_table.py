"""The owner's table of what Meta takes for a delivered template, by country and category."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict

import sqlalchemy as sa
from babel import Locale
from babel.numbers import format_currency
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict as Payload  # what pydantic validates, below Python 3.12

from wapto_app.db import Database, touch
from wapto_app.models import MessagePrice
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, preferences
from wapto_app.services.campaigns import price_files
from wapto_app.services.campaigns.price_files import OTHERS, market_of
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.money import clean_currency

TOPIC = "message-prices"
WHERE_META_SAYS = "https://developers.facebook.com/docs/whatsapp/pricing"
"""Where the rates are published, as tables to download."""
MARKETS_MAX = 300
FIRST_CURRENCY = "USD"
"""Until somebody chooses another one."""
_NAME = "message_prices"


class MarketForm(Payload):
    """A line of the table: a country (ISO 3166) or "" for all others, and a price a category, empty for none."""

    market: str
    marketing: str
    utility: str
    authentication: str


class MarketRow(TypedDict):
    """The same with its ``name``, to show."""

    market: str
    name: str
    marketing: str
    utility: str
    authentication: str


class PriceTable(TypedDict):
    """``currency`` is empty while nobody wrote prices down. ``unknown`` are names in the last uploaded file that are no
    countries.
    """

    currency: str
    unknown: list[str]
    rows: list[MarketRow]


class Known(TypedDict):
    """Prices in millionths by (market, category)."""

    currency: str
    micros: dict[tuple[str, str], int]


async def prices(session: AsyncSession, actor: Actor) -> PriceTable:
    """The table as it stands, by name of the market, all others last."""
    actor.require(Permission.SETTINGS_DO)
    found, kept = await known(session), await preferences.read(session, _NAME)
    markets = {market for market, _category in found["micros"]}
    rows = [_row(market, found["micros"]) for market in markets]
    rows.sort(key=lambda row: (row["market"] == OTHERS, row["name"]))
    return PriceTable(currency=found["currency"], unknown=kept.get("unknown", []), rows=rows)


async def set_prices(session: AsyncSession, actor: Actor, currency: str, rows: Sequence[MarketForm]) -> None:
    """Replace the table.

    Raises:
        Invalid: ``currency``, or ``<number of the row>.<column>``.
    """
    actor.require(Permission.SETTINGS_DO)
    code = clean_currency(currency)
    if len(rows) > MARKETS_MAX:
        raise Invalid("rows", f"At most {MARKETS_MAX} markets.")
    wanted: dict[tuple[str, str], int] = {}
    for number, row in enumerate(rows):
        market = _market(row["market"], number, {key[0] for key in wanted})
        for category, text in _cells(row):
            if text.strip():
                wanted[market, category] = price_files.micros(text, f"{number}.{category.lower()}")
    await session.exec(sa.delete(MessagePrice))
    session.add_all(
        MessagePrice(market=market, category=category, micros=micros)
        for (market, category), micros in wanted.items()
    )
    await preferences.write(session, _NAME, {"currency": code})
    audit.record(session, actor, "prices.changed", currency=code, markets=len({key[0] for key in wanted}))
    touch(session, TOPIC)


async def read_table(actor: Actor, path: Path) -> PriceTable:
    """What an uploaded table says; nothing is kept of it. An empty currency: it says none.

    Raises:
        Invalid: it is no table of prices.
    """
    actor.require(Permission.SETTINGS_DO)
    found = await price_files.read(path)
    micros = {(line.market, line.category): line.micros for line in found.rows}
    rows = [_row(market, micros) for market in dict.fromkeys(line.market for line in found.rows)]
    rows.sort(key=lambda row: (row["market"] == OTHERS, row["name"]))
    return PriceTable(currency=found.currency, unknown=found.unknown, rows=rows)


async def known(session: AsyncSession) -> Known:
    """For services: what was written down."""
    currency = (await preferences.read(session, _NAME)).get("currency", "")
    found = await session.exec(select(MessagePrice).order_by(col(MessagePrice.market)))
    return Known(currency=currency, micros={(each.market, each.category): each.micros for each in found})


def market_name(market: str) -> str:
    """What people call it."""
    return "All other countries" if market == OTHERS else Locale("en").territories.get(market, market)


def money(micros: int, currency: str) -> str:
    """An amount to read; small ones with as many digits as they have."""
    if not currency:
        return ""
    amount = micros / 1_000_000
    if 0 < amount < 1:
        return format_currency(amount, currency, locale="en", format="¤#,##0.00####", currency_digits=False)
    return format_currency(amount, currency, locale="en")


def _row(market: str, micros: dict[tuple[str, str], int]) -> MarketRow:
    def cell(category: str) -> str:
        found = micros.get((market, category))
        return "" if found is None else _typed(found)

    return MarketRow(
        market=market,
        name=market_name(market),
        marketing=cell("MARKETING"),
        utility=cell("UTILITY"),
        authentication=cell("AUTHENTICATION"),
    )


def _form(row: MarketRow) -> MarketForm:
    return MarketForm(
        market=row["market"],
        marketing=row["marketing"],
        utility=row["utility"],
        authentication=row["authentication"],
    )


def _typed(micros: int) -> str:
    return f"{micros / 1_000_000:.6f}".rstrip("0").rstrip(".") or "0"


def _market(text: str, number: int, there: set[str]) -> str:
    market = market_of(text) if text else OTHERS
    if market is None:
        raise Invalid(f"{number}.market", "Choose a country of the list.")
    if market in there:
        raise Invalid(f"{number}.market", f"{market_name(market)} stands here twice.")
    return market


def _cells(row: MarketForm) -> list[tuple[str, str]]:
    return [
        ("MARKETING", row["marketing"]),
        ("UTILITY", row["utility"]),
        ("AUTHENTICATION", row["authentication"]),
    ]


async def put_market(session: AsyncSession, actor: Actor, form: MarketForm, was: str | None = None) -> str:
    """Add a line of the table, or change the one that was called ``was``; the name of its market.

    Raises:
        Invalid: naming the input: ``market``, ``marketing``, ``utility`` or ``authentication``.
    """
    actor.require(Permission.SETTINGS_DO)
    table = await prices(session, actor)
    market = market_of(form["market"]) if form["market"] else OTHERS
    if market is None:
        raise Invalid("market", "Choose a country of the list.")
    if market != was and any(row["market"] == market for row in table["rows"]):
        raise Invalid("market", f"{market_name(market)} stands in the table already.")
    if not any(text.strip() for _category, text in _cells(form)):
        raise Invalid("marketing", "Write at least one price.")
    others = [_form(row) for row in table["rows"] if row["market"] not in (was, market)]
    try:
        await set_prices(session, actor, table["currency"] or FIRST_CURRENCY, [form, *others])
    except Invalid as wrong:
        raise Invalid(wrong.field.removeprefix("0."), wrong.message) from None
    return market_name(market)


async def remove_market(session: AsyncSession, actor: Actor, market: str) -> str:
    """Take a line out of the table; the name of its market. Raises NotFound."""
    actor.require(Permission.SETTINGS_DO)
    table = await prices(session, actor)
    kept = [_form(row) for row in table["rows"] if row["market"] != market]
    if len(kept) == len(table["rows"]):
        raise NotFound("price")
    await set_prices(session, actor, table["currency"], kept)
    return market_name(market)


async def choose_currency(session: AsyncSession, actor: Actor, currency: str) -> str:
    """Say in which currency the prices are. Raises Invalid."""
    actor.require(Permission.SETTINGS_DO)
    await set_prices(session, actor, currency, list(map(_form, (await prices(session, actor))["rows"])))
    return clean_currency(currency)


async def replace(db: Database, actor: Actor, path: Path) -> int:
    """Replace the table by what an uploaded file says; how many markets it has.

    Raises:
        Invalid: it is no table of prices; the old one stays.
    """
    actor.require(Permission.SETTINGS_DO)
    found = await read_table(actor, path)
    async with db.write() as session:
        currency = found["currency"] or (await known(session))["currency"] or FIRST_CURRENCY
        await set_prices(session, actor, currency, list(map(_form, found["rows"])))
        await preferences.write(session, _NAME, {"currency": currency, "unknown": found["unknown"]})
    return len(found["rows"])
