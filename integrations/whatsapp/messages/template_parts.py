"""Template messages and the values that fill them.

```python
template(
    "order_update", "en_US",
    [header_media("image", media_id="1037…"), body("Ada", "No. 4711"), quick_reply(0, "TRACK-4711")],
    to="+16505551234",
)
```

Parts of a template without variables are left out. `index` of a button counts over all buttons, from 0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, Unpack

from ..errors import InvalidMessage
from .envelope import Address, Payload, count, envelope, optional, present, short
from .plain import media, place

MAX_VALUE = 1024
MAX_CODE = 15
MAX_CARDS = 10

_FORBIDDEN_SPACE = re.compile(r"[\n\r\t]| {5,}")

Value = str | Mapping[str, Any]


def template(
    name: str,
    language: str,
    components: Sequence[Mapping[str, Any]] = (),
    *,
    policy: str | None = None,
    **address: Unpack[Address],
) -> Payload:
    """A template, the only thing that may be sent outside the 24-hour window (131047 otherwise).

    Args:
        name: Name of an approved template.
        language: With underscore (`pt_BR`); a hyphen is corrected.
        components: Values, made by the functions of this module.
        policy: `deterministic`; Meta's description asks for it, the API does not.
        address: See `Address`. Authentication templates need `to` (131062 for a user id).
    """
    if not re.fullmatch(r"[a-z0-9_]{1,512}", name):
        raise InvalidMessage("name", "A template name has only a-z, 0-9 and _.")
    if not re.fullmatch(r"[A-Za-z]{2,3}(?:[_-][A-Za-z0-9]{2,4}){0,2}", language):
        raise InvalidMessage("language", "This is not a language code such as en_US.")
    content = present(
        name=name,
        language=present(code=language.replace("-", "_"), policy=policy),
        components=[dict(component) for component in components] or None,
    )
    return envelope("template", content, address)


def text_value(text: str, name: str | None = None) -> Payload:
    """Build a text value. Meta: no line breaks, tabs, or more than four spaces in a row (132012).

    `name` is the variable of a template with named parameters.
    """
    short("value", text, MAX_VALUE)
    if _FORBIDDEN_SPACE.search(text):
        raise InvalidMessage("value", "Line breaks, tabs and more than four spaces are not allowed here.")
    return present(type="text", text=text, parameter_name=name)


def currency_value(fallback: str, code: str, amount_1000: int) -> Payload:
    """Build an amount of money in thousandths (`100990` for 100.99), shown as `fallback` if need be."""
    currency = {
        "fallback_value": short("value", fallback, MAX_VALUE),
        "code": code,
        "amount_1000": amount_1000,
    }
    return {"type": "currency", "currency": currency}


def date_time_value(fallback: str) -> Payload:
    """Build a date, written out."""
    return {"type": "date_time", "date_time": {"fallback_value": short("value", fallback, MAX_VALUE)}}


def body(*values: Value, **named: str) -> Payload:
    """Fill the body: values in order for `{{1}}`, `{{2}}` …, or keywords for named variables."""
    return {"type": "body", "parameters": _values(values, named)}


def header_text(*values: Value, **named: str) -> Payload:
    """Fill the variable of a text header."""
    parameters = _values(values, named)
    count("header", len(parameters), 1, 1)
    return {"type": "header", "parameters": parameters}


def _values(values: Sequence[Value], named: Mapping[str, str]) -> list[Payload]:
    if bool(values) == bool(named):
        raise InvalidMessage("values", "Give values either in order or by name.")
    if named:
        return [text_value(text, name) for name, text in named.items()]
    return [text_value(value) if isinstance(value, str) else dict(value) for value in values]


def header_media(
    kind: Literal["image", "video", "document", "gif"],
    *,
    media_id: str | None = None,
    link: str | None = None,
    filename: str | None = None,
) -> Payload:
    """Fill a header with a file, by media id or https link."""
    return _header({"type": kind, kind: media(media_id, link, filename=filename)})


def header_location(
    latitude: float, longitude: float, *, name: str | None = None, address_text: str | None = None
) -> Payload:
    """Fill a location header, in degrees."""
    return _header({"type": "location", "location": place(latitude, longitude, name, address_text)})


def header_product(catalog_id: str, product_retailer_id: str) -> Payload:
    """Fill a product header."""
    product = {"product_retailer_id": product_retailer_id, "catalog_id": catalog_id}
    return _header({"type": "product", "product": product})


def _header(parameter: Payload) -> Payload:
    return {"type": "header", "parameters": [parameter]}


def quick_reply(index: int, payload: str) -> Payload:
    """Give a quick reply its payload (up to 256 characters), which comes back when it is tapped."""
    return _button("quick_reply", index, {"type": "payload", "payload": short("payload", payload, 256)})


def url_button(index: int, suffix: str) -> Payload:
    """Fill the variable at the end of a button's URL."""
    return _button("url", index, {"type": "text", "text": short("url", suffix, 2000)})


