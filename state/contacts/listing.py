"""The table of contacts: columns, filters, order, pages, and which rows are marked."""

from __future__ import annotations

import json
from typing import Any, TypedDict
from urllib.parse import quote

import reflex as rx
from reflex.event import EventSpec
from sqlmodel.ext.asyncio.session import AsyncSession

from state.base import actor_of, watch
from state.contacts.merging import MergeContacts
from wapto_app import runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.policy import requires
from wapto_app.services import contacts, fields, segments, tags
from wapto_app.services.contacts import ContactFilter, ContactRow, Cursor, columns
from wapto_app.services.contacts.filter_query import RULES_MAX, from_params, to_query
from wapto_app.services.contacts.filters import FIELD_WAYS, TAG_WAYS
from wapto_app.services.contacts.listing import PAGE, SORTS, room
from wapto_app.services.fields import FieldRow
from wapto_app.services.tags import TagChip

_TEXTS = ("source", "language", "opt", "blocked", "created_from", "created_to", "last_from", "last_to")


class Option(TypedDict):
    value: str
    label: str


class Rule(TypedDict):
    """A test of a custom field, as the filters show it."""

    field: str
    way: str
    value: str


class Filter(TypedDict):
    """``services.contacts.filters.ContactFilter``, as the page holds it."""

    search: str
    tags: list[int]
    tags_way: str
    fields: list[Rule]
    source: str
    language: str
    opt: str
    blocked: str
    created_from: str
    created_to: str
    last_from: str
    last_to: str
    segment: int


NO_FILTER = Filter(**contacts.EVERYONE)  # type: ignore[typeddict-item]


