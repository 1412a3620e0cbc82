"""New contacts, what is written about them, and the numbers under which they are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict  # what pydantic validates, below Python 3.12

from integrations.whatsapp.phones import canonical_phone
from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import AddressKind, Contact, ContactAddress, ContactEventKind
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, contact_events, identity, opt_out_memory
from wapto_app.services.account_fields import clean_email, clean_locale
from wapto_app.services.contact_names import (
    COMPANY_MAX,
    NAME_MAX,
    NOTES_MAX,
    SOURCE_MAX,
    TOPIC,
    USERNAME_MAX,
)
from wapto_app.services.contacts.region import default_region
from wapto_app.services.errors import Conflict, Invalid, NotFound
from wapto_app.services.masking import SEEN, Mask, mask_of
from wapto_app.services.plans import Limit, ensure_room
from wapto_app.services.visibility import readable_contact

_USERNAME_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._")
_TEXTS = {
    "name": (NAME_MAX, "A name"),
    "company": (COMPANY_MAX, "A company"),
    "source": (SOURCE_MAX, "A source"),
    "notes": (NOTES_MAX, "Notes"),
}


class ContactForm(TypedDict):
    """What the form of a contact sends."""

    name: str
    company: str
    email: str
    language: str
    source: str
    notes: str


class NewContactForm(ContactForm):
    """With what a new contact is reached by: a number, or a username."""

    phone: str
    username: str


@dataclass(frozen=True, slots=True)
class Met:
    """``find_or_create`` tells whether it made the contact."""

    id: int
    is_new: bool


async def create(session: AsyncSession, actor: Actor, form: NewContactForm) -> int:
    """Write down a new contact; its id.

    Raises:
        Invalid: naming the field; also when somebody has the number or the username already.
        LimitReached: the plan allows no more contacts.
    """
    actor.require(Permission.CONTACTS_DO)
    phone = await _typed_phone(session, form["phone"]) if form["phone"].strip() else ""
    username = clean_username(form["username"])
    if not phone and not username:
        raise Invalid("phone", "Write a phone number, or a username below.")
    values = _values(form, Contact(), SEEN)
    await ensure_room(session, Limit.CONTACTS)
    if username:
        await _check_username(session, username, 0)
    contact_id = await _claimed(session, phone) if phone else await _without_number(session)
    now = utcnow()
    given = {"source": values.pop("source") or "manual", "username": username, "updated_at": now, **values}
    await session.exec(sa.update(Contact).where(col(Contact.id) == contact_id).values(**given))
    await contact_events.record(session, [contact_id], ContactEventKind.CREATED, actor.account_id)
    touch(session, TOPIC, f"contact:{contact_id}")
    return contact_id


async def _claimed(session: AsyncSession, phone: str) -> int:
    met = await find_or_create(session, phone=phone)
    if not met.is_new:
        raise Invalid("phone", "There is a contact with this number already.")
    return met.id


async def _without_number(session: AsyncSession) -> int:
    found = Contact(source="manual")
    session.add(found)
    await session.flush()
    return found.id or 0


async def find_or_create(session: AsyncSession, *, phone: str, name: str = "", source: str = "") -> Met:
    """The contact of a canonical E.164 number, made when there is none; ``name`` is written only where none stands.

    For imports, the API and the like: the caller asks for permission and room. Safe when two do it at once, and when
    the customer writes meanwhile.
    """
    connection = await session.connection()
    contact_id, is_new = await connection.run_sync(
        identity.of_phone, phone, name[:NAME_MAX], source[:SOURCE_MAX]
    )
    touch(session, TOPIC)
    return Met(contact_id, is_new)


async def edit(session: AsyncSession, actor: Actor, contact_id: int, form: ContactForm) -> str:
    """Save what the team knows; the contact's name.

    Raises:
        Invalid: naming the field.
        NotFound: the contact is not there or not visible.
    """
    actor.require(Permission.CONTACTS_DO)
    stored = await of_id(session, actor, contact_id)
    mask = await mask_of(session, actor, contact_id)
    values = _values(form, stored, mask)
    await session.exec(
        sa.update(Contact).where(col(Contact.id) == contact_id).values(**values, updated_at=utcnow())
    )
    touch(session, "inbox", TOPIC, f"contact:{contact_id}")
    return mask.note(values["name"])


async def add_phone(session: AsyncSession, actor: Actor, contact_id: int, text: str) -> None:
    """One more number of the same person; from now on they are written to under it.

    Raises:
        Invalid: it is no number.
        Conflict: somebody else has it.
        NotFound: the contact is not there or not visible.
    """
    actor.require(Permission.CONTACTS_DO)
    await of_id(session, actor, contact_id)
    phone = await _typed_phone(session, text)
    connection = await session.connection()
    owner = await connection.run_sync(identity.claim_phone, contact_id, phone)
    if owner != contact_id:
        raise Conflict("Another contact has this number. If both are one person, merge them.")
    await contact_events.record(
        session, [contact_id], ContactEventKind.ADDRESS_ADDED, actor.account_id, value=phone
    )
    touch(session, "inbox", TOPIC, f"contact:{contact_id}")


async def remove_address(session: AsyncSession, actor: Actor, contact_id: int, address_id: int) -> None:
    """Take a number away from a contact.

    Raises:
        Invalid: it is the last way to reach them.
        NotFound: the contact or the number is not there or not visible.
    """
    actor.require(Permission.CONTACTS_DO)
    contact = await of_id(session, actor, contact_id)
    query = select(ContactAddress).where(ContactAddress.contact_id == contact_id)
    addresses = (await session.exec(query)).all()
    removed = next((each for each in addresses if each.id == address_id), None)
    if removed is None or removed.kind is not AddressKind.PHONE:
        raise NotFound("number")
    same = [each for each in addresses if _is_of(removed.value, each)]
    if len(same) == len(addresses) and not contact.username:
        raise Invalid("", "This is the only way to reach the contact. Add another number first.")
    connection = await session.connection()
    await connection.run_sync(opt_out_memory.remember, [contact_id], [each.id for each in same])
    for each in same:
        await session.delete(each)
    kind = ContactEventKind.ADDRESS_REMOVED
    await contact_events.record(session, [contact_id], kind, actor.account_id, value=removed.value)
    audit.record(session, actor, "contact.number_removed", f"contact:{contact_id}")
    touch(session, "inbox", TOPIC, f"contact:{contact_id}")


async def set_username(session: AsyncSession, actor: Actor, contact_id: int, text: str) -> None:
    """The username under which WhatsApp shows them, with or without @; empty takes it away.

    Raises:
        Invalid: it is none, or somebody else's.
        NotFound: the contact is not there or not visible.
    """
    actor.require(Permission.CONTACTS_DO)
    stored = await of_id(session, actor, contact_id)
    mask = await mask_of(session, actor, contact_id)
    if text.strip() == mask.note(stored.username) and mask.hides:
        return
    username = clean_username(text)
    if username:
        await _check_username(session, username, contact_id)
    await session.exec(
        sa.update(Contact).where(col(Contact.id) == contact_id).values(username=username, updated_at=utcnow())
    )
    touch(session, "inbox", TOPIC, f"contact:{contact_id}")


async def of_id(session: AsyncSession, actor: Actor, contact_id: int) -> Contact:
    """The contact, locked until the transaction ends. Raises NotFound for what is not there or not visible."""
    actor.require(Permission.CONTACTS_SEE)
    query = select(Contact).where(Contact.id == contact_id, readable_contact(actor))
    found = (await session.exec(query.with_for_update(key_share=True))).first()
    if found is None:
        raise NotFound("contact")
    return found


def clean_username(text: str) -> str:
    """Without @ and in lower case. Meta: letters, digits, dots and underscores, 3 to 35 of them.

    Raises:
        Invalid: when it is none.
    """
    name = text.strip().removeprefix("@").lower()
    if name and (not 3 <= len(name) <= 35 or not set(name) <= _USERNAME_LETTERS):
        raise Invalid("username", "A username has 3 to 35 letters, digits, dots or underscores.")
    return name[:USERNAME_MAX]


async def _check_username(session: AsyncSession, username: str, contact_id: int) -> None:
    taken = select(Contact.id).where(
        sa.func.lower(col(Contact.username)) == username, Contact.id != contact_id
    )
    if (await session.exec(taken.limit(1))).first() is not None:
        raise Invalid("username", "There is a contact with this username already.")


async def _typed_phone(session: AsyncSession, text: str) -> str:
    region = await default_region(session)
    phone = canonical_phone(clean_text(text).strip(), region)
    if phone is None:
        example = "+44 20 7946 0018"
        raise Invalid("phone", f"This is no phone number. Write it with its country code, like {example}.")
    return phone


def _values(form: ContactForm, stored: Contact, mask: Mask) -> dict[str, Any]:
    """``mask`` is what hid numbers from whoever filled the form: what they did not see stays."""
    given: dict[str, Any] = dict(form)
    values: dict[str, str] = {}
    for name, (most, what) in _TEXTS.items():
        text = mask.restored(clean_text(given[name]).strip(), getattr(stored, name))
        if len(text) > most:
            verb = "have" if name == "notes" else "has"
            raise Invalid(name, f"{what} {verb} at most {most:,} characters.")
        values[name] = text
    email = mask.restored(given["email"].strip(), stored.email)
    values["email"] = email if email == stored.email else clean_email(email) if email else ""
    language = given["language"].strip()
    if language and language != stored.language:
        try:
            language = clean_locale(language)
        except Invalid as error:
            raise Invalid("language", error.message) from None
    values["language"] = language
    return values


def _is_of(phone: str, address: ContactAddress) -> bool:
    """The number itself, or a spelling of it that WhatsApp uses."""
    if address.kind is AddressKind.PHONE:
        return address.value == phone
    number = f"+{address.value.lstrip('+')}"
    return address.kind is AddressKind.WA_ID and (canonical_phone(number) or number) == phone
