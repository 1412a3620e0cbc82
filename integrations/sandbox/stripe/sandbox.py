"""The whole stand-in: store, clock, webhooks, and the ASGI app in front of them."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from . import control, events, html, invoices, pages
from .api import Api
from .config import Clock, Json, StripeConfig
from .faults import Faults, Gate
from .passing import Passing
from .store import Store

VERSION = "2026-10-28.endive"


class StripeSandbox:
    """One running stand-in for Stripe.

    Use ``app`` alone (its lifespan starts everything) or mounted in another app, which then calls ``start()`` and
    ``stop()`` itself. ``async with StripeSandbox(config) as sandbox`` does both in tests.
    """

    version = VERSION

    def __init__(
        self, config: StripeConfig | None = None, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.config = config or StripeConfig()
        self.account_id = f"acct_{secrets.token_hex(8)}"
        self.clock = Clock()
        self.store = Store()
        self.faults = Faults()
        self.gate = Gate(self.faults)
        self.numbers: dict[str, str] = {}
        self.wishes: dict[str, Json] = {}
        self.pending: dict[str, list[Json]] = {}
        self.endpoint_secrets: dict[str, str] = {}
        self.deliveries = events.Deliveries(self, transport)
        self.passing = Passing(self)
        self._base = ""
        self._ticking: asyncio.Task[None] | None = None
        if self.config.webhook_url:
            events.add_endpoint(self, self.config.webhook_url, self.config.webhook_secret, ["*"])
        self.app = self._build_app()

    async def start(self) -> None:
        if self._ticking is not None:
            return
        self.deliveries.start()
        self._ticking = asyncio.create_task(events.forever(self), name="stripe-sandbox")

    async def stop(self) -> None:
        if self._ticking is None:
            return
        self._ticking.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._ticking
        self._ticking = None
        await self.deliveries.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def settle(self, timeout: float = 10.0) -> None:
        """Wait until no webhook is under way."""
        deadline = time.monotonic() + timeout
        while self.deliveries.busy:
            if time.monotonic() > deadline:
                raise TimeoutError("webhooks are still under way")
            await asyncio.sleep(0.005)

    def emit(self, kind: str, subject: Json, previous: Json | None = None) -> None:
        """Something happened: note it and tell every endpoint."""
        self.deliveries.send(events.new_event(self, kind, subject, previous))

    def catch_up(self) -> None:
        """Let happen what has become due."""
        self.advance(self.clock.now())

    def advance(self, moment: int) -> int:
        """Go forward to a moment and let everything happen that is due by then; how many things that were."""
        moment = max(moment, self.clock.now())
        try:
            return self.passing.until(moment)
        finally:
            self.clock.resume(moment)

    def learn_base(self, request: Request) -> None:
        """Remember under which address we are reached, for the links that we hand out."""
        if not self._base:
            root = request.scope.get("root_path", "")
            self._base = f"{request.url.scheme}://{request.url.netloc}{root}".rstrip("/")

    def base_of_links(self) -> str:
        return self.config.public_url.rstrip("/") or self._base or "http://localhost:8910"

    def title(self, price: Json) -> str:
        """What a price is for: product and interval."""
        recurring = price["recurring"] or {"interval": "once", "interval_count": 1}
        count, interval = recurring["interval_count"], recurring["interval"]
        every = f"every {count} {interval}s" if count > 1 else f"per {interval}"
        return f"{self.store.get('product', price['product'])['name']} ({every})"

    @staticmethod
    def day(moment: int) -> str:
        return html.day(moment)

    def method_of(self, customer_id: str, subscription: Json | None = None) -> str | None:
        """The payment method that is used: the subscription's own, else the customer's."""
        own = subscription and subscription["default_payment_method"]
        found = own or self.store.get("customer", customer_id)["invoice_settings"]["default_payment_method"]
        return found or None

    def subscription_of(self, invoice: Json) -> Json:
        return self.store.get("subscription", invoice["parent"]["subscription_details"]["subscription"])

    def open_invoices(self, subscription_id: str) -> list[Json]:
        return [
            each
            for each in self.store.all("invoice")
            if each["status"] in ("draft", "open")
            and each["parent"]["subscription_details"]["subscription"] == subscription_id
        ]

    def pay(self, invoice: Json, method_id: str | None, *, present: bool) -> str:
        """Collect an invoice, and let its subscription follow; why it failed, or an empty text."""
        refused = invoices.collect(self, invoice, method_id, present=present)
        subscription = self.subscription_of(invoice)
        before = {"status": subscription["status"]}
        if subscription["status"] in ("canceled", "incomplete_expired", "trialing"):
            return refused
        if refused:
            first = invoice["billing_reason"] == "subscription_create"
            subscription["status"] = "incomplete" if first else "past_due"
        elif not any(each["status"] == "open" for each in self.open_invoices(subscription["id"])):
            subscription["status"] = "active"
        if subscription["status"] != before["status"]:
            self.emit("customer.subscription.updated", subscription, before)
        return refused

    def _build_app(self) -> Starlette:
        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            async with self:
                yield

        api = Route("/v1/{rest:path}", Api(self))
        app = Starlette(routes=[api, *pages.routes(self), *control.routes(self)], lifespan=lifespan)
        app.state.sandbox = self
        return app


def create_app(config: StripeConfig | None = None) -> Starlette:
    """A ready ASGI app; the stand-in itself is at ``app.state.sandbox``."""
    return StripeSandbox(config).app
