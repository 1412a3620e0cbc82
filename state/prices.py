"""What Meta takes for a message, as the owner wrote it down."""

from __future__ import annotations

from typing import TypedDict

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict as FormDict  # what pydantic validates, below Python 3.12

from state.base import Feedback, actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services.campaigns import prices
from wapto_app.services.campaigns.prices import MarketForm, MarketRow
from wapto_app.services.contacts import region
from wapto_app.services.money import currencies


class Option(TypedDict):
    value: str
    label: str


class PriceForm(FormDict):
    """``market`` is empty for all other countries."""

    market: str
    marketing: str
    utility: str
    authentication: str


_NEW = MarketRow(market="", name="", marketing="", utility="", authentication="")
_OTHERS = "others"
"""Stands for all other countries in the list of the dialog, which takes no empty value."""


class Prices(rx.State):
    """``what`` is the dialog that is open: ``edit`` or ``remove``. ``markets`` and ``currencies``: to choose from."""

    loaded: bool = False
    currency: str = ""
    rows: list[MarketRow] = []
    unknown: list[str] = []
    what: str = ""
    row: MarketRow = _NEW
    is_new: bool = False
    markets: list[Option] = []
    currencies: list[Option] = []

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def load(self) -> None:
        watch(self, Prices.changed, [prices.TOPIC])
        self.what = ""
        self.currencies = [Option(value=code, label=code) for code in currencies()]
        await self._show()

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def add(self) -> EventSpec:
        self._open(_NEW, is_new=True)
        return Feedback.clear()

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def edit(self, market: str) -> EventSpec:
        found = next((row for row in self.rows if row["market"] == market), None)
        if found is not None:
            self._open(found, is_new=False)
        return Feedback.clear()

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def ask_to_remove(self, market: str) -> None:
        self.row = next((row for row in self.rows if row["market"] == market), _NEW)
        self.what = "remove"

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def close(self) -> None:
        self.what = ""

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def save(self, form: PriceForm) -> list[EventSpec]:
        actor, was = await actor_of(self), None if self.is_new else self.row["market"]
        market = "" if form["market"] == _OTHERS else form["market"]
        async with runtime.get().db.write() as session:
            name = await prices.put_market(session, actor, MarketForm(**{**form, "market": market}), was)
        self.what = ""
        await self._show()
        return [Feedback.clear(), success(f"The prices for {name} are saved.")]

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def remove(self) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            name = await prices.remove_market(session, actor, self.row["market"])
        self.what = ""
        await self._show()
        return success(f"{name} has no price any more.")

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def choose_currency(self, code: str) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            chosen = await prices.choose_currency(session, actor, code)
        await self._show()
        return success(f"Prices are in {chosen} now.")

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def uploaded(self, markets: str) -> EventSpec:
        """The route says how many it has read."""
        await self._show()
        return success(
            "One line of prices is read." if markets == "1" else f"{markets[:4]} lines of prices are read."
        )

    def _open(self, row: MarketRow, *, is_new: bool) -> None:
        countries = [
            Option(value=each["value"], label=f"{prices.market_name(each['value'])} ({each['value']})")
            for each in region.countries()
        ]
        countries.sort(key=lambda option: option["label"])
        self.markets = [Option(value=_OTHERS, label=prices.market_name("")), *countries]
        self.row, self.is_new, self.what = row, is_new, "edit"

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            table = await prices.prices(session, actor)
        self.currency, self.rows = table["currency"] or prices.FIRST_CURRENCY, table["rows"]
        self.unknown, self.loaded = table["unknown"], True
