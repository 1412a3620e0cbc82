"""What leaves the open conversation later."""

from __future__ import annotations

import reflex as rx

from state.base import actor_of, unwatch, watch
from state.inbox.composer import Composer
from state.inbox.paths import selected_in
from wapto_app import runtime
from wapto_app.clock import utcnow
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import business_hours, drafts, once, scheduled
from wapto_app.services.drafts import Written
from wapto_app.services.errors import NotFound
from wapto_app.services.scheduled import Plan, ScheduledRow


class ScheduledMessages(Composer):
    """``opening``: when the business opens next, ISO 8601; empty when it is open or keeps no hours."""

    waiting: list[ScheduledRow] = []
    opening: str = ""
    _conversation: int = 0

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def load_waiting(self) -> None:
        self._conversation = selected_in(str(self.router.url.path))
        if not self._conversation:
            unwatch(self, ScheduledMessages.changed)
            self.waiting = []
            return
        watch(self, ScheduledMessages.changed, [f"conversation:{self._conversation}"])
        await self._read()

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def changed(self) -> None:
        if self._conversation:
            await self._read()

    async def _read(self) -> None:
        actor = await actor_of(self)
        try:
            async with runtime.get().db.read() as session:
                found = await scheduled.of(session, actor, self._conversation)
        except NotFound:
            found = []
        if found != self.waiting:
            self.waiting = found

    @rx.event
    @requires(Permission.INBOX_DO)
    async def ask_opening(self) -> None:
        now = utcnow()
        async with runtime.get().db.read() as session:
            opens = await business_hours.next_opening(session, now)
        self.opening = opens.isoformat() if opens and opens > now else ""

    @rx.event
    @requires(Permission.INBOX_DO)
    async def plan(self, conversation: int, ref: str, wanted: Plan, before: Written) -> None:
        if self._is_new(ref):
            actor, newer = await actor_of(self), None
            sent = Written(text=wanted["text"], files=wanted["files"])
            async with runtime.get().db.write() as session:
                if await once.is_first(session, actor, ref):
                    await scheduled.plan(session, actor, conversation, wanted)
                    newer = await drafts.settle(session, actor, conversation, sent, before=before)
            self._show_newer(conversation, newer)
        self._accept(ref)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def cancel(self, ref: str, scheduled_id: int) -> None:
        if self._is_new(ref):
            actor = await actor_of(self)
            async with runtime.get().db.write() as session:
                await scheduled.cancel(session, actor, scheduled_id)
        self._accept(ref)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def send_now(self, ref: str, scheduled_id: int) -> None:
        if self._is_new(ref):
            actor = await actor_of(self)
            async with runtime.get().db.write() as session:
                await scheduled.send_now(session, actor, scheduled_id)
        self._accept(ref)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def change(self, ref: str, scheduled_id: int, due: str, text: str) -> None:
        if self._is_new(ref):
            actor = await actor_of(self)
            async with runtime.get().db.write() as session:
                await scheduled.change(session, actor, scheduled_id, due, text)
        self._accept(ref)
