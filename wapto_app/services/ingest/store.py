"""The durable first step: the bytes as they came."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import sqlalchemy as sa

from wapto_app.bulk import Bulk
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
    _KEEP_ONCE.run(
        connection,
        [
            {
                "digest": hashlib.sha256(event.body).digest(),
                "body": event.body,
                "received_at": event.received_at,
            }
            for event in events
        ],
    )
    return [None] * len(events)


def _keep_once(dialect: str) -> sa.Insert:
    column = webhook_event.c
    return insert_ignore(dialect, webhook_event).values(
        digest=sa.bindparam("digest", type_=column.digest.type),
        body=sa.bindparam("body", type_=column.body.type),
        received_at=sa.bindparam("received_at", type_=column.received_at.type),
        state=sa.literal_column(f"'{EventState.NEW.value}'"),
        error=sa.literal_column("''"),
        attempts=sa.literal_column("0"),
    )


_KEEP_ONCE = Bulk(_keep_once)
