"""Deeds on the marked contacts, or on all that match, with how far they are."""

from __future__ import annotations

import time
from typing import Any

import reflex as rx

from state.base import actor_of, success
from state.contacts.listing import ContactList
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import tags
from wapto_app.services.contacts import EVERYONE, ContactFilter, bulk, deleting
from wapto_app.services.contacts.bulk import Deed

_SHOWN_AFTER = 1.0
"""Seconds after which progress is shown."""


class ContactBulk(rx.State):
    """``asked`` is the deed that waits for a confirmation; ``done`` of ``total`` while it takes long."""

    asked: str = ""
    total: int = 0
    conversations: int = 0
    messages: int = -1
    busy: bool = False
    slow: bool = False
    done: int = 0
    _stopped: bool = False

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def ask(self, deed: str) -> None:
        """Before what cannot simply be taken back. Counting messages is left out for very many."""
        _wanted, ids, self.total = await self._chosen()
        self.conversations, self.messages = 0, -1
        if deed == Deed.DELETE and ids is not None:
            actor = await actor_of(self)
            async with runtime.get().db.read() as session:
                goes = await deleting.preview(session, actor, ids)
            self.conversations, self.messages = goes["conversations"], goes["messages"]
        self.asked = deed if deed in tuple(Deed) else ""

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def dismiss(self) -> None:
        self.asked = ""

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def stop(self) -> None:
        """What is done stays done."""
        self._stopped = True

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def create_tag(self, name: str) -> Any:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            [tag_id] = await tags.ensure(session, actor, [name[:200]])
        return ContactBulk.run(Deed.TAG.value, tag_id)

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def tag(self, tag_id: int, _worn: bool) -> Any:
        return ContactBulk.run(Deed.TAG.value, tag_id)

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def untag(self, tag_id: int, _worn: bool) -> Any:
        return ContactBulk.run(Deed.UNTAG.value, tag_id)

    @rx.event(background=True)
    @requires(Permission.CONTACTS_DO)
    async def run(self, deed: str, tag_id: int) -> Any:
        wanted_deed = Deed(deed) if deed in tuple(Deed) else None
        async with self:
            if self.busy or wanted_deed is None:
                return None
            wanted, ids, self.total = await self._chosen()
            self.asked, self.busy, self.slow, self.done, self._stopped = "", True, False, 0, False
        try:
            changed = await self._work(wanted_deed, wanted, ids, tag_id)
        finally:
            async with self:
                self.busy, self.slow = False, False
        return [success(_told(wanted_deed, changed)), ContactList.mark_page(False)]

    async def _work(self, deed: Deed, wanted: ContactFilter, ids: list[int] | None, tag_id: int) -> int:
        process, began, changed, seen = runtime.get(), time.monotonic(), 0, 0
        async with self:
            actor = await actor_of(self)
        async for some in bulk.some(process.db, actor, wanted, ids):
            changed += await bulk.do(process.db, actor, process.settings.media_dir, deed, some, [tag_id])
            seen += len(some)
            async with self:
                # Asked again each time: permissions may be taken away meanwhile.
                actor = await actor_of(self)
                self.done, self.slow = seen, time.monotonic() - began > _SHOWN_AFTER
                if self._stopped:
                    break
        return changed

    async def _chosen(self) -> tuple[ContactFilter, list[int] | None, int]:
        page = await self.get_state(ContactList)
        if page.all_marked:
            return ContactFilter(**page.filter), None, page.total  # type: ignore[typeddict-item]
        return EVERYONE, list(page.marked), len(page.marked)


def _told(deed: Deed, n: int) -> str:
    people = "1 contact" if n == 1 else f"{n:,} contacts"
    return {
        Deed.TAG: f"{people} tagged.",
        Deed.UNTAG: f"Tag removed from {people}.",
        Deed.OPT_OUT: f"{people} opted out.",
        Deed.OPT_IN: f"{people} opted in.",
        Deed.DELETE: f"{people} deleted.",
    }[deed]
