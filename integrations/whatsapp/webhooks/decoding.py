"""From the bytes of a webhook to a JSON object that any database can store.

PostgreSQL refuses NUL characters in text and lone surrogates, and no JSON library likes a thousand levels;
people can put all of them into a message. Cleaning here means that nobody behind has to think of it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

import orjson

from ..errors import InvalidPayload
from ..reading import MAX_INTEGER_BITS, JsonObject

MAX_DEPTH = 100
"""Levels that are kept in a body that needs cleaning; deeper values become null."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def decode(body: bytes | Mapping[str, Any]) -> JsonObject:
    """Return the JSON object of a webhook body, clean enough for PostgreSQL.

    Raises:
        InvalidPayload: The body is not JSON, or not an object.
    """
    document = _loads(body) if isinstance(body, bytes | bytearray | memoryview) else body
    if not isinstance(document, Mapping):
        raise InvalidPayload("the body is not a JSON object")
    if isinstance(document, dict) and _is_storable(document):
        return document
    cleaned: JsonObject = _clean(document, MAX_DEPTH)
    return cleaned


def clean_text(text: str) -> str:
    """Remove NUL characters and replace lone surrogates by the replacement character."""
    return _UNSTORABLE.sub(lambda found: "" if found.group() == "\x00" else "\ufffd", text)


def _loads(body: bytes | bytearray | memoryview) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _loads_leniently(bytes(body))


def _loads_leniently(body: bytes) -> Any:
    # orjson refuses lone surrogates, broken UTF-8 and huge numbers, which the standard library reads.
    text = body.decode("utf-8-sig", "replace")
    try:
        return _clean(json.loads(text, strict=False), MAX_DEPTH)
    except (ValueError, RecursionError) as exc:
        raise InvalidPayload(f"the body is not JSON ({type(exc).__name__})") from None


def _is_storable(document: JsonObject) -> bool:
    # One dump in C is far cheaper than a walk in Python. It refuses lone surrogates and deep nesting.
    try:
        return b"\\u0000" not in orjson.dumps(document)
    except (TypeError, RecursionError):
        return False


def _clean(value: Any, depth: int) -> Any:
    if isinstance(value, str):
        return clean_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int) and value.bit_length() > MAX_INTEGER_BITS:
        return None
    if value is None or isinstance(value, int):
        return value
    if depth == 0:
        return None
    if isinstance(value, Mapping):
        return {clean_text(str(key)): _clean(item, depth - 1) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clean(item, depth - 1) for item in value]
    return None
