"""Files of inbound messages: noted at once, fetched by ``jobs.media``."""

from __future__ import annotations

import secrets
from typing import Any

import sqlalchemy as sa

from integrations.whatsapp.webhooks import HistoryMessage
from wapto_app.clock import utcnow
from wapto_app.models import Conversation, MediaFile, MediaState, Message
from wapto_app.models.base import table_of
from wapto_app.services.ingest.context import Arrival, Batch
from wapto_app.services.media.files import clean_name
from wapto_app.services.previews import preview_of

media_file = table_of(MediaFile)
message = table_of(Message)
conversation = table_of(Conversation)


def register_files(batch: Batch, arrivals: list[Arrival]) -> None:
    """Give every message with a file its ``media_file`` row."""
    with_files = [arrival for arrival in arrivals if arrival.kind == "media"]
    if not with_files:
        return
    rows = [_row(arrival) for arrival in with_files]
    inserted = batch.connection.execute(
        media_file.insert().returning(media_file.c.key, media_file.c.id), rows
    )
    ids: dict[str, int] = dict(inserted.tuples().all())
    for arrival, row in zip(with_files, rows, strict=True):
        arrival.media_id = ids[row["key"]]
    batch.topics.add("media")


def bring_late_files(batch: Batch, arrivals: list[Arrival]) -> None:
    """History names a file first, as a placeholder, and brings it later under the same id (Meta: coexistence)."""
    late = {
        arrival.parsed.wamid: arrival
        for arrival in arrivals
        if isinstance(arrival.parsed, HistoryMessage) and arrival.kind == "media"
    }
    placeholders = sa.select(message.c.id, message.c.wamid, message.c.conversation_id).where(
        message.c.wamid.in_(late), message.c.type == "unsupported"
    )
    for row in batch.connection.execute(placeholders).all() if late else ():
        _fill(batch, row, late[row.wamid])


def _fill(batch: Batch, row: Any, arrival: Arrival) -> None:
    register_files(batch, [arrival])
    parsed = arrival.parsed
    content = dict[str, Any](parsed.content)
    batch.connection.execute(
        message.update()
        .where(message.c.id == row.id)
        .values(type=parsed.type[:32], body=parsed.text, content=content, media_id=arrival.media_id)
    )
    batch.connection.execute(
        conversation.update()
        .where(conversation.c.id == row.conversation_id, conversation.c.last_message_id == row.id)
        .values(preview=preview_of(parsed.type, parsed.text, content), preview_type=parsed.type[:32])
    )
    batch.touch_conversation(row.conversation_id)


def _row(arrival: Arrival) -> dict[str, Any]:
    content: dict[str, Any] = dict(arrival.parsed.content)
    meta_id = str(content.get("id") or "")
    return {
        "key": secrets.token_hex(16),
        "channel_id": arrival.channel_id,
        "meta_id": meta_id[:64],
        "state": MediaState.PENDING if meta_id else MediaState.FAILED,
        "mime_type": str(content.get("mime_type") or "").split(";")[0].strip()[:127],
        "filename": clean_name(str(content.get("filename") or ""), otherwise=""),
        "size": 0,
        "sha256": "",
        "path": "",
        "attempt": 0,
        "refusals": 0,
        "error": "" if meta_id else "WhatsApp could not hand over this file.",
        "created_at": utcnow(),
    }
