"""The page of one contact."""

from __future__ import annotations

from typing import Any

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success, unwatch, watch
from state.contacts.merging import MergeContacts
from state.contacts.new import Written, texts_of
from state.contacts.templates import SendTemplate
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import contacts, fields, tags, tasks
from wapto_app.services.contacts import ContactDetails, TimelineRow, deleting
from wapto_app.services.contacts.details import AddressRow, ConversationLine
from wapto_app.services.errors import NotFound
from wapto_app.services.fields import FieldRow
from wapto_app.services.tags import TagChip
from wapto_app.services.tasks import TaskRow

_ID_LENGTH = 9
NOBODY = ContactDetails(
    id=0,
    shown="",
    name="",
    profile_name="",
    username="",
    phone="",
    company="",
    email="",
    language="",
    source="",
    notes="",
    opt="in",
    opt_at="",
    opt_by="",
    blocked_at="",
    may_block=False,
    has_user_id=False,
    created_at="",
)


class NumberForm(TypedDict):
    phone: str


class UsernameForm(TypedDict):
    username: str


class ContactPage(rx.State):
    """``dialog`` names the open one; ``gone``: there is no such contact, or not for this eye."""

    who: ContactDetails = NOBODY
    addresses: list[AddressRow] = []
    tags: list[TagChip] = []
    tag_ids: list[int] = []
    fields: list[FieldRow] = []
    values: dict[str, str] = {}
    conversations: list[ConversationLine] = []
    tasks: list[TaskRow] = []
    timeline: list[TimelineRow] = []
    loaded: bool = False
    gone: bool = False
    dialog: str = ""
    busy: bool = False
    lost_conversations: int = 0
    lost_messages: int = 0

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def load(self) -> EventSpec:
        contact_id = _id_in(str(self.router.url.path))
        self.who, self.dialog, self.loaded, self.busy = NOBODY, "", False, False
        (await self.get_state(MergeContacts)).is_open = False
        (await self.get_state(SendTemplate)).is_open = False
        if contact_id:
            topics = [f"contact:{contact_id}", tags.TOPIC, tasks.TOPIC]
            watch(self, ContactPage.changed, topics)
        await self._read(contact_id)
        return Feedback.clear()

    @rx.event
    @requires(Permission.CONTACTS_SEE)
    async def changed(self) -> None:
        if self.who["id"]:
            await self._read(self.who["id"])

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def save(self, form: Written) -> list[EventSpec]:
        actor, contact_id = await actor_of(self), self.who["id"]
        async with runtime.get().db.write() as session:
            await contacts.edit(session, actor, contact_id, texts_of(form))  # type: ignore[arg-type]
            await fields.set_values(session, actor, contact_id, fields.given(form), whole=True)
        return [Feedback.clear(), success("The contact is saved.")]

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def add_number(self, form: NumberForm) -> list[EventSpec]:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await contacts.add_phone(session, actor, self.who["id"], form["phone"])
        self.dialog = ""
        return [Feedback.clear(), success("The number is added.")]

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def remove_number(self, address_id: int) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await contacts.remove_address(session, actor, self.who["id"], address_id)
        return success("The number is removed.")

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def set_username(self, form: UsernameForm) -> list[EventSpec]:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await contacts.set_username(session, actor, self.who["id"], form["username"])
        self.dialog = ""
        return [Feedback.clear(), success("The username is saved.")]

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def tag(self, tag_id: int, worn: bool) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await tags.apply(session, actor, [self.who["id"]], [tag_id], remove=not worn)

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def create_tag(self, name: str) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            made = await tags.ensure(session, actor, [name[:200]])
            await tags.apply(session, actor, [self.who["id"]], made)

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def opt(self, is_in: bool) -> EventSpec:
        actor, change = await actor_of(self), contacts.opt_in if is_in else contacts.opt_out
        async with runtime.get().db.write() as session:
            await change(session, actor, [self.who["id"]])
        return success(
            "The contact gets messages again." if is_in else "Nothing is sent to this contact any more."
        )

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def ask(self, dialog: str) -> EventSpec:
        if dialog == "delete":
            actor = await actor_of(self)
            async with runtime.get().db.read() as session:
                goes = await deleting.preview(session, actor, [self.who["id"]])
            self.lost_conversations, self.lost_messages = goes["conversations"], goes["messages"]
        self.dialog = dialog[:16]
        return Feedback.clear()

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def close(self) -> None:
        self.dialog = ""

    @rx.event(background=True)
    @requires(Permission.CONTACTS_DO)
    async def block(self, blocks: bool) -> Any:
        process, change = runtime.get(), contacts.block if blocks else contacts.unblock
        async with self:
            actor, contact_id, self.busy = await actor_of(self), self.who["id"], True
        try:
            await change(process.db, actor, process.gateway, contact_id)
        finally:
            async with self:
                self.busy, self.dialog = False, ""
        return success("The contact is blocked." if blocks else "The contact is not blocked any more.")

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def delete(self) -> Any:
        process, actor, name = runtime.get(), await actor_of(self), self.who["shown"]
        unwatch(self, ContactPage.changed)
        await contacts.delete(process.db, actor, process.settings.media_dir, [self.who["id"]])
        self.dialog, self.who = "", NOBODY
        return [success(f"{name} is deleted."), rx.redirect("/contacts")]

    async def _read(self, contact_id: int) -> None:
        actor = await actor_of(self)
        try:
            async with runtime.get().db.read() as session:
                self.who = await contacts.details(session, actor, contact_id)
                self.addresses = await contacts.addresses(session, actor, contact_id)
                self.conversations = await contacts.conversations(session, actor, contact_id)
                self.timeline = await contacts.timeline(session, actor, contact_id)
                self.fields = await fields.all_fields(session, actor)
                self.values = (await fields.shown(session, actor, [contact_id])).get(contact_id, {})
                self.tags = (await tags.chips(session, [contact_id])).get(contact_id, [])
                may_see = actor.may(Permission.INBOX_SEE)
                self.tasks = await tasks.of_contact(session, actor, contact_id) if may_see else []
            self.gone = False
        except NotFound:
            self.who, self.gone = NOBODY, True
        self.tag_ids, self.loaded = [each["id"] for each in self.tags], True


def _id_in(path: str) -> int:
    """The contact that the address names; 0 for none."""
    last = path.rstrip("/").rsplit("/", 1)[-1]
    return int(last) if last.isascii() and last.isdecimal() and len(last) <= _ID_LENGTH else 0
