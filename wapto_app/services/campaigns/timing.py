"""When a message of a campaign may leave: at once, at a moment, or at a wall clock of each recipient's own.

A recipient's zone is that of the number (phonenumbers' data). Of a number that may be in several zones it is the
campaign's own zone when that is among them, else the most westerly: so nobody gets it earlier in the day than was
asked. What is unknown is taken for the campaign's zone. Quiet hours hold in every zone in which the recipient may be.

Clocks change. A time that a night leaves out comes as much later as the clock jumps; of one that a night has twice,
the first counts.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from phonenumbers.timezone import UNKNOWN_TIMEZONE, time_zones_for_number

from wapto_app.clock import utcnow
from wapto_app.models import Campaign
from wapto_app.services.account_fields import time_zones
from wapto_app.services.campaigns.causes import say
from wapto_app.services.errors import Invalid

_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_FIRST_ZONE = "Pacific/Kiritimati"
"""Where every wall clock shows a time first (UTC+14)."""
_TRIES = 8
_PREFIX = 8
"""The + and seven digits."""
_ZONES: dict[str, tuple[str, ...]] = {}
_ZONES_MAX = 500_000


def zone_of_name(name: str) -> ZoneInfo:
    """The zone; UTC for one that this machine does not know."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return ZoneInfo("UTC")


def clean_zone(name: str) -> str:
    """Raises Invalid for what is no time zone."""
    if name not in time_zones():
        raise Invalid("time_zone", "Choose a time zone from the list.")
    return name


def clean_clock(field: str, text: str) -> str:
    """ "HH:MM" or empty. Raises Invalid."""
    if text and not _CLOCK.fullmatch(text):
        raise Invalid(field, "Write a time such as 21:00.")
    return text


def clean_wall(text: str) -> datetime:
    """A date and a time of a wall clock: "2026-05-03T09:30". Raises Invalid."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is not None or not 2000 <= found.year <= 2200:
        raise Invalid("run_at", "Choose a day and a time.")
    return found.replace(second=0, microsecond=0)


def moment(wall: datetime, zone: ZoneInfo) -> datetime:
    """When wall clocks of this zone show it, in UTC."""
    return wall.replace(tzinfo=zone, fold=0).astimezone(UTC)


def wall(at: datetime, zone: ZoneInfo) -> datetime:
    """What wall clocks of this zone show then, without a zone."""
    return at.astimezone(zone).replace(tzinfo=None, fold=0)


def clock_note(asked: str, zone: ZoneInfo) -> str:
    """What a change of clocks does to a time that somebody asks for ("2026-03-29T02:30"); empty when nothing."""
    clock = clean_wall(asked)
    kept = wall(moment(clock, zone), zone)
    if kept != clock:
        words = say("Clocks are set forward that night and leave out {asked}. It goes out at {kept}.")
        return words.replace("{asked}", f"{clock:%H:%M}").replace("{kept}", f"{kept:%H:%M}")
    first, second = (clock.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    if first != second:
        return say("Clocks are set back that night, and this time comes twice. It goes out the first time.")
    return ""


def begins_at(campaign: Campaign | Any) -> datetime:
    """When a scheduled campaign must start, so that its first recipient gets it in time; or a row with its columns.

    At recipients' own clocks that is when the first zone of the world shows the time; ``Clock`` does the rest.
    """
    if campaign.run_at is None:
        return utcnow()
    if not campaign.is_local:
        return campaign.run_at
    return moment(wall(campaign.run_at, zone_of_name(campaign.time_zone)), ZoneInfo(_FIRST_ZONE))


def zones_of(number: str) -> tuple[str, ...]:
    """Where somebody with this number may be; nothing when that is unknown.

    The beginning of a number tells it. It is asked once for each: asking takes longer than all the rest of building.
    """
    prefix = number[:_PREFIX]
    if prefix not in _ZONES:
        if len(_ZONES) >= _ZONES_MAX:
            _ZONES.clear()
        _ZONES[prefix] = _asked(number)
    return _ZONES[prefix]


def _asked(number: str) -> tuple[str, ...]:
    try:
        found = time_zones_for_number(phonenumbers.parse(number))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(name for name in found if name != UNKNOWN_TIMEZONE)


class Clock:
    """When each recipient of a campaign may get it."""

    def __init__(self, campaign: Campaign, now: datetime) -> None:
        """``now`` is when the campaign started: what should have been sent before is due at once."""
        self._own = zone_of_name(campaign.time_zone)
        self._now = now
        self._run_at = campaign.run_at
        self._is_local = campaign.is_local
        self._quiet = quiet_span(campaign.quiet_from, campaign.quiet_until)
        self._known: dict[tuple[str, ...], datetime] = {}

    def due(self, number: str) -> datetime:
        """When the message to this number may leave, in UTC. Empty: a number that is not known."""
        names = zones_of(number)
        if names not in self._known:
            self._known[names] = self._due(self._zones(names))
        return self._known[names]

    def after_quiet(self, at: datetime, number: str) -> datetime:
        """``at``, or the end of the quiet hours that the recipient has then."""
        return self._after_quiet(at, self._zones(zones_of(number)))

    def _zones(self, names: tuple[str, ...]) -> list[ZoneInfo]:
        """Those in which the recipient may be, the most westerly first."""
        if not names or self._own.key in names:
            return [self._own]
        by_offset = {self._now.astimezone(zone).utcoffset(): zone for zone in map(zone_of_name, names)}
        return [by_offset[offset] for offset in sorted(by_offset, key=lambda each: each or timedelta(0))]

    def _due(self, zones: list[ZoneInfo]) -> datetime:
        at = self._run_at or self._now
        if self._is_local and self._run_at is not None:
            at = moment(wall(self._run_at, self._own), zones[0])
        return self._after_quiet(max(at, self._now), zones)

    def _after_quiet(self, at: datetime, zones: list[ZoneInfo]) -> datetime:
        """Quiet in one of the zones is quiet; a country too wide for that goes by its most westerly zone."""
        if self._quiet is None:
            return at
        found = at
        for _each in range(_TRIES):
            later = max(awake(found, zone, *self._quiet) for zone in zones)
            if later == found:
                return found
            found = later
        return awake(at, zones[0], *self._quiet)


def awake(at: datetime, zone: ZoneInfo, begins: time, ends: time) -> datetime:
    """``at``, or the end of the quiet hours of this zone when it lies in them."""
    local = at.astimezone(zone)
    clock = local.time()
    over_night = begins > ends
    is_quiet = (clock >= begins or clock < ends) if over_night else begins <= clock < ends
    if not is_quiet:
        return at
    day = local.date() + timedelta(days=1 if over_night and clock >= begins else 0)
    end = datetime.combine(day, ends, zone)
    first, second = (end.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
    # In an hour that the night has twice, the first end may be over.
    return first if first > at else max(at, second)


def quiet_span(begins: str, ends: str) -> tuple[time, time] | None:
    """The quiet hours; None when there are none."""
    if not begins or not ends or begins == ends:
        return None
    return time.fromisoformat(begins), time.fromisoformat(ends)
