"""What a customer sees of a template: the definition with its variables filled in."""

from __future__ import annotations

import re
from typing import Any

from .models import Json, Template

_VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")


def render_template(template: Template, content: Json) -> Json:
    """The message as bubbles show it, frozen at the time of sending."""
    return _render(template.components, content.get("components") or [])


def _render(components: list[Json], given: list[Json]) -> Json:
    view: Json = {}
    for component in components:
        kind = str(component.get("type", "")).upper()
        if kind == "HEADER":
            view["header"] = _header(component, _parameters(given, "header"))
        elif kind == "BODY":
            view["text"] = _fill(component.get("text", ""), _parameters(given, "body"))
        elif kind == "FOOTER":
            view["footer"] = component.get("text", "")
        elif kind == "BUTTONS":
            view["buttons"] = _buttons(component.get("buttons", []), given)
        elif kind == "LIMITED_TIME_OFFER":
            view["offer"] = _offer(component, _parameters(given, "limited_time_offer"))
        elif kind == "CAROUSEL":
            view["cards"] = _cards(component, given)
    return view


def _parameters(given: list[Json], kind: str) -> list[Json]:
    for component in given:
        if str(component.get("type", "")).lower() == kind:
            return component.get("parameters") or []
    return []


def _header(component: Json, parameters: list[Json]) -> Json:
    kind = str(component.get("format", "TEXT")).lower()
    if kind == "text":
        return {"type": "text", "text": _fill(component.get("text", ""), parameters)}
    value = parameters[0].get(parameters[0].get("type", kind)) if parameters else None
    return {"type": "video" if kind == "gif" else kind, "value": value or {}}


def _fill(text: str, parameters: list[Json]) -> str:
    values: dict[str, str] = {}
    for position, parameter in enumerate(parameters, start=1):
        values[str(position)] = values[str(parameter.get("parameter_name"))] = _value(parameter)
    return _VARIABLE.sub(lambda match: values.get(match[1], match[0]), text)


def _value(parameter: Json) -> str:
    kind = parameter.get("type")
    if kind in ("currency", "date_time"):
        return str(parameter[kind].get("fallback_value", ""))
    return str(parameter.get("text", ""))


def _buttons(buttons: list[Json], given: list[Json]) -> list[Json]:
    by_index = {
        str(item.get("index")): item.get("parameters") or [{}]
        for item in given
        if str(item.get("type", "")).lower() == "button"
    }
    return [_button(button, (by_index.get(str(index)) or [{}])[0]) for index, button in enumerate(buttons)]


def _button(button: Json, parameter: Json) -> Json:
    kind = str(button.get("type", "")).upper()
    label = button.get("text") or kind.replace("_", " ").capitalize()
    if button.get("otp"):
        return {"kind": "copy", "text": label, "value": parameter.get("text", "")}
    if kind == "URL":
        return {"kind": "url", "text": label, "url": _fill(button.get("url", ""), [parameter])}
    if kind == "PHONE_NUMBER":
        return {"kind": "phone", "text": label, "number": button.get("phone_number", "")}
    if kind == "COPY_CODE":
        return {"kind": "copy", "text": label, "value": parameter.get("coupon_code", "")}
    if kind == "FLOW":
        action: Any = parameter.get("action") or {}
        return {
            "kind": "flow",
            "text": label,
            "flow_id": str(button.get("flow_id", "")),
            "flow_token": action.get("flow_token", "unused"),
        }
    if kind == "QUICK_REPLY":
        return {"kind": "quick", "text": label, "payload": parameter.get("payload", label)}
    return {"kind": "other", "text": label}


def _offer(component: Json, parameters: list[Json]) -> Json:
    text = component.get("limited_time_offer", {}).get("text", "")
    expiry = (parameters[0].get("limited_time_offer") or {}).get("expiration_time_ms") if parameters else None
    return {"text": text, "expires_ms": expiry}


def _cards(component: Json, given: list[Json]) -> list[Json]:
    sent: list[Json] = []
    for item in given:
        if str(item.get("type", "")).lower() == "carousel":
            sent = item.get("cards") or []
    cards = component.get("cards", [])
    parts = [card.get("components") or [] for card in sent] + [[]] * len(cards)
    return [_render(card.get("components", []), parts[index]) for index, card in enumerate(cards)]
