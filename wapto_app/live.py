"""Wakes the browser tabs (and jobs) that watch something when it changes.

Nothing is pushed but the wake-up: a tab then re-reads the rows that it may see, through the same guard as every other
event. A burst of five hundred messages reaches a tab as one wake-up.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Coroutine, Hashable, Iterable, Iterator
from typing import Any, TypeVar, cast

from wapto_app import telemetry
from wapto_app.log import get_logger

log = get_logger(__name__)

Watcher = tuple[str, str]
"""A browser tab's token and the name of the event handler to run on it."""
Deliver = Callable[[Watcher, frozenset[str]], Awaitable[bool]]
Listener = Callable[[frozenset[str]], None]
Result = TypeVar("Result")


async def _deliver_nowhere(_watcher: Watcher, _topics: frozenset[str]) -> bool:
    return False


class LiveHub:
    """Maps topics to watchers; at most one wake-up per watcher and ``interval`` seconds."""

    def __init__(self, interval: float = 0.2) -> None:
        self.deliver: Deliver = _deliver_nowhere
        self._interval = interval
        self._watchers: dict[str, set[Watcher]] = defaultdict(set)
        self._topics: dict[Watcher, frozenset[str]] = {}
        self._dirty: dict[Watcher, set[str]] = defaultdict(set)
        self._listeners: list[Listener] = []
        self._relay: Listener | None = None
        self._wake = asyncio.Event()

    def watch(self, watcher: Watcher, topics: Iterable[str]) -> None:
        """Replace what this watcher watches."""
        self.forget(watcher)
        self._topics[watcher] = frozenset(topics)
        for topic in self._topics[watcher]:
            self._watchers[topic].add(watcher)

    def forget(self, watcher: Watcher) -> None:
        for topic in self._topics.pop(watcher, ()):
            self._watchers[topic].discard(watcher)
            if not self._watchers[topic]:
                del self._watchers[topic]
        self._dirty.pop(watcher, None)

    def is_watching(self, watcher: Watcher, topics: Iterable[str]) -> bool:
        """Whether it watches exactly these, so that what it shows follows by itself."""
        return self._topics.get(watcher) == frozenset(topics)

    @property
    def watching(self) -> int:
        """How many tabs and jobs watch something."""
        return len(self._topics)

    def forget_tab(self, tab: str) -> bool:
        """Drop everything that this tab watches; whether there was anything."""
        watchers = [watcher for watcher in self._topics if watcher[0] == tab]
        for watcher in watchers:
            self.forget(watcher)
        return bool(watchers)

    def listen(self, listener: Listener) -> None:
        """Call ``listener`` with every published set of topics of this process; it must not block."""
        self._listeners.append(listener)

    @contextlib.contextmanager
    def listening(self, listener: Listener) -> Iterator[None]:
        """``listen`` for as long as the block lasts."""
        self._listeners.append(listener)
        try:
            yield
        finally:
            self._listeners.remove(listener)

    def publish(self, topics: frozenset[str]) -> None:
        """Tell this process, and the others when a relay is set. Cheap: call it once per commit."""
        self.receive(topics)
        if self._relay is not None:
            self._relay(topics)

    def receive(self, topics: frozenset[str]) -> None:
        """Tell this process only."""
        for listener in self._listeners:
            listener(topics)
        for topic in topics:
            for watcher in self._watchers.get(topic, ()):
                self._dirty[watcher].add(topic)
        if self._dirty:
            self._wake.set()

    def relay_to(self, relay: Listener | None) -> None:
        """Hand every published set of topics to the other processes as well."""
        self._relay = relay

    async def run(self) -> None:
        """Deliver wake-ups until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            batch, self._dirty = self._dirty, defaultdict(set)
            for watcher, topics in batch.items():
                if not await self._wake_up(watcher, frozenset(topics)):
                    self.forget(watcher)
            await asyncio.sleep(self._interval)

    async def _wake_up(self, watcher: Watcher, topics: frozenset[str]) -> bool:
        telemetry.WAKE_UPS.inc()
        try:
            return await self.deliver(watcher, topics)
        except Exception:
            log.exception("live.delivery_failed")
            return True


class SharedReads:
    """What many tabs read alike after one wake-up, read once.

    A result is dropped as soon as ``topic`` is published, which is after the commit, and after ``keep`` seconds:
    another program may have written without saying so.
    """

    def __init__(self, hub: LiveHub, topic: str, keep: float = 2.0) -> None:
        self._topic = topic
        self._keep = keep
        self._known: dict[Hashable, tuple[float, asyncio.Task[Any]]] = {}
        hub.listen(self._heard)

    async def get(self, key: Hashable, read: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
        """The result of ``read``, perhaps of somebody else's who asked with the same ``key``.

        The key must name everything that the result depends on, above all what the reader may see.
        """
        now = time.monotonic()
        known = self._known.get(key)
        if known is None or known[0] < now:
            known = self._known[key] = (now + self._keep, asyncio.create_task(read()))
            known[1].add_done_callback(lambda task: self._forget_failed(key, task))
        # One tab that navigates away must not take the result from the others.
        return cast(Result, await asyncio.shield(known[1]))

    def _heard(self, topics: frozenset[str]) -> None:
        if self._topic in topics:
            self._known.clear()

    def _forget_failed(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        if task.cancelled() or task.exception() is not None:
            self._known.pop(key, None)


class RedisRelay:
    """Carries published topics between processes over Redis pub/sub; many that come close together as one message."""

    CHANNEL = "wapto:live"
    GATHER_SECONDS = 0.02
    MOST = 10_000
    """Topics that wait while Redis is away. Tabs of other processes catch up with the next change of the rest."""

    def __init__(self, hub: LiveHub, redis: Any, process_id: str) -> None:
        self._hub = hub
        self._redis = redis
        self._process_id = process_id
        self._waiting: set[str] = set()
        self._wake = asyncio.Event()

    def _post(self, topics: frozenset[str]) -> None:
        if len(self._waiting) < self.MOST:
            self._waiting |= topics
            self._wake.set()

    async def run(self) -> None:
        """Relay both ways until cancelled; a lost connection is tried again every second."""
        self._hub.relay_to(self._post)
        try:
            await asyncio.gather(self._forever(self._send), self._forever(self._receive))
        finally:
            self._hub.relay_to(None)

    async def _forever(self, step: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await step()
            except Exception as error:
                log.warning("live.relay_lost", reason=str(error))
                await asyncio.sleep(1)

    async def _send(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            topics, self._waiting = self._waiting, set()
            try:
                await self._redis.publish(self.CHANNEL, json.dumps([self._process_id, sorted(topics)]))
            except Exception:
                self._post(frozenset(topics))
                raise
            await asyncio.sleep(self.GATHER_SECONDS)

    async def _receive(self) -> None:
        async with self._redis.pubsub() as subscription:
            await subscription.subscribe(self.CHANNEL)
            async for message in subscription.listen():
                if message["type"] != "message":
                    continue
                sender, topics = json.loads(message["data"])
                if sender != self._process_id:
                    self._hub.receive(frozenset(topics))
