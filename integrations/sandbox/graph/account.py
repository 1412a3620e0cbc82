"""The WhatsApp Business account: read, subscribed apps, analytics, portfolio."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import invalid
from ..models import Json
from .call import SUCCESS, Call, Handler
from .numbers import health, number_record
from .paging import field_names, page, select
from .registration import check_callback

if TYPE_CHECKING:
    from ..sandbox import Sandbox

_NODE = "WhatsAppBusinessAccount"
_DEFAULTS = ("id", "name", "timezone_id", "message_template_namespace")
_NUMBER_FIELDS = ("id", "display_phone_number", "verified_name", "quality_rating")


def account_record(sandbox: Sandbox) -> Json:
    """All fields of the node."""
    config = sandbox.config
    return {
        "id": config.waba_id,
        "name": config.waba_name,
        "currency": "USD",
        "timezone_id": "1",
        "country": "US",
        "message_template_namespace": f"5ba4dd9a_{config.waba_id[:8]}",
        "account_review_status": "APPROVED",
        "business_verification_status": "verified",
        "ownership_type": "SELF",
        "status": "ACTIVE",
        "owner_business_info": {"id": config.business_id, "name": config.waba_name},
        "owner_business": {"id": config.business_id, "name": config.waba_name},
        "on_behalf_of_business_info": None,
        "primary_funding_id": "1",
        "marketing_messages_lite_api_status": "ELIGIBLE",
        "is_enabled_for_insights": True,
        "health_status": health(sandbox, None),
        "phone_numbers": None,
        "analytics": None,
        "pricing_analytics": None,
    }


async def read(call: Call, _: str) -> Json:
    """`GET /{WABA}`."""
    fields = call.query("fields")
    record = account_record(call.sandbox)
    for name, inner in field_names(fields or ""):
        if name == "phone_numbers":
            record[name] = _numbers(call.sandbox, inner)
        elif name in ("analytics", "pricing_analytics"):
            record[name] = _analytics(call.sandbox, name)
    return select(record, fields, _DEFAULTS, _NODE)


def _numbers(sandbox: Sandbox, inner: str) -> Json:
    numbers = sandbox.store.numbers.values()
    return {
        "data": [
            select(number_record(sandbox, number), inner, _NUMBER_FIELDS, "WhatsAppBusinessPhoneNumber")
            for number in numbers
        ]
    }


def _analytics(sandbox: Sandbox, name: str) -> Json:
    """Totals of this run as one data point: enough for a client to show and to parse."""
    counts, now = sandbox.traffic.counts, int(sandbox.clock.now())
    point: Json = {"start": now - now % 86_400, "end": now}
    if name == "analytics":
        point |= {"sent": counts["sent"], "delivered": counts["delivered"]}
        numbers = [number.digits for number in sandbox.store.numbers.values()]
        return {"phone_numbers": numbers, "granularity": "DAY", "data_points": [point]}
    point |= {"pricing_type": "REGULAR", "pricing_category": "MARKETING"}
    point |= {"volume": counts["delivered"], "cost": 0.0}
    return {"data": [{"data_points": [point]}]}


async def subscribed(call: Call, _: str) -> Json:
    """`GET /{WABA}/subscribed_apps`."""
    store, config = call.sandbox.store, call.sandbox.config
    if not store.subscription["subscribed"]:
        return {"data": []}
    app = {"id": config.app_id, "name": config.app_name, "link": "https://www.facebook.com/games/?app_id=1"}
    entry: Json = {"whatsapp_business_api_data": app}
    if override := store.subscription["override"]:
        entry["override_callback_uri"] = override
    return {"data": [entry]}


async def subscribe(call: Call, _: str) -> Json:
    """`POST /{WABA}/subscribed_apps`, with an own callback if wanted."""
    body = await call.params()
    url = body.get("override_callback_uri")
    if url:
        await check_callback(call.sandbox, str(url), str(body.get("verify_token") or ""))
    call.sandbox.store.subscription |= {"subscribed": True, "override": url or None}
    call.sandbox.store.touch_settings()
    call.sandbox.hub.tell({"kind": "connection"})
    return SUCCESS


async def unsubscribe(call: Call, _: str) -> Json:
    """`DELETE /{WABA}/subscribed_apps`."""
    call.sandbox.store.subscription |= {"subscribed": False, "override": None}
    call.sandbox.store.touch_settings()
    call.sandbox.hub.tell({"kind": "connection"})
    return SUCCESS


async def accounts(call: Call, _: str) -> Json:
    """`GET /{BUSINESS}/owned_…` and `client_whatsapp_business_accounts`."""
    record = account_record(call.sandbox)
    fields = call.query("fields")
    return page(
        call, [record], lambda item: str(item["id"]), lambda item: select(item, fields, _DEFAULTS, _NODE)
    )


async def business(call: Call, _: str) -> Json:
    """`GET /{BUSINESS}`."""
    config = call.sandbox.config
    record: Json = {"id": config.business_id, "name": config.waba_name, "verification_status": "verified"}
    return select(record, call.query("fields"), ("id", "name"), "Business")


async def assigned_users(call: Call, _: str) -> Json:
    """`POST /{WABA}/assigned_users`: accepted when it names somebody."""
    if not (await call.params()).get("user"):
        raise invalid("The parameter user is required.")
    return SUCCESS


EDGES: dict[tuple[str, str, str], Handler] = {
    ("waba", "", "GET"): read,
    ("waba", "subscribed_apps", "GET"): subscribed,
    ("waba", "subscribed_apps", "POST"): subscribe,
    ("waba", "subscribed_apps", "DELETE"): unsubscribe,
    ("waba", "assigned_users", "POST"): assigned_users,
    ("business", "", "GET"): business,
    ("business", "owned_whatsapp_business_accounts", "GET"): accounts,
    ("business", "client_whatsapp_business_accounts", "GET"): accounts,
}
