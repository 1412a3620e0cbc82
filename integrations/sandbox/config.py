"""What a sandbox is made of: ids, secrets, delays and limits."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path

from .persistence import read_settings


@dataclass(slots=True)
class SandboxConfig:
    """Everything one sandbox needs; secrets left empty are taken from `data` or made up.

    Ids are fixed so that a connected workspace stays connected over restarts.
    """

    token: str = ""
    app_secret: str = ""
    verify_token: str = ""

    app_id: str = "1029384756102938"
    app_name: str = "Wapto Sandbox"
    business_id: str = "506914307656634"
    waba_id: str = "102290129340398"
    waba_name: str = "Harbour Homes"
    phone_number_id: str = "106540352242922"
    display_phone_number: str = "+1 650-555-0100"
    verified_name: str = "Harbour Homes"
    second_phone_number_id: str = "106540352242923"
    second_display_phone_number: str = "+1 650-555-0111"
    second_verified_name: str = "Harbour Homes Rentals"

    webhook_url: str | None = None
    """Where the app-level subscription points from the start, without Meta's handshake."""
    subscribed: bool = False
    """Whether the WABA already has our app subscribed; otherwise `POST /{WABA}/subscribed_apps` must."""
    public_url: str | None = None
    """Base of links handed to the business; learnt from the first request when unset."""
    data: Path | None = None
    """SQLite file that survives restarts; memory only when unset."""
    seed_customers: bool = True
    seed_templates: bool = True

    allowed_recipients: frozenset[str] | None = None
    """Digits of the only numbers a test number may write to (131030 for the rest)."""
    enforce_window: bool = True
    auto_read: bool = False
    throughput_per_second: float = 0
    """Messages a second and number before 130429; 0 leaves it open."""
    unknown_suffix: str = "999999"
    """Numbers with this ending are not on WhatsApp (131026)."""

    sent_delay_ms: int = 40
    delivered_delay_ms: int = 160
    read_delay_ms: int = 400
    template_review_seconds: float = 4.0
    template_pause_seconds: tuple[float, float] = (3 * 3600.0, 6 * 3600.0)
    """How long the first and the second pause for low quality last; the third time the template is disabled."""
    fetch_links: bool = True

    webhook_batch: int = 100
    webhook_concurrency: int = 4
    webhook_gather_ms: int = 20
    """Under load, how long updates gather before the next POST."""
    webhook_timeout_seconds: float = 5.0
    webhook_retry_base_seconds: float = 1.0
    webhook_retry_for_seconds: float = 7 * 24 * 3600.0

    kept_strangers: int = 200
    """Unknown numbers that become a customer on the phone page; later ones only get statuses."""
    kept_messages: int = 500
    """Messages kept per chat."""
    hang_seconds: float = 120.0
    """How long an injected time-out holds the connection open."""

    generated: frozenset[str] = field(init=False, default=frozenset(), repr=False)

    def __post_init__(self) -> None:
        stored = read_settings(self.data) if self.data else {}
        made_up = {"token": f"EAA{secrets.token_hex(24)}"}
        made_up["app_secret"] = secrets.token_hex(16)
        made_up["verify_token"] = secrets.token_urlsafe(12)
        self.generated = frozenset(name for name in made_up if not getattr(self, name))
        for name in self.generated:
            setattr(self, name, stored.get(name) or made_up[name])


class Clock:
    """Wall clock that tests may move."""

    __slots__ = ("offset",)

    def __init__(self) -> None:
        self.offset = 0.0

    def now(self) -> float:
        """Seconds since 1970 as this sandbox sees them."""
        return time.time() + self.offset
