"""The admin's side of the subscription: requests, invoices, payments, taxes, the trial, who sells."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success, watch
from state.subscription import NOBODY
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import billing, invoices
from wapto_app.services.invoices import InvoiceRow, PartyRow, PaymentRow, TaxForm, TaxRow
from wapto_app.services.invoices.details import TOPIC as BILLING
from wapto_app.services.plans import TOPIC, catalog, overview, payments, subscribing, trial
from wapto_app.services.plans.catalog import TOPIC as PLANS
from wapto_app.services.plans.overview import RequestRow, SubscriptionRow, UsageRow


class ApprovalForm(TypedDict):
    """Yes to a request."""

    note: str
    paid: bool


class AssignForm(TypedDict):
    """The plan that the workspace is put on."""

    plan_id: str
    paid: bool


class TrialForm(TypedDict):
    """The switch; no plan is the recommended one."""

    enabled: bool
    days: str
    plan_id: str


class NoteForm(TypedDict):
    """What is noted on a request or an invoice."""

    note: str


class RefundForm(TypedDict):
    """What was sent back."""

    amount: str
    note: str


class CardRefundForm(TypedDict):
    """What goes back to the card; nothing is everything that is left."""

    amount: str


class Subscriptions(rx.State):
    """One dialog at a time: ``dialog`` names it (approve, paid, refund …), ``target`` is what it is about."""

    loaded: bool = False
    row: SubscriptionRow | None = None
    meters: list[UsageRow] = []
    requests: list[RequestRow] = []
    invoices: list[InvoiceRow] = []
    payments: list[PaymentRow] = []
    taxes: list[TaxRow] = []
    plans: list[dict[str, str]] = []
    trial_on: bool = False
    trial_days: int = trial.DAYS
    trial_plan: str = ""
    seller: PartyRow = NOBODY
    grace_days: int = 7
    footer: str = ""
    dialog: str = ""
    target: int = 0
    target_name: str = ""

    @rx.event
    @requires(Permission.ADMIN)
    async def load(self) -> None:
        watch(self, Subscriptions.changed, [TOPIC, PLANS, BILLING])
        self.dialog = ""
        await self._show()

    @rx.event
    @requires(Permission.ADMIN)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.ADMIN)
    async def open_dialog(self, name: str, target: int, target_name: str) -> EventSpec:
        self.dialog, self.target, self.target_name = name, target, target_name
        return Feedback.clear()

    @rx.event
    @requires(Permission.ADMIN)
    async def close_dialog(self) -> None:
        self.dialog = ""

    @rx.event
    @requires(Permission.ADMIN)
    async def approve(self, form: ApprovalForm) -> EventSpec:
        actor, note, paid = await actor_of(self), form["note"], form["paid"]
        async with runtime.get().db.write() as session:
            decision = await subscribing.decide(
                session, actor, self.target, approve=True, note=note, paid=paid
            )
        self.dialog = ""
        return success(f"{decision.plan_name} is approved.")

    @rx.event
    @requires(Permission.ADMIN)
    async def reject(self, form: NoteForm) -> EventSpec:
        actor, note = await actor_of(self), form["note"]
        async with runtime.get().db.write() as session:
            decision = await subscribing.decide(session, actor, self.target, approve=False, note=note)
        self.dialog = ""
        return success(f"The request for {decision.plan_name} is rejected.")

    @rx.event
    @requires(Permission.ADMIN)
    async def assign(self, form: AssignForm) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            name = await subscribing.assign(session, actor, _whole(form["plan_id"]), paid=form["paid"])
        self.dialog = ""
        return success(f"The workspace is on {name} now.")

    @rx.event
    @requires(Permission.ADMIN)
    async def pay(self, form: NoteForm) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            number = await payments.mark_paid(session, actor, self.target, form["note"])
        self.dialog = ""
        return success(f"Invoice {number} is paid.")

    @rx.event
    @requires(Permission.ADMIN)
    async def void(self, form: NoteForm) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            number = await payments.void(session, actor, self.target, form["note"])
        self.dialog = ""
        return success(f"Invoice {number} is void.")

    @rx.event
    @requires(Permission.ADMIN)
    async def refund(self, form: RefundForm) -> EventSpec:
        actor, amount, note = await actor_of(self), form["amount"], form["note"]
        async with runtime.get().db.write() as session:
            number = await payments.note_refund(session, actor, self.target, amount, note)
        self.dialog = ""
        return success(f"The refund of invoice {number} is noted.")

    @rx.event
    @requires(Permission.ADMIN)
    async def refund_card(self, form: CardRefundForm) -> EventSpec:
        process, actor = runtime.get(), await actor_of(self)
        back = await billing.refund(process.db, actor, process.till, self.target, form["amount"])
        self.dialog = ""
        return success(f"{back} goes back to the card.")

    @rx.event
    @requires(Permission.ADMIN)
    async def save_trial(self, form: TrialForm) -> EventSpec:
        days, plan_id = _whole(form["days"]), _whole(form["plan_id"])
        wanted = trial.TrialRow(enabled=form["enabled"], days=days, plan_id=plan_id)
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await trial.save_trial(session, actor, wanted)
        return success("The trial is saved. It begins when the first owner registers.")

    @rx.event
    @requires(Permission.ADMIN)
    async def extend_trial(self, form: dict[str, str]) -> EventSpec:
        days, actor = _whole(form.get("days", "")), await actor_of(self)
        async with runtime.get().db.write() as session:
            await trial.extend_trial(session, actor, days)
        self.dialog = ""
        return success(f"The trial has {days} more days.")

    @rx.event
    @requires(Permission.ADMIN)
    async def add_tax(self, form: dict[str, str]) -> EventSpec:
        wanted = TaxForm(
            name=form.get("name", ""), percent=form.get("percent", ""), country=form.get("country", "")
        )
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await invoices.add_tax(session, actor, wanted)
        self.dialog = ""
        return success(f"{wanted['name']} is added to new invoices.")

    @rx.event
    @requires(Permission.ADMIN)
    async def set_tax_active(self, tax_id: int, active: bool) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            name = await invoices.set_tax_active(session, actor, tax_id, active=active)
        return success(f"{name} is charged." if active else f"{name} is not charged any more.")

    @rx.event
    @requires(Permission.ADMIN)
    async def remove_tax(self) -> EventSpec:
        self.dialog = ""
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            name = await invoices.remove_tax(session, actor, self.target)
        return success(f"{name} is removed.")

    @rx.event
    @requires(Permission.ADMIN)
    async def save_seller(self, form: dict[str, str]) -> EventSpec:
        actor, days = await actor_of(self), _whole(form.get("grace_days", ""))
        async with runtime.get().db.write() as session:
            await invoices.save_seller(
                session, actor, dict(form), grace_days=days, footer=form.get("footer", "")
            )
        return success("The billing details are saved. They stand on the next invoices.")

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.row = await overview.subscription(session, actor)
            self.meters, _resets = await overview.usage(session, actor)
            self.requests = await overview.requests(session, actor)
            self.invoices = await invoices.list_invoices(session, actor)
            self.payments = await invoices.list_payments(session, actor)
            self.taxes = await invoices.list_taxes(session, actor)
            offered = await catalog.list_plans(session, actor)
            switch = await trial.load_trial(session, actor)
            details = await invoices.load_details(session, actor)
        self.plans = [
            {"value": str(plan["id"]), "label": f"{plan['name']} · {plan['price']}"} for plan in offered
        ]
        self.trial_on, self.trial_days = switch["enabled"], switch["days"]
        self.trial_plan = str(switch["plan_id"] or "")
        self.seller, self.grace_days, self.footer = (
            details["seller"],
            details["grace_days"],
            details["footer"],
        )
        self.loaded = True


def _whole(text: str) -> int:
    """A number that a form holds as text; -1, which no rule takes, when it is none."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else (-1 if text else 0)
