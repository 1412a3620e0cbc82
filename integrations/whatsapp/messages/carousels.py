"""Carousels outside templates: cards side by side, inside the 24-hour window."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Unpack

from ..errors import InvalidMessage
from .envelope import Address, Payload, count, envelope, present, short
from .interactive import MAX_BODY, url_action

MAX_CARDS = 10
MAX_CARD_BODY = 160


def url_card(header: Mapping[str, Any], display_text: str, url: str, *, body: str | None = None) -> Payload:
    """Build a card with a picture or video (`header_media`), a text of up to 160 characters, and a link."""
    if body is not None:
        short("card body", body, MAX_CARD_BODY)
        if body.count("\n") > 2:
            raise InvalidMessage("card body", "At most two line breaks are allowed.")
    if header.get("type") not in ("image", "video"):
        raise InvalidMessage("card header", "A card begins with an image or a video.")
    return present(
        type="cta_url",
        header=dict(header),
        body={"text": body} if body else None,
        action=url_action(display_text, url),
    )


def product_card(catalog_id: str, product_retailer_id: str) -> Payload:
    """Build a card of a product."""
    action = {"product_retailer_id": product_retailer_id, "catalog_id": catalog_id}
    return {"type": "product", "action": action}


def carousel(body: str, cards: Sequence[Mapping[str, Any]], **address: Unpack[Address]) -> Payload:
    """Two to ten cards of one kind, made by `url_card` or `product_card`, with one kind of header."""
    count("cards", len(cards), 2, MAX_CARDS)
    if len({(card.get("type"), card.get("header", {}).get("type")) for card in cards}) > 1:
        raise InvalidMessage("cards", "All cards must be of the same kind, with the same kind of header.")
    catalogs = {card["action"].get("catalog_id") for card in cards}
    if len(catalogs) > 1:
        raise InvalidMessage("cards", "All products must be of the same catalog.")
    interactive = {
        "type": "carousel",
        "body": {"text": short("body", body, MAX_BODY)},
        "action": {"cards": [{"card_index": index, **card} for index, card in enumerate(cards)]},
    }
    return envelope("interactive", interactive, address)
