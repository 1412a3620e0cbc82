"""What an admin notes about invoices that are paid by hand: paid, void, refunded. Stripe's are in its webhooks."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import (
    Invoice,
    InvoiceStatus,
    Payment,
    PaymentStatus,
    Plan,
    Subscription,
    SubscriptionSource,
    SubscriptionStatus,
)
from wapto_app.models.plans import IS_CURRENT
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, money
from wapto_app.services.errors import Conflict, Invalid, NotFound
from wapto_app.services.invoices.details import TOPIC
from wapto_app.services.plans import cycles
from wapto_app.services.plans.standing import announce, current_row

NOTE_MAX = 500


async def mark_paid(session: AsyncSession, actor: Actor, invoice_id: int, note: str = "") -> str:
    """The money came in. A past-due or expired subscription goes on at once. Returns the invoice's number.

    Raises:
        Conflict: when the invoice is not open, or Stripe's.
    """
    actor.require(Permission.ADMIN)
    invoice = await _open(session, invoice_id)
    await _settle(session, actor, invoice, _note(note))
    return invoice.number or ""


async def void(session: AsyncSession, actor: Actor, invoice_id: int, note: str = "") -> str:
    """Withdraw an open invoice; its number stays in the books. Returns it. Raises Conflict."""
    actor.require(Permission.ADMIN)
    invoice = await _open(session, invoice_id)
    invoice.status, invoice.note = InvoiceStatus.VOID, _note(note) or invoice.note
    session.add(invoice)
    audit.record(session, actor, "invoice.voided", f"invoice:{invoice_id}", number=invoice.number)
    touch(session, TOPIC)
    return invoice.number or ""


async def note_refund(
    session: AsyncSession, actor: Actor, invoice_id: int, amount: str, note: str = ""
) -> str:
    """Money went back by hand. All of it makes the invoice refunded; the subscription is left as it is.

    Raises:
        Invalid: when the amount is more than was paid.
        Conflict: when the invoice was not paid by hand.
    """
    actor.require(Permission.ADMIN)
    invoice = await _get(session, invoice_id)
    payment = await _payment(session, invoice_id)
    if payment is None or invoice.stripe_invoice_id or invoice.status is not InvoiceStatus.PAID:
        raise Conflict("Only an invoice that was paid by hand can be refunded here.")
    back = money.parse(amount, invoice.currency, "amount")
    left = payment.amount_minor - payment.refunded_minor
    if not 0 < back <= left:
        raise Invalid("amount", f"Write an amount up to {money.shown(left, invoice.currency)}.")
    payment.refunded_minor += back
    payment.note = _note(note) or payment.note
    if payment.refunded_minor == payment.amount_minor:
        payment.status, invoice.status = PaymentStatus.REFUNDED, InvoiceStatus.REFUNDED
    session.add_all((payment, invoice))
    audit.record(
        session, actor, "invoice.refunded", f"invoice:{invoice_id}", number=invoice.number, amount=back
    )
    touch(session, TOPIC)
    return invoice.number or ""


async def settle_open(session: AsyncSession, actor: Actor) -> None:
    """The open invoice of the current subscription is paid already."""
    actor.require(Permission.ADMIN)
    for invoice in await _open_ones(session):
        await _settle(session, actor, invoice, "")


async def void_open(session: AsyncSession) -> None:
    """What the current subscription still asks for is asked for no longer, because another one begins."""
    for invoice in await _open_ones(session):
        invoice.status = InvoiceStatus.VOID
        session.add(invoice)
    touch(session, TOPIC)


async def worth_of(session: AsyncSession, subscription_id: int, period_start: datetime) -> int:
    """The net price that was paid and kept, in money or by credit, for the period that began then."""
    back = sa.select(sa.func.coalesce(sa.func.sum(Payment.refunded_minor), 0)).where(
        col(Payment.invoice_id) == col(Invoice.id)
    )
    found = await session.exec(
        select(Invoice, back.correlate(Invoice).scalar_subquery()).where(
            Invoice.subscription_id == subscription_id,
            Invoice.period_start == period_start,
            Invoice.status == InvoiceStatus.PAID,
        )
    )
    return sum(_kept(invoice, int(given_back)) for invoice, given_back in found)


def _kept(invoice: Invoice, given_back: int) -> int:
    """What an invoice is worth, before tax, when so much of its total has gone back."""
    worth = sum(max(0, int(line["amount_minor"])) for line in invoice.lines)
    return worth - (given_back * invoice.subtotal_minor // invoice.total_minor if given_back else 0)


async def _settle(session: AsyncSession, actor: Actor, invoice: Invoice, note: str) -> None:
    invoice.status, invoice.paid_at = InvoiceStatus.PAID, utcnow()
    payment = Payment(
        invoice_id=invoice.id,
        amount_minor=invoice.total_minor,
        currency=invoice.currency,
        status=PaymentStatus.SUCCEEDED,
        note=note,
        recorded_by=actor.account_id,
    )
    session.add_all((invoice, payment))
    audit.record(session, actor, "invoice.paid", f"invoice:{invoice.id}", number=invoice.number)
    touch(session, TOPIC)
    await _go_on(session, invoice)


async def _go_on(session: AsyncSession, invoice: Invoice) -> None:
    """A subscription that waited for this invoice, and for no other one, works again."""
    row = await current_row(session)
    waits = (SubscriptionStatus.PAST_DUE, SubscriptionStatus.EXPIRED)
    if row is None or row.id != invoice.subscription_id or row.source is not SubscriptionSource.MANUAL:
        return
    if row.status not in waits or await _open_ones(session):
        return
    if row.status is SubscriptionStatus.EXPIRED:
        await _begin_anew(session, row)
    row.status, row.grace_until, row.updated_at = SubscriptionStatus.ACTIVE, None, utcnow()
    session.add(row)
    await announce(session)


async def _begin_anew(session: AsyncSession, row: Subscription) -> None:
    """Nobody pays for the time in which the workspace was locked: the paid period begins now."""
    plan = await session.get_one(Plan, row.plan_id)
    row.period_start = utcnow()
    row.anchor_day = cycles.anchor_day(row.period_start, row.time_zone)
    row.period_end = cycles.period_end(row.period_start, plan.cycle, row.anchor_day, row.time_zone)


async def _open_ones(session: AsyncSession) -> list[Invoice]:
    """Open invoices by hand of the current subscription."""
    current = sa.select(col(Subscription.id)).where(IS_CURRENT).scalar_subquery()
    found = await session.exec(
        select(Invoice).where(
            Invoice.subscription_id == current,
            Invoice.status == InvoiceStatus.OPEN,
            Invoice.stripe_invoice_id == "",
        )
    )
    return list(found)


async def _open(session: AsyncSession, invoice_id: int) -> Invoice:
    invoice = await _get(session, invoice_id)
    if invoice.stripe_invoice_id:
        raise Conflict("Stripe keeps this invoice. Change it in Stripe; it is updated here.")
    if invoice.status is not InvoiceStatus.OPEN:
        raise Conflict(f"Invoice {invoice.number} is not open any more.")
    return invoice


async def _get(session: AsyncSession, invoice_id: int) -> Invoice:
    found = await session.exec(select(Invoice).where(Invoice.id == invoice_id).with_for_update())
    invoice = found.first()
    if invoice is None:
        raise NotFound("invoice")
    return invoice


async def _payment(session: AsyncSession, invoice_id: int) -> Payment | None:
    found = await session.exec(
        select(Payment).where(Payment.invoice_id == invoice_id, Payment.status == PaymentStatus.SUCCEEDED)
    )
    return found.first()


def _note(text: str) -> str:
    text = text.strip()
    if len(text) > NOTE_MAX:
        raise Invalid("note", f"At most {NOTE_MAX} characters.")
    return text
