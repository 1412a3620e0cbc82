"""Messages with something to tap: buttons, lists, links, forms, products, requests."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict, Unpack

from ..errors import InvalidMessage
from .envelope import Address, Payload, count, envelope, optional, present, short, unique, web_url
from .plain import media

MAX_BODY = 1024
MAX_LIST_BODY = 4096
MAX_HEADER = 60
MAX_FOOTER = 60
MAX_BUTTONS = 3
MAX_BUTTON_TITLE = 20
MAX_ROWS = 10
MAX_PRODUCTS = 30

_EMOJI = re.compile("[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d]")


class ListRow(TypedDict, total=False):
    """A row of a list: `id` up to 200 characters, `title` up to 24, `description` up to 72."""

    id: str
    title: str
    description: str | None


class ListSection(TypedDict, total=False):
    """A section of a list: `title` up to 24 characters, needed when there are several sections."""

    title: str | None
    rows: Sequence[ListRow]


class ProductSection(TypedDict):
    """A section of products; `products` are retailer ids."""

    title: str
    products: Sequence[str]


class Frame(Address, total=False):
    """Parts around an interactive message.

    Attributes:
        header: Text of up to 60 characters, or the result of `header_media`.
        footer: Text of up to 60 characters.
    """

    header: str | Mapping[str, Any] | None
    footer: str | None


def header_media(
    kind: Literal["image", "video", "document"],
    *,
    media_id: str | None = None,
    link: str | None = None,
    filename: str | None = None,
) -> Payload:
    """Build a header that is a file instead of text."""
    return {"type": kind, kind: media(media_id, link, filename=filename)}


def reply_buttons(body: str, buttons: Sequence[tuple[str, str]], **frame: Unpack[Frame]) -> Payload:
    """One to three buttons, each an `(id, title)`: ids up to 256 characters, titles up to 20, no doubles."""
    count("buttons", len(buttons), 1, MAX_BUTTONS)
    unique("buttons", [title for _, title in buttons])
    unique("buttons", [button_id for button_id, _ in buttons])
    made = [_reply_button(button_id, title) for button_id, title in buttons]
    return _interactive("button", body, {"buttons": made}, frame)


def _reply_button(button_id: str, title: str) -> Payload:
    reply = {
        "id": short("button id", button_id, 256),
        "title": short("button title", title, MAX_BUTTON_TITLE),
    }
    return {"type": "reply", "reply": reply}


def list_menu(body: str, button: str, sections: Sequence[ListSection], **frame: Unpack[Frame]) -> Payload:
    """A menu behind a button: up to 10 sections and 10 rows in all. The header can only be text.

    Args:
        body: Up to 4096 characters.
        button: Label of the button, up to 20 characters.
        sections: See `ListSection`.
        frame: See `Frame`.
    """
    count("sections", len(sections), 1, MAX_ROWS)
    rows = [row for section in sections for row in section.get("rows", ())]
    count("rows", len(rows), 1, MAX_ROWS)
    unique("rows", [row.get("id", "") for row in rows])
    _text_header_only(frame)
    made = [_list_section(section, titled=len(sections) > 1) for section in sections]
    action = {"button": short("button", button, MAX_BUTTON_TITLE), "sections": made}
    return _interactive("list", body, action, frame, most=MAX_LIST_BODY)


def _list_section(section: ListSection, *, titled: bool) -> Payload:
    title = optional("section title", section.get("title"), 24)
    if titled and title is None:
        raise InvalidMessage("section title", "With several sections each one needs a title.")
    rows = [
        present(
            id=short("row id", row.get("id", ""), 200),
            title=short("row title", row.get("title", ""), 24),
            description=optional("row description", row.get("description"), 72),
        )
        for row in section.get("rows", ())
    ]
    count("rows", len(rows), 1, MAX_ROWS)
    return present(title=title, rows=rows)


def cta_url(body: str, display_text: str, url: str, **frame: Unpack[Frame]) -> Payload:
    """A button that opens a web page; its label has up to 20 characters."""
    return _interactive("cta_url", body, url_action(display_text, url), frame)


def url_action(display_text: str, url: str) -> Payload:
    """Build the action that opens a web page."""
    parameters = {
        "display_text": short("display_text", display_text, MAX_BUTTON_TITLE),
        "url": web_url("url", url),
    }
    return {"name": "cta_url", "parameters": parameters}


def flow(
    body: str,
    cta: str,
    *,
    flow_id: str | None = None,
    flow_name: str | None = None,
    flow_token: str = "unused",
    screen: str | None = None,
    data: Mapping[str, Any] | None = None,
    data_exchange: bool = False,
    draft: bool = False,
    **frame: Unpack[Frame],
) -> Payload:
    """A form (WhatsApp flow).

    Args:
        body: Up to 1024 characters.
        cta: Label of the button, up to 30 characters, no emoji.
        flow_id: The flow; either this or `flow_name`.
        flow_name: The flow by name.
        flow_token: Comes back with the answer; make it unguessable.
        screen: First screen, for flows without an endpoint.
        data: Data for that screen; Meta refuses an empty object.
        data_exchange: Ask our endpoint for the first screen instead.
        draft: Test a flow that is not published.
        frame: See `Frame`.
    """
    if bool(flow_id) == bool(flow_name):
        raise InvalidMessage("flow", "Give the id or the name of the flow.")
    if _EMOJI.search(cta):
        raise InvalidMessage("flow_cta", "Emoji are not allowed here.")
    if data_exchange and (screen or data):
        raise InvalidMessage("screen", "The endpoint chooses the first screen of this flow.")
    if data and not screen:
        raise InvalidMessage("screen", "Data needs the screen it is for.")
    parameters = present(
        flow_message_version="3",
        flow_id=flow_id or None,
        flow_name=flow_name or None,
        flow_cta=short("flow_cta", cta, 30),
        flow_token=flow_token,
        mode="draft" if draft else "published",
        flow_action="data_exchange" if data_exchange else "navigate",
        flow_action_payload=present(screen=screen, data=dict(data) if data else None) if screen else None,
    )
    return _interactive("flow", body, {"name": "flow", "parameters": parameters}, frame)


def product(
    catalog_id: str, product_retailer_id: str, body: str | None = None, **frame: Unpack[Frame]
) -> Payload:
    """A single product of a catalog. It takes no header."""
    _no_header(frame)
    action = {"catalog_id": catalog_id, "product_retailer_id": product_retailer_id}
    return _interactive("product", body, action, frame)


def product_list(
    header: str, body: str, catalog_id: str, sections: Sequence[ProductSection], **address: Unpack[Address]
) -> Payload:
    """Up to 30 products in up to 10 sections. A text header is required."""
    count("sections", len(sections), 1, 10)
    count("products", sum(len(section["products"]) for section in sections), 1, MAX_PRODUCTS)
    made = [_product_section(section) for section in sections]
    action = {"catalog_id": catalog_id, "sections": made}
    return _interactive("product_list", body, action, address, header=short("header", header, MAX_HEADER))


def _product_section(section: ProductSection) -> Payload:
    items = [{"product_retailer_id": retailer_id} for retailer_id in section["products"]]
    count("products", len(items), 1, MAX_PRODUCTS)
    return {"title": short("section title", section["title"], 24), "product_items": items}


def catalog(body: str, *, thumbnail_product_id: str | None = None, **frame: Unpack[Frame]) -> Payload:
    """A button to the whole catalog, with the picture of one product."""
    _no_header(frame)
    action: Payload = {"name": "catalog_message"}
    if thumbnail_product_id:
        action["parameters"] = {"thumbnail_product_retailer_id": thumbnail_product_id}
    return _interactive("catalog_message", body, action, frame)


def location_request(body: str, **address: Unpack[Address]) -> Payload:
    """Ask the contact to share where they are."""
    return _interactive("location_request_message", body, {"name": "send_location"}, address)


def address_request(
    body: str,
    *,
    values: Mapping[str, str] | None = None,
    saved_addresses: Sequence[Mapping[str, Any]] = (),
    validation_errors: Mapping[str, str] | None = None,
    country: str = "IN",
    **frame: Unpack[Frame],
) -> Payload:
    """Ask for a postal address. Meta: India only; keys of `values` are `name`, `in_pin_code`, `city` …"""
    parameters = present(
        country=country,
        values=dict(values) if values else None,
        saved_addresses=[dict(saved) for saved in saved_addresses] or None,
        validation_errors=dict(validation_errors) if validation_errors else None,
    )
    action = {"name": "address_message", "parameters": parameters}
    return _interactive("address_message", body, action, frame)


def call_permission_request(body: str, **address: Unpack[Address]) -> Payload:
    """Ask for permission to call."""
    action = {"name": "call_permission_request"}
    return _interactive("call_permission_request", body, action, address)


def voice_call(
    body: str,
    *,
    display_text: str | None = None,
    ttl_minutes: int | None = None,
    payload: str | None = None,
    **address: Unpack[Address],
) -> Payload:
    """A button that calls us in WhatsApp; label up to 20 characters, good for `ttl_minutes`."""
    parameters = present(
        display_text=optional("display_text", display_text, MAX_BUTTON_TITLE),
        ttl_minutes=ttl_minutes,
        payload=payload,
    )
    action = present(name="voice_call", parameters=parameters or None)
    return _interactive("voice_call", body, action, address)


def request_contact_info(body: str, **address: Unpack[Address]) -> Payload:
    """Ask a user who hides the phone number to share it (2026; shape not confirmed by Meta's pages)."""
    return _interactive("request_contact_info", body, {"name": "request_contact_info"}, address)


def _interactive(
    kind: str,
    body: str | None,
    action: Mapping[str, Any],
    frame: Address,
    *,
    header: str | None = None,
    most: int = MAX_BODY,
) -> Payload:
    around: dict[str, Any] = {**frame}
    # Only a single product may come without words.
    text = optional("body", body, most) if kind == "product" else short("body", body or "", most)
    footer = optional("footer", around.get("footer"), MAX_FOOTER)
    interactive = present(
        type=kind,
        header=_header(header or around.get("header")),
        body={"text": text} if text else None,
        footer={"text": footer} if footer else None,
        action=dict(action),
    )
    return envelope("interactive", interactive, frame)


def _header(header: str | Mapping[str, Any] | None) -> Payload | None:
    if not header:
        return None
    if isinstance(header, str):
        return {"type": "text", "text": short("header", header, MAX_HEADER)}
    return dict(header)


def _no_header(frame: Frame) -> None:
    if frame.get("header"):
        raise InvalidMessage("header", "This kind of message has no header.")


def _text_header_only(frame: Frame) -> None:
    header = frame.get("header")
    if header and not isinstance(header, str):
        raise InvalidMessage("header", "The header of a list can only be text.")
