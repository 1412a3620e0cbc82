"""App-level nodes: webhook subscription and token inspection."""

from __future__ import annotations

from ..errors import invalid
from ..models import Json
from .call import SUCCESS, Call, Handler
from .registration import check_callback

SCOPES = ["whatsapp_business_management", "whatsapp_business_messaging", "business_management"]


async def subscribe(call: Call, _: str) -> Json:
    """`POST /{APP_ID}/subscriptions`: the callback URL of the app, after Meta's handshake."""
    call.app_only()
    if await call.require("object") != "whatsapp_business_account":
        raise invalid("Param object must be whatsapp_business_account.")
    url = str(await call.require("callback_url"))
    verify_token = str(await call.require("verify_token"))
    await check_callback(call.sandbox, url, verify_token)
    fields = (await call.params()).get("fields") or []
    names = fields if isinstance(fields, list) else str(fields).split(",")
    set_callback(call, url, verify_token, [str(name).strip() for name in names if str(name).strip()])
    return SUCCESS


def set_callback(call: Call, url: str | None, verify_token: str, fields: list[str]) -> None:
    """Point the app's webhooks somewhere."""
    call.sandbox.store.callback = {"url": url, "verify_token": verify_token, "fields": fields}
    call.sandbox.store.touch_settings()
    call.sandbox.hub.tell({"kind": "connection"})


async def subscriptions(call: Call, _: str) -> Json:
    """`GET /{APP_ID}/subscriptions`."""
    call.app_only()
    callback = call.sandbox.store.callback
    if not callback["url"]:
        return {"data": []}
    fields = [{"name": name, "version": call.version} for name in callback["fields"]]
    entry = {"object": "whatsapp_business_account", "callback_url": callback["url"], "active": True}
    return {"data": [entry | {"fields": fields}]}


async def unsubscribe(call: Call, _: str) -> Json:
    """`DELETE /{APP_ID}/subscriptions`."""
    call.app_only()
    set_callback(call, None, "", [])
    return SUCCESS


async def read(call: Call, _: str) -> Json:
    """`GET /{APP_ID}`."""
    config = call.sandbox.config
    return {"id": config.app_id, "name": config.app_name, "category": "Business"}


async def debug_token(call: Call, _: str) -> Json:
    """`GET /debug_token`."""
    value = str(await call.require("input_token"))
    config = call.sandbox.config
    data: Json = {"app_id": config.app_id, "application": config.app_name}
    token = call.sandbox.store.tokens.get(value)
    expired = token is not None and bool(token.expires) and token.expires < call.sandbox.clock.now()
    if token is None or expired or call.sandbox.faults.revoked_token:
        message = (
            "Error validating access token: Session has expired."
            if expired
            else ("The access token could not be decrypted")
        )
        problem = {"code": 190, "message": message}
        return {"data": data | {"is_valid": False, "error": problem, "scopes": []}}
    data |= {"type": token.kind, "is_valid": True, "expires_at": int(token.expires), "issued_at": 0}
    if token.kind == "APP":
        return {"data": data | {"scopes": []}}
    granular = [{"scope": scope, "target_ids": [config.waba_id]} for scope in SCOPES[:2]]
    return {"data": data | {"scopes": SCOPES, "granular_scopes": granular, "user_id": "122094610544000001"}}


EDGES: dict[tuple[str, str, str], Handler] = {
    ("app", "", "GET"): read,
    ("app", "subscriptions", "GET"): subscriptions,
    ("app", "subscriptions", "POST"): subscribe,
    ("app", "subscriptions", "DELETE"): unsubscribe,
    ("debug_token", "", "GET"): debug_token,
}
