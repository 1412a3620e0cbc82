"""Invoices: drafted from lines, finalised, paid, voided."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from .config import DAY, Json
from .errors import StripeError
from .forms import Params
from .money import tax_of
from .payments import charge
from .store import new_id

if TYPE_CHECKING:
    from .sandbox import StripeSandbox

_TAX_SHARED = ("tax_behavior", "taxability_reason", "tax_rate_details", "type")


def line(description: str, amount: int, price: Json, period: tuple[int, int], **more: Any) -> Json:
    """One line. ``more``: ``quantity``, ``subscription``, ``item`` and ``proration``."""
    proration = bool(more.get("proration"))
    return {
        "id": new_id("line_item"),
        "object": "line_item",
        "amount": amount,
        "currency": price["currency"],
        "description": description,
        "discount_amounts": [],
        "discountable": not proration,
        "discounts": [],
        "livemode": False,
        "metadata": {},
        "parent": {
            "type": "subscription_item_details",
            "invoice_item_details": None,
            "subscription_item_details": {
                "invoice_item": new_id("invoiceitem") if proration else None,
                "proration": proration,
                "proration_details": {"credited_items": None},
                "subscription": more["subscription"],
                "subscription_item": more["item"],
            },
        },
        "period": {"start": period[0], "end": period[1]},
        "pretax_credit_amounts": [],
        "pricing": {
            "type": "price_details",
            "price_details": {"price": price["id"], "product": price["product"]},
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": more.get("quantity", 1),
        "subtotal": amount,
        "taxes": [],
    }


def draft(sandbox: StripeSandbox, subscription: Json, reason: str, lines: Sequence[Json]) -> Json:
    """A draft of these lines and of whatever waits for the next invoice."""
    store, now = sandbox.store, sandbox.clock.now()
    customer = store.get("customer", subscription["customer"])
    all_lines = [*sandbox.pending.pop(subscription["id"], []), *lines]
    rates = [store.get("tax_rate", each) for each in subscription["default_tax_rates"]]
    for each in all_lines:
        each["taxes"] = tax_of(each["amount"], rates)
    invoice = store.add(
        "invoice",
        now,
        **_blank(sandbox, customer),
        auto_advance=True,
        billing_reason=reason,
        currency=all_lines[0]["currency"],
        customer=customer["id"],
        default_tax_rates=rates,
        metadata={},
        parent={
            "type": "subscription_details",
            "quote_details": None,
            "subscription_details": {
                "metadata": dict(subscription["metadata"]),
                "subscription": subscription["id"],
                "subscription_proration_date": None,
            },
        },
        period_start=min(each["period"]["start"] for each in all_lines),
        period_end=now,
        **_totals(all_lines),
    )
    for each in all_lines:
        each["invoice"] = invoice["id"]
    invoice["lines"]["url"] = f"/v1/invoices/{invoice['id']}/lines"
    invoice["lines"]["data"] = all_lines
    subscription["latest_invoice"] = invoice["id"]
    sandbox.emit("invoice.created", invoice)
    return invoice


def _blank(sandbox: StripeSandbox, customer: Json) -> Json:
    return {
        "account_country": sandbox.config.country,
        "account_name": sandbox.config.account_name,
        "amount_overpaid": 0,
        "amount_paid": 0,
        "amount_shipping": 0,
        "attempt_count": 0,
        "attempted": False,
        "automatic_tax": {"enabled": False, "disabled_reason": None, "liability": None, "status": None},
        "automatically_finalizes_at": None,
        "collection_method": "charge_automatically",
        "custom_fields": None,
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "default_payment_method": None,
        "description": None,
        "discounts": [],
        "due_date": None,
        "effective_at": None,
        "ending_balance": None,
        "hosted_invoice_url": None,
        "invoice_pdf": None,
        "lines": {"object": "list", "data": [], "has_more": False, "url": ""},
        "next_payment_attempt": None,
        "number": None,
        "payments": {"object": "list", "data": [], "has_more": False, "url": "/v1/invoice_payments"},
        "starting_balance": customer["balance"],
        "status": "draft",
        "status_transitions": {
            "finalized_at": None,
            "marked_uncollectible_at": None,
            "paid_at": None,
            "voided_at": None,
        },
        "total_discount_amounts": [],
        "webhooks_delivered_at": None,
    }


def _totals(lines: Sequence[Json]) -> Json:
    subtotal = sum(each["amount"] for each in lines)
    taxes: dict[str, Json] = {}
    for each in lines:
        for tax in each["taxes"]:
            rate = tax["tax_rate_details"]["tax_rate"]
            total = taxes.setdefault(rate, {**{name: tax[name] for name in _TAX_SHARED}, "amount": 0})
            total["amount"] += tax["amount"]
            total["taxable_amount"] = total.get("taxable_amount", 0) + tax["taxable_amount"]
    added = sum(tax["amount"] for tax in taxes.values() if tax["tax_behavior"] == "exclusive")
    contained = sum(tax["amount"] for tax in taxes.values() if tax["tax_behavior"] == "inclusive")
    total = subtotal + added
    return {
        "subtotal": subtotal,
        "subtotal_excluding_tax": subtotal - contained,
        "total": total,
        "total_excluding_tax": subtotal - contained,
        "total_taxes": list(taxes.values()),
        "amount_due": max(total, 0),
        "amount_remaining": max(total, 0),
    }


def finalize(sandbox: StripeSandbox, invoice: Json) -> Json:
    """Number it and take the customer's balance into account; a credit is kept for the next invoice."""
    if invoice["status"] != "draft":
        raise StripeError("This invoice is already finalized, you can't re-finalize it.")
    now, customer = sandbox.clock.now(), sandbox.store.get("customer", invoice["customer"])
    start = customer["balance"]
    due = invoice["total"] + start
    customer["balance"] = min(due, 0)
    sandbox.base_of_links()
    invoice.update(
        number=f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04d}",
        status="open",
        effective_at=now,
        starting_balance=start,
        ending_balance=customer["balance"],
        amount_due=max(due, 0),
        amount_remaining=max(due, 0),
        automatically_finalizes_at=None,
        hosted_invoice_url=f"{sandbox.base_of_links()}/invoice/{invoice['id']}",
        invoice_pdf=f"{sandbox.base_of_links()}/invoice/{invoice['id']}/pdf",
    )
    customer["next_invoice_sequence"] += 1
    invoice["status_transitions"]["finalized_at"] = now
    sandbox.emit("invoice.finalized", invoice)
    return invoice


