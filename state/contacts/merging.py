"""Making one contact of two: suggestions, the search for the other one, and the comparison."""

from __future__ import annotations

from typing import Any, TypedDict

import reflex as rx
from reflex.event import EventSpec

from state.base import actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import contacts
from wapto_app.services.contacts import EVERYONE, ContactFilter, ContactRow
from wapto_app.services.contacts.merging import KEPT, Pair, Side

_FOUND = 8


class Choice(TypedDict):
    """A field in which both differ. ``keeps``: the value of the one who stays is kept."""

    field: str
    first: str
    second: str
    keeps: bool


class Duplicates(rx.State):
    """Pairs that may be one person."""

    pairs: list[Pair] = []
    loaded: bool = False

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def load(self) -> None:
        watch(self, Duplicates.changed, [contacts.TOPIC])
        (await self.get_state(MergeContacts)).is_open = False
        await self._show()

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def keep_apart(self, first_id: int, second_id: int) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await contacts.keep_apart(session, actor, first_id, second_id)
        await self._show()
        return success("They stay two contacts, and are not suggested again.")

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.pairs = await contacts.duplicates(session, actor)
        self.loaded = True


class MergeContacts(rx.State):
    """The dialog: first the other contact is found, unless it is known; then both stand side by side.

    Three pages have it; each closes it when it is loaded, so that it does not follow somebody from one to another.
    ``sides`` are who stays and who goes, in this order.
    """

    is_open: bool = False
    sides: list[Side] = []
    choices: list[Choice] = []
    search: str = ""
    found: list[ContactRow] = []
    _first_id: int = 0

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def start(self, contact_id: int) -> None:
        """Look for the one to merge with."""
        self.sides, self.choices, self.search, self.found = [], [], "", []
        self._first_id, self.is_open = contact_id, True

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def compare(self, first_id: int, second_id: int) -> None:
        self._first_id, self.is_open, self.search, self.found = first_id, True, "", []
        await self._compare(first_id, second_id)

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def choose(self, contact_id: int) -> None:
        await self._compare(self._first_id, contact_id)

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def find(self, text: str) -> None:
        self.search, self.found = text[:100], []
        if not self.search.strip():
            return
        wanted: ContactFilter = {**EVERYONE, "search": self.search}
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            page = await contacts.listing(session, actor, wanted, limit=_FOUND)
        self.found = [row for row in page.rows if row["id"] != self._first_id]

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def swap(self) -> None:
        if len(self.sides) == 2:
            first, second = (side["row"]["id"] for side in self.sides)
            await self._compare(second, first)

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def keep(self, field: str, keeps: bool) -> None:
        self.choices = [
            Choice(**{**each, "keeps": keeps}) if each["field"] == field else each  # type: ignore[typeddict-item]
            for each in self.choices
        ]

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def close(self) -> None:
        self.is_open = False

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def merge(self) -> Any:
        if len(self.sides) != 2:
            return None
        stays, goes = (side["row"] for side in self.sides)
        take = [each["field"] for each in self.choices if not each["keeps"]]
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await contacts.merge(session, actor, stays["id"], goes["id"], take)
        self.is_open = False
        told = success(f"{goes['name']} and {stays['name']} are one contact now.")
        return [told, rx.redirect(f"/contacts/{stays['id']}")]

    async def _compare(self, first_id: int, second_id: int) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.sides = await contacts.sides(session, actor, first_id, second_id)
        first, second = (side["kept"] for side in self.sides)
        values = [(name, first[name], second[name]) for name in KEPT]
        self.choices = [
            Choice(field=name, first=one, second=other, keeps=True)
            for name, one, other in values
            if one and other and one != other
        ]
