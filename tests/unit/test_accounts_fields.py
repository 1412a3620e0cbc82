"""Names, addresses and choices as they are stored."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wapto_app.services.account_fields import (
    clean_email,
    clean_locale,
    clean_name,
    clean_time_zone,
    time_zones,
)
from wapto_app.services.errors import Invalid


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("  Olga@Example.COM ", "olga@example.com"),
        ("owner@shop.local", "owner@shop.local"),
        ("jürgen@müller.example", "jürgen@müller.example"),
        ("a+tag@example.com", "a+tag@example.com"),
        ("admin@localhost", "admin@localhost"),
    ],
)
def test_address_is_kept_in_one_form(typed: str, stored: str) -> None:
    assert clean_email(typed) == stored
    assert clean_email(stored) == stored


@pytest.mark.parametrize(
    "typed",
    [
        "",
        "olga",
        "olga@",
        "@example.com",
        "a@b\0c.com",
        "a b@example.com",
        "a@example.com\nBcc: x@y.z",
        "a" * 65 + "@x.yz",
    ],
)
def test_what_is_no_address_is_refused(typed: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_email(typed)
    assert refused.value.field == "email"


@pytest.mark.parametrize(
    "name",
    [
        "Olga O'Brien",
        "Робин",
        "김 서연",
        "أحمد",
        "प्रिया",
        "<script>alert(1)</script>",
        "'); DROP TABLE account;--",
    ],
)
def test_honest_and_odd_names_are_kept_as_typed(name: str) -> None:
    assert clean_name(name) == name


def test_name_is_kept_on_one_line() -> None:
    assert clean_name("  Olga \n\t  Owner ") == "Olga Owner"


def test_name_cannot_read_as_another() -> None:
    assert clean_name("Olga\u202egnp.exe") == "Olgagnp.exe"


@pytest.mark.parametrize("name", ["", "   ", "Ol\0ga", "x" * 121, "\ue000", "a\x1b[31m"])
def test_invisible_and_overlong_names_are_refused(name: str) -> None:
    with pytest.raises(Invalid) as refused:
        clean_name(name)
    assert refused.value.field == "name"


@given(st.text(max_size=200))
def test_any_text_is_a_name_or_is_refused(text: str) -> None:
    try:
        name = clean_name(text)
    except Invalid:
        return
    assert 0 < len(name) <= 120
    assert clean_name(name) == name
    name.encode()


@given(st.text(max_size=300))
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    try:
        email = clean_email(text)
    except Invalid:
        return
    assert clean_email(email) == email
    email.encode()


def test_time_zones_are_places_and_utc() -> None:
    assert clean_time_zone("Asia/Kolkata") == "Asia/Kolkata"
    assert {"UTC", "Europe/Berlin", "America/Sao_Paulo"} <= set(time_zones())
    for other in ("", "Europe", "../etc/passwd", "posixrules", "Europe/Nowhere"):
        with pytest.raises(Invalid):
            clean_time_zone(other)


def test_locale_is_a_language_tag() -> None:
    assert clean_locale("pt-BR") == "pt-BR"
    for other in ("", "english please", "en/../../x", "en\0"):
        with pytest.raises(Invalid):
            clean_locale(other)
