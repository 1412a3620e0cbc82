"""Time arithmetic of plans: when a period ends, what is left of it, when a month began.

Periods are counted on the wall clock of the subscription's time zone: paid at 10:00 on the 31st, the next one begins
at 10:00 on the last day of the next month, whatever the clocks did in between.
"""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, time
from datetime import tzinfo as TimeZone  # noqa: N812
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from wapto_app.clock import utcnow
from wapto_app.models import Cycle

MONTHS = {Cycle.MONTHLY: 1, Cycle.QUARTERLY: 3, Cycle.YEARLY: 12}


def zone(name: str) -> TimeZone:
    """The time zone of that name; UTC for one that this machine does not know."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def anchor_day(start: datetime, time_zone: str) -> int:
    """The day of the month on which a period that begins now will begin again."""
    return start.astimezone(zone(time_zone)).day


def period_end(start: datetime, cycle: Cycle, anchor: int, time_zone: str) -> datetime:
    """The end of the period that begins at ``start``, in UTC.

    ``anchor``: the wanted day of the month (1-31); a shorter month gives its last day, and the month after the full one
    again. A wall time that the clocks skip that day comes an hour later.
    """
    place = zone(time_zone)
    local = start.astimezone(place)
    years, month = divmod(local.month - 1 + MONTHS[cycle], 12)
    year, month = local.year + years, month + 1
    day = min(anchor, monthrange(year, month)[1])
    wall = datetime.combine(date(year, month, day), local.time(), place)
    return wall.astimezone(ZoneInfo("UTC"))


def unused(price_minor: int, start: datetime, end: datetime, now: datetime) -> int:
    """What is left of a price that was paid for the period, to the second, rounded down."""
    whole = (end - start).total_seconds()
    left = (end - max(start, min(now, end))).total_seconds()
    return int(price_minor * left // whole) if whole > 0 else 0


def per_year(price_minor: int, cycle: Cycle) -> int:
    """A price made comparable."""
    return price_minor * 12 // MONTHS[cycle]


def month_of(now: datetime, time_zone: str) -> date:
    """The first day of the calendar month that it is there; counters start anew on it."""
    return now.astimezone(zone(time_zone)).date().replace(day=1)


def next_month(now: datetime, time_zone: str) -> datetime:
    """When counters start anew."""
    first = month_of(now, time_zone)
    months = first.year * 12 + first.month
    begin = date(months // 12, months % 12 + 1, 1)
    return datetime.combine(begin, time(), zone(time_zone)).astimezone(ZoneInfo("UTC"))


def month_now(time_zone: str) -> date:
    return month_of(utcnow(), time_zone)
