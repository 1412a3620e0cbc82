"""The middle panel: the open conversation."""

from __future__ import annotations

from typing import Any, TypedDict

import reflex as rx

from state.base import actor_of, unwatch, watch
from state.inbox.contact import ContactPanel
from state.inbox.paths import message_in, selected_in
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import inbox, outbox
from wapto_app.services.errors import NotFound
from wapto_app.services.inbox import ConversationHeader, MessageRow, Thread

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


def _first_unseen(rows: list[MessageRow], unread: int) -> int:
    """The id of the row at which the unread messages begin; 0 when there are none."""
    theirs = [row["id"] for row in rows if row["inbound"]]
    return theirs[-min(unread, len(theirs))] if unread and theirs else 0


class Quoted(TypedDict):
    """The message that is being answered; id 0 for none."""

    id: int
    text: str


NO_QUOTE = Quoted(id=0, text="")


_MOST_VISITED = 8
_MOST_ROWS = 250
"""Rows that a tab holds at once: what is far from the reader is fetched again when they come back to it."""


class OpenConversation(rx.State):
    """The middle panel.

    ``messages`` is a stretch of the thread: while it reaches to the end (not ``has_newer``), everything below
    ``_anchor`` is read again when something happens. ``arrived`` counts what came below a stretch that does not.
    ``_fresh`` is the first row that nobody had seen when the conversation was opened. ``target`` is the message that
    the address asks for, and ``aims`` counts how often it did.
    """

    header: ConversationHeader = NO_HEADER
    messages: list[MessageRow] = []
    has_older: bool = False
    has_newer: bool = False
    arrived: int = 0
    jumps: int = 0
    selected: int = 0
    missing: bool = False
    quote: Quoted = NO_QUOTE
    target: int = 0
    aims: int = 0
    _anchor: int = 0
    _fresh: int = 0
    _visited: list[int] = []

    @property
    def visited(self) -> list[int]:
        """Where this tab was before, the last one first."""
        return [each for each in self._visited if each != self.selected]

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def load(self) -> None:
        wanted = selected_in(str(self.router.url.path))
        if wanted != self.selected:
            self._close()
        if not wanted:
            return
        self.selected = wanted
        self._visited = [wanted, *[each for each in self._visited if each != wanted]][:_MOST_VISITED]
        watch(self, OpenConversation.changed, [f"conversation:{wanted}", "channels"])
        await self._read()
        await self._aim(message_in(self.router.url.query_parameters))

    async def _aim(self, message_id: int) -> None:
        """Show the page around a message. One that is not there (any more) leaves the thread as it is."""
        if not message_id or self.missing:
            return
        actor = await actor_of(self)
        try:
            async with runtime.get().db.read() as session:
                page = await inbox.around(session, actor, self.selected, message_id)
        except NotFound:
            return
        self.messages = self._marked(page["messages"])
        self.has_older, self.has_newer, self.arrived = page["has_older"], page["has_newer"], 0
        self._anchor = 0 if self.has_newer else self.messages[-inbox.PAGE :][0]["id"]
        self.target, self.aims = message_id, self.aims + 1

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
        self.messages, self.has_older, self.has_newer = [], False, False
        self.arrived, self._anchor, self._fresh = 0, 0, 0

    async def _read(self) -> None:
        actor, is_new = await actor_of(self), not self.header["id"]
        try:
            async with runtime.get().db.read() as session:
                self.header = await inbox.header(session, actor, self.selected)
                if self.has_newer:
                    last = self.messages[-1]["id"]
                    self.arrived = await inbox.arrived_since(session, actor, self.selected, after_id=last)
                else:
                    thread = await inbox.recent(session, actor, self.selected, from_id=self._anchor)
                    self._follow(thread, is_new=is_new)
        except NotFound:
            # Deleted, or given to somebody else, perhaps while it was open.
            self._empty()
            self.missing = True
            return
        self.missing = False

    def _follow(self, thread: Thread, *, is_new: bool) -> None:
        """Put what was read again below what was not."""
        rows, page = self._rows(), thread["messages"]
        ids = [row["id"] for row in rows]
        # When more has come than a tab re-reads, what was scrolled to would have a gap below it.
        goes_on = bool(page) and page[0]["id"] == self._anchor and self._anchor in ids
        known = ids.index(self._anchor) if goes_on else 0
        if goes_on:
            page[0]["previous_at"] = rows[known]["previous_at"]
        if is_new:
            self._fresh = _first_unseen(page, self.header["unread"])
        self.messages = [*rows[:known], *self._marked(page)]
        if not goes_on:
            self.has_older = thread["has_older"]
            self._anchor = page[0]["id"] if page else 0

    def _rows(self) -> list[MessageRow]:
        """The rows themselves, not Reflex's watchers around them."""
        rows: list[MessageRow] = self.get_value("messages")
        return rows

    def _marked(self, rows: list[MessageRow]) -> list[MessageRow]:
        for row in rows:
            row["fresh"] = row["id"] == self._fresh
        return rows

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def load_older(self) -> None:
        if not self.has_older or not self.messages:
            return
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            page = await inbox.older(session, actor, self.selected, before_id=self.messages[0]["id"])
        rows = [*self._marked(page["messages"]), *self._rows()]
        self.has_older, self.has_newer = page["has_older"], self.has_newer or len(rows) > _MOST_ROWS
        self.messages = rows[:_MOST_ROWS]

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def load_newer(self) -> None:
        if not self.has_newer or not self.messages:
            return
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            page = await inbox.newer(session, actor, self.selected, after_id=self.messages[-1]["id"])
        rows = [*self._rows(), *self._marked(page["messages"])]
        self.has_older, self.has_newer = self.has_older or len(rows) > _MOST_ROWS, page["has_newer"]
        self.messages = rows[-_MOST_ROWS:]
        if not self.has_newer:
            self.arrived, self._anchor = 0, self.messages[-inbox.PAGE :][0]["id"]

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def to_latest(self) -> None:
        if not self.selected:
            return
        self.has_newer, self.arrived, self._anchor = False, 0, 0
        self.jumps += 1
        await self._read()

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
