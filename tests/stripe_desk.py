"""Stripe's stand-in beside a running process: its API behind the process's HTTP pool, its webhooks at our own route."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import sqlalchemy as sa
from pydantic import SecretStr
from sqlmodel import col, select
from starlette.applications import Starlette

from integrations.sandbox.stripe import StripeConfig, StripeSandbox
from wapto_app.models import (
    AuditEntry,
    Cycle,
    Invoice,
    Payment,
    Plan,
    StripeEvent,
    Subscription,
)
from wapto_app.models.plans import IS_CURRENT
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import billing
from wapto_app.web import stripe as web

STRIPE = "http://stripe.test"
OURS = "http://testserver"
GOOD, DECLINED, LATER = "4242424242424242", "4000000000000002", "4000000000000341"
DISPUTED = "4000000000000259"
Json = dict[str, Any]


@dataclass
class Network(httpx.AsyncBaseTransport):
    """The way to Stripe; ``is_down`` cuts it. ``posts`` are the paths of what was asked to be made."""

    inner: httpx.AsyncBaseTransport
    is_down: bool = False
    posts: list[str] = field(default_factory=list)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if self.is_down:
            raise httpx.ConnectError("no route to Stripe", request=request)
        if request.method == "POST":
            self.posts.append(request.url.path)
        return await self.inner.handle_async_request(request)


@dataclass
class Desk:
    """The owner's side, Stripe's side, and what the books say."""

    runtime: Runtime
    owner: Actor
    sandbox: StripeSandbox
    network: Network
    browser: httpx.AsyncClient

    async def plan(self, name: str = "Pro", price: int = 4900, **more: Any) -> int:
        values = {"slug": name.lower(), "name": name, "price_minor": price, "currency": "USD"}
        plan = Plan(**(values | more))
        async with self.runtime.db.write() as session:
            session.add(plan)
        return plan.id or 0

    async def choose(self, plan_id: int) -> billing.Chosen:
        return await billing.choose(self.runtime.db, self.owner, self.runtime.till, plan_id, OURS)

    async def pays(self, url: str, number: str = GOOD) -> str:
        """Pay on the page; where Stripe sends the owner back to, or an empty text."""
        answer = await self.browser.post(url, data={"number": number})
        return answer.headers.get("location", "")

    async def comes_back(self, location: str) -> billing.Outcome:
        session_id = httpx.URL(location).params[billing.RETURN]
        return await billing.returned(self.runtime.db, self.owner, self.runtime.till, session_id)

    async def hears(self) -> None:
        """Every webhook arrives and is applied."""
        await self.sandbox.settle()
        await billing.apply_due(self.runtime.db, self.runtime.till)

    async def subscribes(self, plan_id: int, number: str = GOOD) -> Subscription:
        chosen = await self.choose(plan_id)
        await self.pays(chosen.url, number)
        await self.hears()
        return await self.row()

    async def control(self, path: str, **body: Any) -> Json:
        answer = await self.browser.post(f"/control/{path}", json=body)
        assert answer.status_code == 200, answer.text
        found: Json = answer.json()
        return found

    async def period_ends(self) -> None:
        """Stripe's clock goes two hours beyond the end of the period, when the renewal has been tried."""
        row = await self.row()
        assert row.period_end is not None
        await self.control("clock/advance", to=int(row.period_end.timestamp()) + 7200)
        await self.hears()

    async def row(self) -> Subscription:
        async with self.runtime.db.read() as session:
            return (await session.exec(select(Subscription).where(IS_CURRENT))).one()

    async def rows(self, model: Any) -> list[Any]:
        async with self.runtime.db.read() as session:
            return list(await session.exec(select(model).order_by(col(model.id))))

    async def invoices(self) -> list[Invoice]:
        return await self.rows(Invoice)

    async def payments(self) -> list[Payment]:
        return await self.rows(Payment)

    async def events(self) -> list[StripeEvent]:
        return await self.rows(StripeEvent)

    async def deeds(self) -> list[str]:
        return [entry.action for entry in await self.rows(AuditEntry)]

    async def change(self, model: Any, identity: int, **values: Any) -> None:
        async with self.runtime.db.write() as session:
            await session.exec(sa.update(model).where(col(model.id) == identity).values(**values))

    def at_stripe(self, kind: str) -> list[Json]:
        return self.sandbox.store.all(kind)


@asynccontextmanager
async def opened(runtime: Runtime, owner: Actor, **config: Any) -> AsyncIterator[Desk]:
    """A stand-in whose keys the process has from its environment."""
    ours = httpx.ASGITransport(app=Starlette(routes=web.routes))
    settings = StripeConfig(webhook_url=f"{OURS}/webhooks/stripe", webhook_retry_seconds=(0.01,), **config)
    async with StripeSandbox(settings, transport=ours) as sandbox:
        network = Network(httpx.ASGITransport(app=sandbox.app))
        await runtime.http.aclose()
        runtime.http = httpx.AsyncClient(transport=network)
        runtime.settings.stripe_api_base = STRIPE
        runtime.settings.stripe_secret_key = SecretStr(settings.secret_key)
        runtime.settings.stripe_webhook_secret = SecretStr(settings.webhook_secret)
        transport = httpx.ASGITransport(app=sandbox.app)
        async with httpx.AsyncClient(transport=transport, base_url=STRIPE) as browser:
            yield Desk(runtime, owner, sandbox, network, browser)


__all__ = ["DECLINED", "DISPUTED", "GOOD", "LATER", "OURS", "STRIPE", "Cycle", "Desk", "Network", "opened"]
