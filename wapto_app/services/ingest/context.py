"""What the appliers of one batch share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import sqlalchemy as sa

from integrations.whatsapp.webhooks import Event, HistoryMessage, InboundMessage, MessageEcho, WebhookItem
from wapto_app.models import MessageStatus
from wapto_app.services.person import Person

# Younger than this, a message came live and is ordered by arrival; Meta's clock counts whole seconds only.
_LIVE = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Item:
    """A parsed element and when its webhook arrived."""

    source: WebhookItem
    received_at: datetime

    @property
    def event(self) -> Event:
        return self.source.event

    @property
    def number(self) -> str:
        """Meta's id of our number; empty for what concerns an account or a template."""
        return self.source.phone_number_id or ""

    @property
    def said_at(self) -> datetime:
        """When Meta made an event that carries no time of its own."""
        return self.source.entry_time or self.received_at


@dataclass(slots=True)
class Arrival:
    """A message on its way into a conversation."""

    parsed: InboundMessage | MessageEcho | HistoryMessage
    received_at: datetime
    channel_id: int
    person: Person
    outbound: bool = False
    counts: bool = True
    """Whether it opens the customer service window and counts as unread (history and echoes do not)."""
    status: MessageStatus = MessageStatus.RECEIVED
    conversation_id: int = 0
    media_id: int | None = None
    id: int = 0

    @property
    def at(self) -> datetime:
        """Its place in the thread."""
        late = self.received_at - self.parsed.timestamp
        is_live = timedelta(0) <= late < _LIVE
        return self.received_at if is_live else self.written_at

    @property
    def written_at(self) -> datetime:
        """Meta's time, but never later than now: a clock that is ahead must not keep the window open longer."""
        return min(self.parsed.timestamp, self.received_at)

    @property
    def kind(self) -> str:
        return str(self.parsed.content["kind"])


class UnknownNumber(Exception):
    """Meta reports about a number that was never connected here; connect it and replay."""

    def __init__(self, phone_number_id: str) -> None:
        super().__init__(f"No connected number has the phone number id {phone_number_id or '(none)'}.")


@dataclass(slots=True)
class Batch:
    """``channels`` maps Meta's phone number ids to ours."""

    connection: sa.Connection
    channels: dict[str, int]
    topics: set[str] = field(default_factory=set)
    unattended: set[int] = field(default_factory=set)
    """Conversations that were resolved, or that a team has and nobody of it holds."""
    aside: set[int] = field(default_factory=set)
    """Conversations that were snoozed or pending."""

    def channel_of(self, phone_number_id: str) -> int:
        """Raises UnknownNumber."""
        try:
            return self.channels[phone_number_id]
        except KeyError:
            raise UnknownNumber(phone_number_id) from None

    def touch_conversation(self, conversation_id: int) -> None:
        self.topics |= {"inbox", f"conversation:{conversation_id}"}
