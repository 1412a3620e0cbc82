"""The dialogs about folders and about one or several files."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from state.base import Feedback, actor_of, success
from state.library.browse import MediaLibrary
from state.library.detail import NO_USAGE, LibraryDetail
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import library
from wapto_app.services.library import Usage

FILE_DEEDS = ("move", "words", "delete")


class LibraryDeeds(rx.State):
    """``what`` is the dialog that is open: move, words, delete (files), folder, rename, relocate, remove (a folder).

    ``count`` and ``name`` say what it is about; ``inner`` counts the folders inside of one that goes.
    """

    what: str = ""
    count: int = 0
    name: str = ""
    inner: int = 0
    folder_id: int = 0
    usage: Usage = NO_USAGE
    _keys: list[str] = []

    @rx.event
    @requires(Permission.MEDIA_DO)
    async def ask(self, what: str, key: str) -> EventSpec:
        """About one file, or about the chosen ones when ``key`` is empty."""
        browsing, actor = await self.get_state(MediaLibrary), await actor_of(self)
        self._keys = [key] if key else list(browsing.chosen)
        async with runtime.get().db.read() as session:
            self.usage = await library.used_in(session, actor, self._keys)
            self.name = (await library.get(session, actor, key))["name"] if key else ""
        self.count, self.what = len(self._keys), what if what in FILE_DEEDS else ""
        return Feedback.clear()

    @rx.event
    @requires(Permission.MEDIA_DO)
    async def ask_folder(self, what: str, folder_id: int, name: str) -> EventSpec:
        """About a folder; for a new one it is the folder that it shall be in."""
        self.what, self.folder_id, self.name = what, folder_id, name
        if what == "remove":
            actor = await actor_of(self)
            async with runtime.get().db.read() as session:
                found = await library.contents(session, actor, folder_id)
            self.count, self.inner = found["files"], found["folders"]
        return Feedback.clear()

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def close(self) -> None:
        self.what = ""

    @rx.event
    @requires(Permission.MEDIA_DO)
    async def move(self, form: dict[str, str]) -> list[EventSpec]:
        actor, target = await actor_of(self), _number(form.get("folder", ""))
        async with runtime.get().db.write() as session:
            count = await library.move(session, actor, self._keys, target)
        return await self._done(success(f"Moved: {count}."))

    @rx.event
    @requires(Permission.MEDIA_DO)
    async def add_words(self, form: dict[str, str]) -> list[EventSpec]:
        actor, words = await actor_of(self), form.get("words", "").split(",")
        async with runtime.get().db.write() as session:
            await library.set_words(session, actor, self._keys, add=words)
        return await self._done(success("The words are added."))

    @rx.event
    @requires(Permission.MEDIA_DO)
    async def delete(self) -> list[EventSpec]:
        process, actor = runtime.get(), await actor_of(self)
        count = await library.delete(process.db, actor, process.settings.media_dir, self._keys)
        detail = await self.get_state(LibraryDetail)
        if detail.file["key"] in self._keys:
            await detail.changed()
        return await self._done(success(f"Deleted: {count}."))

    @rx.event
    @requires(Permission.MEDIA_DO)
    async def save_folder(self, form: dict[str, str]) -> list[EventSpec]:
        actor, name = await actor_of(self), form.get("name", "")
        async with runtime.get().db.write() as session:
            if self.what == "rename":
                name = await library.rename_folder(session, actor, self.folder_id, name)
            else:
                await library.create_folder(session, actor, name, self.folder_id)
        name = " ".join(name.split())
        return await self._done(success(f"The folder “{name}” is saved."))

    @rx.event
    @requires(Permission.MEDIA_DO)
    async def move_folder(self, form: dict[str, str]) -> list[EventSpec]:
        actor, target = await actor_of(self), _number(form.get("folder", ""))
        async with runtime.get().db.write() as session:
            name = await library.move_folder(session, actor, self.folder_id, target)
        return await self._done(success(f"The folder “{name}” is moved."))

    @rx.event
    @requires(Permission.MEDIA_DO)
    async def delete_folder(self) -> list[EventSpec]:
        process, actor = runtime.get(), await actor_of(self)
        await library.delete_folder(process.db, actor, process.settings.media_dir, self.folder_id)
        name = self.name
        return await self._done(success(f"The folder “{name}” is deleted."))

    async def _done(self, notice: EventSpec) -> list[EventSpec]:
        self.what = ""
        (await self.get_state(MediaLibrary)).chosen = []
        return [Feedback.clear(), notice]


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else library.TOP
