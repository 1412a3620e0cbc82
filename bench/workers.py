"""Campaigns on one PostgreSQL, by one process and by two: messages per second together, and that none leaves twice.

A number has one sender at a time, for Meta limits the number: two processes share the numbers between them, and what
feeds and follows the messages as well. One campaign through each number. Everything runs on one machine here, the
database and the stand-in for Meta included.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import signal
from collections.abc import Iterator, Sequence

import psutil

from bench import campaign, common, dispatch, processes, rows
from bench.common import Report
from bench.install import Install, channel_row, new_install
from bench.processes import Measured
from bench.segments import on_server
from integrations.sandbox import SandboxConfig
from wapto_app import runtime
from wapto_app.jobs import campaigns, duties
from wapto_app.jobs import dispatch as senders
from wapto_app.models import (
    Campaign,
    CampaignRecipient,
    CampaignState,
    CampaignTally,
    CampaignVariant,
    Channel,
)
from wapto_app.models.base import table_of
from wapto_app.services import leases
from wapto_app.settings import Settings

COLUMNS = (
    "processes",
    "numbers",
    "recipients",
    "messages/s",
    "steady/s",
    "CPU µs/message",
    "database CPU µs",
    "duties of each",
)
_SECOND = 2
"""The second channel, campaign and variant."""

its_campaign = table_of(Campaign)


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
            work = [job.run(process) for job in (senders, campaigns)]
            tasks = [asyncio.create_task(each) for each in (*work, duties.share(process))]
            await stop.wait()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.contextmanager
def working(install: Install, count: int, redis: str) -> Iterator[list[Measured]]:
    environment = install.environment() | {"WAPTO_REDIS_URL": redis}
    command = processes.python("-m", "bench.workers", "--work")
    started = [processes.start(command, environment, install.folder / f"worker{n}.log") for n in range(count)]
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
            with working(install, workers, options.redis) as started:
                shares = await _all_shared(install, workers, numbers)
                before, theirs = sum(each.cpu_seconds() for each in started), _database_seconds()
                await asyncio.to_thread(_resume, install)
                progress = await dispatch.watch(meta, count * numbers)
                await asyncio.to_thread(_until_finished, install)
                cpu = sum(each.cpu_seconds() for each in started) - before
                theirs = _database_seconds() - theirs
            found = await meta.accepted()
    # The same people stand in both campaigns: callback data differs, for it names the message.
    if found != (count * numbers, count * numbers, 0):
        raise dispatch.Wrong(f"Accepted {found}; expected {count * numbers}.")
    each = 1e6 / count / numbers
    return (workers, numbers, count, progress.rate(), progress.steady(), cpu * each, theirs * each, shares)


def _database_seconds() -> float:
    """Processor time of PostgreSQL, which runs on this machine."""
    servers = [each for each in psutil.process_iter(["name"]) if each.info["name"] == "postgres"]
    spent = [each.cpu_times() for each in servers]
    return float(
        sum(times.user + times.system + times.children_user + times.children_system for times in spent)
    )


async def _all_shared(install: Install, workers: int, numbers: int) -> str:
    """Wait until every duty has its process, and none is to have another; who has what.

    Raises:
        Wrong: when they do not come to an end with that.
    """
    for _ in range(600):
        with install.connection() as connection:
            held = leases.held(connection)
        present = [bid.holder for bid in held if bid.name.startswith("process:")]
        shares = [
            sorted(bid.name for bid in held if bid.holder == each and bid.name[0] != "p") for each in present
        ]
        settled = not any(duties.to_give(each, held) for each in present)
        if len(present) == workers and settled and sum(map(len, shares)) == 2 * numbers + 1:
            return " | ".join(", ".join(share) for share in sorted(shares, reverse=True))
        await asyncio.sleep(0.1)
    raise dispatch.Wrong(f"The duties are not shared: {held}")


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
    redis = os.environ.get("WAPTO_TEST_REDIS", "")
    parser.add_argument("--redis", default=redis, help="by which the processes know of each other")
    parser.add_argument("--recipients", type=int, default=20_000, help="of each campaign")
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
