"""Deleting a template: first what depends on it."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.event import EventSpec

from state.base import Feedback, actor_of, success
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import templates
from wapto_app.services.templates import removing


class TemplateRemoval(rx.State):
    """``template_id`` is what is about to be deleted, 0 for nothing. ``siblings`` are its other languages."""

    template_id: int = 0
    name: str = ""
    is_draft: bool = False
    campaigns: int = 0
    scheduled: int = 0
    messages: int = 0
    siblings: int = 0
    all_languages: bool = False
    busy: bool = False

    @rx.event
    @requires(Permission.TEMPLATES_DO)
    async def ask(self, template_id: int, name: str, is_draft: bool) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            usage = await removing.usage(session, actor, template_id)
            self.siblings = len((await templates.details(session, actor, template_id))["siblings"])
        self.campaigns, self.scheduled = len(usage["campaigns"]), usage["scheduled"]
        self.messages, self.all_languages, self.busy = usage["messages_30"], False, False
        self.template_id, self.name, self.is_draft = template_id, name[:512], is_draft
        return Feedback.clear()

    @rx.event
    @requires(Permission.TEMPLATES_DO)
    async def close(self) -> None:
        self.template_id = 0

    @rx.event
    @requires(Permission.TEMPLATES_DO)
    async def choose_all(self, chosen: bool) -> None:
        self.all_languages = chosen

    @rx.event(background=True)
    @requires(Permission.TEMPLATES_DO)
    async def delete(self) -> Any:
        async with self:
            actor, template_id, self.busy = await actor_of(self), self.template_id, True
            name, everywhere = self.name, self.all_languages
        process = runtime.get()
        try:
            await removing.delete(process.db, actor, process.gateway, template_id, all_languages=everywhere)
        finally:
            async with self:
                self.busy = False
        async with self:
            self.template_id = 0
        return [success(f"“{name}” is deleted."), rx.redirect("/templates")]
