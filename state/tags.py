"""The list of tags, and the dialogs in which one is made, changed, merged or deleted."""

from __future__ import annotations

from typing import TypedDict

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict as FormDict  # what pydantic validates, below Python 3.12

from state.base import Feedback, actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import tags
from wapto_app.services.tags import TagRow


class TagForm(FormDict):
    name: str
    colour: str


class MergeForm(FormDict):
    into: str


class Option(TypedDict):
    value: str
    label: str


class Tags(rx.State):
    """``search`` narrows the list; ``used`` and ``limit`` are of the plan, -1 for no limit."""

    rows: list[TagRow] = []
    search: str = ""
    used: int = 0
    limit: int = -1
    loaded: bool = False

    @rx.event
    @requires(Permission.TAGS_SEE)
    async def load(self) -> None:
        watch(self, Tags.changed, [tags.TOPIC])
        self.search = ""
        await self._show()

    @rx.event
    @requires(Permission.TAGS_SEE)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.TAGS_SEE)
    async def find(self, text: str) -> None:
        self.search = text[:100]
        await self._show()

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.rows = await tags.all_tags(session, actor, self.search)
            self.used, self.limit = await tags.room(session, actor)
        self.loaded = True


class TagDialog(rx.State):
    """``what`` is the dialog that is open: ``edit`` (``tag_id`` 0: a new tag), ``merge`` or ``delete``."""

    what: str = ""
    tag_id: int = 0
    name: str = ""
    colour: str = ""
    contacts: int = 0
    segments: list[str] = []
    campaigns: list[str] = []
    others: list[Option] = []

    @rx.event
    @requires(Permission.TAGS_DO)
    async def start(self) -> EventSpec:
        self.what, self.tag_id, self.name, self.colour = "edit", 0, "", ""
        return Feedback.clear()

    @rx.event
    @requires(Permission.TAGS_DO)
    async def edit(self, tag_id: int, name: str, colour: str) -> EventSpec:
        self.what, self.tag_id, self.name, self.colour = "edit", tag_id, name, colour
        return Feedback.clear()

    @rx.event
    @requires(Permission.TAGS_DO)
    async def ask_to_merge(self, tag_id: int, name: str) -> EventSpec:
        await self._look_at(tag_id, name)
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            rows = await tags.all_tags(session, actor)
        self.others = [Option(value=str(row["id"]), label=row["name"]) for row in rows if row["id"] != tag_id]
        self.what = "merge"
        return Feedback.clear()

    @rx.event
    @requires(Permission.TAGS_DO)
    async def ask_to_delete(self, tag_id: int, name: str) -> None:
        await self._look_at(tag_id, name)
        self.what = "delete"

    @rx.event
    @requires(Permission.TAGS_DO)
    async def close(self) -> None:
        self.what = ""

    @rx.event
    @requires(Permission.TAGS_DO)
    async def save(self, form: TagForm) -> list[EventSpec]:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            if self.tag_id:
                await tags.change(session, actor, self.tag_id, form["name"], form["colour"])
            else:
                await tags.create(session, actor, form["name"], form["colour"])
        self.what = ""
        return [Feedback.clear(), success(f"“{' '.join(form['name'].split())}” is saved.")]

    @rx.event
    @requires(Permission.TAGS_DO)
    async def merge(self, form: MergeForm) -> list[EventSpec]:
        into = int(form["into"]) if form["into"].isdecimal() and len(form["into"]) < 10 else 0
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            kept = await tags.merge(session, actor, self.tag_id, into)
        self.what = ""
        return [Feedback.clear(), success(f"“{self.name}” is part of “{kept}” now.")]

    @rx.event
    @requires(Permission.TAGS_DO)
    async def delete(self) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            name = await tags.delete(session, actor, self.tag_id)
        self.what = ""
        return success(f"“{name}” is deleted.")

    async def _look_at(self, tag_id: int, name: str) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            effects = await tags.effects(session, actor, tag_id)
        self.tag_id, self.name = tag_id, name
        self.contacts, self.segments = effects["contacts"], effects["segments"]
        self.campaigns = effects["campaigns"]
