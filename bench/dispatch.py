"""Messages per second through one number, and what one costs; against a bare loop of the same client.

The stand-in for Meta runs in its own process and answers after a while, as Meta does. Wapto's side is the real sender:
lease, durable claim, gate, request, durable result. The bare loop sends prepared payloads and writes nothing down.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import resource
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import httpx
import sqlalchemy as sa

from bench import common, processes, rows
from bench.common import Report
from bench.install import ACCESS_TOKEN, APP_SECRET, PHONE_NUMBER_ID, Install, new_install
from bench.processes import Measured
from integrations.whatsapp import messages
from integrations.whatsapp.graph import GraphClient
from integrations.whatsapp.network import new_http_client
from wapto_app import runtime
from wapto_app.clock import utcnow
from wapto_app.jobs import dispatch
from wapto_app.models import Message, MessageStatus
from wapto_app.models.base import table_of

COLUMNS = ("sender", "messages", "messages/s", "steady/s", "CPU µs/message", "stand-in CPU µs", "memory MiB")
TEXT = "Hello {name}, your order 4711 is on its way and should be with you on Friday between 9 and 12."
_NO_LIMIT = 1_000_000.0
_PATIENCE_SECONDS = 600.0
_SLOWEST = 500
"""Messages per second below which a large campaign is not waited for."""

message = table_of(Message)


class Wrong(Exception):
    """Something was lost or sent twice."""


@dataclass(slots=True)
class Progress:
    """How many were accepted at which time; ``steady`` leaves the first and last fifth out."""

    points: list[tuple[float, int]]

    def rate(self) -> float:
        (began, first), (ended, last) = self.points[0], self.points[-1]
        return (last - first) / (ended - began)

    def steady(self) -> float:
        total = self.points[-1][1]
        inner = [point for point in self.points if total * 0.2 <= point[1] <= total * 0.8]
        if len(inner) < 2:
            return self.rate()
        (began, first), (ended, last) = inner[0], inner[-1]
        return (last - first) / (ended - began)


class StandIn:
    """The sandbox in a process of its own."""

    def __init__(self, process: Measured, http: httpx.AsyncClient) -> None:
        self.process = process
        self._http = http

    async def set_up(self, latency_ms: float, jitter_ms: float) -> None:
        faults = {"latency_ms": latency_ms, "latency_jitter_ms": jitter_ms}
        (await self._http.post("/control/faults", json=faults)).raise_for_status()
        number = f"/control/numbers/{PHONE_NUMBER_ID}"
        (await self._http.post(number, json={"throughput": "HIGH"})).raise_for_status()

    async def count(self) -> int:
        """How many messages it has accepted so far; cheap enough to ask all the time."""
        return int((await self._http.get("/control/state")).json()["accepted"])

    async def accepted(self) -> tuple[int, int, int]:
        """Messages, distinct callback data, and callback data that came more than once."""
        answer = (await self._http.get("/control/accepted", params={"limit": 0})).json()
        return answer["count"], answer["distinct_callbacks"], _number(answer["duplicates"])


def _number(duplicates: object) -> int:
    return len(duplicates) if isinstance(duplicates, list | dict) else int(str(duplicates))


@asynccontextmanager
async def stand_in(port: int, log: Path, options: argparse.Namespace) -> AsyncIterator[StandIn]:
    url = f"http://127.0.0.1:{port}"
    command = processes.granian("bench.stand_in:create", port)
    with processes.running(command, processes.environment(), log, url) as process:
        async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=60) as http:
            meta = StandIn(process, http)
            await meta.set_up(options.latency, options.jitter)
            yield meta


def fill(install: Install, count: int) -> None:
    """Queue one text for each of ``count`` customers."""
    now = utcnow()
    row = rows.text_message(now)
    with install.connection() as connection:
        rows.customers(connection, count, now)
        queued = (
            row
            | {
                "conversation_id": n,
                "recipient": f"+{rows.digits(n)}",
                "body": TEXT.format(name=rows.name_of(n)),
            }
            for n in range(1, count + 1)
        )
        rows.insert(connection, Message, queued)


@contextlib.contextmanager
def pacing(*, lifted: bool) -> Iterator[None]:
    """Meta's throughput level, or none."""
    if not lifted:
        yield
        return
    with mock.patch.object(dispatch, "allowed_rate", return_value=_NO_LIMIT):
        yield


