"""From a stored message to the JSON that Meta takes.

Shapes of ``content``, the same kinds that inbound messages have, so that one thread component shows both:

* ``{"kind": "text"}`` with the text in ``body``
* ``{"kind": "media", "voice"?: true}`` with the caption in ``body`` and the file in ``media``
* ``{"kind": "location", "latitude", "longitude", "name"?, "address"?}``
* ``{"kind": "reaction", "message_id", "emoji"}``
* ``{"kind": "interactive", "interactive": …}``, ``{"kind": "contacts", "contacts": …}`` and
  ``{"kind": "template", "template": …}`` hold Meta's own object, made by ``integrations.whatsapp.messages``

A template with a file in its header holds it without an id: Meta's id of ``media`` is put in when it leaves. Its
``files`` are the places of the cards that show one (``cards.0``); these come from ``message_file``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from integrations.whatsapp import messages
from integrations.whatsapp.messages import Address, InvalidMessage, Payload
from integrations.whatsapp.messages.envelope import envelope

_NO_FILES: Mapping[str, str] = MappingProxyType({})
MEDIA_TYPES = ("image", "video", "audio", "document", "sticker")


def build(
    message_type: str,
    body: str,
    content: dict[str, Any],
    *,
    recipient: str,
    media: str = "",
    filename: str = "",
    files: Mapping[str, str] = _NO_FILES,
    reply_to: str = "",
    callback_data: str = "",
) -> Payload:
    """The payload of a message; ``media`` is Meta's id of its file, ``files`` those of its cards by their places.

    Raises:
        InvalidMessage: Meta would refuse it; the message says why.
    """
    address = _address(recipient, reply_to, callback_data)
    if message_type in MEDIA_TYPES:
        return _media(message_type, body, content, media, filename, address)
    if message_type == "template" and (media or files):
        return envelope("template", _with_files(content["template"], media, filename, files), address)
    builder = _BUILDERS.get(message_type)
    if builder is None:
        raise InvalidMessage("type", f"A message of type {message_type} cannot be sent.")
    return builder(body, content, address)


def _address(recipient: str, reply_to: str, callback_data: str) -> Address:
    address: Address = {"to": recipient} if recipient.startswith("+") else {"recipient": recipient}
    if reply_to:
        address["reply_to"] = reply_to
    if callback_data:
        address["callback_data"] = callback_data
    return address


def _media(
    kind: str, body: str, content: dict[str, Any], media: str, filename: str, address: Address
) -> Payload:
    if kind == "audio":
        return messages.audio(media_id=media, voice=bool(content.get("voice")), **address)
    if kind == "sticker":
        return messages.sticker(media_id=media, **address)
    if kind == "document":
        return messages.document(media_id=media, filename=filename or None, caption=body or None, **address)
    builder = messages.image if kind == "image" else messages.video
    return builder(media_id=media, caption=body or None, **address)


def _with_files(
    template: dict[str, Any], media: str, filename: str, files: Mapping[str, str]
) -> dict[str, Any]:
    """A copy of the template whose header and cards show these files."""
    components = [
        {**each, "cards": _cards(each["cards"], files)} if each["type"] == "carousel" else each
        for each in template.get("components", [])
    ]
    return {**template, "components": _headed(components, media, filename)}


def _cards(cards: list[dict[str, Any]], files: Mapping[str, str]) -> list[dict[str, Any]]:
    return [
        {**card, "components": _headed(card["components"], files.get(f"cards.{place}", ""))}
        for place, card in enumerate(cards)
    ]


def _headed(components: list[dict[str, Any]], media: str, filename: str = "") -> list[dict[str, Any]]:
    """The components with this file in their header, if there is one."""
    made = []
    for component in components:
        kind = component["parameters"][0]["type"] if media and component["type"] == "header" else ""
        if kind in MEDIA_TYPES:
            file = {"id": media} | ({"filename": filename} if kind == "document" and filename else {})
            component = {"type": "header", "parameters": [{"type": kind, kind: file}]}
        made.append(component)
    return made


def _text(body: str, content: dict[str, Any], address: Address) -> Payload:
    return messages.text(body, preview_url="://" in body, **address)


def _location(body: str, content: dict[str, Any], address: Address) -> Payload:
    return messages.location(
        content["latitude"],
        content["longitude"],
        name=content.get("name"),
        address_text=content.get("address"),
        **address,
    )


def _reaction(body: str, content: dict[str, Any], address: Address) -> Payload:
    return messages.reaction(content["message_id"], content.get("emoji"), **address)


def _ready_made(kind: str) -> Callable[[str, dict[str, Any], Address], Payload]:
    return lambda body, content, address: envelope(kind, content[kind], address)


_BUILDERS: dict[str, Callable[[str, dict[str, Any], Address], Payload]] = {
    "text": _text,
    "location": _location,
    "reaction": _reaction,
    "interactive": _ready_made("interactive"),
    "contacts": _ready_made("contacts"),
    "template": _ready_made("template"),
}
