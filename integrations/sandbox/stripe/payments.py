"""Money: payment intents, charges, refunds and disputes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .cards import card_behind
from .config import DAY, Json
from .errors import DECLINES, StripeError, invalid
from .forms import Params

if TYPE_CHECKING:
    from .sandbox import StripeSandbox


def charge(sandbox: StripeSandbox, invoice: Json, method_id: str | None, *, present: bool) -> str:
    """Take what the invoice asks for; the reason of the refusal, or an empty text."""
    intent = _intent_of(sandbox, invoice)
    if method_id is None:
        intent["status"] = "requires_payment_method"
        return "generic_decline"
    card = card_behind(sandbox, method_id)
    refused = card.first if present else card.later
    intent["payment_method"] = method_id
    made = _charge(sandbox, intent, method_id, refused)
    intent["latest_charge"] = made["id"]
    if refused:
        waits = refused == "authentication_required"
        intent["status"] = "requires_action" if waits else "requires_payment_method"
        intent["last_payment_error"] = {
            "type": "card_error",
            "code": refused if waits else "card_declined",
            "decline_code": refused,
            "message": DECLINES[refused],
        }
        sandbox.emit("payment_intent.requires_action" if waits else "payment_intent.payment_failed", intent)
        return refused
    intent.update(status="succeeded", amount_received=intent["amount"], last_payment_error=None)
    for each in sandbox.store.all("invoice_payment", lambda one: one["invoice"] == invoice["id"]):
        each.update(status="paid", amount_paid=intent["amount"])
        each["status_transitions"]["paid_at"] = sandbox.clock.now()
    sandbox.emit("payment_intent.succeeded", intent)
    if card.disputed:
        dispute(sandbox, made)
    return ""


def _intent_of(sandbox: StripeSandbox, invoice: Json) -> Json:
    """The one intent of an invoice: it is tried again rather than made again."""
    store, now = sandbox.store, sandbox.clock.now()
    for each in store.all("invoice_payment", lambda one: one["invoice"] == invoice["id"]):
        return store.get("payment_intent", each["payment"]["payment_intent"])
    intent = store.add(
        "payment_intent",
        now,
        amount=invoice["amount_due"],
        amount_capturable=0,
        amount_received=0,
        canceled_at=None,
        capture_method="automatic",
        confirmation_method="automatic",
        currency=invoice["currency"],
        customer=invoice["customer"],
        description="Subscription",
        last_payment_error=None,
        latest_charge=None,
        metadata={},
        next_action=None,
        payment_method=None,
        payment_method_types=["card"],
        setup_future_usage="off_session",
        status="requires_payment_method",
    )
    intent["client_secret"] = f"{intent['id']}_secret_test"
    payment = store.add(
        "invoice_payment",
        now,
        amount_paid=None,
        amount_requested=invoice["amount_due"],
        currency=invoice["currency"],
        invoice=invoice["id"],
        is_default=True,
        payment={"type": "payment_intent", "payment_intent": intent["id"]},
        status="open",
        status_transitions={"canceled_at": None, "paid_at": None},
    )
    invoice["payments"]["data"] = [payment]
    sandbox.emit("payment_intent.created", intent)
    return intent


def _charge(sandbox: StripeSandbox, intent: Json, method_id: str, refused: str) -> Json:
    method = sandbox.store.get("payment_method", method_id)
    made = sandbox.store.add(
        "charge",
        sandbox.clock.now(),
        amount=intent["amount"],
        amount_captured=0 if refused else intent["amount"],
        amount_refunded=0,
        balance_transaction=None,
        billing_details=method["billing_details"],
        captured=not refused,
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        disputed=False,
        failure_code=None if not refused else "card_declined",
        failure_message=DECLINES.get(refused),
        metadata={},
        outcome={"network_status": "declined_by_network" if refused else "approved_by_network"},
        paid=not refused,
        payment_intent=intent["id"],
        payment_method=method_id,
        payment_method_details={"type": "card", "card": dict(method["card"])},
        receipt_url=None,
        refunded=False,
        status="failed" if refused else "succeeded",
    )
    sandbox.emit("charge.failed" if refused else "charge.succeeded", made)
    return made


def create_refund(sandbox: StripeSandbox, params: Params) -> Json:
    paid = _refundable(sandbox, params)
    left = paid["amount"] - paid["amount_refunded"]
    amount = params.number("amount", left) or 0
    if left <= 0:
        raise StripeError(f"Charge {paid['id']} has already been refunded.", code="charge_already_refunded")
    if not 0 < amount <= left:
        raise invalid("amount", f"Refund amount ({amount}) is greater than unrefunded amount ({left}).")
    refund = sandbox.store.add(
        "refund",
        sandbox.clock.now(),
        amount=amount,
        balance_transaction=None,
        charge=paid["id"],
        currency=paid["currency"],
        metadata=params.metadata(),
        payment_intent=paid["payment_intent"],
        reason=params.text("reason") or None,
        receipt_number=None,
        status="succeeded",
    )
    paid["amount_refunded"] += amount
    paid["refunded"] = paid["amount_refunded"] == paid["amount"]
    sandbox.emit("refund.created", refund)
    sandbox.emit("charge.refunded", paid)
    return refund


def _refundable(sandbox: StripeSandbox, params: Params) -> Json:
    if identity := params.text("charge"):
        return sandbox.store.get("charge", identity, "charge")
    intent = sandbox.store.get("payment_intent", params.required("payment_intent"), "payment_intent")
    if intent["status"] != "succeeded":
        raise StripeError(
            f"This PaymentIntent ({intent['id']}) does not have a successful charge to refund.",
            code="payment_intent_unexpected_state",
        )
    return sandbox.store.get("charge", intent["latest_charge"])


def dispute(sandbox: StripeSandbox, paid: Json, reason: str = "fraudulent") -> Json:
    """The cardholder's bank takes the money back until the dispute is decided."""
    now = sandbox.clock.now()
    made = sandbox.store.add(
        "dispute",
        now,
        amount=paid["amount"],
        balance_transactions=[],
        charge=paid["id"],
        currency=paid["currency"],
        enhanced_eligibility_types=[],
        evidence={},
        evidence_details={
            "due_by": now + 7 * DAY,
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
        },
        is_charge_refundable=False,
        metadata={},
        payment_intent=paid["payment_intent"],
        reason=reason,
        status="needs_response",
    )
    paid["disputed"] = True
    sandbox.emit("charge.dispute.created", made)
    sandbox.emit("charge.dispute.funds_withdrawn", made)
    return made


def close_dispute(sandbox: StripeSandbox, identity: str, *, won: bool) -> Json:
    found = sandbox.store.get("dispute", identity)
    found["status"] = "won" if won else "lost"
    if won:
        sandbox.emit("charge.dispute.funds_reinstated", found)
    sandbox.emit("charge.dispute.closed", found)
    return found


def keep_payments(params: Params) -> Callable[[Json], bool]:
    """Filters of the list of invoice payments."""
    invoice, status, payment = params.text("invoice"), params.text("status"), params.inner("payment")
    intent = payment.text("payment_intent")
    payment.text("type")
    return lambda each: (
        (not invoice or each["invoice"] == invoice)
        and (not status or each["status"] == status)
        and (not intent or each["payment"]["payment_intent"] == intent)
    )


def keep_by(params: Params, *names: str) -> Callable[[Json], bool]:
    """Filters by plain fields."""
    wanted: dict[str, Any] = {name: params.text(name) for name in names}
    return lambda each: all(not value or each.get(name) == value for name, value in wanted.items())
