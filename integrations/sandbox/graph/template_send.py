"""Compares a template send with the template's own definition."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import GraphError, invalid, missing
from ..models import Json, Template
from .content import check_location, check_media

if TYPE_CHECKING:
    from ..sandbox import Sandbox

VARIABLE = re.compile(r"\{\{\s*([A-Za-z0-9_]+)\s*\}\}")
_FORBIDDEN = re.compile(r"[\n\t]| {5,}")
_UNSENDABLE = {"PAUSED": 132015, "DISABLED": 132016}


@dataclass(slots=True)
class Contract:
    """What a send must bring along, worked out once per version of a template."""

    named: bool
    header: str | None = None
    header_variables: list[str] = field(default_factory=list)
    body_variables: list[str] = field(default_factory=list)
    url_buttons: set[int] = field(default_factory=set)
    coupon_buttons: set[int] = field(default_factory=set)
    button_count: int = 0
    expiring: bool = False
    cards: list[Contract] = field(default_factory=list)


def contract_of(components: list[Json], *, named: bool) -> Contract:
    """Read a template's components."""
    contract = Contract(named)
    for component in components:
        kind = str(component.get("type", "")).upper()
        if kind == "HEADER":
            contract.header = str(component.get("format", "TEXT")).upper()
            contract.header_variables = variables(component.get("text"))
        elif kind == "BODY":
            contract.body_variables = variables(component.get("text"))
        elif kind == "BUTTONS":
            _buttons(contract, component.get("buttons", []))
        elif kind == "LIMITED_TIME_OFFER":
            contract.expiring = bool(component.get("limited_time_offer", {}).get("has_expiration"))
        elif kind == "CAROUSEL":
            cards = component.get("cards", [])
            contract.cards = [contract_of(card.get("components", []), named=named) for card in cards]
    return contract


def variables(text: str | None) -> list[str]:
    """Names of a text's variables, each once, in order."""
    return list(dict.fromkeys(VARIABLE.findall(text or "")))


def _buttons(contract: Contract, buttons: list[Json]) -> None:
    contract.button_count = len(buttons)
    for index, button in enumerate(buttons):
        kind = str(button.get("type", "")).upper()
        if kind == "URL" and variables(button.get("url")):
            contract.url_buttons.add(index)
        elif kind == "COPY_CODE":
            contract.coupon_buttons.add(index)


def check_template(sandbox: Sandbox, content: Any) -> Template:
    """The template to send, once everything fits."""
    template = _find(sandbox, content)
    contract = sandbox.contracts.get(template.id)
    if contract is None:
        named = template.parameter_format == "NAMED"
        contract = sandbox.contracts[template.id] = contract_of(template.components, named=named)
    components = content.get("components") or []
    if not isinstance(components, list) or not all(isinstance(item, dict) for item in components):
        raise invalid("Param template['components'] must be an array.")
    _check_components(contract, components)
    return template


def _find(sandbox: Sandbox, content: Any) -> Template:
    if not isinstance(content, dict):
        raise invalid("Param template must be a JSON object.")
    name, language = content.get("name"), content.get("language")
    if not name:
        raise missing("template['name']")
    code = language.get("code") if isinstance(language, dict) else None
    if not code:
        raise missing("template['language']['code']")
    template = sandbox.store.find_template(str(name), str(code))
    if template is not None and (error := _UNSENDABLE.get(template.status)):
        raise GraphError(error, f"template ({name}) in {code} is {template.status.lower()}", status=400)
    if template is None or template.status != "APPROVED":
        raise GraphError(132001, f"template name ({name}) does not exist in {code}", status=404)
    return template


def _check_components(contract: Contract, components: list[Json]) -> None:
    groups: dict[str, list[Json]] = {}
    for component in components:
        groups.setdefault(str(component.get("type", "")).lower(), []).append(component)
    known = {"header", "body", "button", "carousel", "limited_time_offer", "tap_target_configuration"}
    if unknown := set(groups) - known:
        raise invalid(f"Unknown template component type: {sorted(unknown)[0]}")
    _header(contract, _parameters(groups, "header"))
    _texts("body", contract.body_variables, _parameters(groups, "body"), named=contract.named)
    _button_parameters(contract, groups.get("button", []))
    if contract.expiring and "limited_time_offer" not in groups:
        raise missing("limited_time_offer['expiration_time_ms']")
    _cards(contract, groups.get("carousel", []))


