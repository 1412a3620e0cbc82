"""What is folded in the contact panel until somebody wants it: files, other conversations, tasks, events."""

from __future__ import annotations

import reflex as rx

from state.base import actor_of
from state.inbox.contact import ContactPanel
from state.inbox.thread import OpenConversation
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import contacts, inbox, tasks
from wapto_app.services.contacts import TimelineRow
from wapto_app.services.contacts.details import ConversationLine
from wapto_app.services.inbox import GalleryItem
from wapto_app.services.tasks import TaskRow


class Around(rx.State):
    """Each part is read when its section opens. ``kind`` is which of the files are shown.

    ``files`` is one page of them; ``page`` counts from 0, and the browser keeps what it has of those before.
    """

    kind: str = "media"
    files: list[GalleryItem] = []
    more_files: bool = False
    page: int = 0
    others: list[ConversationLine] = []
    tasks: list[TaskRow] = []
    events: list[TimelineRow] = []
    _before: int = 0

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def show_files(self, kind: str) -> None:
        self.kind, self.page, self._before = kind, 0, 0
        await self._read_files()

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def next_files(self) -> None:
        if self.more_files:
            self.page += 1
            await self._read_files()

    async def _read_files(self) -> None:
        actor, selected = await actor_of(self), (await self.get_state(OpenConversation)).selected
        async with runtime.get().db.read() as session:
            page = await inbox.gallery(session, actor, selected, self.kind, before_id=self._before)
        self.files = page["items"]
        self._before, self.more_files = page["next_before"], page["next_before"] > 0

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def show_others(self) -> None:
        actor, contact_id = await actor_of(self), (await self.get_state(ContactPanel)).card["id"]
        selected = (await self.get_state(OpenConversation)).selected
        if not contact_id:  # the panel was closed while it opened
            self.others = []
            return
        async with runtime.get().db.read() as session:
            found = await contacts.conversations(session, actor, contact_id)
        self.others = [row for row in found if row["id"] != selected]

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def show_tasks(self) -> None:
        actor, selected = await actor_of(self), (await self.get_state(OpenConversation)).selected
        async with runtime.get().db.read() as session:
            self.tasks = await tasks.of_conversation(session, actor, selected)

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def show_events(self) -> None:
        actor, contact_id = await actor_of(self), (await self.get_state(ContactPanel)).card["id"]
        if not contact_id:
            self.events = []
            return
        async with runtime.get().db.read() as session:
            self.events = (await contacts.timeline(session, actor, contact_id))[:30]