async def watch(meta: StandIn, expected: int) -> Progress:
    """Follow what the stand-in accepts, until the last message.

    Raises:
        Wrong: when not all of them arrive.
    """
    points = [(time.perf_counter(), 0)]
    deadline = time.monotonic() + max(_PATIENCE_SECONDS, expected / _SLOWEST)
    while points[-1][1] < expected:
        await asyncio.sleep(0.2)
        done = await meta.count()
        points.append((time.perf_counter(), done))
        if time.monotonic() > deadline:
            raise Wrong(f"Only {done:,} of {expected:,} messages were sent.")
    return Progress(points)


async def bare(meta: StandIn, url: str, options: argparse.Namespace) -> Progress:
    """As many requests in flight as the real sender allows itself."""
    http = new_http_client()
    client = GraphClient(ACCESS_TOKEN, http=http, base_url=url, app_secret=APP_SECRET)
    left = iter(range(1, options.messages + 1))

    async def work() -> None:
        for n in left:
            text = TEXT.format(name=rows.name_of(n))
            payload = messages.text(text, to=f"+{rows.digits(n)}", callback_data=f"bare{n}")
            await client.send_message(PHONE_NUMBER_ID, payload)

    try:
        watching = asyncio.create_task(watch(meta, options.messages))
        await asyncio.gather(*(work() for _ in range(dispatch.MAX_IN_FLIGHT)))
        return await watching
    finally:
        await http.aclose()


async def real(meta: StandIn, install: Install, options: argparse.Namespace) -> Progress:
    """The sender of the product, until the last result is recorded."""
    async with runtime.running(install.settings) as process:
        sending = asyncio.create_task(dispatch.run(process))
        try:
            progress = await watch(meta, options.messages)
            await _until_recorded(install)
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
    return progress


async def _until_recorded(install: Install) -> None:
    waiting = message.c.status.in_((MessageStatus.QUEUED, MessageStatus.SENDING))
    while await asyncio.to_thread(_count, install, waiting):  # noqa: ASYNC110
        await asyncio.sleep(0.1)


def _count(install: Install, *where: sa.ColumnElement[bool]) -> int:
    with install.connection() as connection:
        return rows.count(connection, Message, *where)


async def measure(name: str, options: argparse.Namespace, *, lifted: bool = False) -> tuple[common.Cell, ...]:
    """One sender against a fresh stand-in; the row of the table.

    Raises:
        Wrong: when a message was lost, doubled, or not recorded as sent.
    """
    port = processes.free_port()
    with new_install(graph_url=f"http://127.0.0.1:{port}") as install:
        if name != "bare":
            await asyncio.to_thread(fill, install, options.messages)
        async with stand_in(port, install.folder / "sandbox.log", options) as meta:
            runtime.collect_seldom()  # as the server does
            cpu, theirs = time.process_time(), meta.process.cpu_seconds()
            with pacing(lifted=lifted):
                work = (
                    bare(meta, install.graph_url, options) if name == "bare" else real(meta, install, options)
                )
                progress = await work
            cpu, theirs = time.process_time() - cpu, meta.process.cpu_seconds() - theirs
            await _check(meta, options.messages)
        if name != "bare" and (unsent := _count(install, message.c.status != MessageStatus.SENT)):
            raise Wrong(f"{unsent} messages are not recorded as sent.")
    return (
        _label(name, lifted=lifted),
        options.messages,
        progress.rate(),
        progress.steady(),
        cpu / options.messages * 1e6,
        theirs / options.messages * 1e6,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )


def _label(name: str, *, lifted: bool) -> str:
    if name == "bare":
        return f"bare loop, {dispatch.MAX_IN_FLIGHT} in flight"
    return "Wapto, pacing lifted" if lifted else "Wapto, at Meta's level HIGH"


async def _check(meta: StandIn, expected: int) -> None:
    count, distinct, doubled = await meta.accepted()
    if (count, distinct, doubled) != (expected, expected, 0):
        raise Wrong(
            f"Accepted {count}, of which {distinct} different, {doubled} doubled; expected {expected}."
        )


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = common.parser(__doc__)
    parser.add_argument("--messages", type=int, default=20_000, help="to send with each sender")
    parser.add_argument("--latency", type=float, default=100, help="milliseconds until the stand-in answers")
    parser.add_argument("--jitter", type=float, default=50, help="milliseconds more or less than that")
    parser.add_argument("--sender", default="bare,paced,lifted", help="which ones to measure")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    report = Report(
        "dispatch", f"Sending; answers after {options.latency:.0f} ± {options.jitter:.0f} ms", COLUMNS
    )
    for sender in options.sender.split(","):
        report.add(
            *common.run(measure("bare" if sender == "bare" else "Wapto", options, lifted=sender == "lifted"))
        )
    report.notes.append("The stand-in accepted every message exactly once; Wapto recorded each as sent.")
    report.finish(options)


if __name__ == "__main__":
    main()
