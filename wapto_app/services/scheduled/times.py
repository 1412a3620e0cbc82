"""When something that was planned is due, in the planner's time zone, clock changes included."""

from __future__ import annotations

import zoneinfo
from datetime import UTC, datetime, timedelta

from wapto_app.services.errors import Invalid

FARTHEST = timedelta(days=366)


def due_at(text: str, time_zone: str, now: datetime) -> datetime:
    """A time in UTC. ``text`` is ISO 8601; without an offset it is what the clock on a wall of the zone shows.

    A time that the clock skips in spring is moved on by as much as it skips; of one that comes twice in autumn the
    first is meant.

    Raises:
        Invalid: it is no time, in the past, or more than a year away.
    """
    try:
        wanted = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("due_at", "Choose a date and a time.") from None
    try:
        at = (wanted if wanted.tzinfo else wanted.replace(tzinfo=_zone(time_zone), fold=0)).astimezone(UTC)
    except OverflowError:
        raise Invalid("due_at", "Choose a date and a time.") from None
    at = at.replace(second=0, microsecond=0)
    if at <= now:
        raise Invalid("due_at", "Choose a time that is still to come.")
    if at > now + FARTHEST:
        raise Invalid("due_at", "Choose a time within the next year.")
    return at


def _zone(name: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError):
        return zoneinfo.ZoneInfo("UTC")
