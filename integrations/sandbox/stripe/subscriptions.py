"""Subscriptions: begun, changed with proration, cancelled, resumed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from . import invoices
from .config import DAY, Json
from .errors import StripeError, declined, invalid, missing
from .forms import Params
from .money import period_end, share
from .store import new_id

if TYPE_CHECKING:
    from .sandbox import StripeSandbox

ENDED = ("canceled", "incomplete_expired")


def begin(sandbox: StripeSandbox, customer: Json, wishes: list[tuple[Json, int]], **more: Any) -> Json:
    """A subscription of these prices and quantities.

    ``more``: ``trial_end``, ``tax_rates``, ``metadata``, ``trial_settings``, ``description``, ``method``.
    """
    now = sandbox.clock.now()
    trial_end = more.get("trial_end")
    anchor = trial_end or now
    subscription = sandbox.store.add(
        "subscription",
        now,
        application=None,
        automatic_tax={"enabled": False, "disabled_reason": None, "liability": None},
        billing_cycle_anchor=anchor,
        billing_cycle_anchor_config=None,
        billing_mode={"type": "classic", "flexible": None},
        cancel_at=None,
        cancel_at_period_end=False,
        canceled_at=None,
        cancellation_details={"comment": None, "feedback": None, "reason": None},
        collection_method="charge_automatically",
        currency=wishes[0][0]["currency"],
        customer=customer["id"],
        days_until_due=None,
        default_payment_method=more.get("method"),
        default_source=None,
        default_tax_rates=more.get("tax_rates", []),
        description=more.get("description"),
        discounts=[],
        ended_at=None,
        invoice_settings={"account_tax_ids": None, "issuer": {"type": "self"}},
        items={"object": "list", "data": [], "has_more": False, "url": "/v1/subscription_items"},
        latest_invoice=None,
        metadata=more.get("metadata", {}),
        pause_collection=None,
        pending_setup_intent=None,
        pending_update=None,
        schedule=None,
        start_date=now,
        status="trialing" if trial_end else "incomplete",
        trial_end=trial_end,
        trial_settings=more.get("trial_settings")
        or {"end_behavior": {"missing_payment_method": "create_invoice"}},
        trial_start=now if trial_end else None,
    )
    end = trial_end or period_end(anchor, now, wishes[0][0]["recurring"])
    subscription["items"]["data"] = [
        _item(subscription, price, quantity, (now, end)) for price, quantity in wishes
    ]
    customer["currency"] = subscription["currency"]
    return subscription


def _item(subscription: Json, price: Json, quantity: int, period: tuple[int, int]) -> Json:
    return {
        "id": new_id("subscription_item"),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": subscription["created"],
        "current_period_start": period[0],
        "current_period_end": period[1],
        "discounts": [],
        "metadata": {},
        "plan": None,
        "price": price,
        "quantity": quantity,
        "subscription": subscription["id"],
        "tax_rates": [],
    }


def current_lines(sandbox: StripeSandbox, subscription: Json) -> list[Json]:
    """What a whole period costs."""
    return [
        invoices.line(
            f"{each['quantity']} × {sandbox.title(each['price'])}",
            each["price"]["unit_amount"] * each["quantity"],
            each["price"],
            (each["current_period_start"], each["current_period_end"]),
            quantity=each["quantity"],
            subscription=subscription["id"],
            item=each["id"],
        )
        for each in subscription["items"]["data"]
    ]


def trial_line(sandbox: StripeSandbox, subscription: Json) -> list[Json]:
    lines = current_lines(sandbox, subscription)
    for each in lines:
        each["description"] = f"Trial period for {each['description']}"
        each["amount"] = each["subtotal"] = 0
    return lines


def start(sandbox: StripeSandbox, subscription: Json, method: str | None, *, present: bool) -> str:
    """The first invoice of a subscription that has just begun; why it could not be paid, or an empty text."""
    lines = trial_line if subscription["status"] == "trialing" else current_lines
    sandbox.emit("customer.subscription.created", subscription)
    invoice = invoices.draft(sandbox, subscription, "subscription_create", lines(sandbox, subscription))
    invoices.finalize(sandbox, invoice)
    return sandbox.pay(invoice, method, present=present)


def create_subscription(sandbox: StripeSandbox, params: Params) -> Json:
    store = sandbox.store
    customer = store.get("customer", params.required("customer"), "customer")
    wishes = []
    for each in params.objects("items"):
        price = store.get("price", each.required("price"), "items[price]")
        wishes.append((price, each.number("quantity", 1) or 1))
        each.done()
    if not wishes:
        raise missing("items")
    days, trial_end = params.number("trial_period_days"), params.number("trial_end")
    if days:
        trial_end = sandbox.clock.now() + days * DAY
    method = params.text("default_payment_method") or sandbox.method_of(customer["id"])
    subscription = begin(
        sandbox,
        customer,
        wishes,
        trial_end=trial_end,
        tax_rates=tax_rates(sandbox, params),
        metadata=params.metadata(),
        trial_settings=params.raw("trial_settings"),
        description=params.text("description") or None,
        method=params.text("default_payment_method") or None,
    )
    behavior = params.choice(
        "payment_behavior", "allow_incomplete", "default_incomplete", "error_if_incomplete"
    )
    if behavior == "default_incomplete":
        method = None
    reason = start(sandbox, subscription, method, present=False)
    if reason and behavior == "error_if_incomplete":
        raise declined(reason)
    return subscription


def tax_rates(sandbox: StripeSandbox, params: Params) -> list[str]:
    return [
        sandbox.store.get("tax_rate", str(each), "default_tax_rates")["id"]
        for each in params.array("default_tax_rates")
    ]


def update_subscription(sandbox: StripeSandbox, params: Params, identity: str) -> Json:
    """Stripe: a subscription that has ended changes only its metadata."""
    subscription = sandbox.store.get("subscription", identity)
    before = {name: subscription[name] for name in ("cancel_at_period_end", "status", "metadata")}
    subscription["metadata"] = params.metadata(subscription["metadata"])
    if subscription["status"] in ENDED:
        params.done()
        return subscription
    behavior = params.choice("proration_behavior", "create_prorations", "none", "always_invoice")
    strict = (
        params.choice("payment_behavior", "allow_incomplete", "error_if_incomplete") == "error_if_incomplete"
    )
    _simple_changes(sandbox, params, subscription)
    changes = params.objects("items")
    if len(changes) > 1:
        raise invalid("items", "This stand-in knows subscriptions of one item.")
    if changes:
        change = changes[0]
        if subscription["schedule"]:
            raise StripeError(
                "You cannot update the items of a subscription that a schedule manages. Release it first.",
                param="items",
            )
        item = _item_of(subscription, change)
        price = sandbox.store.get("price", change.text("price") or item["price"]["id"], "items[0][price]")
        quantity = change.number("quantity", item["quantity"]) or item["quantity"]
        change.done()
        params.done()
        change_item(sandbox, subscription, price, quantity, behavior=behavior, strict=strict)
    sandbox.emit("customer.subscription.updated", subscription, before)
    return subscription


def _simple_changes(sandbox: StripeSandbox, params: Params, subscription: Json) -> None:
    if "default_tax_rates" in params:
        subscription["default_tax_rates"] = tax_rates(sandbox, params)
    if method := params.text("default_payment_method"):
        sandbox.store.get("payment_method", method, "default_payment_method")
        subscription["default_payment_method"] = method
    if "cancel_at_period_end" in params:
        if subscription["schedule"]:
            raise StripeError(
                "The subscription is managed by a subscription schedule, and updating any cancelation behavior"
                " directly is not allowed. Please update the schedule instead.",
                param="cancel_at_period_end",
            )
        set_cancel(sandbox, subscription, params.flag("cancel_at_period_end"))
    if params.text("trial_end") == "now" and subscription["status"] == "trialing":
        subscription["trial_end"] = sandbox.clock.now()
        sandbox.passing.end_trial(subscription)


def _item_of(subscription: Json, change: Params) -> Json:
    wanted = change.required("id")
    for each in subscription["items"]["data"]:
        if each["id"] == wanted:
            found: Json = each
            return found
    raise StripeError(f"No such subscription item: '{wanted}'", param="items[0][id]")


def set_cancel(sandbox: StripeSandbox, subscription: Json, cancel: bool) -> None:
    """At the end of the period, or not after all."""
    end = subscription["items"]["data"][0]["current_period_end"]
    subscription.update(
        cancel_at_period_end=cancel,
        cancel_at=end if cancel else None,
        canceled_at=sandbox.clock.now() if cancel else None,
    )
    subscription["cancellation_details"]["reason"] = "cancellation_requested" if cancel else None


def change_item(
    sandbox: StripeSandbox, subscription: Json, price: Json, quantity: int, *, behavior: str, strict: bool
) -> None:
    """Another price or quantity from now on.

    Stripe: the unused part of the old price is credited and the rest of the period charged at the new one; another
    interval begins a new period at once. ``strict`` changes nothing when that cannot be paid.
    """
    item = subscription["items"]["data"][0]
    old_price, old_quantity = item["price"], item["quantity"]
    period = (item["current_period_start"], item["current_period_end"])
    if price["currency"] != subscription["currency"]:
        raise StripeError("The price specified supports a different currency.", param="items[0][price]")
    if price["id"] == old_price["id"] and quantity == old_quantity:
        return
    anchor = subscription["billing_cycle_anchor"]
    same = _interval(old_price) == _interval(price)
    now = sandbox.clock.now()
    item.update(price=price, quantity=quantity)
    if subscription["status"] == "trialing":
        return
    lines = []
    if behavior != "none":
        lines = _credits(sandbox, subscription, (old_price, old_quantity), period, with_new=same)
    if not same:
        subscription["billing_cycle_anchor"] = now
        item.update(current_period_start=now, current_period_end=period_end(now, now, price["recurring"]))
        lines += current_lines(sandbox, subscription)
    if not same or behavior == "always_invoice":
        refused = _invoice_now(sandbox, subscription, lines, strict=strict)
        if refused:
            item.update(price=old_price, quantity=old_quantity)
            item.update(current_period_start=period[0], current_period_end=period[1])
            subscription["billing_cycle_anchor"] = anchor
            raise declined(refused)
    elif lines:
        sandbox.pending.setdefault(subscription["id"], []).extend(lines)


def _interval(price: Json) -> tuple[str, int]:
    return price["recurring"]["interval"], price["recurring"]["interval_count"]


def _credits(
    sandbox: StripeSandbox,
    subscription: Json,
    old: tuple[Json, int],
    period: tuple[int, int],
    *,
    with_new: bool,
) -> list[Json]:
    now, item = sandbox.clock.now(), subscription["items"]["data"][0]
    left, whole = max(period[1] - now, 0), period[1] - period[0]
    sides = [(*old, -1, "Unused time on")]
    if with_new:
        sides.append((item["price"], item["quantity"], 1, "Remaining time on"))
    return [
        invoices.line(
            f"{words} {sandbox.title(price)} after {sandbox.day(now)}",
            share(sign * price["unit_amount"] * quantity, left, whole),
            price,
            (now, period[1]),
            quantity=quantity,
            subscription=subscription["id"],
            item=item["id"],
            proration=True,
        )
        for price, quantity, sign, words in sides
    ]


def _invoice_now(sandbox: StripeSandbox, subscription: Json, lines: list[Json], *, strict: bool) -> str:
    """Why it was refused when that undoes the change, else an empty text."""
    if not lines:
        return ""
    latest = subscription["latest_invoice"]
    invoice = invoices.draft(sandbox, subscription, "subscription_update", lines)
    invoices.finalize(sandbox, invoice)
    method = sandbox.method_of(subscription["customer"], subscription)
    if not strict:
        sandbox.pay(invoice, method, present=False)
        return ""
    refused = invoices.collect(sandbox, invoice, method, present=False)
    if refused:
        invoice.update(status="void", next_payment_attempt=None, amount_remaining=0)
        invoice["status_transitions"]["voided_at"] = sandbox.clock.now()
        sandbox.emit("invoice.voided", invoice)
        subscription["latest_invoice"] = latest
    return refused


def cancel_subscription(sandbox: StripeSandbox, params: Params, identity: str) -> Json:
    subscription = sandbox.store.get("subscription", identity)
    if subscription["status"] in ENDED:
        raise StripeError(f"No such subscription: '{identity}'", status=404, code="resource_missing")
    params.flag("invoice_now")
    params.flag("prorate")
    end_now(sandbox, subscription, "cancellation_requested")
    return subscription


def end_now(sandbox: StripeSandbox, subscription: Json, reason: str) -> None:
    """It is over; what is still open of it is no longer collected."""
    now = sandbox.clock.now()
    subscription.update(status="canceled", ended_at=now, canceled_at=subscription["canceled_at"] or now)
    subscription["cancellation_details"]["reason"] = reason
    sandbox.pending.pop(subscription["id"], None)
    if subscription["schedule"]:
        schedule = sandbox.store.get("subscription_schedule", subscription["schedule"])
        schedule.update(status="canceled", canceled_at=now, current_phase=None)
        subscription["schedule"] = None
    for each in sandbox.open_invoices(subscription["id"]):
        each.update(auto_advance=False, next_payment_attempt=None)
    sandbox.emit("customer.subscription.deleted", subscription)
