"""The list of segments, counted one after the other, and the small dialogs around it."""

from __future__ import annotations

import time

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import fields, segments, tags
from wapto_app.services.errors import NotFound
from wapto_app.services.segments import SegmentRow, Vocabulary

NO_WORDS = Vocabulary(tags=[], people=[], fields=[], campaigns=[])
_RECOUNT_SECONDS = 15
"""A busy workspace changes contacts all the time; counting is for people, who do not read faster than this."""


class RenameForm(TypedDict):
    name: str


class Segments(rx.State):
    """``counts`` fills up after the list is shown. ``what`` is the dialog that is open: ``rename`` or ``delete``."""

    rows: list[SegmentRow] = []
    counts: dict[str, int] = {}
    words: Vocabulary = NO_WORDS
    search: str = ""
    loaded: bool = False
    what: str = ""
    segment_id: int = 0
    name: str = ""
    campaigns: list[str] = []
    _counted: dict[str, float] = {}

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def load(self) -> EventSpec:
        watch(self, Segments.changed, [segments.TOPIC, tags.TOPIC, fields.TOPIC, "contacts"])
        self.search, self.what, self._counted = "", "", {}
        await self._show()
        return Segments.count_next()

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def changed(self) -> EventSpec:
        await self._show()
        return Segments.count_next()

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def find(self, text: str) -> EventSpec:
        self.search = text[:100]
        await self._show()
        return Segments.count_next()

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def count_next(self) -> EventSpec | None:
        """One at a time, each an event of its own: nothing else has to wait for all of them."""
        due = next((row for row in self.rows if self._is_due(row)), None)
        if due is None:
            return None
        self._counted[_mark(due)] = time.monotonic()
        actor = await actor_of(self)
        try:
            async with runtime.get().db.read() as session:
                self.counts[str(due["id"])] = await segments.count_of(session, actor, due["id"])
        except NotFound:
            self.counts.pop(str(due["id"]), None)
        return Segments.count_next()

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def ask(self, what: str, segment_id: int, name: str) -> EventSpec:
        self.what, self.segment_id, self.name, actor = what, segment_id, name, await actor_of(self)
        async with runtime.get().db.read() as session:
            self.campaigns = await segments.campaigns(session, actor, segment_id)
        return Feedback.clear()

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def close(self) -> None:
        self.what = ""

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def rename(self, form: RenameForm) -> list[EventSpec]:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            name = await segments.rename(session, actor, self.segment_id, form["name"])
        self.what = ""
        return [Feedback.clear(), success(f"“{name}” is saved.")]

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def duplicate(self, segment_id: int) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            new_id = await segments.duplicate(session, actor, segment_id)
        return rx.redirect(f"/segments/{new_id}")

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def delete(self) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            name = await segments.delete(session, actor, self.segment_id)
        self.what = ""
        return success(f"“{name}” is deleted.")

    def _is_due(self, row: SegmentRow) -> bool:
        counted = self._counted.get(_mark(row))
        return counted is None or time.monotonic() - counted > _RECOUNT_SECONDS

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.rows = await segments.listing(session, actor, self.search)
            self.words = await segments.vocabulary(session, actor, [row["rules"] for row in self.rows])
        self.loaded = True


def _mark(row: SegmentRow) -> str:
    """Of the segment as it is: changed rules are counted at once."""
    return f"{row['id']} {row['updated_at']} {row['problem']}"
