"""The page of one contact."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import (
    Account,
    AddressKind,
    Channel,
    Contact,
    ContactAddress,
    ContactEvent,
    ContactEventKind,
    Conversation,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.contact_names import phone_of, shown_name
from wapto_app.services.contacts.blocking import can_block
from wapto_app.services.contacts.listing import opt_state
from wapto_app.services.errors import NotFound
from wapto_app.services.masking import Mask, mask_of
from wapto_app.services.visibility import readable, readable_contact

_MOST_CONVERSATIONS = 50


class AddressRow(TypedDict):
    """A number. ``is_main`` is the one that is written to."""

    id: int
    value: str
    is_main: bool


class ConversationLine(TypedDict):
    """A conversation of the contact. Times are ISO 8601 in UTC."""

    id: int
    channel: str
    status: str
    assignee: str
    preview: str
    last_at: str


class ContactDetails(TypedDict):
    """``shown`` is how they are called; ``opt`` is one of ``filters.OPT_STATES``, since when and by whom, both perhaps
    empty. ``has_user_id``: WhatsApp knows them without a number too. ``may_block``: WhatsApp would take it now."""

    id: int
    shown: str
    name: str
    profile_name: str
    username: str
    phone: str
    company: str
    email: str
    language: str
    source: str
    notes: str
    opt: str
    opt_at: str
    opt_by: str
    blocked_at: str
    may_block: bool
    has_user_id: bool
    created_at: str


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
    opt="",
    opt_at="",
    opt_by="",
    blocked_at="",
    may_block=False,
    has_user_id=False,
    created_at="",
)
"""What stands where no contact is open."""


async def details(session: AsyncSession, actor: Actor, contact_id: int) -> ContactDetails:
    """What is known of a contact. Raises NotFound for who is not there or not visible."""
    actor.require(Permission.CONTACTS_SEE)
    query = select(Contact).where(Contact.id == contact_id, readable_contact(actor))
    found = (await session.exec(query)).first()
    if found is None:
        raise NotFound("contact")
    mask = await mask_of(session, actor, contact_id)
    opt = opt_state(found.opted_out_at, found.marketing_stopped_at)
    opt_at, opt_by = await _opted(session, found, opt)
    phone = mask.phone(await phone_of(session, contact_id))
    texts = {name: mask.note(getattr(found, name)) for name in ("name", "username", "company", "email")}
    profile_name = mask.text(found.profile_name)
    return ContactDetails(
        id=contact_id,
        shown=shown_name(texts["name"], profile_name, texts["username"], phone),
        name=texts["name"],
        profile_name=profile_name,
        username=texts["username"],
        phone=phone,
        company=texts["company"],
        email=texts["email"],
        language=found.language,
        source=mask.note(found.source),
        notes=mask.note(found.notes),
        opt=opt,
        opt_at=opt_at,
        opt_by=opt_by,
        blocked_at=_iso(found.blocked_at),
        may_block=await can_block(session, contact_id),
        has_user_id=await _has_user_id(session, contact_id),
        created_at=found.created_at.isoformat(),
    )


async def addresses(session: AsyncSession, actor: Actor, contact_id: int) -> list[AddressRow]:
    """The numbers, newest first: that one is written to. Raises NotFound as ``details``."""
    actor.require(Permission.CONTACTS_SEE)
    mask = await _visible(session, actor, contact_id)
    rows = await session.exec(
        select(ContactAddress.id, ContactAddress.value)
        .where(ContactAddress.contact_id == contact_id, ContactAddress.kind == AddressKind.PHONE)
        .order_by(col(ContactAddress.id).desc())
    )
    return [
        AddressRow(id=address_id or 0, value=mask.phone(value), is_main=i == 0)
        for i, (address_id, value) in enumerate(rows)
    ]


async def conversations(session: AsyncSession, actor: Actor, contact_id: int) -> list[ConversationLine]:
    """Those that the actor may see, newest first; none for who may not see the inbox. Raises NotFound."""
    actor.require(Permission.CONTACTS_SEE)
    mask = await _visible(session, actor, contact_id)
    if not actor.may(Permission.INBOX_SEE):
        return []
    c = Conversation
    columns: list[Any] = [
        *(col(each) for each in (c.id, c.status, c.preview, c.last_message_at)),
        col(Channel.verified_name),
        col(Account.name).label("assignee"),
    ]
    query: sa.Select[Any] = (
        sa.select(*columns)
        .join(Channel, col(Channel.id) == col(c.channel_id))
        .outerjoin(Account, col(Account.id) == col(c.assignee_id))
        .where(col(c.contact_id) == contact_id, readable(actor))
        .order_by(col(c.last_message_at).desc(), col(c.id).desc())
        .limit(_MOST_CONVERSATIONS)
    )
    return [
        ConversationLine(
            id=row.id,
            channel=row.verified_name,
            status=row.status.value,
            assignee=row.assignee or "",
            preview=mask.every(row.preview),
            last_at=row.last_message_at.isoformat(),
        )
        for row in await fetch(session, query)
    ]


async def _visible(session: AsyncSession, actor: Actor, contact_id: int) -> Mask:
    found = await session.exec(select(Contact.id).where(Contact.id == contact_id, readable_contact(actor)))
    if found.first() is None:
        raise NotFound("contact")
    return await mask_of(session, actor, contact_id)


async def _opted(session: AsyncSession, contact: Contact, opt: str) -> tuple[str, str]:
    """Since when, and who of the team did it."""
    kind = ContactEventKind.OPTED_OUT if opt == "out" else ContactEventKind.OPTED_IN
    columns: list[Any] = [col(ContactEvent.at), col(Account.name)]
    query: sa.Select[Any] = (
        sa.select(*columns)
        .outerjoin(Account, col(Account.id) == col(ContactEvent.by_id))
        .where(col(ContactEvent.contact_id) == contact.id, col(ContactEvent.kind) == kind)
        .order_by(col(ContactEvent.at).desc(), col(ContactEvent.id).desc())
        .limit(1)
    )
    found = await fetch(session, query)
    if opt == "marketing":
        return _iso(contact.marketing_stopped_at), ""
    if opt == "out" and (not found or contact.opted_out_at is None):
        return _iso(contact.opted_out_at), ""
    return (_iso(found[0].at), found[0].name or "") if found else ("", "")


async def _has_user_id(session: AsyncSession, contact_id: int) -> bool:
    query = select(ContactAddress.id).where(
        ContactAddress.contact_id == contact_id, ContactAddress.kind == AddressKind.BSUID
    )
    return (await session.exec(query.limit(1))).first() is not None


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""
