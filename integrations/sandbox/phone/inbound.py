"""Builds what customers send, in the shapes of Meta's webhooks."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import invalid, status_error
from ..graph.media import download_url, keep
from ..ids import business_scoped_id
from ..models import Customer, Json, Media, Message, Number
from ..samples import sample_document, sample_image, sample_sticker, sample_voice
from ..store import clean_number

if TYPE_CHECKING:
    from ..sandbox import Sandbox

_EDIT_SPAN = 15 * 60
_TOO_LARGE = 100 * 1024 * 1024
_KEPT_DAYS = 7
_SAMPLES: dict[str, tuple[Callable[[], bytes], str, str]] = {
    "image": (lambda: sample_image("from-the-customer"), "image/jpeg", "photo.jpg"),
    "sticker": (sample_sticker, "image/webp", "sticker.webp"),
    "document": (sample_document, "application/pdf", "viewing-request.pdf"),
    "audio": (sample_voice, "audio/ogg; codecs=opus", "voice.ogg"),
}

Composed = tuple[Message, Json | None]
Builder = Callable[["Sandbox", Customer, Number, Json, bytes | None], Composed]


def compose(sandbox: Sandbox, customer: Customer, number: Number, wish: Json, data: bytes | None) -> Composed:
    """A message from a wish such as `{"type": "text", "text": "Hi", "reply_to": "wamid…"}`."""
    kind = str(wish.get("type") or "text")
    builder = _BUILDERS.get(kind)
    if builder is None:
        raise invalid(f"type must be one of {', '.join(sorted(_BUILDERS))}")
    message, extra = builder(sandbox, customer, number, wish, data)
    if context := _context(sandbox, number, wish):
        message.context = context
    if isinstance(wish.get("referral"), dict):
        extra = (extra or {}) | {"referral": wish["referral"]}
    return message, extra


def _context(sandbox: Sandbox, number: Number, wish: Json) -> Json:
    context: Json = {}
    if quoted := wish.get("reply_to"):
        known = sandbox.store.messages.get(str(quoted))
        sender = number.digits
        if known is not None and known.direction == "in":
            sender = sandbox.store.customers[known.customer_id].wa_id
        context = {"from": sender, "id": str(quoted)}
    for flag in ("forwarded", "frequently_forwarded"):
        if wish.get(flag):
            context[flag] = True
    return context


def _text(sandbox: Sandbox, customer: Customer, number: Number, wish: Json, _: bytes | None) -> Composed:
    return sandbox.traffic.new_inbound(customer, number, "text", {"body": _body(wish)}), None


def _body(wish: Json) -> str:
    text = wish.get("text")
    body = text.get("body") if isinstance(text, dict) else text
    if not isinstance(body, str) or not body.strip() or len(body) > 65_536:
        raise invalid("text is required.")
    return body


def _media(sandbox: Sandbox, customer: Customer, number: Number, wish: Json, data: bytes | None) -> Composed:
    kind = str(wish["type"])
    if data is not None and len(data) > _TOO_LARGE:
        message = sandbox.traffic.new_inbound(customer, number, kind, None)
        return message, {"errors": [status_error(131052, "The media file is too large to download.")]}
    media = _file(sandbox, number, kind, wish, data)
    body: Json = {"mime_type": media.mime_type, "id": media.id}
    # Webhooks give the hash in base64, the media node gives it in hex.
    body["sha256"] = base64.b64encode(bytes.fromhex(media.sha256)).decode()
    if url := download_url(sandbox, media, sandbox.base_url):
        body["url"] = url
    if kind in ("image", "video", "document") and wish.get("caption"):
        body["caption"] = str(wish["caption"])
    if kind == "document":
        body["filename"] = media.filename or "file"
    elif kind == "audio":
        body["voice"] = str(wish.get("voice", media.mime_type.startswith("audio/ogg"))).lower() == "true"
    elif kind == "sticker":
        body["animated"] = False
    return sandbox.traffic.new_inbound(customer, number, kind, body), None


def _file(sandbox: Sandbox, number: Number, kind: str, wish: Json, data: bytes | None) -> Media:
    if known := sandbox.store.media.get(str(wish.get("media_id"))):
        return known
    mime_type = str(wish.get("mime_type") or "application/octet-stream")
    filename = wish.get("filename")
    if not data:
        if not wish.get("sample") or kind not in _SAMPLES:
            raise invalid(f"A {kind} needs a file, a media_id or, if there is one, sample: true.")
        draw, mime_type, filename = _SAMPLES[kind]
        data = draw()
    media = keep(sandbox, number.id, data, mime_type, _KEPT_DAYS)
    media.filename = str(filename) if filename else None
    return media


def _location(sandbox: Sandbox, customer: Customer, number: Number, wish: Json, _: bytes | None) -> Composed:
    try:
        body: Json = {"latitude": float(wish["latitude"]), "longitude": float(wish["longitude"])}
    except (KeyError, TypeError, ValueError):
        raise invalid("latitude and longitude are required.") from None
    body |= {name: str(wish[name]) for name in ("name", "address", "url") if wish.get(name)}
    return sandbox.traffic.new_inbound(customer, number, "location", body), None


def _contacts(sandbox: Sandbox, customer: Customer, number: Number, wish: Json, _: bytes | None) -> Composed:
    cards = wish.get("contacts")
    if not isinstance(cards, list) or not cards:
        raise invalid("contacts must be a non-empty array.")
    return sandbox.traffic.new_inbound(customer, number, "contacts", cards), None


def _reaction(sandbox: Sandbox, customer: Customer, number: Number, wish: Json, _: bytes | None) -> Composed:
    target = sandbox.store.messages.get(str(wish.get("message_id")))
    if target is None or target.customer_id != customer.id:
        raise invalid("message_id is not a message of this thread.")
    emoji = str(wish.get("emoji") or "")
    target.customer_reaction = emoji
    sandbox.store.touch_message(target)
    body: Json = {"message_id": target.wamid}
    return sandbox.traffic.new_inbound(
        customer, number, "reaction", body | {"emoji": emoji} if emoji else body
    ), None


def _interactive(kind: str, *keys: str) -> Builder:
    def build(sandbox: Sandbox, customer: Customer, number: Number, wish: Json, _: bytes | None) -> Composed:
        if not wish.get("reply_to") or not wish.get("id") or not wish.get("title"):
            raise invalid("reply_to, id and title are required.")
        reply = {key: str(wish[key]) for key in keys if wish.get(key)}
        body = {"type": kind, kind: reply}
        return sandbox.traffic.new_inbound(customer, number, "interactive", body), None

    return build


def _button(sandbox: Sandbox, customer: Customer, number: Number, wish: Json, _: bytes | None) -> Composed:
    if not wish.get("reply_to") or not wish.get("text"):
        raise invalid("reply_to and text are required.")
    text = str(wish["text"])
    body = {"payload": str(wish.get("payload") or text), "text": text}
    return sandbox.traffic.new_inbound(customer, number, "button", body), None


def _form(sandbox: Sandbox, customer: Customer, number: Number, wish: Json, _: bytes | None) -> Composed:
    response = wish.get("response_json")
    if response is None:
        response = json.dumps(wish.get("response") or {}, ensure_ascii=False)
    reply = {"name": str(wish.get("name") or "flow"), "body": str(wish.get("body") or "Sent")}
    reply["response_json"] = str(response)
    body = {"type": "nfm_reply", "nfm_reply": reply}
    return sandbox.traffic.new_inbound(customer, number, "interactive", body), None


def _order(sandbox: Sandbox, customer: Customer, number: Number, wish: Json, _: bytes | None) -> Composed:
    items = wish.get("product_items")
    if not isinstance(items, list) or not items:
        raise invalid("product_items must be a non-empty array.")
    body: Json = {"catalog_id": str(wish.get("catalog_id") or "1"), "product_items": items}
    if wish.get("text"):
        body["text"] = str(wish["text"])
    return sandbox.traffic.new_inbound(customer, number, "order", body), None


def _unsupported(
    sandbox: Sandbox, customer: Customer, number: Number, wish: Json, _: bytes | None
) -> Composed:
    body = {"type": str(wish.get("kind") or "poll")}
    error = status_error(131051, "Message type is currently not supported.") | {
        "title": "Message type unknown"
    }
    message = sandbox.traffic.new_inbound(customer, number, "unsupported", body)
    return message, {"errors": [error | {"message": "Message type unknown"}]}


def _own(sandbox: Sandbox, customer: Customer, wish: Json) -> Message:
    message = sandbox.store.messages.get(str(wish.get("message_id")))
    if message is None or message.customer_id != customer.id or message.direction != "in":
        raise invalid("message_id is not a message of this customer.")
    return message


def _edit(sandbox: Sandbox, customer: Customer, number: Number, wish: Json, _: bytes | None) -> Composed:
    original = _own(sandbox, customer, wish)
    if original.type != "text" or original.revoked:
        raise invalid("Only text messages can be edited.")
    if sandbox.clock.now() - original.timestamp > _EDIT_SPAN:
        raise invalid("Messages can be edited for 15 minutes.")
    original.body, original.edited = {"body": _body(wish)}, True
    sandbox.store.touch_message(original)
    inner: Json = {"type": "text", "text": original.body}
    if original.context:
        inner["context"] = original.context
    body = {"original_message_id": original.wamid, "message": inner}
    return sandbox.traffic.new_inbound(customer, number, "edit", body), None


def _revoke(sandbox: Sandbox, customer: Customer, number: Number, wish: Json, _: bytes | None) -> Composed:
    original = _own(sandbox, customer, wish)
    original.revoked = True
    sandbox.store.touch_message(original)
    body = {"original_message_id": original.wamid}
    return sandbox.traffic.new_inbound(customer, number, "revoke", body), None


def _system(sandbox: Sandbox, customer: Customer, number: Number, wish: Json, _: bytes | None) -> Composed:
    new = clean_number(str(wish.get("new_number") or ""))
    if new is None or sandbox.store.customer_by_number(new) is not None:
        raise invalid("new_number must be a free phone number.")
    body: Json = {
        "body": f"User {customer.name} changed from {customer.wa_id} to {new}",
        "type": "user_changed_number",
        "wa_id": new,
        "user_id": business_scoped_id(new, sandbox.config.business_id),
    }
    return sandbox.traffic.new_inbound(customer, number, "system", body), None


def _welcome(sandbox: Sandbox, customer: Customer, number: Number, _: Json, __: bytes | None) -> Composed:
    return sandbox.traffic.new_inbound(customer, number, "request_welcome", None), None


def _raw(sandbox: Sandbox, customer: Customer, number: Number, wish: Json, _: bytes | None) -> Composed:
    kind, body = wish.get("message_type"), wish.get("content")
    if not isinstance(kind, str) or not kind:
        raise invalid("message_type is required.")
    content: Any = body
    return sandbox.traffic.new_inbound(customer, number, kind, content), None


_BUILDERS: dict[str, Builder] = {
    "text": _text,
    **dict.fromkeys(("image", "video", "audio", "document", "sticker"), _media),
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    "button_reply": _interactive("button_reply", "id", "title"),
    "list_reply": _interactive("list_reply", "id", "title", "description"),
    "button": _button,
    "nfm_reply": _form,
    "order": _order,
    "unsupported": _unsupported,
    "edit": _edit,
    "revoke": _revoke,
    "system": _system,
    "request_welcome": _welcome,
    "raw": _raw,
}
