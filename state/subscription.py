"""The owner's subscription: where it stands, what is used, what can be chosen, what was billed."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success, watch
from state.payment import Payment, base_of, send_to
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import billing, invoices
from wapto_app.services.billing import Chosen, Step
from wapto_app.services.invoices import InvoiceRow, PartyRow
from wapto_app.services.invoices.details import TOPIC as BILLING
from wapto_app.services.plans import TOPIC, overview, subscribing
from wapto_app.services.plans.catalog import TOPIC as PLANS
from wapto_app.services.plans.overview import CardRow, RequestRow, SubscriptionRow, UsageRow
from wapto_app.services.plans.subscribing import Way

_DONE = {
    Way.NOW: "You are on {plan} now.",
    Way.REQUEST: "Your request for {plan} is sent to the admin.",
    Way.AT_PERIOD_END: "{plan} follows at the end of the period that is paid.",
    Way.CURRENT: "You are on {plan} already.",
}
NOBODY = PartyRow(name="", address="", country="", tax_id="", email="")


class MessageForm(TypedDict):
    """What the owner writes to the admin with a request."""

    message: str


class Subscription(rx.State):
    """``chosen`` is the plan whose confirmation is open, by its id."""

    loaded: bool = False
    row: SubscriptionRow | None = None
    meters: list[UsageRow] = []
    resets_at: str = ""
    cards: list[CardRow] = []
    requests: list[RequestRow] = []
    waiting: bool = False
    invoices: list[InvoiceRow] = []
    buyer: PartyRow = NOBODY
    editing_buyer: bool = False
    chosen_id: int = 0
    chosen_name: str = ""
    chosen_price: str = ""
    chosen_way: str = ""
    leaving: bool = False
    may_manage: bool = False

    @rx.event
    @requires(Permission.SUBSCRIPTION_SEE)
    async def load(self) -> None:
        watch(self, Subscription.changed, [TOPIC, PLANS, BILLING])
        self.editing_buyer, self.chosen_id, self.leaving = False, 0, False
        await self._show()

    @rx.event
    @requires(Permission.SUBSCRIPTION_SEE)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.SUBSCRIPTION_DO)
    async def ask_to_choose(self, plan_id: int) -> EventSpec:
        for card in self.cards:
            if card["id"] == plan_id:
                self.chosen_id, self.chosen_name = plan_id, card["name"]
                self.chosen_price, self.chosen_way = card["price"], card["way"]
        return Feedback.clear()

    @rx.event
    @requires(Permission.SUBSCRIPTION_DO)
    async def do_not_choose(self) -> None:
        self.chosen_id = 0

    @rx.event
    @requires(Permission.SUBSCRIPTION_DO)
    async def choose(self, form: MessageForm) -> EventSpec | None:
        plan_id, self.chosen_id = self.chosen_id, 0
        process, actor, payment = runtime.get(), await actor_of(self), await self.get_state(Payment)
        chosen = await billing.choose(
            process.db, actor, process.till, plan_id, base_of(self), form["message"]
        )
        send_to(payment, chosen.url)
        return _said(chosen)

    @rx.event
    @requires(Permission.SUBSCRIPTION_DO)
    async def withdraw(self) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await subscribing.withdraw_request(session, actor)
        return success("Your request is withdrawn.")

    @rx.event
    @requires(Permission.SUBSCRIPTION_DO)
    async def ask_to_cancel(self) -> None:
        self.leaving = True

    @rx.event
    @requires(Permission.SUBSCRIPTION_DO)
    async def do_not_cancel(self) -> None:
        self.leaving = False

    @rx.event
    @requires(Permission.SUBSCRIPTION_DO)
    async def cancel(self) -> EventSpec:
        self.leaving = False
        actor = await actor_of(self)
        await billing.cancel(runtime.get().db, actor, runtime.get().till)
        return success("Your subscription ends with the period that is paid. You can resume it until then.")

    @rx.event
    @requires(Permission.SUBSCRIPTION_DO)
    async def resume(self) -> EventSpec:
        actor = await actor_of(self)
        await billing.resume(runtime.get().db, actor, runtime.get().till)
        return success("Your plan goes on as before.")

    @rx.event
    @requires(Permission.SUBSCRIPTION_DO)
    async def edit_buyer(self) -> EventSpec:
        self.editing_buyer = True
        return Feedback.clear()

    @rx.event
    @requires(Permission.SUBSCRIPTION_DO)
    async def stop_editing_buyer(self) -> None:
        self.editing_buyer = False

    @rx.event
    @requires(Permission.SUBSCRIPTION_DO)
    async def save_buyer(self, form: dict[str, str]) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await invoices.save_buyer(session, actor, dict(form))
        self.editing_buyer = False
        return success("Your billing details are saved. They stand on the next invoices.")

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.row = await overview.subscription(session, actor)
            self.meters, self.resets_at = await overview.usage(session, actor)
            cards = await overview.cards(session, actor)
            self.cards, self.may_manage = await billing.with_ways(session, actor, runtime.get().till, cards)
            self.requests = (await overview.requests(session, actor))[:1]
            self.invoices = await invoices.list_invoices(session, actor)
            self.buyer = (await invoices.load_details(session, actor))["buyer"]
        self.waiting = any(request["state"] == "open" for request in self.requests)
        self.loaded = True


def _said(chosen: Chosen) -> EventSpec | None:
    if chosen.step is Step.PAY:
        return None
    if chosen.step is Step.CHANGED:
        return success(f"You are on {chosen.plan} now.")
    way = Way.AT_PERIOD_END if chosen.step is Step.PLANNED else chosen.way
    return success(_DONE[way].format(plan=chosen.plan))
