"""How fast a number may send: a token bucket that obeys Meta's throughput and backs off when told to."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from datetime import timedelta

from wapto_app.services.campaigns.limits_of_meta import COEXISTENCE_RATE, HIGH_RATE, STANDARD_RATE, per_second

__all__ = [
    "COEXISTENCE_RATE",
    "HIGH_RATE",
    "STANDARD_RATE",
    "TokenBucket",
    "allowed_rate",
    "backoff",
    "pair_backoff",
]

_SHARE = 0.95
# Together with the share not more than Meta grants in any second.
_BURST_SECONDS = 0.05
_SLOWEST_SHARE = 0.05
_RECOVERY_SECONDS = 30.0


allowed_rate = per_second
"""Messages per second that Meta grants a number, by its health."""


class TokenBucket:
    """Additive increase, multiplicative decrease around Meta's limit."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = rate * _SHARE
        self._rate = self._limit
        self._clock = clock
        self._level = 0.0
        self._at = clock()
        self._pause = 0.0
        self._paused_until = 0.0

    @property
    def rate(self) -> float:
        """Messages per second at the moment."""
        self._advance()
        return self._rate

    def limit_to(self, rate: float) -> None:
        """Follow a changed grant of Meta."""
        self._limit = rate * _SHARE
        self._rate = min(self._rate, self._limit)

    def available(self) -> int:
        """How many messages may leave now."""
        self._advance()
        return int(self._level)

    def _advance(self) -> None:
        now = self._clock()
        passed, self._at = now - self._at, now
        if now < self._paused_until:
            self._level = 0.0
            return
        self._rate = min(self._limit, self._rate + self._limit * passed / _RECOVERY_SECONDS)
        self._level = min(self._level + passed * self._rate, max(1.0, self._rate * _BURST_SECONDS))

    def take(self, count: int) -> None:
        self._level -= count

    def slow_down(self, pause_seconds: float = 1.0) -> bool:
        """Meta said 130429: halve the rate and rest a moment. False while it rests already, at least as long."""
        now = self._clock()
        if now < self._paused_until and pause_seconds <= self._pause:
            return False
        self._rate = max(self._rate / 2, self._limit * _SLOWEST_SHARE)
        self._pause, self._paused_until = pause_seconds, now + pause_seconds
        return True


def backoff(attempt: int, *, cap_seconds: float = 300.0) -> timedelta:
    """Wait before the next try: 1, 2, 4 … seconds with full jitter. ``attempt`` counts from 1."""
    longest = min(cap_seconds, 2.0 ** min(attempt, 16))
    return timedelta(seconds=random.uniform(longest / 2, longest))


def pair_backoff(attempt: int) -> timedelta:
    """Meta, 131056: too many messages to one customer; retry after 4^n seconds."""
    return timedelta(seconds=min(4.0 ** min(attempt, 4), 256.0))
