"""Which colleagues have the same conversations open."""

from __future__ import annotations

import reflex as rx

from state.base import actor_of, follows, watch
from state.inbox.conversations import InboxList
from state.inbox.thread import OpenConversation
from wapto_app import runtime
from wapto_app.attention import TOPIC
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import company
from wapto_app.services.company import Companion


class Company(rx.State):
    """``here`` are those in the open conversation, ``rows`` who is in which row of the list, by its id as text."""

    here: list[Companion] = []
    rows: dict[str, Companion] = {}

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def beat(self, conversation_id: int, writing: bool) -> None:
        actor, process = await actor_of(self), runtime.get()
        async with process.db.read() as session:
            await company.note(session, actor, process.attention, conversation_id, writing=writing)
        if not follows(self, Company.changed, [TOPIC]):
            watch(self, Company.changed, [TOPIC])
            await self._read()

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def changed(self) -> None:
        await self._read()

    async def _read(self) -> None:
        actor, process = await actor_of(self), runtime.get()
        selected = (await self.get_state(OpenConversation)).selected
        shown = [row["id"] for row in (await self.get_state(InboxList)).rows]
        async with process.db.read() as session:
            found = await company.company(session, actor, process.attention, [selected, *shown])
        here = found.get(selected, [])
        rows = {str(of): companions[0] for of, companions in found.items() if companions}
        if here != self.here or rows != self.rows:
            self.here, self.rows = here, rows
