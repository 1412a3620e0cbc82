"""A template for one contact, also where there is no conversation yet."""

from __future__ import annotations

from typing import Any, TypedDict

import reflex as rx
from reflex.event import EventSpec

from state.base import Feedback, actor_of, success
from state.inbox.writing_help import NOTHING, Attached
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import contacts, library, once, outbox, templates
from wapto_app.services.contacts import EVERYONE, ContactFilter, ContactRow, starting
from wapto_app.services.contacts.starting import NumberChoice
from wapto_app.services.inbox.outgoing import OutgoingTemplate
from wapto_app.services.templates import Form, TemplateRow, to_contact

_PEOPLE = 20


class Person(TypedDict):
    """Somebody to write to, as far as the actor may see them."""

    id: int
    name: str
    phone: str


class SendTemplate(rx.State):
    """``contact_id`` is who gets it, 0 while that is to be found; ``wanted`` is a template to begin with, 0 for none.

    ``answered`` counts what the server heard.
    """

    is_open: bool = False
    contact_id: int = 0
    name: str = ""
    wanted: int = 0
    people: list[Person] = []
    numbers: list[NumberChoice] = []
    rows: list[TemplateRow] | None = None
    form: Form | None = None
    attached: Attached = NOTHING
    answered: int = 0

    @rx.event
    @requires(Permission.INBOX_DO)
    async def start(self, contact_id: int, name: str, template_id: int) -> EventSpec:
        """To a contact whose page it is, or (0) to somebody who is found first."""
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.numbers = await starting.numbers(session, actor)
        self.rows, self.form, self.people = None, None, []
        self.contact_id, self.name, self.wanted, self.is_open = contact_id, name[:200], template_id, True
        return Feedback.clear()

    @rx.event
    @requires(Permission.INBOX_DO)
    async def close(self) -> EventSpec:
        self.is_open, self.contact_id, self.rows, self.form, self.people = False, 0, None, None, []
        return Feedback.clear()

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def find_people(self, words: str) -> None:
        actor, wanted = await actor_of(self), ContactFilter(**{**EVERYONE, "search": words[:100]})  # type: ignore[typeddict-item]
        async with runtime.get().db.read() as session:
            page = await contacts.listing(session, actor, wanted, limit=_PEOPLE)
        self.people = [Person(id=row["id"], name=_shown(row), phone=row["phone"]) for row in page.rows]

    @rx.event
    @requires(Permission.INBOX_DO)
    async def take(self, contact_id: int, name: str) -> None:
        self.contact_id, self.name = contact_id, name[:200]

    @rx.event
    @requires(Permission.INBOX_DO)
    async def find(self, channel_id: int, words: str) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.rows = await to_contact.choices(session, actor, self.contact_id, channel_id, words)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def choose(self, channel_id: int, template_id: int) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.form = await to_contact.form(session, actor, self.contact_id, channel_id, template_id)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def sync(self, channel_id: int) -> Any:
        actor, process = await actor_of(self), runtime.get()
        listed = (await templates.sync(process.db, actor, process.gateway)).listed
        return [success(f"WhatsApp lists {listed} templates."), SendTemplate.find(channel_id, "")]

    @rx.event
    @requires(Permission.INBOX_DO)
    async def attach(self, keys: list[str]) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            files = await library.attached(session, actor, keys)
        self.attached = Attached(n=self.attached["n"] + 1, purpose="template", files=files)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def send(self, channel_id: int, ref: str, template: OutgoingTemplate) -> Any:
        self.answered += 1
        actor, who = await actor_of(self), self.contact_id
        async with runtime.get().db.write() as session:
            hold = await outbox.hold_of(session, actor)
            if await once.is_first(session, actor, ref):
                await to_contact.send(session, actor, who, channel_id, template, hold=hold)
        self.is_open, self.contact_id = False, 0
        return [Feedback.clear(), success(f"The template is on its way to {self.name}.")]


def _shown(row: ContactRow) -> str:
    return row["name"] or (f"@{row['username']}" if row["username"] else row["phone"])
