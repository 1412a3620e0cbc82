"""``/control/…``: what only a test or the person at the stand-in does. A real Stripe has no such thing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from . import payments
from .config import DAY, Json
from .errors import StripeError, invalid
from .forms import Params

if TYPE_CHECKING:
    from .sandbox import StripeSandbox

Endpoint = Callable[["StripeSandbox", Json], Awaitable[Json]]


def routes(sandbox: StripeSandbox) -> list[Route]:
    def at(path: str, endpoint: Endpoint, method: str = "POST") -> Route:
        async def handle(request: Request) -> Response:
            if request.method != "GET" and request.headers.get("sec-fetch-site") == "cross-site":
                return _json({"error": {"message": "Cross-site requests are refused."}}, 403)
            try:
                return _json(await endpoint(sandbox, await _body(request)))
            except StripeError as error:
                return _json(error.body(), error.status)

        return Route(f"/control/{path}", handle, methods=[method])

    return [
        at("state", _state, "GET"),
        at("faults", _faults),
        at("clock/advance", _advance),
        at("webhooks/resend", _resend),
        at("refund", _refund),
        at("dispute", _dispute),
        at("dispute/close", _close),
    ]


def _json(body: Json, status: int = 200) -> Response:
    return Response(orjson.dumps(body), status, {"cache-control": "no-store"}, media_type="application/json")


async def _body(request: Request) -> Json:
    raw = await request.body()
    try:
        body = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError:
        raise invalid("", "The body must be JSON.") from None
    if not isinstance(body, dict):
        raise invalid("", "The body must be a JSON object.")
    return body


async def _state(sandbox: StripeSandbox, _body: Json) -> Json:
    kinds = ("customer", "subscription", "invoice", "checkout.session", "charge", "refund", "dispute")
    return {
        "now": sandbox.clock.now(),
        "faults": sandbox.faults.as_json(),
        "deliveries": [asdict(each) for each in sandbox.deliveries.log],
        "busy": sandbox.deliveries.busy,
        **{kind.replace("checkout.", ""): sandbox.store.all(kind) for kind in kinds},
    }


async def _faults(sandbox: StripeSandbox, body: Json) -> Json:
    sandbox.faults.change(body)
    if not sandbox.faults.hold_webhooks:
        sandbox.deliveries.release()
    return sandbox.faults.as_json()


async def _advance(sandbox: StripeSandbox, body: Json) -> Json:
    """``seconds``, ``days``, or ``to`` a moment in seconds since 1970. Time only moves forward."""
    seconds = float(body.get("seconds", 0)) + float(body.get("days", 0)) * DAY
    target = int(body["to"]) if "to" in body else int(sandbox.clock.now() + seconds)
    happened = sandbox.advance(target)
    return {"now": sandbox.clock.now(), "happened": happened}


async def _resend(sandbox: StripeSandbox, body: Json) -> Json:
    """Deliver an event once more, as the button of Stripe's dashboard does."""
    event = sandbox.store.get("event", str(body.get("event", "")))
    sandbox.deliveries.send(event)
    return event


async def _refund(sandbox: StripeSandbox, body: Json) -> Json:
    """As from the dashboard: ``charge`` and perhaps ``amount``."""
    return payments.create_refund(sandbox, Params({name: str(value) for name, value in body.items()}))


async def _dispute(sandbox: StripeSandbox, body: Json) -> Json:
    paid = sandbox.store.get("charge", str(body.get("charge", "")))
    return payments.dispute(sandbox, paid, str(body.get("reason", "fraudulent")))


async def _close(sandbox: StripeSandbox, body: Json) -> Json:
    return payments.close_dispute(sandbox, str(body.get("dispute", "")), won=bool(body.get("won")))