def collect(sandbox: StripeSandbox, invoice: Json, method_id: str | None, *, present: bool) -> str:
    """Try to take the money; why it failed, or an empty text. ``present``: the customer can be asked."""
    if invoice["amount_remaining"] == 0:
        mark_paid(sandbox, invoice)
        return ""
    invoice["attempted"] = True
    invoice["attempt_count"] += 1
    outcome = charge(sandbox, invoice, method_id, present=present)
    if not outcome:
        invoice["amount_paid"], invoice["amount_remaining"] = invoice["amount_due"], 0
        mark_paid(sandbox, invoice)
        return ""
    if outcome == "authentication_required":
        sandbox.emit("invoice.payment_action_required", invoice)
    _plan_retry(sandbox, invoice)
    sandbox.emit("invoice.payment_failed", invoice)
    return outcome


def _plan_retry(sandbox: StripeSandbox, invoice: Json) -> None:
    tries = invoice["attempt_count"] - 1
    days = sandbox.config.retry_days
    renewal = invoice["billing_reason"] in ("subscription_cycle", "subscription_update")
    invoice["next_payment_attempt"] = (
        sandbox.clock.now() + days[tries] * DAY if renewal and tries < len(days) else None
    )


def mark_paid(sandbox: StripeSandbox, invoice: Json) -> None:
    invoice["status"] = "paid"
    invoice["attempted"] = True
    invoice["next_payment_attempt"] = None
    invoice["status_transitions"]["paid_at"] = sandbox.clock.now()
    sandbox.emit("invoice.paid", invoice)
    sandbox.emit("invoice.payment_succeeded", invoice)


def create_invoice(sandbox: StripeSandbox, params: Params) -> Json:
    raise StripeError("Invoices of this stand-in come from subscriptions.", param="subscription")


def finalize_invoice(sandbox: StripeSandbox, params: Params, identity: str) -> Json:
    return finalize(sandbox, sandbox.store.get("invoice", identity))


def pay_invoice(sandbox: StripeSandbox, params: Params, identity: str) -> Json:
    """Raises StripeError (402) when the card refuses."""
    from .errors import declined

    invoice = sandbox.store.get("invoice", identity)
    if invoice["status"] == "draft":
        finalize(sandbox, invoice)
    if invoice["status"] != "open":
        raise StripeError(f"Invoice is already {invoice['status']}.")
    method = params.text("payment_method") or sandbox.method_of(invoice["customer"])
    params.flag("off_session")
    reason = sandbox.pay(invoice, method, present=False)
    if reason:
        raise declined(reason)
    return invoice


def void_invoice(sandbox: StripeSandbox, params: Params, identity: str) -> Json:
    invoice = sandbox.store.get("invoice", identity)
    if invoice["status"] not in ("open", "uncollectible"):
        raise StripeError(f"You can only pass in open invoices. This invoice is {invoice['status']}.")
    invoice.update(status="void", next_payment_attempt=None, amount_remaining=0)
    invoice["status_transitions"]["voided_at"] = sandbox.clock.now()
    sandbox.emit("invoice.voided", invoice)
    return invoice


def keep_invoices(params: Params) -> Callable[[Json], bool]:
    """The filters of the list."""
    customer, status = params.text("customer"), params.text("status")
    subscription = params.text("subscription")

    def keep(each: Json) -> bool:
        its = each["parent"]["subscription_details"]["subscription"]
        return (
            (not customer or each["customer"] == customer)
            and (not status or each["status"] == status)
            and (not subscription or its == subscription)
        )

    return keep
