"""Delivers webhooks as Meta does: signed, batched, at least once, in no promised order."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections import deque
from dataclasses import dataclass
from typing import NamedTuple

import httpx

from .config import Clock, SandboxConfig
from .faults import Faults, Spread
from .models import Json
from .timeline import Timeline


class Update(NamedTuple):
    """One message, status or account event on its way to a callback URL."""

    url: str
    waba_id: str
    field: str
    list_name: str
    """`messages`, `statuses`, …; empty when `item` is the whole value."""
    item: Json
    metadata: Json | None = None
    contact: Json | None = None
    time: int | None = None


@dataclass(slots=True)
class Delivery:
    """A line of the delivery log."""

    at: float
    url: str
    updates: int
    attempt: int
    status: int | None
    milliseconds: float
    problem: str | None


def meta_json(value: Json) -> bytes:
    """JSON with Meta's escapes; the signature covers exactly these bytes."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/").encode("ascii")


def signature(raw: bytes, app_secret: str) -> str:
    """Value of `X-Hub-Signature-256`."""
    return "sha256=" + hmac.new(app_secret.encode(), raw, hashlib.sha256).hexdigest()


def envelope(updates: list[Update]) -> Json:
    """Group updates into `entry[].changes[]`, keeping their order inside each list."""
    entries: dict[str, Json] = {}
    lists: dict[tuple[str, str, str, str], Json] = {}
    for update in updates:
        entry = entries.setdefault(update.waba_id, {"id": update.waba_id, "changes": []})
        if not update.list_name:
            if update.time is not None:
                entry["time"] = update.time
            entry["changes"].append({"value": update.item, "field": update.field})
            continue
        _join(lists, entry, update)
    return {"object": "whatsapp_business_account", "entry": list(entries.values())}


def _join(lists: dict[tuple[str, str, str, str], Json], entry: Json, update: Update) -> None:
    number = str((update.metadata or {}).get("phone_number_id"))
    key = (update.waba_id, update.field, number, update.list_name)
    value = lists.get(key)
    if value is None:
        value = lists[key] = {"messaging_product": "whatsapp", "metadata": update.metadata}
        entry["changes"].append({"value": value, "field": update.field})
    if update.contact is not None:
        contacts = value.setdefault("contacts", [])
        if update.contact not in contacts[-5:]:
            contacts.append(update.contact)
    value.setdefault(update.list_name, []).append(update.item)


