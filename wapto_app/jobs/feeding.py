"""Keeps about a second of a number's campaigns queued ahead of its sender, shared fairly between them.

One process feeds a number at a time, not always the one that sends through it.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.jobs.duties import Duty
from wapto_app.jobs.waiting import wait
from wapto_app.log import get_logger
from wapto_app.models import Campaign, LibraryFile, MediaFile, MediaState
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import library
from wapto_app.services.campaigns import feeding, limits_of_meta, queueing, stopping, template_files
from wapto_app.services.campaigns.causes import Cause
from wapto_app.services.campaigns.feeding import Next, Running
from wapto_app.services.campaigns.filler import Filler
from wapto_app.services.campaigns.queueing import Fed, Portion, Ready
from wapto_app.services.campaigns.stopping import Stop
from wapto_app.services.campaigns.timing import Clock
from wapto_app.services.errors import DomainError

log = get_logger(__name__)

AHEAD_SECONDS = 1.0
"""How much is queued before it may leave: a pause takes back little, and a person's message waits for nothing."""
MOST_AHEAD = 2_000
AT_ONCE = 200
"""Recipients of one transaction: others who write wait for some milliseconds."""
_ROUND_SECONDS = 0.2
_IDLE_SECONDS = 1.0
_KEPT_SECONDS = 10.0
"""How long templates, values' sources and limits are taken for unchanged."""


