"""From a template and somebody's values to the message that Meta takes and the text that we show."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from integrations.whatsapp.errors import InvalidMessage
from integrations.whatsapp.messages import template_parts as parts
from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.models import Template
from wapto_app.services.errors import Invalid
from wapto_app.services.templates.anatomy import (
    Slot,
    buttons,
    describe,
    file_kind,
    filled,
    part,
    slots,
    variables,
)

_NAMES = {
    "header": "the variable {name} of the header",
    "body": "the variable {name}",
    "button": "what the button “{name}” needs",
    "location": "the {name} of the place",
    "offer": "when the offer ends",
}
_BODY_MAX = 1024


@dataclass(frozen=True, slots=True)
class Filled:
    """``content`` goes into the message, ``body`` is its text as the customer reads it."""

    content: dict[str, Any]
    body: str


def fill(template: Template, given: Mapping[str, str], *, has_file: bool = False) -> Filled:
    """Put values into a template; keys as in ``anatomy``.

    Raises:
        Invalid: the field is the key of the slot that is empty or wrong, or ``media`` for a missing file.
    """
    form = describe(template)
    if form["problem"]:
        raise Invalid("template", form["problem"])
    if (kind := file_kind(template)) and not has_file:
        raise Invalid("media", f"Choose the {kind} of the header.")
    values = {slot["key"]: _value(slot, given.get(slot["key"], "")) for slot in slots(template)}
    body_values = _of("body", values)
    body = filled(form["body"], body_values)
    if len(body) > _BODY_MAX and len(body) > len(form["body"]):
        raise Invalid(
            "template", f"Filled in, the text is longer than the {_BODY_MAX:,} characters of WhatsApp."
        )
    meta: dict[str, Any] = {"name": template.name, "language": {"code": template.language}}
    if components := _components(template, values):
        meta["components"] = components
    shown = {
        "header": form["header"],
        "header_text": filled(form["header_text"], _of("header", values)),
        "footer": form["footer"],
        "buttons": [
            {**each, "url": _whole_url(each["url"], values.get(f"button.{index}", ""))}
            for index, each in enumerate(form["buttons"])
        ],
    }
    return Filled({"kind": "template", "template_id": template.id, "template": meta, "shown": shown}, body)


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
    name = slot["name"] if slot["place"] in ("button", "location") else f"{{{{{slot['name']}}}}}"
    return _NAMES[slot["place"]].format(name=name)


def _of(place: str, values: Mapping[str, str]) -> dict[str, str]:
    return {key.partition(".")[2]: value for key, value in values.items() if key.startswith(f"{place}.")}


def _whole_url(url: str, suffix: str) -> str:
    names = variables(url)
    return filled(url, {names[0]: suffix}) if names and suffix else url


def _components(template: Template, values: Mapping[str, str]) -> list[dict[str, Any]]:
    found = [
        _header(template, values),
        _texts(template, "BODY", "body", values),
        _offer(values),
        *_buttons(template, values),
    ]
    return [each for each in found if each is not None]


def _header(template: Template, values: Mapping[str, str]) -> dict[str, Any] | None:
    if kind := file_kind(template):
        # The sender puts Meta's id of the file in (``outbox.payloads``).
        return {"type": "header", "parameters": [{"type": kind, kind: {}}]}
    if "header.latitude" in values:
        return _checked("header.latitude", lambda: _place(values))
    return _texts(template, "HEADER", "header", values)


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
    template: Template, component: str, place: str, values: Mapping[str, str]
) -> dict[str, Any] | None:
    names = variables(part(template, component).get("text"))
    if not names:
        return None
    named = template.parameter_format == "NAMED"
    # By number, whatever their order in the text is.
    ordered = names if named else sorted(names, key=lambda name: (not name.isdecimal(), name.zfill(9)))
    parameters = [
        _checked(f"{place}.{name}", _text_value, values[f"{place}.{name}"], name if named else None)
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
    return _checked("offer", parts.limited_time_offer, ends)


def _buttons(template: Template, values: Mapping[str, str]) -> list[dict[str, Any] | None]:
    made: list[dict[str, Any] | None] = []
    for index, button in enumerate(buttons(template)):
        key, kind = f"button.{index}", str(button.get("type") or "").upper()
        if template.category == "AUTHENTICATION":
            # Meta: the code stands in the body and again in the button.
            code = next(iter(_of("body", values).values()), "")
            made.append(_checked("body.1", parts.url_button, index, code))
        elif key in values and kind == "URL":
            made.append(_checked(key, parts.url_button, index, values[key]))
        elif key in values:
            made.append(_checked(key, parts.copy_code_button, index, values[key]))
        elif kind == "FLOW":
            made.append(parts.flow_button(index))
    return made


def _checked(key: str, make: Callable[..., dict[str, Any]], *values: Any) -> dict[str, Any]:
    try:
        return make(*values)
    except InvalidMessage as error:
        raise Invalid(key, error.message) from None
