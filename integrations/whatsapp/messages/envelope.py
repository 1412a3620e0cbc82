"""What all outgoing messages share: who gets it, what it answers, and Meta's limits on text."""

from __future__ import annotations

import re
from typing import Any, TypedDict

from ..errors import InvalidMessage

Payload = dict[str, Any]

MAX_CALLBACK_DATA = 512
"""Meta: characters of `biz_opaque_callback_data`."""

_SEPARATORS = re.compile(r"[\s().\-]")
_PHONE = re.compile(r"\+?([1-9][0-9]{4,14})")
_BSUID = re.compile(r"[A-Z]{2}\.(?:[A-Za-z0-9]+\.)?[A-Za-z0-9]{1,128}")


class Address(TypedDict, total=False):
    """Keywords that every builder takes.

    Attributes:
        to: Phone number or wa_id, with country code; `+` is added when missing, because without it Meta may
            put the business number's own country code in front.
        recipient: Business-scoped user id (`US.1349…`), for users without a visible number. When both are
            given, Meta uses `to`.
        group_id: A group instead of a person.
        reply_to: wamid to quote. Meta: unknown ids are ignored; reactions cannot quote.
        callback_data: Our own key, up to 512 characters; comes back in every status webhook, even if the
            answer to the send was lost.
        identity_hash: Send only if the user's identity is still this one (137000 otherwise).
    """

    to: str | None
    recipient: str | None
    group_id: str | None
    reply_to: str | None
    callback_data: str | None
    identity_hash: str | None


def envelope(kind: str, body: Any, address: Address) -> Payload:
    """Put a message object into the envelope Meta wants."""
    payload: Payload = {"messaging_product": "whatsapp", **_addressee(address), "type": kind, kind: body}
    if reply_to := address.get("reply_to"):
        if kind == "reaction":
            raise InvalidMessage("reply_to", "A reaction cannot be a reply.")
        payload["context"] = {"message_id": reply_to}
    if callback_data := address.get("callback_data"):
        payload["biz_opaque_callback_data"] = short("callback_data", callback_data, MAX_CALLBACK_DATA)
    if identity_hash := address.get("identity_hash"):
        payload["recipient_identity_key_hash"] = identity_hash
    return payload


def _addressee(address: Address) -> Payload:
    to, recipient, group_id = address.get("to"), address.get("recipient"), address.get("group_id")
    if group_id:
        if to or recipient:
            raise InvalidMessage("to", "Address either a group or a person.")
        return {"recipient_type": "group", "to": group_id}
    if not to and not recipient:
        raise InvalidMessage("to", "A message needs a phone number or a user id.")
    addressee: Payload = {"recipient_type": "individual"}
    if to:
        addressee["to"] = _phone(to)
    if recipient:
        addressee["recipient"] = _user_id(recipient)
    return addressee


def _phone(text: str) -> str:
    found = _PHONE.fullmatch(_SEPARATORS.sub("", text))
    if not found:
        raise InvalidMessage("to", "This is not a phone number with country code.")
    return f"+{found[1]}"


def _user_id(text: str) -> str:
    if not _BSUID.fullmatch(text):
        raise InvalidMessage("recipient", "This is not a WhatsApp user id (such as US.1349…).")
    return text


def short(field: str, text: str, most: int) -> str:
    """Return a text that is neither empty nor longer than `most` characters."""
    if not text or not text.strip():
        raise InvalidMessage(field, "This may not be empty.")
    if len(text) > most:
        raise InvalidMessage(field, f"At most {most} characters are allowed; this has {len(text)}.")
    return text


def optional(field: str, text: str | None, most: int) -> str | None:
    """Like `short`, but nothing may be given."""
    return short(field, text, most) if text else None


def count(field: str, number: int, least: int, most: int) -> None:
    """Check how many parts there are."""
    if not least <= number <= most:
        allowed = f"{least} to {most}" if least != most else str(most)
        raise InvalidMessage(field, f"{allowed} are allowed; there are {number}.")


def web_url(field: str, url: str, most: int = 2000) -> str:
    """Return a web address that Meta would open."""
    if not url.startswith(("https://", "http://")) or re.search(r"\s", url):
        raise InvalidMessage(field, "This is not a web address (https://…).")
    return short(field, url, most)


def unique(field: str, values: list[str]) -> None:
    """Check that no value occurs twice."""
    if len(set(values)) != len(values):
        raise InvalidMessage(field, "Each one must be different.")


def present(**parts: Any) -> Payload:
    """Return only the parts that are given."""
    return {name: part for name, part in parts.items() if part is not None}
