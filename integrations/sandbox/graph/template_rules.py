"""What Meta checks before a template goes to review."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from ..errors import GraphError, invalid
from ..models import Json
from .template_buttons import check_buttons, is_pictogram, is_plain
from .template_send import VARIABLE, variables
from .uploads import media_of_handle

if TYPE_CHECKING:
    from ..sandbox import Sandbox

CATEGORIES = ("AUTHENTICATION", "MARKETING", "UTILITY")
_NAME = re.compile(r"^[a-z0-9_]{1,512}$")
_HEADERS = ("TEXT", "IMAGE", "VIDEO", "DOCUMENT", "GIF", "LOCATION", "PRODUCT")
_FILES = ("IMAGE", "VIDEO", "DOCUMENT", "GIF")
# Meta's list of languages: those that need a country, and those that may have one.
_LANGUAGES = {
    "": "af sq ar az bn bg ca hr cs da nl en et fil fi fr ka de el gu ha he hi hu id ga it ja kn kk ko lo lv lt mk ms "
    "ml mr nb fa pl pa ro ru sr sk sl es sw sv ta te th tr uk ur uz vi zu",
    "ar": "EG AE LB MA QA", "be": "BY", "bn": "IN", "zh": "CN HK TW", "prs": "AF", "nl": "BE", "rw": "RW",
    "en": "GB US AE AU CA GH IE IN JM MY NZ QA SG UG ZA", "fr": "BE CA CH CI MA", "de": "AT CH", "ky": "KG",
    "ps": "AF", "pt": "BR PT", "si": "LK", "es": "AR CL CO CR DO EC HN MX PA PE ES UY",
}  # fmt: skip


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
    tongue, _, country = language.partition("_")
    known = country in _LANGUAGES.get(tongue, "").split() if country else tongue in _LANGUAGES[""].split()
    if not known:
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
    kinds = _kinds(by_kind)
    if category == "AUTHENTICATION":
        _authentication(by_kind)
        return
    _products(by_kind, kinds)
    if "LIMITED_TIME_OFFER" in by_kind:
        _offer(by_kind, kinds, category)


def _kinds(by_kind: dict[str, Json]) -> list[str]:
    buttons = by_kind.get("BUTTONS", {}).get("buttons") or []
    return [str(button.get("type", "")).upper() for button in buttons]


def _format(by_kind: dict[str, Json]) -> str:
    return str(by_kind["HEADER"].get("format", "")).upper() if "HEADER" in by_kind else ""


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
        check_buttons(component.get("buttons"), category, most=2 if in_card else 10)
    elif kind == "CAROUSEL":
        _carousel(sandbox, component, category, named=named)
    elif kind not in ("LIMITED_TIME_OFFER", "CALL_PERMISSION_REQUEST"):
        raise invalid(f"Unknown component type {kind}.")


def _authentication(by_kind: dict[str, Json]) -> None:
    if set(by_kind) - {"BODY", "FOOTER", "BUTTONS"} or "BUTTONS" not in by_kind:
        raise invalid("Authentication templates have a body, a footer and one OTP button. (category)")
    minutes = by_kind.get("FOOTER", {"code_expiration_minutes": 10}).get("code_expiration_minutes")
    if type(minutes) is not int or not 1 <= minutes <= 90:
        raise refuse(2388073, "Footer is invalid", "code_expiration_minutes must be between 1 and 90.")


def _header(sandbox: Sandbox, component: Json, *, named: bool) -> None:
    kind = str(component.get("format", "")).upper()
    if kind not in _HEADERS:
        raise invalid(f"Header format must be one of {{{', '.join(_HEADERS)}}}.")
    if kind == "TEXT":
        text = component.get("text")
        if not isinstance(text, str) or not text.strip() or len(text) > 60:
            raise refuse(2388047, "Header is invalid", "A text header has 1 to 60 characters.")
        bare = VARIABLE.sub("", text)
        if not is_plain(bare):
            raise refuse(
                2388047,
                "Message header format is incorrect",
                "Message header can't have newlines, formatting characters, emojis, or asterisks.",
            )
        if "{{" in bare or "}}" in bare or len(VARIABLE.findall(text)) > 1:
            raise refuse(2388047, "Header is invalid", "A header may have one variable.")
        _examples(component, text, "header_text", named=named)
    elif kind in _FILES:
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
    bare = VARIABLE.sub("", text)
    if "{{" in bare or "}}" in bare:
        raise refuse(2388072, "Body is invalid", "The body has a variable with mismatched braces.")
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
    if sum(map(is_pictogram, text)) > 10:
        raise refuse(2388072, "Body is invalid", "The body has more than 10 emojis.")
    if len(VARIABLE.findall(text)) * 2 > _words(text):
        raise refuse(
            2388293,
            "Variables per length",
            "This template has too many variables for its length. Reduce the variables or add text.",
        )


def _words(text: str) -> int:
    """Scripts without spaces (Thai, Khmer, Japanese, Chinese) are counted by character."""
    count = 0
    for word in VARIABLE.sub(" ", text).split():
        spaceless = sum(_is_spaceless(ord(character)) for character in word)
        rest = "".join(" " if _is_spaceless(ord(character)) else character for character in word)
        count += spaceless + len(rest.split())
    return count


def _is_spaceless(point: int) -> bool:
    blocks = ((0x0E00, 0x0EFF), (0x1780, 0x17FF), (0x3040, 0x30FF), (0x3400, 0x9FFF))
    return any(first <= point <= last for first, last in blocks)


def _examples(component: Json, text: str, key: str, *, named: bool) -> None:
    names = variables(text)
    if not names:
        return
    _numbering(names, named=named)
    example = component.get("example") or {}
    if named:
        given = {
            item.get("param_name"): item.get("example") for item in example.get(f"{key}_named_params") or []
        }
        complete = all(str(given.get(name) or "").strip() for name in names)
    else:
        values = example.get(key) or []
        values = values[0] if values and isinstance(values[0], list) else values
        complete = len(values) >= len(names) and all(str(each).strip() for each in values[: len(names)])
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
    if not isinstance(text, str) or not text.strip() or len(text) > 60 or "{{" in text or "}}" in text:
        raise refuse(2388073, "Footer is invalid", "A footer has 1 to 60 characters and no variables.")
    if any(character in "\n\r\t" or is_pictogram(character) for character in text):
        raise refuse(2388073, "Footer is invalid", "Message footer can't have newlines or emojis.")


def _offer(by_kind: dict[str, Json], kinds: list[str], category: str) -> None:
    offer = by_kind["LIMITED_TIME_OFFER"].get("limited_time_offer") or {}
    text = str(offer.get("text") or "")
    if category != "MARKETING":
        raise invalid("A limited-time offer needs the category MARKETING.")
    if not text.strip() or len(text) > 16 or "{{" in text or "}}" in text or "\n" in text:
        raise invalid("Param limited_time_offer['text'] must have 1 to 16 characters.")
    if "FOOTER" in by_kind:
        raise refuse(2388299, "Footer not allowed", "A limited-time offer template cannot have a footer.")
    if "HEADER" in by_kind and _format(by_kind) not in ("IMAGE", "VIDEO"):
        raise invalid("The header of a limited-time offer is an image or a video.")
    if len(str(by_kind["BODY"].get("text"))) > 600:
        raise refuse(2388040, "Character limit", "The body of a limited-time offer may have 600 characters.")
    if offer.get("has_expiration") is True and "COPY_CODE" not in kinds:
        raise invalid("A limited-time offer with has_expiration needs a copy code button.")
    if "COPY_CODE" in kinds and kinds[0] != "COPY_CODE":
        raise invalid("The copy code button of a limited-time offer must be the first button.")


def _products(by_kind: dict[str, Json], kinds: list[str]) -> None:
    shape = _format(by_kind)
    if (shape == "PRODUCT") != ("SPM" in kinds):
        raise invalid("A header of format PRODUCT goes with a button of type SPM.")
    if "MPM" in kinds and shape != "TEXT":
        raise invalid("A multi-product template needs a text header.")
    if "CATALOG" in kinds and shape:
        raise invalid("A catalog template has no header.")


def _carousel(sandbox: Sandbox, component: Json, category: str, *, named: bool) -> None:
    cards = component.get("cards")
    if not isinstance(cards, list) or not 2 <= len(cards) <= 10:
        raise invalid("A carousel has 2 to 10 cards.")
    shapes = set()
    for card in cards:
        parts = card.get("components") if isinstance(card, dict) else None
        check_components(sandbox, parts, category, named=named, in_card=True)
        by_kind = {str(part.get("type", "")).upper(): part for part in parts or []}
        if set(by_kind) - {"HEADER", "BODY", "BUTTONS"} or "BUTTONS" not in by_kind:
            raise invalid("A carousel card has a header, a body and 1 to 2 buttons.")
        if _format(by_kind) not in ("IMAGE", "VIDEO", "PRODUCT"):
            raise invalid("The header of a carousel card is an image, a video or a product.")
        shapes.add((frozenset(by_kind), _format(by_kind), tuple(_kinds(by_kind))))
    if len(shapes) != 1:
        raise invalid("All cards of a carousel must have the same components.")


def check_bubble(components: list[Json]) -> None:
    """Beside a carousel there is only the body."""
    kinds = {str(component.get("type", "")).upper() for component in components}
    if "CAROUSEL" in kinds and kinds - {"BODY", "CAROUSEL"}:
        raise invalid("A carousel template has only a body beside its cards.")
