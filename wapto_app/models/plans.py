"""Plans, the subscription to one of them, what is used of it, and what the owner asked for."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import Json, enum_type, partial_index


class Cycle(StrEnum):
    """How often a plan is paid."""

    MONTHLY = "monthly"
    QUARTERLY = "quarterly"
    YEARLY = "yearly"


class Plan(SQLModel, table=True):
    """What the admin offers.

    ``limits`` are numbers by ``services.plans.Limit`` (missing: unlimited), ``gates`` the values of
    ``services.plans.Gate`` that are open. ``trial_days``: a free trial of this plan at the first Stripe checkout.
    """

    __tablename__ = "plan"

    id: int | None = Field(default=None, primary_key=True)
    slug: str = Field(max_length=64, unique=True)
    name: str = Field(max_length=80)
    description: str = Field(default="", max_length=500)
    price_minor: int = 0
    currency: str = Field(default="USD", max_length=3)
    cycle: Cycle = Field(default=Cycle.MONTHLY, sa_type=enum_type(Cycle, 16))
    trial_days: int | None = None
    limits: dict[str, int] = Field(default_factory=dict, sa_type=Json)
    gates: list[str] = Field(default_factory=list, sa_type=Json)
    is_featured: bool = False
    is_active: bool = True
    position: int = 0
    stripe_product_id: str = Field(default="", max_length=255)
    stripe_price_id: str = Field(default="", max_length=255)
    created_at: datetime = Field(default_factory=utcnow)
    updated_at: datetime = Field(default_factory=utcnow)


class SubscriptionStatus(StrEnum):
    """``past_due`` still works, until ``grace_until``; ``pending``, ``canceled`` and ``expired`` lock the workspace."""

    PENDING = "pending"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    CANCELED = "canceled"
    EXPIRED = "expired"


LOCKING = (SubscriptionStatus.PENDING, SubscriptionStatus.CANCELED, SubscriptionStatus.EXPIRED)
"""With these nothing can be done but subscribe; what customers write is stored all the same."""


class SubscriptionSource(StrEnum):
    """Who moves it on: nobody (free), the trial's clock, the admin (manual), or Stripe's webhooks."""

    FREE = "free"
    TRIAL = "trial"
    MANUAL = "manual"
    STRIPE = "stripe"


class Subscription(SQLModel, table=True):
    """The workspace's subscription. Exactly one is current; earlier ones stay for the record.

    ``anchor_day`` is the day of the month on which periods begin (1-31, the last day of a shorter month), in the
    wall clock of ``time_zone``. A free plan has no period. ``credit_minor`` is what a change of plan left over,
    taken off the next invoices. ``next_plan_id`` is the plan from ``period_end`` on.
    """

    __tablename__ = "subscription"
    __table_args__ = (
        sa.Index(
            "uq_subscription_current",
            "is_current",
            unique=True,
            sqlite_where=sa.text("is_current"),
            postgresql_where=sa.text("is_current"),
        ),
        sa.Index("ix_subscription_stripe_subscription_id", "stripe_subscription_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    plan_id: int = Field(foreign_key="plan.id", index=True)
    is_current: bool = True
    status: SubscriptionStatus = Field(
        default=SubscriptionStatus.ACTIVE, sa_type=enum_type(SubscriptionStatus, 16)
    )
    source: SubscriptionSource = Field(
        default=SubscriptionSource.FREE, sa_type=enum_type(SubscriptionSource, 16)
    )
    period_start: datetime | None = None
    period_end: datetime | None = None
    anchor_day: int = 1
    time_zone: str = Field(default="UTC", max_length=64)
    trial_ends_at: datetime | None = None
    cancel_at_period_end: bool = False
    next_plan_id: int | None = Field(default=None, foreign_key="plan.id")
    grace_until: datetime | None = None
    credit_minor: int = 0
    stripe_customer_id: str = Field(default="", max_length=255)
    stripe_subscription_id: str = Field(default="", max_length=255)
    created_at: datetime = Field(default_factory=utcnow)
    updated_at: datetime = Field(default_factory=utcnow)
    ended_at: datetime | None = None


IS_CURRENT = sa.text("subscription.is_current")
"""Spelled as in the index, or SQLite does not use it."""


class RequestState(StrEnum):
    OPEN = "open"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"


class PlanRequest(SQLModel, table=True):
    """The owner asks for a plan that is paid by hand; an admin decides. At most one is open."""

    __tablename__ = "plan_request"
    __table_args__ = (
        sa.Index(
            "uq_plan_request_open",
            "state",
            unique=True,
            sqlite_where=sa.text("state = 'open'"),
            postgresql_where=sa.text("state = 'open'"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    plan_id: int = Field(foreign_key="plan.id", index=True)
    state: RequestState = Field(default=RequestState.OPEN, sa_type=enum_type(RequestState, 16))
    asked_by: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    asked_at: datetime = Field(default_factory=utcnow)
    message: str = Field(default="", max_length=500)
    decided_by: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    decided_at: datetime | None = None
    note: str = Field(default="", max_length=500)


class UsageCounter(SQLModel, table=True):
    """How often something happened in a month; counted in the transaction in which it happens."""

    __tablename__ = "usage_counter"

    metric: str = Field(primary_key=True, max_length=32)
    period_start: date = Field(primary_key=True)
    count: int = 0


class LimitWarning(SQLModel, table=True):
    """A warning that is given once: per metric, level (percent, or days left of the trial) and period.

    ``period`` is the month and the limit, or the end of the trial. ``mailed_at`` is none while the mail is still to go.
    """

    __tablename__ = "limit_warning"
    __table_args__ = (
        sa.UniqueConstraint("metric", "level", "period", name="uq_limit_warning_metric_level_period"),
        partial_index("ix_limit_warning_to_mail", "id", where="mailed_at IS NULL"),
    )

    id: int | None = Field(default=None, primary_key=True)
    metric: str = Field(max_length=32)
    level: int
    period: str = Field(max_length=64)
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    created_at: datetime = Field(default_factory=utcnow)
    mailed_at: datetime | None = None