def _parameters(groups: dict[str, list[Json]], kind: str) -> list[Json]:
    found = groups.get(kind, [])
    if len(found) > 1:
        raise invalid(f"The component {kind} may appear only once.")
    parameters = found[0].get("parameters") or [] if found else []
    if not isinstance(parameters, list) or not all(isinstance(item, dict) for item in parameters):
        raise invalid(f"The parameters of {kind} must be an array of objects.")
    return parameters


def _header(contract: Contract, parameters: list[Json]) -> None:
    kind = contract.header
    if kind in (None, "TEXT"):
        _texts("header", contract.header_variables, parameters, named=contract.named)
        return
    if kind == "PRODUCT":
        return
    given = str(parameters[0].get("type", "")).upper() if parameters else "UNKNOWN"
    expected = "VIDEO" if kind == "GIF" and given != "GIF" else kind
    if given != expected:
        raise GraphError(132012, f"header: Format mismatch, expected {kind}, received {given}")
    value = parameters[0].get(given.lower())
    if not isinstance(value, dict):
        raise missing(f"header['{given.lower()}']")
    if kind == "LOCATION":
        check_location(value)
    else:
        check_media(given.lower(), value, f"header['{given.lower()}']")


def _texts(where: str, expected: list[str], parameters: list[Json], *, named: bool) -> None:
    if len(parameters) != len(expected):
        raise GraphError(
            132000,
            f"{where}: number of localizable_params ({len(parameters)}) does not match the expected number "
            f"of params ({len(expected)})",
        )
    for parameter in parameters:
        _text(where, parameter)
    if named and expected:
        _names(where, expected, parameters)


def _names(where: str, expected: list[str], parameters: list[Json]) -> None:
    given = [parameter.get("parameter_name") for parameter in parameters]
    if None in given:
        raise invalid("Parameter name is missing or empty")
    if set(given) != set(expected):
        raise GraphError(132012, f"{where}: expected parameter names {', '.join(expected)}")


def _text(where: str, parameter: Json) -> None:
    kind = parameter.get("type")
    if kind in ("currency", "date_time"):
        if not (parameter.get(kind) or {}).get("fallback_value"):
            raise missing(f"{where}['{kind}']['fallback_value']")
        return
    if kind != "text":
        raise GraphError(132012, f"{where}: Format mismatch, expected TEXT, received {str(kind).upper()}")
    value = parameter.get("text")
    if not isinstance(value, str) or not value:
        raise GraphError(131008, f"{where}: Parameter of type text is missing text value")
    if len(value) > 1024:
        raise GraphError(132005, f"{where}: text is too long")
    if _FORBIDDEN.search(value):
        raise GraphError(
            132012, "Param text cannot have new-line/tab characters or more than 4 consecutive spaces"
        )


def _button_parameters(contract: Contract, buttons: list[Json]) -> None:
    given: dict[int, Json] = {}
    for button in buttons:
        index = _index(button)
        if index >= contract.button_count:
            raise GraphError(132012, f"buttons: Button at index {index} does not exist in the template")
        given[index] = button
    for index in sorted(contract.url_buttons | contract.coupon_buttons):
        kind = "Url" if index in contract.url_buttons else "CopyCode"
        parameters = given[index].get("parameters") if index in given else None
        if not isinstance(parameters, list) or not parameters:
            raise GraphError(131008, f"buttons: Button at index {index} of type {kind} requires a parameter")
        key = "text" if kind == "Url" else "coupon_code"
        if not isinstance(parameters[0], dict) or not parameters[0].get(key):
            raise GraphError(132012, f"buttons: Button at index {index} needs a parameter of type {key}")


def _index(button: Json) -> int:
    try:
        return int(button["index"])
    except (KeyError, TypeError, ValueError):
        raise missing("button['index']") from None


def _cards(contract: Contract, carousels: list[Json]) -> None:
    cards = carousels[0].get("cards") if carousels else []
    if not isinstance(cards, list):
        raise invalid("Param carousel['cards'] must be an array.")
    if len(cards) != len(contract.cards):
        raise GraphError(
            132012,
            f"carousel: number of cards ({len(cards)}) does not match the template's ({len(contract.cards)})",
        )
    for card_contract, card in zip(contract.cards, cards, strict=True):
        _check_components(card_contract, card.get("components") or [])
