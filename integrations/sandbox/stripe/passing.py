"""What time brings: renewals, ends of trials, retries, cancellations. It happens in order, at its own moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from . import invoices, schedules, subscriptions
from .config import DAY, Json
from .money import period_end

if TYPE_CHECKING:
    from .sandbox import StripeSandbox

Due = tuple[int, Callable[[], None]]

_TRIAL_WARNING = 3 * DAY
_LIVING = ("active", "past_due", "unpaid")


class Passing:
    """Finds what is due and lets it happen."""

    def __init__(self, sandbox: StripeSandbox) -> None:
        self._sandbox = sandbox
        self._warned: set[str] = set()

    def until(self, moment: int) -> int:
        """Let everything happen that is due by then; how many things that were."""
        sandbox, done = self._sandbox, 0
        while (due := self._next(moment)) is not None:
            at, happen = due
            sandbox.clock.freeze(max(at, sandbox.clock.now()))
            happen()
            done += 1
        return done

    def _next(self, moment: int) -> Due | None:
        due = [each for each in self._all() if each[0] <= moment]
        return min(due, key=lambda each: each[0]) if due else None

    def _all(self) -> Iterator[Due]:
        store = self._sandbox.store
        for subscription in store.all("subscription"):
            yield from self._of_subscription(subscription)
        for invoice in store.all("invoice"):
            if invoice["status"] == "draft" and invoice["automatically_finalizes_at"]:
                yield invoice["automatically_finalizes_at"], self._call(self._finalize, invoice)
            elif invoice["status"] == "open" and invoice["next_payment_attempt"]:
                yield invoice["next_payment_attempt"], self._call(self._retry, invoice)
        for session in store.all("checkout.session", lambda each: each["status"] == "open"):
            yield session["expires_at"], self._call(self._expire, session)

    def _of_subscription(self, subscription: Json) -> Iterator[Due]:
        if subscription["status"] == "trialing":
            warning = subscription["trial_end"] - _TRIAL_WARNING
            if subscription["id"] not in self._warned:
                yield warning, self._call(self._warn, subscription)
            yield subscription["trial_end"], self._call(self.end_trial, subscription)
        elif subscription["status"] in _LIVING:
            end = subscription["items"]["data"][0]["current_period_end"]
            yield end, self._call(self._renew, subscription)

    @staticmethod
    def _call(function: Callable[[Json], None], argument: Json) -> Callable[[], None]:
        return lambda: function(argument)

    def _warn(self, subscription: Json) -> None:
        self._warned.add(subscription["id"])
        self._sandbox.emit("customer.subscription.trial_will_end", subscription)

    def end_trial(self, subscription: Json) -> None:
        """Stripe: without a way to pay, the trial's settings decide what comes."""
        sandbox = self._sandbox
        if subscription["cancel_at_period_end"]:
            subscriptions.end_now(sandbox, subscription, "cancellation_requested")
            return
        method = sandbox.method_of(subscription["customer"], subscription)
        behavior = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
        if method is None and behavior == "cancel":
            subscriptions.end_now(sandbox, subscription, "payment_failed")
            return
        if method is None and behavior == "pause":
            subscription["status"] = "paused"
            sandbox.emit("customer.subscription.paused", subscription)
            return
        subscription["billing_cycle_anchor"] = sandbox.clock.now()
        subscription["status"] = "active"
        self._new_period(subscription)

    def _renew(self, subscription: Json) -> None:
        sandbox = self._sandbox
        if subscription["cancel_at_period_end"]:
            subscriptions.end_now(sandbox, subscription, "cancellation_requested")
            return
        self._change_phase(subscription)
        self._new_period(subscription)

    def _change_phase(self, subscription: Json) -> None:
        if not subscription["schedule"]:
            return
        sandbox, item = self._sandbox, subscription["items"]["data"][0]
        schedule = sandbox.store.get("subscription_schedule", subscription["schedule"])
        coming = schedules.next_phase(schedule, item["current_period_end"])
        if coming is None:
            schedules.release(sandbox, schedule)
            return
        price = sandbox.store.get("price", coming["items"][0]["price"])
        before = item["price"]["recurring"]
        item.update(price=price, quantity=coming["items"][0]["quantity"])
        if price["recurring"]["interval"] != before["interval"]:
            subscription["billing_cycle_anchor"] = item["current_period_end"]
        subscription["default_tax_rates"] = list(coming["default_tax_rates"])
        schedule["current_phase"] = {"start_date": coming["start_date"], "end_date": coming["end_date"]}
        sandbox.emit("subscription_schedule.updated", schedule)

    def _new_period(self, subscription: Json) -> None:
        """Move on, and draft the invoice that is collected a little later."""
        sandbox = self._sandbox
        for item in subscription["items"]["data"]:
            begin = item["current_period_end"]
            end = period_end(subscription["billing_cycle_anchor"], begin, item["price"]["recurring"])
            item.update(current_period_start=begin, current_period_end=end)
        lines = subscriptions.current_lines(sandbox, subscription)
        invoice = invoices.draft(sandbox, subscription, "subscription_cycle", lines)
        sandbox.emit("customer.subscription.updated", subscription)
        invoice["automatically_finalizes_at"] = sandbox.clock.now() + sandbox.config.draft_seconds

    def _finalize(self, invoice: Json) -> None:
        sandbox = self._sandbox
        invoices.finalize(sandbox, invoice)
        if invoice["auto_advance"]:
            self._retry(invoice)

    def _retry(self, invoice: Json) -> None:
        """Stripe: when the last try fails too, the account's settings decide about the subscription."""
        sandbox = self._sandbox
        subscription = sandbox.subscription_of(invoice)
        method = sandbox.method_of(invoice["customer"], subscription)
        refused = sandbox.pay(invoice, method, present=False)
        if not refused or invoice["next_payment_attempt"] is not None:
            return
        if sandbox.config.after_retries == "cancel":
            subscriptions.end_now(sandbox, subscription, "payment_failed")
        elif sandbox.config.after_retries == "unpaid":
            subscription["status"] = "unpaid"
            sandbox.emit("customer.subscription.updated", subscription)

    def _expire(self, session: Json) -> None:
        session.update(status="expired", url=None)
        self._sandbox.emit("checkout.session.expired", session)
