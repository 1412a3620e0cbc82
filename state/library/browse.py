"""What is listed: folders, filters, a page of files, and which of them are chosen."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.event import EventSpec

from state.base import actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import library
from wapto_app.services.library import FolderRow, LibraryRow, Mark, Query, Storage
from wapto_app.services.library.change import AT_ONCE
from wapto_app.services.media.files import KEY

VIEWS = ("grid", "list")


class MediaLibrary(rx.State):
    """``folder_id`` may be 0 (in no folder) or -1 (all files). ``chosen`` are keys, across the pages of one list."""

    rows: list[LibraryRow] = []
    folders: list[FolderRow] = []
    words: list[str] = []
    folder_id: int = library.EVERYWHERE
    text: str = ""
    kind: str = ""
    word: str = ""
    sort: str = library.SORTS[0]
    view: str = "grid"
    chosen: list[str] = []
    has_next: bool = False
    has_previous: bool = False
    loaded: bool = False
    storage: Storage = Storage(library=0, used=0, limit=0)
    shrinks: bool = False
    # Where each page before this one ended.
    _ends: list[Any] = []
    _end: Any = None

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def load(self) -> None:
        watch(self, MediaLibrary.changed, [library.TOPIC])
        self.chosen = []
        await self._read_around()
        await self._from_the_start()

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def changed(self) -> None:
        await self._read_around()
        await self._read()

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def look_in(self, folder_id: int) -> None:
        self.folder_id, self.chosen = folder_id, []
        await self._from_the_start()

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def search(self, text: str) -> None:
        self.text, self.chosen = text[:200], []
        await self._from_the_start()

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def show_kind(self, kind: str) -> None:
        self.kind, self.chosen = kind if kind in library.KINDS else "", []
        await self._from_the_start()

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def show_word(self, word: str) -> None:
        self.word, self.chosen = word[:50], []
        await self._from_the_start()

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def sort_by(self, sort: str) -> None:
        self.sort = sort if sort in library.SORTS else library.SORTS[0]
        await self._from_the_start()

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def clear(self) -> None:
        self.text = self.kind = self.word = ""
        await self._from_the_start()

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def show_as(self, view: str) -> None:
        self.view = view if view in VIEWS else "grid"

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def next_page(self) -> None:
        if self.has_next:
            self._ends = [*self._ends, self._end]
            await self._read()

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def previous_page(self) -> None:
        self._ends = self._ends[:-1]
        await self._read()

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def choose(self, key: str) -> None:
        if KEY.fullmatch(key):
            without = [each for each in self.chosen if each != key]
            self.chosen = without if len(without) < len(self.chosen) else [*without, key][-AT_ONCE:]

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def choose_all(self, on: bool) -> None:
        shown = [row["key"] for row in self.rows]
        self.chosen = [*dict.fromkeys([*self.chosen, *shown])][-AT_ONCE:] if on else []

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def set_shrinks(self, on: bool) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await library.set_shrinks(session, actor, on=on)
        self.shrinks = on
        if on:
            return success("New pictures are made smaller.")
        return success("New pictures are kept as they are.")

    async def _read_around(self) -> None:
        """What stays while one looks around; adding up all files takes longer than finding some."""
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.words = await library.all_words(session, actor)
            self.storage = await library.storage(session, actor)
            self.shrinks = await library.shrinks(session)

    async def _from_the_start(self) -> None:
        self._ends = []
        await self._read()

    async def _read(self) -> None:
        actor, after = await actor_of(self), self._ends[-1] if self._ends else None
        async with runtime.get().db.read() as session:
            self.folders = await library.folders(session, actor)
            if self.folder_id not in (
                library.TOP,
                library.EVERYWHERE,
                *(each["id"] for each in self.folders),
            ):
                self.folder_id, after, self._ends = library.EVERYWHERE, None, []
            page = await library.listing(session, actor, self._query(), after=after)
        self._show(page.rows, page.end)

    def _show(self, rows: list[LibraryRow], end: Mark | None) -> None:
        self.rows, self._end, self.loaded = rows, end, True
        self.has_next, self.has_previous = end is not None, bool(self._ends)

    def _query(self) -> Query:
        return Query(folder_id=self.folder_id, text=self.text, kind=self.kind, word=self.word, sort=self.sort)
