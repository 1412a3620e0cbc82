"""A process with its jobs, connected to a sandbox of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.sandbox import Sandbox
from wapto_app.jobs import dispatch, ingest, media
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import channels
from wapto_app.web import webhooks

META = "http://meta.test"


@dataclass
class Phone:
    """A simulated customer's phone, and the business side's view of the same chat."""

    http: httpx.AsyncClient
    customer_id: str

    async def says(self, text: str, **more: Any) -> dict[str, Any]:
        return await self.sends({"type": "text", "text": text, **more})

    async def sends(self, message: dict[str, Any]) -> dict[str, Any]:
        answer = await self.http.post(f"/phone/customers/{self.customer_id}/messages", json=message)
        assert answer.status_code < 300, answer.text
        result: dict[str, Any] = answer.json()
        return result

    async def opens_chat(self) -> None:
        await self.http.post(f"/phone/customers/{self.customer_id}/open")

    async def messages(self) -> list[dict[str, Any]]:
        answer = (await self.http.get(f"/phone/customers/{self.customer_id}/messages")).json()
        found: list[dict[str, Any]] = answer["messages"]
        return found


@pytest.fixture
async def sandbox(runtime: Runtime) -> AsyncIterator[Sandbox]:
    """Meta's stand-in; its webhooks come to our own route."""
    ours = httpx.ASGITransport(app=Starlette(routes=webhooks.routes))
    webhooks.keys.forget()
    config = SandboxConfig(
        webhook_url="http://testserver/webhooks/whatsapp",
        sent_delay_ms=5,
        delivered_delay_ms=10,
        read_delay_ms=10,
    )
    async with Sandbox(config, transport=ours) as running:
        await runtime.http.aclose()
        runtime.http = httpx.AsyncClient(transport=httpx.ASGITransport(app=running.app), base_url=META)
        yield running


@pytest.fixture
async def jobs(runtime: Runtime) -> AsyncIterator[None]:
    """Ingest, sender and file fetcher at work."""
    runtime.hub.listen(webhooks.follow_channels)
    tasks = [asyncio.create_task(job.run(runtime)) for job in (ingest, dispatch, media)]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


@pytest.fixture
async def channel_id(runtime: Runtime, sandbox: Sandbox, owner: Actor) -> int:
    """The sandbox's number, connected."""
    config = sandbox.config
    form = channels.ConnectForm(
        phone_number_id=config.phone_number_id,
        waba_id=config.waba_id,
        access_token=config.token,
        app_secret=config.app_secret,
        verify_token=config.verify_token,
        base_url=META,
    )
    return await channels.connect(runtime.db, owner, runtime.gateway, form)


@pytest.fixture
async def phone(sandbox: Sandbox) -> AsyncIterator[Phone]:
    """The first of the sandbox's customers."""
    transport = httpx.ASGITransport(app=sandbox.app)
    async with httpx.AsyncClient(transport=transport, base_url=META) as http:
        customers = (await http.get("/phone/customers")).json()["customers"]
        yield Phone(http, customers[0]["id"])


Eventually = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]


@pytest.fixture
def eventually() -> Eventually:
    """Wait until a condition holds; its value."""

    async def wait(condition: Callable[[], Awaitable[Any]]) -> Any:
        async with asyncio.timeout(10):
            while not (value := await condition()):
                await asyncio.sleep(0.02)
        return value

    return wait
