"""Why a campaign stands still although nobody paused it, and what to do about it."""

from __future__ import annotations

from enum import StrEnum
from typing import TypedDict

from integrations.whatsapp.errors import explain


class Cause(StrEnum):
    """The words of ``Campaign.pause_cause``. ``TIER`` and ``SPAM`` only wait, and go on by themselves."""

    TOKEN_REFUSED = "token_refused"
    DISCONNECTED = "disconnected"
    TEMPLATE_PAUSED = "template_paused"
    TEMPLATE_DISABLED = "template_disabled"
    TEMPLATE_REJECTED = "template_rejected"
    TEMPLATE_PENDING = "template_pending"
    TEMPLATE_GONE = "template_gone"
    TEMPLATE_REFUSED = "template_refused"
    ERRORS = "errors"
    PAYMENT = "payment"
    ACCOUNT = "account"
    TIER = "tier"
    SPAM = "spam"
    PLAN = "plan"
    FILE = "file"
    CARD_FILE = "card_file"
    BUILDING = "building"


class Told(TypedDict):
    """``words``: what happened, ``advice``: what to do. Both are whole sentences; empty for a person's own pause."""

    words: str
    advice: str


def say(text: str) -> str:
    """A sentence that people read; the catalogs know it by this call."""
    return text


_SENTENCES: dict[Cause, tuple[str, str]] = {
    Cause.TOKEN_REFUSED: (
        say("WhatsApp refused the access token of the number."),
        say("Reconnect the number under Integrations. Then resume the campaign."),
    ),
    Cause.DISCONNECTED: (
        say("The number is no longer connected."),
        say("Connect it again under Integrations. Then resume the campaign."),
    ),
    Cause.TEMPLATE_PAUSED: (
        say("WhatsApp paused the template “{detail}” because customers rated it badly."),
        say("Wait until WhatsApp ends the pause, or improve the template. Then resume the campaign."),
    ),
    Cause.TEMPLATE_DISABLED: (
        say("WhatsApp disabled the template “{detail}” for good."),
        say("Duplicate the campaign with another template, for those who have not got it."),
    ),
    Cause.TEMPLATE_REJECTED: (
        say("WhatsApp rejected the template “{detail}”."),
        say("Change the template and submit it again. Then resume the campaign."),
    ),
    Cause.TEMPLATE_PENDING: (
        say("WhatsApp is reviewing the template “{detail}”."),
        say("Wait until it is approved. Then resume the campaign."),
    ),
    Cause.TEMPLATE_GONE: (
        say("The template “{detail}” does not exist at WhatsApp any more."),
        say("Duplicate the campaign with another template, for those who have not got it."),
    ),
    Cause.TEMPLATE_REFUSED: (
        say("WhatsApp refused messages with this template: {detail}"),
        say("Repair what it says, or the template. Then resume the campaign."),
    ),
    Cause.ERRORS: (
        say("Too many messages failed: {detail}."),
        say("Look at the reasons below. Resume when you know why, or cancel."),
    ),
    Cause.PAYMENT: (
        say("WhatsApp does not send because of the payment: {detail}"),
        say("Check the payment method in WhatsApp Manager. Then resume the campaign."),
    ),
    Cause.ACCOUNT: (
        say("WhatsApp blocks sending from this account: {detail}"),
        say("Open WhatsApp Manager and follow its notice. Then resume the campaign."),
    ),
    Cause.TIER: (
        say("The number has written to as many people in 24 hours as WhatsApp allows ({detail})."),
        say("It goes on by itself. WhatsApp raises the limit of numbers whose messages are liked."),
    ),
    Cause.SPAM: (
        say("WhatsApp limits this number because too many people blocked or reported it."),
        say("It goes on by itself after a day. Choose an audience that expects your messages."),
    ),
    Cause.PLAN: (
        say("Your plan's messages of this month are used up."),
        say("Choose a larger plan under Subscription, or wait for the next month. Then resume the campaign."),
    ),
    Cause.FILE: (
        say("The file of the template's header is not there any more."),
        say("Duplicate the campaign with another file, for those who have not got it."),
    ),
    Cause.CARD_FILE: (
        say("The file of the template's card {detail} is not there any more."),
        say("Duplicate the campaign with another file, for those who have not got it."),
    ),
    Cause.BUILDING: (
        say("The list of recipients could not be made: {detail}"),
        say("Look at the audience. Then press Resume: it goes on where it stopped."),
    ),
}

_BY_CODE = {
    131042: Cause.PAYMENT,
    131044: Cause.PAYMENT,
    10: Cause.ACCOUNT,
    33: Cause.ACCOUNT,
    368: Cause.ACCOUNT,
    131005: Cause.ACCOUNT,
    131031: Cause.ACCOUNT,
    131037: Cause.ACCOUNT,
    131045: Cause.ACCOUNT,
    131064: Cause.ACCOUNT,
    133010: Cause.ACCOUNT,
    132000: Cause.TEMPLATE_REFUSED,
    132001: Cause.TEMPLATE_REFUSED,
    132007: Cause.TEMPLATE_REFUSED,
    132015: Cause.TEMPLATE_REFUSED,
    132016: Cause.TEMPLATE_REFUSED,
    132068: Cause.TEMPLATE_REFUSED,
    132069: Cause.TEMPLATE_REFUSED,
    131063: Cause.TEMPLATE_REFUSED,
    131048: Cause.SPAM,
}
_BY_STATUS = {
    "PAUSED": Cause.TEMPLATE_PAUSED,
    "DISABLED": Cause.TEMPLATE_DISABLED,
    "REJECTED": Cause.TEMPLATE_REJECTED,
    "PENDING": Cause.TEMPLATE_PENDING,
    "IN_APPEAL": Cause.TEMPLATE_PENDING,
}


def told(cause: str, detail: str = "") -> Told:
    """A stored cause in words; empty for none, and for a word of a later version the detail alone."""
    if cause not in tuple(Cause):
        return Told(words=detail, advice="")
    words, advice = _SENTENCES[Cause(cause)]
    return Told(words=words.replace("{detail}", detail), advice=advice)


def of_code(code: int | None) -> Cause | None:
    """What a failure with Meta's code says about all the other messages; None when it concerns one person only."""
    return _BY_CODE.get(code) if code is not None else None


def meaning(code: int) -> str:
    """Meta's code in a sentence."""
    return say("{meaning} (#{code})").replace("{meaning}", explain(code).meaning).replace("{code}", str(code))


def share_of_last(failed: int, results: int) -> str:
    """ "12 of the last 50"."""
    return (
        say("{failed} of the last {results}")
        .replace("{failed}", str(failed))
        .replace("{results}", str(results))
    )


def of_template(status: str, *, is_gone: bool) -> Cause | None:
    """What a template's status means for a campaign that sends it; None when it may be sent."""
    if is_gone:
        return Cause.TEMPLATE_GONE
    if status == "APPROVED":
        return None
    return _BY_STATUS.get(status, Cause.TEMPLATE_GONE)
