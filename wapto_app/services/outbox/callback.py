"""The note that goes with every message to Meta and comes back in its status webhooks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

_FORM = re.compile(r"m(\d{1,18})\.(\d{1,9})\.([0-9a-f]{8})")


@dataclass(frozen=True, slots=True)
class Callback:
    """Which message and which try a status is about, even when the answer to the request was lost.

    ``stamp`` tells our message from one with the same id: of another install on the same account, or from before a
    backup was restored.
    """

    message_id: int
    attempt: int
    stamp: str

    def __str__(self) -> str:
        return f"m{self.message_id}.{self.attempt}.{self.stamp}"

    @staticmethod
    def stamp_of(created_at: datetime) -> str:
        return f"{int(created_at.timestamp() * 1_000_000) & 0xFFFFFFFF:08x}"


def read_callback(text: str) -> Callback | None:
    """None for what somebody else wrote."""
    found = _FORM.fullmatch(text)
    return Callback(int(found[1]), int(found[2]), found[3]) if found else None
