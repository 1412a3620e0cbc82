"""What owner and admin see of invoices and payments."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import fetch
from wapto_app.models import Invoice, InvoiceStatus, Payment
from wapto_app.security.permissions import Actor
from wapto_app.services import money
from wapto_app.services.errors import NotFound
from wapto_app.services.invoices.details import check_reader
from wapto_app.services.invoices.taxes import percent

SHOWN = 100


class InvoiceRow(TypedDict):
    """One line of a table. ``status`` also knows ``overdue``. ``url`` is where it can be read."""

    id: int
    number: str
    title: str
    status: str
    total: str
    issued_at: str
    due_at: str
    paid_at: str
    url: str
    pdf_url: str
    is_ours: bool


class PaymentRow(TypedDict):
    """One line of the admin's table."""

    id: int
    invoice_id: int
    number: str
    amount: str
    refunded: str
    status: str
    method: str
    note: str
    at: str


class InvoicePage(TypedDict):
    """Everything that the printed page says."""

    number: str
    status: str
    seller: dict[str, str]
    buyer: dict[str, str]
    lines: list[dict[str, Any]]
    taxes: list[dict[str, str]]
    subtotal: str
    total: str
    issued_at: datetime | None
    due_at: datetime | None
    paid_at: datetime | None
    period_start: datetime | None
    period_end: datetime | None
    note: str


async def list_invoices(session: AsyncSession, actor: Actor) -> list[InvoiceRow]:
    """The newest first."""
    check_reader(actor)
    found = await session.exec(
        select(Invoice)
        .where(col(Invoice.status) != InvoiceStatus.DRAFT)
        .order_by(col(Invoice.id).desc())
        .limit(SHOWN)
    )
    return [_row(invoice) for invoice in found]


async def list_payments(session: AsyncSession, actor: Actor) -> list[PaymentRow]:
    """The newest first."""
    check_reader(actor)
    query: Any = (
        select(Payment, Invoice.number)
        .outerjoin(Invoice, col(Invoice.id) == col(Payment.invoice_id))
        .order_by(col(Payment.id).desc())
        .limit(SHOWN)
    )
    return [
        PaymentRow(
            id=payment.id or 0,
            invoice_id=payment.invoice_id or 0,
            number=number or "",
            amount=money.shown(payment.amount_minor, payment.currency),
            refunded=money.shown(payment.refunded_minor, payment.currency) if payment.refunded_minor else "",
            status=payment.status.value,
            method=payment.method,
            note=payment.note,
            at=payment.at.isoformat(),
        )
        for payment, number in await fetch(session, query)
    ]


async def invoice_page(session: AsyncSession, actor: Actor, number: str) -> InvoicePage:
    """One invoice as it was issued.

    Raises:
        NotFound: when there is none of that number.
    """
    check_reader(actor)
    if not number.isprintable():  # PostgreSQL does not even look for a NUL
        raise NotFound("invoice")
    invoice = (await session.exec(select(Invoice).where(Invoice.number == number))).first()
    if invoice is None:
        raise NotFound("invoice")

    def amount(minor: int) -> str:
        return money.shown(minor, invoice.currency)

    return InvoicePage(
        number=number,
        status=_status(invoice),
        seller=invoice.seller,
        buyer=invoice.buyer,
        lines=[line | {"amount": amount(line["amount_minor"])} for line in invoice.lines],
        taxes=[
            {
                "name": f"{tax['name']} ({percent(tax['basis_points'])})",
                "amount": amount(tax["amount_minor"]),
            }
            for tax in invoice.taxes
        ],
        subtotal=amount(invoice.subtotal_minor),
        total=amount(invoice.total_minor),
        issued_at=invoice.issued_at,
        due_at=invoice.due_at,
        paid_at=invoice.paid_at,
        period_start=invoice.period_start,
        period_end=invoice.period_end,
        note=invoice.note,
    )


def _status(invoice: Invoice) -> str:
    is_late = invoice.due_at is not None and invoice.due_at < utcnow()
    return "overdue" if invoice.status is InvoiceStatus.OPEN and is_late else invoice.status.value


def _row(invoice: Invoice) -> InvoiceRow:
    return InvoiceRow(
        id=invoice.id or 0,
        number=invoice.number or invoice.stripe_invoice_id,
        title=str(invoice.lines[0]["description"]) if invoice.lines else "",
        status=_status(invoice),
        total=money.shown(invoice.total_minor, invoice.currency),
        issued_at=_iso(invoice.issued_at),
        due_at=_iso(invoice.due_at),
        paid_at=_iso(invoice.paid_at),
        url=invoice.hosted_url or f"/invoices/{invoice.number}",
        pdf_url=invoice.pdf_url,
        is_ours=not invoice.hosted_url,
    )


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""
