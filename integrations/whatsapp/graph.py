"""The Graph API client: one access token, every call the product needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import orjson

from .accounts import AccountCalls
from .blocking import BlockingCalls
from .connection import GraphConnection, node, success
from .errors import Ambiguous, InvalidMessage
from .media import MediaCalls
from .phone_numbers import PhoneNumberCalls
from .profile import ProfileCalls
from .reading import JsonObject, as_object, as_text
from .templates import TemplateCalls
from .uploads import UploadCalls

__all__ = ["GraphClient", "SendResult"]


@dataclass(frozen=True, slots=True)
class SendResult:
    """What Meta says when it takes a message on. Whether it arrives is known only from status webhooks.

    Attributes:
        wamid: Id of the message, the key of its status webhooks.
        wa_id: WhatsApp's id of the recipient; may differ from the number written to (Brazil, Mexico,
            Argentina), so keep it as an alias. None when written to a business-scoped user id.
        user_id: Business-scoped user id; None when written to a phone number.
        message_status: Templates only: `accepted`, `held_for_quality_assessment` or `paused`.
        raw: The whole answer.
    """

    wamid: str
    wa_id: str | None = None
    user_id: str | None = None
    message_status: str | None = None
    raw: JsonObject = field(default_factory=dict, repr=False, compare=False)


class GraphClient(
    MediaCalls,
    UploadCalls,
    PhoneNumberCalls,
    ProfileCalls,
    TemplateCalls,
    BlockingCalls,
    AccountCalls,
    GraphConnection,
):
    """Everything one access token can do. Cheap to make; share the HTTP client between many of them.

    Every method raises `GraphError` when Meta refuses, `NotSent` when the request never left, and
    `Ambiguous` when no usable answer came back.

    Reads are repeated up to three times. Writes are repeated only when they never left. Messages are
    never repeated here: there is no idempotency key, so only the caller can know whether it may.
    """

    async def send_message(self, phone_number_id: str, payload: Mapping[str, Any]) -> SendResult:
        """Send what a builder of `messages` made. Never repeated, not even when it never left.

        A call that is cancelled is ambiguous, too: the message may already be on its way.

        Raises:
            InvalidMessage: The payload is not JSON that Meta could read.
        """
        answer = await self._exchange(self._message(phone_number_id, payload))
        return _send_result(answer)

    async def mark_read(self, phone_number_id: str, wamid: str, *, typing: bool = False) -> bool:
        """Mark an inbound message, and everything before it, as read.

        Args:
            phone_number_id: The number that received the message.
            wamid: An inbound message. Meta: not older than 30 days.
            typing: Also show "typing …" until we answer, for at most 25 seconds.
        """
        payload: JsonObject = {"messaging_product": "whatsapp", "status": "read", "message_id": wamid}
        if typing:
            payload["typing_indicator"] = {"type": "text"}
        return success(await self._exchange(self._message(phone_number_id, payload)))

    def _message(self, phone_number_id: str, payload: Mapping[str, Any]) -> httpx.Request:
        url, body = self._steady_url(f"{node(phone_number_id)}/messages"), _encode(payload)
        # As a stream: given as content, httpx would work out all headers anew.
        request = httpx.Request(
            "POST",
            url,
            headers=self._message_headers,
            stream=httpx.ByteStream(body),
            extensions=self._extensions,
        )
        request.headers.encoding = "ascii"
        request.headers["Content-Length"] = str(len(body))
        request.read()
        return request


def _encode(payload: Mapping[str, Any]) -> bytes:
    try:
        return orjson.dumps(payload if isinstance(payload, dict) else dict(payload))
    except TypeError as exc:
        raise InvalidMessage("payload", str(exc)) from None


def _send_result(answer: JsonObject) -> SendResult:
    message = _first(answer.get("messages"))
    contact = _first(answer.get("contacts"))
    wamid = as_text(message.get("id"))
    if wamid is None:
        raise Ambiguous("Meta answered without a message id")
    return SendResult(
        wamid=wamid,
        wa_id=as_text(contact.get("wa_id")),
        user_id=as_text(contact.get("user_id")),
        message_status=as_text(message.get("message_status")),
        raw=answer,
    )


def _first(items: Any) -> JsonObject:
    return as_object(items[0]) if isinstance(items, list) and items else {}
