"""The right panel: who the customer is."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from state.base import Feedback, actor_of, success, unwatch, watch
from state.inbox.paths import selected_in
from wapto_app import runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.policy import requires
from wapto_app.services import contacts, fields, tags
from wapto_app.services.contacts import ContactDetails, ContactForm
from wapto_app.services.contacts.details import NOBODY, AddressRow
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.fields import FieldRow
from wapto_app.services.tags import TagChip


class ContactPanel(rx.State):
    """Everything about the customer that is in sight at once; what is folded has a state of its own."""

    card: ContactDetails = NOBODY
    numbers: list[AddressRow] = []
    chips: list[TagChip] = []
    fields: list[FieldRow] = []
    values: dict[str, str] = {}
    shown: bool = False

    @rx.var(initial_value=[])
    def chosen(self) -> list[int]:
        return [chip["id"] for chip in self.chips]

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def load(self) -> None:
        conversation_id, actor = selected_in(str(self.router.url.path)), await actor_of(self)
        async with runtime.get().db.read() as session:
            contact_id = await contacts.of_conversation(session, actor, conversation_id)
        if not contact_id:
            self._empty()
            return
        watch(self, ContactPanel.changed, [f"contact:{contact_id}", tags.TOPIC, fields.TOPIC])
        await self._read(contact_id)

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def changed(self) -> None:
        if self.card["id"]:
            await self._read(self.card["id"])

    def _empty(self) -> None:
        unwatch(self, ContactPanel.changed)
        self.card, self.shown = NOBODY, False
        self.numbers, self.chips, self.fields, self.values = [], [], [], {}

    async def _read(self, contact_id: int) -> None:
        actor = await actor_of(self)
        try:
            async with runtime.get().db.read() as session:
                card = await contacts.details(session, actor, contact_id)
                self.numbers = await contacts.addresses(session, actor, contact_id)
                self.chips = (await tags.chips(session, [contact_id])).get(contact_id, [])
                self.fields = await fields.all_fields(session, actor)
                self.values = (await fields.shown(session, actor, [contact_id])).get(contact_id, {})
        except NotFound:
            self._empty()
            return
        self.card = card

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    def show(self, shown: bool) -> None:
        self.shown = shown

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def put(self, field: str, text: str) -> Any:
        """One line that was edited in its place; what others changed meanwhile in the rest stays."""
        async with self._writing() as (session, actor):
            known = await contacts.details(session, actor, self.card["id"])
            form = ContactForm(**{name: known[name] for name in ContactForm.__annotations__})  # type: ignore[literal-required, typeddict-item]
            if field not in form:
                raise Invalid(field, "There is no such field.")
            await contacts.edit(session, actor, self.card["id"], form | {field: text})  # type: ignore[typeddict-item]
        return Feedback.clear

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def put_field(self, key: str, text: str) -> Any:
        async with self._writing() as (session, actor):
            await fields.set_values(session, actor, self.card["id"], {key: text})
        return Feedback.clear

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def toggle_tag(self, tag_id: int, chosen: bool) -> None:
        async with self._writing() as (session, actor):
            await tags.apply(session, actor, [self.card["id"]], [tag_id], remove=not chosen)

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def create_tag(self, name: str) -> None:
        async with self._writing() as (session, actor):
            made = await tags.ensure(session, actor, [name])
            await tags.apply(session, actor, [self.card["id"]], made)

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def set_consent(self, wanted: bool) -> Any:
        change = contacts.opt_in if wanted else contacts.opt_out
        async with self._writing() as (session, actor):
            await change(session, actor, [self.card["id"]])
        return success("The contact gets messages again." if wanted else "The contact gets no more messages.")

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def block(self) -> Any:
        await self._ask_whatsapp(contacts.block)
        return success(f"{self.card['shown']} is blocked.")

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def unblock(self) -> Any:
        await self._ask_whatsapp(contacts.unblock)
        return success(f"{self.card['shown']} can write again.")

    async def _ask_whatsapp(self, deed: Callable[..., Awaitable[None]]) -> None:
        process = runtime.get()
        await deed(process.db, await actor_of(self), process.gateway, self.card["id"])

    @asynccontextmanager
    async def _writing(self) -> AsyncIterator[tuple[AsyncSession, Actor]]:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            yield session, actor
