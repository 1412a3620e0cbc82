"""Importing contacts from a file, step by step."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.event import EventSpec

from integrations.tables import Options
from state.base import Feedback, actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import fields, imports
from wapto_app.services.errors import NotFound
from wapto_app.services.imports import ColumnRow, ImportDetail, ImportRow, PlanForm, Target
from wapto_app.services.tasks import PersonOption as Option

PATH = "/contacts/import"
_NUMBER_LENGTH = 9
_STEPS = {"uploaded": 1, "checking": 2, "checked": 2}
_NOBODY = ImportRow(
    id=0, filename="", state="", by="", total=0, position=0, created=0, updated=0, unchanged=0, skipped=0, wrong=0,
    undone=0, kept=0, error="", cancelled=False, created_at="", finished_at="", can_undo=False, has_problems=False,
)  # fmt: skip
_NOTHING = ImportDetail(
    columns=[], region="", policy="skip", tags=[], encoding="", delimiter="", sheet="", sheets=[], header=True,
    created=0, updated=0, unchanged=0, skipped=0, wrong=0, repeated=0, reasons=[], new_tags=[], new_fields=[],
)  # fmt: skip


class Imports(rx.State):
    """``step``: 0 upload, 1 columns, 2 check, 3 import. ``columns`` and what stands beside them are being edited."""

    loaded: bool = False
    allowed: bool = True
    step: int = 0
    head: ImportRow = _NOBODY
    shown: ImportDetail = _NOTHING
    columns: list[ColumnRow] = []
    region: str = ""
    policy: str = "skip"
    tags: str = ""
    field_options: list[Option] = []
    history: list[ImportRow] = []
    undoing: ImportRow = _NOBODY
    _id: int = 0

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def load(self) -> None:
        wanted = self.router.url.query_parameters.get("id", "")
        is_number = wanted.isascii() and wanted.isdecimal() and len(wanted) <= _NUMBER_LENGTH
        self._id = int(wanted) if is_number else 0
        watch(self, Imports.changed, [imports.TOPIC, f"import:{self._id}"])
        self.undoing = _NOBODY
        self.allowed = imports.may_import(await actor_of(self))
        if self.allowed:
            await self._show(fresh=True)
        self.loaded = True

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def changed(self) -> None:
        if self.allowed:
            await self._show(fresh=False)

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def uploaded(self, import_id: int) -> EventSpec:
        return rx.redirect(f"{PATH}?id={import_id}")

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def choose(self, index: int, target: str) -> None:
        """What a column is; ``new`` is a field that is made for it."""
        is_new = target == "new"
        found = {"target": f"new:{index}" if is_new else target, "kind": "text" if is_new else ""}
        self._change(index, label=self.columns[index]["name"][:80] if is_new else "", **found)

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def call(self, index: int, label: str) -> None:
        self._change(index, label=label)

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def make(self, index: int, kind: str) -> None:
        self._change(index, kind=kind)

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def choose_region(self, region: str) -> None:
        self.region = region

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def choose_policy(self, policy: str) -> None:
        self.policy = policy

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def write_tags(self, tags: str) -> None:
        self.tags = tags

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def read_again(self, what: str, value: str) -> EventSpec:
        """Another encoding, delimiter or sheet, or the first row as header or not."""
        known = {name: self.shown[name] for name in ("encoding", "delimiter", "sheet")}  # type: ignore[literal-required]
        header = value == "yes" if what == "header" else self.shown["header"]
        options = Options(**{**known, what: value} if what in known else known, header=header)
        process = runtime.get()
        await imports.reread(process.db, await actor_of(self), process.settings.media_dir, self._id, options)
        await self._show(fresh=True)
        return Feedback.clear()

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def check(self) -> EventSpec:
        targets = [
            Target(target=each["target"], label=each["label"], kind=each["kind"]) for each in self.columns
        ]
        tags = [each.strip() for each in self.tags.replace(";", ",").split(",")]
        form = PlanForm(targets=targets, region=self.region, policy=self.policy, tags=tags)
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await imports.plan(session, actor, self._id, form)
        self.step = 2
        await self._show(fresh=False)
        return Feedback.clear()

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def back(self) -> None:
        """To the columns again."""
        if self.head["state"] == "checked":
            self.step = 1

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def start(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await imports.start(session, actor, self._id)
        await self._show(fresh=False)

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def cancel(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await imports.cancel(session, actor, self._id)
        self.step = 1 if self.step == 2 else self.step
        await self._show(fresh=False)

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def discard(self) -> Any:
        actor, process = await actor_of(self), runtime.get()
        name = self.head["filename"]
        async with process.db.write() as session:
            await imports.discard(session, actor, process.settings.media_dir, self._id)
        return [rx.redirect(PATH), success(f"“{name}” is discarded. Nothing was imported.")]

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def ask_to_undo(self, import_id: int) -> None:
        rows = [each for each in [self.head, *self.history] if each["id"] == import_id]
        self.undoing = rows[0] if rows else _NOBODY

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def do_not_undo(self) -> None:
        self.undoing = _NOBODY

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def undo(self) -> EventSpec | None:
        import_id, self.undoing = self.undoing["id"], _NOBODY
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await imports.undo(session, actor, import_id)
        await self._show(fresh=False)
        return None if self._id == import_id else rx.redirect(f"{PATH}?id={import_id}")

    def _change(self, index: int, **news: str) -> None:
        if 0 <= index < len(self.columns):
            changed: Any = {**self.columns[index], **news}
            self.columns = [*self.columns[:index], changed, *self.columns[index + 1 :]]

    async def _show(self, *, fresh: bool) -> None:
        """``fresh``: what was edited here is given up for what is stored."""
        actor, before = await actor_of(self), self.head["state"]
        async with runtime.get().db.read() as session:
            self.history = await imports.listing(session, actor)
            try:
                self.head = await imports.head(session, actor, self._id) if self._id else _NOBODY
            except NotFound:
                self._id, self.head = 0, _NOBODY
            if not self._id:
                self.step, self.columns = 0, []
                return
            is_news = fresh or before != self.head["state"]
            if is_news and self.head["state"] in _STEPS:
                self.shown = await imports.detail(session, actor, self._id)
            if fresh:
                found = await fields.all_fields(session, actor) if actor.may(Permission.CONTACTS_SEE) else []
                self.field_options = [
                    Option(value=f"field:{each['id']}", label=each["label"]) for each in found
                ]
        if is_news:
            self.step = _STEPS.get(self.head["state"], 3)
        if fresh:
            self.columns, self.region = self.shown["columns"], self.shown["region"]
            self.policy, self.tags = self.shown["policy"], ", ".join(self.shown["tags"])
