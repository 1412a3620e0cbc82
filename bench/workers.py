"""Campaigns on one PostgreSQL, by one process and by two: messages per second together, and that none leaves twice.

A number has one sender at a time, for Meta limits the number: two processes share the numbers between them, and what
follows the messages as well. One campaign through each number. Everything runs on one machine here, the database and
the stand-in for Meta included.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator, Sequence

import sqlalchemy as sa

from bench import campaign, common, dispatch, processes, rows
from bench.common import Report
from bench.install import Install, channel_row, new_install
from bench.processes import Measured
from bench.segments import on_server
from integrations.sandbox import SandboxConfig
from wapto_app import runtime
from wapto_app.jobs import campaigns
from wapto_app.jobs import dispatch as senders
from wapto_app.models import (
    Campaign,
    CampaignRecipient,
    CampaignState,
    CampaignTally,
    CampaignVariant,
    Channel,
    Lease,
)
from wapto_app.models.base import table_of
from wapto_app.settings import Settings

COLUMNS = ("processes", "numbers", "recipients", "messages/s", "steady/s", "CPU µs/message", "leases of each")
_SECOND = 2
"""The second channel, campaign and variant."""

lease, its_campaign = table_of(Lease), table_of(Campaign)


def fill(install: Install, count: int, numbers: int) -> None:
    """A paused campaign to ``count`` people for each number."""
    campaign.fill(install, count, as_draft=False)
    if numbers < _SECOND:
        return
    with install.connection() as connection:
        second = channel_row(install.key, "HIGH") | {
            "id": _SECOND,
            "phone_number_id": SandboxConfig().second_phone_number_id,
            "display_phone_number": "+1 650-555-0111",
        }
        connection.execute(table_of(Channel).insert(), [second])
        made = Campaign(id=_SECOND, name="Second", state=CampaignState.PAUSED, channel_id=_SECOND)
        rows.insert(connection, Campaign, [made.model_dump()])
        variant = CampaignVariant(
            id=_SECOND, campaign_id=_SECOND, label="A", template_id=1, mapping=campaign._MAPPING
        )
        rows.insert(connection, CampaignVariant, [variant.model_dump()])
        row = rows._defaults(
            CampaignRecipient(campaign_id=_SECOND, variant_id=_SECOND, due_at=campaign.utcnow())
        )
        rows.insert(connection, CampaignRecipient, (row | {"contact_id": n} for n in range(1, count + 1)))
        tally = {"campaign_id": _SECOND, "variant_id": _SECOND, "state": "waiting", "count": count}
        rows.insert(connection, CampaignTally, [tally])


async def work() -> None:
    """One worker, until it is told to stop: everything that sends and follows."""
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    with dispatch.pacing(lifted=True):
        async with runtime.running(Settings()) as process:
            runtime.collect_seldom()  # as a worker does
            tasks = [asyncio.create_task(job.run(process)) for job in (senders, campaigns)]
            await stop.wait()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.contextmanager
def working(install: Install, count: int) -> Iterator[list[Measured]]:
    command = processes.python("-m", "bench.workers", "--work")
    started = [
        processes.start(command, install.environment(), install.folder / f"worker{n}.log")
        for n in range(count)
    ]
    try:
        yield started
    finally:
        for each in started:
            each.stop()


async def measure(workers: int, numbers: int, options: argparse.Namespace) -> tuple[common.Cell, ...]:
    """The row of the table.

    Raises:
        Wrong: when a message was lost, doubled, or its recipient has not followed.
    """
    port, count = processes.free_port(), options.recipients
    database = on_server(options.postgres, "wapto_bench_workers")
    with new_install(graph_url=f"http://127.0.0.1:{port}", database_url=database) as install:
        await asyncio.to_thread(fill, install, count, numbers)
        async with dispatch.stand_in(port, install.folder / "sandbox.log", options) as meta:
            with working(install, workers) as started:
                shares = await _all_led(install, numbers)
                before = sum(each.cpu_seconds() for each in started)
                await asyncio.to_thread(_resume, install)
                progress = await dispatch.watch(meta, count * numbers)
                await asyncio.to_thread(_until_finished, install)
                cpu = sum(each.cpu_seconds() for each in started) - before
            found = await meta.accepted()
    # The same people stand in both campaigns: callback data differs, for it names the message.
    if found != (count * numbers, count * numbers, 0):
        raise dispatch.Wrong(f"Accepted {found}; expected {count * numbers}.")
    return (workers, numbers, count, progress.rate(), progress.steady(), cpu / count / numbers * 1e6, shares)


async def _all_led(install: Install, numbers: int) -> str:
    """Wait until every lease has its process; how many each has."""
    query = sa.select(sa.func.count()).select_from(lease).group_by(lease.c.holder)
    while True:
        with install.connection() as connection:
            shares = sorted(connection.execute(query).scalars(), reverse=True)
        if sum(shares) == numbers + 1:
            return " + ".join(map(str, shares))
        await asyncio.sleep(0.1)


def _resume(install: Install) -> None:
    with install.connection() as connection:
        connection.execute(its_campaign.update().values(state=CampaignState.RUNNING))


def _until_finished(install: Install) -> None:
    finished = its_campaign.c.state != CampaignState.FINISHED
    for _ in range(600):
        with install.connection() as connection:
            if not rows.count(connection, Campaign, finished):
                return
        asyncio.run(asyncio.sleep(0.1))
    raise dispatch.Wrong("A campaign has not finished.")


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = common.parser(__doc__)
    known = os.environ.get("WAPTO_TEST_POSTGRES", "")
    parser.add_argument("--postgres", default=known, help="the server (postgresql://…)")
    parser.add_argument("--recipients", type=int, default=10_000, help="of each campaign")
    parser.add_argument("--latency", type=float, default=100, help="milliseconds until the stand-in answers")
    parser.add_argument("--jitter", type=float, default=50, help="milliseconds more or less than that")
    parser.add_argument("--work", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    if options.work:
        common.run(work())
        return
    report = Report("workers", "Campaigns on PostgreSQL, by one process and by two", COLUMNS)
    for numbers in (1, _SECOND):
        for workers in (1, 2):
            report.add(*common.run(measure(workers, numbers, options)))
    report.notes.append("The stand-in accepted every message exactly once; every campaign came to its end.")
    report.finish(options)


if __name__ == "__main__":
    main()
