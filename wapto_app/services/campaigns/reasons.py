"""Why somebody did not get a campaign, in words.

A *reason* is a word of ours, for what was known before sending; why Meta refused a message is told by its code.
"""

from __future__ import annotations

from typing import NamedTuple

from integrations.whatsapp.error_codes import explain

BLOCKED = "blocked"
OPTED_OUT = "opted_out"
MARKETING_STOPPED = "marketing_stopped"
NO_NUMBER = "no_number"
LATELY = "lately"
EXCLUDED = "excluded"
NO_ROOM = "no_room"
MISSING_VALUE = "missing_value"
TOO_LONG = "too_long"
BAD_VALUE = "bad_value"


class Why(NamedTuple):
    """What is the case, and what somebody can do about it."""

    meaning: str
    advice: str


_OURS: dict[str, Why] = {
    BLOCKED: Why("You blocked this contact.", "Unblock the contact to write to them."),
    OPTED_OUT: Why(
        "The customer asked not to get messages.", "Nothing to do: this wish holds until they take it back."
    ),
    MARKETING_STOPPED: Why(
        "The customer stopped marketing messages in WhatsApp.",
        "Messages of another category still reach them.",
    ),
    NO_NUMBER: Why("No number of this contact is known.", "Add a phone number to the contact."),
    LATELY: Why(
        "The contact got a campaign a short time ago.", "Wait some days, or allow more campaigns per contact."
    ),
    EXCLUDED: Why("You left this contact out.", "Change the exclusions of the audience."),
    NO_ROOM: Why(
        "Your plan has no room for a new contact.", "Choose a larger plan, or delete contacts nobody needs."
    ),
    MISSING_VALUE: Why(
        "A value for the template is missing.",
        "Fill the field of the contact, or give the variable a fallback.",
    ),
    TOO_LONG: Why(
        "With this contact's values the text is too long for WhatsApp.", "Shorten the value, or the template."
    ),
    BAD_VALUE: Why(
        "WhatsApp does not accept a value of this contact in the template.",
        "Correct the value of the contact.",
    ),
}
ORDER = tuple(_OURS)
"""Whoever could be left out for several reasons is counted under the first of them."""


def words(reason: str) -> str:
    """The sentence of a reason."""
    return why(reason).meaning


def why(reason: str, code: int | None = None, detail: str = "") -> Why:
    """What a recipient's reason, or Meta's code of a failed one, means. ``detail`` is what Meta said itself."""
    if code is not None:
        known = explain(code)
        return Why(known.meaning, known.advice)
    if reason in _OURS:
        return _OURS[reason]
    return Why(detail or "This message could not be sent.", "Try these again; if it stays so, ask for help.")
