"""Events and their delivery: signed, at least once, in no promised order."""

from __future__ import annotations

import asyncio
import contextlib
import copy
import hashlib
import hmac
import json
import secrets
import time
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx

from .config import Json
from .errors import StripeError, missing
from .forms import Params

if TYPE_CHECKING:
    from .sandbox import StripeSandbox


def signature(raw: bytes, secret: str, at: int) -> str:
    """Value of the ``Stripe-Signature`` header (https://docs.stripe.com/webhooks/signature)."""
    signed = hmac.new(secret.encode(), f"{at}.".encode() + raw, hashlib.sha256).hexdigest()
    return f"t={at},v1={signed}"


@dataclass(slots=True)
class Delivery:
    """A line of the delivery log."""

    event: str
    type: str
    url: str
    attempt: int
    status: int | None
    problem: str = ""


class Deliveries:
    """Carries each event to every endpoint that wants it, until it is answered 2xx."""

    def __init__(self, sandbox: StripeSandbox, transport: httpx.AsyncBaseTransport | None) -> None:
        self._sandbox = sandbox
        self._transport = transport
        self._client: httpx.AsyncClient | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._held: list[tuple[Json, Json]] = []
        self.log: deque[Delivery] = deque(maxlen=200)

    @property
    def busy(self) -> bool:
        return bool(self._tasks)

    def start(self) -> None:
        timeout = self._sandbox.config.webhook_timeout_seconds
        self._client = httpx.AsyncClient(transport=self._transport, timeout=timeout, trust_env=False)
        self.release()

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def send(self, event: Json) -> None:
        """To every endpoint that listens, through whatever faults are switched on."""
        for endpoint in self._sandbox.store.all("webhook_endpoint"):
            wanted = endpoint["enabled_events"]
            if endpoint.get("deleted") or endpoint["status"] != "enabled":
                continue
            if "*" in wanted or event["type"] in wanted:
                self._send_to(endpoint, event)

    def _send_to(self, endpoint: Json, event: Json) -> None:
        faults, spread = self._sandbox.faults, self._sandbox.gate.spread
        if spread.hit("lose", faults.lose_webhooks):
            return
        if faults.hold_webhooks or self._client is None:
            self._held.append((endpoint, event))
            return
        delay = faults.delay_webhooks_ms
        if spread.hit("reorder", faults.reorder_webhooks):
            delay += faults.reorder_hold_ms
        self.post(endpoint, event, delay / 1000)
        if spread.hit("duplicate", faults.duplicate_webhooks):
            self.post(endpoint, event, delay / 1000 + 0.02)

    def release(self) -> None:
        """Deliver what was held back."""
        held, self._held = self._held, []
        for endpoint, event in held:
            self._send_to(endpoint, event)

    def post(self, endpoint: Json, event: Json, delay: float = 0.0) -> None:
        task = asyncio.get_running_loop().create_task(self._deliver(endpoint, event, delay))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _deliver(self, endpoint: Json, event: Json, delay: float) -> None:
        if delay:
            await asyncio.sleep(delay)
        raw = json.dumps(event, indent=2).encode()
        pauses = (*self._sandbox.config.webhook_retry_seconds, None)
        for attempt, pause in enumerate(pauses, 1):
            if await self._post(endpoint, event, raw, attempt):
                event["pending_webhooks"] = max(0, event["pending_webhooks"] - 1)
                return
            if pause is not None:
                await asyncio.sleep(pause)

    async def _post(self, endpoint: Json, event: Json, raw: bytes, attempt: int) -> bool:
        assert self._client is not None
        secret = self._sandbox.endpoint_secrets[endpoint["id"]]
        # Signed anew for each try, with the real time: receivers refuse old signatures.
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Stripe/1.0 (+https://stripe.com/docs/webhooks)",
            "Stripe-Signature": signature(raw, secret, int(time.time())),
        }
        entry = Delivery(event["id"], event["type"], endpoint["url"], attempt, None)
        try:
            answer = await self._client.post(endpoint["url"], content=raw, headers=headers)
            entry.status = answer.status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            entry.problem = type(error).__name__
        self.log.append(entry)
        return entry.status is not None and 200 <= entry.status < 300


def new_event(sandbox: StripeSandbox, kind: str, subject: Json, previous: Json | None) -> Json:
    """The event with a snapshot of its object."""
    data: Json = {"object": copy.deepcopy(subject)}
    if previous is not None:
        data["previous_attributes"] = {
            name: value for name, value in previous.items() if subject.get(name) != value
        }
    return sandbox.store.add(
        "event",
        sandbox.clock.now(),
        api_version=sandbox.version,
        data=data,
        pending_webhooks=len(sandbox.store.all("webhook_endpoint")),
        request={"id": f"req_{secrets.token_hex(7)}", "idempotency_key": None},
        type=kind,
    )


def create_endpoint(sandbox: StripeSandbox, params: Params) -> Json:
    """Stripe: its secret is shown only in this answer."""
    url = params.required("url")
    if not url.startswith(("http://", "https://")):
        raise StripeError("Invalid URL: An explicit scheme (such as https) must be provided.", param="url")
    enabled = [str(each) for each in params.array("enabled_events")]
    if not enabled:
        raise missing("enabled_events")
    version = params.text("api_version") or None
    secret = f"whsec_{secrets.token_hex(16)}"
    endpoint = add_endpoint(sandbox, url, secret, enabled, params.metadata(), version)
    endpoint["description"] = params.text("description") or None
    return endpoint | {"secret": secret}


def add_endpoint(
    sandbox: StripeSandbox,
    url: str,
    secret: str,
    enabled: list[str],
    metadata: dict[str, str] | None = None,
    version: str | None = None,
) -> Json:
    endpoint = sandbox.store.add(
        "webhook_endpoint",
        sandbox.clock.now(),
        api_version=version,
        application=None,
        description=None,
        enabled_events=enabled,
        metadata=metadata or {},
        status="enabled",
        url=url,
    )
    sandbox.endpoint_secrets[endpoint["id"]] = secret
    return endpoint


def update_endpoint(sandbox: StripeSandbox, params: Params, identity: str) -> Json:
    endpoint = sandbox.store.get("webhook_endpoint", identity)
    endpoint["url"] = params.text("url", endpoint["url"])
    if "enabled_events" in params:
        endpoint["enabled_events"] = [str(each) for each in params.array("enabled_events")]
    if "disabled" in params:
        endpoint["status"] = "disabled" if params.flag("disabled") else "enabled"
    endpoint["metadata"] = params.metadata(endpoint["metadata"])
    return endpoint


def delete_endpoint(sandbox: StripeSandbox, params: Params, identity: str) -> Json:
    sandbox.store.get("webhook_endpoint", identity)["deleted"] = True
    return {"id": identity, "object": "webhook_endpoint", "deleted": True}


async def forever(sandbox: StripeSandbox) -> None:
    """Notice the passing of real time."""
    while True:
        await asyncio.sleep(sandbox.config.tick_seconds)
        with contextlib.suppress(StripeError):
            sandbox.catch_up()
