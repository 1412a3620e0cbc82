"""A sandbox in this process and a business that listens to its webhooks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from integrations.sandbox import Sandbox, SandboxConfig

Json = dict[str, Any]


class Business:
    """The receiving end of webhooks, with answers under the test's control."""

    def __init__(self, verify_token: str) -> None:
        self.verify_token = verify_token
        self.answers: list[int] = []
        self.posts: list[Json] = []
        self.raw: list[tuple[bytes, str]] = []
        self.app = Starlette(routes=[Route("/{rest:path}", self._receive, methods=["GET", "POST"])])

    async def _receive(self, request: Request) -> Response:
        if request.method == "GET":
            query = request.query_params
            if query["hub.verify_token"] != self.verify_token:
                return PlainTextResponse("no", 403)
            return PlainTextResponse(query["hub.challenge"])
        status = self.answers.pop(0) if self.answers else 200
        raw = await request.body()
        self.raw.append((raw, request.headers["x-hub-signature-256"]))
        if status == 200:
            self.posts.append(orjson.loads(raw))
        return Response(status_code=status)

    def values(self, field: str = "messages") -> list[Json]:
        """Values of all changes of a field, in order of arrival."""
        return [
            change["value"]
            for post in self.posts
            for entry in post["entry"]
            for change in entry["changes"]
            if change["field"] == field
        ]

    @property
    def messages(self) -> list[Json]:
        """All inbound messages."""
        return [message for value in self.values() for message in value.get("messages", [])]

    @property
    def statuses(self) -> list[Json]:
        """All statuses."""
        return [status for value in self.values() for status in value.get("statuses", [])]


class Bench:
    """A sandbox with its Graph client, its phone client and a listening business."""

    def __init__(self, sandbox: Sandbox, business: Business) -> None:
        self.sandbox = sandbox
        self.business = business
        self.config = sandbox.config
        transport = httpx.ASGITransport(app=sandbox.app)
        auth = {"Authorization": f"Bearer {sandbox.config.token}"}
        self.graph = httpx.AsyncClient(transport=transport, base_url="http://sandbox/v25.0/", headers=auth)
        self.http = httpx.AsyncClient(transport=transport, base_url="http://sandbox/")

    async def send(self, to: str = "+12025550143", kind: str = "text", **more: Any) -> httpx.Response:
        """Send as the business; a text unless told otherwise."""
        body: Json = {"messaging_product": "whatsapp", "recipient_type": "individual", "type": kind}
        if to:
            body["to"] = to
        if kind == "text" and "text" not in more:
            more["text"] = {"body": "Hello"}
        return await self.graph.post(f"{self.config.phone_number_id}/messages", json=body | more)

    async def hello(self, to: str = "+12025550143", **more: Any) -> httpx.Response:
        """Send the hello_world template, which needs no open window."""
        template = {"name": "hello_world", "language": {"code": "en_US"}}
        return await self.send(to, "template", template=template, **more)

    async def write(self, customer: str = "c1", **wish: Any) -> Json:
        """Write as a customer; a text unless told otherwise."""
        wish.setdefault("type", "text")
        if wish["type"] == "text":
            wish.setdefault("text", "Hi there")
        answer = await self.http.post(f"phone/customers/{customer}/messages", json=wish)
        assert answer.status_code == 200, answer.text
        result: Json = answer.json()
        return result

    async def thread(self, customer: str = "c1") -> list[Json]:
        """A customer's thread."""
        answer = await self.http.get(f"phone/customers/{customer}/messages")
        messages: list[Json] = answer.json()["messages"]
        return messages

    async def faults(self, **values: Any) -> None:
        """Switch faults on."""
        answer = await self.http.post("control/faults", json=values)
        assert answer.status_code == 200, answer.text

    async def settle(self) -> None:
        """Wait until nothing is under way."""
        await self.sandbox.settle()


def quick_config(**more: Any) -> SandboxConfig:
    """Delays of almost nothing, a callback and a subscribed account."""
    values: Json = {
        "webhook_url": "http://business/webhooks/whatsapp",
        "subscribed": True,
        "sent_delay_ms": 1,
        "delivered_delay_ms": 2,
        "read_delay_ms": 2,
        "template_review_seconds": 0.02,
        "webhook_retry_base_seconds": 0.01,
        "webhook_gather_ms": 1,
        "hang_seconds": 0.05,
    }
    return SandboxConfig(**(values | more))


@pytest.fixture
def config() -> SandboxConfig:
    """Configuration of the sandbox under test; test modules may override it."""
    return quick_config()


@pytest.fixture
async def bench(config: SandboxConfig) -> AsyncIterator[Bench]:
    """A running sandbox with a listening business."""
    business = Business(config.verify_token)
    async with Sandbox(config, transport=httpx.ASGITransport(app=business.app)) as sandbox:
        bench = Bench(sandbox, business)
        yield bench
        await bench.graph.aclose()
        await bench.http.aclose()


@pytest.fixture
def data_file(tmp_path: Path) -> Path:
    """Where a sandbox keeps its memory."""
    return tmp_path / "sandbox.db"
