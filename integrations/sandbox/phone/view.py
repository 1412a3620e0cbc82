"""How messages look on the phone, whatever their type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ..models import Json, Message

if TYPE_CHECKING:
    from ..sandbox import Sandbox

_MEDIA = ("image", "video", "audio", "document", "sticker")
_LABELS = {
    "image": "Photo",
    "video": "Video",
    "audio": "Audio",
    "document": "Document",
    "sticker": "Sticker",
    "location": "Location",
    "contacts": "Contact",
    "order": "Order",
    "unsupported": "Unsupported message",
    "request_welcome": "Opened the chat",
}


def show_message(sandbox: Sandbox, message: Message) -> Json:
    """A message with its raw body and, under `view`, what the bubble shows."""
    return {
        "wamid": message.wamid,
        "seq": message.seq,
        "direction": message.direction,
        "type": message.type,
        "status": message.status,
        "timestamp": message.timestamp,
        "phone_number_id": message.phone_number_id,
        "body": message.body,
        "context": message.context,
        "callback": message.callback,
        "error": message.error,
        "edited": message.edited,
        "revoked": message.revoked,
        "business_reaction": message.business_reaction,
        "customer_reaction": message.customer_reaction,
        "quoted": _quoted(sandbox, message),
        "view": {} if message.revoked else _view(sandbox, message),
    }


def preview(message: Message) -> str:
    """One line for the list of chats."""
    if message.revoked:
        return "Message deleted"
    body = message.body if isinstance(message.body, dict) else {}
    if message.type == "text":
        return str(body.get("body", ""))
    if message.type == "template":
        return str((message.rendered or {}).get("text", "")) or "Message"
    if message.type == "interactive":
        return _interactive_preview(body)
    if message.type == "button":
        return str(body.get("text", ""))
    if message.type == "system":
        return str(body.get("body", ""))
    label = _LABELS.get(message.type, "Message")
    caption = body.get("caption") or body.get("filename") or body.get("name")
    return f"{label}: {caption}" if caption else label


def _interactive_preview(body: Json) -> str:
    for kind in ("button_reply", "list_reply"):
        if kind in body:
            return str(body[kind].get("title", ""))
    if "nfm_reply" in body:
        return "Form sent"
    text = body.get("body")
    return str(text.get("text", "")) if isinstance(text, dict) else "Message"


def _quoted(sandbox: Sandbox, message: Message) -> Json | None:
    quoted_id = (message.context or {}).get("id")
    quoted = sandbox.store.messages.get(str(quoted_id)) if quoted_id else None
    if quoted is None:
        return None
    return {"wamid": quoted.wamid, "text": preview(quoted)[:160], "direction": quoted.direction}


def _view(sandbox: Sandbox, message: Message) -> Json:
    body, kind = message.body, message.type
    if kind in _MEDIA:
        return _media_view(sandbox, kind, body)
    if kind == "template":
        return _template_view(sandbox, message.rendered or {})
    if kind == "interactive":
        return _interactive_view(sandbox, body)
    if kind == "location":
        return {"location": body}
    if kind == "contacts":
        return {"contacts": [_card(card) for card in body]}
    if kind == "order":
        return {"text": str(body.get("text") or ""), "order": body.get("product_items", [])}
    if kind == "unsupported":
        return {"note": f"This message ({body.get('type', 'unknown')}) cannot be shown."}
    return {"text": preview(message)}


def _media_view(sandbox: Sandbox, kind: str, body: Any) -> Json:
    if not isinstance(body, dict):
        return {"note": "This file was too large."}
    view: Json = {"media": _file(sandbox, kind, body)}
    if body.get("caption"):
        view["text"] = body["caption"]
    return view


def _file(sandbox: Sandbox, kind: str, body: Json) -> Json:
    media = sandbox.store.media.get(str(body.get("id")))
    file: Json = {"kind": kind, "filename": body.get("filename")}
    if media is not None:
        file |= {"url": f"phone/media/{media.id}", "size": media.size, "mime_type": media.mime_type}
        file["filename"] = file["filename"] or media.filename
    elif link := body.get("link"):
        file |= {"url": f"phone/link?url={quote(str(link), safe='')}", "link": link}
    return file


def _card(card: Json) -> Json:
    phones = [str(phone.get("phone") or "") for phone in card.get("phones") or []]
    name = (card.get("name") or {}).get("formatted_name") or "Contact"
    return {"name": name, "phones": [phone for phone in phones if phone]}


def _template_view(sandbox: Sandbox, rendered: Json) -> Json:
    view = dict(rendered)
    header = view.pop("header", None)
    if header is not None:
        view |= _header(sandbox, header["type"], header.get("text"), header.get("value"))
    if cards := view.get("cards"):
        view["cards"] = [_template_view(sandbox, card) for card in cards]
    return view


def _header(sandbox: Sandbox, kind: str, text: str | None, value: Any) -> Json:
    if kind == "text":
        return {"title": text}
    if kind == "location":
        return {"location": value}
    return {"media": _file(sandbox, kind, value or {})} if kind in _MEDIA else {}


def _interactive_view(sandbox: Sandbox, body: Json) -> Json:
    for kind in ("button_reply", "list_reply"):
        if kind in body:
            return {"text": body[kind].get("title"), "description": body[kind].get("description")}
    if "nfm_reply" in body:
        return {"note": "Form sent", "form": body["nfm_reply"].get("response_json")}
    view: Json = {}
    if isinstance(header := body.get("header"), dict):
        kind = str(header.get("type"))
        view |= _header(sandbox, kind, header.get("text"), header.get(kind))
    for part, key in (("body", "text"), ("footer", "footer")):
        if isinstance(body.get(part), dict):
            view[key] = body[part].get("text")
    return view | _action(sandbox, str(body.get("type")), body.get("action") or {})


def _action(sandbox: Sandbox, kind: str, action: Json) -> Json:
    parameters = action.get("parameters") or {}
    if kind == "button":
        replies = [button["reply"] for button in action["buttons"]]
        return {
            "buttons": [{"kind": "reply", "id": reply["id"], "text": reply["title"]} for reply in replies]
        }
    if kind == "list":
        return {"list": {"button": action["button"], "sections": action["sections"]}}
    if kind == "cta_url":
        return {"buttons": [_url(parameters)]}
    if kind == "flow":
        button = {
            "kind": "flow",
            "text": parameters.get("flow_cta"),
            "flow_id": _flow_id(sandbox, parameters),
        }
        return {"buttons": [button | {"flow_token": parameters.get("flow_token", "unused")}]}
    if kind == "location_request_message":
        return {"buttons": [{"kind": "location", "text": "Send location"}]}
    if kind == "request_contact_info":
        return {"buttons": [{"kind": "contact", "text": "Share my number"}]}
    if kind == "carousel":
        return {"cards": [_carousel_card(sandbox, card) for card in action.get("cards", [])]}
    if kind in ("product", "product_list"):
        return {"products": _products(action)}
    return {"note": f"This phone cannot act on '{kind}' messages."}


def _products(action: Json) -> list[str]:
    if retailer_id := action.get("product_retailer_id"):
        return [str(retailer_id)]
    sections = action.get("sections") or []
    return [str(item["product_retailer_id"]) for part in sections for item in part.get("product_items", [])]


def _flow_id(sandbox: Sandbox, parameters: Json) -> str:
    if flow_id := parameters.get("flow_id"):
        return str(flow_id)
    names = {flow.name: flow.id for flow in sandbox.store.flows.values()}
    return names.get(str(parameters.get("flow_name")), "")


def _url(parameters: Json) -> Json:
    return {"kind": "url", "text": parameters.get("display_text"), "url": parameters.get("url")}


def _carousel_card(sandbox: Sandbox, card: Json) -> Json:
    header = card.get("header") or {}
    kind = str(header.get("type"))
    view = _header(sandbox, kind, header.get("text"), header.get(kind))
    if isinstance(card.get("body"), dict):
        view["text"] = card["body"].get("text")
    parameters = (card.get("action") or {}).get("parameters") or {}
    return view | {"buttons": [_url(parameters)] if parameters else []}
