"""The answer to STOP and START: the one message that may still leave after somebody opted out."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from wapto_app.clock import utcnow
from wapto_app.models import (
    AddressKind,
    ContactAddress,
    ContactEvent,
    ContactEventKind,
    Conversation,
    Direction,
    Message,
    MessageStatus,
)
from wapto_app.models.base import table_of
from wapto_app.services import plans
from wapto_app.services.previews import preview_of

PAUSE = timedelta(hours=24)
"""Two robots that answer each other must not go on for ever."""
_ORDER = (AddressKind.PHONE, AddressKind.WA_ID, AddressKind.BSUID)

contact_address = table_of(ContactAddress)
contact_event = table_of(ContactEvent)
conversation = table_of(Conversation)
message = table_of(Message)


def may_answer(connection: sa.Connection, contact_id: int, kind: ContactEventKind) -> bool:
    """Whether none went out for the same wish within the last day."""
    query = sa.select(contact_event.c.detail).where(
        contact_event.c.contact_id == contact_id,
        contact_event.c.kind == kind,
        contact_event.c.at > utcnow() - PAUSE,
    )
    return not any(detail.get("message_id") for (detail,) in connection.execute(query))


def confirmations(connection: sa.Connection, rows: Iterable[Any]) -> frozenset[int]:
    """Those of the messages that tell somebody who opted out that they did.

    Known by the event that they belong to, not by anything in the message: nobody can write one. Costs nothing as long
    as nobody of the batch opted out.
    """
    out = {row.contact_id: row.id for row in rows if row.opted_out_at is not None}
    if not out:
        return frozenset()
    query = sa.select(contact_event.c.detail).where(
        contact_event.c.contact_id.in_(list(out)), contact_event.c.kind == ContactEventKind.OPTED_OUT
    )
    known = {detail.get("message_id") for (detail,) in connection.execute(query)}
    return frozenset(row.id for row in rows if row.id in known)


def enqueue(
    connection: sa.Connection, contact_id: int, conversation_id: int, channel_id: int, text: str
) -> int:
    """Queue the answer; 0 when no address is known, or the plan's messages of this month are used up.

    It is no reply of anybody, and no figure but the plan's counts it.
    """
    to = _recipient(connection, contact_id)
    if not to or not plans.use_if_room(connection, plans.Limit.MESSAGES):
        return 0
    now, content = utcnow(), {"kind": "text"}
    values: dict[str, Any] = {
        "conversation_id": conversation_id,
        "channel_id": channel_id,
        "direction": Direction.OUTBOUND,
        "type": "text",
        "body": text,
        "content": content,
        "reply_to_wamid": "",
        "recipient": to,
        "status": MessageStatus.QUEUED,
        "at": now,
        "created_at": now,
        "attempt": 0,
        "refusals": 0,
        "error_detail": "",
    }
    inserted = connection.execute(message.insert().values(**values).returning(message.c.id))
    message_id = int(inserted.scalar_one())
    _show_in_list(connection, conversation_id, message_id, now, preview_of("text", text, content))
    return message_id


def _recipient(connection: sa.Connection, contact_id: int) -> str:
    """The same choice as in the outbox: the newest number, else the id that WhatsApp uses."""
    query = (
        sa.select(contact_address.c.kind, contact_address.c.value)
        .where(contact_address.c.contact_id == contact_id)
        .order_by(contact_address.c.id)
    )
    known = dict(connection.execute(query).tuples().all())
    kind = next((each for each in _ORDER if each in known), None)
    if kind is None:
        return ""
    return f"+{known[kind].lstrip('+')}" if kind is not AddressKind.BSUID else str(known[kind])


def _show_in_list(
    connection: sa.Connection, conversation_id: int, message_id: int, at: datetime, preview: str
) -> None:
    connection.execute(
        conversation.update()
        .where(conversation.c.id == conversation_id)
        .values(
            last_message_at=at,
            last_message_id=message_id,
            preview=preview,
            preview_type="text",
            preview_outbound=True,
            preview_status=MessageStatus.QUEUED.value,
        )
    )
