"""What a stand-in is made of: its keys, where its webhooks go, and its pauses."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]

HOUR = 3600
DAY = 24 * HOUR


@dataclass(slots=True)
class StripeConfig:
    """Keys left empty are made up."""

    secret_key: str = field(default_factory=lambda: f"sk_test_{secrets.token_hex(16)}")
    webhook_secret: str = field(default_factory=lambda: f"whsec_{secrets.token_hex(16)}")
    webhook_url: str = ""
    """An endpoint that hears every event from the start; more are made over the API."""
    public_url: str = ""
    """Base of the links handed out; learnt from the first request when empty."""
    account_name: str = "Harbour Homes"
    country: str = "US"
    currency: str = "usd"

    draft_seconds: int = HOUR
    """Stripe: a renewal's invoice stays a draft for about an hour, then it is finalised and paid."""
    retry_days: tuple[int, ...] = (3, 5, 7)
    """Days between the tries to collect a renewal."""
    after_retries: str = "cancel"
    """What happens to the subscription after the last try: `cancel`, `unpaid` or `past_due`."""
    webhook_timeout_seconds: float = 10.0
    webhook_retry_seconds: tuple[float, ...] = (1, 5, 30, 120, 600, 3600)
    tick_seconds: float = 1.0
    """How often the passing of real time is noticed."""


class Clock:
    """Wall clock that only moves forward, and further when a test says so."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._frozen: float | None = None

    def now(self) -> int:
        """Seconds since 1970 as this stand-in sees them."""
        return int(self._frozen if self._frozen is not None else time.time() + self._offset)

    def freeze(self, at: float) -> None:
        """Stand at this moment while what is due then happens."""
        self._frozen = at

    def resume(self, at: float) -> None:
        """Go on from this moment."""
        self._frozen = None
        self._offset = at - time.time()
