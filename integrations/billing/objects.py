"""Stripe's objects as we need them. Amounts are minor units, currencies upper-case ISO codes, times aware UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

ENDED = frozenset({"canceled", "incomplete_expired"})


@dataclass(frozen=True, slots=True)
class Account:
    """Whose key it is. ``is_live``: real money."""

    id: str
    name: str
    country: str
    is_live: bool
    can_charge: bool


@dataclass(frozen=True, slots=True)
class Checkout:
    """A page to pay on. ``status``: open, complete or expired; ``url`` only while it is open."""

    id: str
    status: str
    url: str
    is_paid: bool
    contract_id: str
    customer_id: str
    reference: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Contract:
    """A subscription. ``next_price_meta`` is the metadata of the price that follows with the next period, if any."""

    id: str
    status: str
    customer_id: str
    item_id: str
    price_id: str
    product_id: str
    price_meta: dict[str, str]
    metadata: dict[str, str]
    period_start: datetime
    period_end: datetime
    trial_end: datetime | None
    ends_with_period: bool
    ended_at: datetime | None
    latest_bill_id: str
    schedule_id: str
    next_price_id: str
    quantity: int = 1

    @property
    def has_ended(self) -> bool:
        return self.status in ENDED


@dataclass(frozen=True, slots=True)
class BillLine:
    description: str
    quantity: int
    amount: int


@dataclass(frozen=True, slots=True)
class BillTax:
    """``rate_id`` is Stripe's tax rate."""

    rate_id: str
    amount: int


@dataclass(frozen=True, slots=True)
class Bill:
    """An invoice. ``status``: draft, open, paid, void or uncollectible."""

    id: str
    number: str
    status: str
    customer_id: str
    contract_id: str
    currency: str
    lines: list[BillLine]
    taxes: list[BillTax]
    subtotal: int
    total: int
    amount_paid: int
    period_start: datetime | None
    period_end: datetime | None
    issued_at: datetime
    next_try_at: datetime | None
    paid_at: datetime | None
    hosted_url: str
    pdf_url: str


@dataclass(frozen=True, slots=True)
class Charge:
    """A try to take money. ``status``: succeeded or failed; ``refunded`` went back.

    ``is_disputed``: the bank took the money back; not decided yet, or decided against us.
    """

    id: str
    intent_id: str
    status: str
    amount: int
    refunded: int
    currency: str
    is_disputed: bool
    card: str
    failure: str
    at: datetime


def at(moment: int | None) -> datetime | None:
    return datetime.fromtimestamp(moment, UTC) if moment is not None else None


def _id(reference: Any) -> str:
    """Of an object or of a reference to one."""
    if not reference:
        return ""
    return reference if isinstance(reference, str) else str(reference["id"])


def _meta(found: Any) -> dict[str, str]:
    return {str(key): str(value) for key, value in (found or {}).items()}


def account(found: Any, secret_key: str) -> Account:
    profile, shown = found.get("business_profile") or {}, (found.get("settings") or {}).get("dashboard") or {}
    return Account(
        id=found["id"],
        name=profile.get("name") or shown.get("display_name") or found.get("email") or found["id"],
        country=found.get("country") or "",
        is_live="_live_" in secret_key[:9],
        can_charge=bool(found.get("charges_enabled")),
    )


def checkout(found: Any) -> Checkout:
    return Checkout(
        id=found["id"],
        status=found.get("status") or "",
        url=found.get("url") or "",
        is_paid=found.get("payment_status") in ("paid", "no_payment_required"),
        contract_id=_id(found.get("subscription")),
        customer_id=_id(found.get("customer")),
        reference=found.get("client_reference_id") or "",
        expires_at=datetime.fromtimestamp(found["expires_at"], UTC),
    )


def contract(found: Any) -> Contract:
    """Stripe: since 2025 the period stands on the item."""
    item = found["items"]["data"][0]
    start, end = at(item["current_period_start"]), at(item["current_period_end"])
    assert start is not None
    assert end is not None
    schedule = found.get("schedule")
    return Contract(
        id=found["id"],
        status=found["status"],
        customer_id=_id(found["customer"]),
        item_id=item["id"],
        price_id=item["price"]["id"],
        product_id=_id(item["price"]["product"]),
        price_meta=_meta(item["price"].get("metadata")),
        metadata=_meta(found.get("metadata")),
        period_start=start,
        period_end=end,
        trial_end=at(found.get("trial_end")),
        # Stripe: the portal sets only cancel_at for subscriptions with flexible billing.
        ends_with_period=bool(found.get("cancel_at_period_end") or found.get("cancel_at")),
        ended_at=at(found.get("ended_at")),
        latest_bill_id=_id(found.get("latest_invoice")),
        schedule_id=_id(schedule),
        next_price_id=_next_price(schedule, item["price"]["id"]),
        quantity=item.get("quantity") or 1,
    )


def _next_price(schedule: Any, now: str) -> str:
    """The price of the phase after the current one."""
    if not isinstance(schedule, dict) or not schedule.get("current_phase"):
        return ""
    begin = schedule["current_phase"]["start_date"]
    later = [phase for phase in schedule["phases"] if phase["start_date"] > begin]
    price = _id(later[0]["items"][0]["price"]) if later else ""
    return price if price != now else ""


def bill(found: Any) -> Bill:
    parent = (found.get("parent") or {}).get("subscription_details") or {}
    moments = found.get("status_transitions") or {}
    lines = found["lines"]["data"]
    starts = [line["period"]["start"] for line in lines]
    ends = [line["period"]["end"] for line in lines]
    issued = at(moments.get("finalized_at") or found["created"])
    assert issued is not None
    return Bill(
        id=found["id"],
        number=found.get("number") or "",
        status=found.get("status") or "draft",
        customer_id=_id(found.get("customer")),
        contract_id=_id(parent.get("subscription")),
        currency=found["currency"].upper(),
        lines=[
            BillLine(line.get("description") or "", line.get("quantity") or 1, line["amount"])
            for line in lines
        ],
        taxes=[_tax(tax) for tax in found.get("total_taxes") or []],
        subtotal=found.get("subtotal_excluding_tax") or found["subtotal"],
        total=found["total"],
        amount_paid=found["amount_paid"],
        period_start=at(min(starts)) if starts else None,
        period_end=at(max(ends)) if ends else None,
        issued_at=issued,
        next_try_at=at(found.get("next_payment_attempt")),
        paid_at=at(moments.get("paid_at")),
        hosted_url=found.get("hosted_invoice_url") or "",
        pdf_url=found.get("invoice_pdf") or "",
    )


def _tax(found: Any) -> BillTax:
    return BillTax(_id((found.get("tax_rate_details") or {}).get("tax_rate")), found["amount"])


def charge(found: Any, *, is_disputed: bool) -> Charge:
    card = (found.get("payment_method_details") or {}).get("card") or {}
    made = at(found["created"])
    assert made is not None
    return Charge(
        id=found["id"],
        intent_id=_id(found.get("payment_intent")),
        status=found["status"],
        amount=found["amount"],
        refunded=found["amount_refunded"],
        currency=found["currency"].upper(),
        is_disputed=is_disputed,
        card=f"{(card.get('brand') or 'card').capitalize()} •••• {card['last4']}"
        if card.get("last4")
        else "card",
        failure=found.get("failure_message") or "",
        at=made,
    )


def percent(basis_points: int) -> str:
    """19 % is 1900: as Stripe writes it."""
    return f"{(Decimal(basis_points) / 100).normalize():f}"
