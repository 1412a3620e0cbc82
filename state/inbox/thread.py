"""The middle panel: the open conversation."""

from __future__ import annotations

from typing import Any, TypedDict

import reflex as rx

from state.base import actor_of, unwatch, watch
from state.inbox.contact import ContactPanel
from state.inbox.paths import selected_in
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import inbox, outbox
from wapto_app.services.errors import NotFound
from wapto_app.services.inbox import ConversationHeader, MessageRow

NO_HEADER = ConversationHeader(
    id=0,
    contact_id=0,
    name="",
    phone="",
    channel="",
    channel_status="",
    window_closes_at="",
    opted_out=False,
    blocked=False,
    status="",
    unread=0,
    assignee_id=0,
    assignee="",
    team_id=0,
    team="",
)


class Quoted(TypedDict):
    """The message that is being answered; id 0 for none."""

    id: int
    text: str


NO_QUOTE = Quoted(id=0, text="")


class OpenConversation(rx.State):
    """The middle panel. ``earlier`` are the pages that were scrolled to; ``latest`` follows what happens."""

    header: ConversationHeader = NO_HEADER
    earlier: list[MessageRow] = []
    latest: list[MessageRow] = []
    has_older: bool = False
    selected: int = 0
    missing: bool = False
    quote: Quoted = NO_QUOTE

    @rx.var(initial_value=[])
    def messages(self) -> list[MessageRow]:
        return [*self.earlier, *self.latest]

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def load(self) -> None:
        wanted = selected_in(str(self.router.url.path))
        if wanted != self.selected:
            self._close()
        if not wanted:
            return
        self.selected = wanted
        watch(self, OpenConversation.changed, [f"conversation:{wanted}", "channels"])
        await self._read()

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def changed(self) -> Any:
        if not self.selected:
            return None
        was_missing = self.missing
        await self._read()
        return ContactPanel.load if self.missing != was_missing else None

    def _close(self) -> None:
        unwatch(self, OpenConversation.changed)
        self.selected, self.missing = 0, False
        self._empty()

    def _empty(self) -> None:
        self.header, self.quote = NO_HEADER, NO_QUOTE
        self.earlier, self.latest, self.has_older = [], [], False

    async def _read(self) -> None:
        actor, after = await actor_of(self), self.earlier[-1]["id"] if self.earlier else 0
        try:
            async with runtime.get().db.read() as session:
                header = await inbox.header(session, actor, self.selected)
                thread = await inbox.recent(session, actor, self.selected, after_id=after)
        except NotFound:
            # Deleted, or given to somebody else, perhaps while it was open.
            self._empty()
            self.missing = True
            return
        self.header, self.latest, self.missing = header, thread["messages"], False
        if not after or thread["has_older"]:
            # More has come than a tab re-reads: what was scrolled to would have a gap below it.
            self.earlier, self.has_older = [], thread["has_older"]

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def load_older(self) -> None:
        if not self.has_older or not self.messages:
            return
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            page = await inbox.older(session, actor, self.selected, before_id=self.messages[0]["id"])
        self.earlier, self.has_older = [*page["messages"], *self.earlier], page["has_older"]

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def seen(self) -> None:
        if not self.header["id"]:
            return
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await inbox.open_conversation(session, actor, self.selected)

    @rx.event
    @requires(Permission.INBOX_DO)
    def reply_to(self, message_id: int) -> None:
        found = [message for message in self.messages if message["id"] == message_id]
        self.quote = Quoted(id=message_id, text=found[0]["body"] or found[0]["type"]) if found else NO_QUOTE

    @rx.event
    @requires(Permission.INBOX_SEE)
    def cancel_reply(self) -> None:
        self.quote = NO_QUOTE

    @rx.event
    @requires(Permission.INBOX_DO)
    async def retry(self, message_id: int) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await outbox.retry(session, actor, message_id)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def react(self, message_id: int, emoji: str) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await inbox.react(session, actor, self.selected, message_id, emoji)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def mark_unread(self) -> Any:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await inbox.mark_unread(session, actor, self.selected)
        # Still open, it would be seen, and thereby read, before the browser has left it.
        self._close()
        return rx.redirect("/inbox")
