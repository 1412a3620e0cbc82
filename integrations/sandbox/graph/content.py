"""Shape rules of the plain message types."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..errors import GraphError, bad_value, invalid, missing
from ..models import Json

MEDIA_KINDS = ("image", "video", "audio", "document", "sticker")
SENDABLE = frozenset(
    {"text", "location", "contacts", "reaction", "interactive", "template", *MEDIA_KINDS},
)
_FILES = frozenset({*MEDIA_KINDS, "gif"})
_CAPTIONED = ("image", "video", "document")


def check_content(kind: str, content: Any) -> None:
    """Refuse what Meta refuses, with Meta's codes."""
    if kind == "contacts":
        _contacts(content)
        return
    if not isinstance(content, dict):
        raise invalid(f"Param {kind} must be a JSON object.")
    if kind in MEDIA_KINDS:
        check_media(kind, content, kind)
    elif kind == "text":
        text(content, "body", 4096, "text['body']")
    elif kind == "location":
        check_location(content)
    else:
        _reaction(content)


def text(content: Json, key: str, limit: int, path: str, *, code: int = 100) -> str:
    """A text that must be there and not be longer than allowed."""
    value = content.get(key)
    if value is None or value == "":
        raise missing(path)
    if not isinstance(value, str):
        raise invalid(f"Param {path} must be a string.")
    if len(value) <= limit:
        return value
    if code == 131009:
        raise bad_value(f"{path} length invalid. Min length: 1, Max length: {limit}")
    raise invalid(f"Param {path} must be at most {limit} characters long.")


def optional_text(content: Json, key: str, limit: int, path: str, *, code: int = 100) -> None:
    """A text that may be missing."""
    if content.get(key) is not None:
        text(content, key, limit, path, code=code)


def check_media(kind: str, content: Json, path: str) -> None:
    """Exactly one of id and link, and captions where they exist."""
    has_id, has_link = bool(content.get("id")), bool(content.get("link"))
    if not has_id and not has_link:
        raise missing(f"{path}['id'] or {path}['link']")
    if has_id and has_link:
        raise invalid(f"Param {path} must have either id or link, not both.")
    if has_link and not str(content["link"]).lower().startswith(("https://", "http://")):
        raise bad_value(f"Param {path}['link'] is not a valid URI.")
    if "caption" in content and kind not in _CAPTIONED:
        raise invalid(f"Unexpected key 'caption' on param '{path}'.")
    optional_text(content, "caption", 1024, f"{path}['caption']")
    if "filename" in content and kind != "document":
        raise invalid(f"Unexpected key 'filename' on param '{path}'.")


def check_location(content: Json) -> None:
    """Latitude and longitude, as numbers or numeric strings."""
    for name, limit in (("latitude", 90), ("longitude", 180)):
        value = content.get(name)
        if value is None or value == "":
            raise missing(f"location['{name}']")
        try:
            degrees = float(value)
        except (TypeError, ValueError):
            raise bad_value(f"location['{name}'] must be a number.") from None
        if not -limit <= degrees <= limit:
            raise bad_value(f"location['{name}'] must lie between -{limit} and {limit}.")


def _reaction(content: Json) -> None:
    if not content.get("message_id"):
        raise missing("reaction['message_id']")
    emoji = content.get("emoji")
    if emoji is None:
        raise missing("reaction['emoji']")
    if not isinstance(emoji, str) or len(emoji) > 12 or (emoji.isascii() and emoji != ""):
        raise bad_value("reaction['emoji'] must be a single emoji or an empty string.")


def _contacts(content: Any) -> None:
    if not isinstance(content, list) or not content:
        raise invalid("Param contacts must be a non-empty array.")
    if len(content) > 257:
        raise invalid("Param contacts must have at most 257 elements.")
    for index, card in enumerate(content):
        _card(card, f"contacts[{index}]")


def _card(card: Any, path: str) -> None:
    name = card.get("name") if isinstance(card, dict) else None
    if not isinstance(name, dict):
        raise missing(f"{path}['name']")
    if not name.get("formatted_name"):
        raise missing(f"{path}['name']['formatted_name']")
    parts = ("first_name", "last_name", "middle_name", "prefix", "suffix")
    if not any(name.get(part) for part in parts):
        raise GraphError(131009, f"{path}['name'] needs at least one of {', '.join(parts)}.")


def media_ids(content: Any) -> list[str]:
    """Ids of all uploaded files that a message uses."""
    return [str(media["id"]) for media in _media_objects(content) if media.get("id")]


def media_links(content: Any) -> list[str]:
    """Links that Meta would fetch for a message."""
    return [str(media["link"]) for media in _media_objects(content) if media.get("link")]


def _media_objects(content: Any) -> Iterator[Json]:
    # On the hot path of campaigns: look only where files can be.
    if not isinstance(content, dict):
        return
    if "id" in content or "link" in content:
        yield content
    kind = content.get("type")
    if kind in _FILES and isinstance(content.get(kind), dict):
        yield content[kind]
    for key in ("header", "action"):
        if key in content:
            yield from _media_objects(content[key])
    for key in ("components", "parameters", "cards"):
        parts = content.get(key)
        if isinstance(parts, list):
            for part in parts:
                yield from _media_objects(part)
