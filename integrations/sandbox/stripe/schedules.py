"""Subscription schedules, as far as a change at the end of the period needs them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .config import Json
from .errors import StripeError, invalid
from .forms import Params
from .money import period_end

if TYPE_CHECKING:
    from .sandbox import StripeSandbox


def create_schedule(sandbox: StripeSandbox, params: Params) -> Json:
    """Only ``from_subscription``: the first phase is the period that runs."""
    subscription = sandbox.store.get(
        "subscription", params.required("from_subscription"), "from_subscription"
    )
    if subscription["schedule"]:
        raise StripeError(
            "You cannot migrate a subscription that is already attached to a schedule.",
            param="from_subscription",
        )
    item = subscription["items"]["data"][0]
    start, end = item["current_period_start"], item["current_period_end"]
    schedule = sandbox.store.add(
        "subscription_schedule",
        sandbox.clock.now(),
        application=None,
        billing_mode=subscription["billing_mode"],
        canceled_at=None,
        completed_at=None,
        current_phase={"start_date": start, "end_date": end},
        customer=subscription["customer"],
        end_behavior="release",
        metadata=params.metadata(),
        phases=[phase(item["price"], item["quantity"], (start, end), subscription)],
        released_at=None,
        released_subscription=None,
        status="active",
        subscription=subscription["id"],
    )
    subscription["schedule"] = schedule["id"]
    sandbox.emit("subscription_schedule.created", schedule)
    sandbox.emit("customer.subscription.updated", subscription)
    return schedule


def phase(price: Json, quantity: int, dates: tuple[int, int | None], subscription: Json) -> Json:
    return {
        "add_invoice_items": [],
        "currency": price["currency"],
        "default_tax_rates": list(subscription["default_tax_rates"]),
        "discounts": [],
        "end_date": dates[1],
        "items": [{"price": price["id"], "quantity": quantity, "discounts": [], "tax_rates": []}],
        "metadata": {},
        "proration_behavior": "none",
        "start_date": dates[0],
        "trial_end": None,
    }


def update_schedule(sandbox: StripeSandbox, params: Params, identity: str) -> Json:
    schedule = _alive(sandbox, identity)
    subscription = sandbox.store.get("subscription", schedule["subscription"])
    schedule["end_behavior"] = params.choice("end_behavior", "release", "cancel")
    schedule["metadata"] = params.metadata(schedule["metadata"])
    params.text("proration_behavior")
    wanted = params.objects("phases")
    if not wanted:
        return schedule
    schedule["phases"] = _phases(sandbox, schedule, subscription, wanted)
    sandbox.emit("subscription_schedule.updated", schedule)
    return schedule


def _phases(sandbox: StripeSandbox, schedule: Json, subscription: Json, wanted: list[Params]) -> list[Json]:
    begin = schedule["current_phase"]["start_date"]
    phases = []
    for index, each in enumerate(wanted):
        start = each.number("start_date", begin) or begin
        if start != begin:
            raise invalid(f"phases[{index}][start_date]", "Each phase begins where the one before ends.")
        items = each.objects("items")
        if len(items) != 1:
            raise invalid(f"phases[{index}][items]", "This stand-in knows subscriptions of one item.")
        price = sandbox.store.get("price", items[0].required("price"), f"phases[{index}][items][0][price]")
        quantity = items[0].number("quantity", 1) or 1
        items[0].done()
        end = _end_of(each, price, begin)
        each.choice("proration_behavior", "none", "create_prorations", "always_invoice")
        made = phase(price, quantity, (begin, end), subscription)
        if "default_tax_rates" in each:
            made["default_tax_rates"] = [str(rate) for rate in each.array("default_tax_rates")]
        made["metadata"] = each.metadata()
        each.done()
        phases.append(made)
        begin = end
    return phases


def _end_of(each: Params, price: Json, begin: int) -> int:
    """``end_date``, or the ``duration``; Stripe: one period unless told otherwise, for the last phase."""
    end = each.number("end_date")
    duration = each.inner("duration")
    if end:
        return end
    recurring = price["recurring"]
    if "interval" in duration:
        recurring = {
            "interval": duration.choice("interval", "day", "week", "month", "year"),
            "interval_count": duration.number("interval_count", 1),
        }
    return period_end(begin, begin, recurring)


def release_schedule(sandbox: StripeSandbox, params: Params, identity: str) -> Json:
    schedule = _alive(sandbox, identity)
    params.flag("preserve_cancel_date")
    release(sandbox, schedule)
    return schedule


def release(sandbox: StripeSandbox, schedule: Json) -> None:
    """The subscription goes on as it is."""
    subscription = sandbox.store.get("subscription", schedule["subscription"])
    schedule.update(
        status="released",
        released_at=sandbox.clock.now(),
        released_subscription=subscription["id"],
        subscription=None,
        current_phase=None,
    )
    subscription["schedule"] = None
    sandbox.emit("subscription_schedule.released", schedule)
    sandbox.emit("customer.subscription.updated", subscription)


def _alive(sandbox: StripeSandbox, identity: str) -> Json:
    schedule = sandbox.store.get("subscription_schedule", identity)
    if schedule["status"] not in ("active", "not_started"):
        raise StripeError(f"This subscription schedule is {schedule['status']} and cannot be changed.")
    return schedule


def next_phase(schedule: Json, now: int) -> Json | None:
    """The phase that begins now or earlier and is not the current one."""
    current = schedule["current_phase"]["start_date"]
    due = [each for each in schedule["phases"] if current < each["start_date"] <= now]
    return due[-1] if due else None
