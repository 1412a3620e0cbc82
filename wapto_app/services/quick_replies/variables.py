"""Gaps in a text, such as ``{{first_name}}``, and what we know to put into them.

Beside what is built in, the key of every custom field is a variable. Any other name is a gap that the agent fills in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import Contact, Conversation, CustomField, FieldKind, FieldValue
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.masking import mask_of

BUILT_IN = ("name", "first_name", "agent", "company")
NAME_MAX = 40
_VARIABLE = re.compile(r"\{\{\s*([A-Za-z][A-Za-z0-9_]{0,39})\s*\}\}")


class Gaps(NamedTuple):
    """A text with what is known put in; ``missing`` are the names that still stand in it, each once, in order."""

    text: str
    missing: list[str]


def names_in(text: str) -> list[str]:
    """The variables of a text in small letters, each once, in order."""
    return list(dict.fromkeys(found.lower() for found in _VARIABLE.findall(text)))


def put_in(text: str, values: Mapping[str, str]) -> Gaps:
    """Replace every variable that has a value, in one pass: a value is never taken for a variable."""
    missing: dict[str, None] = {}

    def value(found: re.Match[str]) -> str:
        name = found[1].lower()
        if known := values.get(name, "").strip():
            return known
        missing[name] = None
        return found[0]

    return Gaps(_VARIABLE.sub(value, text), list(missing))


async def values_in(session: AsyncSession, actor: Actor, conversation: Conversation) -> dict[str, str]:
    """What is known of the contact, by the name of the variable. The conversation is one that the actor may see.

    A value that holds a number which is hidden from the actor counts as unknown: half a number helps no customer.
    """
    actor.require(Permission.INBOX_SEE)
    contact = await session.get_one(Contact, conversation.contact_id)
    name = contact.name or contact.profile_name
    known = await _fields(session, conversation.contact_id)
    known |= {
        "name": name,
        "first_name": first_name(name),
        "company": contact.company,
    }
    mask = await mask_of(session, actor, conversation.contact_id)
    seen = {key: value for key, value in known.items() if value and mask.every(value) == value}
    return seen | ({"agent": actor.name} if actor.name else {})


def first_name(name: str) -> str:
    """The first word. Of "Thompson, Maya" it is Maya."""
    _family, comma, given = name.partition(",")
    words = (given if comma and given.strip() else name).split()
    return words[0] if words else ""


async def _fields(session: AsyncSession, contact_id: int) -> dict[str, str]:
    found = await session.exec(
        select(CustomField.key, CustomField.kind, FieldValue.value)
        .join(FieldValue, col(FieldValue.field_id) == col(CustomField.id))
        .where(FieldValue.contact_id == contact_id)
    )
    return {key.lower(): _spoken(kind, value) for key, kind, value in found}


def _spoken(kind: str, value: str) -> str:
    """As one would write it to a customer."""
    if kind != FieldKind.DATE:
        return value
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return value
    return f"{day.day} {day:%B %Y}"
