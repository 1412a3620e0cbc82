"""What a template is made of, and what somebody has to fill in before it can be sent.

A *slot* is one such thing. Its key says where it stands: ``body.1``, ``body.first_name``, ``header.1``,
``header.latitude``, ``button.0`` (by its place among all buttons) or ``offer``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, TypedDict

from wapto_app.models import Template

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
_FILES = ("IMAGE", "VIDEO", "DOCUMENT")
_VALUE_MAX = 1024
_URL_MAX = 2000
_CODE_MAX = 15
# Meta: these need a catalog, or a file for each card; a conversation has neither.
_NOT_FROM_HERE = {
    "CAROUSEL": "A template with cards cannot be sent from a conversation.",
    "PRODUCT": "A template with a product cannot be sent from a conversation.",
    "GIF": "A template with a GIF cannot be sent from a conversation.",
    "MPM": "A template with products cannot be sent from a conversation.",
    "SPM": "A template with a product cannot be sent from a conversation.",
}


class Slot(TypedDict):
    """``kind`` is text, number, code or time (ISO 8601); ``sample`` is what Meta was shown when it approved."""

    key: str
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


class Form(TypedDict):
    """``header`` is none, text, image, video, document or location. The texts still hold their variables.

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
    slots: list[Slot]
    problem: str


def describe(template: Template) -> Form:
    """What it looks like and what it asks for."""
    header = part(template, "HEADER")
    shape = str(header.get("format") or "TEXT").upper() if header else "NONE"
    return Form(
        id=template.id or 0,
        name=template.name,
        language=template.language,
        category=template.category,
        header=shape.lower(),
        header_text=str(header.get("text") or ""),
        body=str(part(template, "BODY").get("text") or ""),
        footer=str(part(template, "FOOTER").get("text") or ""),
        buttons=[_button(each) for each in buttons(template)],
        slots=list(slots(template)),
        problem=_problem(template, shape),
    )


def part(template: Template, kind: str) -> dict[str, Any]:
    """The component of this kind; empty when there is none."""
    for component in template.components:
        if str(component.get("type", "")).upper() == kind:
            return component
    return {}


def buttons(template: Template) -> list[dict[str, Any]]:
    found = part(template, "BUTTONS").get("buttons")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def variables(text: object) -> list[str]:
    """Names of the variables of a text, each once, in order."""
    return list(dict.fromkeys(_VARIABLE.findall(text))) if isinstance(text, str) else []


def filled(text: str, values: dict[str, str]) -> str:
    """The text with its variables replaced in one pass, so that a value is never taken for a variable."""
    return _VARIABLE.sub(lambda found: values.get(found[1], found[0]), text)


def file_kind(template: Template) -> str:
    """The kind of file that its header shows: image, video, document, or empty."""
    shape = str(part(template, "HEADER").get("format") or "").upper()
    return shape.lower() if shape in _FILES else ""


def slots(template: Template) -> Iterator[Slot]:
    """Everything that has to be filled in but the file of the header, in the order of the message."""
    yield from _header_slots(part(template, "HEADER"))
    body = part(template, "BODY")
    samples = _samples(body, "body_text")
    for name in variables(body.get("text")):
        yield _slot("body", name, sample=samples.get(name, ""))
    if _expires(template):
        yield _slot("offer", "", key="offer", kind="time")
    if template.category != "AUTHENTICATION":
        for index, button in enumerate(buttons(template)):
            yield from _button_slots(index, button)


def _header_slots(header: dict[str, Any]) -> Iterator[Slot]:
    if str(header.get("format") or "").upper() == "LOCATION":
        for name in ("latitude", "longitude"):
            yield _slot("location", name, key=f"header.{name}", kind="number")
        for name in ("name", "address"):
            yield _slot("location", name, key=f"header.{name}", required=False)
        return
    samples = _samples(header, "header_text")
    for name in variables(header.get("text")):
        yield _slot("header", name, sample=samples.get(name, ""))


def _button_slots(index: int, button: dict[str, Any]) -> Iterator[Slot]:
    kind, label = str(button.get("type") or "").upper(), str(button.get("text") or "")
    example = button.get("example")
    sample = str(example[0] if isinstance(example, list) and example else example or "")
    if kind == "URL" and variables(button.get("url")):
        fixed = _VARIABLE.split(str(button["url"]))[0]
        yield _slot("button", label, key=f"button.{index}", sample=sample.removeprefix(fixed), most=_URL_MAX)
    elif kind == "COPY_CODE":
        yield _slot("button", label, key=f"button.{index}", kind="code", sample=sample, most=_CODE_MAX)


def _slot(place: str, name: str, **more: Any) -> Slot:
    slot = Slot(
        key=f"{place}.{name}",
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


def _expires(template: Template) -> bool:
    offer = part(template, "LIMITED_TIME_OFFER").get("limited_time_offer")
    return isinstance(offer, dict) and bool(offer.get("has_expiration"))


def _problem(template: Template, shape: str) -> str:
    kinds = {str(component.get("type", "")).upper() for component in template.components}
    kinds |= {shape} | {str(button.get("type", "")).upper() for button in buttons(template)}
    return next((why for kind, why in _NOT_FROM_HERE.items() if kind in kinds), "")
