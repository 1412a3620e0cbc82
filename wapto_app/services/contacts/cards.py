"""The contact panel: what it shows, and what is written there."""

from __future__ import annotations

from typing import TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import Contact, Conversation
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.contact_names import NAME_MAX, NOTES_MAX, TOPIC, phone_of
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.masking import mask_of
from wapto_app.services.visibility import readable, readable_contact


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
    mask = await mask_of(session, actor, contact_id)
    return ContactCard(
        id=contact_id,
        name=mask.note(found.name),
        profile_name=mask.text(found.profile_name),
        username=mask.note(found.username),
        phone=mask.phone(await phone_of(session, contact_id)),
        company=mask.note(found.company),
        email=mask.note(found.email),
        language=found.language,
        source=mask.note(found.source),
        notes=mask.note(found.notes),
        opted_out=found.opted_out_at is not None,
        created_at=found.created_at.isoformat(),
    )


async def of_conversation(session: AsyncSession, actor: Actor, conversation_id: int) -> int:
    """The contact of a conversation; 0 when it is not there or not visible."""
    actor.require(Permission.CONTACTS_SEE)
    found = await session.exec(
        select(Conversation.contact_id).where(Conversation.id == conversation_id, readable(actor))
    )
    return found.first() or 0


async def update(session: AsyncSession, actor: Actor, contact_id: int, *, name: str, notes: str) -> None:
    """Save what the team wrote about a contact.

    Raises:
        Invalid: when a text is too long.
        NotFound: for a contact that is not there or not visible.
    """
    actor.require(Permission.CONTACTS_DO)
    query = select(Contact.name, Contact.notes).where(Contact.id == contact_id, readable_contact(actor))
    stored = (await session.exec(query.with_for_update())).first()
    if stored is None:
        raise NotFound("contact")
    mask = await mask_of(session, actor, contact_id)
    name = mask.restored(clean_text(name).strip(), stored[0])
    notes = mask.restored(clean_text(notes).strip(), stored[1])
    if len(name) > NAME_MAX:
        raise Invalid("name", f"A name has at most {NAME_MAX} characters.")
    if len(notes) > NOTES_MAX:
        raise Invalid("notes", f"Notes have at most {NOTES_MAX:,} characters.")
    await session.exec(
        sa.update(Contact)
        .where(col(Contact.id) == contact_id)
        .values(name=name, notes=notes, updated_at=utcnow())
    )
    touch(session, "inbox", TOPIC, f"contact:{contact_id}")
