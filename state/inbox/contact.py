"""The right panel: who the customer is."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.base import actor_of, success, unwatch, watch
from state.inbox.paths import selected_in
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import contacts
from wapto_app.services.contacts import ContactCard
from wapto_app.services.errors import NotFound

NO_CARD = ContactCard(
    id=0,
    name="",
    profile_name="",
    username="",
    phone="",
    company="",
    email="",
    language="",
    source="",
    notes="",
    opted_out=False,
    created_at="",
)


class ContactPanel(rx.State):
    """The right panel."""

    card: ContactCard = NO_CARD
    shown: bool = False

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def load(self) -> None:
        conversation_id, actor = selected_in(str(self.router.url.path)), await actor_of(self)
        async with runtime.get().db.read() as session:
            contact_id = await contacts.of_conversation(session, actor, conversation_id)
        if not contact_id:
            unwatch(self, ContactPanel.changed)
            self.card, self.shown = NO_CARD, False
            return
        watch(self, ContactPanel.changed, [f"contact:{contact_id}"])
        await self._read(contact_id)

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def changed(self) -> None:
        if self.card["id"]:
            await self._read(self.card["id"])

    async def _read(self, contact_id: int) -> None:
        actor = await actor_of(self)
        try:
            async with runtime.get().db.read() as session:
                self.card = await contacts.card(session, actor, contact_id)
        except NotFound:
            self.card, self.shown = NO_CARD, False

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    def show(self, shown: bool) -> None:
        self.shown = shown

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def save(self, form: dict[str, str]) -> Any:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await contacts.update(
                session, actor, self.card["id"], name=form.get("name", ""), notes=form.get("notes", "")
            )
        return success("Contact saved.")
