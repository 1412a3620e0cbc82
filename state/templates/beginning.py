"""A new template: an empty one, one of ours, or a copy."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import templates
from wapto_app.services.templates import Standing, TemplateForm


class BeginForm(TypedDict):
    """What is asked before an empty one is written. ``account`` only where there are several."""

    name: str
    language: str
    category: str


class CopyForm(TypedDict):
    language: str


class NewTemplate(rx.State):
    """``copied_id`` is what is about to be written in another language, 0 for nothing."""

    loaded: bool = False
    overall: Standing | None = None
    copied_id: int = 0
    copied_name: str = ""

    @rx.event
    @requires(Permission.TEMPLATES_DO)
    async def load(self) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.overall = await templates.standing(session, actor)
        self.loaded = True
        return Feedback.clear()

    @rx.event
    @requires(Permission.TEMPLATES_DO)
    async def begin(self, form: BeginForm) -> Any:
        actor, begun = await actor_of(self), _empty(form)
        async with runtime.get().db.write() as session:
            template_id = await templates.create(session, actor, begun)
        return [Feedback.clear(), rx.redirect(f"/templates/{template_id}/edit")]

    @rx.event
    @requires(Permission.TEMPLATES_DO)
    async def use(self, key: str, language: str) -> Any:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            template_id = await templates.create_from(session, actor, key, language)
        return [Feedback.clear(), rx.redirect(f"/templates/{template_id}/edit")]

    @rx.event
    @requires(Permission.TEMPLATES_DO)
    async def duplicate(self, template_id: int) -> Any:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            copy = await templates.duplicate(session, actor, template_id)
        return [success("The copy is a draft of yours."), rx.redirect(f"/templates/{copy}/edit")]

    @rx.event
    @requires(Permission.TEMPLATES_DO)
    async def ask_language(self, template_id: int, name: str) -> EventSpec:
        self.copied_id, self.copied_name = template_id, name[:512]
        return Feedback.clear()

    @rx.event
    @requires(Permission.TEMPLATES_DO)
    async def close(self) -> None:
        self.copied_id = 0

    @rx.event
    @requires(Permission.TEMPLATES_DO)
    async def translate(self, form: CopyForm) -> Any:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            copy = await templates.duplicate(session, actor, self.copied_id, form["language"])
        self.copied_id = 0
        return [Feedback.clear(), rx.redirect(f"/templates/{copy}/edit")]


def _empty(form: BeginForm) -> TemplateForm:
    name = "_".join(form["name"].lower().replace("-", " ").split())
    category = form["category"]
    otp = [{"type": "BODY"}, {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]}]
    return TemplateForm(
        name=name,
        language=form["language"],
        category=category,
        parameter_format="POSITIONAL" if category == "AUTHENTICATION" else "NAMED",
        components=otp if category == "AUTHENTICATION" else [{"type": "BODY", "text": ""}],
        sample_files={},
        waba_id="",
    )
