"""Message templates as Meta has them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import Json


class Template(SQLModel, table=True):
    """One template in one language. It belongs to a WhatsApp Business account, so all its numbers may send it.

    ``status``, ``category`` and ``quality`` are Meta's own words in capitals; ``components`` is Meta's own list.
    ``gone_at``: Meta no longer lists it. It stays, for messages that were sent with it are shown by it.
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
    last_used_at: datetime | None = None
    synced_at: datetime | None = None
    gone_at: datetime | None = None
    created_at: datetime = Field(default_factory=utcnow)
    updated_at: datetime = Field(default_factory=utcnow)
