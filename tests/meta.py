"""What Meta sends: webhooks, built as briefly as a test can say them."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.whatsapp.webhooks.signature import sign

PNID = "106540352242922"
WABA = "102290129340398"
NUMBER = "15550783881"
ADA = "16505551234"
ADA_ID = "US.13491208655302741918"
APP_SECRET = "an-app-secret-of-tests"

Json = dict[str, Any]
_counter = itertools.count()


def seconds(at: datetime) -> str:
    return str(int(at.timestamp()))


def ago(**span: float) -> datetime:
    return datetime.now(UTC) - timedelta(**span)


def webhook(*changes: Json, waba: str = WABA, time: datetime | None = None) -> Json:
    entry: Json = {"id": waba, "changes": list(changes)}
    if time:
        entry["time"] = int(time.timestamp())
    return {"object": "whatsapp_business_account", "entry": [entry]}


def change(field: str, pnid: str = PNID, **value: Any) -> Json:
    metadata = {"display_phone_number": NUMBER, "phone_number_id": pnid}
    return {"field": field, "value": {"messaging_product": "whatsapp", "metadata": metadata, **value}}


def person(
    wa_id: str | None = ADA, user_id: str | None = None, name: str = "Ada", username: str = ""
) -> Json:
    profile = {"name": name} | ({"username": username} if username else {})
    found: Json = {"profile": profile, "wa_id": wa_id, "user_id": user_id}
    return {key: value for key, value in found.items() if value is not None}


def message(
    wamid: str,
    kind: str = "text",
    body: Any = None,
    *,
    wa_id: str | None = ADA,
    user_id: str | None = None,
    at: datetime | None = None,
    **more: Any,
) -> Json:
    """One element of ``messages``; ``body`` is a text, or the object of its type."""
    content = {"body": body or "Hello"} if kind == "text" and not isinstance(body, Mapping) else body
    element: Json = {"from": wa_id, "from_user_id": user_id, "id": wamid, "type": kind}
    element["timestamp"] = seconds(at or ago(seconds=1))
    if content is not None:
        element[kind] = content
    return {key: value for key, value in (element | more).items() if value is not None}


def inbound(*messages: Json, pnid: str = PNID, **who: Any) -> Json:
    """A webhook with messages of one customer."""
    first = messages[0]
    ids = {"wa_id": first.get("from"), "user_id": first.get("from_user_id")}
    return webhook(change("messages", pnid, contacts=[person(**{**ids, **who})], messages=list(messages)))


def status(
    wamid: str, state: str, *, at: datetime | None = None, callback: str = "", error: int = 0, **more: Any
) -> Json:
    element: Json = {
        "id": wamid,
        "status": state,
        "timestamp": seconds(at or ago(seconds=1)),
        "recipient_id": ADA,
    }
    if callback:
        element["biz_opaque_callback_data"] = callback
    if error:
        element["errors"] = [
            {"code": error, "title": "T", "message": "M", "error_data": {"details": f"D{error}"}}
        ]
    return element | more


def statuses(*elements: Json, pnid: str = PNID) -> Json:
    return webhook(change("messages", pnid, statuses=list(elements)))


def preference(value: str, at: datetime, **ids: str) -> Json:
    who = ids or {"wa_id": ADA}
    wish = {**who, "category": "marketing_messages", "value": value, "timestamp": int(at.timestamp())}
    return webhook(change("user_preferences", contacts=[person(**who)], user_preferences=[wish]))


def echo(wamid: str, kind: str = "text", body: Any = None, *, at: datetime | None = None) -> Json:
    """The business wrote on its own phone."""
    element = message(wamid, kind, body, wa_id=NUMBER, at=at) | {"to": ADA}
    return webhook(change("smb_message_echoes", message_echoes=[element]))


def history(*messages: Json, customer: str = ADA) -> Json:
    portion = {"metadata": {"phase": 0, "chunk_order": 1, "progress": 50}}
    threads = [{"id": customer, "messages": list(messages)}]
    return webhook(change("history", history=[{**portion, "threads": threads}]))


def raw(document: Json) -> bytes:
    """The bytes as Meta writes them: no spaces, everything escaped."""
    return json.dumps(document, separators=(",", ":")).replace("/", "\\/").encode()


def another(document: Json) -> bytes:
    """The same content in bytes that were never sent before."""
    return raw({**document, "nonce": next(_counter)})


def signed(body: bytes, secret: str = APP_SECRET) -> dict[str, str]:
    return {"x-hub-signature-256": sign(body, secret), "content-type": "application/json"}
