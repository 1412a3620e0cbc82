"""What the appliers of one batch share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from integrations.whatsapp.webhooks import Event, WebhookItem


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

    def channel_of(self, phone_number_id: str) -> int:
        """Raises UnknownNumber."""
        try:
            return self.channels[phone_number_id]
        except KeyError:
            raise UnknownNumber(phone_number_id) from None

    def touch_conversation(self, conversation_id: int) -> None:
        self.topics |= {"inbox", f"conversation:{conversation_id}"}
