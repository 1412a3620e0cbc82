"""Customers and the addresses under which WhatsApp knows them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import BigId, Json, enum_type, partial_index

NAME_KEY = "lower(CASE WHEN name <> '' THEN name WHEN profile_name <> '' THEN profile_name ELSE username END)"
"""By what contacts are sorted, spelled as in the index; empty for who is known by a number only."""
COMPANY_KEY = "lower(company)"
EMAIL_KEY = "lower(email)"


class Contact(SQLModel, table=True):
    """A person on WhatsApp. ``name`` is what the team wrote; ``profile_name`` is what WhatsApp says.

    ``opted_out_at``: nothing may be sent. ``marketing_stopped_at``: no marketing templates, as said in WhatsApp itself;
    ``marketing_choice_at`` is when they last said so or took it back.

    The indexes ``ix_contact_…_sorted`` over the expressions above are made by hand in the migration.
    """

    __tablename__ = "contact"
    __table_args__ = (
        sa.Index("ix_contact_created_at_id", "created_at", "id"),
        sa.Index("ix_contact_source", "source"),
        sa.Index("ix_contact_language", "language"),
        partial_index("ix_contact_opted_out", "id", where="opted_out_at IS NOT NULL"),
        partial_index("ix_contact_marketing_stopped", "id", where="marketing_stopped_at IS NOT NULL"),
        partial_index("ix_contact_blocked", "id", where="blocked_at IS NOT NULL"),
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(default="", max_length=120)
    profile_name: str = Field(default="", max_length=255)
    username: str = Field(default="", max_length=64)
    company: str = Field(default="", max_length=120)
    email: str = Field(default="", max_length=254)
    language: str = Field(default="", max_length=16)
    source: str = Field(default="", max_length=64)
    notes: str = Field(default="", sa_type=sa.Text)
    opted_out_at: datetime | None = None
    marketing_stopped_at: datetime | None = None
    marketing_choice_at: datetime | None = None
    blocked_at: datetime | None = None
    created_at: datetime = Field(default_factory=utcnow)
    updated_at: datetime = Field(default_factory=utcnow)


class AddressKind(StrEnum):
    """``PHONE`` is canonical E.164; ``WA_ID`` and ``BSUID`` are written exactly as Meta sends them."""

    PHONE = "phone"
    WA_ID = "wa_id"
    BSUID = "bsuid"


class ContactAddress(SQLModel, table=True):
    """One way to reach a contact. Unique, so two webhooks at once still meet one contact."""

    __tablename__ = "contact_address"
    __table_args__ = (sa.UniqueConstraint("kind", "value"),)

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", ondelete="CASCADE", index=True)
    kind: AddressKind = Field(sa_type=enum_type(AddressKind))
    value: str = Field(max_length=160)
    created_at: datetime = Field(default_factory=utcnow)


class ContactEventKind(StrEnum):
    CREATED = "created"
    IMPORTED = "imported"
    OPTED_OUT = "opted_out"
    OPTED_IN = "opted_in"
    BLOCKED = "blocked"
    UNBLOCKED = "unblocked"
    MERGED = "merged"
    UNTAGGED = "untagged"
    ADDRESS_ADDED = "address_added"
    ADDRESS_REMOVED = "address_removed"


class ContactEvent(SQLModel, table=True):
    """What happened to a contact, for its timeline. Appended only.

    ``by_id`` is who did it; nobody when it was the customer, a rule or an import. ``detail`` says more, for example
    ``{"word": "STOP"}`` or the ``{"name": …}`` of who was merged.
    """

    __tablename__ = "contact_event"
    __table_args__ = (
        sa.Index("ix_contact_event_contact_id_at", "contact_id", "at", "id"),
        sa.Index("ix_contact_event_by_id", "by_id"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    contact_id: int = Field(foreign_key="contact.id", ondelete="CASCADE")
    kind: ContactEventKind = Field(sa_type=enum_type(ContactEventKind, 24))
    at: datetime = Field(default_factory=utcnow)
    by_id: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class ContactApart(SQLModel, table=True):
    """Somebody said that two contacts that look alike are two people. ``first_id`` is the smaller id."""

    __tablename__ = "contact_apart"

    first_id: int = Field(primary_key=True, foreign_key="contact.id", ondelete="CASCADE")
    second_id: int = Field(primary_key=True, foreign_key="contact.id", ondelete="CASCADE", index=True)
    at: datetime = Field(default_factory=utcnow)


class ContactMerge(SQLModel, table=True):
    """What it takes to undo the merge of two contacts, for some minutes.

    ``before`` is read and written by ``services.contacts.unmerging`` alone.
    """

    __tablename__ = "contact_merge"

    id: int | None = Field(default=None, primary_key=True)
    keep_id: int = Field(foreign_key="contact.id", ondelete="CASCADE", index=True)
    name: str = Field(default="", max_length=255)
    at: datetime = Field(default_factory=utcnow, index=True)
    before: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class OptOutMemory(SQLModel, table=True):
    """An address whose contact opted out and was deleted, or lost the address. Whoever gets it is opted out again.

    ``digest`` is the SHA-256 of kind and value: what was deleted is not kept in readable form.
    """

    __tablename__ = "opt_out_memory"

    digest: bytes = Field(primary_key=True, sa_type=sa.LargeBinary)
    at: datetime