class ContactList(rx.State):
    """``marked`` are ids of the shown page; ``all_marked`` means everybody who matches, on all pages.

    ``total`` is how many match; ``used`` and ``limit`` are of the plan, -1 for no limit.
    """

    loaded: bool = False
    rows: list[ContactRow] = []
    shown: list[str] = []
    fields: list[FieldRow] = []
    filter: Filter = NO_FILTER
    tags: list[TagChip] = []
    sources: list[str] = []
    languages: list[str] = []
    segments: list[Option] = []
    sort: str = "name"
    page: int = 0
    has_next: bool = False
    total: int = 0
    used: int = 0
    limit: int = -1
    marked: list[int] = []
    all_marked: bool = False
    filtering: bool = False
    _starts: list[Cursor | None] = [None]
    _next: Cursor | None = None
    _goes_on: bool = False

    @rx.var(initial_value=[])
    def shown_fields(self) -> list[FieldRow]:
        return [each for each in self.fields if columns.FIELD + each["key"] in self.shown]

    @rx.var(initial_value=0)
    def filters(self) -> int:
        """How many filters are set, but for the search."""
        wanted = self.filter
        texts = sum(1 for name in _TEXTS if wanted[name])  # type: ignore[literal-required]
        return texts + bool(wanted["tags"]) + bool(wanted["segment"]) + len(wanted["fields"])

    @rx.var(initial_value="")
    def query(self) -> str:
        """Which contacts a file is to hold: the marked ones, or all that match."""
        ids = "" if self.all_marked or not self.marked else ",".join(map(str, self.marked))
        return f"?filter={quote(json.dumps(self.filter))}" + (f"&ids={ids}" if ids else "")

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def load(self) -> None:
        watch(self, ContactList.changed, [contacts.TOPIC, tags.TOPIC, fields.TOPIC, segments.TOPIC])
        if not self._goes_on:
            (await self.get_state(MergeContacts)).is_open = False
            self.filtering = False
        self._goes_on = False
        wanted, self.sort = from_params(self.router.url.query_parameters)
        self.filter = Filter(**wanted)  # type: ignore[typeddict-item]
        await self._first_page()

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    def find(self, text: str) -> EventSpec:
        return self._filter(replace=True, search=text[:100])

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    def choose(self, name: str, value: str) -> EventSpec | None:
        return self._filter(**{name: value[:100]}) if name in _TEXTS else None

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    def choose_segment(self, value: str) -> EventSpec:
        return self._filter(segment=int(value) if value.isdecimal() and len(value) < 10 else 0)

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    def choose_tag(self, tag_id: int, chosen: bool) -> EventSpec:
        others = [each for each in self.filter["tags"] if each != tag_id]
        return self._filter(tags=[*others, tag_id] if chosen else others)

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    def choose_tags_way(self, way: str) -> EventSpec:
        return self._filter(tags_way=way if way in TAG_WAYS else "any")

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    def add_rule(self, key: str) -> EventSpec | None:
        rules = self.filter["fields"]
        if key in [each["key"] for each in self.fields] and len(rules) < RULES_MAX:
            return self._filter(fields=[*rules, Rule(field=key, way="filled", value="")])
        return None

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    def change_rule(self, index: int, name: str, value: str) -> EventSpec | None:
        rules = [Rule(**each) for each in self.filter["fields"]]
        if 0 <= index < len(rules) and (name == "value" or (name == "way" and value in FIELD_WAYS)):
            rules[index][name] = value[:200]  # type: ignore[literal-required]
            return self._filter(replace=name == "value", fields=rules)
        return None

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    def drop_rule(self, index: int) -> EventSpec:
        return self._filter(fields=[each for i, each in enumerate(self.filter["fields"]) if i != index])

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    def clear_filters(self) -> EventSpec:
        return self._filter(**{**contacts.EVERYONE, "search": self.filter["search"]})

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def open_filters(self, is_open: bool) -> None:
        self.filtering = is_open

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    def sort_by(self, key: str) -> EventSpec:
        self.sort = key if key in SORTS else "name"
        return self._filter()

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def next(self) -> None:
        if self._next is not None:
            self._starts = [*self._starts, self._next]
            await self._turn()

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def previous(self) -> None:
        self._starts = self._starts[:-1] or [None]
        await self._turn()

    @rx.event
    @requires(Permission.SELF_DO)
    async def show_column(self, column: str, shown: bool) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            self.shown = await columns.choose(session, actor, column, shown)

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def mark(self, contact_id: int) -> None:
        others = [each for each in self.marked if each != contact_id]
        self.marked = others if contact_id in self.marked else [*others, contact_id]
        self.all_marked = False

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def mark_page(self, marked: bool) -> None:
        self.marked, self.all_marked = [row["id"] for row in self.rows] if marked else [], False

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def mark_all(self) -> None:
        self.all_marked = True

    def _filter(self, *, replace: bool = False, **values: Any) -> EventSpec:
        """To the address that says so; ``replace``: what is still being typed is no step to go back to."""
        if values:
            self.filter = Filter(**{**self.filter, **values})  # type: ignore[typeddict-item]
        self._goes_on = True
        return rx.redirect("/contacts" + to_query(self._wanted(), self.sort), replace=replace)

    async def _first_page(self) -> None:
        self._starts = [None]
        self._unmark()
        await self._show()

    async def _turn(self) -> None:
        """Another page: what stands around the table is as it was."""
        self._unmark()
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            await self._read_page(session, actor)

    async def _show(self) -> None:
        actor, wanted = await actor_of(self), self._wanted()
        async with runtime.get().db.read() as session:
            await self._read_page(session, actor)
            self.total = await contacts.count(session, actor, wanted)
            self.used, self.limit = await room(session, actor)
            self.shown = await columns.chosen(session, actor)
            self.fields = await fields.all_fields(session, actor)
            self.tags = await tags.choices(session, actor)
            known = await columns.choices(session, actor)
            saved = await segments.listing(session, actor)
        self.sources, self.languages = known["sources"], known["languages"]
        self.segments = [Option(value=str(each["id"]), label=each["name"]) for each in saved]
        self.loaded = True

    async def _read_page(self, session: AsyncSession, actor: Actor) -> None:
        found = await contacts.listing(session, actor, self._wanted(), sort=self.sort, after=self._starts[-1])
        self.rows, self._next, self.has_next = found.rows, found.next, found.next is not None
        self.page = (len(self._starts) - 1) * PAGE
        there = {row["id"] for row in self.rows}
        if not there.issuperset(self.marked):
            self.marked = [each for each in self.marked if each in there]

    def _unmark(self) -> None:
        if self.marked or self.all_marked:
            self.marked, self.all_marked = [], False

    def _wanted(self) -> ContactFilter:
        return ContactFilter(**self.filter)  # type: ignore[typeddict-item]
