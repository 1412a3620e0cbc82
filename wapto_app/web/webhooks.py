"""``/webhooks/whatsapp``: Meta's handshake and deliveries.

A delivery is answered 200 only after its bytes are on the disk; everything else happens later (``jobs.ingest``).
"""

from __future__ import annotations

import asyncio
import hmac
import time

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from integrations.whatsapp.webhooks import verify_signature
from wapto_app import runtime, telemetry
from wapto_app.db import WriterStopped
from wapto_app.log import get_logger
from wapto_app.services import channels, ingest
from wapto_app.services.channels import WebhookKeys
from wapto_app.web.body import TooLarge, read_body

log = get_logger(__name__)

MAX_BYTES = 4 * 1024 * 1024
"""Meta: a delivery has at most 3 MB."""
_REREAD_SECONDS = 5.0


class KnownKeys:
    """The app secrets and verify tokens of all numbers, read again when a number changes."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Read them again next time; who is reading at this moment reads for itself only."""
        self._keys: WebhookKeys | None = None
        self._read_at = 0.0
        self._lock = asyncio.Lock()

    async def get(self, *, fresh: bool = False) -> WebhookKeys:
        """``fresh`` reads again, though at most every few seconds: forged requests must not cost queries."""
        lock = self._lock
        async with lock:
            is_old = time.monotonic() - self._read_at > _REREAD_SECONDS
            if self._keys is not None and not (fresh and is_old):
                return self._keys
            process = runtime.get()
            async with process.db.read() as session:
                found = await channels.webhook_keys(session, process.secrets)
            if lock is self._lock:
                self._keys, self._read_at = found, time.monotonic()
            return found


keys = KnownKeys()


def follow_channels(topics: frozenset[str]) -> None:
    """Listener of the live hub."""
    if "channels" in topics:
        keys.forget()


async def handshake(request: Request) -> Response:
    """Meta: answer the challenge when mode and verify token are right, else 403."""
    query = request.query_params
    challenge = query.get("hub.challenge", "")
    if query.get("hub.mode") != "subscribe" or not challenge:
        return PlainTextResponse("Forbidden", 403)
    known = await keys.get(fresh=True)
    given = query.get("hub.verify_token", "").encode()
    # Compare with all of them, so that the time tells nothing.
    matches = [hmac.compare_digest(given, token.encode()) for token in known.verify_tokens if token]
    return PlainTextResponse(challenge) if any(matches) else PlainTextResponse("Forbidden", 403)


async def deliver(request: Request) -> Response:
    """Check the signature over the raw bytes, store them durably, answer, apply later."""
    try:
        body = await read_body(request, MAX_BYTES)
    except TooLarge:
        return _answer("too_large", "Too large", 413)
    except ClientDisconnect:
        return _answer("incomplete", "Incomplete", 400)
    if not await _is_signed(body, request.headers.get("x-hub-signature-256")):
        return _answer("wrong_signature", "Wrong signature", 401)
    process = runtime.get()
    try:
        await process.writer.run(ingest.store, ingest.RawEvent(body))
    except Exception as error:
        # Meta delivers again.
        if not isinstance(error, WriterStopped):
            log.error("webhook.not_stored", reason=str(error))
        return _answer("not_stored", "Try again", 503)
    process.hub.publish(frozenset({ingest.TOPIC}))
    return _answer("stored", "OK", 200)


def _answer(result: str, text: str, status: int) -> Response:
    telemetry.WEBHOOKS.labels("whatsapp", result).inc()
    return PlainTextResponse(text, status)


async def _is_signed(body: bytes, signature: str | None) -> bool:
    known = await keys.get()
    if verify_signature(body, signature, known.app_secrets):
        return True
    known = await keys.get(fresh=True)
    return verify_signature(body, signature, known.app_secrets)


routes = [
    Route("/webhooks/whatsapp", handshake, methods=["GET"]),
    Route("/webhooks/whatsapp", deliver, methods=["POST"]),
]
