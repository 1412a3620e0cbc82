"""Who has a conversation open and who writes in it, at this moment.

Kept in memory and nowhere else. What a tab says every few seconds travels as a topic of the live hub, and so reaches
the other processes by the same way as everything live; who is silent for ``EXPIRES`` seconds is gone.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import defaultdict
from dataclasses import dataclass

from wapto_app.live import LiveHub

EXPIRES = 10.0
TOPIC = "attention"
"""What tabs watch: somebody came, went, or began or stopped writing, somewhere."""
_SAID = "here"


@dataclass(frozen=True, slots=True)
class Here:
    """Somebody with the conversation open. ``until`` and ``writes_until`` are of the monotonic clock, in seconds."""

    until: float
    writes_until: float = 0.0


class Attention:
    """By conversation and account, so that two tabs of one person are one person."""

    def __init__(self, hub: LiveHub) -> None:
        self._hub = hub
        self._here: dict[int, dict[int, Here]] = defaultdict(dict)
        self._timer: asyncio.TimerHandle | None = None
        hub.listen(self._heard)

    def note(self, conversation_id: int, account_id: int, *, writing: bool) -> None:
        """This account looks at the conversation now."""
        self._hub.publish(frozenset({f"{_SAID}:{conversation_id}:{account_id}:{int(writing)}"}))

    def who(self, conversation_id: int) -> dict[int, bool]:
        """The accounts that have it open, and whether they write."""
        now = time.monotonic()
        here = self._here.get(conversation_id, {})
        return {of: one.writes_until > now for of, one in here.items() if one.until > now}

    def _heard(self, topics: frozenset[str]) -> None:
        is_news = [self._take(topic) for topic in topics if topic.startswith(f"{_SAID}:")]
        if any(is_news):
            self._hub.receive(frozenset({TOPIC}))

    def _take(self, topic: str) -> bool:
        """Whether anybody sees a difference."""
        conversation_id, account_id, writing = (int(part) for part in topic.split(":")[1:])
        before = self.who(conversation_id).get(account_id)
        now = time.monotonic()
        known = self._here[conversation_id].get(account_id)
        writes_until = now + EXPIRES if writing else known.writes_until if known else 0.0
        self._here[conversation_id][account_id] = Here(now + EXPIRES, writes_until)
        self._sweep_later()
        return before != self.who(conversation_id)[account_id]

    def _sweep_later(self) -> None:
        if self._timer is None:
            with contextlib.suppress(RuntimeError):  # no loop runs: nothing is shown either
                self._timer = asyncio.get_running_loop().call_later(EXPIRES / 4, self._sweep)

    def _sweep(self) -> None:
        """Forget who is gone, and say so; somebody who stopped writing is news as well."""
        self._timer, now, is_news = None, time.monotonic(), False
        for conversation_id, here in list(self._here.items()):
            for account_id, one in list(here.items()):
                if one.until <= now:
                    del here[account_id]
                    is_news = True
                elif 0 < one.writes_until <= now:
                    here[account_id] = Here(one.until)
                    is_news = True
            if not here:
                del self._here[conversation_id]
        if self._here:
            self._sweep_later()
        if is_news:
            self._hub.receive(frozenset({TOPIC}))
