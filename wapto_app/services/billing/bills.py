"""Stripe's invoices and payments become ours, for the owner's list and the admin's books."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.billing import Bill, Charge, Stripe
from wapto_app.clock import utcnow
from wapto_app.db import Database, touch
from wapto_app.models import (
    Invoice,
    InvoiceStatus,
    NotificationKind,
    Payment,
    PaymentStatus,
    TaxRule,
)
from wapto_app.security.permissions import Actor
from wapto_app.services import audit, mail, owners
from wapto_app.services.billing.contracts import is_newer, row_of
from wapto_app.services.billing.till import Books
from wapto_app.services.invoices import read_billing
from wapto_app.services.invoices.details import TOPIC

_TEXT_MAX = 500
_NEWS = timedelta(days=2)
_MONEY_BACK = {PaymentStatus.REFUNDED: "billing.refunded", PaymentStatus.DISPUTED: "billing.disputed"}


async def sync(db: Database, stripe: Stripe, books: Books, bill_id: str) -> None:
    """Read an invoice with its payments and write what they are now. A draft is not yet a bill.

    Raises:
        BillingError: when Stripe does not tell.
    """
    asked_at = utcnow()
    bill = await stripe.bill(bill_id)
    if bill.status == "draft" or (bill.total == 0 and bill.status == "paid"):
        return
    async with db.read() as session:
        if not await _is_ours(session, books, bill):
            return
    charges = await stripe.charges_of(bill_id)
    async with db.write() as session:
        if await is_newer(session, bill.id, asked_at):
            await _write(session, bill, charges)


async def _is_ours(session: AsyncSession, books: Books, bill: Bill) -> bool:
    if bill.contract_id and await row_of(session, bill.contract_id) is not None:
        return True
    return bool(bill.customer_id) and bill.customer_id == books.customer


async def _write(session: AsyncSession, bill: Bill, charges: Sequence[Charge]) -> None:
    found = await session.exec(select(Invoice).where(Invoice.stripe_invoice_id == bill.id))
    invoice = found.first() or await _new(session, bill)
    row = await row_of(session, bill.contract_id) if bill.contract_id else None
    invoice.subscription_id = row.id if row is not None else invoice.subscription_id
    was_paid = invoice.status is InvoiceStatus.PAID
    await _fill(session, invoice, bill, charges)
    session.add(invoice)
    await session.flush()
    if invoice.status is InvoiceStatus.PAID and not was_paid and _is_news(invoice.paid_at):
        await _tell_paid(session, invoice)
    for charge in charges:
        await _write_payment(session, invoice, charge)
    touch(session, TOPIC, "subscription")


def _is_news(at: datetime | None) -> bool:
    """What happened long before we were told, such as before the connection, is not worth a mail."""
    return at is not None and at > utcnow() - _NEWS


async def _tell_paid(session: AsyncSession, invoice: Invoice) -> None:
    number, path = invoice.number or "", invoice.hosted_url or owners.SUBSCRIPTION
    minor, currency = invoice.total_minor, invoice.currency
    await owners.mail_all(session, lambda owner: mail.invoice(owner.name, number, minor, currency, path))


async def _tell_failed(session: AsyncSession, payment: Payment, charge_id: str) -> None:
    minor, currency = payment.amount_minor, payment.currency
    await owners.tell(
        session,
        NotificationKind.PAYMENT_FAILED,
        lambda owner: mail.payment_failed(owner.name, minor, currency),
        key=f"payment:{charge_id}",
    )


async def _new(session: AsyncSession, bill: Bill) -> Invoice:
    billing = await read_billing(session)
    return Invoice(
        stripe_invoice_id=bill.id,
        currency=bill.currency,
        seller=dict(billing.seller),
        buyer=dict(billing.buyer),
        due_at=bill.issued_at + billing.grace,
    )


async def _fill(session: AsyncSession, invoice: Invoice, bill: Bill, charges: Sequence[Charge]) -> None:
    invoice.number = await _number(session, bill)
    invoice.status = _status(bill, charges)
    invoice.lines = [
        {"description": each.description[:_TEXT_MAX], "quantity": each.quantity, "amount_minor": each.amount}
        for each in sorted(bill.lines, key=lambda line: line.amount < 0)
    ]
    invoice.taxes = [await _tax(session, each.rate_id, each.amount) for each in bill.taxes]
    invoice.tax_minor = sum(each.amount for each in bill.taxes)
    invoice.subtotal_minor, invoice.total_minor = bill.total - invoice.tax_minor, bill.total
    invoice.period_start, invoice.period_end = bill.period_start, bill.period_end
    invoice.issued_at, invoice.paid_at = bill.issued_at, bill.paid_at
    invoice.hosted_url, invoice.pdf_url = bill.hosted_url, bill.pdf_url


async def _number(session: AsyncSession, bill: Bill) -> str | None:
    """Stripe's number; with the end of its id when an invoice of another account has the same."""
    if not bill.number:
        return None
    with session.no_autoflush:
        taken = await session.exec(
            select(Invoice.id).where(Invoice.number == bill.number, Invoice.stripe_invoice_id != bill.id)
        )
    return bill.number[:32] if taken.first() is None else f"{bill.number[:25]}-{bill.id[-6:]}"


def _status(bill: Bill, charges: Sequence[Charge]) -> InvoiceStatus:
    back = sum(charge.refunded for charge in charges)
    if bill.status == "paid" and bill.amount_paid and back >= bill.amount_paid:
        return InvoiceStatus.REFUNDED
    return InvoiceStatus(bill.status)


async def _tax(session: AsyncSession, rate_id: str, amount: int) -> dict[str, object]:
    found = await session.exec(select(TaxRule).where(TaxRule.stripe_tax_rate_id == rate_id))
    rule = found.first() if rate_id else None
    return {
        "name": rule.name if rule else "Tax",
        "basis_points": rule.basis_points if rule else 0,
        "amount_minor": amount,
    }


async def _write_payment(session: AsyncSession, invoice: Invoice, charge: Charge) -> None:
    found = await session.exec(
        select(Payment).where(
            Payment.stripe_payment_intent_id == charge.intent_id, Payment.stripe_charge_id == charge.id
        )
    )
    payment = found.first() or Payment(
        amount_minor=charge.amount,
        currency=charge.currency,
        status=PaymentStatus.SUCCEEDED,
        stripe_payment_intent_id=charge.intent_id,
        stripe_charge_id=charge.id,
        at=charge.at,
    )
    is_new, before = payment.id is None, (payment.status, payment.refunded_minor)
    payment.invoice_id, payment.method, payment.note = (
        invoice.id,
        charge.card[:32],
        charge.failure[:_TEXT_MAX],
    )
    payment.status, payment.refunded_minor = _payment_status(charge), charge.refunded
    session.add(payment)
    if is_new and payment.status is PaymentStatus.FAILED and _is_news(charge.at):
        await _tell_failed(session, payment, charge.id)
    after = (payment.status, payment.refunded_minor)
    if after != before and (action := _MONEY_BACK.get(payment.status) or _partly(charge)):
        number = invoice.number or ""
        audit.record(session, Actor.system(), action, f"invoice:{invoice.id}", number=number)


def _partly(charge: Charge) -> str:
    return "billing.refunded" if charge.refunded else ""


def _payment_status(charge: Charge) -> PaymentStatus:
    if charge.status != "succeeded":
        return PaymentStatus.FAILED
    if charge.is_disputed:
        return PaymentStatus.DISPUTED
    whole = charge.refunded >= charge.amount
    return PaymentStatus.REFUNDED if whole else PaymentStatus.SUCCEEDED
