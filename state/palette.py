"""What the palette finds on the server: customers, and where one was last."""

from __future__ import annotations

import reflex as rx

from state.base import actor_of
from state.inbox.thread import OpenConversation
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import palette
from wapto_app.services.palette import Place


class PaletteSearch(rx.State):
    """``found`` answers the words of ``asked``; ``recent`` are the conversations that this tab has been in."""

    found: list[Place] = []
    recent: list[Place] = []
    asked: str = ""

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def open(self) -> None:
        actor, visited = await actor_of(self), (await self.get_state(OpenConversation)).visited
        self.found, self.asked, self.recent = [], "", []
        if not actor.may(Permission.INBOX_SEE):
            return
        async with runtime.get().db.read() as session:
            self.recent = await palette.places(session, actor, visited)

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def search(self, words: str) -> None:
        actor, self.asked = await actor_of(self), words.strip()
        if not actor.may(Permission.INBOX_SEE):
            return
        async with runtime.get().db.read() as session:
            self.found = await palette.search(session, actor, words)