def copy_code_button(index: int, code: str) -> Payload:
    """Fill a coupon code of up to 15 characters."""
    return _button("copy_code", index, {"type": "coupon_code", "coupon_code": short("code", code, MAX_CODE)})


def one_time_password(code: str) -> list[Payload]:
    """Fill an authentication template: Meta wants the code (up to 15 characters) in body and button."""
    short("code", code, MAX_CODE)
    return [body(code), url_button(0, code)]


def flow_button(
    index: int, *, flow_token: str | None = None, data: Mapping[str, Any] | None = None
) -> Payload:
    """Fill a form button: our token, which comes back with the answer, and data for the first screen."""
    action = present(flow_token=flow_token, flow_action_data=dict(data) if data else None)
    return _button("flow", index, {"type": "action", "action": action})


def catalog_button(index: int, thumbnail_product_id: str | None = None) -> Payload:
    """Fill a catalog button with the product whose picture is shown."""
    action = present(thumbnail_product_retailer_id=thumbnail_product_id)
    return _button("CATALOG", index, {"type": "action", "action": action})


def multi_product_button(
    index: int, thumbnail_product_id: str, sections: Sequence[tuple[str, Sequence[str]]]
) -> Payload:
    """Fill a product list button with sections `(title, retailer ids)`: up to 10, with 30 products."""
    count("sections", len(sections), 1, 10)
    count("products", sum(len(products) for _, products in sections), 1, 30)
    made = [
        {
            "title": short("section title", title, 24),
            "product_items": [{"product_retailer_id": retailer_id} for retailer_id in products],
        }
        for title, products in sections
    ]
    action = {"thumbnail_product_retailer_id": thumbnail_product_id, "sections": made}
    return _button("mpm", index, {"type": "action", "action": action})


def voice_call_button(index: int, *, ttl_minutes: int | None = None, payload: str | None = None) -> Payload:
    """Fill a call button: how long it works, and what comes back."""
    parameters: list[Payload] = []
    if ttl_minutes is not None:
        parameters.append({"type": "ttl_minutes", "ttl_minutes": ttl_minutes})
    if payload:
        parameters.append({"type": "payload", "payload": payload})
    return _button("voice_call", index, *parameters)


def _button(sub_type: str, index: int, *parameters: Payload) -> Payload:
    count("button index", index, 0, 9)
    return {"type": "button", "sub_type": sub_type, "index": str(index), "parameters": list(parameters)}


def limited_time_offer(expires_at: datetime) -> Payload:
    """Fill a limited-time offer with its end (aware datetime; Meta takes milliseconds)."""
    if expires_at.tzinfo is None:
        raise InvalidMessage("expires_at", "The time needs a time zone.")
    offer = {"expiration_time_ms": int(expires_at.timestamp() * 1000)}
    parameter = {"type": "limited_time_offer", "limited_time_offer": offer}
    return {"type": "limited_time_offer", "parameters": [parameter]}


def carousel(cards: Sequence[Sequence[Mapping[str, Any]]]) -> Payload:
    """Fill a carousel: for each card its components, as many cards as the template has (2 to 10)."""
    count("cards", len(cards), 2, MAX_CARDS)
    made = [
        {"card_index": index, "components": [dict(component) for component in card]}
        for index, card in enumerate(cards)
    ]
    return {"type": "carousel", "cards": made}


def tap_target(url: str, title: str | None = None) -> Payload:
    """Override the title of a URL button's link."""
    target = present(url=url, title=optional("title", title, 60))
    parameter = {"type": "tap_target_configuration", "tap_target_configuration": [target]}
    return {"type": "tap_target_configuration", "parameters": [parameter]}
