"""From a signed webhook to the screens that show it, and from a click to the conversation, in the real server.

Every tab has its own login and watches the inbox. Latency counts until the tab has decoded the update; all tabs live in
one process, so with a hundred of them the last ones also wait for their neighbours here.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp

from bench import common, rows
from bench.common import Report, percentile
from bench.install import APP_SECRET, Install, new_install
from bench.processes import Measured
from bench.tabs import Tab
from bench.webhooks import message_body
from integrations.whatsapp.webhooks.signature import sign
from state.inbox import InboxList, OpenConversation
from wapto_app.clock import utcnow

COLUMNS = ("what", "tabs", "times", "p50 ms", "p95 ms", "max ms", "server CPU ms each")
CUSTOMERS = 200
_MESSAGES_EACH = 60
_STREAM_RATE = 50
_BURST_TABS = 20
_BURST_AT_ONCE = 32
_SECONDS_OF_CLICKS = 6
_PATIENCE_SECONDS = 30.0
_OPEN_AT_ONCE = 10


@dataclass(frozen=True, slots=True)
class Scene:
    """A running server, what it costs, and somebody who delivers webhooks to it."""

    install: Install
    server: Measured
    http: aiohttp.ClientSession
    chance: random.Random

    async def deliver(self, text: str) -> None:
        """A customer writes. Raises ClientResponseError unless it is answered 200."""
        customer = self.chance.randint(1, CUSTOMERS)
        body = message_body(customer, text, text.replace(" ", "-"), utcnow())
        headers = {"X-Hub-Signature-256": sign(body, APP_SECRET)}
        async with self.http.post("/webhooks/whatsapp", data=body, headers=headers) as answer:
            answer.raise_for_status()


@asynccontextmanager
async def opened(scene: Scene, cookies: Sequence[str]) -> AsyncIterator[list[Tab]]:
    """A tab on the inbox for each cookie."""
    tabs = [Tab(scene.install.url, "/inbox", cookie) for cookie in cookies]
    try:
        for start in range(0, len(tabs), _OPEN_AT_ONCE):
            some = tabs[start : start + _OPEN_AT_ONCE]
            await asyncio.gather(
                *(tab.open(InboxList, lambda held: bool(held.get("loaded"))) for tab in some)
            )
        yield tabs
    finally:
        await asyncio.gather(*(tab.close() for tab in tabs))


def _shows(text: str) -> Any:
    return lambda held: any(row["preview"] == text for row in held.get("rows") or ())


def _when_shown(tabs: Sequence[Tab], text: str) -> list[asyncio.Future[float]]:
    return [tab.when(InboxList, _shows(text)) for tab in tabs]


async def _all(futures: Sequence[asyncio.Future[float]]) -> list[float]:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        return await asyncio.gather(*futures)


async def pushes(scene: Scene, tabs: Sequence[Tab], rounds: int) -> tuple[common.Cell, ...]:
    """One message at a time, seldom enough that none waits for the pause after another."""
    latencies: list[float] = []
    cpu = 0.0
    for number in range(rounds):
        text = f"push {len(tabs)} {number}"
        shown = _when_shown(tabs, text)
        spent, started = scene.server.cpu_seconds(), time.perf_counter()
        await scene.deliver(text)
        latencies += [(at - started) * 1000 for at in await _all(shown)]
        await asyncio.sleep(0.25 + scene.chance.random() * 0.2)
        cpu += scene.server.cpu_seconds() - spent
    return _row("message → all tabs", tabs, rounds, latencies, cpu / rounds)


async def clicks(scene: Scene, tabs: Sequence[Tab]) -> tuple[common.Cell, ...]:
    """Every tab opens one conversation a second."""
    cpu = scene.server.cpu_seconds()
    found = await asyncio.gather(*(_click(tab, scene.chance.random(), n) for n, tab in enumerate(tabs)))
    cpu = scene.server.cpu_seconds() - cpu
    latencies = [latency for some in found for latency in some]
    return _row("click → conversation", tabs, len(latencies), latencies, cpu / len(latencies))


async def _click(tab: Tab, delay: float, first: int) -> list[float]:
    await asyncio.sleep(delay)
    latencies: list[float] = []
    for number in range(_SECONDS_OF_CLICKS):
        wanted = 1 + (first * 7 + number) % CUSTOMERS
        started = time.perf_counter()
        shown = tab.when(OpenConversation, _is_open(wanted))
        await tab.go(f"/inbox/{wanted}")
        latencies.append(((await asyncio.wait_for(shown, _PATIENCE_SECONDS)) - started) * 1000)
        await asyncio.sleep(max(0.0, 1 - (time.perf_counter() - started)))
    await tab.go("/inbox")
    return latencies


def _is_open(wanted: int) -> Any:
    return lambda held: (held.get("header") or {}).get("id") == wanted and bool(held.get("messages"))


async def burst(scene: Scene, tabs: Sequence[Tab], count: int, report: Report) -> tuple[common.Cell, ...]:
    """Many messages at once; the last one leaves when all others are answered."""
    shown = _when_shown(tabs, "burst last")
    updates, cpu = sum(tab.updates for tab in tabs), scene.server.cpu_seconds()
    started = time.perf_counter()
    probing = asyncio.create_task(_probe(scene))
    await _deliver_many(scene, [f"burst {number}" for number in range(count - 1)])
    answered = time.perf_counter() - started
    await scene.deliver("burst last")
    latencies = [(at - started) * 1000 for at in await _all(shown)]
    probing.cancel()
    waits = (await asyncio.gather(probing, return_exceptions=True))[0]
    cpu, updates = scene.server.cpu_seconds() - cpu, sum(tab.updates for tab in tabs) - updates
    report.notes.append(
        f"Burst: {count} webhooks answered after {answered:.2f} s; {updates} updates to {len(tabs)} tabs, "
        f"{cpu:.2f} s of server CPU in all."
    )
    if isinstance(waits, list) and waits:
        report.notes.append(
            f"/healthz meanwhile: p95 {percentile(waits, 95):.0f} ms of {len(waits)} requests."
        )
    return _row(f"burst of {count} messages → all current", tabs, 1, latencies, cpu)


async def stream(scene: Scene, tabs: Sequence[Tab], seconds: int) -> tuple[common.Cell, ...]:
    """Messages in a steady stream; every tenth is waited for in every tab, from the moment it was to be delivered."""
    updates, cpu = sum(tab.updates for tab in tabs), scene.server.cpu_seconds()
    waits: list[tuple[float, list[asyncio.Future[float]]]] = []
    delivered: list[asyncio.Task[None]] = []
    begins = time.perf_counter()
    for number in range(_STREAM_RATE * seconds):
        at = begins + number / _STREAM_RATE
        await asyncio.sleep(max(0.0, at - time.perf_counter()))
        text = f"stream {number}"
        if number % 10 == 0:
            waits.append((at, _when_shown(tabs, text)))
        delivered.append(asyncio.create_task(scene.deliver(text)))
    await asyncio.gather(*delivered)
    latencies = [(shown - at) * 1000 for at, futures in waits for shown in await _all(futures)]
    cpu, updates = scene.server.cpu_seconds() - cpu, sum(tab.updates for tab in tabs) - updates
    report = f"{_STREAM_RATE} messages/s for {seconds} s → all current"
    return _row(f"{report} ({updates} updates)", tabs, seconds, latencies, cpu / seconds)


async def _deliver_many(scene: Scene, texts: Sequence[str]) -> None:
    left = iter(texts)

    async def work() -> None:
        for text in left:
            await scene.deliver(text)

    await asyncio.gather(*(work() for _ in range(_BURST_AT_ONCE)))


async def _probe(scene: Scene) -> list[float]:
    waits: list[float] = []
    try:
        while True:
            started = time.perf_counter()
            async with scene.http.get("/healthz") as answer:
                await answer.read()
            waits.append((time.perf_counter() - started) * 1000)
            await asyncio.sleep(0.02)
    except asyncio.CancelledError:
        return waits


def _row(
    what: str, tabs: Sequence[Tab], times: int, latencies: list[float], cpu_seconds: float
) -> tuple[common.Cell, ...]:
    p50, p95 = percentile(latencies, 50), percentile(latencies, 95)
    return (what, len(tabs), times, p50, p95, max(latencies), cpu_seconds * 1000)


async def measure(install: Install, server: Measured, options: argparse.Namespace, report: Report) -> None:
    cookies = await install.sign_in(max([*options.tabs, _BURST_TABS]))
    async with aiohttp.ClientSession(base_url=install.url) as http:
        scene = Scene(install, server, http, random.Random(3))
        async with opened(scene, cookies[:1]) as tabs:
            await pushes(scene, tabs, 3)  # the first ones load what is loaded late
            await clicks(scene, tabs)
        for count in options.tabs:
            async with opened(scene, cookies[:count]) as tabs:
                report.add(*await pushes(scene, tabs, options.rounds))
                report.add(*await clicks(scene, tabs))
        async with opened(scene, cookies[:_BURST_TABS]) as tabs:
            if options.stream:
                report.add(*await stream(scene, tabs, options.stream))
            if options.burst:
                report.add(*await burst(scene, tabs, options.burst, report))
    report.notes.append(f"Memory of the server at the end: {server.memory_mib():.0f} MiB.")


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = common.parser(__doc__)
    parser.add_argument("--tabs", type=common.numbers, default="1,20,100", help="open at the same time")
    parser.add_argument("--rounds", type=int, default=30, help="messages to push, one after another")
    parser.add_argument("--stream", type=int, default=20, help=f"seconds of {_STREAM_RATE} messages a second")
    parser.add_argument("--burst", type=int, default=500, help="messages that come at once")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    report = Report("live", "Live screens", COLUMNS)
    with new_install() as install:
        with install.connection() as connection:
            rows.inbox(connection, CUSTOMERS, _MESSAGES_EACH, utcnow())
        with install.serving() as server:
            common.run(measure(install, server, options, report))
    report.finish(options)


if __name__ == "__main__":
    main()
