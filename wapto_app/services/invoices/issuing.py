"""Writing an invoice: lines, taxes, and a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import take_turns, touch
from wapto_app.models import Account, Invoice, InvoiceStatus, Role
from wapto_app.services.invoices.details import TOPIC, PartyRow, read_billing
from wapto_app.services.invoices.taxes import taxes_on

# Any number that nothing else locks; PostgreSQL keeps these apart by number alone.
_LOCK = 0x696E766F


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an invoice; a credit has a negative amount."""

    description: str
    amount_minor: int
    quantity: int = 1


async def issue(
    session: AsyncSession,
    lines: Sequence[Line],
    *,
    currency: str,
    subscription_id: int | None = None,
    period: tuple[datetime, datetime] | None = None,
    due_at: datetime | None = None,
) -> Invoice:
    """Write an open invoice with the next number of the year; one of nothing is settled at once.

    Lines may not add up to less than nothing: keep what a credit leaves over (``Subscription.credit_minor``).
    """
    now = utcnow()
    billing = await read_billing(session)
    subtotal = sum(line.amount_minor for line in lines)
    if subtotal < 0:
        raise ValueError("an invoice of less than nothing")
    taxes = await taxes_on(session, subtotal, billing.buyer["country"])
    tax = sum(each.amount_minor for each in taxes)
    year, sequence = await _next_number(session, now)
    is_settled = subtotal + tax == 0
    invoice = Invoice(
        subscription_id=subscription_id,
        year=year,
        sequence=sequence,
        number=f"{year}-{sequence:04}",
        status=InvoiceStatus.PAID if is_settled else InvoiceStatus.OPEN,
        currency=currency,
        lines=[asdict(line) for line in lines],
        taxes=[asdict(each) for each in taxes],
        subtotal_minor=subtotal,
        tax_minor=tax,
        total_minor=subtotal + tax,
        seller=dict(billing.seller),
        buyer=dict(await _buyer(session, billing.buyer)),
        period_start=period[0] if period else None,
        period_end=period[1] if period else None,
        issued_at=now,
        due_at=due_at or now + billing.grace,
        paid_at=now if is_settled else None,
        note=billing.footer,
    )
    session.add(invoice)
    await session.flush()
    touch(session, TOPIC)
    return invoice


async def _buyer(session: AsyncSession, buyer: PartyRow) -> PartyRow:
    """The first owner, when nobody filled in who buys."""
    if buyer["name"]:
        return buyer
    found = await session.exec(
        select(Account.name, Account.email)
        .where(Account.role == Role.OWNER)
        .order_by(col(Account.id))
        .limit(1)
    )
    name, email = found.first() or ("", "")
    return PartyRow(**{**buyer, "name": name, "email": buyer["email"] or email})


async def _next_number(session: AsyncSession, now: datetime) -> tuple[int, int]:
    """Without gaps: counted in the transaction that writes the invoice, one after the other."""
    await take_turns(session, _LOCK)
    newest = await session.exec(
        select(Invoice.sequence)
        .where(Invoice.year == now.year)
        .order_by(col(Invoice.sequence).desc())
        .limit(1)
    )
    return now.year, (newest.first() or 0) + 1
