"""Load over raw connections, from a process of its own: ``python -m bench.load`` reads one order on standard input.

Open loop: requests leave at a fixed rate, whether or not earlier ones were answered, and latency counts from the
moment at which a request was due. Closed loop (rate 0): every connection sends as soon as it has its answer.
"""

from __future__ import annotations

import asyncio
import gc
import json
import sys
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import cast

from bench.common import percentile, run
from bench.processes import ROOT, environment, python
from bench.webhooks import Traffic, signed_request
from wapto_app.services.ingest import digest_of

_ANSWER_SECONDS = 30.0
_HEAD_END = b"\r\n\r\n"


@dataclass(frozen=True, slots=True)
class Order:
    """What to send where. ``rate`` in requests per second; 0 sends as fast as ``connections`` allow."""

    port: int
    rate: float
    seconds: float
    connections: int
    total: int
    customers: int
    at: str
    first_message: int
    acknowledged: str
    """File that gets the digest of every body that was answered 200."""

    def traffic(self) -> Traffic:
        return Traffic(self.total, self.customers, datetime.fromisoformat(self.at), self.first_message)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Latencies in milliseconds."""

    answered: int
    refused: int
    unanswered: int
    seconds: float
    p50: float
    p99: float
    longest: float
    over_a_second: int
    cpu_seconds: float


class Generator:
    """Spreads requests over connections and notes when each was due and answered."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self._requests = requests
        self._next = 0
        self._idle: deque[Connection] = deque()
        self._due: deque[tuple[int, float]] = deque()
        self._ends_at = 0.0
        self.closed_loop = False
        self.latencies: list[float] = []
        self.good: list[int] = []
        self.refused = 0
        self.in_flight = 0
        self.last_answer = 0.0

    async def open_connections(self, port: int, count: int) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(count):
            _transport, connection = await loop.create_connection(lambda: Connection(self), "127.0.0.1", port)
            self._idle.append(connection)

    async def go(self, rate: float, seconds: float) -> None:
        started = time.perf_counter()
        self._ends_at = started + seconds
        if rate:
            await self._at_rate(started, rate, seconds)
        else:
            self.closed_loop = True
            while self._idle and self._more():
                self._send(self._idle.popleft(), self._take(), time.perf_counter())
            await asyncio.sleep(max(0.0, self._ends_at - time.perf_counter()))
        deadline = time.perf_counter() + _ANSWER_SECONDS
        while (self.in_flight or self._due) and time.perf_counter() < deadline:  # noqa: ASYNC110
            await asyncio.sleep(0.01)

    async def _at_rate(self, started: float, rate: float, seconds: float) -> None:
        count = min(len(self._requests), int(rate * seconds))
        while self._next < count:
            now = time.perf_counter()
            while self._next < count and started + self._next / rate <= now:
                due_at = started + self._next / rate
                self._due.append((self._take(), due_at))
            self._send_due()
            await asyncio.sleep(0.001)

    def _send_due(self) -> None:
        while self._due and self._idle:
            number, due_at = self._due.popleft()
            self._send(self._idle.popleft(), number, due_at)

    def _more(self) -> bool:
        return self._next < len(self._requests) and time.perf_counter() < self._ends_at

    def _take(self) -> int:
        self._next += 1
        return self._next - 1

    def _send(self, connection: Connection, number: int, due_at: float) -> None:
        self.in_flight += 1
        connection.send(number, due_at, self._requests[number])

    def answered(self, connection: Connection, number: int, due_at: float, *, is_good: bool) -> None:
        now = self.last_answer = time.perf_counter()
        self.latencies.append((now - due_at) * 1000)
        self.in_flight -= 1
        if is_good:
            self.good.append(number)
        else:
            self.refused += 1
        if self.closed_loop and self._more():
            self._send(connection, self._take(), now)
        elif self._due:
            self._send(connection, *self._due.popleft())
        else:
            self._idle.append(connection)


class Connection(asyncio.Protocol):
    """One request at a time; answers are recognised by their Content-Length."""

    def __init__(self, generator: Generator) -> None:
        self._generator = generator
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._number = -1
        self._due_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are not of asyncio's class.
        self._transport = cast(asyncio.Transport, transport)

    def send(self, number: int, due_at: float, request: bytes) -> None:
        assert self._transport is not None
        self._number, self._due_at = number, due_at
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, end, body = self._received.partition(_HEAD_END)
        if not end or len(body) < _content_length(head):
            return
        self._received = b""
        is_good = head.startswith(b"HTTP/1.1 200")
        self._generator.answered(self, self._number, self._due_at, is_good=is_good)


def _content_length(head: bytes) -> int:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return int(line.split(b":", 1)[1])
    return 0


async def _carry_out(order: Order, bodies: Sequence[bytes]) -> tuple[Outcome, list[int]]:
    generator = Generator([signed_request(body) for body in bodies])
    await generator.open_connections(order.port, order.connections)
    gc.freeze()
    started, cpu = time.perf_counter(), time.process_time()
    await generator.go(order.rate, order.seconds)
    cpu_seconds = time.process_time() - cpu
    return _outcome(generator, generator.last_answer - started, cpu_seconds), generator.good


def _outcome(generator: Generator, seconds: float, cpu_seconds: float) -> Outcome:
    latencies = generator.latencies
    return Outcome(
        answered=len(generator.good),
        refused=generator.refused,
        unanswered=generator.in_flight,
        seconds=seconds,
        p50=percentile(latencies, 50),
        p99=percentile(latencies, 99),
        longest=max(latencies),
        over_a_second=sum(latency > 1000 for latency in latencies),
        cpu_seconds=cpu_seconds,
    )


async def send(order: Order) -> Outcome:
    """Carry the order out in a process of its own.

    Raises:
        RuntimeError: when that process failed.
    """
    process = await asyncio.create_subprocess_exec(
        *python("-m", "bench.load"),
        cwd=ROOT,
        env=environment(),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate(json.dumps(asdict(order)).encode())
    if process.returncode != 0:
        raise RuntimeError("The load generator failed.")
    return Outcome(**json.loads(output))


def main() -> None:
    order = Order(**json.loads(sys.stdin.read()))
    bodies = order.traffic().bodies()
    outcome, good = run(_carry_out(order, bodies))
    Path(order.acknowledged).write_text("\n".join(digest_of(bodies[number]).hex() for number in good))
    print(json.dumps(asdict(outcome)))


if __name__ == "__main__":
    main()
