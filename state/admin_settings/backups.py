"""Backups: the daily one, one right now, and those that are there."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import backup
from wapto_app.services.backup import BackupRow, Last, Plan, Progress

_PLAN = Plan(daily=False, at="03:00", zone="UTC", keep=7)


class PlanForm(TypedDict):
    """What the form sends; ``daily`` is yes or no."""

    daily: str
    at: str
    zone: str
    keep: str


class Backups(rx.State):
    loaded: bool = False
    rows: list[BackupRow] = []
    plan: Plan = _PLAN
    last: Last = Last(at="", error="")
    progress: Progress = Progress(what="", percent=0, error="")
    leaving: str = ""

    @rx.event
    @requires(Permission.ADMIN)
    async def load(self) -> EventSpec:
        watch(self, Backups.changed, [backup.TOPIC])
        self.leaving = ""
        await self._show()
        return Feedback.clear()

    @rx.event
    @requires(Permission.ADMIN)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.ADMIN)
    async def begin(self) -> None:
        process = runtime.get()
        backup.begin(await actor_of(self), process.settings, process.hub.publish)
        await self._show()

    @rx.event
    @requires(Permission.ADMIN)
    async def save(self, form: PlanForm) -> list[EventSpec]:
        actor, daily = await actor_of(self), form["daily"] == "yes"
        async with runtime.get().db.write() as session:
            await backup.save_plan(
                session, actor, daily=daily, at=form["at"], zone=form["zone"], keep=form["keep"]
            )
        await self._show()
        said = success("The daily backup is set.") if daily else success("No daily backup is made.")
        return [Feedback.clear(), said]

    @rx.event
    @requires(Permission.ADMIN)
    def ask_to_delete(self, name: str) -> None:
        self.leaving = name[:64]

    @rx.event
    @requires(Permission.ADMIN)
    async def delete(self) -> EventSpec:
        actor, name, self.leaving = await actor_of(self), self.leaving, ""
        process = runtime.get()
        async with process.db.write() as session:
            await backup.delete(session, actor, process.settings, name)
        return success(f"The backup {name} is deleted.")

    async def _show(self) -> None:
        actor, process = await actor_of(self), runtime.get()
        self.rows = await backup.listed(actor, process.settings)
        self.progress = backup.progress(actor)
        async with process.db.read() as session:
            self.plan, self.last = await backup.plan(session), await backup.last(session)
        self.loaded = True
