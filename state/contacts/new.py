"""A new contact, and beginning a conversation with one."""

from __future__ import annotations

from typing import Any, TypeAlias

import reflex as rx
from reflex.event import EventSpec

from state.base import Feedback, actor_of, success
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import contacts, fields
from wapto_app.services.contacts import region, starting
from wapto_app.services.contacts.region import Country
from wapto_app.services.contacts.starting import NumberChoice
from wapto_app.services.fields import FieldRow

Written: TypeAlias = dict[str, str | bool | None]
"""What a form with custom fields sends: inputs by name. The browser sends null for those that are not on the page."""

FORM = ("name", "company", "email", "language", "source", "notes")


class NewContact(rx.State):
    """``by`` is what they are reached by: phone or username."""

    is_open: bool = False
    by: str = "phone"
    country: str = ""
    countries: list[Country] = []
    fields: list[FieldRow] = []

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def start(self) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.fields = await fields.all_fields(session, actor)
            self.country = await region.country(session, actor)
        if actor.may(Permission.SETTINGS_DO):
            self.countries = region.countries()
        self.by, self.is_open = "phone", True
        return Feedback.clear()

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def close(self) -> None:
        self.is_open = False

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def reach_by(self, by: str) -> EventSpec:
        self.by = "username" if by == "username" else "phone"
        return Feedback.clear()

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def choose_country(self, value: str) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await region.choose_country(session, actor, value)
        self.country = value
        return success(f"Numbers without a country code are read as numbers of {value}.")

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def save(self, form: Written) -> Any:
        actor, given = await actor_of(self), texts_of(form)
        reach = {"phone": "", "username": "", self.by: str(form.get(self.by) or "")}
        async with runtime.get().db.write() as session:
            found = await contacts.create(session, actor, {**given, **reach})  # type: ignore[typeddict-item]
            await fields.set_values(session, actor, found, fields.given(form), whole=True)
        self.is_open = False
        return [Feedback.clear(), success("The contact is saved."), rx.redirect(f"/contacts/{found}")]


class StartChat(rx.State):
    """``contact_id`` is who is written to; with several numbers of ours one is chosen first."""

    contact_id: int = 0
    name: str = ""
    numbers: list[NumberChoice] = []

    @rx.event
    @requires(Permission.INBOX_DO)
    async def start(self, contact_id: int, name: str) -> Any:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.numbers = await starting.numbers(session, actor)
        if len(self.numbers) > 1:
            self.contact_id, self.name = contact_id, name[:200]
            return Feedback.clear()
        channel_id = int(self.numbers[0]["value"]) if self.numbers else 0
        return await self._go(contact_id, channel_id)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def close(self) -> None:
        self.contact_id = 0

    @rx.event
    @requires(Permission.INBOX_DO)
    async def go(self, form: dict[str, str]) -> Any:
        number = form.get("number", "")
        contact_id, self.contact_id = self.contact_id, 0
        return await self._go(contact_id, int(number) if number.isdecimal() and len(number) < 10 else 0)

    async def _go(self, contact_id: int, channel_id: int) -> Any:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            conversation_id = await starting.start_chat(session, actor, contact_id, channel_id)
        return rx.redirect(f"/inbox/{conversation_id}")


def texts_of(form: Written) -> dict[str, str]:
    """The texts of a form, by the names that every contact has.

    A source is shown in words (``pages.source_words``); as long as these stand there, it is what it was.
    """
    given = {name: str(form.get(name) or "") for name in FORM}
    if "source_was" in form and form.get("source_words") == given["source"]:
        given["source"] = str(form["source_was"] or "")
    return given
