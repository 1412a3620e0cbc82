"""What a template is made of, and what somebody has to fill in before it can be sent.

A *slot* is one such thing. Its key says where it stands: ``body.1``, ``body.first_name``, ``header.1``,
``header.latitude``, ``header.product``, ``button.0`` (by its place among all buttons) or ``offer``; on a card the same
behind its place: ``cards.0.body.1``. Files are no slots but have places too: ``header`` and ``cards.0``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypedDict

from wapto_app.models import Template

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
Components = Sequence[Mapping[str, Any]]

_FILES = ("IMAGE", "VIDEO", "DOCUMENT")
_VALUE_MAX = 1024
_URL_MAX = 2000
_CODE_MAX = 15
_PRODUCT_MAX = 100
_PRODUCTS_MAX = 4_000
# Meta: only its marketing messages API takes them.
_NOT_FROM_HERE = {"GIF": "A template with a GIF can only be sent by WhatsApp's marketing messages API."}


class Slot(TypedDict):
    """``kind`` is text, number, code, time (ISO 8601), catalog or product (ids of Meta's catalogue) or products (a list
    of ids with a comma between them, with ``Title:`` before them and ``;`` between several lists).

    ``sample`` is what Meta was shown when it approved; ``card`` the place of the card, -1 for the message itself.
    """

    key: str
    card: int
    place: str
    name: str
    kind: str
    sample: str
    most: int
    required: bool
    suggestion: str


class Button(TypedDict):
    """As the customer sees it; ``url`` may end in a variable, ``kind`` is Meta's type in small letters."""

    kind: str
    text: str
    url: str


class FilePlace(TypedDict):
    """Where it shows a file: ``header`` or ``cards.0``; ``kind`` is image, video or document. ``sample`` is the key of
    the file of our library that Meta was shown, empty for none.
    """

    place: str
    kind: str
    sample: str


class Card(TypedDict):
    """A card as the customer sees it; the texts still hold their variables."""

    header: str
    body: str
    buttons: list[Button]


class Form(TypedDict):
    """``header`` is none, text, image, video, document, location or product. The texts still hold their variables.
    ``offer`` is the text of a limited-time offer, ``files`` what the header and the cards show.

    ``problem`` says why it cannot be sent from a conversation; empty when it can.
    """

    id: int
    name: str
    language: str
    category: str
    header: str
    header_text: str
    body: str
    footer: str
    buttons: list[Button]
    cards: list[Card]
    offer: str
    files: list[FilePlace]
    slots: list[Slot]
    problem: str


def describe(template: Template) -> Form:
    """What it looks like and what it asks for."""
    header = part(template.components, "HEADER")
    return Form(
        id=template.id or 0,
        name=template.name,
        language=template.language,
        category=template.category,
        header=_shape(template.components).lower(),
        header_text=str(header.get("text") or ""),
        body=str(part(template.components, "BODY").get("text") or ""),
        footer=str(part(template.components, "FOOTER").get("text") or ""),
        buttons=[_button(each) for each in buttons(template.components)],
        cards=[_card(each) for each in cards(template.components)],
        offer=str(_offer(template.components).get("text") or ""),
        files=file_places(template),
        slots=list(slots(template)),
        problem=_problem(template.components),
    )


def part(components: Components, kind: str) -> dict[str, Any]:
    """The component of this kind; empty when there is none."""
    for component in components:
        if str(component.get("type", "")).upper() == kind:
            return dict(component)
    return {}


def buttons(components: Components) -> list[dict[str, Any]]:
    return _objects(part(components, "BUTTONS").get("buttons"))


def cards(components: Components) -> list[list[dict[str, Any]]]:
    """The components of each card."""
    found = _objects(part(components, "CAROUSEL").get("cards"))
    return [_objects(each.get("components")) for each in found]


def _objects(found: object) -> list[dict[str, Any]]:
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _shape(components: Components) -> str:
    header = part(components, "HEADER")
    return str(header.get("format") or "TEXT").upper() if header else "NONE"


def _card(components: Components) -> Card:
    return Card(
        header=_shape(components).lower(),
        body=str(part(components, "BODY").get("text") or ""),
        buttons=[_button(each) for each in buttons(components)],
    )


def variables(text: object) -> list[str]:
    """Names of the variables of a text, each once, in order."""
    return list(dict.fromkeys(_VARIABLE.findall(text))) if isinstance(text, str) else []


def filled(text: str, values: dict[str, str]) -> str:
    """The text with its variables replaced in one pass, so that a value is never taken for a variable."""
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), text)


def file_kind(template: Template) -> str:
    """The kind of file that its header shows: image, video, document, or empty."""
    return header_file(template.components)


