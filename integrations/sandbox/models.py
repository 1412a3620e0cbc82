"""The records a sandbox keeps."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from .ids import digits

Json = dict[str, Any]


@dataclass(slots=True)
class Number:
    """A business phone number."""

    id: str
    display_phone_number: str
    verified_name: str
    quality_rating: str = "GREEN"
    code_verification_status: str = "VERIFIED"
    name_status: str = "APPROVED"
    status: str = "CONNECTED"
    platform_type: str = "CLOUD_API"
    throughput: str = "STANDARD"
    messaging_limit: str = "TIER_2K"
    pin: str | None = None
    code: str | None = None
    wrong_pins: int = 0
    webhook: Json | None = None
    profile: Json = field(default_factory=dict)
    automation: Json | None = None
    blocked: list[str] = field(default_factory=list)
    registrations: list[float] = field(default_factory=list)
    deregistrations: list[float] = field(default_factory=list)
    onboarded: int = 0

    @property
    def digits(self) -> str:
        """The number as webhooks show it."""
        return digits(self.display_phone_number)


@dataclass(slots=True)
class Customer:
    """Somebody with the phone in hand."""

    id: str
    name: str
    number: str
    wa_id: str
    user_id: str
    username: str | None = None
    hidden: bool = False
    """April-2026 rule: the number stays unknown to businesses, webhooks carry the BSUID only."""
    blocks_business: bool = False
    stopped_marketing: bool = False
    stranger: bool = False
    """Made by the business writing to a number nobody had added."""


@dataclass(slots=True)
class Message:
    """One message of a chat, in either direction."""

    wamid: str
    customer_id: str
    phone_number_id: str
    direction: str
    type: str
    body: Any
    timestamp: int
    status: str
    seq: int = 0
    to: str | None = None
    by_user_id: bool = False
    callback: str | None = None
    category: str | None = None
    free: bool = False
    context: Json | None = None
    rendered: Json | None = None
    business_reaction: str = ""
    customer_reaction: str = ""
    error: Json | None = None
    edited: bool = False
    revoked: bool = False


@dataclass(slots=True)
class Chat:
    """A customer's thread with one business number."""

    customer_id: str
    phone_number_id: str
    messages: deque[Message]
    unread: int = 0
    last_inbound_at: float | None = None

    def window_open(self, now: float) -> bool:
        """Whether the 24-hour customer service window lets free-form messages through."""
        return self.last_inbound_at is not None and self.last_inbound_at + 86_400 > now


@dataclass(slots=True)
class Media:
    """An uploaded or received file."""

    id: str
    phone_number_id: str
    mime_type: str
    sha256: str
    size: int
    created: float
    kept_days: int
    filename: str | None = None
    data: bytes = b""


@dataclass(slots=True)
class Upload:
    """A resumable upload session and, once finished, the handle and picture behind it."""

    id: str
    mime_type: str
    length: int
    filename: str
    received: bytearray = field(default_factory=bytearray)
    handle: str | None = None


@dataclass(slots=True)
class Template:
    """A message template in one language."""

    id: str
    name: str
    language: str
    category: str
    status: str
    components: list[Json]
    parameter_format: str = "POSITIONAL"
    rejected_reason: str = "NONE"
    previous_category: str | None = None
    quality: str = "UNKNOWN"
    message_send_ttl_seconds: int | None = None
    updated: float = 0.0
    edits: list[float] = field(default_factory=list)
    reviews: int = 0
    """How often it was submitted: an earlier review decides nothing any more."""
    pauses: int = 0
    paused_until: float = 0.0


@dataclass(slots=True)
class Flow:
    """A WhatsApp Flow."""

    id: str
    name: str
    categories: list[str]
    status: str = "DRAFT"
    flow_json: str | None = None
    endpoint_uri: str | None = None
    validation_errors: list[Json] = field(default_factory=list)


@dataclass(slots=True)
class Token:
    """An access token and what it may do."""

    value: str
    kind: str
    expires: float = 0.0


@dataclass(slots=True)
class Accepted:
    """One accepted send, for tests that must prove nothing went out twice."""

    wamid: str
    to: str
    type: str
    phone_number_id: str
    callback: str | None
    at: float
