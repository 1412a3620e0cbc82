"""How contacts are called, and by what they are listed."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import AddressKind, Contact, ContactAddress

TOPIC = "contacts"
"""Woken whenever the list of contacts may look different."""
NAME_MAX = 120
COMPANY_MAX = 120
SOURCE_MAX = 64
USERNAME_MAX = 64
NOTES_MAX = 10_000


def shown_name(name: str, profile_name: str, username: str, phone: str) -> str:
    """The best name we have for a contact."""
    return name or profile_name or (f"@{username}" if username else "") or phone or "Unknown contact"


async def phone_of(session: AsyncSession, contact_id: int) -> str:
    """The E.164 number of a contact, or an empty text when only a username is known."""
    found = await session.exec(
        select(ContactAddress.value)
        .where(ContactAddress.contact_id == contact_id, ContactAddress.kind == AddressKind.PHONE)
        .order_by(col(ContactAddress.id).desc())
        .limit(1)
    )
    return found.first() or ""


def phone_column() -> sa.ScalarSelect[Any]:
    """The newest E.164 number of the contact of the row."""
    return (
        sa.select(col(ContactAddress.value))
        .where(
            col(ContactAddress.contact_id) == col(Contact.id),
            col(ContactAddress.kind) == AddressKind.PHONE,
        )
        .order_by(col(ContactAddress.id).desc())
        .limit(1)
        .correlate(Contact)
        .scalar_subquery()
    )


def name_columns() -> list[Any]:
    """What ``shown_name`` needs of the contact of a row."""
    return [
        col(Contact.id).label("contact_id"),
        col(Contact.name),
        col(Contact.profile_name),
        col(Contact.username),
        phone_column().label("phone"),
    ]


def name_of(mask: Any, row: Any) -> str:
    """The name of a row with ``name_columns``, as whoever the mask is for may read it."""
    names = mask.note(row.name), mask.text(row.profile_name), mask.note(row.username)
    return shown_name(*names, mask.phone(row.phone))
