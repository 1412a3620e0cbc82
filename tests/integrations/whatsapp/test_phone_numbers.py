"""One person, one canonical number."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from integrations.whatsapp import canonical_phone, to_wa_id


@pytest.mark.parametrize("text", ["+55 31 8888-7777", "553188887777", "5531988887777", "+55 (31) 98888-7777"])
def test_a_brazilian_mobile_has_its_ninth_digit(text: str) -> None:
    assert canonical_phone(text) == "+5531988887777"


def test_a_brazilian_landline_keeps_its_eight_digits() -> None:
    assert canonical_phone("+55 11 3333-4444") == "+551133334444"


@pytest.mark.parametrize("text", ["5215512345678", "+52 1 55 1234 5678", "525512345678", "+52 55 1234 5678"])
def test_a_mexican_mobile_loses_its_1(text: str) -> None:
    assert canonical_phone(text) == "+525512345678"


@pytest.mark.parametrize(
    "text", ["5491123456789", "541123456789", "+54 9 11 2345-6789", "+54 11 15 2345-6789", "+54 11 2345-6789"]
)
def test_an_argentine_mobile_has_its_9_and_no_15(text: str) -> None:
    assert canonical_phone(text) == "+5491123456789"


@pytest.mark.parametrize(
    ("text", "region", "expected"),
    [
        ("(650) 555-1234", "US", "+16505551234"),
        ("16505551234", None, "+16505551234"),
        ("16505551234", "BR", "+16505551234"),
        ("16505551234", "us", "+16505551234"),
        ("31 8888-7777", "BR", "+5531988887777"),
        ("011 15 2345-6789", "AR", "+5491123456789"),
        ("07911 123456", "GB", "+447911123456"),
        ("447911123456", "GB", "+447911123456"),
        ("0044 20 7946 0958", None, "+442079460958"),
        ("15550001111", None, "+15550001111"),
    ],
)
def test_numbers_are_read_as_people_write_them(text: str, region: str | None, expected: str) -> None:
    assert canonical_phone(text, region) == expected


@pytest.mark.parametrize("text", ["", "+", "111", "abc", "US.1349", "\x00", "1" * 200, "+999 12345"])
def test_what_is_no_number_is_none(text: str) -> None:
    assert canonical_phone(text) is None


def test_a_wa_id_has_digits_only() -> None:
    assert to_wa_id("+1 (650) 555-1234") == "16505551234"


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80), st.sampled_from([None, "US", "BR", "AR", "MX", "XX", ""]))
def test_no_text_breaks_the_reader(text: str, region: str | None) -> None:
    number = canonical_phone(text, region)
    assert number is None or number.startswith("+")


@settings(max_examples=200, deadline=None)
@given(st.from_regex(r"\+?(55[1-9][0-9]{9,10}|521?[0-9]{10}|549?[0-9]{10}|1[0-9]{10})", fullmatch=True))
@example("559060000000")
def test_canonical_numbers_stay_as_they_are(text: str) -> None:
    number = canonical_phone(text)
    if number is not None:
        assert canonical_phone(number) == number
        assert canonical_phone(to_wa_id(number)) == number
