"""The durable first step: the bytes as they came."""

from __future__ import annotations

import hashlib
import re
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
# Seconds, of ten digits until the year 2286; the largest such number needs more than 32 bits.
_TIME = re.compile(rb'"time(?:stamp)?" ?: ?"?([123][0-9]{9})(?![0-9])')


@dataclass(slots=True)
class RawEvent:
    """A webhook body whose signature was right."""

    body: bytes
    received_at: datetime = field(default_factory=utcnow)


def digest_of(body: bytes) -> bytes:
    """What tells bodies apart: the first time that is named in it, then SHA-256 as far as there is room, 32 bytes.

    The time puts what comes together side by side in the index. Else each webhook would write to a page of its own.
    """
    said = _TIME.search(body)
    return int(said[1] if said else 0).to_bytes(4, "big") + hashlib.sha256(body).digest()[:28]


def store(connection: sa.Connection, events: list[RawEvent]) -> Sequence[None]:
    """Writer operation: keep each body once, however often Meta delivers it."""
    _KEEP_ONCE.run(
        connection,
        [
            {
                "digest": digest_of(event.body),
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
