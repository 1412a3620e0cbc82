"""What was billed and paid. All amounts are in the currency's minor unit (cents)."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import Json, enum_type, partial_index


class TaxRule(SQLModel, table=True):
    """A tax put on top of prices. ``basis_points``: 19 % is 1900. ``country``: ISO 3166 alpha-2, empty for all."""

    __tablename__ = "tax_rule"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=80)
    basis_points: int
    country: str = Field(default="", max_length=2)
    is_active: bool = True
    stripe_tax_rate_id: str = Field(default="", max_length=255)
    created_at: datetime = Field(default_factory=utcnow)


class InvoiceStatus(StrEnum):
    """A draft has no number yet. ``void``: withdrawn, but its number stays in the books."""

    DRAFT = "draft"
    OPEN = "open"
    PAID = "paid"
    VOID = "void"
    UNCOLLECTIBLE = "uncollectible"
    REFUNDED = "refunded"


class Invoice(SQLModel, table=True):
    """One bill. Seller, buyer, lines and taxes are kept as they were when it was issued.

    ``number`` is year and sequence ("2026-0001"), counted without gaps; none for a draft.
    ``lines``: description, quantity, amount_minor. ``taxes``: name, basis_points, amount_minor.
    """

    __tablename__ = "invoice"
    __table_args__ = (
        sa.UniqueConstraint("year", "sequence", name="uq_invoice_year_sequence"),
        partial_index("ix_invoice_open", "due_at", where="status = 'open'"),
        sa.Index(
            "uq_invoice_stripe_invoice_id",
            "stripe_invoice_id",
            unique=True,
            sqlite_where=sa.text("stripe_invoice_id <> ''"),
            postgresql_where=sa.text("stripe_invoice_id <> ''"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    subscription_id: int | None = Field(default=None, foreign_key="subscription.id", index=True)
    year: int | None = None
    sequence: int | None = None
    number: str | None = Field(default=None, max_length=32, unique=True)
    status: InvoiceStatus = Field(default=InvoiceStatus.DRAFT, sa_type=enum_type(InvoiceStatus, 16))
    currency: str = Field(max_length=3)
    lines: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    taxes: list[dict[str, Any]] = Field(default_factory=list, sa_type=Json)
    subtotal_minor: int = 0
    tax_minor: int = 0
    total_minor: int = 0
    seller: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    buyer: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    period_start: datetime | None = None
    period_end: datetime | None = None
    issued_at: datetime | None = None
    due_at: datetime | None = None
    paid_at: datetime | None = None
    note: str = Field(default="", max_length=500)
    stripe_invoice_id: str = Field(default="", max_length=255)
    hosted_url: str = Field(default="", max_length=2000)
    pdf_url: str = Field(default="", max_length=2000)
    created_at: datetime = Field(default_factory=utcnow)


class PaymentStatus(StrEnum):
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    REFUNDED = "refunded"
    DISPUTED = "disputed"


class Payment(SQLModel, table=True):
    """Money that came in, or did not. ``method``: manual, card, … ``note``: the reference, or why it failed."""

    __tablename__ = "payment"
    __table_args__ = (sa.Index("ix_payment_stripe_payment_intent_id", "stripe_payment_intent_id"),)

    id: int | None = Field(default=None, primary_key=True)
    invoice_id: int | None = Field(default=None, foreign_key="invoice.id", index=True)
    amount_minor: int
    refunded_minor: int = 0
    currency: str = Field(max_length=3)
    status: PaymentStatus = Field(sa_type=enum_type(PaymentStatus, 16))
    method: str = Field(default="manual", max_length=32)
    note: str = Field(default="", max_length=500)
    recorded_by: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    stripe_payment_intent_id: str = Field(default="", max_length=255)
    stripe_charge_id: str = Field(default="", max_length=255)
    at: datetime = Field(default_factory=utcnow)
