"""The left panel: the list of conversations."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import replace
from typing import Any

import reflex as rx

from state.base import Feedback, actor_of, follows, read_together, watch
from state.inbox.paths import selected_in
from wapto_app import runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.policy import requires
from wapto_app.services import inbox
from wapto_app.services.inbox import ConversationRow, InboxFilter, TabCounts
from wapto_app.services.inbox.chips import FilterChip, chips
from wapto_app.services.inbox.filters import Sort, Tab, from_params, of_tab, to_query, without
from wapto_app.services.inbox.gone import still_there
from wapto_app.services.inbox.listing import Place
from wapto_app.services.visibility import scope

WINDOW = 150
"""Rows that a tab holds at most: scrolling on drops them at the far end."""
_NO_COUNTS = TabCounts(mine=0, unassigned=0, all=0)
_PLAIN = InboxFilter()


class InboxList(rx.State):
    """A stretch of the list, which begins at ``_start`` (at the top when there is none).

    What is shown stands in the address, so that a link and the way back keep it; ``query`` is that part of it.
    """

    rows: list[ConversationRow] = []
    drafts: list[int] = []
    counts: TabCounts = _NO_COUNTS
    chips: list[FilterChip] = []
    query: str = ""
    tab: str = Tab.ALL.value
    sort: str = Sort.NEWEST.value
    has_above: bool = False
    has_more: bool = False
    loaded: bool = False
    _wanted: InboxFilter = _PLAIN
    _start: Place | None = None
    _size: int = inbox.PAGE

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def load(self) -> Any:
        wanted = from_params(self.router.url.query_parameters)
        # Every step from conversation to conversation comes through here.
        if self.loaded and wanted == self._wanted and follows(self, InboxList.changed, ["inbox"]):
            return None
        watch(self, InboxList.changed, ["inbox"])
        if (kept := await self._still_there(wanted)) != wanted:
            told = Feedback.say("warning", "Part of what this filter asked for was deleted, and is left out.")
            return [self._go(kept), told]
        if wanted != self._wanted or not self.loaded:
            self._wanted, self._start, self._size = wanted, None, inbox.PAGE
            self.query, self.tab, self.sort = to_query(wanted), wanted.tab.value, wanted.sort.value
        await self._read()
        return None

    async def _still_there(self, wanted: InboxFilter) -> InboxFilter:
        if not (wanted.tags or wanted.agent or wanted.team or wanted.number):
            return wanted
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            return (await still_there(session, actor, [wanted]))[0]

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def changed(self) -> None:
        await self._read()

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def more(self) -> None:
        if not self.has_more:
            return
        if self._size < WINDOW:
            self._size += inbox.PAGE
        else:
            self._start = inbox.place_of(self.rows[inbox.PAGE], self._wanted.sort)
        await self._read()

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def earlier(self) -> None:
        if self._start is None:
            return
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            above = await inbox.listing(session, actor, self._wanted, before=self._start, limit=inbox.PAGE)
        is_top = len(above) < inbox.PAGE
        self._start = None if is_top else inbox.place_of(above[0], self._wanted.sort)
        await self._read()

    @rx.event
    @requires(Permission.INBOX_SEE)
    def look(self, tab: str) -> Any:
        return self._go(of_tab(self._wanted, [tab]))

    @rx.event
    @requires(Permission.INBOX_SEE)
    def order(self, sort: str) -> Any:
        return self._go(replace(self._wanted, sort=Sort(sort) if sort in set(Sort) else Sort.NEWEST))

    @rx.event
    @requires(Permission.INBOX_SEE)
    def drop(self, kind: str, value: str) -> Any:
        return self._go(without(self._wanted, kind, value))

    @rx.event
    @requires(Permission.INBOX_SEE)
    def clear(self) -> Any:
        return self._go(replace(_PLAIN, tab=self._wanted.tab, sort=self._wanted.sort))

    def _go(self, wanted: InboxFilter) -> Any:
        """To the address that says so; the open conversation stays open."""
        selected = selected_in(str(self.router.url.path))
        return rx.redirect((f"/inbox/{selected}" if selected else "/inbox") + to_query(wanted))

    async def _read(self) -> None:
        actor, wanted = await actor_of(self), self._wanted
        start, limit = self._start, self._size + 1
        key = ("list", scope(actor), _reader(actor, wanted), wanted, start, limit)
        rows = await read_together(key, lambda s: inbox.listing(s, actor, wanted, start=start, limit=limit))
        self.has_more, self.has_above = len(rows) > self._size, start is not None
        self.rows, self.loaded = rows[: self._size], True
        ids = tuple(row["id"] for row in self.rows)
        work = await read_together(("workload", scope(actor)), lambda s: inbox.workload(s, actor))
        drafts = await read_together(("drafts", ids), lambda s: inbox.drafted(s, actor, ids))
        self.counts, self.drafts = inbox.counts_of(actor, work), drafts.get(actor.account_id or 0, [])
        await self._read_chips(actor)

    async def _read_chips(self, actor: Actor) -> None:
        if self._wanted.is_plain:
            self.chips = []
            return
        async with runtime.get().db.read() as session:
            self.chips = await chips(session, actor, self._wanted)


def _reader(actor: Actor, wanted: InboxFilter) -> Hashable:
    """Who reads, where that makes a difference: *mine* is somebody's, and a day begins where they are."""
    is_personal = wanted.tab is Tab.MINE or wanted.since or wanted.until
    return actor.account_id if is_personal else None
