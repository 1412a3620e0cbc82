"""What the machine room keeps: raw webhooks, leases and settings made in the page."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import BigId, Json, enum_type, partial_index


class EventState(StrEnum):
    NEW = "new"
    DONE = "done"
    FAILED = "failed"


class WebhookEvent(SQLModel, table=True):
    """A webhook body exactly as Meta sent it, stored before it is answered.

    ``digest`` tells bodies apart: Meta delivers at least once, and a repeated body is the same event.
    ``retry_at`` is when a failed one is tried again by itself; none when that is no longer worth it.
    """

    __tablename__ = "webhook_event"
    __table_args__ = (
        partial_index("ix_webhook_event_new", "id", where="state = 'new'"),
        partial_index("ix_webhook_event_failed", "id", where="state = 'failed'"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    digest: bytes = Field(sa_type=sa.LargeBinary, unique=True)
    body: bytes = Field(sa_type=sa.LargeBinary)
    state: EventState = Field(default=EventState.NEW, sa_type=enum_type(EventState, 8))
    error: str = Field(default="", max_length=1000)
    attempts: int = 0
    retry_at: datetime | None = None
    received_at: datetime = Field(default_factory=utcnow, index=True)
    applied_at: datetime | None = None


class Lease(SQLModel, table=True):
    """The right to do something alone (one sender per number), kept alive by a heartbeat."""

    __tablename__ = "lease"

    name: str = Field(primary_key=True, max_length=64)
    holder: str = Field(max_length=64)
    expires_at: datetime


class Preference(SQLModel, table=True):
    """A setting of the install that is made in the page rather than in the environment."""

    __tablename__ = "preference"

    name: str = Field(primary_key=True, max_length=64)
    value: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
