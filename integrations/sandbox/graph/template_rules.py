"""What Meta checks before a template goes to review."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..errors import GraphError, invalid
from ..models import Json
from .template_send import VARIABLE, variables
from .uploads import media_of_handle

if TYPE_CHECKING:
    from ..sandbox import Sandbox

CATEGORIES = ("AUTHENTICATION", "MARKETING", "UTILITY")
_NAME = re.compile(r"^[a-z0-9_]{1,512}$")
_LANGUAGE = re.compile(r"^[a-z]{2,3}(_[A-Z][A-Za-z]{1,3})?$")
_HEADERS = ("TEXT", "IMAGE", "VIDEO", "DOCUMENT", "GIF", "LOCATION", "PRODUCT")
_MOST = {"URL": 2, "PHONE_NUMBER": 1, "COPY_CODE": 1, "FLOW": 1, "OTP": 1, "VOICE_CALL": 1}
_FIXED_LABEL = frozenset({"COPY_CODE", "OTP", "REQUEST_CONTACT_INFO", "CATALOG", "MPM", "SPM"})
_BUTTONS = frozenset({"QUICK_REPLY", *_MOST, *_FIXED_LABEL})


def refuse(subcode: int, title: str, message: str) -> GraphError:
    """Management errors carry the useful words in the user fields."""
    return GraphError(
        100, message="Invalid parameter", subcode=subcode, user_title=title, user_message=message
    )


def check_name(name: str, language: str, category: str) -> None:
    """Name, language and category of a new template."""
    if not _NAME.match(name):
        raise refuse(
            2388050, "Invalid name", "The name may have lower-case letters, digits and underscores only."
        )
    if not _LANGUAGE.match(language):
        raise refuse(2388051, "Invalid language", f"The language {language} is not supported.")
    if category not in CATEGORIES:
        raise invalid(f'Param category must be one of {{{", ".join(CATEGORIES)}}} - got "{category}".')


def check_components(
    sandbox: Sandbox, components: Any, category: str, *, named: bool, in_card: bool = False
) -> None:
    """All components together and each on its own."""
    if not isinstance(components, list) or not all(isinstance(item, dict) for item in components):
        raise invalid("Param components must be an array of objects.")
    by_kind: dict[str, Json] = {}
    for component in components:
        kind = str(component.get("type", "")).upper()
        if kind in by_kind:
            raise invalid(f"Component {kind} may appear only once.")
        by_kind[kind] = component
    if "BODY" not in by_kind and not in_card:
        raise invalid("Component of type BODY is missing.")
    for kind, component in by_kind.items():
        _component(sandbox, kind, component, category, named=named, in_card=in_card)
    if "LIMITED_TIME_OFFER" in by_kind and "FOOTER" in by_kind:
        raise refuse(2388299, "Footer not allowed", "A limited-time offer template cannot have a footer.")


def _component(
    sandbox: Sandbox, kind: str, component: Json, category: str, *, named: bool, in_card: bool
) -> None:
    if kind == "HEADER":
        _header(sandbox, component, named=named)
    elif kind == "BODY":
        if category != "AUTHENTICATION":
            _body(component, named=named, limit=160 if in_card else 1024)
    elif kind == "FOOTER":
        if category != "AUTHENTICATION":
            _footer(component)
    elif kind == "BUTTONS":
        _buttons(component.get("buttons"), category, most=2 if in_card else 10)
    elif kind == "CAROUSEL":
        _carousel(sandbox, component, category, named=named)
    elif kind not in ("LIMITED_TIME_OFFER", "CALL_PERMISSION_REQUEST"):
        raise invalid(f"Unknown component type {kind}.")


def _header(sandbox: Sandbox, component: Json, *, named: bool) -> None:
    kind = str(component.get("format", "")).upper()
    if kind not in _HEADERS:
        raise invalid(f"Header format must be one of {{{', '.join(_HEADERS)}}}.")
    if kind == "TEXT":
        text = component.get("text")
        if not isinstance(text, str) or not 1 <= len(text) <= 60:
            raise refuse(2388047, "Header is invalid", "A text header has 1 to 60 characters.")
        if len(variables(text)) > 1:
            raise refuse(2388047, "Header is invalid", "A header may have one variable.")
        _examples(component, text, "header_text", named=named)
    elif kind in ("IMAGE", "VIDEO", "DOCUMENT", "GIF"):
        _sample(sandbox, component)


def _sample(sandbox: Sandbox, component: Json) -> None:
    handles = (component.get("example") or {}).get("header_handle") or []
    if not handles:
        raise refuse(2388043, "Sample missing", "A media header needs an example with header_handle.")
    handle = str(handles[0])
    if handle.startswith("sample:") or media_of_handle(sandbox, handle) is not None:
        return
    raise refuse(2388273, "Invalid sample", "The header_handle is not one that an upload returned.")


def _body(component: Json, *, named: bool, limit: int) -> None:
    text = component.get("text")
    if not isinstance(text, str) or not text.strip():
        raise refuse(2388072, "Body is invalid", "The body text is missing.")
    if len(text) > limit:
        raise refuse(2388040, "Character limit", f"The body may have {limit} characters.")
    names = variables(text)
    _examples(component, text, "body_text", named=named)
    stripped = text.strip()
    if VARIABLE.match(stripped) or (stripped.endswith("}}") and names):
        raise refuse(
            2388299,
            "Leading or trailing variables",
            "Variables cannot be at the start or end of the template.",
        )
    if re.search(r"\}\}\s*\{\{", text):
        raise refuse(2388072, "Body is invalid", "Two variables cannot stand next to each other.")
    if re.search(r"\n{3,}|\t| {5,}", text):
        raise refuse(
            2388072, "Body is invalid", "No tabs, no more than two newlines or four spaces in a row."
        )
    words = len(VARIABLE.sub(" ", text).split())
    if len(VARIABLE.findall(text)) * 2 > words:
        raise refuse(
            2388293,
            "Variables per length",
            "This template has too many variables for its length. Reduce the variables or add text.",
        )


def _examples(component: Json, text: str, key: str, *, named: bool) -> None:
    names = variables(text)
    if not names:
        return
    _numbering(names, named=named)
    example = component.get("example") or {}
    if named:
        given = [item.get("param_name") for item in example.get(f"{key}_named_params") or []]
        complete = set(given) == set(names)
    else:
        values = example.get(key) or []
        complete = len(values[0] if values and isinstance(values[0], list) else values) == len(names)
    if not complete:
        raise refuse(2388043, "Sample missing", "Every variable needs an example.")


def _numbering(names: list[str], *, named: bool) -> None:
    if named:
        if not all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in names):
            raise refuse(
                2388072, "Variable names", "Named variables have lower-case letters and underscores."
            )
        return
    if names != [str(position) for position in range(1, len(names) + 1)]:
        raise refuse(2388072, "Variable numbers", "Variables must be numbered {{1}}, {{2}}, … without a gap.")


def _footer(component: Json) -> None:
    text = component.get("text")
    if not isinstance(text, str) or not 1 <= len(text) <= 60 or variables(text):
        raise refuse(2388073, "Footer is invalid", "A footer has 1 to 60 characters and no variables.")


def _buttons(buttons: Any, category: str, *, most: int) -> None:
    if not isinstance(buttons, list) or not 1 <= len(buttons) <= most:
        raise invalid(f"A template has 1 to {most} buttons.")
    kinds = [str(button.get("type", "")).upper() for button in buttons]
    for kind, button in zip(kinds, buttons, strict=True):
        if kind not in _BUTTONS:
            raise invalid(f"Unknown button type {kind}.")
        if kinds.count(kind) > _MOST.get(kind, 10):
            raise invalid(f"At most {_MOST[kind]} buttons of type {kind} are allowed.")
        _button(kind, button)
    if (category == "AUTHENTICATION") != ("OTP" in kinds):
        raise invalid("Authentication templates have exactly one OTP button; other templates have none.")
    replies = "".join("q" if kind == "QUICK_REPLY" else "-" for kind in kinds)
    if not re.fullmatch(r"q*-*|-*q*", replies):
        raise invalid("Quick replies must stand together, before or after all other buttons.")


def _button(kind: str, button: Json) -> None:
    label = button.get("text")
    if kind not in _FIXED_LABEL and (not isinstance(label, str) or not 1 <= len(label) <= 25):
        raise invalid("A button label has 1 to 25 characters.")
    if kind == "URL":
        _url(button)
    elif kind == "PHONE_NUMBER" and not 1 <= len(str(button.get("phone_number") or "")) <= 20:
        raise invalid("A phone number button needs a phone_number of at most 20 characters.")
    elif kind == "COPY_CODE" and not 1 <= len(_one(button.get("example"))) <= 15:
        raise invalid("A copy code button needs an example code of at most 15 characters.")
    elif kind == "FLOW" and not any(button.get(key) for key in ("flow_id", "flow_name", "flow_json")):
        raise invalid("A flow button needs flow_id, flow_name or flow_json.")


def _one(example: Any) -> str:
    return str(example[0] if isinstance(example, list) and example else example or "")


def _url(button: Json) -> None:
    url = str(button.get("url") or "")
    if not url.startswith(("https://", "http://")) or len(url) > 2000:
        raise invalid("A URL button needs an http(s) url of at most 2000 characters.")
    names = variables(url)
    if names and (len(names) > 1 or not url.endswith("}}")):
        raise invalid("A button URL may have one variable, at its end.")
    if names and not button.get("example"):
        raise refuse(2388043, "Sample missing", "A button URL with a variable needs an example.")


def _carousel(sandbox: Sandbox, component: Json, category: str, *, named: bool) -> None:
    cards = component.get("cards")
    if not isinstance(cards, list) or not 2 <= len(cards) <= 10:
        raise invalid("A carousel has 2 to 10 cards.")
    shapes = set()
    for card in cards:
        parts = card.get("components") if isinstance(card, dict) else None
        check_components(sandbox, parts, category, named=named, in_card=True)
        shapes.add(tuple((str(part.get("type")).upper(), str(part.get("format"))) for part in parts or []))
    if len(shapes) != 1:
        raise invalid("All cards of a carousel must have the same components.")
