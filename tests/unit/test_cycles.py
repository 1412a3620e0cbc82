"""Time arithmetic of plans."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wapto_app.models import Cycle
from wapto_app.services.plans import cycles

BERLIN = ZoneInfo("Europe/Berlin")


def ends(start: datetime, cycle: Cycle, anchor: int, zone: str = "UTC", times: int = 1) -> list[datetime]:
    found = []
    for _ in range(times):
        start = cycles.period_end(start, cycle, anchor, zone)
        found.append(start)
    return found


def test_from_the_31st_short_months_end_on_their_last_day_and_long_ones_on_the_31st_again() -> None:
    found = ends(datetime(2027, 1, 31, 10, tzinfo=UTC), Cycle.MONTHLY, 31, times=13)
    assert [(at.month, at.day) for at in found] == [
        (2, 28), (3, 31), (4, 30), (5, 31), (6, 30), (7, 31), (8, 31),
        (9, 30), (10, 31), (11, 30), (12, 31), (1, 31), (2, 29),
    ]  # fmt: skip
    assert {at.hour for at in found} == {10}


def test_a_quarter_is_three_months() -> None:
    found = ends(datetime(2026, 11, 30, tzinfo=UTC), Cycle.QUARTERLY, 30, times=4)
    assert [at.date() for at in found] == [
        date(2027, 2, 28), date(2027, 5, 30), date(2027, 8, 30), date(2027, 11, 30),
    ]  # fmt: skip


def test_a_year_from_the_29th_of_february_comes_back_to_it() -> None:
    found = ends(datetime(2028, 2, 29, tzinfo=UTC), Cycle.YEARLY, 29, times=4)
    assert [at.date() for at in found] == [
        date(2029, 2, 28), date(2030, 2, 28), date(2031, 2, 28), date(2032, 2, 29),
    ]  # fmt: skip


def test_the_wall_clock_stays_when_the_clocks_change() -> None:
    start = datetime(2027, 3, 15, 9, 30, tzinfo=BERLIN).astimezone(UTC)
    (end,) = ends(start, Cycle.MONTHLY, 15, "Europe/Berlin")
    assert end == datetime(2027, 4, 15, 9, 30, tzinfo=BERLIN)
    assert end - start == timedelta(days=31) - timedelta(hours=1)
    assert end.utcoffset() == timedelta(0)


def test_a_time_that_the_clocks_skip_comes_an_hour_later() -> None:
    start = datetime(2027, 2, 28, 2, 30, tzinfo=BERLIN).astimezone(UTC)
    (end,) = ends(start, Cycle.MONTHLY, 28, "Europe/Berlin")
    assert end.astimezone(BERLIN) == datetime(2027, 3, 28, 3, 30, tzinfo=BERLIN)


def test_the_day_is_that_of_the_business_not_of_greenwich() -> None:
    """On the evening of the 31st in New York it is the first in Greenwich."""
    start = datetime(2027, 1, 31, 22, tzinfo=ZoneInfo("America/New_York")).astimezone(UTC)
    assert cycles.anchor_day(start, "America/New_York") == 31
    (end,) = ends(start, Cycle.MONTHLY, 31, "America/New_York")
    assert end.astimezone(ZoneInfo("America/New_York")).day == 28


def test_an_unknown_time_zone_is_greenwich() -> None:
    assert ends(datetime(2027, 1, 1, tzinfo=UTC), Cycle.MONTHLY, 1, "Mars/Olympus") == [
        datetime(2027, 2, 1, tzinfo=UTC)
    ]


@given(
    start=st.datetimes(datetime(2024, 1, 1), datetime(2060, 1, 1)),
    cycle=st.sampled_from(Cycle),
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/Sao_Paulo", "Pacific/Apia", "Asia/Kathmandu"]),
)
def test_periods_go_forward_and_keep_their_day(start: datetime, cycle: Cycle, zone: str) -> None:
    moment = start.replace(tzinfo=UTC)
    anchor = cycles.anchor_day(moment, zone)
    for end in ends(moment, cycle, anchor, zone, times=5):
        assert end > moment
        local = end.astimezone(ZoneInfo(zone))
        last = (local.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
        assert local.day == min(anchor, last.day)
        moment = end


def test_what_is_left_of_a_price() -> None:
    start, end = datetime(2027, 4, 1, tzinfo=UTC), datetime(2027, 5, 1, tzinfo=UTC)
    assert cycles.unused(3000, start, end, start) == 3000
    assert cycles.unused(3000, start, end, datetime(2027, 4, 16, tzinfo=UTC)) == 1500
    assert cycles.unused(1000, start, end, datetime(2027, 4, 11, tzinfo=UTC)) == 666
    assert cycles.unused(3000, start, end, end) == 0
    assert cycles.unused(3000, start, end, end + timedelta(days=9)) == 0
    assert cycles.unused(3000, start, start, start) == 0


@pytest.mark.parametrize(
    ("zone", "first", "following"),
    [
        ("UTC", date(2027, 12, 1), datetime(2028, 1, 1, tzinfo=UTC)),
        ("Pacific/Auckland", date(2028, 1, 1), datetime(2028, 2, 1, tzinfo=ZoneInfo("Pacific/Auckland"))),
    ],
)
def test_a_month_is_that_of_the_business(zone: str, first: date, following: datetime) -> None:
    now = datetime(2027, 12, 31, 20, tzinfo=UTC)
    assert cycles.month_of(now, zone) == first
    assert cycles.next_month(now, zone) == following


def test_prices_are_compared_by_the_year() -> None:
    assert cycles.per_year(1000, Cycle.MONTHLY) == 12_000
    assert cycles.per_year(2700, Cycle.QUARTERLY) == 10_800
    assert cycles.per_year(9900, Cycle.YEARLY) == 9900
