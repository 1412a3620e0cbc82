"""The durable first step: the bytes as they came."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from wapto_app.clock import utcnow
from wapto_app.models import EventState, WebhookEvent
from wapto_app.models.base import table_of
from wapto_app.services.identity import insert_ignore

webhook_event = table_of(WebhookEvent)


@dataclass(frozen=True, slots=True)
class RawEvent:
    """A webhook body whose signature was right."""

    body: bytes
    received_at: datetime = field(default_factory=utcnow)


def store(connection: sa.Connection, events: list[RawEvent]) -> Sequence[None]:
    """Writer operation: keep each body once, however often Meta delivers it."""
    connection.execute(
        insert_ignore(connection, webhook_event),
        [
            {
                "digest": hashlib.sha256(event.body).digest(),
                "body": event.body,
                "state": EventState.NEW,
                "error": "",
                "attempts": 0,
                "received_at": event.received_at,
            }
            for event in events
        ],
    )
    return [None] * len(events)
