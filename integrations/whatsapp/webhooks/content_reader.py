"""Reading the part of a message that depends on its type."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any, Literal, NamedTuple

from ..reading import JsonObject, as_bool, as_float, as_int, as_object, as_text, as_time, objects
from .content import (
    ButtonContent,
    CallPermissionContent,
    ContactCard,
    ContactsContent,
    EditContent,
    FlowReplyContent,
    LocationContent,
    MediaContent,
    MessageContent,
    OrderContent,
    OrderItem,
    ReactionContent,
    ReplyContent,
    RevokeContent,
    SystemContent,
    TextContent,
    UnsupportedContent,
    WelcomeContent,
)
from .decoding import decode

_OLD_SYSTEM_EVENTS = {"customer_changed_number": "user_changed_number"}
_NUMBER_CHANGES = ("user_changed_number", "user_changed_user_id")


class Body(NamedTuple):
    """What a message says: its type, a line for display, and the normal form."""

    type: str
    text: str
    content: MessageContent


def read_body(message: JsonObject) -> Body:
    """Read a message of any type; whatever cannot be read comes out as `unsupported`."""
    kind = as_text(message.get("type")) or _guessed_type(message)
    reader = _READERS.get(kind)
    if reader is None:
        return _unsupported(message, kind)
    return reader(message, kind) or _unsupported(message, kind)


def _guessed_type(message: JsonObject) -> str:
    return next((kind for kind in _READERS if kind in message), "unknown")


def _unsupported(message: JsonObject, kind: str) -> Body:
    inner = as_text(as_object(message.get("unsupported")).get("type"))
    content: UnsupportedContent = {"kind": "unsupported", "original_type": inner or kind}
    return Body("unsupported", "", content)


def _text(message: JsonObject, kind: str) -> Body | None:
    if not isinstance(message.get("text"), dict):
        return None
    body = as_text(message["text"].get("body")) or ""
    content: TextContent = {"kind": "text", "body": body}
    return Body(kind, body, content)


def _media(message: JsonObject, kind: str) -> Body:
    part = as_object(message.get(kind))
    caption = as_text(part.get("caption")) or ""
    content: MediaContent = {
        "kind": "media",
        "media_type": kind,
        "id": as_text(part.get("id")),
        "url": as_text(part.get("url")),
        "mime_type": as_text(part.get("mime_type")),
        "sha256": as_text(part.get("sha256")),
        "caption": caption,
        "filename": as_text(part.get("filename")),
        "voice": as_bool(part.get("voice")) or False,
        "animated": as_bool(part.get("animated")) or False,
    }
    return Body(kind, caption or content["filename"] or "", content)


def _location(message: JsonObject, kind: str) -> Body | None:
    part = as_object(message.get("location"))
    if not part:
        return None
    name, address = as_text(part.get("name")) or "", as_text(part.get("address")) or ""
    content: LocationContent = {
        "kind": "location",
        "latitude": as_float(part.get("latitude")),
        "longitude": as_float(part.get("longitude")),
        "name": name,
        "address": address,
        "url": as_text(part.get("url")),
    }
    return Body(kind, ", ".join(part for part in (name, address) if part), content)


def _contacts(message: JsonObject, kind: str) -> Body | None:
    cards = [_card(card) for card in objects(message.get("contacts"))]
    if not cards:
        return None
    content: ContactsContent = {"kind": "contacts", "cards": cards}
    return Body(kind, ", ".join(card["name"] for card in cards if card["name"]), content)


def _card(card: JsonObject) -> ContactCard:
    name = as_object(card.get("name"))
    first, last = as_text(name.get("first_name")) or "", as_text(name.get("last_name")) or ""
    phones = [
        phone for phone in objects(card.get("phones")) if as_text(phone.get("phone") or phone.get("wa_id"))
    ]
    return {
        "name": as_text(name.get("formatted_name")) or f"{first} {last}".strip(),
        "first_name": first,
        "last_name": last,
        "company": as_text(as_object(card.get("org")).get("company")) or "",
        "phones": [
            {
                "phone": as_text(phone.get("phone")) or f"+{phone.get('wa_id')}",
                "type": as_text(phone.get("type")),
                "wa_id": as_text(phone.get("wa_id")),
            }
            for phone in phones
        ],
        "emails": [
            {"email": email, "type": as_text(item.get("type"))}
            for item in objects(card.get("emails"))
            if (email := as_text(item.get("email")))
        ],
        "vcard": as_text(card.get("vcard")),
    }


def _reaction(message: JsonObject, kind: str) -> Body | None:
    part = as_object(message.get("reaction"))
    if not part:
        return None
    emoji = as_text(part.get("emoji"))
    content: ReactionContent = {
        "kind": "reaction",
        "message_id": as_text(part.get("message_id")),
        "emoji": emoji,
    }
    return Body(kind, emoji or "", content)


def _button(message: JsonObject, kind: str) -> Body | None:
    part = as_object(message.get("button"))
    text = as_text(part.get("text")) or as_text(part.get("payload"))
    if text is None:
        return None
    content: ButtonContent = {"kind": "button", "text": text, "payload": as_text(part.get("payload"))}
    return Body(kind, text, content)


def _interactive(message: JsonObject, kind: str) -> Body | None:
    part = as_object(message.get("interactive"))
    inner = as_text(part.get("type")) or next((key for key in _INTERACTIVE if key in part), "")
    reader = _INTERACTIVE.get(inner)
    return reader(as_object(part.get(inner)), inner) if reader else None


def _reply(reply: JsonObject, inner: str) -> Body | None:
    choice, title = as_text(reply.get("id")), as_text(reply.get("title"))
    if choice is None and title is None:
        return None
    kind: Literal["button_reply", "list_reply"] = "list_reply" if inner == "list_reply" else "button_reply"
    content: ReplyContent = {
        "kind": kind,
        "id": choice or title or "",
        "title": title or "",
        "description": as_text(reply.get("description")) or "",
    }
    return Body("interactive", title or "", content)


def _flow_reply(reply: JsonObject, _inner: str) -> Body | None:
    if not reply:
        return None
    response = _json_in_text(reply.get("response_json"))
    body = as_text(reply.get("body")) or ""
    content: FlowReplyContent = {
        "kind": "flow_reply",
        "name": as_text(reply.get("name")) or "flow",
        "body": body,
        "flow_token": as_text(response.get("flow_token")),
        "response": response,
    }
    return Body("interactive", body, content)


def _json_in_text(value: Any) -> JsonObject:
    if not isinstance(value, str):
        return as_object(value)
    try:
        return decode(value.encode())
    except ValueError:
        return {}


def _call_permission(reply: JsonObject, _inner: str) -> Body | None:
    answer = as_text(reply.get("response"))
    if answer is None:
        return None
    expires = as_time(reply.get("expiration_timestamp"))
    content: CallPermissionContent = {
        "kind": "call_permission_reply",
        "accepted": answer.lower() == "accept",
        "is_permanent": as_bool(reply.get("is_permanent")) or False,
        "expires_at": int(expires.timestamp()) if expires else None,
        "source": as_text(reply.get("response_source")),
    }
    return Body("interactive", answer, content)


def _order(message: JsonObject, kind: str) -> Body | None:
    part = as_object(message.get("order"))
    if not part:
        return None
    text = as_text(part.get("text")) or ""
    content: OrderContent = {
        "kind": "order",
        "catalog_id": as_text(part.get("catalog_id")),
        "text": text,
        "items": [_order_item(item) for item in objects(part.get("product_items"))],
    }
    return Body(kind, text, content)


def _order_item(item: JsonObject) -> OrderItem:
    return {
        "product_retailer_id": as_text(item.get("product_retailer_id")) or "",
        "quantity": as_int(item.get("quantity")) or 1,
        "item_price": _decimal(item.get("item_price")),
        "currency": as_text(item.get("currency")),
    }


def _decimal(value: Any) -> str | None:
    text = as_text(value)
    try:
        price = Decimal(text or "")
    except InvalidOperation:
        return None
    return text if price.is_finite() else None


def _system(message: JsonObject, kind: str) -> Body | None:
    part = as_object(message.get("system"))
    if not part:
        return None
    event = as_text(part.get("type")) or ""
    event = _OLD_SYSTEM_EVENTS.get(event, event)
    identity = as_object(message.get("identity")) or as_object(part.get("identity"))
    body = as_text(part.get("body")) or ""
    # Other events repeat the present ids; only these two announce new ones. `new_wa_id` is the old form.
    new = part if event in _NUMBER_CHANGES else {}
    content: SystemContent = {
        "kind": "system",
        "event": event,
        "body": body,
        "new_wa_id": as_text(new.get("new_wa_id")) or as_text(new.get("wa_id")),
        "new_user_id": as_text(new.get("user_id")),
        "identity_hash": as_text(identity.get("hash")) or as_text(part.get("identity")),
    }
    return Body(kind, body, content)


def _edit(message: JsonObject, kind: str) -> Body | None:
    part = as_object(message.get("edit"))
    inner = as_object(part.get("message"))
    if not part:
        return None
    # An edit of an edit does not exist; reading it as one would let a payload nest without end.
    new = _unsupported(inner, "edit") if inner.get("type") == "edit" or "edit" in inner else read_body(inner)
    content: EditContent = {
        "kind": "edit",
        "original_message_id": as_text(part.get("original_message_id")),
        "type": new.type,
        "text": new.text,
        "content": new.content,
    }
    return Body(kind, new.text, content)


def _revoke(message: JsonObject, kind: str) -> Body:
    part = as_object(message.get("revoke"))
    content: RevokeContent = {
        "kind": "revoke",
        "original_message_id": as_text(part.get("original_message_id")),
    }
    return Body(kind, "", content)


def _welcome(_message: JsonObject, kind: str) -> Body:
    content: WelcomeContent = {"kind": "welcome"}
    return Body(kind, "", content)


_INTERACTIVE: dict[str, Callable[[JsonObject, str], Body | None]] = {
    "button_reply": _reply,
    "list_reply": _reply,
    "nfm_reply": _flow_reply,
    "call_permission_reply": _call_permission,
}

_READERS: dict[str, Callable[[JsonObject, str], Body | None]] = {
    "text": _text,
    "image": _media,
    "video": _media,
    "audio": _media,
    "document": _media,
    "sticker": _media,
    "location": _location,
    "contacts": _contacts,
    "reaction": _reaction,
    "button": _button,
    "interactive": _interactive,
    "order": _order,
    "system": _system,
    "edit": _edit,
    "revoke": _revoke,
    "request_welcome": _welcome,
}