class Allowance:
    """A campaign's own limit of messages per second."""

    def __init__(self, rate: float | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate = rate
        self._clock = clock
        self._at = clock()
        self._level = 1.0

    def available(self) -> int:
        """How many may be queued now; without a limit as many as anybody wants."""
        if not self.rate:
            return MOST_AHEAD
        now = self._clock()
        passed, self._at = now - self._at, now
        self._level = min(self._level + passed * self.rate, max(1.0, self.rate * AHEAD_SECONDS))
        return int(self._level)

    def take(self, count: int) -> None:
        self._level -= count


def shares(room: int, wanted: Sequence[int]) -> list[int]:
    """Share ``room`` fairly: nobody gets more than is wanted, and what one does not want goes to the others."""
    given = [0] * len(wanted)
    open_ones = sorted((index for index, want in enumerate(wanted) if want > 0), key=lambda i: wanted[i])
    while open_ones:
        part = math.ceil(room / len(open_ones))
        index = open_ones.pop(0)
        given[index] = max(0, min(part, wanted[index], room))
        room -= given[index]
    return given


@dataclass(slots=True)
class _Kept:
    """What is known of a campaign for a while."""

    filler: Filler
    clock: Clock | None
    until: float
    files: Mapping[int | None, _Ids]
    """By variant, if it has any."""


class Feeder:
    """Of one number, which may send ``rate`` messages a second at the moment."""

    def __init__(self, runtime: Runtime, channel_id: int, rate: Callable[[], float]) -> None:
        self._runtime = runtime
        self._channel_id = channel_id
        self._duty = Duty(runtime, f"feeder:{channel_id}")
        self._rate = rate
        self._wake = asyncio.Event()
        self._allowances: dict[int, Allowance] = {}
        self._kept: dict[int, _Kept] = {}
        self._people: limits_of_meta.Room | None = None
        self._people_until = 0.0
        self._fed_since = 0

    def wake(self) -> None:
        self._wake.set()

    async def run(self) -> None:
        """Feed until cancelled."""
        try:
            while True:
                self._wake.clear()
                try:
                    pause = await self._round() if await self._leads() else _IDLE_SECONDS
                except Exception:
                    log.exception("feeding.failed", channel=self._channel_id)
                    pause = _IDLE_SECONDS
                if pause >= _IDLE_SECONDS:
                    await wait(self._wake, pause)
                else:
                    await asyncio.sleep(pause)
        finally:
            with contextlib.suppress(Exception):
                await self._duty.give_back()

    async def _leads(self) -> bool:
        if self._duty.is_wanted:
            await self._duty.give_back()
        return await self._duty.is_ours()

    async def _round(self) -> float:
        """Queue what is missing; how long to rest."""
        async with self._runtime.db.read() as session:
            connection = await session.connection()
            campaigns = await connection.run_sync(feeding.running, self._channel_id)
            ahead = await connection.run_sync(feeding.ahead, self._channel_id) if campaigns else 0
        self._forget(campaigns)
        if not campaigns:
            return _IDLE_SECONDS
        room = min(MOST_AHEAD, max(1, round(self._rate() * AHEAD_SECONDS))) - ahead
        people = await self._people_left(campaigns)
        room = room if people is None else min(room, people)
        if room < 1:
            return _ROUND_SECONDS
        wanted = [min(self._allowances[each.id].available(), AT_ONCE) for each in campaigns]
        parts = zip(campaigns, shares(room, wanted), strict=True)
        fed = [await self._feed(each, part) for each, part in parts if part]
        self._fed_since += sum(fed)
        if not any(fed):
            return _ROUND_SECONDS if self._limited() else _IDLE_SECONDS
        # The sender, which may be another process's.
        self._runtime.hub.publish(frozenset({f"outbox:{self._channel_id}"}))
        # There is still room: go on at once, but let others have the loop.
        return 0.0 if room - sum(fed) >= AT_ONCE else _ROUND_SECONDS

    def _limited(self) -> bool:
        return any(allowance.rate for allowance in self._allowances.values())

    def _forget(self, campaigns: list[Running]) -> None:
        still = {each.id for each in campaigns}
        self._allowances = {each: known for each, known in self._allowances.items() if each in still}
        self._kept = {each: known for each, known in self._kept.items() if each in still}
        for each in campaigns:
            allowance = self._allowances.get(each.id)
            if allowance is None or allowance.rate != each.rate:
                self._allowances[each.id] = Allowance(each.rate)

    # --- Meta's tier

    async def _people_left(self, campaigns: list[Running]) -> int | None:
        """How many more people may be written to; at the end of the tier the campaigns wait for the next day."""
        now = time.monotonic()
        known = self._people
        is_old = known is None or now >= self._people_until
        if known is None or is_old or (known.left is not None and known.left <= self._fed_since):
            async with self._runtime.db.read() as session:
                connection = await session.connection()
                known = self._people = await connection.run_sync(limits_of_meta.room, self._channel_id)
            self._people_until, self._fed_since = now + _KEPT_SECONDS, 0
        if known.left is None:
            return None
        if known.left <= 0:
            self._people = None
            await self._stop(
                *(Stop(each.id, Cause.TIER, f"{known.limit:,}", known.until) for each in campaigns)
            )
        return known.left - self._fed_since

    # --- one campaign

    async def _feed(self, running: Running, count: int) -> int:
        """Queue up to ``count`` of it; how many were queued."""
        async with self._runtime.db.read() as session:
            connection = await session.connection()
            people = await connection.run_sync(feeding.upcoming, running.id, count)
            # Whose template is not approved waits: the guard is about to pause the campaign.
            people = [each for each in people if each.variant_id is None or each.variant_id in running.fits]
            if not people:
                return 0
            portion = await self._portion(session, running, people)
        if portion is None:
            return 0
        fed: Fed = await self._runtime.writer.run(queueing.feed, portion)
        if not fed.is_leading:
            self._duty.lost()
            return 0
        self._allowances[running.id].take(fed.queued)
        if fed.is_full:
            await self._stop(Stop(running.id, Cause.PLAN))
        return fed.queued or len(portion.skipped) + len(portion.later)

    async def _portion(self, session: AsyncSession, running: Running, people: list[Next]) -> Portion | None:
        connection = await session.connection()
        skipped = {each.id: why for each in people if (why := feeding.refusal(each, running))}
        allowed = [each for each in people if each.id not in skipped]
        where = await connection.run_sync(
            feeding.addresses, [each.contact_id for each in allowed if each.contact_id]
        )
        skipped |= {each.id: "no_number" for each in allowed if not where.get(each.contact_id or 0)}
        kept = await self._known(session, running)
        if kept is None:
            return None
        now = utcnow()
        later = {
            each.id: at
            for each in allowed
            if kept.clock
            and each.id not in skipped
            and (at := kept.clock.after_quiet(now, where[each.contact_id or 0])) > now
        }
        allowed = [each for each in allowed if each.id not in skipped and each.id not in later]
        filled = await kept.filler.fill(session, allowed)
        ready: list[Ready] = []
        for each in allowed:
            found = filled[each.id]
            if isinstance(found, str):
                skipped[each.id] = found
                continue
            assert each.contact_id is not None
            header, cards = kept.files.get(each.variant_id, _NO_FILES)
            address = where[each.contact_id]
            ready.append(Ready(each.id, each.contact_id, address, found.body, found.content, header, cards))
        return Portion(running.id, self._channel_id, self._duty.bid, ready, skipped, later)

    async def _known(self, session: AsyncSession, running: Running) -> _Kept | None:
        """None when a file is gone: the campaign is stopped."""
        kept = self._kept.get(running.id)
        if kept is None or kept.until < time.monotonic():
            clock = None
            if running.quiet:
                campaign = (await session.exec(select(Campaign).where(Campaign.id == running.id))).one()
                clock = Clock(campaign, utcnow())
            files = await self._files(running) if running.files else {}
            if files is None:
                return None
            keys = {each: {place: file.key for place, file in of.items()} for each, of in files.items()}
            filler = await Filler.of(session, running.id, keys)
            ids: dict[int | None, _Ids] = {each: _ids(of) for each, of in files.items()}
            kept = self._kept[running.id] = _Kept(filler, clock, time.monotonic() + _KEPT_SECONDS, ids)
        return kept

    async def _files(self, running: Running) -> dict[int, dict[str, _File]] | None:
        """By variant and place the files of headers and cards, each made ready for this number once.

        None when one is gone: the campaign is stopped.
        """
        ready: dict[str, _File] = {}
        for place, key in [each for keys in running.files.values() for each in keys.items()]:
            try:
                ready[key] = ready.get(key) or await self._make_ready(key)
            except DomainError:
                number = template_files.number_of(place)
                cause = Cause.CARD_FILE if number else Cause.FILE
                await self._stop(Stop(running.id, cause, str(number) if number else ""))
                return None
        return {
            variant_id: {place: ready[key] for place, key in keys.items()}
            for variant_id, keys in running.files.items()
        }

    async def _make_ready(self, key: str) -> _File:
        async with self._runtime.db.write() as session:
            return await _media_of(session, key, self._channel_id)

    async def _stop(self, *stops: Stop) -> None:
        for each in stops:
            topics = await self._runtime.writer.run(stopping.stop, each)
            if topics:
                self._runtime.hub.publish(topics)


_Ids = tuple[int | None, Mapping[str, int]]
"""The file of a header, and those of cards by their places."""
_NO_FILES: _Ids = None, {}


class _File(NamedTuple):
    """A file as the number sends it; the thread shows it by its ``key``."""

    id: int
    key: str


def _ids(files: Mapping[str, _File]) -> _Ids:
    header = files.get(template_files.HEADER)
    cards = {place: file.id for place, file in files.items() if place != template_files.HEADER}
    return header.id if header else None, cards


async def _media_of(session: AsyncSession, key: str, channel_id: int) -> _File:
    """The file of the library as this number sends it: Meta need not get it again after a restart. Raises NotFound."""
    same_bytes = sa.and_(
        col(LibraryFile.path) == col(MediaFile.path), col(LibraryFile.size) == col(MediaFile.size)
    )
    known = (
        sa.select(col(MediaFile.id), col(MediaFile.key))
        .join(LibraryFile, same_bytes)
        .where(
            col(LibraryFile.key) == key,
            col(MediaFile.channel_id) == channel_id,
            col(MediaFile.state) == MediaState.STORED,
            sa.text("media_file.path <> ''"),
        )
        .order_by(col(MediaFile.id).desc())
        .limit(1)
    )
    connection = await session.connection()
    if found := (await connection.execute(known)).first():
        return _File(found.id, found.key)
    (made,) = await library.attach(session, Actor.system(), [key])
    file = (await session.exec(select(MediaFile).where(MediaFile.key == made))).one()
    file.channel_id = channel_id
    session.add(file)
    await session.flush()
    assert file.id is not None
    return _File(file.id, file.key)
