"""Everything that a process does by itself, beside answering requests."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from wapto_app.jobs import (
    answers,
    backups,
    billing,
    campaigns,
    dispatch,
    duties,
    imports,
    ingest,
    mail,
    media,
    reminders,
    search,
    subscription,
)
from wapto_app.jobs.broker import handing_out
from wapto_app.jobs.scheduler import Tick, leading
from wapto_app.log import get_logger
from wapto_app.runtime import Runtime, collect_seldom
from wapto_app.services import channels, desk, housekeeping, scheduled, templates, viewing

log = get_logger(__name__)


async def _check_numbers(runtime: Runtime) -> None:
    await channels.refresh_all(runtime.db, runtime.gateway)


async def _clean_up(runtime: Runtime) -> None:
    await housekeeping.clean_up(runtime.db, runtime.settings.media_dir)


async def _note_missed_windows(runtime: Runtime) -> None:
    while await runtime.writer.run(desk.note_missed_windows, None):
        pass


async def _end_views(runtime: Runtime) -> None:
    async with runtime.db.write() as session:
        await viewing.end_expired(session)


async def _sync_templates(runtime: Runtime) -> None:
    await templates.sync_all(runtime.db, runtime.gateway)


async def _send_scheduled(runtime: Runtime) -> None:
    await scheduled.send_due(runtime.db)


TICKS: tuple[Tick, ...] = (
    Tick("retry failed webhooks", 2, ingest.retry_failed),
    Tick("check numbers", 15 * 60, _check_numbers),
    Tick("move the subscription on", 60, subscription.move_on),
    Tick("missed windows", 60, _note_missed_windows),
    Tick("clean up", 60 * 60, _clean_up),
    Tick("end views", 60, _end_views),
    Tick("remind of tasks", 10, reminders.remind),
    Tick("mail notifications", 30, reminders.mail_notifications),
    Tick("apply Stripe's webhooks", 1, billing.apply_events),
    Tick("lock what stayed unpaid", 60, billing.look_after),
    Tick("ask Stripe", 15 * 60, billing.reconcile),
    Tick("back up", 60, backups.make_due),
    Tick("search index", 1, search.follow),
    Tick("wake snoozed conversations", 5, reminders.wake_snoozed),
    Tick("ask for templates", 15 * 60, _sync_templates),
    Tick("send what is scheduled", 2, _send_scheduled),
    Tick("answers to campaigns", 1, answers.follow),
)
"""Every tick of the product; each job's module defines its own."""


@asynccontextmanager
async def working(runtime: Runtime, ticks: Sequence[Tick] = TICKS) -> AsyncIterator[None]:
    """Work in the background as long as the block lasts; what has begun may finish for some seconds."""
    async with handing_out(runtime), leading(runtime, ticks):
        loops = [
            asyncio.create_task(job.run(runtime), name=job.__name__)
            for job in (ingest, dispatch, media, mail, imports, campaigns)
        ]
        if runtime.redis is not None:  # without it this process is the only one
            loops.append(asyncio.create_task(duties.share(runtime), name=duties.__name__))
        try:
            yield
        finally:
            for loop in loops:
                loop.cancel()
            for result in await asyncio.gather(*loops, return_exceptions=True):
                if isinstance(result, Exception):
                    log.error("background.failed", exc_info=result)


async def until_stopped(runtime: Runtime) -> None:
    """Work until SIGTERM or Ctrl-C: the whole life of ``wapto worker``."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with working(runtime):
        collect_seldom()
        await stop.wait()
