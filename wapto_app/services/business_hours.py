"""When the business answers: by weekday, with holidays, in its own time zone.

Until somebody sets them the business counts as always open.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any, TypedDict
from zoneinfo import ZoneInfo

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict as FormDict  # what pydantic validates, below Python 3.12

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import Account
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, preferences
from wapto_app.services.account_fields import clean_time_zone
from wapto_app.services.errors import Invalid

TOPIC = "business_hours"
_NAME = "business_hours"
_PER_DAY = 4
_HOLIDAYS = 100
_HOLIDAY_NAME = 60
_CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")
_END_OF_DAY = "24:00"
# Longer than the longest run of holidays that can be entered.
_LOOK_AHEAD_DAYS = 500
_DAYS = 7


class IntervalForm(FormDict):
    """From ``start`` up to ``end``, as ``HH:MM``; an ``end`` of 24:00 or 00:00 is midnight."""

    start: str
    end: str


class HolidayForm(FormDict):
    """A day on which nobody answers, as ISO date; ``name`` may be empty."""

    day: str
    name: str


class HoursForm(FormDict):
    """``week`` has the intervals of Monday to Sunday."""

    on: bool
    time_zone: str
    week: list[list[IntervalForm]]
    holidays: list[HolidayForm]


class Status(TypedDict):
    """``changes_at`` is when it opens or closes next, ISO 8601; empty for never."""

    is_set: bool
    is_open: bool
    changes_at: str


@dataclass(frozen=True, slots=True)
class Hours:
    """``week``: for Monday to Sunday, minutes of the day from and to, in order and apart from each other."""

    time_zone: str = "UTC"
    week: tuple[tuple[tuple[int, int], ...], ...] = ((),) * _DAYS
    holidays: frozenset[date] = field(default_factory=frozenset)

    def is_open(self, at: datetime) -> bool:
        return any(start <= at < end for start, end in self._around(at, 1))

    def next_opening(self, after: datetime) -> datetime | None:
        """The first moment at or after ``after`` at which it is open; None when it never is."""
        for start, end in self._around(after, _LOOK_AHEAD_DAYS):
            if end > after:
                return max(start, after)
        return None

    def closes_at(self, at: datetime) -> datetime | None:
        """When it closes that is open at ``at``; None when it is closed, or stays open all week."""
        until = at
        for start, end in self._around(at, _DAYS + 1):
            if start <= until < end:
                until = end
        return until if at < until < at + timedelta(days=_DAYS) else None

    def _around(self, at: datetime, days: int) -> Iterator[tuple[datetime, datetime]]:
        """The times of opening from the day before on, in UTC and in order."""
        zone = ZoneInfo(self.time_zone)
        today = at.astimezone(zone).date()
        for offset in range(-1, days + 1):
            day = today + timedelta(days=offset)
            if day in self.holidays:
                continue
            for start, end in self.week[day.weekday()]:
                yield _moment(day, start, zone), _moment(day, end, zone)


def _moment(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """What the clock on the wall shows: on the days of a clock change it is open as long as the clock says."""
    if minutes >= 24 * 60:
        day, minutes = day + timedelta(days=1), 0
    return datetime.combine(day, time(minutes // 60, minutes % 60), zone).astimezone(UTC)


async def hours(session: AsyncSession) -> Hours | None:
    """What is set; None for always open."""
    stored = await preferences.read(session, _NAME)
    return _read(stored) if stored.get("on") else None


async def is_open(session: AsyncSession, at: datetime) -> bool:
    """Whether the business answers at this time. For services; it tells nothing that is secret."""
    known = await hours(session)
    return known is None or known.is_open(at)


async def next_opening(session: AsyncSession, after: datetime) -> datetime | None:
    """The first moment from ``after`` on at which the business answers; None when it never does."""
    known = await hours(session)
    return after if known is None else known.next_opening(after)


async def load(session: AsyncSession, actor: Actor) -> HoursForm:
    """What is set, to be changed; at first Monday to Friday from nine to five, switched off."""
    actor.require(Permission.SETTINGS_DO)
    stored = await preferences.read(session, _NAME)
    if not stored:
        return _first(await _own_zone(session, actor))
    return HoursForm(
        on=bool(stored.get("on")),
        time_zone=str(stored["time_zone"]),
        week=[[IntervalForm(start=each[0], end=each[1]) for each in day] for day in stored["week"]],
        holidays=[HolidayForm(day=each[0], name=each[1]) for each in stored["holidays"]],
    )


async def status(session: AsyncSession, actor: Actor) -> Status:
    """Whether it is open now, and until when."""
    actor.require(Permission.SIGNED_IN)
    known, now = await hours(session), utcnow()
    if known is None:
        return Status(is_set=False, is_open=True, changes_at="")
    open_now = known.is_open(now)
    changes = known.closes_at(now) if open_now else known.next_opening(now)
    return Status(is_set=True, is_open=open_now, changes_at=changes.isoformat() if changes else "")


async def save(session: AsyncSession, actor: Actor, form: HoursForm) -> None:
    """Set them.

    Raises:
        Invalid: the field is ``time_zone``, ``day.0`` to ``day.6``, or ``holidays``.
    """
    actor.require(Permission.SETTINGS_DO)
    if len(form["week"]) != _DAYS:
        raise Invalid("day.0", "A week has seven days.")
    week = [_day(index, each) for index, each in enumerate(form["week"])]
    if form["on"] and not any(week):
        raise Invalid("day.0", "Enter at least one time, or switch business hours off.")
    value = {
        "on": form["on"],
        "time_zone": clean_time_zone(form["time_zone"]),
        "week": week,
        "holidays": _holidays(form["holidays"]),
    }
    await preferences.write(session, _NAME, value)
    audit.record(session, actor, "business_hours.changed", "settings")
    touch(session, TOPIC)


async def _own_zone(session: AsyncSession, actor: Actor) -> str:
    """The owner's own clock is the best guess."""
    found = await session.exec(select(Account.time_zone).where(Account.id == actor.account_id))
    return found.first() or "UTC"


