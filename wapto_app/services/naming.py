"""Names that a team gives to its tags, fields and segments: one line, and no two that only differ in capitals."""

from __future__ import annotations

import unicodedata

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.services.errors import Invalid

_FEWEST_DIGITS_OF_A_NUMBER = 7


def one_line(text: str) -> str:
    """What can be stored of it, in one line without spaces around it."""
    return " ".join(clean_text(text).split())


def key_of(name: str, longest: int) -> str:
    """What two spellings of the same name have in common."""
    return unicodedata.normalize("NFKC", name).casefold()[:longest]


def name_of(field: str, text: str, longest: int) -> str:
    """A name as it is stored.

    It is shown to everybody, to those from whom numbers are hidden too: so no number of a customer may stand in it.

    Raises:
        Invalid: it is empty, too long, or looks like a phone number.
    """
    name = one_line(text)
    if not name:
        raise Invalid(field, "Write a name.")
    if len(name) > longest:
        raise Invalid(field, f"A name has at most {longest} characters.")
    if sum(character.isdigit() for character in name) >= _FEWEST_DIGITS_OF_A_NUMBER:
        raise Invalid(field, "Everybody sees this name: write no phone number into it.")
    return name
