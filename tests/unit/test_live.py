"""A change wakes those who watch it: once per burst, never those who do not, and across processes."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator

import pytest

from wapto_app.live import LiveHub, RedisRelay, SharedReads, Watcher

FIRST: Watcher = ("tab-1", "inbox.changed")
SECOND: Watcher = ("tab-2", "inbox.changed")
INTERVAL = 0.05
Delivered = list[tuple[Watcher, frozenset[str]]]


def recording(hub: LiveHub, *, gone: set[str] | None = None) -> Delivered:
    delivered: Delivered = []

    async def deliver(watcher: Watcher, topics: frozenset[str]) -> bool:
        delivered.append((watcher, topics))
        return watcher[0] not in (gone or set())

    hub.deliver = deliver
    return delivered


@pytest.fixture
async def hub() -> AsyncIterator[LiveHub]:
    made = LiveHub(interval=INTERVAL)
    running = asyncio.create_task(made.run())
    yield made
    running.cancel()


async def test_only_those_who_watch_a_topic_are_woken(hub: LiveHub) -> None:
    delivered = recording(hub)
    hub.watch(FIRST, ["inbox", "conversation:1"])
    hub.watch(SECOND, ["conversation:2"])
    hub.publish(frozenset({"conversation:2", "contact:9"}))
    await asyncio.sleep(0.02)
    assert delivered == [(SECOND, frozenset({"conversation:2"}))]


async def test_a_burst_is_one_wake_up_at_once_and_one_for_what_came_after(hub: LiveHub) -> None:
    delivered = recording(hub)
    hub.watch(FIRST, ["inbox"])
    started = time.monotonic()
    for _ in range(500):
        hub.publish(frozenset({"inbox"}))
        await asyncio.sleep(0)
    seconds = time.monotonic() - started
    await asyncio.sleep(0.12)
    assert 1 <= len(delivered) <= 2 + seconds / INTERVAL


async def test_nothing_is_lost_between_two_wake_ups(hub: LiveHub) -> None:
    delivered = recording(hub)
    hub.watch(FIRST, ["a", "b"])
    hub.publish(frozenset({"a"}))
    await asyncio.sleep(0.02)
    hub.publish(frozenset({"b"}))
    await asyncio.sleep(0.1)
    assert [topics for _watcher, topics in delivered] == [frozenset({"a"}), frozenset({"b"})]


async def test_watching_again_replaces_the_earlier_topics(hub: LiveHub) -> None:
    delivered = recording(hub)
    hub.watch(FIRST, ["old"])
    hub.watch(FIRST, ["new"])
    hub.publish(frozenset({"old"}))
    await asyncio.sleep(0.02)
    assert delivered == []


async def test_a_tab_that_is_gone_is_forgotten(hub: LiveHub) -> None:
    delivered = recording(hub, gone={"tab-1"})
    hub.watch(FIRST, ["inbox"])
    hub.publish(frozenset({"inbox"}))
    await asyncio.sleep(0.07)
    hub.publish(frozenset({"inbox"}))
    await asyncio.sleep(0.07)
    assert len(delivered) == 1


async def test_a_tab_that_cannot_be_woken_does_not_stop_the_others(hub: LiveHub) -> None:
    woken: list[Watcher] = []

    async def deliver(watcher: Watcher, _topics: frozenset[str]) -> bool:
        if watcher == FIRST:
            raise RuntimeError("broken socket")
        woken.append(watcher)
        return True

    hub.deliver = deliver
    hub.watch(FIRST, ["inbox"])
    hub.watch(SECOND, ["inbox"])
    hub.publish(frozenset({"inbox"}))
    await asyncio.sleep(0.12)
    hub.publish(frozenset({"inbox"}))
    await asyncio.sleep(0.12)
    assert woken == [SECOND, SECOND]


async def test_jobs_hear_every_publication_at_once(hub: LiveHub) -> None:
    heard: list[frozenset[str]] = []
    hub.listen(heard.append)
    hub.publish(frozenset({"webhooks"}))
    assert heard == [frozenset({"webhooks"})]


@pytest.mark.postgres_only
async def test_a_change_in_one_process_wakes_the_tabs_of_another(redis_url: str) -> None:
    from redis.asyncio import Redis

    here, there = LiveHub(interval=0.01), LiveHub(interval=0.01)
    heard_here: list[frozenset[str]] = []
    here.listen(heard_here.append)
    delivered = recording(there)
    there.watch(SECOND, ["inbox"])
    redis = Redis.from_url(redis_url, decode_responses=True)
    relays = [RedisRelay(hub, redis, name) for hub, name in ((here, "one"), (there, "two"))]
    tasks = [asyncio.create_task(work) for work in (there.run(), *(relay.run() for relay in relays))]
    try:
        for _ in range(100):  # until both have subscribed
            here.publish(frozenset({"inbox"}))
            await asyncio.sleep(0.05)
            if delivered:
                break
        assert delivered[0] == (SECOND, frozenset({"inbox"}))
        published = len(heard_here)
        await asyncio.sleep(0.2)
        assert len(heard_here) == published, "our own publication must not come back to us"
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await redis.aclose()


async def test_many_who_ask_the_same_at_once_read_once_and_again_after_a_change(hub: LiveHub) -> None:
    reads = SharedReads(hub, "inbox")
    calls: list[str] = []

    async def read() -> str:
        calls.append("read")
        await asyncio.sleep(0.01)
        return f"rows {len(calls)}"

    assert set(await asyncio.gather(*(reads.get("all", read) for _ in range(20)))) == {"rows 1"}
    assert await reads.get("own", read) == "rows 2"
    hub.publish(frozenset({"contact:1"}))
    assert await reads.get("all", read) == "rows 1"
    hub.publish(frozenset({"inbox"}))
    assert await reads.get("all", read) == "rows 3"


async def test_a_tab_that_leaves_does_not_take_the_rows_from_the_others(hub: LiveHub) -> None:
    reads = SharedReads(hub, "inbox")
    going = asyncio.Event()

    async def read() -> str:
        going.set()
        await asyncio.sleep(0.01)
        return "rows"

    leaving = asyncio.create_task(reads.get("all", read))
    staying = asyncio.create_task(reads.get("all", read))
    await going.wait()
    leaving.cancel()
    assert await staying == "rows"


async def test_a_failed_read_is_tried_again_and_an_old_one_expires(hub: LiveHub) -> None:
    reads = SharedReads(hub, "inbox", keep=0.02)
    answers = iter([None, "first", "second"])

    async def read() -> str:
        answer = next(answers)
        if answer is None:
            raise RuntimeError("the database is away")
        return answer

    with pytest.raises(RuntimeError, match="away"):
        await reads.get("all", read)
    assert await reads.get("all", read) == "first"
    await asyncio.sleep(0.03)
    assert await reads.get("all", read) == "second"


class _Carrier:
    """Redis, as far as publishing goes."""

    def __init__(self, *, fails: int = 0) -> None:
        self.sent: list[list[str]] = []
        self._fails = fails

    async def publish(self, _channel: str, message: str) -> None:
        if self._fails:
            self._fails -= 1
            raise ConnectionError("no Redis")
        self.sent.append(json.loads(message)[1])


async def test_what_is_published_close_together_travels_as_one(hub: LiveHub) -> None:
    """A campaign publishes a thousand times a second."""
    carrier = _Carrier()
    relay = RedisRelay(hub, carrier, "one")
    sending = asyncio.create_task(relay._send())
    for number in range(500):
        relay._post(frozenset({f"conversation:{number % 50}"}))
    await asyncio.sleep(0.1)
    relay._post(frozenset({"inbox"}))
    await asyncio.sleep(0.1)
    sending.cancel()
    assert carrier.sent == [sorted(f"conversation:{number}" for number in range(50)), ["inbox"]]


async def test_what_redis_did_not_take_is_sent_with_the_next(hub: LiveHub) -> None:
    carrier = _Carrier(fails=1)
    relay = RedisRelay(hub, carrier, "one")
    relay._post(frozenset({"inbox"}))
    with pytest.raises(ConnectionError):
        await relay._send()
    relay._post(frozenset({"contacts"}))
    sending = asyncio.create_task(relay._send())
    await asyncio.sleep(0.05)
    sending.cancel()
    assert carrier.sent == [["contacts", "inbox"]]
