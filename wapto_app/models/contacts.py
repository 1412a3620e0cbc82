"""Customers and the addresses under which WhatsApp knows them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import enum_type


class Contact(SQLModel, table=True):
    """A person on WhatsApp. ``name`` is what the team wrote; ``profile_name`` is what WhatsApp says.

    ``opted_out_at``: nothing may be sent. ``marketing_stopped_at``: no marketing templates, as said in WhatsApp itself;
    ``marketing_choice_at`` is when they last said so or took it back.
    """

    __tablename__ = "contact"

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
