"""Amounts of money in and out."""

from __future__ import annotations

import pytest

from wapto_app.services import money
from wapto_app.services.errors import Invalid


@pytest.mark.parametrize(
    ("text", "currency", "minor"),
    [
        ("29", "USD", 2900),
        ("29.90", "USD", 2990),
        ("29,90", "EUR", 2990),
        ("1,299.00", "USD", 129900),
        (" 1 299 ", "USD", 129900),
        ("0", "USD", 0),
        ("1500", "JPY", 1500),
        ("1.234", "KWD", 1234),
    ],
)
def test_what_people_type(text: str, currency: str, minor: int) -> None:
    assert money.parse(text, currency) == minor


@pytest.mark.parametrize(
    "text", ["", "abc", "-1", "29.999", "1e99", "NaN", "Infinity", "1.2.3", "99999999999"]
)
def test_what_is_no_amount_names_its_field(text: str) -> None:
    with pytest.raises(Invalid) as refused:
        money.parse(text, "USD", "amount")
    assert refused.value.field == "amount"


def test_yen_have_no_cents() -> None:
    with pytest.raises(Invalid, match="JPY has 0 digits"):
        money.parse("10.5", "JPY")


def test_amounts_are_shown_as_people_write_them() -> None:
    assert money.shown(129900, "USD") == "$1,299.00"
    assert money.shown(-500, "EUR") == "-€5.00"
    assert money.shown(1500, "JPY") == "¥1,500"
    assert money.shown(100, "USD", "xx-Zzzz") == "$1.00"
    assert money.typed(2990, "USD") == "29.90"
    assert money.typed(1500, "JPY") == "1500"


def test_a_share_is_rounded_half_up() -> None:
    assert money.share(1050, 1900) == 200  # 199.5
    assert money.share(1000, 770) == 77
    assert money.share(0, 1900) == 0


@pytest.mark.parametrize("code", ["", "US", "XXXX", "12A"])
def test_an_unknown_currency_is_refused(code: str) -> None:
    with pytest.raises(Invalid):
        money.clean_currency(code)
    assert money.clean_currency(" eur ") == "EUR"
