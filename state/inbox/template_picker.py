"""Templates that can be sent in the open conversation."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.base import actor_of, success
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import templates
from wapto_app.services.templates import Form, TemplateRow

NO_FORM = Form(
    id=0,
    name="",
    language="",
    category="",
    header="",
    header_text="",
    body="",
    footer="",
    buttons=[],
    cards=[],
    offer="",
    files=[],
    slots=[],
    problem="",
)


class TemplatePicker(rx.State):
    """``form`` is what the chosen one asks for; its id is 0 while none is chosen."""

    rows: list[TemplateRow] = []
    loaded: bool = False
    form: Form = NO_FORM

    @rx.event
    @requires(Permission.INBOX_DO)
    async def find(self, conversation: int, words: str) -> None:
        await self._read(conversation, words)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def choose(self, conversation: int, template_id: int) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.form = await templates.form_of(session, actor, conversation, template_id)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def sync(self, conversation: int) -> Any:
        """Ask Meta now, for one that was approved a minute ago."""
        actor, process = await actor_of(self), runtime.get()
        listed = (await templates.sync(process.db, actor, process.gateway)).listed
        await self._read(conversation, "")
        return success(f"WhatsApp lists {listed} templates.")

    async def _read(self, conversation: int, words: str) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.rows = await templates.approved(session, actor, conversation, words)
        self.loaded = True
