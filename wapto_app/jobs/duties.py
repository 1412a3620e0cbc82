"""Duties: what one process does alone, by a lease, shared between all processes of the install.

A number has one sender, for it is the number that Meta limits, and one feeder; one process follows the campaigns. With
several processes each gets a part: whoever has fewer duties bids first, and a process that joins later is seen, and
gets what evens things out from whoever has most.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterable

from wapto_app.log import get_logger
from wapto_app.runtime import Runtime
from wapto_app.services import leases

log = get_logger(__name__)

_RENEW_SECONDS = 3.0
_COURTESY_SECONDS = 0.2
"""For each part of a load that a process has already: one that has less bids first."""
_MOST_COURTESY_SECONDS = 1.0
_LOOK_SECONDS = 3.0
_REST_SECONDS = 5.0
"""How long a duty that was given up is left to the others."""
_KEEP_SECONDS = 300.0
"""How long one is kept that nobody took then: the other process may not have what it takes, such as the key."""
_PRESENT = "process"
_WEIGHTS = {"sender": 3, "feeder": 1, "campaigns": 1}
"""What they cost a processor while a campaign runs, measured (docs/performance.md)."""


class Duty:
    """One of them, as this process sees it. ``name`` is that of the lease: its kind, and what it is about."""

    def __init__(self, runtime: Runtime, name: str) -> None:
        self._runtime = runtime
        self.bid = leases.Bid(name, runtime.process_id)
        self._renewed_at = float("-inf")
        self._rests_until = float("-inf")
        self._keeps_until = float("-inf")

    async def is_ours(self) -> bool:
        """Take it or keep it, asking again after some seconds; False while another process has it or shall have it."""
        now = time.monotonic()
        if now - self._renewed_at < _RENEW_SECONDS:
            return True
        if now < self._rests_until:
            return False
        if not self._is_ours and self._runtime.redis is not None:  # else this process is the only one
            load = _load(self._runtime.leading)
            await asyncio.sleep(min(_COURTESY_SECONDS * load, _MOST_COURTESY_SECONDS))
        return await self.renew()

    async def renew(self) -> bool:
        """Take it or keep it, in any case now."""
        ours = await self._runtime.writer.run(leases.acquire, self.bid)
        if not ours:
            self._rests_until = float("-inf")
            self.lost()
            return False
        self._runtime.leading.add(self.bid.name)
        self._renewed_at = time.monotonic()
        if self._rests_until > float("-inf"):
            self._rests_until, self._keeps_until = float("-inf"), self._renewed_at + _KEEP_SECONDS
        return True

    @property
    def is_wanted(self) -> bool:
        """Whether another process, which has less to do, shall have it: finish what has begun, and give it back."""
        return self.bid.name == self._runtime.wanted_duty and time.monotonic() >= self._keeps_until

    @property
    def _is_ours(self) -> bool:
        return self._renewed_at > float("-inf")

    def lost(self) -> None:
        """The database says that it is another's."""
        self._runtime.leading.discard(self.bid.name)
        self._renewed_at = float("-inf")

    async def give_back(self) -> None:
        """Let another process have it at once; nothing of it may still be going on here."""
        if not self._is_ours:
            return
        if self.is_wanted:
            self._rests_until = time.monotonic() + _REST_SECONDS
            self._runtime.wanted_duty = ""
            log.info("duties.handed_over", duty=self.bid.name)
        self.lost()
        await self._runtime.writer.run(leases.release, self.bid)


async def share(runtime: Runtime) -> None:
    """Be seen by the other processes, and let them have their part, until cancelled."""
    presence = leases.Bid(f"{_PRESENT}:{runtime.process_id}", runtime.process_id)
    try:
        while True:
            try:
                await runtime.writer.run(leases.acquire, presence)
                async with runtime.db.engine.connect() as connection:
                    held = await connection.run_sync(leases.held)
                runtime.wanted_duty = to_give(runtime.process_id, held)
            except Exception:
                log.exception("duties.not_shared")
            await asyncio.sleep(_LOOK_SECONDS)
    finally:
        with contextlib.suppress(Exception):
            await runtime.writer.run(leases.release, presence)


def to_give(me: str, held: Iterable[leases.Bid]) -> str:
    """The duty that the process with the least to do shall have from this one; empty when that evens nothing out."""
    known = list(held)
    duties: dict[str, set[str]] = {bid.holder: set() for bid in known if _kind(bid.name) == _PRESENT}
    for bid in known:
        if bid.holder in duties and _kind(bid.name) in _WEIGHTS:
            duties[bid.holder].add(bid.name)
    if me not in duties:
        return ""
    more = _load(duties[me]) - min(map(_load, duties.values()))
    return max((name for name in sorted(duties[me]) if 2 * _load([name]) <= more), key=_weight, default="")


def _load(names: Iterable[str]) -> int:
    return sum(map(_weight, names))


def _weight(name: str) -> int:
    return _WEIGHTS[_kind(name)]


def _kind(name: str) -> str:
    return name.partition(":")[0]
