"""``/webhooks/stripe``: answered 200 only after the bytes are on the disk; everything else happens later."""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from integrations.billing import BadSignature, Notice, verify
from wapto_app import runtime, telemetry
from wapto_app.clock import utcnow
from wapto_app.db import WriterStopped
from wapto_app.log import get_logger
from wapto_app.services import billing
from wapto_app.web.body import TooLarge, read_body

log = get_logger(__name__)

MAX_BYTES = 512 * 1024
"""Stripe's largest events, invoices with a hundred lines, have about 200 KB."""
_LONGEST_HEADER = 2_000


async def deliver(request: Request) -> Response:
    """Check the signature over the raw bytes, store them durably, answer, apply later."""
    header = request.headers.get("stripe-signature", "")
    if "v1=" not in header or len(header) > _LONGEST_HEADER:
        return _answer("unsigned", "Not signed", 400)
    try:
        body = await read_body(request, MAX_BYTES)
    except TooLarge:
        return _answer("too_large", "Too large", 413)
    except ClientDisconnect:
        return _answer("incomplete", "Incomplete", 400)
    try:
        notice = await _verified(body, header)
    except BadSignature:
        return _answer("wrong_signature", "Wrong signature", 400)
    process = runtime.get()
    try:
        event = billing.RawEvent(notice.id, notice.type, body, utcnow())
        await process.writer.run(billing.store, event)
    except Exception as error:
        # Stripe delivers again.
        if not isinstance(error, WriterStopped):
            log.error("stripe.not_stored", reason=str(error))
        return _answer("not_stored", "Try again", 503)
    process.hub.publish(frozenset({billing.TOPIC}))
    return _answer("stored", "OK", 200)


async def _verified(body: bytes, header: str) -> Notice:
    process = runtime.get()
    async with process.db.read() as session:
        keys = await process.till.keys(session)
    return verify(body, header, keys.webhook_secrets)


def _answer(result: str, text: str, status: int) -> Response:
    telemetry.WEBHOOKS.labels("stripe", result).inc()
    return PlainTextResponse(text, status)


routes = [Route("/webhooks/stripe", deliver, methods=["POST"])]
