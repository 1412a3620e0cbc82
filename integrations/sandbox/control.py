"""Switches and books for tests, and for the fault panel of the phone page."""

from __future__ import annotations

import secrets
from dataclasses import asdict
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.routing import Route

from .errors import invalid
from .graph.login import CODE_LIFE
from .graph.registration import check_callback
from .graph.template_review import QUALITIES, end_pauses, set_quality, set_status, unpause, words_of
from .models import Json, Template
from .web import json_body, not_found, route

if TYPE_CHECKING:
    from .sandbox import Sandbox

_TEMPLATE_STATUSES = frozenset((
    "APPROVED", "REJECTED", "PAUSED", "DISABLED", "PENDING", "IN_APPEAL", "PENDING_DELETION", "ARCHIVED",
    "FLAGGED", "LOCKED",
))  # fmt: skip


async def state(sandbox: Sandbox, _: Request) -> Json:
    """Ids, secrets, subscription, counters."""
    config, store, dispatcher = sandbox.config, sandbox.store, sandbox.dispatcher
    return {
        "app_id": config.app_id,
        "app_secret": config.app_secret,
        "business_id": config.business_id,
        "waba_id": config.waba_id,
        "phone_number_id": config.phone_number_id,
        "display_phone_number": config.display_phone_number,
        "second_phone_number_id": config.second_phone_number_id,
        "token": config.token,
        "verify_token": config.verify_token,
        "base_url": sandbox.base_url,
        "subscribed": store.subscription["subscribed"],
        "override_callback": store.subscription["override"],
        "callback": store.callback,
        "counts": dict(sandbox.traffic.counts),
        "accepted": store.accepted_count,
        "webhooks": {
            "delivered_updates": dispatcher.delivered_updates,
            "lost_updates": dispatcher.lost_updates,
            "busy": dispatcher.busy,
        },
        "faults": sandbox.faults.as_json(),
        "now": sandbox.clock.now(),
    }


async def faults(sandbox: Sandbox, request: Request) -> Json:
    """Read or change the switches."""
    if request.method == "GET":
        return sandbox.faults.as_json()
    sandbox.faults.change(await json_body(request))
    sandbox.clock.offset = float(sandbox.faults.clock_offset_seconds)
    end_pauses(sandbox)
    sandbox.buckets.clear()
    sandbox.hub.tell({"kind": "connection"})
    return sandbox.faults.as_json()


async def accepted(sandbox: Sandbox, request: Request) -> Json:
    """What was accepted, and which callback data more than once."""
    store = sandbox.store
    callback = request.query_params.get("callback")
    limit = request.query_params.get("limit", "1000")
    rows = [asdict(row) for row in store.accepted if callback is None or row.callback == callback]
    count = store.accepted_count if callback is None else store.by_callback.get(callback, 0)
    return {
        "count": count,
        "distinct_callbacks": len(store.by_callback),
        "duplicates": store.duplicates,
        "messages": rows[-int(limit) :] if limit.isdecimal() and int(limit) else [],
    }


async def reset(sandbox: Sandbox, _: Request) -> Json:
    """Back to the first day."""
    sandbox.reset()
    return {"success": True}


async def rotate_token(sandbox: Sandbox, request: Request) -> Json:
    """A new system user token; the old one stops working."""
    wanted = (await json_body(request)).get("token")
    return {"token": sandbox.rotate_token(str(wanted) if wanted else None)}


async def signup_code(sandbox: Sandbox, _: Request) -> Json:
    """What Meta's popup would hand over at the end of embedded signup."""
    code = f"AQ{secrets.token_urlsafe(60)}"
    sandbox.store.signup_codes[code] = sandbox.clock.now() + CODE_LIFE
    config = sandbox.config
    data = {"phone_number_id": config.phone_number_id, "waba_id": config.waba_id}
    event = {"type": "WA_EMBEDDED_SIGNUP", "event": "FINISH", "version": "3"}
    return {"code": code, "session": event | {"data": data | {"business_id": config.business_id}}}


async def callback(sandbox: Sandbox, request: Request) -> Json:
    """The form of Meta's app dashboard: callback URL and verify token, checked by the handshake."""
    body = await json_body(request)
    url, verify_token = str(body.get("callback_url") or ""), str(body.get("verify_token") or "")
    await check_callback(sandbox, url, verify_token)
    sandbox.store.callback = {"url": url, "verify_token": verify_token, "fields": []}
    if "subscribed" in body:
        sandbox.store.subscription["subscribed"] = bool(body["subscribed"])
    sandbox.store.touch_settings()
    sandbox.hub.tell({"kind": "connection"})
    return {"success": True}


