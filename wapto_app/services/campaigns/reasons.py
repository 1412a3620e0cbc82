"""Why somebody did not get a campaign, in words.

A *reason* is a word of ours, for what was known before sending; why Meta refused a message is told by its code.
"""

from __future__ import annotations

from typing import NamedTuple

from integrations.whatsapp.error_codes import explain
from wapto_app.services.campaigns.causes import say

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
DELETED = "deleted"
OFFER_OVER = "offer_over"


class Why(NamedTuple):
    """What is the case, and what somebody can do about it."""

    meaning: str
    advice: str


_OURS: dict[str, Why] = {
    BLOCKED: Why(say("You blocked this contact."), say("Unblock the contact to write to them.")),
    OPTED_OUT: Why(
        say("The customer asked not to get messages."),
        say("Nothing to do: this wish holds until they take it back."),
    ),
    MARKETING_STOPPED: Why(
        say("The customer stopped marketing messages in WhatsApp."),
        say("Messages of another category still reach them."),
    ),
    NO_NUMBER: Why(say("No number of this contact is known."), say("Add a phone number to the contact.")),
    LATELY: Why(
        say("The contact got a campaign a short time ago."),
        say("Wait some days, or allow more campaigns per contact."),
    ),
    EXCLUDED: Why(say("You left this contact out."), say("Change the exclusions of the audience.")),
    NO_ROOM: Why(
        say("Your plan has no room for a new contact."),
        say("Choose a larger plan, or delete contacts nobody needs."),
    ),
    MISSING_VALUE: Why(
        say("A value for the template is missing."),
        say("Fill the field of the contact, or give the variable a fallback."),
    ),
    TOO_LONG: Why(
        say("With this contact's values the text is too long for WhatsApp."),
        say("Shorten the value, or the template."),
    ),
    BAD_VALUE: Why(
        say("WhatsApp does not accept a value of this contact in the template."),
        say("Correct the value of the contact."),
    ),
    DELETED: Why(say("The contact was deleted."), say("Nothing to do: nobody is left to write to.")),
    OFFER_OVER: Why(
        say("The offer was over before the message could leave."),
        say("Duplicate the campaign with a later end, for those who have not got it."),
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
    return Why(
        detail or say("This message could not be sent."),
        say("Try these again; if it stays so, ask for help."),
    )
