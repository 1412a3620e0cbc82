"""What a webhook costs at each step, in processor time of one thread: for comparing two versions on a busy machine.

The steps are called as the writer calls them, each batch in a transaction of its own, commit included. Of all batches
the one counts that a tenth of them undercut: neighbours can only add. Nothing here says how long anybody waits.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import sqlalchemy as sa

from bench import common, rows
from bench.common import Report, percentile
from bench.install import Install, new_install
from bench.webhooks import Traffic
from integrations.whatsapp import webhooks
from wapto_app import runtime
from wapto_app.clock import utcnow
from wapto_app.db import make_sync_engine
from wapto_app.services import ingest
from wapto_app.services.ingest import apply
from wapto_app.services.search import following

COLUMNS = ("step", "webhooks at once", "CPU µs/webhook")

Step = Callable[[sa.Connection], Any]


class Engine:
    """The writer's connection, without its thread."""

    def __init__(self, install: Install) -> None:
        self._engine = make_sync_engine(install.database_url).execution_options(wapto_writes=True)

    def spend(self, step: Step) -> tuple[float, Any]:
        """Microseconds of processor time, and what came out."""
        started = time.thread_time()
        with self._engine.begin() as connection:
            outcome = step(connection)
        return (time.thread_time() - started) * 1e6, outcome

    def close(self) -> None:
        self._engine.dispose()


def prepare(install: Install, traffic: Traffic) -> None:
    with install.connection() as connection:
        rows.customers(connection, traffic.customers, traffic.at)
        traffic.seed(connection)
    with install.connection() as connection:
        while any(following.follow(connection, [None])):
            pass


def parsing(bodies: Sequence[bytes]) -> list[float]:
    now, taken = utcnow(), []
    for start in range(0, len(bodies), 100):
        started = time.thread_time()
        for body in bodies[start : start + 100]:
            webhooks.parse(body, received_at=now)
        taken.append((time.thread_time() - started) * 1e4)
    return taken


def storing(engine: Engine, bodies: Sequence[bytes], at_once: int) -> list[float]:
    taken = []
    for start in range(0, len(bodies), at_once):
        events = [ingest.RawEvent(body) for body in bodies[start : start + at_once]]
        spent, _ = engine.spend(partial(ingest.store, events=events))
        taken.append(spent / len(events))
    return taken


def applying(engine: Engine, at_once: int) -> list[float]:
    apply.BATCH = at_once
    taken, more = [], True
    while more:
        spent, (outcome,) = engine.spend(lambda connection: ingest.apply_pending(connection, [None]))
        taken.append(spent / max(1, outcome.applied))
        more = outcome.more
    return taken


def following_up(engine: Engine, count: int) -> float:
    """Search takes messages in afterwards; of one webhook in four."""
    total, more = 0.0, True
    while more:
        spent, (more,) = engine.spend(lambda connection: following.follow(connection, [None]))
        total += spent
    return total / count


def measure(options: argparse.Namespace, report: Report) -> None:
    for at_once in options.batches:
        with new_install() as install:
            traffic = Traffic(options.webhooks, options.customers, utcnow())
            prepare(install, traffic)
            bodies = traffic.bodies()
            engine = Engine(install)
            runtime.collect_seldom()  # as the server does
            if at_once == options.batches[0]:
                report.add("parse", None, percentile(parsing(bodies), 10))
                report.add("store", options.commit, percentile(storing(engine, bodies, options.commit), 10))
            else:
                storing(engine, bodies, options.commit)
            report.add("apply, with parsing", at_once, percentile(applying(engine, at_once), 10))
            if at_once == options.batches[0]:
                report.add("take into search", None, following_up(engine, len(bodies)))
            engine.close()
            gc.unfreeze()


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = common.parser(__doc__)
    parser.add_argument("--webhooks", type=int, default=12_000, help="three reports for each message")
    parser.add_argument("--customers", type=int, default=20_000, help="customers known from before")
    parser.add_argument("--commit", type=int, default=10, help="webhooks stored in one commit")
    parser.add_argument("--batches", type=common.numbers, default="200,400", help="webhooks applied at once")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    report = Report("stages", "What a webhook costs, step by step", COLUMNS)
    measure(options, report)
    report.finish(options)


if __name__ == "__main__":
    main()
