"""The dialog in which files of the library are chosen: for a message, a quick reply, a template."""

from __future__ import annotations

import reflex as rx

from state.base import actor_of, unwatch, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import library
from wapto_app.services.library import FolderRow, LibraryRow, Query
from wapto_app.services.media.files import KEY

MOST_CHOSEN = 10
"""As many as one message takes (``inbox.FILES_MAX``)."""


class LibraryPicker(rx.State):
    """``opened`` names the picker that is open, so that a page may have several. ``chosen`` are keys, in order."""

    opened: str = ""
    rows: list[LibraryRow] = []
    folders: list[FolderRow] = []
    folder_id: int = library.EVERYWHERE
    text: str = ""
    kind: str = ""
    chosen: list[str] = []
    has_more: bool = False
    loaded: bool = False
    _pages: int = 1

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def start(self, name: str, kind: str) -> None:
        """Open the picker of this name; ``kind`` is what it shows at first, empty for everything."""
        self.opened, self.kind, self.chosen, self.loaded = name[:40], kind, [], False
        self.text, self.folder_id, self._pages = "", library.EVERYWHERE, 1
        watch(self, LibraryPicker.changed, [library.TOPIC])
        await self._read()

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def close(self) -> None:
        unwatch(self, LibraryPicker.changed)
        self.opened, self.rows, self.chosen, self.loaded = "", [], [], False

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def changed(self) -> None:
        if self.opened:
            await self._read()

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def look_in(self, folder_id: str) -> None:
        is_number = folder_id.lstrip("-").isdecimal() and len(folder_id) < 10
        self.folder_id, self._pages = int(folder_id) if is_number else library.EVERYWHERE, 1
        await self._read()

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def search(self, text: str) -> None:
        self.text, self._pages = text[:200], 1
        await self._read()

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def show_kind(self, kind: str) -> None:
        self.kind, self._pages = kind if kind in library.KINDS else "", 1
        await self._read()

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def more(self) -> None:
        self._pages += 1
        await self._read()

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def choose(self, key: str, many: bool) -> None:
        if KEY.fullmatch(key):
            without = [each for each in self.chosen if each != key]
            added = [*(without if many else []), key]
            self.chosen = without if len(without) < len(self.chosen) else added[:MOST_CHOSEN]

    async def _read(self) -> None:
        actor, size = await actor_of(self), library.PAGE // 2 * min(self._pages, 4)
        query = Query(
            folder_id=self.folder_id, text=self.text, kind=self.kind, word="", sort=library.SORTS[0]
        )
        async with runtime.get().db.read() as session:
            page = await library.listing(session, actor, query, limit=size)
            self.folders = await library.folders(session, actor)
        self.rows, self.has_more, self.loaded = page.rows, page.end is not None and self._pages < 4, True
