"""Deleting a template: first what depends on it."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.event import EventSpec

from state.base import Feedback, actor_of, success
from state.templates.paths import template_in
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services.templates import removing
from wapto_app.services.templates.removing import Usage


class TemplateRemoval(rx.State):
    """``template_id`` is what is about to be deleted, 0 for nothing; ``usage`` is None while none is."""

    template_id: int = 0
    name: str = ""
    usage: Usage | None = None
    all_languages: bool = False
    busy: bool = False

    @rx.event
    @requires(Permission.TEMPLATES_DO)
    async def ask(self, template_id: int, name: str) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.usage = await removing.usage(session, actor, template_id)
        self.all_languages = self.busy = False
        self.template_id, self.name = template_id, name[:512]
        return Feedback.clear()

    @rx.event
    @requires(Permission.TEMPLATES_DO)
    async def close(self) -> None:
        self.template_id, self.usage = 0, None

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
            is_its_page = template_in(str(self.router.url.path)) == template_id
        process = runtime.get()
        try:
            await removing.delete(process.db, actor, process.gateway, template_id, all_languages=everywhere)
        finally:
            async with self:
                self.busy = False
        async with self:
            self.template_id, self.usage = 0, None
        said = success(f"“{name}” is deleted.")
        return [said, rx.redirect("/templates")] if is_its_page else said
