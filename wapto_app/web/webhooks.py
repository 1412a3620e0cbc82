"""``/webhooks/whatsapp``: Meta's handshake and deliveries.

A delivery is answered 200 only after its bytes are on the disk; everything else happens later (``jobs.ingest``).
"""

from __future__ import annotations

import asyncio
import functools
import hmac
import time
from collections.abc import Iterable

from prometheus_client import Counter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from integrations.whatsapp.webhooks import verify_signature
from wapto_app import runtime, telemetry
from wapto_app.db import WriterStopped
from wapto_app.log import get_logger
from wapto_app.services import channels, ingest
from wapto_app.services.channels import WebhookKeys
from wapto_app.web.body import TooLarge, receive_body

log = get_logger(__name__)

PATH = "/webhooks/whatsapp"
MAX_BYTES = 4 * 1024 * 1024
"""Meta: a delivery has at most 3 MB."""
_REREAD_SECONDS = 5.0
_ARRIVED = frozenset({ingest.TOPIC})


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
        if self._keys is not None and not fresh:
            return self._keys
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


class Deliveries:
    """Check the signature over the raw bytes, store them durably, answer, apply later.

    An ASGI app of its own, and spare with objects: Meta sends four deliveries for every message that leaves.
    ``headers`` are those of every answer.
    """

    def __init__(self, headers: Iterable[tuple[bytes, bytes]] = ()) -> None:
        self._headers = list(headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        result, text, status = await _take(scope, receive)
        _counter(result).inc()
        headers = [*self._headers, (b"content-length", str(len(text)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": text})


@functools.cache
def _counter(result: str) -> Counter:
    return telemetry.WEBHOOKS.labels("whatsapp", result)


async def _take(scope: Scope, receive: Receive) -> tuple[str, bytes, int]:
    """What became of a delivery: a word for the counter, and the answer."""
    given = dict(scope["headers"])
    try:
        body = await receive_body(given.get(b"content-length", b"0").decode("latin-1"), receive, MAX_BYTES)
    except TooLarge:
        return "too_large", b"Too large", 413
    except ClientDisconnect:
        return "incomplete", b"Incomplete", 400
    if not await _is_signed(body, given.get(b"x-hub-signature-256", b"").decode("latin-1")):
        return "wrong_signature", b"Wrong signature", 401
    process = runtime.get()
    try:
        await process.writer.run(ingest.store, ingest.RawEvent(body))
    except Exception as error:
        # Meta delivers again.
        if not isinstance(error, WriterStopped):
            log.error("webhook.not_stored", reason=str(error))
        return "not_stored", b"Try again", 503
    announce()
    return "stored", b"OK", 200


class Announcement:
    """Says that deliveries have arrived: at once after a pause, and once more at the end of each short span.

    Thousands a second would otherwise each be told to all listeners, and through Redis to all processes.
    """

    SPAN_SECONDS = 0.02

    def __init__(self) -> None:
        self._quiet_until = self._planned_for = 0.0

    def __call__(self) -> None:
        loop = asyncio.get_running_loop()
        now = loop.time()
        if now >= self._quiet_until:
            self._say(loop)
        elif now >= self._planned_for:
            self._planned_for = self._quiet_until
            loop.call_at(self._planned_for, self._say, loop)

    def _say(self, loop: asyncio.AbstractEventLoop) -> None:
        self._quiet_until = loop.time() + self.SPAN_SECONDS
        runtime.get().hub.publish(_ARRIVED)


announce = Announcement()


class InFront:
    """Answers deliveries before the app and its layers see them.

    Reflex puts layers of its own around every request, which cost more than storing the delivery does; Meta sends
    four deliveries for every message that leaves. ``deliver`` brings what such an answer needs.
    """

    def __init__(self, app: ASGIApp, deliver: ASGIApp) -> None:
        self._app = app
        self._deliver = deliver

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_delivery = scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "POST"
        await (self._deliver if is_delivery else self._app)(scope, receive, send)


async def _is_signed(body: bytes, signature: str) -> bool:
    known = await keys.get()
    if verify_signature(body, signature, known.app_secrets):
        return True
    known = await keys.get(fresh=True)
    return verify_signature(body, signature, known.app_secrets)


routes = [
    Route(PATH, handshake, methods=["GET"]),
    Route(PATH, Deliveries(), methods=["POST"]),
]
