"""Webhooks per second, their latency, and what one costs; against a bare route that only checks and stores.

The whole server runs as an operator starts it. Three of four deliveries report about sent messages, one is a message of
a customer. Every delivery that was answered 200 must be in the database once, and applied, at the end.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from bench import common, load, processes, rows
from bench.common import Report, percentile
from bench.install import Install, new_install
from bench.processes import Measured
from bench.webhooks import Traffic
from wapto_app.clock import utcnow
from wapto_app.models import Conversation, Direction, EventState, Message, StatusEvent, WebhookEvent
from wapto_app.models.base import table_of
from wapto_app.services.ingest import digest_of

COLUMNS = (
    "server and load",
    "requests/s",
    "p50 ms",
    "p99 ms",
    "max ms",
    "over 1 s",
    "CPU µs/event",
    "applied p50 ms",
    "applied p99 ms",
)
_MOST_PER_SECOND = 12_000
"""Requests prepared for each second of a closed loop; more than one process can answer."""
_APPLY_SECONDS = 120.0
_WARM_UP_SECONDS = 2.0
_WARM_UP_RATE = 300.0

webhook_event = table_of(WebhookEvent)


class Wrong(Exception):
    """The database does not hold what was acknowledged; figures of such a run are worth nothing."""


@dataclass(frozen=True, slots=True)
class Phase:
    """One load on a running server; rate 0 is a closed loop."""

    label: str
    traffic: Traffic
    rate: float
    seconds: float
    connections: int

    def order(self, install: Install) -> load.Order:
        return load.Order(
            port=install.port,
            rate=self.rate,
            seconds=self.seconds,
            connections=self.connections,
            total=self.traffic.total,
            customers=self.traffic.customers,
            at=self.traffic.at.isoformat(),
            first_message=self.traffic.first_message,
            acknowledged=str(self.acknowledged(install)),
        )

    def acknowledged(self, install: Install) -> Path:
        return install.folder / f"acknowledged-{self.traffic.first_message}"


def phases(name: str, options: argparse.Namespace) -> list[Phase]:
    """The same ones for every server: first to warm up, then as fast as possible, then at each rate."""
    loads = [(_WARM_UP_RATE, _WARM_UP_SECONDS), (0.0, options.seconds)]
    loads += [(float(rate), options.seconds) for rate in options.rates]
    made: list[Phase] = []
    first = 1
    for rate, seconds in loads:
        traffic = Traffic(int((rate or _MOST_PER_SECOND) * seconds), options.customers, utcnow(), first)
        load_name = f"{rate:,.0f}/s" if rate else f"{options.connections} connections, no pause"
        made.append(Phase(f"{name}, {load_name}", traffic, rate, seconds, options.connections))
        first += traffic.sent
    return made


def prepare(install: Install, planned: Sequence[Phase], customers: int) -> None:
    now = utcnow()
    with install.connection() as connection:
        rows.customers(connection, customers, now)
        for phase in planned:
            phase.traffic.seed(connection)


@contextlib.contextmanager
def bare_server(install: Install) -> Iterator[Measured]:
    log = install.folder / "bare.log"
    command = processes.granian("bench.bare:create", install.port)
    with processes.running(command, install.environment(), log, install.url) as server:
        yield server


async def measure(
    install: Install, server: Measured, phase: Phase, *, applies: bool
) -> tuple[common.Cell, ...]:
    """Carry a load out; the row of the table.

    Raises:
        Wrong: when something was refused, or not applied in time.
    """
    before = await asyncio.to_thread(_newest, install)
    cpu = server.cpu_seconds()
    outcome = await load.send(phase.order(install))
    if outcome.refused or outcome.unanswered:
        raise Wrong(f"{phase.label}: {outcome.refused} refused, {outcome.unanswered} unanswered.")
    if applies:
        await _wait_until_applied(install)
    cpu = server.cpu_seconds() - cpu
    lag = await asyncio.to_thread(_lag, install, before) if applies else []
    return (
        phase.label,
        outcome.answered / outcome.seconds,
        outcome.p50,
        outcome.p99,
        outcome.longest,
        outcome.over_a_second,
        cpu / outcome.answered * 1e6,
        percentile(lag, 50) if lag else None,
        percentile(lag, 99) if lag else None,
    )


def _newest(install: Install) -> int:
    with install.connection() as connection:
        return connection.execute(sa.select(sa.func.max(webhook_event.c.id))).scalar() or 0


async def _wait_until_applied(install: Install) -> None:
    deadline = time.monotonic() + _APPLY_SECONDS
    while await asyncio.to_thread(_waiting, install):
        if time.monotonic() > deadline:
            raise Wrong("The stored webhooks were not applied in time.")
        await asyncio.sleep(0.1)


def _waiting(install: Install) -> bool:
    with install.connection() as connection:
        query = sa.select(webhook_event.c.id).where(sa.text("state = 'new'")).limit(1)
        return connection.execute(query).first() is not None


def _lag(install: Install, after: int) -> list[float]:
    """Milliseconds from arrival to application, of each webhook."""
    query = sa.select(webhook_event.c.received_at, webhook_event.c.applied_at)
    with install.connection() as connection:
        found = connection.execute(query.where(webhook_event.c.id > after))
        return [(applied - received).total_seconds() * 1000 for received, applied in found]


def check(install: Install, planned: Sequence[Phase], *, applies: bool) -> int:
    """Compare the database with what was acknowledged; the number of webhooks.

    Raises:
        Wrong: for anything lost, doubled or not applied.
    """
    acknowledged = {
        digest
        for phase in planned
        for digest in phase.acknowledged(install).read_text().splitlines()
        if digest
    }
    is_message = {
        digest_of(body).hex(): b'"messages":[' in body for phase in planned for body in phase.traffic.bodies()
    }
    with install.connection() as connection:
        stored = [row.digest.hex() for row in connection.execute(sa.select(webhook_event.c.digest))]
        _must_be(len(stored), len(set(stored)), "webhooks stored once")
        _must_be(len(acknowledged - set(stored)), 0, "acknowledged webhooks that are lost")
        if applies:
            _check_applied(connection, sum(map(is_message.__getitem__, stored)), len(stored))
    return len(stored)


def _check_applied(connection: sa.Connection, messages: int, webhooks: int) -> None:
    event, message, status = webhook_event, table_of(Message), table_of(StatusEvent)
    done = rows.count(connection, WebhookEvent, event.c.state == EventState.DONE)
    _must_be(done, webhooks, "applied webhooks")
    inbound = message.c.direction == Direction.INBOUND
    _must_be(rows.count(connection, Message, inbound), messages, "messages of customers")
    _must_be(rows.count(connection, StatusEvent), webhooks - messages, "reports")
    unread = connection.execute(sa.select(sa.func.sum(table_of(Conversation).c.unread))).scalar() or 0
    _must_be(unread, messages, "unread messages")
    linked = rows.count(connection, StatusEvent, status.c.message_id.is_(None))
    _must_be(linked, 0, "reports about unknown messages")


def _must_be(found: int, expected: int, what: str) -> None:
    if found != expected:
        raise Wrong(f"{what}: {found}, expected {expected}")


def measure_server(name: str, options: argparse.Namespace, report: Report) -> None:
    applies = name == "Wapto"
    with new_install() as install:
        planned = phases(name, options)
        prepare(install, planned, options.customers)
        with install.serving() if applies else bare_server(install) as server:
            cells = [common.run(measure(install, server, phase, applies=applies)) for phase in planned]
        for row in cells[1:]:
            report.add(*row)
        webhooks = check(install, planned, applies=applies)
        done = "stored once and applied" if applies else "stored once"
        report.notes.append(f"{name}: all {webhooks:,} webhooks that were answered 200 are {done}.")


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = common.parser(__doc__)
    parser.add_argument("--seconds", type=float, default=10, help="length of each load")
    parser.add_argument("--rates", type=common.numbers, default="1000,3300", help="requests per second")
    parser.add_argument("--connections", type=int, default=64, help="connections that Meta would hold open")
    parser.add_argument("--customers", type=int, default=20_000, help="customers known from before")
    parser.add_argument("--servers", default="bare,Wapto", help="which ones to measure")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    report = Report("ingest", "Webhooks: stored durably, answered, applied", COLUMNS)
    for name in options.servers.split(","):
        measure_server(name, options, report)
    report.finish(options)


if __name__ == "__main__":
    main()