def header_file(components: Components) -> str:
    """The same of a message or a card."""
    shape = _shape(components)
    return shape.lower() if shape in _FILES else ""


def file_places(template: Template) -> list[FilePlace]:
    """Every place that shows a file, the header first."""
    of_cards = [(f"cards.{place}", card) for place, card in enumerate(cards(template.components))]
    return [
        FilePlace(place=place, kind=kind, sample=template.sample_files.get(place, ""))
        for place, components in [("header", template.components), *of_cards]
        if (kind := header_file(components))
    ]


def slots(template: Template) -> Iterator[Slot]:
    """Everything that has to be filled in but the files, in the order of the message."""
    yield from _slots_of(template.components, template.category)
    for place, card in enumerate(cards(template.components)):
        for slot in _slots_of(card, template.category):
            slot["key"], slot["card"] = f"cards.{place}.{slot['key']}", place
            yield slot


def _slots_of(components: Components, category: str) -> Iterator[Slot]:
    yield from _header_slots(part(components, "HEADER"))
    body = part(components, "BODY")
    samples = _samples(body, "body_text")
    for name in variables(body.get("text")):
        yield _slot("body", name, sample=samples.get(name, ""))
    if _offer(components).get("has_expiration"):
        yield _slot("offer", "", key="offer", kind="time")
    if category != "AUTHENTICATION":
        for index, button in enumerate(buttons(components)):
            yield from _button_slots(index, button)


def _header_slots(header: dict[str, Any]) -> Iterator[Slot]:
    shape = str(header.get("format") or "").upper()
    if shape == "LOCATION":
        for name in ("latitude", "longitude"):
            yield _slot("location", name, key=f"header.{name}", kind="number")
        for name in ("name", "address"):
            yield _slot("location", name, key=f"header.{name}", required=False)
    elif shape == "PRODUCT":
        for name in ("catalog", "product"):
            yield _slot("product", name, key=f"header.{name}", kind=name, most=_PRODUCT_MAX)
    else:
        samples = _samples(header, "header_text")
        for name in variables(header.get("text")):
            yield _slot("header", name, sample=samples.get(name, ""))


def _button_slots(index: int, button: dict[str, Any]) -> Iterator[Slot]:
    kind, label = str(button.get("type") or "").upper(), str(button.get("text") or "")
    example = button.get("example")
    sample = str(example[0] if isinstance(example, list) and example else example or "")
    key = f"button.{index}"
    if kind == "URL" and variables(button.get("url")):
        fixed = _VARIABLE.split(str(button["url"]))[0]
        yield _slot("button", label, key=key, sample=sample.removeprefix(fixed), most=_URL_MAX)
    elif kind == "COPY_CODE":
        yield _slot("button", label, key=key, kind="code", sample=sample, most=_CODE_MAX)
    elif kind == "MPM":
        yield _slot("button", label, key=key, kind="products", most=_PRODUCTS_MAX)
    elif kind == "CATALOG":
        yield _slot("button", label, key=key, kind="product", most=_PRODUCT_MAX, required=False)


def _slot(place: str, name: str, **more: Any) -> Slot:
    slot = Slot(
        key=f"{place}.{name}",
        card=-1,
        place=place,
        name=name,
        kind="text",
        sample="",
        most=_VALUE_MAX,
        required=True,
        suggestion="",
    )
    slot.update(more)  # type: ignore[typeddict-item]
    return slot


def _samples(component: dict[str, Any], name: str) -> dict[str, str]:
    """By the name of the variable. Meta writes those of a body in a list of lists, those of a header in a list."""
    example = component.get("example")
    if not isinstance(example, dict):
        return {}
    if isinstance(named := example.get(f"{name}_named_params"), list):
        return {
            str(each.get("param_name")): str(each.get("example") or "")
            for each in named
            if isinstance(each, dict)
        }
    found = example.get(name)
    if isinstance(found, list) and found and isinstance(found[0], list):
        found = found[0]
    return {str(number): str(each) for number, each in enumerate(found, 1)} if isinstance(found, list) else {}


def _button(button: dict[str, Any]) -> Button:
    return Button(
        kind=str(button.get("type") or "").lower(),
        text=str(button.get("text") or ""),
        url=str(button.get("url") or ""),
    )


def _offer(components: Components) -> dict[str, Any]:
    offer = part(components, "LIMITED_TIME_OFFER").get("limited_time_offer")
    return offer if isinstance(offer, dict) else {}


def _problem(components: Components) -> str:
    kinds = {_shape(each) for each in (components, *cards(components))}
    return next((why for kind, why in _NOT_FROM_HERE.items() if kind in kinds), "")
