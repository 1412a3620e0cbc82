"""Places out of what somebody pastes."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wapto_app.services.errors import Invalid
from wapto_app.services.inbox import read_place

EIFFEL = (48.8583701, 2.2944813)


@pytest.mark.parametrize(
    "text",
    [
        "48.8583701, 2.2944813",
        " (48.8583701 2.2944813) ",
        "48.8583701;2.2944813",
        "geo:48.8583701,2.2944813?z=17",
        "https://www.google.com/maps/place/Tour+Eiffel/@48.85,2.29,17z/data=!3m1!4b1!4m6!3d48.8583701!4d2.2944813",
        "https://www.google.com/maps/@48.8583701,2.2944813,17z",
        "https://maps.google.com/?q=48.8583701,2.2944813",
        "https://www.google.com/maps/search/?api=1&query=48.8583701%2C2.2944813",
        "https://www.openstreetmap.org/?mlat=48.8583701&mlon=2.2944813#map=10/1.0/2.0",
        "https://www.openstreetmap.org/#map=17/48.8583701/2.2944813",
        "https://maps.apple.com/?ll=48.8583701,2.2944813&q=Tour%20Eiffel",
        "https://maps.apple.com/place?coordinate=48.8583701,2.2944813&name=Tour",
        "https://www.bing.com/maps?cp=48.8583701~2.29&q=48.8583701,2.2944813",
    ],
)
def test_a_place_is_read(text: str) -> None:
    place = read_place(text)
    assert (place["latitude"], place["longitude"]) == EIFFEL


def test_degrees_minutes_and_seconds() -> None:
    place = read_place("33°51'24.0\"S 151°12'55.1\"E")
    assert (round(place["latitude"], 4), round(place["longitude"], 4)) == (-33.8567, 151.2153)


def test_south_and_west_with_any_minus() -> None:
    assert read_place("\u221222.9519, -43.2105") == {"latitude": -22.9519, "longitude": -43.2105}


@pytest.mark.parametrize("text", ["", "Harbour Street 7", "91, 0", "0, 181", "https://example.com", "1"])
def test_anything_else_says_how_to_write_it(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        read_place(text)
    assert refused.value.field == "place"


def test_a_short_link_says_that_it_must_be_opened() -> None:
    with pytest.raises(Invalid, match="Open it"):
        read_place("https://maps.app.goo.gl/abc123")


@given(st.floats(-90, 90), st.floats(-180, 180))
def test_what_is_written_is_what_is_read(latitude: float, longitude: float) -> None:
    place = read_place(f"{latitude:.6f}, {longitude:.6f}")
    assert abs(place["latitude"] - latitude) < 1e-5
    assert abs(place["longitude"] - longitude) < 1e-5


@given(st.text(max_size=200))
def test_no_text_breaks_it(text: str) -> None:
    try:
        place = read_place(text)
    except Invalid:
        return
    assert -90 <= place["latitude"] <= 90


def test_a_long_gap_is_no_work() -> None:
    began = time.process_time()
    for text in ("1" + " " * 3990 + "x", "@1" + " " * 3990 + "x"):
        with pytest.raises(Invalid):
            read_place(text)
    assert time.process_time() - began < 0.1
    assert read_place("48.8584," + " " * 100 + "2.2945") == {"latitude": 48.8584, "longitude": 2.2945}
