"""One line that stands for a message in lists and notifications."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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


def preview_of(message_type: str, body: str, content: Mapping[str, Any]) -> str:
    """The text itself, or what kind of thing was sent."""
    kind = str(content.get("kind") or "")
    if kind == "revoked":
        return _WORDS["revoked"]
    text = " ".join(body.split())
    if kind == "media":
        word = "🎤 Voice message" if content.get("voice") else _WORDS.get(message_type, "File")
        text = f"{word} · {text}" if text else word
    if kind == "location" and text:
        text = f"📍 {text}"
    return (text or _WORDS.get(message_type) or _WORDS.get(kind, "Message"))[:PREVIEW_MAX]
