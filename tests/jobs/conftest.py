"""A process with its jobs, connected to a sandbox of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
import stamina
from sqlmodel import col, select
from starlette.applications import Starlette

from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.sandbox import Sandbox
from tests import campaigns as campaign_desk
from wapto_app.jobs import campaigns, dispatch, feeding, ingest, media, sending, uploads
from wapto_app.models import Channel, Message, MessageStatus, Template
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import channels, inbox
from wapto_app.web import webhooks

META = "http://meta.test"


@dataclass
class Network(httpx.AsyncBaseTransport):
    """The way to Meta; ``is_down`` cuts it before anything is written."""

    inner: httpx.AsyncBaseTransport
    is_down: bool = False
    requests: int = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        if self.is_down:
            raise httpx.ConnectError("no route to Meta", request=request)
        return await self.inner.handle_async_request(request)


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

    async def received(self) -> list[str]:
        """The texts that reached the customer, in the order of arrival."""
        return [each["body"]["body"] for each in await self.messages() if each["direction"] == "out"]


@pytest.fixture
def config() -> SandboxConfig:
    return SandboxConfig(
        webhook_url="http://testserver/webhooks/whatsapp",
        sent_delay_ms=5,
        delivered_delay_ms=10,
        read_delay_ms=10,
        webhook_gather_ms=5,
    )


@pytest.fixture
async def sandbox(runtime: Runtime, config: SandboxConfig) -> AsyncIterator[Sandbox]:
    """Meta's stand-in; its webhooks come to our own route."""
    ours = httpx.ASGITransport(app=Starlette(routes=webhooks.routes))
    webhooks.keys.forget()
    async with Sandbox(config, transport=ours) as running:
        yield running


@pytest.fixture
async def network(runtime: Runtime, sandbox: Sandbox) -> Network:
    made = Network(httpx.ASGITransport(app=sandbox.app))
    await runtime.http.aclose()
    runtime.http = httpx.AsyncClient(transport=made, base_url=META)
    return made


@asynccontextmanager
async def at_work(runtime: Runtime) -> AsyncIterator[None]:
    tasks = [asyncio.create_task(job.run(runtime)) for job in (ingest, dispatch, media)]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for result in await asyncio.gather(*tasks, return_exceptions=True):
            assert not isinstance(result, Exception), result


@pytest.fixture
async def jobs(runtime: Runtime, network: Network) -> AsyncIterator[None]:
    """Ingest, sender and file fetcher at work."""
    with runtime.hub.listening(webhooks.follow_channels):
        async with at_work(runtime):
            yield


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Pauses of milliseconds instead of seconds."""

    def soon(*_attempt: int, **_cap: float) -> timedelta:
        return timedelta(milliseconds=20)

    for module in (sending, uploads, media):
        monkeypatch.setattr(module, "backoff", soon)
    monkeypatch.setattr(sending, "pair_backoff", soon)
    monkeypatch.setattr(dispatch, "_IDLE_SECONDS", 0.05)
    monkeypatch.setattr(dispatch, "_PAUSE_WITHOUT_TOKEN", 0.3)
    monkeypatch.setattr(dispatch, "_PAUSE_IN_TROUBLE", 0.3)
    monkeypatch.setattr(dispatch, "_PAUSE_TOO_FAST", 0.1)
    monkeypatch.setattr(media, "_IDLE_SECONDS", 0.05)
    with stamina.set_testing(True):
        yield


def form_of(sandbox: Sandbox, **more: str) -> channels.ConnectForm:
    config = sandbox.config
    values = {
        "phone_number_id": config.phone_number_id,
        "waba_id": config.waba_id,
        "access_token": config.token,
        "app_secret": config.app_secret,
        "verify_token": config.verify_token,
        "base_url": META,
    }
    return channels.ConnectForm(**(values | more))  # type: ignore[arg-type]


@pytest.fixture
async def channel_id(runtime: Runtime, sandbox: Sandbox, network: Network, owner: Actor) -> int:
    """The sandbox's number, connected."""
    return await channels.connect(runtime.db, owner, runtime.gateway, form_of(sandbox))


@pytest.fixture
async def phones(sandbox: Sandbox) -> AsyncIterator[list[Phone]]:
    """The phones of the sandbox's customers."""
    transport = httpx.ASGITransport(app=sandbox.app)
    async with httpx.AsyncClient(transport=transport, base_url=META) as http:
        customers = (await http.get("/phone/customers")).json()["customers"]
        yield [Phone(http, customer["id"]) for customer in customers]


@pytest.fixture
def phone(phones: list[Phone]) -> Phone:
    """The first of the sandbox's customers."""
    return phones[0]


Eventually = Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]


@pytest.fixture
def eventually() -> Eventually:
    """Wait until a condition holds, on a busy machine too; its value."""

    async def wait(condition: Callable[[], Awaitable[Any]]) -> Any:
        async with asyncio.timeout(90):
            while not (value := await condition()):
                await asyncio.sleep(0.02)
        return value

    return wait


@dataclass
class Desk:
    """The business's side: one conversation, what leaves in it and what became of it."""

    runtime: Runtime
    actor: Actor
    conversation_id: int

    async def writes(self, *texts: str) -> list[int]:
        async with self.runtime.db.write() as session:
            return [await inbox.send_text(session, self.actor, self.conversation_id, text) for text in texts]

    async def messages(self) -> list[Message]:
        """What left or shall leave, in the order of writing."""
        query = select(Message).where(Message.direction == "out").order_by(col(Message.id))
        async with self.runtime.db.read() as session:
            return list((await session.exec(query)).all())

    async def statuses(self) -> list[MessageStatus]:
        return [message.status for message in await self.messages()]

    async def all_are(self, *wanted: MessageStatus) -> bool:
        return set(await self.statuses()) <= set(wanted)

    async def channel(self) -> Channel:
        async with self.runtime.db.read() as session:
            return (await session.exec(select(Channel))).one()


@pytest.fixture
async def desk(
    runtime: Runtime, owner: Actor, channel_id: int, phone: Phone, jobs: None, eventually: Eventually
) -> Desk:
    """The customer has written, so the window is open."""
    await phone.says("Hello?")

    async def first() -> Any:
        async with runtime.db.read() as session:
            return await inbox.listing(session, owner)

    return Desk(runtime, owner, (await eventually(first))[0]["id"])


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, impatient: None) -> None:
    """Campaigns that look often."""
    monkeypatch.setattr(campaigns, "_ROUND_SECONDS", 0.05)
    monkeypatch.setattr(campaigns, "_IDLE_SECONDS", 0.1)
    monkeypatch.setattr(campaigns, "_TELL_SECONDS", 0.05)
    monkeypatch.setattr(feeding, "_ROUND_SECONDS", 0.05)
    monkeypatch.setattr(feeding, "_IDLE_SECONDS", 0.05)
    monkeypatch.setattr(feeding, "_KEPT_SECONDS", 0.2)


@pytest.fixture
async def engine(runtime: Runtime, quick: None, jobs: None) -> AsyncIterator[None]:
    """The engine of campaigns beside sender and ingest."""
    task = asyncio.create_task(campaigns.run(runtime))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def template_id(runtime: Runtime, sandbox: Sandbox, channel_id: int) -> int:
    """An approved template, with the same words here and at Meta."""
    known = next(each for each in sandbox.store.templates.values() if each.name == "order_update")
    known.components = campaign_desk.COMPONENTS
    async with runtime.db.write() as session:
        await session.exec(sa.delete(Template))  # what connecting has brought
    return await campaign_desk.new_template(runtime, channel_id, meta_id=known.id)
