"""When a message of a campaign may leave: in every zone, over quiet nights, and when clocks change."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wapto_app.models import Campaign
from wapto_app.services.campaigns.timing import (
    Clock,
    awake,
    clean_clock,
    clean_wall,
    clean_zone,
    clock_note,
    moment,
    wall,
    zones_of,
)
from wapto_app.services.errors import Invalid

BERLIN, KOLKATA, NEW_YORK = "+4915112345671", "+919876543210", "+12125551234"
MADRID, TOLL_FREE = "+34612345678", "+18005551234"
NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def campaign(run_at: datetime | None = None, zone: str = "Europe/Berlin", **more: Any) -> Campaign:
    return Campaign(name="x", run_at=run_at, time_zone=zone, **more)


def due(number: str, now: datetime = NOON, **more: Any) -> datetime:
    return Clock(campaign(**more), now).due(number)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def test_now_is_now_for_everybody() -> None:
    assert due(BERLIN) == due(NEW_YORK) == due("") == NOON


def test_a_moment_is_the_same_everywhere_and_never_before_the_start() -> None:
    later = NOON + timedelta(hours=5)
    assert due(KOLKATA, run_at=later) == due(NEW_YORK, run_at=later) == later
    assert due(KOLKATA, run_at=NOON - timedelta(hours=5)) == NOON


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (KOLKATA, "2026-05-03T03:30+00:00"),
        (BERLIN, "2026-05-03T07:00+00:00"),
        (NEW_YORK, "2026-05-03T13:00+00:00"),
        ("", "2026-05-03T07:00+00:00"),
        # Berlin is none of Spain's zones: the Canaries are the most westerly.
        (MADRID, "2026-05-03T08:00+00:00"),
    ],
)
def test_nine_o_clock_is_nine_where_the_recipient_is(number: str, expected: str) -> None:
    run_at = moment(datetime(2026, 5, 3, 9), ZoneInfo("Europe/Berlin"))
    assert due(number, run_at=run_at, is_local=True) == at(expected)


def test_of_a_number_in_several_zones_the_campaign_s_own_counts() -> None:
    run_at = moment(datetime(2026, 5, 3, 9), ZoneInfo("Europe/Madrid"))
    assert due(MADRID, run_at=run_at, is_local=True, zone="Europe/Madrid") == at("2026-05-03T07:00+00:00")
    assert due(TOLL_FREE, run_at=run_at, is_local=True, zone="Europe/Madrid") == at("2026-05-03T20:00+00:00")


def test_an_hour_that_a_night_leaves_out_comes_as_much_later() -> None:
    """Berlin, 29 March 2026: from 2:00 to 3:00."""
    run_at = moment(datetime(2026, 3, 29, 2, 30), ZoneInfo("UTC"))
    found = due(BERLIN, now=at("2026-03-01T00:00+00:00"), run_at=run_at, is_local=True, zone="UTC")
    assert found == at("2026-03-29T01:30+00:00")
    assert wall(found, ZoneInfo("Europe/Berlin")) == datetime(2026, 3, 29, 3, 30)


def test_of_an_hour_that_a_night_has_twice_the_first_counts() -> None:
    """Berlin, 25 October 2026: 2:00 to 3:00 comes twice."""
    run_at = moment(datetime(2026, 10, 25, 2, 30), ZoneInfo("UTC"))
    found = due(BERLIN, now=at("2026-10-01T00:00+00:00"), run_at=run_at, is_local=True, zone="UTC")
    assert found == at("2026-10-25T00:30+00:00")


@pytest.mark.parametrize(
    ("asked", "zone", "said"),
    [
        ("2026-03-29T02:30", "Europe/Berlin", "leave out 02:30. It goes out at 03:30."),
        ("2026-10-25T02:30", "Europe/Berlin", "comes twice. It goes out the first time."),
        ("2026-03-29T01:59", "Europe/Berlin", ""),
        ("2026-03-29T03:00", "Europe/Berlin", ""),
        ("2026-10-25T03:00", "Europe/Berlin", ""),
        ("2026-03-29T02:30", "UTC", ""),
        # Half an hour only.
        ("2026-10-04T02:15", "Australia/Lord_Howe", "leave out 02:15. It goes out at 02:45."),
    ],
)
def test_somebody_who_asks_for_a_time_of_such_a_night_is_told(asked: str, zone: str, said: str) -> None:
    note = clock_note(asked, ZoneInfo(zone))
    assert note.endswith(said)
    assert bool(note) == bool(said)


QUIET = {"quiet_from": "21:00", "quiet_until": "09:00"}


@pytest.mark.parametrize(
    ("now", "number", "expected"),
    [
        ("2026-05-01T12:00+00:00", BERLIN, "2026-05-01T12:00+00:00"),
        ("2026-05-01T18:59+00:00", BERLIN, "2026-05-01T18:59+00:00"),
        ("2026-05-01T19:00+00:00", BERLIN, "2026-05-02T07:00+00:00"),
        ("2026-05-02T06:59+00:00", BERLIN, "2026-05-02T07:00+00:00"),
        ("2026-05-02T07:00+00:00", BERLIN, "2026-05-02T07:00+00:00"),
        ("2026-05-01T19:00+00:00", NEW_YORK, "2026-05-01T19:00+00:00"),
        # In Madrid it is 21:30, on the Canaries 20:30: quiet in one is quiet.
        ("2026-05-01T19:30+00:00", MADRID, "2026-05-02T08:00+00:00"),
        # From Guam, where it is 9:00 then, to Samoa, where it is noon, everybody is awake.
        ("2026-05-01T12:00+00:00", TOLL_FREE, "2026-05-01T23:00+00:00"),
    ],
)
def test_quiet_hours_push_to_their_end_on_the_recipient_s_clock(now: str, number: str, expected: str) -> None:
    assert due(number, now=at(now), **QUIET) == at(expected)


def test_where_no_hour_is_awake_everywhere_the_most_westerly_zone_counts() -> None:
    found = due(TOLL_FREE, quiet_from="18:00", quiet_until="10:00")
    assert found == at("2026-05-01T21:00+00:00")


def test_quiet_hours_by_day_end_the_same_day() -> None:
    found = due(BERLIN, now=at("2026-05-01T11:00+00:00"), quiet_from="12:00", quiet_until="15:00")
    assert found == at("2026-05-01T13:00+00:00")


def test_quiet_hours_that_end_in_an_hour_which_is_left_out_end_after_it() -> None:
    now = at("2026-03-29T00:30+00:00")
    assert due(BERLIN, now=now, quiet_from="21:00", quiet_until="02:30") == at("2026-03-29T01:30+00:00")


def test_quiet_hours_that_end_in_an_hour_which_comes_twice_are_over_the_first_time() -> None:
    ends = {"quiet_from": "21:00", "quiet_until": "02:30"}
    assert due(BERLIN, now=at("2026-10-25T00:10+00:00"), **ends) == at("2026-10-25T00:30+00:00")
    # 2:10 for the second time: quiet again until the second 2:30.
    assert due(BERLIN, now=at("2026-10-25T01:10+00:00"), **ends) == at("2026-10-25T01:30+00:00")


@pytest.mark.parametrize(("begins", "ends"), [("", ""), ("21:00", ""), ("", "09:00"), ("09:00", "09:00")])
def test_half_quiet_hours_are_none(begins: str, ends: str) -> None:
    assert due(BERLIN, now=at("2026-05-01T23:00+00:00"), quiet_from=begins, quiet_until=ends) == at(
        "2026-05-01T23:00+00:00"
    )


CLOCKS = st.times().map(lambda each: each.replace(second=0, microsecond=0, tzinfo=None, fold=0))
ZONES = st.sampled_from(
    [
        "Europe/Berlin",
        "America/New_York",
        "Asia/Kolkata",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "UTC",
        "America/Sao_Paulo",
    ]
)


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC)), ZONES, CLOCKS, CLOCKS
)
@settings(max_examples=300)
def test_nobody_is_woken_and_nobody_waits_longer_than_a_night(
    when: datetime, zone: str, begins: time, ends: time
) -> None:
    if begins == ends:
        return
    place = ZoneInfo(zone)
    found = awake(when, place, begins, ends)
    assert when <= found <= when + timedelta(hours=25)
    clock = found.astimezone(place).time()
    is_quiet = (clock >= begins or clock < ends) if begins > ends else begins <= clock < ends
    # Where clocks are set back to before the end, quiet hours come once more: one push leads to their first end.
    fell_back = place.utcoffset(found) != place.utcoffset(found + timedelta(hours=2))
    jumped = place.utcoffset(when) != place.utcoffset(found)
    assert not is_quiet or fell_back or jumped


@given(st.text(max_size=30))
def test_any_text_is_a_number_of_known_zones_or_of_none(text: str) -> None:
    assert isinstance(zones_of(text), tuple)


def test_what_people_write_is_checked() -> None:
    for wrong in ("25:00", "9:00", "09:60", "now"):
        with pytest.raises(Invalid):
            clean_clock("quiet_from", wrong)
    for wrong in ("", "tomorrow", "2026-05-03T09:00+02:00", "1999-01-01T00:00", "9999-12-31T23:59"):
        with pytest.raises(Invalid):
            clean_wall(wrong)
    with pytest.raises(Invalid):
        clean_zone("Mars/Base")
    assert clean_wall("2026-05-03T09:30:15") == datetime(2026, 5, 3, 9, 30)
