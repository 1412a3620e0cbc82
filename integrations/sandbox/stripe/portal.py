"""The customer portal: its configuration, its sessions, and what its page does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import schedules, subscriptions
from .cards import attach, card_of
from .config import Json
from .errors import StripeError, declined, no_such
from .forms import Params

if TYPE_CHECKING:
    from .sandbox import StripeSandbox


def create_configuration(sandbox: StripeSandbox, params: Params) -> Json:
    return sandbox.store.add(
        "billing_portal.configuration",
        sandbox.clock.now(),
        active=True,
        application=None,
        business_profile=params.raw("business_profile") or {"headline": None},
        default_return_url=params.text("default_return_url") or None,
        features=_features(params.inner("features")),
        is_default=False,
        login_page={"enabled": False, "url": None},
        metadata=params.metadata(),
        name=params.text("name") or None,
        updated=sandbox.clock.now(),
    )


def _features(params: Params) -> Json:
    """Everything is off unless it was switched on."""
    cancel, change = params.inner("subscription_cancel"), params.inner("subscription_update")
    features: Json = {
        "customer_update": {"enabled": params.inner("customer_update").raw("enabled") == "true"},
        "invoice_history": {"enabled": params.inner("invoice_history").flag("enabled")},
        "payment_method_update": {"enabled": params.inner("payment_method_update").flag("enabled")},
        "subscription_cancel": {
            "enabled": cancel.flag("enabled"),
            "mode": cancel.choice("mode", "at_period_end", "immediately"),
            "proration_behavior": cancel.text("proration_behavior", "none"),
        },
        "subscription_update": {
            "enabled": change.flag("enabled"),
            "default_allowed_updates": change.array("default_allowed_updates"),
            "products": change.array("products"),
            "proration_behavior": change.text("proration_behavior", "none"),
            "schedule_at_period_end": {
                "conditions": change.inner("schedule_at_period_end").array("conditions")
            },
        },
    }
    cancel.raw("cancellation_reason")
    params.done()
    return features


def update_configuration(sandbox: StripeSandbox, params: Params, identity: str) -> Json:
    configuration = sandbox.store.get("billing_portal.configuration", identity)
    if "features" in params:
        configuration["features"] = _features(params.inner("features"))
    configuration["active"] = params.flag("active", configuration["active"])
    configuration["metadata"] = params.metadata(configuration["metadata"])
    params.raw("business_profile")
    return configuration


def create_session(sandbox: StripeSandbox, params: Params) -> Json:
    """Stripe: an account without a configuration of its own or a saved default has no portal."""
    customer = sandbox.store.get("customer", params.required("customer"), "customer")
    configuration = params.text("configuration")
    if not configuration:
        raise StripeError(
            "No configuration provided and your test mode default configuration has not been created. Provide a"
            " configuration or create your default by saving your customer portal settings in test mode."
        )
    sandbox.store.get("billing_portal.configuration", configuration, "configuration")
    session = sandbox.store.add(
        "billing_portal.session",
        sandbox.clock.now(),
        configuration=configuration,
        customer=customer["id"],
        flow=None,
        locale=params.text("locale") or None,
        on_behalf_of=None,
        return_url=params.text("return_url") or None,
    )
    session["url"] = f"{sandbox.base_of_links()}/portal/{session['id']}"
    return session


def features_of(sandbox: StripeSandbox, session: Json) -> Json:
    found: Json = sandbox.store.get("billing_portal.configuration", session["configuration"])["features"]
    return found


def act(sandbox: StripeSandbox, session: Json, action: str, form: Params) -> str:
    """What the customer chose; a sentence about it.

    Raises:
        StripeError: when the portal does not allow it or the card refuses.
    """
    features = features_of(sandbox, session)
    customer = sandbox.store.get("customer", session["customer"])
    if action == "card":
        _allow(features["payment_method_update"])
        return _change_card(sandbox, customer, form.required("number"))
    subscription = _own(sandbox, "subscription", form.required("subscription"), customer)
    if action == "cancel":
        _allow(features["subscription_cancel"])
        return _cancel(sandbox, subscription, features["subscription_cancel"]["mode"])
    if action == "resume":
        before = {"cancel_at_period_end": subscription["cancel_at_period_end"]}
        subscriptions.set_cancel(sandbox, subscription, cancel=False)
        sandbox.emit("customer.subscription.updated", subscription, before)
        return "The subscription goes on."
    if action == "change":
        _allow(features["subscription_update"])
        return _change(sandbox, subscription, form.required("price"), features["subscription_update"])
    raise StripeError("The portal does not know this.")


def _allow(feature: Json) -> None:
    if not feature["enabled"]:
        raise StripeError("The portal's configuration does not allow this.", status=403)


def _own(sandbox: StripeSandbox, kind: str, identity: str, customer: Json) -> Json:
    found = sandbox.store.get(kind, identity)
    if found["customer"] != customer["id"]:
        raise no_such(kind, identity)
    return found


def _change_card(sandbox: StripeSandbox, customer: Json, number: str) -> str:
    card = card_of(number)
    if card.first:
        raise declined(card.first)
    method = attach(sandbox, customer, card)
    for each in sandbox.store.all("subscription", lambda sub: sub["customer"] == customer["id"]):
        if each["status"] not in subscriptions.ENDED:
            each["default_payment_method"] = method["id"]
            sandbox.emit("customer.subscription.updated", each, {"default_payment_method": None})
    return f"The card ending in {card.last4} is used from now on."


def _cancel(sandbox: StripeSandbox, subscription: Json, mode: str) -> str:
    if subscription["schedule"]:
        schedules.release(sandbox, sandbox.store.get("subscription_schedule", subscription["schedule"]))
    if mode == "immediately":
        subscriptions.end_now(sandbox, subscription, "cancellation_requested")
        return "The subscription has ended."
    subscriptions.set_cancel(sandbox, subscription, cancel=True)
    sandbox.emit("customer.subscription.updated", subscription, {"cancel_at_period_end": False})
    return "The subscription ends with its period."


def _change(sandbox: StripeSandbox, subscription: Json, price_id: str, feature: Json) -> str:
    allowed = {price for product in feature["products"] for price in product["prices"]}
    if price_id not in allowed:
        raise StripeError("The portal's configuration does not offer this price.", status=403)
    if subscription["schedule"]:
        raise StripeError("The subscription already changes at the end of its period.")
    price = sandbox.store.get("price", price_id)
    item = subscription["items"]["data"][0]
    conditions = {each["type"] for each in feature["schedule_at_period_end"]["conditions"]}
    cheaper = price["unit_amount"] < item["price"]["unit_amount"]
    shorter = _months(price) < _months(item["price"])
    if (cheaper and "decreasing_item_amount" in conditions) or (
        shorter and "shortening_interval" in conditions
    ):
        _schedule(sandbox, subscription, price)
        return "The plan changes with the next period."
    behavior = feature["proration_behavior"]
    subscriptions.change_item(sandbox, subscription, price, item["quantity"], behavior=behavior, strict=True)
    sandbox.emit("customer.subscription.updated", subscription, {"items": None})
    return "The plan is changed."


def _months(price: Json) -> float:
    recurring = price["recurring"]
    length = {"day": 1 / 30, "week": 1 / 4, "month": 1, "year": 12}[recurring["interval"]]
    return float(length * recurring["interval_count"])


def _schedule(sandbox: StripeSandbox, subscription: Json, price: Json) -> None:
    schedule = schedules.create_schedule(sandbox, Params({"from_subscription": subscription["id"]}))
    first = schedule["phases"][0]
    second = schedules.phase(price, 1, (first["end_date"], None), subscription)
    schedule["phases"] = [first, second]
    sandbox.emit("subscription_schedule.updated", schedule)