def _first(time_zone: str) -> HoursForm:
    work = [[IntervalForm(start="09:00", end="17:00")] for _day_ in range(5)]
    return HoursForm(on=False, time_zone=time_zone, week=[*work, [], []], holidays=[])


def _read(stored: dict[str, Any]) -> Hours:
    return Hours(
        time_zone=str(stored["time_zone"]),
        week=tuple(tuple((_minutes(start), _minutes(end)) for start, end in day) for day in stored["week"]),
        holidays=frozenset(date.fromisoformat(day) for day, _name in stored["holidays"]),
    )


def _minutes(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:5])


def _day(index: int, intervals: Sequence[IntervalForm]) -> list[list[str]]:
    """In order, each after the one before."""
    name = f"day.{index}"
    if len(intervals) > _PER_DAY:
        raise Invalid(name, f"A day has at most {_PER_DAY} times.")
    cleaned = sorted(_interval(name, each) for each in intervals)
    for before, after in pairwise(cleaned):
        if after[0] < before[1]:
            raise Invalid(name, f"{after[0]} lies within {before[0]}–{before[1]}. Let times not overlap.")
    return cleaned


def _interval(name: str, interval: IntervalForm) -> list[str]:
    start, end = interval["start"][:5], interval["end"][:5]
    end = _END_OF_DAY if end == "00:00" else end
    if not _CLOCK.fullmatch(start) or not (_CLOCK.fullmatch(end) or end == _END_OF_DAY):
        raise Invalid(name, "Write both times, such as 09:00 and 17:30.")
    if end <= start:
        raise Invalid(
            name, f"{end} is not after {start}. For hours past midnight enter the rest on the next day."
        )
    return [start, end]


def _holidays(forms: Sequence[HolidayForm]) -> list[list[str]]:
    if len(forms) > _HOLIDAYS:
        raise Invalid("holidays", f"At most {_HOLIDAYS} holidays can be kept. Remove those that are over.")
    found: dict[str, str] = {}
    for each in forms:
        try:
            day = date.fromisoformat(each["day"]).isoformat()
        except ValueError:
            raise Invalid("holidays", "Choose a date for each holiday.") from None
        if day in found:
            raise Invalid("holidays", f"{day} is there twice.")
        name = " ".join(clean_text(each["name"]).split())
        if len(name) > _HOLIDAY_NAME:
            raise Invalid("holidays", f"The name of a holiday has at most {_HOLIDAY_NAME} characters.")
        found[day] = name
    return [[day, found[day]] for day in sorted(found)]
