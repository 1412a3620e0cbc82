"""Quick replies, and the dialog in which one is written."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from state.base import Feedback, actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import library, quick_replies
from wapto_app.services.quick_replies import ReplyForm, ReplyRow, Variable

_INPUTS = ("shortcut", "title", "body", "scope")


class QuickReplies(rx.State):
    """``leaving`` is about to be deleted."""

    view: str = "all"
    search: str = ""
    rows: list[ReplyRow] = []
    has_more: bool = False
    loaded: bool = False
    leaving_id: int = 0
    leaving_shortcut: str = ""
    leaving_shared: bool = False
    _limit: int = quick_replies.PAGE

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def load(self) -> None:
        watch(self, QuickReplies.changed, [quick_replies.TOPIC, library.TOPIC])
        self.search, self.leaving_id, self._limit = "", 0, quick_replies.PAGE
        (await self.get_state(ReplyDialog)).is_open = False
        await self._show()

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def look(self, view: str) -> None:
        self.view = view if view in quick_replies.VIEWS else "all"
        self._limit = quick_replies.PAGE
        await self._show()

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def find(self, text: str) -> None:
        self.search, self._limit = text[:100], quick_replies.PAGE
        await self._show()

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def more(self) -> None:
        if self.has_more:
            self._limit += quick_replies.PAGE
            await self._show()

    @rx.event
    @requires(Permission.INBOX_DO)
    async def duplicate(self, reply_id: int) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            copy = await quick_replies.duplicate(session, actor, reply_id)
        return ReplyDialog.edit(copy)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def ask_to_delete(self, reply_id: int, shortcut: str, shared: bool) -> None:
        self.leaving_id, self.leaving_shortcut, self.leaving_shared = reply_id, shortcut, shared

    @rx.event
    @requires(Permission.INBOX_DO)
    async def do_not_delete(self) -> None:
        self.leaving_id = 0

    @rx.event
    @requires(Permission.INBOX_DO)
    async def delete(self) -> EventSpec:
        reply_id, self.leaving_id = self.leaving_id, 0
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            shortcut = await quick_replies.delete(session, actor, reply_id)
        return success(f"/{shortcut} is deleted.")

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            rows = await quick_replies.listing(session, actor, self.view, self.search, limit=self._limit + 1)
        self.has_more = len(rows) > self._limit
        self.rows, self.loaded = rows[: self._limit], True


class ReplyDialog(rx.State):
    """``reply_id`` is 0 for a new one. ``file`` is the key of a file of the library."""

    is_open: bool = False
    reply_id: int = 0
    shortcut: str = ""
    title: str = ""
    body: str = ""
    shared: bool = False
    file: str = ""
    file_name: str = ""
    file_kind: str = ""
    variables: list[Variable] = []
    examples: dict[str, str] = {}

    @rx.event
    @requires(Permission.INBOX_DO)
    async def start(self) -> EventSpec:
        self.reset()
        await self._offer_variables()
        self.is_open = True
        return Feedback.clear()

    @rx.event
    @requires(Permission.INBOX_DO)
    async def edit(self, reply_id: int) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            row = await quick_replies.get(session, actor, reply_id)
        for name in ("shortcut", "title", "body", "shared", "file", "file_name", "file_kind"):
            setattr(self, name, row[name])
        await self._offer_variables()
        self.reply_id, self.is_open = reply_id, True
        return Feedback.clear()

    @rx.event
    @requires(Permission.INBOX_DO)
    async def close(self) -> None:
        self.is_open = False

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def take_file(self, keys: list[str]) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            row = await library.get(session, actor, keys[0] if keys else "")
        self.file, self.file_name, self.file_kind = row["key"], row["name"], row["kind"]

    @rx.event
    @requires(Permission.INBOX_DO)
    async def leave_file(self) -> None:
        self.file = self.file_name = self.file_kind = ""

    @rx.event
    @requires(Permission.INBOX_DO)
    async def save(self, form: dict[str, str]) -> list[EventSpec]:
        wanted = ReplyForm(**{name: form.get(name, "") for name in _INPUTS}, file=self.file)  # type: ignore[typeddict-item]
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            if self.reply_id:
                await quick_replies.update(session, actor, self.reply_id, wanted)
            else:
                await quick_replies.create(session, actor, wanted)
        self.is_open = False
        shortcut = wanted["shortcut"].strip().lstrip("/").casefold()
        return [Feedback.clear(), success(f"/{shortcut} is saved.")]

    async def _offer_variables(self) -> None:
        """The preview shows built-in ones by an example, fields by their label."""
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.variables = await quick_replies.variables(session, actor)
        own = {"name": "Maya Thompson", "first_name": "Maya", "company": "Harbour Homes", "agent": actor.name}
        self.examples = {each["name"]: own.get(each["name"]) or each["label"] for each in self.variables}
