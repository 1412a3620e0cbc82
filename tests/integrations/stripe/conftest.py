"""The stand-in behind a real socket, a shop that hears its webhooks, and the real ``stripe`` library in front."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import stripe
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from integrations.sandbox.stripe import StripeConfig, StripeSandbox
from tests.serving import listening

Json = dict[str, Any]


class Shop:
    """The receiving end of webhooks, with answers under the test's control."""

    def __init__(self, secret: str) -> None:
        self._secret = secret
        self.answers: list[int] = []
        self.events: list[stripe.Event] = []
        self.app = Starlette(routes=[Route("/hook", self._receive, methods=["POST"])])

    async def _receive(self, request: Request) -> Response:
        raw = await request.body()
        event = stripe.Webhook.construct_event(raw, request.headers["stripe-signature"], self._secret)
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.events.append(event)
        return Response(status_code=status)

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]


class Till:
    """Stripe's library, and a browser on the stand-in's pages."""

    def __init__(self, sandbox: StripeSandbox, shop: Shop, url: str) -> None:
        self.sandbox = sandbox
        self.shop = shop
        self.url = url
        self.client = stripe.StripeClient(
            sandbox.config.secret_key,
            base_addresses={"api": url},
            http_client=stripe.HTTPXClient(),
            max_network_retries=0,
        )
        self.v1 = self.client.v1
        self.browser = httpx.AsyncClient(base_url=url, trust_env=False)

    async def control(self, path: str, **body: Any) -> Json:
        answer = await self.browser.post(f"/control/{path}", json=body)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def price(self, amount: int = 4900, interval: str = "month", name: str = "Pro", **more: Any) -> str:
        product = await self.v1.products.create_async({"name": name})
        price = await self.v1.prices.create_async(
            {
                "product": product.id,
                "unit_amount": amount,
                "currency": more.get("currency", "usd"),
                "recurring": {"interval": interval, "interval_count": more.get("count", 1)},  # type: ignore[typeddict-item]
            }
        )
        return price.id

    async def checkout(self, price: str, **more: Any) -> stripe.checkout.Session:
        values: Json = {
            "mode": "subscription",
            "line_items": [{"price": price, "quantity": 1}],
            "success_url": "http://shop.test/done?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://shop.test/back",
        }
        return await self.v1.checkout.sessions.create_async(values | more)  # type: ignore[arg-type]

    async def pay(self, session: stripe.checkout.Session, number: str = "4242424242424242") -> httpx.Response:
        assert session.url is not None
        return await self.browser.post(session.url, data={"number": number, "email": "ada@example.com"})

    async def subscribed(
        self, price: str, number: str = "4242424242424242", **more: Any
    ) -> stripe.Subscription:
        session = await self.checkout(price, **more)
        paid = await self.pay(session, number)
        assert paid.status_code == 303, paid.text
        done = await self.v1.checkout.sessions.retrieve_async(session.id)
        assert isinstance(done.subscription, str)
        return await self.v1.subscriptions.retrieve_async(done.subscription)

    async def again(self, subscription: stripe.Subscription) -> stripe.Subscription:
        return await self.v1.subscriptions.retrieve_async(subscription.id)

    async def invoices(self, subscription: stripe.Subscription) -> list[stripe.Invoice]:
        """Newest first."""
        found = await self.v1.invoices.list_async({"subscription": subscription.id, "limit": 100})
        return list(found.data)

    async def heard(self) -> list[str]:
        """The types of the events that have come, once nothing is under way."""
        await self.sandbox.settle()
        return self.shop.types


@pytest.fixture
def config() -> StripeConfig:
    return StripeConfig(webhook_url="http://shop.test/hook", webhook_retry_seconds=(0.01, 0.02))


@pytest.fixture
async def till(config: StripeConfig) -> AsyncIterator[Till]:
    shop = Shop(config.webhook_secret)
    sandbox = StripeSandbox(config, transport=httpx.ASGITransport(app=shop.app))
    async with listening(sandbox.app) as url, sandbox:
        made = Till(sandbox, shop, url)
        yield made
        await made.browser.aclose()
