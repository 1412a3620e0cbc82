"""What is kept of the talk with Stripe: its webhooks as they came, pages to pay on, and when what was read."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import BigId, enum_type, partial_index
from wapto_app.models.system import EventState


class StripeEvent(SQLModel, table=True):
    """A webhook of Stripe's exactly as it came, stored before it is answered.

    Stripe delivers at least once and in any order: ``event_id`` tells repetitions. ``retry_at`` is when a failed one is
    tried again by itself; none when only ``wapto replay`` does.
    """

    __tablename__ = "stripe_event"
    __table_args__ = (
        partial_index("ix_stripe_event_new", "id", where="state = 'new'"),
        partial_index("ix_stripe_event_failed", "id", where="state = 'failed'"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    event_id: str = Field(max_length=255, unique=True)
    type: str = Field(max_length=255)
    body: bytes = Field(sa_type=sa.LargeBinary)
    state: EventState = Field(default=EventState.NEW, sa_type=enum_type(EventState, 8))
    error: str = Field(default="", max_length=1000)
    attempts: int = 0
    retry_at: datetime | None = None
    received_at: datetime = Field(default_factory=utcnow, index=True)
    applied_at: datetime | None = None


class CheckoutState(StrEnum):
    """``closed``: expired, or another plan was chosen."""

    OPEN = "open"
    PAID = "paid"
    CLOSED = "closed"


class StripeCheckout(SQLModel, table=True):
    """One attempt to subscribe. At most one is open: a second click finds it instead of making another.

    Its id is part of the idempotency key, so that Stripe makes one page for it however often it is asked; without a
    ``session_id`` Stripe has not answered yet. ``terms`` tells what is sold there, to see when that has changed.
    """

    __tablename__ = "stripe_checkout"
    __table_args__ = (
        sa.Index(
            "uq_stripe_checkout_open",
            "state",
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    plan_id: int = Field(foreign_key="plan.id", index=True)
    account_id: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    state: CheckoutState = Field(default=CheckoutState.OPEN, sa_type=enum_type(CheckoutState, 8))
    session_id: str = Field(default="", max_length=255, index=True)
    url: str = Field(default="", max_length=2000)
    terms: str = Field(default="", max_length=64)
    created_at: datetime = Field(default_factory=utcnow)
    expires_at: datetime | None = None


class StripeRead(SQLModel, table=True):
    """When what we know of an object was asked for: an answer to an earlier question does not replace it."""

    __tablename__ = "stripe_read"

    object_id: str = Field(primary_key=True, max_length=255)
    asked_at: datetime
