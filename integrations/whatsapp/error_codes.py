"""What Meta's error codes mean, in plain words, and what to do about each of them.

Source: Meta's Cloud API error reference, plus the codes of the management endpoints. The same codes
arrive in the answer to a call and, later, inside status webhooks, so there is one table for both.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum


class Retry(StrEnum):
    """What a sender may do after an error."""

    RETRY = "retry"
    """Try again by itself, with growing pauses."""
    WAIT = "wait"
    """Nothing to repair, but time has to pass (minutes to days) before another try."""
    PERMANENT = "permanent"
    """This request will never succeed as it is."""
    ACCOUNT = "account"
    """The number or account is in trouble: stop sending and alert its owner."""
    TEMPLATE = "template"
    """The template is in trouble: pause whatever sends it."""


@dataclass(frozen=True, slots=True)
class ErrorInfo:
    """One error code, explained.

    Attributes:
        code: Meta's error code.
        meaning: What went wrong, for somebody who has never seen the API.
        advice: What that person can do next.
        retry: What a sender may do.
    """

    code: int
    meaning: str
    advice: str
    retry: Retry


_R, _W, _P, _A, _T = Retry.RETRY, Retry.WAIT, Retry.PERMANENT, Retry.ACCOUNT, Retry.TEMPLATE

_RECONNECT = "Connect the number again with a new access token."
_AUTOMATIC = "Nothing to do: it is tried again automatically."
_REPORT = "Please report this to the person who runs this installation, with the details shown."
_EDIT_TEMPLATE = "Change the template as described and submit it again."
_BILLING = "Open WhatsApp Manager and check the payment method of the business account."

_TABLE: tuple[tuple[int, Retry, str, str], ...] = (
    # General Graph API
    (0, _A, "WhatsApp did not accept our login.", _RECONNECT),
    (1, _R, "WhatsApp had an unknown problem.", _AUTOMATIC),
    (2, _R, "WhatsApp is temporarily unavailable.", _AUTOMATIC),
    (3, _A, "The connected app may not use this feature.", "Check the app's permissions, then reconnect."),
    (
        4,
        _W,
        "Too many requests from this app in the last hour.",
        "Wait up to an hour; it recovers by itself.",
    ),
    (10, _A, "A permission is missing.", "Reconnect and grant every permission that is asked for."),
    (
        33,
        _A,
        "The number or object no longer exists.",
        "Check the number in WhatsApp Manager, then reconnect.",
    ),
    (100, _P, "WhatsApp found a value it does not accept.", _REPORT),
    (190, _A, "The access token has expired or was withdrawn.", _RECONNECT),
    (
        368,
        _A,
        "The account is blocked for a policy violation.",
        "Open WhatsApp Manager and follow its notice.",
    ),
    (613, _W, "Call permissions were asked for too often.", "Wait a while before asking again."),
    (
        80007,
        _W,
        "Too many requests for this business account.",
        "Wait; requests are slowed down until it clears.",
    ),
    # Sending
    (130403, _P, "You have blocked this contact.", "Unblock the contact to write to them."),
    (130429, _R, "The number is sending faster than WhatsApp allows.", "Sending slows down by itself."),
    (
        130472,
        _P,
        "The contact is part of a WhatsApp experiment without marketing.",
        "Wait for them to write.",
    ),
    (
        130497,
        _P,
        "This account may not write to the contact's country.",
        "Remove the country from the audience.",
    ),
    (131000, _R, "WhatsApp could not handle the message.", _AUTOMATIC),
    (
        131005,
        _A,
        "The access token lacks a permission.",
        "Reconnect and grant every permission that is asked for.",
    ),
    (131008, _P, "A required value is missing in the message.", _REPORT),
    (
        131009,
        _P,
        "A value in the message is not valid.",
        "Check the message; a reaction's target may be too old.",
    ),
    (131016, _R, "A WhatsApp service is temporarily unavailable.", _AUTOMATIC),
    (131020, _P, "The group does not allow this.", "Check the group and its settings."),
    (131021, _P, "A number cannot write to itself.", "Choose another recipient."),
    (131026, _P, "The message cannot reach this number.", "Check the number and whether it uses WhatsApp."),
    (
        131030,
        _P,
        "A test number may write only to its list of recipients.",
        "Add the recipient in Meta's app.",
    ),
    (
        131031,
        _A,
        "The account is locked or the PIN did not match.",
        "Open WhatsApp Manager and follow its notice.",
    ),
    (
        131037,
        _A,
        "The display name of the number is not approved yet.",
        "Submit a display name in WhatsApp Manager.",
    ),
    (131041, _P, "The group does not allow this.", "Check the group and its settings."),
    (131042, _A, "There is a problem with the payment method.", _BILLING),
    (131044, _A, "There is a problem with the payment method.", _BILLING),
    (131045, _A, "The number is not registered correctly.", "Register the number again."),
    (131047, _P, "More than 24 hours have passed since the contact last wrote.", "Send a template instead."),
    (131048, _A, "Too many people blocked or reported this number.", "Stop campaigns for at least 24 hours."),
    (
        131049,
        _P,
        "WhatsApp held back this marketing message for the contact's sake.",
        "Wait at least 24 hours.",
    ),
    (131050, _P, "The contact has stopped marketing messages.", "Do not send them marketing again."),
    (131051, _P, "WhatsApp does not support this kind of message.", "Send another kind of message."),
    (131052, _P, "A file the contact sent cannot be downloaded.", "Ask the contact to send it again."),
    (131053, _P, "WhatsApp cannot use this file.", "Convert the file to a supported format and size."),
    (131055, _P, "This message may not be sent in this way.", "Send it as an ordinary template message."),
    (131056, _R, "Too many messages to the same contact in a short time.", "The next one waits a little."),
    (131057, _R, "The number is in maintenance for a few minutes.", _AUTOMATIC),
    (131059, _P, "The group does not allow this.", "Check the group and its settings."),
    (131060, _P, "The message is not available here.", "Look at the message on the phone."),
    (131062, _P, "This message needs the contact's phone number.", "Ask the contact for their number."),
    (131063, _T, "Marketing is switched off on this way of sending.", "Switch it on in WhatsApp Manager."),
    (
        131064,
        _A,
        "Sending is limited: templates were filed under wrong categories.",
        "Wait; correct the categories.",
    ),
    # Templates
    (132000, _T, "The template needs another number of values.", "Fill every variable of the template."),
    (132001, _T, "The template does not exist or is not approved in this language.", "Sync the templates."),
    (132005, _P, "The filled-in template is too long.", "Shorten the values."),
    (132007, _T, "The template violates a WhatsApp policy.", "Change the text and submit it again."),
    (132008, _P, "A value of the template is not allowed.", "Check the values; line breaks are not allowed."),
    (132012, _P, "A value of the template has the wrong format.", "Check the values against the template."),
    (
        132015,
        _T,
        "The template is paused because of low quality.",
        "Improve the template or wait for the pause.",
    ),
    (132016, _T, "The template was disabled because of low quality.", "Create a new template."),
    (
        132018,
        _P,
        "The values of the template did not pass a check.",
        "Check the values against the template.",
    ),
    (132068, _T, "The form (flow) of the template is blocked.", "Repair the flow and publish it again."),
    (132069, _T, "The form (flow) of the template is limited to 10 messages an hour.", "Repair the flow."),
    # Registration of numbers
    (133000, _P, "The number was not removed completely.", "Deregister the number again."),
    (133004, _R, "The registration service is temporarily unavailable.", _AUTOMATIC),
    (133005, _P, "The two-step PIN is wrong.", "Enter the PIN that was set for this number."),
    (133006, _P, "The number is not verified yet.", "Verify the number with a code first."),
    (133008, _W, "The PIN was wrong too many times.", "Wait as long as the details say, then try again."),
    (133009, _W, "The PIN was tried too fast.", "Wait as long as the details say, then try again."),
    (133010, _A, "The number is not registered for the Cloud API.", "Register the number."),
    (133015, _W, "The number was deleted a moment ago.", "Wait 5 minutes, then register it."),
    (133016, _W, "The number was registered or removed too often.", "Wait 72 hours."),
    # Payments and the marketing messages API
    (134011, _A, "The payment terms are not accepted.", "Accept the terms in WhatsApp Manager."),
    (134100, _P, "Only marketing templates may be sent in this way.", "Send it as an ordinary template."),
    (134101, _W, "The template is still being prepared.", "Wait 10 minutes, then try again."),
    (134102, _A, "The account may not send marketing in this way.", "Finish the setup in WhatsApp Manager."),
    (135000, _R, "WhatsApp could not send the message and gave no reason.", "Check the message's content."),
    (137000, _P, "The contact's identity has changed.", "Confirm that it is still the same person."),
    (139103, _R, "The block list is temporarily unavailable.", _AUTOMATIC),
    # Creating templates
    (2388019, _P, "The account has reached its limit of templates.", "Delete templates that are not used."),
    (
        2388023,
        _W,
        "A template of this name and language is being deleted.",
        "Wait 30 days or use another name.",
    ),
    (2388024, _P, "A template of this name and language exists already.", "Choose another name or language."),
    (2388040, _P, "A text of the template is too long.", _EDIT_TEMPLATE),
    (2388047, _P, "The header of the template is not valid.", _EDIT_TEMPLATE),
    (2388072, _P, "The body of the template is not valid.", _EDIT_TEMPLATE),
    (2388073, _P, "The footer of the template is not valid.", _EDIT_TEMPLATE),
    (2388293, _P, "The template has too many variables for its length.", "Add words or remove variables."),
    (2388299, _P, "The template begins or ends with a variable.", "Put text before and after the variable."),
    # Adding and moving numbers
    (2388001, _P, "The number cannot be added or moved.", "Check the number in WhatsApp Manager."),
    (2388012, _P, "The number cannot be added or moved.", "Check whether it is in use in another account."),
    (2388091, _P, "The number cannot be moved to this account.", "Check both accounts in WhatsApp Manager."),
    (2388093, _P, "The number cannot be moved yet.", "Switch off its two-step verification, then try again."),
    (2388103, _P, "The number cannot be moved to this account.", "Check both accounts in WhatsApp Manager."),
    (2494100, _W, "The number is being worked on by WhatsApp.", "Wait some minutes, then try again."),
    # Coexistence with the phone app
    (
        2593107,
        _P,
        "The history was already requested once.",
        "Disconnect the number in the app and start again.",
    ),
    (2593108, _P, "The history must be requested within 24 hours.", "Disconnect in the app and start again."),
    (
        2593109,
        _P,
        "The owner chose not to share the history.",
        "Nothing to do: old messages stay on the phone.",
    ),
)

_RANGES: tuple[tuple[range, Retry, str, str], ...] = (
    (
        range(200, 300),
        _A,
        "A permission is missing.",
        "Reconnect and grant every permission that is asked for.",
    ),
    (range(131201, 131216), _P, "The group does not allow this.", "Check the group and its settings."),
    (range(138000, 138019), _P, "The call is not possible.", "Check that the contact allows calls."),
    (range(139000, 139007), _P, "The form (flow) is not accepted.", "Repair the flow as described."),
    (
        range(139100, 139104),
        _P,
        "The contact cannot be blocked.",
        "Only people who wrote within 24 hours can be.",
    ),
    (
        range(141000, 141016),
        _P,
        "WhatsApp reports a limit on this number.",
        "Follow the suggestion shown with it.",
    ),
    (range(147001, 147006), _P, "The user name is not available.", "Choose another user name."),
    (
        range(200005, 200008),
        _P,
        "Template statistics are not available.",
        "Enable insights in WhatsApp Manager.",
    ),
)

_BY_CODE = {code: ErrorInfo(code, meaning, advice, retry) for code, retry, meaning, advice in _TABLE}

_UNKNOWN = ErrorInfo(-1, "WhatsApp refused this and gave no reason we know.", _REPORT, Retry.PERMANENT)


def explain(code: int) -> ErrorInfo:
    """Return what a code of Meta means; an unknown code gets a general answer that is not retried."""
    known = _BY_CODE.get(code)
    if known is not None:
        return known
    for codes, retry, meaning, advice in _RANGES:
        if code in codes:
            return ErrorInfo(code, meaning, advice, retry)
    return replace(_UNKNOWN, code=code)


def is_known(code: int) -> bool:
    """Whether the code has an explanation of its own."""
    return code in _BY_CODE or any(code in codes for codes, *_ in _RANGES)


def known_codes() -> Iterable[int]:
    """Return every code of the table, ranges spelled out."""
    yield from _BY_CODE
    for codes, *_ in _RANGES:
        yield from (code for code in codes if code not in _BY_CODE)


def texts() -> Iterable[str]:
    """Return every meaning and every piece of advice, for whoever translates them."""
    for _codes, _retry, *words in (*_TABLE, *_RANGES):
        yield from words
    yield from (_UNKNOWN.meaning, _UNKNOWN.advice)
