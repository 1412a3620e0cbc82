"""From when to when figures are counted, in whole days of the viewer's time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.models import Account
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import Invalid

TODAY, CUSTOM = "today", "custom"
LAST = {TODAY: 1, "7": 7, "30": 30, "90": 90}
"""Days, today included."""
LONGEST = 366
_DAY = timedelta(days=1)
# More bars than this are too thin to be read: a bar is a week then.
_MOST_BARS = 92


@dataclass(frozen=True, slots=True)
class Slot:
    """One bar of a chart; ``label`` is a date, or an hour of the day."""

    label: str
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Period:
    """The days from ``first`` to ``last``, both included."""

    first: date
    last: date
    zone: ZoneInfo

    @property
    def start(self) -> datetime:
        return self._midnight(self.first)

    @property
    def end(self) -> datetime:
        """Not included."""
        return self._midnight(self.last + _DAY)

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    @property
    def step(self) -> str:
        """What a bar stands for: hour, day or week."""
        if self.days == 1:
            return "hour"
        return "day" if self.days <= _MOST_BARS else "week"

    def slots(self) -> list[Slot]:
        """The bars, oldest first; on the days of a clock change one hour is missing, or counted twice as long."""
        if self.days == 1:
            return self._hours()
        width = 1 if self.days <= _MOST_BARS else 7
        firsts = [self.first + _DAY * n for n in range(0, self.days, width)]
        return [
            Slot(
                day.isoformat(),
                self._midnight(day),
                self._midnight(min(day + _DAY * width, self.last + _DAY)),
            )
            for day in firsts
        ]

    def _hours(self) -> list[Slot]:
        starts = [
            datetime.combine(self.first, time(hour), self.zone).astimezone(UTC) for hour in range(24)
        ] + [self.end]
        return [Slot(f"{hour:02}:00", starts[hour], starts[hour + 1]) for hour in range(24)]

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), self.zone).astimezone(UTC)


async def period(session: AsyncSession, actor: Actor, name: str, first: str = "", last: str = "") -> Period:
    """The period of this name for the viewer; of a custom one ``first`` and ``last`` are ISO dates.

    Raises:
        Invalid: there is no such period, or the dates are none, the wrong way round or too far apart.
    """
    actor.require(Permission.REPORTS_SEE)
    found = await session.exec(select(Account.time_zone).where(Account.id == actor.account_id))
    zone = ZoneInfo(found.first() or "UTC")
    today = utcnow().astimezone(zone).date()
    if name in LAST:
        return Period(today - _DAY * (LAST[name] - 1), today, zone)
    if name != CUSTOM:
        raise Invalid("range", "Choose one of the ranges.")
    begins, ends = _date("first", first), _date("last", last)
    if ends < begins:
        raise Invalid("last", "The last day is before the first.")
    if (ends - begins).days >= LONGEST:
        raise Invalid("last", f"Choose at most {LONGEST} days.")
    return Period(begins, ends, zone)


def _date(field: str, text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid(field, "Choose a day.") from None
    if not 2000 <= day.year <= 2100:
        raise Invalid(field, "Choose a day of this century.")
    return day
