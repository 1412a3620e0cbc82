"""Text, files, places, contact cards, reactions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Unpack

from ..errors import InvalidMessage
from .envelope import Address, Payload, count, envelope, optional, present, short, web_url

MAX_TEXT = 4096
MAX_CAPTION = 1024
MAX_CARDS = 257

MediaKind = Literal["image", "video", "audio", "document", "sticker"]


def text(body: str, *, preview_url: bool = False, **address: Unpack[Address]) -> Payload:
    """Text of 1 to 4096 characters. `*bold*`, `_italic_`, `~strike~`, `> quote` and lists are shown.

    Args:
        body: The text.
        preview_url: Show a preview of the first link.
        address: See `Address`.
    """
    return envelope("text", {"body": short("body", body, MAX_TEXT), "preview_url": preview_url}, address)


def image(
    *,
    media_id: str | None = None,
    link: str | None = None,
    caption: str | None = None,
    **address: Unpack[Address],
) -> Payload:
    """A JPEG or PNG of up to 5 MB, by media id or https link; caption up to 1024 characters."""
    return envelope("image", media(media_id, link, caption=caption), address)


def video(
    *,
    media_id: str | None = None,
    link: str | None = None,
    caption: str | None = None,
    **address: Unpack[Address],
) -> Payload:
    """An MP4 or 3GP (H.264 and AAC) of up to 16 MB; caption up to 1024 characters."""
    return envelope("video", media(media_id, link, caption=caption), address)


def audio(
    *, media_id: str | None = None, link: str | None = None, voice: bool = False, **address: Unpack[Address]
) -> Payload:
    """Sound of up to 16 MB. As a voice note (`voice`) it must be OGG with OPUS, mono."""
    body = media(media_id, link)
    if voice:
        body["voice"] = True
    return envelope("audio", body, address)


def document(
    *,
    media_id: str | None = None,
    link: str | None = None,
    filename: str | None = None,
    caption: str | None = None,
    **address: Unpack[Address],
) -> Payload:
    """Any file of up to 100 MB. The extension of `filename` chooses the icon."""
    return envelope("document", media(media_id, link, caption=caption, filename=filename), address)


def sticker(*, media_id: str | None = None, link: str | None = None, **address: Unpack[Address]) -> Payload:
    """A WebP of 512 x 512 pixels, up to 100 KB (animated 500 KB)."""
    return envelope("sticker", media(media_id, link), address)


def media(
    media_id: str | None, link: str | None, *, caption: str | None = None, filename: str | None = None
) -> Payload:
    """Build the object of a file: exactly one of media id and link. Meta fetches links over https only."""
    if bool(media_id) == bool(link):
        raise InvalidMessage("media", "Give either an uploaded file or a link.")
    if link and not link.startswith("https://"):
        raise InvalidMessage("link", "The link must begin with https://.")
    return present(
        id=media_id or None,
        link=web_url("link", link) if link else None,
        caption=optional("caption", caption, MAX_CAPTION),
        filename=optional("filename", filename, 240),
    )


def location(
    latitude: float,
    longitude: float,
    *,
    name: str | None = None,
    address_text: str | None = None,
    **address: Unpack[Address],
) -> Payload:
    """A place on the map, in degrees, with an optional name and street address."""
    return envelope("location", place(latitude, longitude, name, address_text), address)


def place(latitude: float, longitude: float, name: str | None, address_text: str | None) -> Payload:
    """Build the object of a place. Meta's description types the degrees as text."""
    if not -90 <= latitude <= 90:
        raise InvalidMessage("latitude", "Latitude goes from -90 to 90.")
    if not -180 <= longitude <= 180:
        raise InvalidMessage("longitude", "Longitude goes from -180 to 180.")
    return present(
        latitude=str(latitude), longitude=str(longitude), name=name or None, address=address_text or None
    )


def contacts(cards: Sequence[Mapping[str, Any]], **address: Unpack[Address]) -> Payload:
    """Contact cards, up to 257; build each with `contact_card`."""
    count("contacts", len(cards), 1, MAX_CARDS)
    for card in cards:
        _check_card_name(card.get("name"))
    return envelope("contacts", [dict(card) for card in cards], address)


def contact_card(
    formatted_name: str,
    *,
    first_name: str | None = None,
    last_name: str | None = None,
    phones: Sequence[Mapping[str, str]] = (),
    emails: Sequence[Mapping[str, str]] = (),
    company: str | None = None,
    **more: Any,
) -> Payload:
    """Build a contact card.

    Args:
        formatted_name: The name as it is shown.
        first_name: Meta wants at least one other part of the name; without any, the shown name is used.
        last_name: Family name.
        phones: `{"phone": "+1650…", "type": "HOME", "wa_id": "1650…"}`; with `wa_id` the card gets a
            "Message" button, without it "Invite".
        emails: `{"email": "b@x.com", "type": "WORK"}`.
        company: Name of the organisation.
        more: Meta's other parts as they are: `addresses`, `urls`, `birthday`, `org`.
    """
    if not first_name and not last_name:
        first_name = formatted_name
    name = present(formatted_name=formatted_name, first_name=first_name, last_name=last_name)
    return present(
        name=name,
        phones=[dict(phone) for phone in phones] or None,
        emails=[dict(email) for email in emails] or None,
        org={"company": company} if company else None,
    ) | present(**more)


def _check_card_name(name: Any) -> None:
    parts = ("first_name", "last_name", "middle_name", "prefix", "suffix")
    if not isinstance(name, Mapping) or not name.get("formatted_name"):
        raise InvalidMessage("contacts", "Every contact needs a name.")
    if not any(name.get(part) for part in parts):
        raise InvalidMessage("contacts", "Every contact needs a first or last name beside the full name.")


def reaction(message_id: str, emoji: str | None, **address: Unpack[Address]) -> Payload:
    """React to a message with one emoji, or take the reaction back with None.

    Meta: the message is not older than 30 days and no reaction itself (131009). Only `sent` comes back.
    """
    if not message_id:
        raise InvalidMessage("message_id", "A reaction needs the message it is about.")
    if emoji and len(emoji) > 32:
        raise InvalidMessage("emoji", "A reaction is a single emoji.")
    return envelope("reaction", {"message_id": message_id, "emoji": emoji or ""}, address)


def pin(
    message_id: str, *, days: int | None = None, unpin: bool = False, **address: Unpack[Address]
) -> Payload:
    """Pin a message in a group (`group_id`) for 1 to 30 days, or unpin it."""
    if not address.get("group_id"):
        raise InvalidMessage("group_id", "Messages can be pinned in groups only.")
    if days is not None:
        count("days", days, 1, 30)
    body = present(type="unpin" if unpin else "pin", message_id=message_id, expiration_days=days)
    return envelope("pin", body, address)
