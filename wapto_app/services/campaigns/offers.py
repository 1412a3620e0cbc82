"""When a limited-time offer ends: one moment for everybody, or a date out of a field or a file."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

from wapto_app.clock import utcnow

_UTC = ZoneInfo("UTC")
_LAST = time(23, 59)
"""An offer until a day holds that whole day."""


def moment(text: str, zone: ZoneInfo) -> datetime | None:
    """What a text says: ISO 8601 with its offset, or a wall clock of ``zone``, or a day. None for anything else."""
    text = text.strip()
    try:
        if len(text) == len("2026-05-03"):
            return datetime.combine(date.fromisoformat(text), _LAST, zone).astimezone(UTC)
        found = datetime.fromisoformat(text)
        return found.replace(tzinfo=found.tzinfo or zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def said(text: str, zone: ZoneInfo) -> str:
    """The same as a template takes it; what is no moment stays as it is, and is refused there."""
    found = moment(text, zone) if text else None
    return found.isoformat() if found is not None else text


def is_moment(text: str) -> bool:
    """Whether it is one of those that ``said`` makes, or can be read as one."""
    return moment(text, _UTC) is not None


def is_over(text: str) -> bool:
    """Whether a moment that ``said`` made has passed."""
    found = moment(text, _UTC)
    return found is not None and found <= utcnow()
