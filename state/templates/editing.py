"""A template that is being written."""

from __future__ import annotations

from typing import Any, TypedDict

import reflex as rx
from reflex.event import EventSpec
from sqlmodel.ext.asyncio.session import AsyncSession

from state.base import Feedback, actor_of, success
from state.library_picker import LibraryPicker
from state.templates.paths import template_in
from wapto_app import runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.policy import requires
from wapto_app.services import library, templates
from wapto_app.services.errors import NotFound
from wapto_app.services.templates import Standing, TemplateForm, submitting


class SampleFile(TypedDict):
    """A file of the library, as the preview shows it; ``n`` counts those that were picked."""

    n: int
    key: str
    url: str
    name: str
    kind: str


class WrittenForm(TypedDict):
    """``TemplateForm``, as the page holds it."""

    name: str
    language: str
    category: str
    parameter_format: str
    components: list[dict[str, Any]]
    sample_files: dict[str, str]
    waba_id: str


class TemplateEditing(rx.State):
    """``saved`` is the number of the version that is kept, ``opened`` changes with each template that is opened.

    ``why`` says why it cannot be edited now; empty when it can. ``files`` are by their keys.
    """

    loaded: bool = False
    missing: bool = False
    opened: int = 0
    template_id: int = 0
    status: str = ""
    why: str = ""
    has_edit: bool = False
    form: WrittenForm | None = None
    files: dict[str, SampleFile] = {}
    problems: dict[str, str] = {}
    saved: int = 0
    picked: SampleFile | None = None
    overall: Standing | None = None
    busy: bool = False

    @rx.event
    @requires(Permission.TEMPLATES_DO)
    async def load(self) -> EventSpec:
        self.template_id, actor = template_in(str(self.router.url.path)), await actor_of(self)
        self.loaded = self.missing = self.busy = False
        (await self.get_state(LibraryPicker)).opened = ""
        async with runtime.get().db.read() as session:
            try:
                await self._read(session, actor)
            except NotFound:
                self.missing, self.form = True, None
        self.opened, self.loaded = self.opened + 1, True
        return Feedback.clear()

    @rx.event
    @requires(Permission.TEMPLATES_DO)
    async def write(self, form: TemplateForm, number: int) -> EventSpec:
        actor = await actor_of(self)
        self.problems = templates.problems(form)
        async with runtime.get().db.write() as session:
            await templates.save(session, actor, self.template_id, form)
        self.saved, self.has_edit = number, self.status != "DRAFT"
        return Feedback.clear()

    @rx.event
    @requires(Permission.MEDIA_SEE)
    async def take_file(self, keys: list[str]) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            row = await library.get(session, actor, keys[0] if keys else "")
        before = self.picked["n"] if self.picked else 0
        self.picked = SampleFile(**{**_file(row), "n": before + 1})  # type: ignore[typeddict-item]

    @rx.event(background=True)
    @requires(Permission.TEMPLATES_DO)
    async def submit(self, form: TemplateForm, number: int) -> Any:
        """Kept first: what Meta refuses is not lost."""
        async with self:
            actor, template_id, self.busy = await actor_of(self), self.template_id, True
            self.problems = templates.problems(form)
        try:
            await _keep_and_submit(actor, template_id, form)
        finally:
            async with self:
                self.busy = False
        async with self:
            self.saved = number
        said = success(f"“{form['name']}” is submitted. WhatsApp reviews it now.")
        return [Feedback.clear(), said, rx.redirect(f"/templates/{template_id}")]

    @rx.event
    @requires(Permission.TEMPLATES_DO)
    async def forget_edit(self) -> Any:
        """What was written and not submitted: the template stays as Meta has it."""
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await templates.forget_edit(session, actor, self.template_id)
        return [success("The changes are thrown away."), rx.redirect(f"/templates/{self.template_id}")]

    async def _read(self, session: AsyncSession, actor: Actor) -> None:
        found = await templates.details(session, actor, self.template_id)
        form = await templates.form_of_draft(session, actor, self.template_id)
        self.form = WrittenForm(**form)
        self.status, self.why = found["row"]["status"], found["may"]["edit_why"]
        self.has_edit, self.saved, self.picked = found["row"]["has_edit"], 0, None
        self.problems = templates.problems(form)
        self.files = await files_of(session, actor, form["sample_files"])
        self.overall = await templates.standing(session, actor)


async def _keep_and_submit(actor: Actor, template_id: int, form: TemplateForm) -> None:
    process = runtime.get()
    async with process.db.write() as session:
        await templates.save(session, actor, template_id, form)
    await submitting.submit(process.db, actor, process.gateway, process.settings.media_dir, template_id)


async def files_of(session: AsyncSession, actor: Actor, samples: dict[str, str]) -> dict[str, SampleFile]:
    """By key; without those that are gone, or that the actor may not see."""
    found: dict[str, SampleFile] = {}
    if not actor.may(Permission.MEDIA_SEE):
        return found
    for key in samples.values():
        try:
            found[key] = _file(await library.get(session, actor, key))
        except NotFound:
            continue
    return found


def _file(row: library.LibraryRow) -> SampleFile:
    return SampleFile(n=0, key=row["key"], url=f"/library/{row['key']}", name=row["name"], kind=row["kind"])
