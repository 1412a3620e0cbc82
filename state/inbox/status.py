"""How the open conversation stands."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.base import Feedback, actor_of, success
from state.inbox.thread import OpenConversation
from wapto_app import runtime
from wapto_app.clock import utcnow
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import assignment, inbox
from wapto_app.services.inbox.conditions import zone_of
from wapto_app.services.inbox.status import snooze_choices, snooze_until


class StatusMenu(rx.State):
    """``times`` are the moments that the names of snooze choices mean now; ``dating``: the dialog is open.

    ``closed`` is the conversation that was resolved last: one press takes that back.
    """

    times: dict[str, str] = {}
    dating: bool = False
    closed: int = 0

    @rx.event
    @requires(Permission.INBOX_DO)
    async def offer(self, is_open: bool) -> None:
        if not is_open:
            return
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            found = snooze_choices(utcnow(), await zone_of(session, actor))
        self.times = {name: at.isoformat() for name, at in found.items()}

    @rx.event
    @requires(Permission.INBOX_DO)
    async def change(self, status: str) -> None:
        deeds: dict[str, Any] = {
            "open": assignment.reopen,
            "pending": inbox.set_pending,
            "resolved": assignment.resolve,
        }
        if status not in deeds:
            return
        actor, selected = await actor_of(self), (await self.get_state(OpenConversation)).selected
        async with runtime.get().db.write() as session:
            await deeds[status](session, actor, selected)
        self.closed = selected if status == "resolved" else 0

    @rx.event
    @requires(Permission.INBOX_DO)
    async def snooze(self, choice: str) -> Any:
        return await self._snooze(choice)

    async def _snooze(self, choice: str) -> Any:
        actor, selected = await actor_of(self), (await self.get_state(OpenConversation)).selected
        async with runtime.get().db.write() as session:
            until = snooze_until(choice, await zone_of(session, actor))
            await inbox.snooze(session, actor, selected, until)
        self.dating = False
        return success("Snoozed. It comes back at its time, or when the customer writes.")

    @rx.event
    @requires(Permission.INBOX_DO)
    async def snooze_to(self, form: dict[str, str]) -> Any:
        return await self._snooze(form.get("until", ""))

    @rx.event
    @requires(Permission.INBOX_DO)
    def ask_date(self, is_open: bool) -> Any:
        self.dating = is_open
        return Feedback.clear
