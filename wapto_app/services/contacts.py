"""Contacts: what the team knows and writes about a customer."""

from __future__ import annotations

import re
from typing import TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import AddressKind, Contact, ContactAddress
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.visibility import readable_contact

NAME_MAX = 120
NOTES_MAX = 10_000
_NUMBER = re.compile(r"\+?\d{6,}")


class ContactCard(TypedDict):
    """The contact panel."""

    id: int
    name: str
    profile_name: str
    username: str
    phone: str
    company: str
    email: str
    language: str
    source: str
    notes: str
    opted_out: bool
    created_at: str


def mask_phone(phone: str) -> str:
    """What an agent without the right to see numbers gets: country code and the last two digits."""
    return f"{phone[:3]}•••••{phone[-2:]}" if len(phone) > 6 else "•••"


def mask_numbers(text: str) -> str:
    """A sentence of WhatsApp's without the phone numbers in it."""
    return _NUMBER.sub(lambda found: mask_phone(found.group()), text)


def shown_name(name: str, profile_name: str, username: str, phone: str) -> str:
    """The best name we have for a contact."""
    return name or profile_name or (f"@{username}" if username else "") or phone or "Unknown contact"


async def card(session: AsyncSession, actor: Actor, contact_id: int) -> ContactCard:
    """Everything the contact panel shows.

    Raises:
        NotFound: for a contact that is not there or not visible.
    """
    actor.require(Permission.CONTACTS_SEE)
    query = select(Contact).where(Contact.id == contact_id, readable_contact(actor))
    found = (await session.exec(query)).first()
    if found is None:
        raise NotFound("contact")
    phone = await phone_of(session, contact_id)
    return ContactCard(
        id=contact_id,
        name=found.name,
        profile_name=found.profile_name,
        username=found.username,
        phone=mask_phone(phone) if actor.hide_phone and phone else phone,
        company=found.company,
        email=found.email,
        language=found.language,
        source=found.source,
        notes=found.notes,
        opted_out=found.opted_out_at is not None,
        created_at=found.created_at.isoformat(),
    )


async def phone_of(session: AsyncSession, contact_id: int) -> str:
    """The E.164 number of a contact, or an empty text when only a username is known."""
    found = await session.exec(
        select(ContactAddress.value)
        .where(ContactAddress.contact_id == contact_id, ContactAddress.kind == AddressKind.PHONE)
        .order_by(col(ContactAddress.id).desc())
        .limit(1)
    )
    return found.first() or ""


async def update(session: AsyncSession, actor: Actor, contact_id: int, *, name: str, notes: str) -> None:
    """Save what the team wrote about a contact.

    Raises:
        Invalid: when a text is too long.
        NotFound: for a contact that is not there or not visible.
    """
    actor.require(Permission.CONTACTS_DO)
    name, notes = clean_text(name).strip(), clean_text(notes).strip()
    if len(name) > NAME_MAX:
        raise Invalid("name", f"A name has at most {NAME_MAX} characters.")
    if len(notes) > NOTES_MAX:
        raise Invalid("notes", f"Notes have at most {NOTES_MAX:,} characters.")
    changed = await session.exec(
        sa.update(Contact)
        .where(col(Contact.id) == contact_id, readable_contact(actor))
        .values(name=name, notes=notes, updated_at=utcnow())
    )
    if changed.rowcount == 0:
        raise NotFound("contact")
    touch(session, "inbox", f"contact:{contact_id}")