async def webhooks(sandbox: Sandbox, request: Request) -> Json:
    """Delivery log; or, by POST, any event of Meta's with a value of one's own."""
    if request.method == "GET":
        return {"data": [asdict(line) for line in reversed(sandbox.dispatcher.log)]}
    body = await json_body(request)
    field, value = body.get("field"), body.get("value")
    if not isinstance(field, str) or not isinstance(value, dict):
        raise invalid("field (text) and value (object) are required.")
    number = sandbox.store.numbers.get(str(body.get("phone_number_id")))
    return {"queued": sandbox.traffic.announce(field, value, number)}


async def templates(sandbox: Sandbox, _: Request) -> Json:
    """All templates, those under review first, then what changed last."""
    found = sorted(
        sandbox.store.templates.values(), key=lambda each: (each.status != "PENDING", -each.updated)
    )
    return {
        "data": [
            {
                "id": each.id,
                "name": each.name,
                "language": each.language,
                "category": each.category,
                "status": each.status,
                "quality": each.quality,
                "rejected_reason": each.rejected_reason,
                "paused_until": each.paused_until,
                "text": words_of(each)[:200],
            }
            for each in found
        ]
    }


async def template_status(sandbox: Sandbox, request: Request) -> Json:
    """Decide over a template as Meta's reviewers do."""
    template = _template(sandbox, request)
    body = await json_body(request)
    status = str(body.get("status", "")).upper()
    if status not in _TEMPLATE_STATUSES:
        raise invalid(f"status must be one of {', '.join(sorted(_TEMPLATE_STATUSES))}")
    if status == "APPROVED" and template.status == "PAUSED":
        unpause(sandbox, template)
    else:
        words = [str(body[name]) for name in ("sentence", "recommendation") if body.get(name)]
        set_status(sandbox, template, status, str(body.get("reason") or "NONE"), *words)
    return {"id": template.id, "status": template.status}


async def template_quality(sandbox: Sandbox, request: Request) -> Json:
    """Change a template's quality as customers do who block or like it."""
    template = _template(sandbox, request)
    score = str((await json_body(request)).get("quality", "")).upper()
    if score not in QUALITIES:
        raise invalid(f"quality must be one of {', '.join(QUALITIES)}")
    set_quality(sandbox, template, score)
    return {"id": template.id, "quality": template.quality, "status": template.status}


def _template(sandbox: Sandbox, request: Request) -> Template:
    template = sandbox.store.templates.get(request.path_params["template_id"])
    if template is None:
        raise not_found("This template")
    return template


async def change_number(sandbox: Sandbox, request: Request) -> Json:
    """Quality, limit and status of a business number, with the webhook Meta would send."""
    number = sandbox.store.numbers.get(request.path_params["number_id"])
    if number is None:
        raise not_found("This number")
    body = await json_body(request)
    old_limit = number.messaging_limit
    for name in ("quality_rating", "messaging_limit", "status", "throughput", "name_status"):
        if name in body:
            setattr(number, name, str(body[name]))
    sandbox.store.add_number(number)
    sandbox.hub.tell({"kind": "numbers"})
    if number.messaging_limit != old_limit:
        value: Json = {"display_phone_number": number.digits, "event": "ONBOARDING"}
        value |= {"current_limit": number.messaging_limit, "old_limit": old_limit}
        value["max_daily_conversations_per_business"] = number.messaging_limit
        sandbox.traffic.announce("phone_number_quality_update", value, number)
    return {"success": True}


def control_routes(sandbox: Sandbox) -> list[Route]:
    """All routes under `/control`."""
    return [
        route(sandbox, "/control/state", state),
        route(sandbox, "/control/faults", faults, "GET", "POST"),
        route(sandbox, "/control/accepted", accepted),
        route(sandbox, "/control/reset", reset, "POST"),
        route(sandbox, "/control/rotate-token", rotate_token, "POST"),
        route(sandbox, "/control/signup-code", signup_code, "POST"),
        route(sandbox, "/control/callback", callback, "POST"),
        route(sandbox, "/control/webhooks", webhooks, "GET", "POST"),
        route(sandbox, "/control/templates", templates),
        route(sandbox, "/control/templates/{template_id}/status", template_status, "POST"),
        route(sandbox, "/control/templates/{template_id}/quality", template_quality, "POST"),
        route(sandbox, "/control/numbers/{number_id}", change_number, "POST"),
    ]
