"""Tags: what kind of customer somebody is, in the words of the team."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow


class Tag(SQLModel, table=True):
    """``key`` is the name case-folded, so that *VIP* and *vip* are one tag. ``colour`` is a name of the palette."""

    __tablename__ = "tag"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=50)
    key: str = Field(max_length=100, unique=True)
    colour: str = Field(default="grey", max_length=16)
    created_at: datetime = Field(default_factory=utcnow)


class ContactTag(SQLModel, table=True):
    """A contact bears a tag. ``by_id`` is who put it on; nobody when it was a rule or an import."""

    __tablename__ = "contact_tag"
    __table_args__ = (sa.Index("ix_contact_tag_tag_id_contact_id", "tag_id", "contact_id"),)

    contact_id: int = Field(primary_key=True, foreign_key="contact.id", ondelete="CASCADE")
    tag_id: int = Field(primary_key=True, foreign_key="tag.id", ondelete="CASCADE")
    by_id: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL", index=True)
    at: datetime = Field(default_factory=utcnow)
