"""Mails on their way out, and what became of them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import BigId, Json, enum_type, partial_index


class MailStatus(StrEnum):
    QUEUED = "queued"
    SENT = "sent"
    FAILED = "failed"


class MailLog(SQLModel, table=True):
    """One mail. ``content`` is what its text is made of (a one-time link among it) and is emptied once the mail is
    sent, or will not be any more; ``next_try_at`` is also how long the process that sends it holds it for itself."""

    __tablename__ = "mail_log"
    __table_args__ = (partial_index("ix_mail_log_due", "next_try_at", where="status = 'queued'"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    to: str = Field(max_length=254)
    kind: str = Field(max_length=32)
    locale: str = Field(default="en", max_length=16)
    subject: str = Field(max_length=255)
    content: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    status: MailStatus = Field(default=MailStatus.QUEUED, sa_type=enum_type(MailStatus, 8))
    error: str = Field(default="", max_length=500)
    attempts: int = 0
    next_try_at: datetime = Field(default_factory=utcnow)
    created_at: datetime = Field(default_factory=utcnow, index=True)
    sent_at: datetime | None = None
