"""Shape rules of interactive messages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..errors import GraphError, bad_value, invalid, missing
from ..models import Json
from .content import MEDIA_KINDS, check_media, optional_text, text

if TYPE_CHECKING:
    from ..sandbox import Sandbox

_BODY_LIMIT = {"list": 4096}
_NO_BODY = frozenset({"product"})
_MEDIA_HEADERS = ("text", "image", "video", "document")
_HEADERS = {
    "button": _MEDIA_HEADERS,
    "cta_url": _MEDIA_HEADERS,
    "flow": _MEDIA_HEADERS,
    "list": ("text",),
    "product_list": ("text",),
    "address_message": ("text",),
}


def check_interactive(sandbox: Sandbox, content: Any) -> None:
    """Refuse what Meta refuses."""
    if not isinstance(content, dict):
        raise invalid("Param interactive must be a JSON object.")
    kind = content.get("type")
    checker = _ACTIONS.get(str(kind))
    if checker is None:
        names = ", ".join(sorted(_ACTIONS))
        raise invalid(f"Param interactive['type'] must be one of {{{names}}} - got \"{kind}\".")
    _header(str(kind), content.get("header"))
    _texts(str(kind), content)
    action = content.get("action")
    if not isinstance(action, dict):
        raise missing("interactive['action']")
    checker(sandbox, action)


def _texts(kind: str, content: Json) -> None:
    body = content.get("body")
    if body is None and kind not in _NO_BODY:
        raise missing("interactive['body']")
    if body is not None:
        if not isinstance(body, dict):
            raise invalid("Param interactive['body'] must be a JSON object.")
        text(body, "text", _BODY_LIMIT.get(kind, 1024), "interactive['body']['text']")
    if isinstance(footer := content.get("footer"), dict):
        text(footer, "text", 60, "interactive['footer']['text']")


def _header(kind: str, header: Any) -> None:
    if header is None:
        if kind == "product_list":
            raise missing("interactive['header']")
        return
    allowed = _HEADERS.get(kind, ())
    header_kind = header.get("type") if isinstance(header, dict) else None
    if header_kind not in allowed:
        raise bad_value(f"Header type '{header_kind}' is not supported for interactive type '{kind}'.")
    if header_kind == "text":
        text(header, "text", 60, "Header text", code=131009)
    elif header_kind in MEDIA_KINDS:
        media = header.get(header_kind)
        if not isinstance(media, dict):
            raise missing(f"interactive['header']['{header_kind}']")
        check_media(str(header_kind), media, str(header_kind))


def _buttons(_: Sandbox, action: Json) -> None:
    buttons = action.get("buttons")
    if not isinstance(buttons, list) or not buttons:
        raise missing("interactive['action']['buttons']")
    if len(buttons) > 3:
        raise bad_value("Invalid buttons count. Min allowed buttons: 1, Max allowed buttons: 3")
    found = [button.get("reply") for button in buttons if isinstance(button, dict)]
    replies: list[Json] = [reply for reply in found if isinstance(reply, dict)]
    if len(replies) != len(buttons):
        raise missing("interactive['action']['buttons'][]['reply']")
    for reply in replies:
        text(reply, "id", 256, "Button id", code=131009)
        text(reply, "title", 20, "Button title", code=131009)
    _unique([reply["id"] for reply in replies], "Duplicated button ids")
    _unique([reply["title"] for reply in replies], "Duplicated button titles")


def _list(_: Sandbox, action: Json) -> None:
    text(action, "button", 20, "Button label", code=131009)
    sections = _sections(action)
    rows: list[Json] = []
    for section in sections:
        if len(sections) > 1:
            text(section, "title", 24, "Section title", code=131009)
        optional_text(section, "title", 24, "Section title", code=131009)
        found = section.get("rows")
        if not isinstance(found, list) or not found:
            raise missing("interactive['action']['sections'][]['rows']")
        rows += found
    if len(rows) > 10:
        raise bad_value("Total row count exceed max allowed count: 10")
    for row in rows:
        text(row, "id", 200, "Row id", code=131009)
        text(row, "title", 24, "Row title", code=131009)
        optional_text(row, "description", 72, "Row description", code=131009)
    _unique([row["id"] for row in rows], "Duplicated row ids")


def _sections(action: Json) -> list[Json]:
    sections = action.get("sections")
    if not isinstance(sections, list) or not sections:
        raise missing("interactive['action']['sections']")
    if len(sections) > 10:
        raise bad_value("Invalid sections count. Min allowed sections: 1, Max allowed sections: 10")
    return sections


def _parameters(action: Json, name: str) -> Json:
    if action.get("name") != name:
        raise bad_value(f"interactive['action']['name'] must be '{name}'.")
    parameters = action.get("parameters")
    if not isinstance(parameters, dict):
        raise missing("interactive['action']['parameters']")
    return parameters


def _link(_: Sandbox, action: Json) -> None:
    parameters = _parameters(action, "cta_url")
    text(parameters, "display_text", 20, "Display text", code=131009)
    url = text(parameters, "url", 2000, "URL", code=131009)
    if not url.startswith(("https://", "http://")):
        raise bad_value("URL is not a valid URI.")


def _flow(sandbox: Sandbox, action: Json) -> None:
    parameters = _parameters(action, "flow")
    if str(parameters.get("flow_message_version")) != "3":
        raise bad_value("flow_message_version must be 3.")
    text(parameters, "flow_cta", 30, "flow_cta", code=131009)
    flow = _find_flow(sandbox, parameters)
    draft = parameters.get("mode") == "draft"
    if flow.status != "PUBLISHED" and not (draft and flow.status == "DRAFT"):
        raise GraphError(131009, f"The flow is {flow.status.lower()}; publish it or send it with mode draft.")
    payload = parameters.get("flow_action_payload")
    if payload is not None and (not isinstance(payload, dict) or not payload.get("screen")):
        raise bad_value("flow_action_payload needs a screen.")
    if isinstance(payload, dict) and "data" in payload and not payload["data"]:
        raise bad_value("flow_action_payload['data'] must be a non-empty object.")


def _find_flow(sandbox: Sandbox, parameters: Json) -> Any:
    flow_id, name = parameters.get("flow_id"), parameters.get("flow_name")
    if bool(flow_id) == bool(name):
        raise bad_value("Exactly one of flow_id and flow_name is required.")
    for flow in sandbox.store.flows.values():
        if flow.id == str(flow_id) or flow.name == name:
            return flow
    raise bad_value(f"Flow {flow_id or name} does not exist.")


def _product(_: Sandbox, action: Json) -> None:
    for key in ("catalog_id", "product_retailer_id"):
        text(action, key, 256, key)


def _product_list(_: Sandbox, action: Json) -> None:
    text(action, "catalog_id", 256, "catalog_id")
    items = [item for section in _sections(action) for item in section.get("product_items", [])]
    if not 1 <= len(items) <= 30:
        raise bad_value("Invalid product items count. Min allowed: 1, Max allowed: 30")


def _named(name: str) -> Callable[[Sandbox, Json], None]:
    def check(_: Sandbox, action: Json) -> None:
        if action.get("name") != name:
            raise bad_value(f"interactive['action']['name'] must be '{name}'.")

    return check


def _carousel(_: Sandbox, action: Json) -> None:
    cards = action.get("cards")
    if not isinstance(cards, list) or not 2 <= len(cards) <= 10:
        raise bad_value("Invalid cards count. Min allowed cards: 2, Max allowed cards: 10")
    kinds = {(card.get("header") or {}).get("type") for card in cards}
    if len(kinds) != 1:
        raise bad_value("All cards must share one header type.")
    for card in cards:
        if isinstance(card.get("body"), dict):
            text(card["body"], "text", 160, "Card body", code=131009)


def _unique(values: list[Any], complaint: str) -> None:
    if len(set(values)) != len(values):
        raise bad_value(complaint)


_ACTIONS: dict[str, Callable[[Any, Json], None]] = {
    "button": _buttons,
    "list": _list,
    "cta_url": _link,
    "flow": _flow,
    "product": _product,
    "product_list": _product_list,
    "catalog_message": _named("catalog_message"),
    "location_request_message": _named("send_location"),
    "address_message": _named("address_message"),
    "carousel": _carousel,
    "call_permission_request": _named("call_permission_request"),
    "voice_call": _named("voice_call"),
    "request_contact_info": _named("request_contact_info"),
}
