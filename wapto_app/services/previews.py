"""One line that stands for a message in lists and notifications."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from wapto_app.bulk import among
from wapto_app.models import Conversation, Message
from wapto_app.models.base import table_of

message = table_of(Message)
conversation = table_of(Conversation)

PREVIEW_MAX = 160
_WORDS = {
    "image": "📷 Photo",
    "video": "🎥 Video",
    "audio": "🎵 Audio",
    "document": "📄 Document",
    "sticker": "Sticker",
    "location": "📍 Location",
    "contacts": "👤 Contact",
    "order": "🛒 Order",
    "interactive": "Interactive message",
    "template": "Template",
    "revoked": "This message was deleted",
    "unsupported": "Unsupported message",
    "system": "Contact changed",
}

# WhatsApp's marks for bold, italic, strike and code; nested ones stand at most three deep.
_MARKS = re.compile(r"(?<!\w)([*_~`])(?=\S)([^\n]*?\S)\1(?!\w)")


def _plain(text: str) -> str:
    for _depth in range(3):
        text = _MARKS.sub(r"\2", text)
    return text


def preview_of(message_type: str, body: str, content: Mapping[str, Any]) -> str:
    """The text itself, or what kind of thing was sent."""
    kind = str(content.get("kind") or "")
    if kind == "revoked":
        return _WORDS["revoked"]
    text = " ".join(_plain(body[: 4 * PREVIEW_MAX]).split())
    if kind == "media":
        text = text or str(content.get("filename") or "")
        word = "🎤 Voice message" if content.get("voice") else _WORDS.get(message_type, "File")
        text = f"{word} · {text}" if text else word
    if kind == "location" and text:
        text = f"📍 {text}"
    return (text or _WORDS.get(message_type) or _WORDS.get(kind, "Message"))[:PREVIEW_MAX]


def show_ticks(connection: sa.Connection, conversation_ids: Iterable[int]) -> None:
    """Let the tick in the conversation list follow the status of the newest message."""
    of = set(conversation_ids)
    if of:
        connection.execute(_show_ticks(connection.dialect.name), {"of": of})


@functools.cache
def _show_ticks(dialect: str) -> sa.Update:
    status = (
        sa.select(sa.type_coerce(message.c.status, sa.String))
        .where(message.c.id == conversation.c.last_message_id)
        .correlate(conversation)
        .scalar_subquery()
    )
    return (
        conversation.update()
        .where(
            among(dialect, conversation.c.id, "of"),
            conversation.c.preview_outbound,
            conversation.c.preview_status != status,
        )
        .values(preview_status=status)
    )
