"""Moves campaigns on: starts what is due, writes recipients down, follows their messages, stops what goes wrong.

One process does it at a time, by a lease; everything is in the tables, so the next one goes on where a dead one
stopped. What is sent is fed by ``jobs.feeding``, beside each number's sender.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa

from wapto_app.clock import utcnow
from wapto_app.jobs.duties import Duty
from wapto_app.jobs.waiting import wait
from wapto_app.log import get_logger
from wapto_app.models import Campaign, CampaignState
from wapto_app.models.base import table_of
from wapto_app.runtime import Runtime
from wapto_app.services.campaigns import (
    building,
    causes,
    firing,
    following,
    guarding,
    stopping,
    sweeping,
    topics,
    winner,
)
from wapto_app.services.campaigns.causes import Cause
from wapto_app.services.campaigns.following import Result
from wapto_app.services.campaigns.stopping import Stop
from wapto_app.services.errors import DomainError

log = get_logger(__name__)

_ROUND_SECONDS = 0.5
_IDLE_SECONDS = 1.0
_BETWEEN_BATCHES_SECONDS = 0.01
_BATCHES = 40
"""Of notes in one round, after which the rest of the work has a turn."""
_TELL_SECONDS = 1.0
"""How often a page of a campaign is told, however fast it runs."""
_SWEEP_SECONDS = 10.0
_SETTINGS_SECONDS = 10.0
_BUILD_TRIES = 5
_SPAM_REST = timedelta(hours=24)
"""Meta, 131048: no campaigns of the number for a day."""

campaign = table_of(Campaign)
# Spelled exactly as in the partial index, or SQLite does not use it.
_IS_ACTIVE = sa.text("campaign.state IN ('scheduled', 'asking', 'building', 'running', 'paused')")
_ACTIVE = sa.select(campaign.c.id, campaign.c.state, campaign.c.waiting_until, campaign.c.winner_by).where(
    _IS_ACTIVE
)


async def run(runtime: Runtime) -> None:
    """Work until cancelled: at once when somebody pressed a button, else twice a second, once when all is quiet."""
    wake = asyncio.Event()
    engine = Engine(runtime)
    with runtime.hub.listening(lambda published: wake.set() if topics.DUE in published else None):
        try:
            while True:
                wake.clear()
                is_busy = False
                try:
                    is_busy = await engine.lead() and await engine.round()
                except Exception:
                    log.exception("campaigns.failed")
                with contextlib.suppress(Exception):
                    await engine.tell_of_disk()
                await wait(wake, _ROUND_SECONDS if is_busy else _IDLE_SECONDS)
        finally:
            await engine.stop()


class Engine:
    """What the leading process remembers between two rounds; nothing that may not be lost."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._duty = Duty(runtime, "campaigns")
        self._builds: dict[int, asyncio.Task[None]] = {}
        self._tries: dict[int, int] = {}
        self._results: dict[int, deque[bool]] = {}
        self._limit = guarding.DEFAULT
        self._limit_at = float("-inf")
        self._swept_at = float("-inf")
        self._changed: set[str] = set()
        self._told_at = float("-inf")
        self._told_of_full_disk = False

    async def lead(self) -> bool:
        """Whether this process is the one."""
        if self._duty.is_wanted:
            await self.stop()
        leads = await self._duty.is_ours()
        if not leads:
            await self._stop_building()
        return leads

    async def stop(self) -> None:
        """End what has begun, and let the next process begin at once."""
        await self._stop_building()
        with contextlib.suppress(Exception):
            await self._duty.give_back()

    async def _stop_building(self) -> None:
        builds, self._builds = list(self._builds.values()), {}
        for build in builds:
            build.cancel()
        await asyncio.gather(*builds, return_exceptions=True)

    async def round(self) -> bool:
        """Everything once; whether anything is going on."""
        active, has_notes, is_due = await self._look()
        if is_due:
            self._publish(await self._runtime.writer.run(firing.fire, None))
            active, has_notes, _is_due = await self._look()
        self._build(row.id for row in active if row.state is CampaignState.BUILDING)
        if has_notes:
            await self._follow()
        running = [row for row in active if row.state is CampaignState.RUNNING]
        self._forget({row.id for row in running})
        if running:
            await self._guard()
            await self._move_on(running)
        await self._sweep()
        self._tell()
        builds = any(not build.done() for build in self._builds.values())
        return bool(running or has_notes or builds or self._changed)

    async def _look(self) -> tuple[Sequence[Any], bool, bool]:
        async with self._runtime.db.engine.connect() as connection:
            active = (await connection.execute(_ACTIVE)).all()
            has_notes = await connection.run_sync(following.is_due)
            is_due = any(row.state is CampaignState.SCHEDULED for row in active)
            return active, has_notes, is_due and await connection.run_sync(firing.is_due)

    # --- building

    def _build(self, campaign_ids: Iterable[int]) -> None:
        for campaign_id in campaign_ids:
            known = self._builds.get(campaign_id)
            if known is None or known.done():
                build = asyncio.create_task(self._carry_out(campaign_id), name=f"build-{campaign_id}")
                self._builds[campaign_id] = build

    async def _carry_out(self, campaign_id: int) -> None:
        """Write the recipients down; the feeder is woken as soon as they stand there."""
        try:
            await building.build(self._runtime.db, campaign_id)
        except DomainError as refusal:
            await self._give_up(campaign_id, refusal.message)
        except Exception as error:
            log.exception("campaigns.build_failed", campaign=campaign_id)
            await self._try_again(campaign_id, error)
        else:
            self._tries.pop(campaign_id, None)
            self._publish({topics.LIST, topics.of(campaign_id), topics.DUE})

    async def _try_again(self, campaign_id: int, error: Exception) -> None:
        """After a second, some times; as long as it takes while the disk is full."""
        self._runtime.writer.disk.notice(error)
        if not self._runtime.writer.disk.is_full:
            self._tries[campaign_id] = self._tries.get(campaign_id, 0) + 1
            if self._tries[campaign_id] >= _BUILD_TRIES:
                await self._give_up(campaign_id, "An unexpected error; see the log.")
        await asyncio.sleep(_IDLE_SECONDS)

    async def _give_up(self, campaign_id: int, why: str) -> None:
        self._tries.pop(campaign_id, None)
        stop = Stop(campaign_id, Cause.BUILDING, why)
        self._publish(await self._runtime.writer.run(stopping.stop_building, stop))

    # --- following

    async def _follow(self) -> None:
        """Take the notes that are there, and draw conclusions from what Meta answered."""
        for _batch in range(_BATCHES):
            followed = await self._runtime.writer.run(following.follow, None)
            self._changed |= {topics.of(campaign_id) for campaign_id in followed.campaigns}
            await self._draw_conclusions(followed.results)
            self._tell()
            if followed.notes < following.AT_ONCE:
                return
            await asyncio.sleep(_BETWEEN_BATCHES_SECONDS)

    async def _draw_conclusions(self, results: Iterable[Result]) -> None:
        limit = await self._error_limit()
        stops: dict[int, Stop] = {}
        for result in results:
            if result.failed and (cause := causes.of_code(result.code)):
                until = utcnow() + _SPAM_REST if cause is Cause.SPAM else None
                stops[result.campaign_id] = Stop(
                    result.campaign_id, cause, causes.meaning(result.code or 0), until
                )
            elif too_many := self._count(result, limit):
                stops.setdefault(result.campaign_id, Stop(result.campaign_id, Cause.ERRORS, too_many))
        await self._stop(stops.values())

    def _count(self, result: Result, limit: guarding.ErrorLimit) -> str:
        """Remember it; "12 of the last 50" when too many of the last ones failed, else empty."""
        if result.failed and result.code in guarding.ABOUT_ONE_PERSON:
            return ""
        known = self._results.get(result.campaign_id)
        if known is None or known.maxlen != limit["results"]:
            known = self._results[result.campaign_id] = deque(known or (), maxlen=limit["results"])
        known.append(result.failed)
        failed = sum(known) if result.failed else 0
        if len(known) < limit["results"] or failed * 100 < limit["percent"] * len(known):
            return ""
        known.clear()
        return causes.share_of_last(failed, limit["results"])

    async def _error_limit(self) -> guarding.ErrorLimit:
        now = time.monotonic()
        if now - self._limit_at > _SETTINGS_SECONDS:
            async with self._runtime.db.read() as session:
                self._limit = await guarding.known_error_limit(session)
            self._limit_at = now
        return self._limit

    def _forget(self, running: set[int]) -> None:
        """What went wrong before a pause says nothing about the time after it."""
        for campaign_id in self._results.keys() - running:
            del self._results[campaign_id]

    # --- stopping, going on, ending

    async def _guard(self) -> None:
        async with self._runtime.db.engine.connect() as connection:
            stops = await connection.run_sync(guarding.look)
        await self._stop(stops)

    async def _stop(self, stops: Iterable[Stop]) -> None:
        for each in stops:
            self._results.pop(each.campaign_id, None)
            published = await self._runtime.writer.run(stopping.stop, each)
            if published:
                log.warning("campaigns.stopped", campaign=each.campaign_id, cause=each.cause.value)
                self._publish(published)

    async def _move_on(self, running: Sequence[Any]) -> None:
        now = utcnow()
        for row in running:
            if row.waiting_until is not None and row.waiting_until <= now:
                self._publish(await self._runtime.writer.run(stopping.go_on, row.id))
        if any(row.winner_by for row in running):
            self._publish(await self._runtime.writer.run(winner.decide, None))
        async with self._runtime.db.engine.connect() as connection:
            ended = await connection.run_sync(stopping.without_work, [row.id for row in running])
        if ended:
            self._publish(await self._runtime.writer.run(stopping.finish, ended))

    async def _sweep(self) -> None:
        """Recipients who are left behind, a portion at a time."""
        now = time.monotonic()
        if now - self._swept_at < _SWEEP_SECONDS:
            return
        async with self._runtime.db.engine.connect() as connection:
            is_due = await connection.run_sync(sweeping.is_due)
            lost = await connection.run_sync(sweeping.is_any_messageless)
        if lost:
            concerned = await self._runtime.writer.run(sweeping.skip_messageless, None)
            self._changed |= {topics.of(campaign_id) for campaign_id in concerned}
        moved = await self._runtime.writer.run(sweeping.sweep, None) if is_due else {}
        self._changed |= {topics.of(campaign_id) for campaign_id in moved}
        if not moved:
            self._swept_at = now

    # --- telling

    async def tell_of_disk(self) -> None:
        """Pages are told when the disk is full, and when it is not any more: nothing else could tell them."""
        is_full = self._runtime.writer.disk.is_full
        if is_full == self._told_of_full_disk:
            return
        async with self._runtime.db.engine.connect() as connection:
            active = (await connection.execute(_ACTIVE)).all()
        self._publish({topics.LIST, *(topics.of(row.id) for row in active)})
        self._told_of_full_disk = is_full

    def _publish(self, published: Iterable[str]) -> None:
        """At once: something that happens once."""
        if found := frozenset(published):
            self._runtime.hub.publish(found)

    def _tell(self) -> None:
        """What moves all the time, at most once a second."""
        now = time.monotonic()
        if self._changed and now - self._told_at >= _TELL_SECONDS:
            self._runtime.hub.publish(frozenset(self._changed | {topics.LIST}))
            self._changed, self._told_at = set(), now
