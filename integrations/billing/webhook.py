"""Webhooks: is it Stripe who speaks, and about what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import orjson
import stripe

TOLERANCE = 300
"""Seconds. Stripe's own default: an older signature could be a recording."""


class BadSignature(Exception):
    """Not signed with any of our secrets, too old, or not an event."""


@dataclass(frozen=True, slots=True)
class Notice:
    """That something happened to an object. What it looks like now is to be read from Stripe: events come late, twice
    and in any order.

    ``intent`` is the payment intent of a charge or dispute; ``contract`` the subscription of an invoice.
    """

    id: str
    type: str
    kind: str
    object_id: str
    intent: str = ""
    contract: str = ""


def verify(raw: bytes, header: str | None, secrets: Iterable[str]) -> Notice:
    """Check the signature over the raw bytes against each secret; two are valid while one is replaced.

    Raises:
        BadSignature: when none fits.
    """
    for secret in filter(None, secrets):
        try:
            stripe.Webhook.construct_event(raw, header, secret, tolerance=TOLERANCE)
        except (stripe.SignatureVerificationError, ValueError, AttributeError):
            continue
        return read_notice(raw)
    raise BadSignature("The signature fits none of the webhook secrets, or is too old.")


def read_notice(raw: bytes) -> Notice:
    """What a body is about.

    Raises:
        BadSignature: when it is no event.
    """
    try:
        event: Any = orjson.loads(raw)
        about = event["data"]["object"]
        parent = (about.get("parent") or {}).get("subscription_details") or {}
        return Notice(
            id=_text(event["id"]),
            type=_text(event["type"]),
            kind=_text(about["object"]),
            # The id of a customer's or an account's object; some, like a balance, have none.
            object_id=_text(about.get("id") or ""),
            intent=_text(about.get("payment_intent") or ""),
            contract=_text(parent.get("subscription") or ""),
        )
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise BadSignature("The body is not an event of Stripe.") from error


def _text(value: Any) -> str:
    if not isinstance(value, str) or len(value) > 255:
        raise TypeError("not an id")
    return value
