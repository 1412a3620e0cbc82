"""Paying by card: to Stripe's pages and back."""

from __future__ import annotations

import secrets

import reflex as rx
from reflex.event import EventSpec

from state.base import Feedback, actor_of, success
from wapto_app import runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.policy import requires
from wapto_app.services import billing
from wapto_app.services.billing import Outcome

_BACK, _PORTAL = "back", "portal"


class Payment(rx.State):
    """``leaving_to`` is a page of Stripe's that the browser goes to, once for each ``leaving_mark``."""

    leaving_to: str = ""
    leaving_mark: str = ""

    @rx.event
    @requires(Permission.SUBSCRIPTION_SEE)
    async def returned(self) -> EventSpec | None:
        """Part of the page's ``on_load``: whoever comes back from Stripe is told what became of it."""
        send_to(self, "")
        actor, word = await actor_of(self), self.router.url.query_parameters.get(billing.RETURN, "")
        if not word or not actor.may(Permission.SUBSCRIPTION_DO):
            return None
        return await _told(actor, word)

    @rx.event
    @requires(Permission.SUBSCRIPTION_DO)
    async def manage(self) -> None:
        process, actor = runtime.get(), await actor_of(self)
        send_to(self, await billing.portal(process.db, actor, process.till, base_of(self)))


def send_to(payment: Payment, url: str) -> None:
    """Send the browser there, or nowhere."""
    payment.leaving_to, payment.leaving_mark = url, secrets.token_hex(8) if url else ""


async def _told(actor: Actor, word: str) -> EventSpec | None:
    process = runtime.get()
    if word == _PORTAL:
        await billing.came_back(process.db, actor, process.till)
        return None
    if word == _BACK:
        return Feedback.say("info", "Nothing was paid, and your plan is as it was.")
    return _said(await billing.returned(process.db, actor, process.till, word))


def _said(outcome: Outcome) -> EventSpec:
    if outcome is Outcome.PAID:
        return success("Thank you. Your plan is active.")
    if outcome is Outcome.CLOSED:
        return Feedback.say("info", "The payment page has expired. Choose the plan again.")
    return Feedback.say("info", "Nothing was paid yet. Choose the plan again to go on.")


def base_of(state: rx.State) -> str:
    """Where the browser is to come back to: the public address, else where it is."""
    return runtime.get().settings.public_url or str(state.router.url.origin)
