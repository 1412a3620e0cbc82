"""Business hours: by the clock of the business, on any day of the year."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import business_hours
from wapto_app.services.business_hours import Hours, HoursForm
from wapto_app.services.errors import Forbidden, Invalid

WORK = ((540, 720), (780, 1020))  # nine to twelve, one to five
WEEK = (*[WORK] * 5, (), ())
BERLIN = Hours("Europe/Berlin", WEEK, frozenset({date(2026, 12, 25)}))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "is_open", "next_opening"),
    [
        ("2026-07-01T06:59:59", False, "2026-07-01T07:00:00"),  # summer: two hours ahead
        ("2026-07-01T07:00", True, "2026-07-01T07:00"),
        ("2026-07-01T10:00", False, "2026-07-01T11:00"),
        ("2026-12-01T07:30", False, "2026-12-01T08:00"),  # winter: one
        ("2026-12-24T16:00", False, "2026-12-28T08:00"),  # Christmas, then a weekend
        ("2026-07-03T15:00", False, "2026-07-06T07:00"),
    ],
)
def test_open_and_next_opening(moment: str, is_open: bool, next_opening: str) -> None:
    assert BERLIN.is_open(at(moment)) is is_open
    assert BERLIN.next_opening(at(moment)) == at(next_opening)


def test_it_closes_after_the_last_of_what_joins() -> None:
    assert BERLIN.closes_at(at("2026-07-01T08:00")) == at("2026-07-01T10:00")
    assert BERLIN.closes_at(at("2026-07-01T10:30")) is None
    night = Hours("UTC", (((1320, 1440),), ((0, 120),), (), (), (), (), ()))
    assert night.closes_at(at("2026-07-06T23:00")) == at("2026-07-07T02:00")
    always = Hours("UTC", (((0, 1440),),) * 7)
    assert always.closes_at(at("2026-07-06T23:00")) is None
    assert Hours("UTC").next_opening(at("2026-07-06T23:00")) is None


def test_clock_changes_do_not_shift_the_hours() -> None:
    sunday = Hours("Europe/Berlin", ((),) * 6 + (((60, 300),),))
    spring = [hour for hour in range(24) if sunday.is_open(at(f"2026-03-29T{hour:02}:30"))]
    autumn = [hour for hour in range(24) if sunday.is_open(at(f"2026-10-25T{hour:02}:30"))]
    assert (spring, autumn) == ([0, 1, 2], [0, 1, 2, 3])
    assert sunday.is_open(at("2026-10-24T23:30")), "half past one in Berlin"


@given(
    st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)),
    st.lists(
        st.lists(st.integers(0, 1440), min_size=2, max_size=4, unique=True).map(sorted),
        min_size=7,
        max_size=7,
    ),
    st.sampled_from(["UTC", "Asia/Kathmandu", "America/New_York"]),
)
def test_the_next_opening_is_open_and_nothing_before_it_is(
    moment: datetime, edges: list[list[int]], zone: str
) -> None:
    week = tuple(tuple(zip(day[::2], day[1::2], strict=False)) for day in edges)
    hours, now = Hours(zone, week), moment.replace(tzinfo=UTC)
    opens = hours.next_opening(now)
    assert opens is not None
    assert hours.is_open(opens)
    assert (opens == now) == hours.is_open(now)
    between = (opens - now) / 7
    assert not any(hours.is_open(now + between * part) for part in range(7)) or opens == now


FORM: Any = {
    "on": True,
    "time_zone": "Europe/Berlin",
    "week": [
        [{"start": "13:00", "end": "17:00"}, {"start": "09:00", "end": "12:00"}],
        [],
        [],
        [],
        [],
        [],
        [],
    ],
    "holidays": [{"day": "2026-12-25", "name": " Christmas "}],
}


async def save(runtime: Runtime, actor: Actor, **more: Any) -> None:
    async with runtime.db.write() as session:
        await business_hours.save(session, actor, HoursForm(**{**FORM, **more}))  # type: ignore[typeddict-item]


async def test_what_was_set_counts(runtime: Runtime, owner: Actor, agent: Actor) -> None:
    monday, tuesday = at("2026-07-06T10:00"), at("2026-07-07T10:00")
    async with runtime.db.read() as session:
        assert await business_hours.is_open(session, tuesday)
        assert await business_hours.next_opening(session, tuesday) == tuesday
        first = await business_hours.load(session, owner)
    assert (first["on"], first["time_zone"], first["week"][5]) == (False, "UTC", [])
    await save(runtime, owner)
    async with runtime.db.read() as session:
        loaded = await business_hours.load(session, owner)
        assert loaded["week"][0][0] == {"start": "09:00", "end": "12:00"}
        assert loaded["holidays"] == [{"day": "2026-12-25", "name": "Christmas"}]
        assert not await business_hours.is_open(session, monday)
        assert await business_hours.next_opening(session, monday) == monday + timedelta(hours=1)
        with time_machine.travel(monday, tick=False):
            status = await business_hours.status(session, agent)
    assert (status["is_open"], status["changes_at"]) == (False, "2026-07-06T11:00:00+00:00")
    await save(runtime, owner, on=False)
    async with runtime.db.read() as session:
        assert await business_hours.status(session, agent) == {
            "is_set": False,
            "is_open": True,
            "changes_at": "",
        }
    with pytest.raises(Forbidden):
        await save(runtime, agent)


def one_day(*intervals: tuple[str, str]) -> list[list[dict[str, str]]]:
    return [[], [{"start": start, "end": end} for start, end in intervals], [], [], [], [], []]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"week": []}, "day.0"),
        ({"week": [[]] * 7}, "day.0"),
        ({"week": one_day(("09:00", "08:00"))}, "day.1"),
        ({"week": one_day(("09:00", "09:00"))}, "day.1"),
        ({"week": one_day(("09:00", "12:00"), ("11:00", "13:00"))}, "day.1"),
        ({"week": one_day(("9", "12:00"))}, "day.1"),
        ({"week": one_day(("25:00", "26:00"))}, "day.1"),
        ({"week": one_day(*[("01:00", "02:00")] * 5)}, "day.1"),
        ({"time_zone": "Mars/Crater"}, "time_zone"),
        ({"holidays": [{"day": "Christmas", "name": ""}]}, "holidays"),
        ({"holidays": [{"day": "2026-12-25", "name": ""}] * 2}, "holidays"),
        ({"holidays": [{"day": "2026-12-25", "name": "x" * 61}]}, "holidays"),
    ],
)
async def test_what_is_wrong_is_named(runtime: Runtime, owner: Actor, more: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await save(runtime, owner, **more)
    assert refused.value.field == field
    await save(runtime, owner, week=one_day(("22:00", "00:00"), ("00:00", "02:00")))
