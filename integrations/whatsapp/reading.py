"""Tolerant readers for JSON from Meta: any key may be missing, null, or of another type than documented."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

JsonObject = dict[str, Any]

MAX_INTEGER_BITS = 63
"""Size of a whole number that every database takes."""

_EARLIEST_MILLISECONDS = 100_000_000_000


def as_object(value: Any) -> JsonObject:
    """Return the value when it is an object, otherwise an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return a list as it is, nothing as empty, and anything else as a list of one."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]


def as_text(value: Any) -> str | None:
    """Return text, or a number as text: Meta sends ids in both forms. Empty text counts as missing."""
    if isinstance(value, str):
        return value or None
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def as_int(value: Any) -> int | None:
    """Return a whole number of up to 63 bits, also from text or a float without a fraction."""
    if isinstance(value, bool):
        return None
    if not isinstance(value, int):
        number = as_float(value)
        if number is None or not number.is_integer():
            return None
        value = int(number)
    return value if value.bit_length() <= MAX_INTEGER_BITS else None


def as_float(value: Any) -> float | None:
    """Return a finite number, also from text."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def as_bool(value: Any) -> bool | None:
    """Return a truth value, also from the words `true` and `false`."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower())
    return None


def as_time(value: Any) -> datetime | None:
    """Return an aware UTC time from unix seconds (number or text), unix milliseconds, or ISO 8601."""
    if value is None:
        return None
    seconds = as_float(value)
    if seconds is None:
        return _iso_time(value)
    if seconds >= _EARLIEST_MILLISECONDS:
        seconds /= 1000
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _iso_time(value: Any) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        moment = datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def objects(value: Any) -> Iterator[JsonObject]:
    """Yield the objects of a list and skip everything else in it."""
    return (item for item in as_list(value) if isinstance(item, dict))


def texts(value: Any) -> tuple[str, ...]:
    """Return the texts of a list (numbers as text) and skip everything else in it."""
    return tuple(text for text in map(as_text, as_list(value)) if text is not None)
