"""Custom fields: what a business wants to know of its customers beyond name and number."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import Json, enum_type


class FieldKind(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    DATE = "date"
    SELECT = "select"
    YES_NO = "yes_no"


class CustomField(SQLModel, table=True):
    """A field that every contact has. ``key`` names it in variables (``{{city}}``) and files and never changes.

    ``minimum`` and ``maximum`` bound a number, the length of a text, or (as ISO dates) a date; empty is no bound.
    ``options`` are the choices of a ``SELECT``, in their order.
    """

    __tablename__ = "custom_field"

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(max_length=40, unique=True)
    label: str = Field(max_length=80)
    kind: FieldKind = Field(sa_type=enum_type(FieldKind, 16))
    help: str = Field(default="", max_length=200)
    minimum: str = Field(default="", max_length=32)
    maximum: str = Field(default="", max_length=32)
    required: bool = False
    options: list[str] = Field(default_factory=list, sa_type=Json)
    position: int = 0
    created_at: datetime = Field(default_factory=utcnow)


class FieldValue(SQLModel, table=True):
    """What one contact has in one field; no row for nothing.

    ``value`` is canonical text: the text itself, a plain decimal number, an ISO date, an option, ``yes`` or ``no``.
    ``key`` is its beginning, case-folded, to compare and to index; ``number`` is set for numbers only.
    """

    __tablename__ = "field_value"
    __table_args__ = (
        sa.Index("ix_field_value_field_id_key", "field_id", "key", "contact_id"),
        sa.Index("ix_field_value_field_id_number", "field_id", "number", "contact_id"),
    )

    contact_id: int = Field(primary_key=True, foreign_key="contact.id", ondelete="CASCADE")
    field_id: int = Field(primary_key=True, foreign_key="custom_field.id", ondelete="CASCADE")
    value: str = Field(sa_type=sa.Text)
    key: str = Field(default="", max_length=200)
    number: float | None = None
    updated_at: datetime = Field(default_factory=utcnow)
