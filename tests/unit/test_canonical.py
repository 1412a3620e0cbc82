"""Numbers, dates and answers in one spelling: read anything, guess nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from wapto_app.services import canonical

_HOSTILE = st.one_of(
    st.text(max_size=70),
    st.text(alphabet="0123456789.,'+-−–eE \u00a0\u202f\u0660\u0665\u066b\u066c\u200f", max_size=70),
    st.from_regex(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}", fullmatch=True),
)


@given(_HOSTILE)
@example("1e400")
@example("\u2462")
@example("-")
@example("9" * 64)
def test_anything_is_one_spelling_or_refused(text: str) -> None:
    for read in (canonical.number, canonical.day, canonical.yes_no):
        with suppress(ValueError):
            once = read(text)
            assert read(once) == once
            assert once.isascii()


@given(st.decimals(min_value=-(10**12), max_value=10**12, allow_nan=False, places=2))
def test_a_number_keeps_its_value_in_every_country(value: Decimal) -> None:
    for written in (f"{value:f}", f"{value:,.2f}", _german(value), f"{value:,.2f}".replace(",", " ")):
        read = canonical.number(written)
        assert Decimal(read) == value
        assert canonical.as_float(read) == float(value)


def _german(value: Decimal) -> str:
    return f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


@given(st.dates(min_value=date(1000, 1, 1)))
def test_a_date_keeps_its_day(day: date) -> None:
    for written in (day.isoformat(), f"{day:%Y}/{day.month}/{day.day}", f"{day.day}.{day.month}.{day:%Y}"):
        assert canonical.day(written) == day.isoformat()
    if day.day > 12:
        assert canonical.day(f"{day.month}/{day.day}/{day:%Y}") == canonical.day(
            f"{day.day}/{day.month}/{day:%Y}"
        )


@pytest.mark.parametrize("read", [canonical.number, canonical.day, canonical.yes_no])
def test_what_is_far_too_long_is_refused_at_once(read: Callable[[str], str]) -> None:
    with pytest.raises(ValueError, match="too long"):
        read("1" * 10_000_000)
