"""The mails that Wapto writes: a kind (its words are in ``words``), the values for its gaps, and where it leads."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Value = str | int | dict[str, Any]
"""A text, a number, ``{"minor": 1999, "currency": "EUR"}`` or ``{"at": "2026-11-25T10:00+00:00", "zone": "UTC"}``."""


@dataclass(frozen=True, slots=True)
class Letter:
    """``path`` is where the button leads: a path of ours, or a whole address."""

    kind: str
    values: dict[str, Value] = field(default_factory=dict)
    path: str = ""


def invitation(inviter: str, path: str, *, days: int) -> Letter:
    """Asks somebody to join with a link that works for some days."""
    return Letter("invitation", {"inviter": inviter, "days": days}, path)


def reset(name: str, path: str) -> Letter:
    """The link to a new password."""
    return Letter("reset", {"name": name}, path)


def email_changed(name: str, new: str) -> Letter:
    """Tells the old address that it does not sign in any more, in case its owner did not want that."""
    return Letter("email_changed", {"name": name, "new": new})


def two_factor_off(name: str) -> Letter:
    """Tells somebody that their sign-in asks for no second factor any more."""
    return Letter("two_factor_off", {"name": name}, "/profile")


def trial_ending(name: str, ends_at: datetime, zone: str = "UTC") -> Letter:
    """``zone`` is the reader's time zone."""
    return Letter("trial_ending", {"name": name, "until": moment(ends_at, zone)}, "/subscription")


def trial_ended(name: str) -> Letter:
    return Letter("trial_ended", {"name": name}, "/subscription")


def payment_failed(
    name: str, minor: int, currency: str, *, next_try: datetime | None = None, zone: str = "UTC"
) -> Letter:
    """``minor``: the amount in the currency's smallest unit; ``next_try``: when the card is charged again."""
    values: dict[str, Value] = {"name": name, "amount": money(minor, currency)}
    if next_try is None:
        return Letter("payment_failed", values, "/subscription")
    return Letter("payment_retry", values | {"at": moment(next_try, zone)}, "/subscription")


def invoice(name: str, number: str, minor: int, currency: str, path: str = "/subscription") -> Letter:
    """``path`` may be the address of the invoice at the payment provider."""
    return Letter("invoice", {"name": name, "number": number, "amount": money(minor, currency)}, path)


def limit_warning(name: str, what: str, used: int, limit: int) -> Letter:
    """``what`` is counted, in words ("contacts"); the plan allows ``limit`` of them."""
    values: dict[str, Value] = {
        "name": name,
        "what": what,
        "used": used,
        "limit": limit,
        "percent": used * 100 // max(limit, 1),
    }
    return Letter("limit_warning", values, "/subscription")


def note(subject: str, text: str, path: str = "") -> Letter:
    """Something that another feature has put into words, in the reader's language; the button opens ``path``."""
    return Letter("note", {"subject": subject, "text": text}, path)


def trial_run() -> Letter:
    """What the test button sends."""
    return Letter("test")


def money(minor: int, currency: str) -> dict[str, Any]:
    return {"minor": minor, "currency": currency.upper()}


def moment(at: datetime, zone: str) -> dict[str, Any]:
    return {"at": at.isoformat(), "zone": zone}
