"""Deleting a template: first what depends on it."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.event import EventSpec

from state.base import Feedback, actor_of, success
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services.templates import removing
from wapto_app.services.templates.removing import Usage


class TemplateRemoval(rx.State):
    """``template_id`` is what is about to be deleted, 0 for nothing."""

    template_id: int = 0
    name: str = ""
    is_draft: bool = False
    languages: int = 1
    all_languages: bool = False
    usage: Usage | None = None
    busy: bool = False

    @rx.event
    @requires(Permission.TEMPLATES_DO)
    async def ask(self, template_id: int, name: str, is_draft: bool) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.usage = await removing.usage(session, actor, template_id)
        self.template_id, self.name, self.is_draft = template_id, name[:512], is_draft
        self.all_languages, self.busy = False, False
        return Feedback.clear()
