"""Contact cards: people of our own contacts, or somebody whose name and number are typed."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, TypedDict

import phonenumbers
import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict as FormDict  # what pydantic validates, below Python 3.12

from integrations.whatsapp import messages
from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.models import AddressKind, Contact, ContactAddress
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import search
from wapto_app.services.contacts import phone_of, shown_name
from wapto_app.services.errors import Conflict, Invalid, NotFound
from wapto_app.services.inbox.commands import AT_ONCE, answered_wamid
from wapto_app.services.outbox import Draft, enqueue
from wapto_app.services.visibility import conversation_for, readable_contact

CARDS_MAX = 10
_NAME_MAX = 120
_TEXT_MAX = 200


class OutgoingCard(FormDict):
    """``contact_id`` names one of our contacts; 0 for somebody whose details are typed."""

    contact_id: int
    name: str
    phone: str
    email: str
    company: str


async def send_cards(
    session: AsyncSession,
    actor: Actor,
    conversation_id: int,
    cards: list[OutgoingCard],
    *,
    reply_to: int = 0,
    hold: timedelta = AT_ONCE,
) -> int:
    """Send up to ten contact cards in one message.

    Raises:
        Invalid: a name or number is missing or wrong; ``field`` is ``cards.<n>.<part>``.
        Conflict: numbers are hidden from the actor, who may not hand them on either.
        NotFound: a contact or the conversation is not there or not visible.
    """
    actor.require(Permission.INBOX_DO)
    if not 1 <= len(cards) <= CARDS_MAX:
        raise Invalid("cards", f"Choose one to {CARDS_MAX} contacts.")
    await conversation_for(session, actor, conversation_id)
    made = [await _card(session, actor, number, card) for number, card in enumerate(cards)]
    content = {
        "kind": "contacts",
        "contacts": made,
        "cards": [_shown(card) for card in made],
    }
    names = ", ".join(str(card["name"]["formatted_name"]) for card in made)
    wamid = await answered_wamid(session, conversation_id, reply_to)
    draft = Draft("contacts", names, content, reply_to_wamid=wamid, hold=hold)
    return await enqueue(session, actor, conversation_id, draft)


def _shown(card: dict[str, Any]) -> dict[str, Any]:
    """As cards look that customers send, which the bubble knows."""
    return {
        "name": card["name"]["formatted_name"],
        "phones": card.get("phones", []),
        "company": card.get("org", {}).get("company", ""),
        "emails": card.get("emails", []),
    }


async def _card(session: AsyncSession, actor: Actor, number: int, card: OutgoingCard) -> dict[str, Any]:
    if card["contact_id"]:
        card = await _of_contact(session, actor, card["contact_id"])
    name, company = clean_text(card["name"]).strip(), clean_text(card["company"]).strip()
    email = clean_text(card["email"]).strip()
    if not name:
        raise Invalid(f"cards.{number}.name", "A contact card needs a name.")
    if len(name) > _NAME_MAX or len(company) > _TEXT_MAX or len(email) > _TEXT_MAX:
        raise Invalid(f"cards.{number}.name", "This is too long for a contact card.")
    phone = _phone(number, card["phone"])
    return messages.contact_card(
        name,
        phones=[{"phone": phone, "type": "CELL", "wa_id": phone.lstrip("+")}],
        emails=[{"email": email, "type": "WORK"}] if email else (),
        company=company or None,
    )


def _phone(number: int, text: str) -> str:
    try:
        parsed = phonenumbers.parse(text)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_possible_number(parsed):
        raise Invalid(
            f"cards.{number}.phone", "Write the number with its country code, such as +44 20 7946 0018."
        )
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


async def _of_contact(session: AsyncSession, actor: Actor, contact_id: int) -> OutgoingCard:
    actor.require(Permission.CONTACTS_SEE)
    if actor.hide_phone:
        raise Conflict("Phone numbers are hidden from you, so you cannot hand on contacts.")
    query = select(Contact).where(Contact.id == contact_id, readable_contact(actor))
    found = (await session.exec(query)).first()
    if found is None:
        raise NotFound("contact")
    phone = await phone_of(session, contact_id)
    name = shown_name(found.name, found.profile_name, found.username, phone)
    return OutgoingCard(contact_id=0, name=name, phone=phone, email=found.email, company=found.company)


class ShareableContact(TypedDict):
    """Somebody whose card can be sent."""

    id: int
    name: str
    phone: str


async def shareable(
    session: AsyncSession, actor: Actor, text: str, *, limit: int = 20
) -> list[ShareableContact]:
    """Contacts with a number that the search finds; the newest ones without words.

    Empty for whom numbers are hidden: they may not hand them on.
    """
    actor.require(Permission.CONTACTS_SEE)
    if actor.hide_phone:
        return []
    c = Contact
    query = (
        sa.select(
            col(c.id), col(c.name), col(c.profile_name), col(c.username), _newest_number().label("phone")
        )
        .where(readable_contact(actor), _newest_number().is_not(None))
        .order_by(col(c.id).desc())
        .limit(min(limit, 50))
    )
    if words := text.strip():
        query = query.where(col(c.id).in_(search.contact_ids(words)))
    found = (await (await session.connection()).execute(query)).all()
    return [
        ShareableContact(
            id=row.id, name=shown_name(row.name, row.profile_name, row.username, row.phone), phone=row.phone
        )
        for row in found
    ]


def _newest_number() -> sa.ScalarSelect[Any]:
    a = ContactAddress
    return (
        sa.select(col(a.value))
        .where(col(a.contact_id) == col(Contact.id), col(a.kind) == AddressKind.PHONE)
        .order_by(col(a.id).desc())
        .limit(1)
        .correlate(Contact)
        .scalar_subquery()
    )
