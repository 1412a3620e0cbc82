"""The left panel: the list of conversations."""

from __future__ import annotations

import reflex as rx

from state.base import actor_of, follows, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import inbox
from wapto_app.services.inbox import ConversationRow
from wapto_app.services.visibility import scope


class InboxList(rx.State):
    """The left panel."""

    rows: list[ConversationRow] = []
    unread_only: bool = False
    has_more: bool = False
    loaded: bool = False
    _limit: int = inbox.PAGE

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def load(self) -> None:
        # Every step from conversation to conversation comes through here.
        if self.loaded and follows(self, InboxList.changed, ["inbox"]):
            return
        watch(self, InboxList.changed, ["inbox"])
        await self._read()

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def changed(self) -> None:
        await self._read()

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def more(self) -> None:
        if self.has_more:
            self._limit += inbox.PAGE
            await self._read()

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def show_unread(self, only: bool) -> None:
        self.unread_only, self._limit = only, inbox.PAGE
        await self._read()

    async def _read(self) -> None:
        actor, unread_only, limit = await actor_of(self), self.unread_only, self._limit + 1

        async def read() -> list[ConversationRow]:
            async with runtime.get().db.read() as session:
                return await inbox.listing(session, actor, unread_only=unread_only, limit=limit)

        rows = await runtime.get().inbox_reads.get(("list", scope(actor), unread_only, limit), read)
        self.has_more = len(rows) > self._limit
        self.rows, self.loaded = rows[: self._limit], True