class Dispatcher:
    """Queue, batching, retries and the webhook faults."""

    def __init__(
        self,
        config: SandboxConfig,
        faults: Faults,
        clock: Clock,
        timeline: Timeline,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._config = config
        self._faults = faults
        self._clock = clock
        self._timeline = timeline
        self._transport = transport
        self._spread = Spread()
        self._queue: deque[Update] = deque()
        self._wake = asyncio.Event()
        self._slots = asyncio.Semaphore(config.webhook_concurrency)
        self._deliveries: set[asyncio.Task[None]] = set()
        self._runner: asyncio.Task[None] | None = None
        self._client: httpx.AsyncClient | None = None
        self.log: deque[Delivery] = deque(maxlen=60)
        self.delivered_updates = 0
        self.lost_updates = 0

    @property
    def busy(self) -> bool:
        """Whether anything waits or is being posted."""
        return bool(self._queue or self._deliveries)

    def push(self, update: Update) -> None:
        """Accept an update, through whatever webhook faults are switched on."""
        faults = self._faults
        if self._spread.hit("lose", faults.lose_webhooks):
            self.lost_updates += 1
            return
        delay = faults.delay_webhooks_ms
        if self._spread.hit("reorder", faults.reorder_webhooks):
            delay += faults.reorder_hold_ms
        self._enqueue_after(delay, update)
        if self._spread.hit("duplicate", faults.duplicate_webhooks):
            # Later than the original, so that it lands in another POST.
            self._enqueue_after(delay + 60, update)

    def start(self) -> None:
        """Begin delivering."""
        if self._runner is not None:
            return
        timeout = httpx.Timeout(self._config.webhook_timeout_seconds)
        headers = {"User-Agent": "facebookexternalua", "Content-Type": "application/json"}
        self._client = httpx.AsyncClient(
            transport=self._transport, timeout=timeout, headers=headers, trust_env=False
        )
        self._runner = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Stop delivering; what waits stays queued."""
        tasks = [task for task in (self._runner, *self._deliveries) if task is not None]
        self._runner = None
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def reset(self) -> None:
        """Forget all updates under way."""
        self._queue.clear()
        for task in self._deliveries:
            task.cancel()
        self._spread.clear()
        self.log.clear()
        self.delivered_updates = self.lost_updates = 0

    async def handshake(self, url: str, verify_token: str) -> bool:
        """Meta's GET check of a callback URL."""
        challenge = str(1_000_000_000 + time.time_ns() % 1_000_000_000)
        params = {"hub.mode": "subscribe", "hub.challenge": challenge, "hub.verify_token": verify_token}
        try:
            async with httpx.AsyncClient(
                transport=self._transport, timeout=self._config.webhook_timeout_seconds, trust_env=False
            ) as client:
                answer = await client.get(url, params=params)
        except (httpx.HTTPError, httpx.InvalidURL):
            return False
        return answer.status_code == 200 and answer.text == challenge

    def _enqueue_after(self, milliseconds: float, update: Update) -> None:
        if milliseconds <= 0:
            self._enqueue(update)
            return
        self._timeline.later(milliseconds / 1000, self._enqueue, update)

    def _enqueue(self, update: Update) -> None:
        self._queue.append(update)
        self._wake.set()

    async def _run(self) -> None:
        gather = self._config.webhook_gather_ms / 1000
        last = 0.0
        while True:
            await self._wake.wait()
            # A lone update leaves at once; under load a short pause fills the batch.
            wait = gather - (time.monotonic() - last)
            if wait > 0 and len(self._queue) < self._config.webhook_batch:
                await asyncio.sleep(wait)
            await self._slots.acquire()
            last = time.monotonic()
            self._post_next()

    def _post_next(self) -> None:
        batch = self._take()
        if not self._queue:
            self._wake.clear()
        if not batch:
            self._slots.release()
            return
        task = asyncio.get_running_loop().create_task(self._deliver(batch))
        self._deliveries.add(task)
        task.add_done_callback(self._deliveries.discard)

    def _take(self) -> list[Update]:
        batch: list[Update] = []
        while self._queue and len(batch) < self._config.webhook_batch:
            if batch and self._queue[0].url != batch[0].url:
                break
            batch.append(self._queue.popleft())
        return batch

    async def _deliver(self, batch: list[Update]) -> None:
        raw = meta_json(envelope(batch))
        started = self._clock.now()
        attempt = 1
        try:
            delivered = await self._post(batch, raw, attempt)
        finally:
            # A dead receiver must not starve the live ones: retries run without a slot.
            self._slots.release()
        while not delivered and self._clock.now() - started < self._config.webhook_retry_for_seconds:
            await asyncio.sleep(self._pause(attempt))
            attempt += 1
            delivered = await self._post(batch, raw, attempt)

    def _pause(self, failed_attempts: int) -> float:
        if failed_attempts == 1:
            return 0.0
        return float(min(self._config.webhook_retry_base_seconds * 2 ** (failed_attempts - 2), 600.0))

    async def _post(self, batch: list[Update], raw: bytes, attempt: int) -> bool:
        assert self._client is not None
        url = batch[0].url
        headers = {"X-Hub-Signature-256": signature(raw, self._config.app_secret)}
        begun = time.perf_counter()
        status: int | None = None
        problem: str | None = None
        try:
            status = (await self._client.post(url, content=raw, headers=headers)).status_code
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            problem = f"{type(error).__name__}: {error}"
        took = (time.perf_counter() - begun) * 1000
        self.log.append(Delivery(self._clock.now(), url, len(batch), attempt, status, took, problem))
        if status != 200:
            return False
        self.delivered_updates += len(batch)
        return True
