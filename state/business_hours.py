"""When the business answers, as the owner sets it."""

from __future__ import annotations

import json
from typing import Any

import reflex as rx
from pydantic import TypeAdapter, ValidationError
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import business_hours
from wapto_app.services.business_hours import HolidayForm, HoursForm, IntervalForm
from wapto_app.services.errors import Invalid


class _Calendar(TypedDict):
    """What ``week_hours.jsx`` writes."""

    week: list[list[IntervalForm]]
    holidays: list[HolidayForm]


_CALENDAR = TypeAdapter(_Calendar)


class BusinessHours(rx.State):
    """``version`` counts what was read: the editor begins anew with each."""

    loaded: bool = False
    on: bool = False
    time_zone: str = "UTC"
    week: list[list[dict[str, str]]] = []
    holidays: list[dict[str, str]] = []
    version: int = 0
    is_set: bool = False
    is_open: bool = False
    changes_at: str = ""

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def load(self) -> EventSpec:
        watch(self, BusinessHours.changed, [business_hours.TOPIC])
        await self._show()
        return Feedback.clear()

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def save(self, form: dict[str, str | bool]) -> list[EventSpec]:
        wanted = _read(form)
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await business_hours.save(session, actor, wanted)
        await self._show()
        return [Feedback.clear(), success("Your business hours are saved.")]

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            found = await business_hours.load(session, actor)
            status = await business_hours.status(session, actor)
        self.on, self.time_zone = found["on"], found["time_zone"]
        self.week = [[_plain(each) for each in day] for day in found["week"]]
        self.holidays = [_plain(each) for each in found["holidays"]]
        self.is_set, self.is_open, self.changes_at = status["is_set"], status["is_open"], status["changes_at"]
        self.version, self.loaded = self.version + 1, True


def _plain(row: IntervalForm | HolidayForm) -> dict[str, str]:
    return {name: str(value) for name, value in row.items()}


def _read(form: dict[str, Any]) -> HoursForm:
    """A box that is not ticked is left out by the browser."""
    try:
        calendar = _CALENDAR.validate_python(json.loads(str(form.get("calendar", ""))))
    except (ValueError, ValidationError):
        raise Invalid("", "These hours could not be read. Reload the page and try again.") from None
    return HoursForm(on=bool(form.get("on", False)), time_zone=str(form.get("time_zone", "")), **calendar)
