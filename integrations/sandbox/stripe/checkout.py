"""Checkout sessions in ``mode=subscription``, and what their page does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from . import subscriptions
from .cards import Card, attach
from .config import DAY, HOUR, Json
from .errors import StripeError, declined, invalid, missing
from .forms import Params
from .money import tax_of

if TYPE_CHECKING:
    from .sandbox import StripeSandbox

_PLACE = "{CHECKOUT_SESSION_ID}"


def create_session(sandbox: StripeSandbox, params: Params) -> Json:
    now = sandbox.clock.now()
    if params.required("mode") != "subscription":
        raise invalid("mode", "This stand-in knows only mode=subscription.")
    price, quantity = _line_item(sandbox, params)
    customer = params.text("customer")
    if customer:
        sandbox.store.get("customer", customer, "customer")
    wishes = _wishes(sandbox, params)
    amounts = _amounts(sandbox, price, quantity, wishes)
    expires = params.number("expires_at", now + DAY) or now + DAY
    if not now + HOUR // 2 <= expires <= now + DAY:
        raise invalid("expires_at", "The timestamp must be between 30 minutes and 24 hours from now.")
    session = sandbox.store.add(
        "checkout.session",
        now,
        **amounts,
        adaptive_pricing=None,
        after_expiration=None,
        allow_promotion_codes=params.flag("allow_promotion_codes") or None,
        automatic_tax={"enabled": False, "liability": None, "provider": None, "status": None},
        billing_address_collection=params.text("billing_address_collection") or None,
        cancel_url=params.text("cancel_url") or None,
        client_reference_id=params.text("client_reference_id") or None,
        client_secret=None,
        collected_information=None,
        consent=None,
        consent_collection=None,
        currency=price["currency"],
        currency_conversion=None,
        custom_fields=[],
        custom_text={},
        customer=customer or None,
        customer_creation=None if customer else "always",
        customer_details=None,
        customer_email=params.text("customer_email") or None,
        discounts=[],
        expires_at=expires,
        invoice=None,
        locale=params.text("locale") or None,
        metadata=params.metadata(),
        mode="subscription",
        payment_intent=None,
        payment_link=None,
        payment_method_collection=params.choice("payment_method_collection", "always", "if_required"),
        payment_method_types=["card"],
        payment_status="unpaid",
        phone_number_collection={"enabled": False},
        setup_intent=None,
        shipping_options=[],
        status="open",
        submit_type=None,
        subscription=None,
        success_url=params.required("success_url"),
        ui_mode="hosted_page",
    )
    params.inner("customer_update").raw("address")
    params.raw("tax_id_collection")
    session["url"] = f"{sandbox.base_of_links()}/pay/{session['id']}"
    sandbox.wishes[session["id"]] = wishes | {"price": price["id"], "quantity": quantity}
    return session


def _line_item(sandbox: StripeSandbox, params: Params) -> tuple[Json, int]:
    items = params.objects("line_items")
    if len(items) != 1:
        raise (
            missing("line_items")
            if not items
            else invalid("line_items", "This stand-in knows subscriptions of one item.")
        )
    price = sandbox.store.get("price", items[0].required("price"), "line_items[0][price]")
    quantity = items[0].number("quantity", 1) or 1
    items[0].done()
    if price["recurring"] is None:
        raise invalid("line_items[0][price]", "You must provide at least one recurring price in this mode.")
    if not price["active"]:
        raise invalid("line_items[0][price]", "The price specified is inactive.")
    return price, quantity


def _wishes(sandbox: StripeSandbox, params: Params) -> Json:
    """What the subscription shall be like."""
    data = params.inner("subscription_data")
    wishes: Json = {
        "tax_rates": subscriptions.tax_rates(sandbox, data),
        "metadata": data.metadata(),
        "description": data.text("description") or None,
        "trial_days": data.number("trial_period_days"),
        "trial_settings": data.raw("trial_settings"),
    }
    data.done()
    return wishes


def _amounts(sandbox: StripeSandbox, price: Json, quantity: int, wishes: Json) -> Json:
    """What is paid today; nothing when a trial comes first."""
    subtotal = 0 if wishes["trial_days"] else price["unit_amount"] * quantity
    rates = [sandbox.store.get("tax_rate", each) for each in wishes["tax_rates"]]
    tax = sum(each["amount"] for each in tax_of(subtotal, rates) if each["tax_behavior"] == "exclusive")
    return {
        "amount_subtotal": subtotal,
        "amount_total": subtotal + tax,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": tax},
    }


def expire_session(sandbox: StripeSandbox, params: Params, identity: str) -> Json:
    session = sandbox.store.get("checkout.session", identity)
    if session["status"] != "open":
        raise StripeError(
            'Only Checkout Sessions with a status in ["open"] can be expired.'
            f" This Checkout Session has a status of `{session['status']}`."
        )
    session.update(status="expired", url=None)
    sandbox.emit("checkout.session.expired", session)
    return session


def complete(sandbox: StripeSandbox, session: Json, card: Card | None, email: str) -> None:
    """The customer pays, or begins a trial.

    Raises:
        StripeError: (402) when the card refuses; nothing has begun then.
    """
    if session["status"] != "open":
        raise StripeError("This session is over.")
    if card is None and (session["amount_total"] or session["payment_method_collection"] == "always"):
        raise missing("number")
    if card is not None and card.first:
        raise declined(card.first)
    customer = _customer(sandbox, session, email)
    method = attach(sandbox, customer, card) if card else None
    subscription = _subscription(sandbox, session, customer, method)
    subscriptions.start(sandbox, subscription, method["id"] if method else None, present=True)
    session.update(
        customer=customer["id"],
        customer_details={"email": customer["email"], "name": customer["name"], "address": None},
        invoice=subscription["latest_invoice"],
        payment_status="paid" if session["amount_total"] else "no_payment_required",
        status="complete",
        subscription=subscription["id"],
        url=None,
    )
    sandbox.emit("checkout.session.completed", session)


def _customer(sandbox: StripeSandbox, session: Json, email: str) -> Json:
    if session["customer"]:
        return sandbox.store.get("customer", session["customer"])
    from .catalog import create_customer

    return create_customer(sandbox, Params({"email": session["customer_email"] or email}))


def _subscription(sandbox: StripeSandbox, session: Json, customer: Json, method: Json | None) -> Json:
    wishes = sandbox.wishes[session["id"]]
    days = wishes["trial_days"]
    return subscriptions.begin(
        sandbox,
        customer,
        [(sandbox.store.get("price", wishes["price"]), wishes["quantity"])],
        trial_end=sandbox.clock.now() + days * DAY if days else None,
        tax_rates=wishes["tax_rates"],
        metadata=wishes["metadata"],
        description=wishes["description"],
        trial_settings=wishes["trial_settings"],
        method=method and method["id"],
    )


def success_url(session: Json) -> str:
    return str(session["success_url"]).replace(_PLACE, session["id"])


def keep_sessions(params: Params) -> Callable[[Json], bool]:
    customer, status, subscription = (
        params.text("customer"),
        params.text("status"),
        params.text("subscription"),
    )
    return lambda each: (
        (not customer or each["customer"] == customer)
        and (not status or each["status"] == status)
        and (not subscription or each["subscription"] == subscription)
    )
