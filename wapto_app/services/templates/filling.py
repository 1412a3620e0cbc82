"""From a template and somebody's values to the message that Meta takes and the text that we show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from integrations.whatsapp.errors import InvalidMessage
from integrations.whatsapp.messages import template_parts as parts
from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.clock import utcnow
from wapto_app.models import Template
from wapto_app.services.errors import Invalid
from wapto_app.services.templates.anatomy import (
    Button,
    Components,
    Form,
    Slot,
    buttons,
    cards,
    describe,
    filled,
    header_file,
    part,
    slots,
    variables,
)

_NAMES = {
    "header": "the variable {name} of the header",
    "body": "the variable {name}",
    "button": "what the button “{name}” needs",
    "location": "the {name} of the place",
    "product": "the id of the {name}",
    "offer": "when the offer ends",
}
_NO_FILES: Mapping[str, str] = MappingProxyType({})
BODY_MAX = 1024
CARD_BODY_MAX = 160


@dataclass(frozen=True, slots=True)
class Filled:
    """``content`` goes into the message, ``body`` is its text as the customer reads it."""

    content: dict[str, Any]
    body: str


def fill(
    template: Template,
    given: Mapping[str, str],
    *,
    has_file: bool = False,
    files: Mapping[str, str] = _NO_FILES,
    limited: bool = True,
) -> Filled:
    """Put values into a template; keys as in ``anatomy``.

    ``has_file``: there is a file for the header; ``files`` are those of the cards by their places, as keys for the
    thread to show, empty while that is not known. The sender puts Meta's ids in (``outbox.payloads``). Without
    ``limited`` texts may be longer than WhatsApp's: whoever puts other values in later looks at their length then.

    Raises:
        Invalid: the field is the key of the slot that is empty or wrong, or for a missing file ``media``, on a card
            ``cards.0.media``.
    """
    form = describe(template)
    if form["problem"]:
        raise Invalid("template", form["problem"])
    _ensure_files(form, has_file=has_file, files=files)
    values = {slot["key"]: _value(slot, given.get(slot["key"], "")) for slot in slots(template)}
    body = filled(form["body"], _of("body", values))
    meta: dict[str, Any] = {"name": template.name, "language": {"code": template.language}}
    components = _components(template, template.components, values, "")
    if form["cards"]:
        components.append(_carousel(template, values))
    if components:
        meta["components"] = components
    shown = _shown(form, values, files)
    if limited:
        _ensure_short(form, body, shown)
    content: dict[str, Any] = {
        "kind": "template",
        "template_id": template.id,
        "template": meta,
        "shown": shown,
    }
    if places := [each["place"] for each in form["files"] if each["place"] != "header"]:
        content["files"] = places
    return Filled(content, body)


def _ensure_files(form: Form, *, has_file: bool, files: Mapping[str, str]) -> None:
    for each in form["files"]:
        if each["place"] == "header":
            if not has_file:
                raise Invalid("media", "Choose the file of the header.")
        elif each["place"] not in files:
            number = int(each["place"].removeprefix("cards.")) + 1
            raise Invalid(f"{each['place']}.media", f"Choose the file of card {number}.")


def body_max(text: str) -> int:
    """Characters that the text of a message may have when it is filled in: WhatsApp approved what it is itself."""
    return max(BODY_MAX, len(text))


def card_body_max(text: str) -> int:
    """The same of a card."""
    return max(CARD_BODY_MAX, len(text))


def _ensure_short(form: Form, body: str, shown: Mapping[str, Any]) -> None:
    most = BODY_MAX
    if len(body) > body_max(form["body"]):
        raise Invalid("template", f"Filled in, the text is longer than the {most:,} characters of WhatsApp.")
    most = CARD_BODY_MAX
    for number, (card, made) in enumerate(zip(form["cards"], shown.get("cards", ()), strict=True), 1):
        if len(made["body"]) > card_body_max(card["body"]):
            raise Invalid(
                "template",
                f"Filled in, the text of card {number} is longer than the {most} characters of WhatsApp.",
            )


def _shown(form: Form, values: Mapping[str, str], files: Mapping[str, str]) -> dict[str, Any]:
    """What the thread shows beside the body."""
    shown: dict[str, Any] = {
        "header": form["header"],
        "header_text": filled(form["header_text"], _of("header", values)),
        "footer": form["footer"],
        "buttons": _shown_buttons(form["buttons"], values, ""),
    }
    if form["offer"]:
        shown["offer"] = {"text": form["offer"], "ends": values.get("offer", "")}
    if form["cards"]:
        shown["cards"] = [
            {
                "header": card["header"],
                "body": filled(card["body"], _of(f"cards.{place}.body", values)),
                "buttons": _shown_buttons(card["buttons"], values, f"cards.{place}."),
                **({"file": key} if (key := files.get(f"cards.{place}")) else {}),
            }
            for place, card in enumerate(form["cards"])
        ]
    return shown


def _shown_buttons(made: list[Button], values: Mapping[str, str], prefix: str) -> list[dict[str, Any]]:
    return [
        {**each, "url": _whole_url(each["url"], values.get(f"{prefix}button.{index}", ""))}
        for index, each in enumerate(made)
    ]


def _carousel(template: Template, values: Mapping[str, str]) -> dict[str, Any]:
    made = [
        _components(template, card, values, f"cards.{place}.")
        for place, card in enumerate(cards(template.components))
    ]
    return _checked("template", parts.carousel, made)


def _value(slot: Slot, text: str) -> str:
    value = clean_text(text).strip()
    name = _name(slot)
    if not value:
        if slot["required"]:
            raise Invalid(slot["key"], f"Fill in {name}.")
        return ""
    if len(value) > slot["most"]:
        raise Invalid(
            slot["key"], f"At most {slot['most']:,} characters fit into {name}; this has {len(value):,}."
        )
    return value


def _name(slot: Slot) -> str:
    name = slot["name"] if slot["place"] in ("button", "location", "product") else f"{{{{{slot['name']}}}}}"
    return _NAMES[slot["place"]].format(name=name)


def _of(place: str, values: Mapping[str, str]) -> dict[str, str]:
    start = f"{place}."
    return {key.removeprefix(start): value for key, value in values.items() if key.startswith(start)}


def _whole_url(url: str, suffix: str) -> str:
    names = variables(url)
    return filled(url, {names[0]: suffix}) if names and suffix else url


def _components(
    template: Template, components: Components, values: Mapping[str, str], prefix: str
) -> list[dict[str, Any]]:
    """Of the message itself or of a card, whose keys begin with the prefix."""
    named = template.parameter_format == "NAMED"
    found = [
        _header(components, values, prefix, named=named),
        _texts(part(components, "BODY"), "body", values, prefix, named=named),
        None if prefix else _offer(values),
        *_buttons(template, components, values, prefix),
    ]
    return [each for each in found if each is not None]


def _header(
    components: Components, values: Mapping[str, str], prefix: str, *, named: bool
) -> dict[str, Any] | None:
    if kind := header_file(components):
        return {"type": "header", "parameters": [{"type": kind, kind: {}}]}
    if f"{prefix}header.latitude" in values:
        return _checked("header.latitude", lambda: _place(values))
    if product := values.get(f"{prefix}header.product"):
        catalog = values[f"{prefix}header.catalog"]
        return _checked(f"{prefix}header.product", parts.header_product, catalog, product)
    return _texts(part(components, "HEADER"), "header", values, prefix, named=named)


def _place(values: Mapping[str, str]) -> dict[str, Any]:
    return parts.header_location(
        _degrees("latitude", values, 90),
        _degrees("longitude", values, 180),
        name=values.get("header.name") or None,
        address_text=values.get("header.address") or None,
    )


def _degrees(name: str, values: Mapping[str, str], most: float) -> float:
    key = f"header.{name}"
    try:
        degrees = float(values[key].replace(",", "."))
    except ValueError:
        degrees = float("nan")
    if not -most <= degrees <= most:
        raise Invalid(key, f"The {name} is a number from −{most:g} to {most:g}.")
    return degrees


def _texts(
    component: Mapping[str, Any], place: str, values: Mapping[str, str], prefix: str, *, named: bool
) -> dict[str, Any] | None:
    names = variables(component.get("text"))
    if not names:
        return None
    # By number, whatever their order in the text is.
    ordered = names if named else sorted(names, key=lambda name: (not name.isdecimal(), name.zfill(9)))
    start = f"{prefix}{place}"
    parameters = [
        _checked(f"{start}.{name}", _text_value, values[f"{start}.{name}"], name if named else None)
        for name in ordered
    ]
    return {"type": place, "parameters": parameters}


def _text_value(text: str, name: str | None) -> dict[str, Any]:
    return parts.text_value(text, name)


def _offer(values: Mapping[str, str]) -> dict[str, Any] | None:
    if "offer" not in values:
        return None
    try:
        ends = datetime.fromisoformat(values["offer"])
    except ValueError:
        raise Invalid("offer", "Write the date and the time at which the offer ends.") from None
    if ends.tzinfo is not None and ends <= utcnow():
        raise Invalid("offer", "The offer would be over already. Write a time that is still to come.")
    return _checked("offer", parts.limited_time_offer, ends)


def _buttons(
    template: Template, components: Components, values: Mapping[str, str], prefix: str
) -> list[dict[str, Any] | None]:
    made: list[dict[str, Any] | None] = []
    for index, button in enumerate(buttons(components)):
        key, kind = f"{prefix}button.{index}", str(button.get("type") or "").upper()
        if template.category == "AUTHENTICATION":
            # Meta: the code stands in the body and again in the button.
            code = next(iter(_of("body", values).values()), "")
            made.append(_checked("body.1", parts.url_button, index, code))
        elif kind == "FLOW":
            made.append(parts.flow_button(index))
        elif kind == "QUICK_REPLY" and prefix:
            # Meta: on a card it needs a payload. All cards have the same buttons, and so it says which was tapped.
            made.append(parts.quick_reply(index, tapped(prefix, str(button.get("text") or ""))))
        elif values.get(key):
            make = _MAKERS[kind]
            made.append(_checked(key, make, index, values[key]))
    return made


def tapped(prefix: str, text: str) -> str:
    """What comes back when the quick reply of a card is tapped; ``prefix`` is ``cards.0.`` and so on."""
    return f"Card {int(prefix.split('.')[1]) + 1}: {text}"


def _products(index: int, text: str) -> dict[str, Any]:
    """``Shoes: a1, a2; Hats: b1``; the first product is the one whose picture is shown."""
    sections = []
    for line in filter(str.strip, text.split(";")):
        title, found, rest = line.rpartition(":")
        ids = [each.strip() for each in rest.split(",") if each.strip()]
        sections.append((title.strip() if found else "Items", ids))
    if not sections or not all(ids for _title, ids in sections):
        raise InvalidMessage("products", "Write the ids of the products with a comma between them.")
    return parts.multi_product_button(index, sections[0][1][0], sections)


_MAKERS: dict[str, Callable[..., dict[str, Any]]] = {
    "URL": parts.url_button,
    "COPY_CODE": parts.copy_code_button,
    "CATALOG": parts.catalog_button,
    "MPM": _products,
}


def _checked(key: str, make: Callable[..., dict[str, Any]], *values: Any) -> dict[str, Any]:
    try:
        return make(*values)
    except InvalidMessage as error:
        raise Invalid(key, error.message) from None
