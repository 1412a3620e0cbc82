"""Message templates as Meta has them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import BigId, Json, enum_type


class Template(SQLModel, table=True):
    """One template in one language. It belongs to a WhatsApp Business account, so all its numbers may send it.

    ``status``, ``category`` and ``quality`` are Meta's own words in capitals; ``components`` is Meta's own list.
    ``gone_at``: Meta no longer lists it. It stays, for messages that were sent with it are shown by it.
    ``status`` ``DRAFT`` is ours: it was never submitted, has no ``meta_id`` and Meta's list says nothing about it.
    ``sample_files`` are files of our library by the place that shows them (``header``, ``cards.0`` …), for the preview
    and for a new submission: Meta's handles do not last. ``draft_components`` is an edit that is not submitted yet,
    ``draft_category`` the category that it asks for, empty for no other.
    ``submitting_at``: it is on its way to Meta since then; nobody else hands it over meanwhile.
    """

    __tablename__ = "template"
    __table_args__ = (
        sa.UniqueConstraint("waba_id", "name", "language"),
        sa.Index("ix_template_waba_id_status_name", "waba_id", "status", "name"),
        sa.Index("ix_template_meta_id", "meta_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    waba_id: str = Field(max_length=32)
    meta_id: str = Field(default="", max_length=32)
    name: str = Field(max_length=512)
    language: str = Field(max_length=16)
    category: str = Field(default="", max_length=32)
    status: str = Field(default="", max_length=32)
    quality: str = Field(default="", max_length=16)
    parameter_format: str = Field(default="POSITIONAL", max_length=16)
    components: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    rejected_reason: str = Field(default="", max_length=500)
    previous_category: str = Field(default="", max_length=32)
    correct_category: str = Field(default="", max_length=32)
    paused_until: datetime | None = None
    draft_components: list[dict[str, Any]] | None = Field(default=None, sa_type=Json)
    draft_category: str = Field(default="", max_length=32)
    sample_files: dict[str, str] = Field(default_factory=dict, sa_type=Json)
    author_id: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    submitting_at: datetime | None = None
    submitted_at: datetime | None = None
    last_used_at: datetime | None = None
    synced_at: datetime | None = None
    gone_at: datetime | None = None
    created_at: datetime = Field(default_factory=utcnow)
    updated_at: datetime = Field(default_factory=utcnow)


class TemplateEventKind(StrEnum):
    SUBMITTED = "submitted"
    STATUS = "status"
    QUALITY = "quality"
    CATEGORY = "category"
    EDITED = "edited"


class TemplateEvent(SQLModel, table=True):
    """What happened to a template: who submitted it, and every change that Meta told of."""

    __tablename__ = "template_event"
    __table_args__ = (sa.Index("ix_template_event_template_id_id", "template_id", "id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    template_id: int = Field(foreign_key="template.id", ondelete="CASCADE")
    kind: TemplateEventKind = Field(sa_type=enum_type(TemplateEventKind, 16))
    before: str = Field(default="", max_length=32)
    after: str = Field(default="", max_length=32)
    detail: str = Field(default="", max_length=500)
    author_id: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    at: datetime = Field(default_factory=utcnow)
