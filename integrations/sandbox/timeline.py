"""Things that happen a little later."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVarTuple, Unpack

Args = TypeVarTuple("Args")


class Timeline:
    """Counts pending timers so that tests can wait until nothing is under way."""

    def __init__(self) -> None:
        self.pending = 0
        self._era = 0

    def later(self, seconds: float, action: Callable[[Unpack[Args]], object], *args: *Args) -> None:
        """Run `action` after `seconds`, unless the sandbox was reset or stopped by then."""
        self.pending += 1
        asyncio.get_running_loop().call_later(seconds, self._run, self._era, action, args)

    def in_hours(self, seconds: float, action: Callable[[Unpack[Args]], object], *args: *Args) -> None:
        """The same for what nobody waits for."""
        asyncio.get_running_loop().call_later(seconds, self._run_uncounted, self._era, action, args)

    def clear(self) -> None:
        """Drop everything that was planned."""
        self._era += 1
        self.pending = 0

    def _run_uncounted(self, era: int, action: Callable[[Unpack[Args]], object], args: tuple[*Args]) -> None:
        if era == self._era:
            action(*args)

    def _run(self, era: int, action: Callable[[Unpack[Args]], object], args: tuple[*Args]) -> None:
        if era != self._era:
            return
        self.pending -= 1
        action(*args)
