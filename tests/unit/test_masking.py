"""A hidden number is hidden in every spelling, and nothing else is."""

from __future__ import annotations

import pytest

from wapto_app.services.masking import SEEN, Mask

ADA = Mask(["+491711234567", "491711234567"])
BRUNO = Mask(["+5511987654321", "551187654321"])
SPELLINGS = (
    "+491711234567",
    "491711234567",
    "00491711234567",
    "01711234567",
    "1711234567",
    "+49 171 1234567",
    "+49 (0) 171 / 123-45-67",
    "0171 123 45 67",
    "0171-123.45.67",
    "+49\u00a0171\u202f1234567",
    "wa.me/491711234567",
    "tel:+49-171-1234567",
)


@pytest.mark.parametrize("written", SPELLINGS)
@pytest.mark.parametrize("around", ["{}", "call me: {}, or mail", "({})", "a{}b"])
def test_the_customers_own_number_is_hidden_however_it_is_written(written: str, around: str) -> None:
    for hide in (ADA.text, ADA.note):
        shown = hide(around.format(written))
        assert "123" not in shown
        assert "•••••67" in shown


def test_both_spellings_of_a_brazilian_mobile_are_hidden() -> None:
    assert "8765" not in BRUNO.text("11 98765-4321 or 11 8765-4321")


@pytest.mark.parametrize(
    "text",
    ["", "Order 10023456 of 2026-11-25, 14:30", "My wife has +49 171 7654321", "€ 1.711.234,50", "12345"],
)
def test_what_a_customer_says_stays_readable(text: str) -> None:
    assert ADA.text(text) == text


def test_in_notes_every_number_is_hidden_so_that_guessing_confirms_nothing() -> None:
    guesses = ("+49 171 1234567", "+49 171 1234568", "0171 1234569", "+44 7911 123456")
    for guess in guesses:
        assert "•••••" in ADA.note(f"Is it {guess}?")
    assert (
        ADA.note("Visit on 2026-11-25 at 14:30, order 10023456")
        == "Visit on 2026-11-25 at 14:30, order 10023456"
    )


def test_saving_what_was_shown_keeps_the_numbers_that_were_not() -> None:
    stored = "Private: +49 171 1234567\nOffice: +49 30 901820, wife 0171 7654321"
    shown = ADA.note(stored)
    assert not any(digits in shown for digits in ("1234567", "901820", "7654321"))
    assert ADA.restored(shown, stored) == stored
    assert ADA.restored(shown + "\nLikes blue", stored) == stored + "\nLikes blue"
    assert ADA.restored("Likes blue", stored) == "Likes blue"


def test_nothing_is_left_inside_a_payload() -> None:
    content = {
        "kind": "location",
        "name": "Ada, 0171 1234567",
        "rows": [
            {
                "id": "wamid.SGVsbG8=",
                "url": "https://wa.me/491711234567",
                "n": 3,
                "m": 491711234567,
                "none": None,
            }
        ],
    }
    assert ADA.content(content) == {
        "kind": "location",
        "name": "Ada, •••••67",
        "rows": [{"id": "hidden", "url": "https://wa.me/•••••67", "n": 3, "m": "•••••67", "none": None}],
    }
    assert SEEN.content(content) == content


def test_who_may_see_numbers_sees_them() -> None:
    for written in SPELLINGS:
        assert (SEEN.text(written), SEEN.note(written), SEEN.phone(written)) == (written,) * 3
    assert SEEN.phone(None) == ""


@pytest.mark.parametrize("number", ["", "+", "12", "+999999999999999", "x", "+1"])
def test_odd_addresses_break_nothing_and_hide_no_ordinary_words(number: str) -> None:
    assert Mask([number]).text("Hello 12, it is me 1") == "Hello 12, it is me 1"
