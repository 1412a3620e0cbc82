"""The file that is open in the drawer."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.event import EventSpec

from state.base import Feedback, actor_of, success, unwatch, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import library
from wapto_app.services.errors import NotFound
from wapto_app.services.library import LibraryRow, Usage

NO_FILE = LibraryRow(
    id=0,
    key="",
    name="",
    kind="",
    mime_type="",
    size=0,
    original_size=0,
    width=0,
    height=0,
    has_thumbnail=False,
    folder_id=0,
    created_at="",
    uploader="",
    words=[],
)
NO_USAGE = Usage(messages=0, conversations=[], quick_replies=[], others_replies=0, campaigns=[], needed=False)


class LibraryDetail(rx.State):
    """``trying`` is what is looked at before it is made: "smaller", "sticker" or nothing."""

    file: LibraryRow = NO_FILE
    usage: Usage = NO_USAGE
    trying: str = ""

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def open(self, key: str) -> EventSpec:
        await self._read(key)
        watch(self, LibraryDetail.changed, [library.TOPIC])
        return Feedback.clear()

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def changed(self) -> None:
        if not self.file["key"]:
            return
        try:
            await self._read(self.file["key"])
        except NotFound:  # deleted, perhaps by somebody else
            self._close()

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def close(self) -> None:
        self._close()

    @rx.event
    @requires(Permission.MEDIA_DO)
    async def rename(self, form: dict[str, str]) -> list[EventSpec]:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            name = await library.rename(session, actor, self.file["key"], form.get("name", ""))
        return [Feedback.clear(), success(f"It is called “{name}” now.")]

    @rx.event
    @requires(Permission.MEDIA_DO)
    async def add_words(self, form: dict[str, str]) -> EventSpec:
        actor, words = await actor_of(self), form.get("words", "").split(",")
        async with runtime.get().db.write() as session:
            await library.set_words(session, actor, [self.file["key"]], add=words)
        return Feedback.clear()

    @rx.event
    @requires(Permission.MEDIA_DO)
    async def remove_word(self, word: str) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await library.set_words(session, actor, [self.file["key"]], remove=[word])

    @rx.event
    @requires(Permission.MEDIA_DO)
    async def attempt(self, what: str) -> None:
        self.trying = what if what in ("smaller", "sticker") else ""

    @rx.event
    @requires(Permission.MEDIA_DO)
    async def keep(self) -> Any:
        process, actor, what = runtime.get(), await actor_of(self), self.trying
        where = process.db, actor, process.settings.media_dir, self.file["key"]
        self.trying = ""
        if what == "smaller":
            name = (await library.make_smaller(*where))["name"]
            return success(f"“{name}” is smaller now.")
        made = (await library.make_sticker(*where))["file"]
        await self._read(made["key"])
        return success(f"The sticker “{made['name']}” is in the library.")

    def _close(self) -> None:
        unwatch(self, LibraryDetail.changed)
        self.file, self.usage, self.trying = NO_FILE, NO_USAGE, ""

    async def _read(self, key: str) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.file = await library.get(session, actor, key)
            self.usage = await library.used_in(session, actor, [key])
