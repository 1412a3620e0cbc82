"""The custom fields in their order, and the dialog in which one is made or changed."""

from __future__ import annotations

from typing import NotRequired, TypedDict

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict as FormDict  # what pydantic validates, below Python 3.12

from state.base import Feedback, actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import fields
from wapto_app.services.fields import FieldForm, FieldLine


class FieldInputs(FormDict):
    """What the form sends. Inputs that a kind does not have are left out, as is a box that is not ticked."""

    label: str
    help: str
    key: NotRequired[str]
    kind: NotRequired[str]
    minimum: NotRequired[str]
    maximum: NotRequired[str]
    options: NotRequired[str]
    required: NotRequired[bool]


class OptionLine(TypedDict):
    """A choice as it is called, and how many contacts have it."""

    was: str
    now: str
    contacts: int


class Fields(rx.State):
    """``leaving`` is about to be deleted; ``used`` and ``limit`` are of the plan, -1 for no limit."""

    rows: list[FieldLine] = []
    used: int = 0
    limit: int = -1
    loaded: bool = False
    leaving_id: int = 0
    leaving_label: str = ""
    leaving_values: int = 0
    leaving_segments: list[str] = []

    @rx.event
    @requires(Permission.TAGS_SEE)
    async def load(self) -> None:
        watch(self, Fields.changed, [fields.TOPIC])
        self.leaving_id = 0
        await self._show()

    @rx.event
    @requires(Permission.TAGS_SEE)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.TAGS_DO)
    async def move(self, field_id: int, place: int) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await fields.move(session, actor, field_id, place)
        await self._show()

    @rx.event
    @requires(Permission.TAGS_DO)
    async def step(self, field_id: int, step: int) -> EventSpec | None:
        """One place up (-1) or down (1)."""
        ids = [row["id"] for row in self.rows]
        return Fields.move(field_id, ids.index(field_id) + step) if field_id in ids else None

    @rx.event
    @requires(Permission.TAGS_DO)
    async def ask_to_delete(self, field_id: int, label: str) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            effects = await fields.effects(session, actor, field_id)
        self.leaving_values, self.leaving_segments = effects["values"], effects["segments"]
        self.leaving_id, self.leaving_label = field_id, label

    @rx.event
    @requires(Permission.TAGS_DO)
    async def do_not_delete(self) -> None:
        self.leaving_id = 0

    @rx.event
    @requires(Permission.TAGS_DO)
    async def delete(self) -> EventSpec:
        field_id, self.leaving_id = self.leaving_id, 0
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            label = await fields.delete(session, actor, field_id)
        return success(f"“{label}” is deleted.")

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.rows = await fields.listing(session, actor)
            self.used, self.limit = await fields.room(session, actor)
        self.loaded = True


class FieldDialog(rx.State):
    """``field_id`` is 0 for a new field, whose ``kind`` can still be chosen."""

    is_open: bool = False
    field_id: int = 0
    label: str = ""
    key: str = ""
    kind: str = "text"
    help: str = ""
    minimum: str = ""
    maximum: str = ""
    required: bool = False
    options: list[OptionLine] = []

    @rx.event
    @requires(Permission.TAGS_DO)
    async def start(self) -> EventSpec:
        self.reset()
        self.is_open = True
        return Feedback.clear()

    @rx.event
    @requires(Permission.TAGS_DO)
    async def edit(self, field_id: int) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            row = await fields.get(session, actor, field_id)
            counts = await fields.option_counts(session, actor, field_id) if row["options"] else {}
        for name in ("label", "key", "kind", "help", "minimum", "maximum", "required"):
            setattr(self, name, row[name])
        self.options = [
            OptionLine(was=each, now=each, contacts=counts.get(each, 0)) for each in row["options"]
        ]
        self.field_id, self.is_open = field_id, True
        return Feedback.clear()

    @rx.event
    @requires(Permission.TAGS_DO)
    async def choose_kind(self, kind: str) -> None:
        self.kind = kind

    @rx.event
    @requires(Permission.TAGS_DO)
    async def close(self) -> None:
        self.is_open = False

    @rx.event
    @requires(Permission.TAGS_DO)
    async def save(self, form: FieldInputs) -> list[EventSpec]:
        wanted = _read(form)
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            if self.field_id:
                await fields.change(session, actor, self.field_id, wanted)
            else:
                await fields.create(session, actor, wanted)
        self.is_open = False
        return [Feedback.clear(), success(f"“{' '.join(wanted['label'].split())}” is saved.")]


def _read(form: FieldInputs) -> FieldForm:
    return FieldForm(
        label=form["label"],
        help=form["help"],
        key=form.get("key", ""),
        kind=form.get("kind", ""),
        minimum=form.get("minimum", ""),
        maximum=form.get("maximum", ""),
        options=form.get("options", ""),
        required=form.get("required", False),
    )
