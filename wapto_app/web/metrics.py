"""``/metrics`` for Prometheus, and the ASGI wrapper that counts and logs every request."""

from __future__ import annotations

import asyncio
import functools
import hmac
import ipaddress
import random
import re
import time
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from prometheus_client import CONTENT_TYPE_LATEST, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wapto_app import runtime, telemetry
from wapto_app.log import REQUEST_ID, get_logger
from wapto_app.models import MessageStatus
from wapto_app.services import outbox
from wapto_app.settings import Settings

log = get_logger(__name__)

_ID_HEADER = b"x-request-id"
_GIVEN_ID = re.compile(rb"[A-Za-z0-9_-]{8,64}")
# Classes of routes: a label per path would be a series per conversation.
_PUBLIC = frozenset({"webhooks", "hooks", "api", "w", "l", "f"})
_OWN = frozenset({"auth", "media", "exports", "sandbox", "_event"})
_QUIET = frozenset({"assets", "healthz", "readyz", "webhooks", "metrics", "ping", "_health"})
_CLASSES = _PUBLIC | _OWN | _QUIET
# Their second part is a secret, or as good as one.
_SECRET_PATHS = frozenset({"invite", "reset", "setup", "hooks", "l"})
_LAG_EVERY = 0.5


def route_class(path: str) -> str:
    first = path.lstrip("/").partition("/")[0]
    return first if first in _CLASSES else "page"


def shown_path(path: str) -> str:
    """The path as it may stand in a log: without its query, and without the token of a one-time link."""
    first, slash, _rest = path.lstrip("/").partition("/")
    return f"/{first}/…" if slash and first in _SECRET_PATHS else path


class Observed:
    """Gives each request an id that all its log lines carry, counts it, and logs one line when it is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _given_id(scope["headers"]) or f"{random.getrandbits(64):016x}"
        status, started = 500, time.perf_counter()

        async def with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (_ID_HEADER, request_id.encode())]
            await send(message)

        # Taken now: a mounted app changes the path of the scope that it was given.
        method, path = scope["method"], scope["path"]
        bound = REQUEST_ID.set(request_id)
        try:
            await self._app(scope, receive, with_id)
        finally:
            _note(method, path, status, time.perf_counter() - started)
            REQUEST_ID.reset(bound)


def _given_id(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """The id that a proxy gave the request, if it looks like one."""
    given = next((value for name, value in headers if name == _ID_HEADER), b"")
    return given.decode() if _GIVEN_ID.fullmatch(given) else ""


def _note(method: str, path: str, status: int, seconds: float) -> None:
    kind = route_class(path)
    known_method = (
        method if method in ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS") else "other"
    )
    _histogram(kind, known_method, status).observe(seconds)
    line = log.debug if kind in _QUIET and status < 500 else log.info
    line("http.request", method=method, path=shown_path(path), status=status, ms=round(seconds * 1000, 1))


@functools.cache
def _histogram(kind: str, method: str, status: int) -> Histogram:
    return telemetry.HTTP_SECONDS.labels(kind, method, str(status))


async def metrics(request: Request) -> Response:
    """Prometheus' text format. Hidden (404) from whoever may not see it."""
    process = runtime.get()
    if not _may_see(request, process.settings):
        return PlainTextResponse("Not Found", 404)
    telemetry.WATCHERS.set(process.hub.watching)
    await _measure_outbox()
    return Response(generate_latest(telemetry.REGISTRY), media_type=CONTENT_TYPE_LATEST)


def _may_see(request: Request, settings: Settings) -> bool:
    """With ``WAPTO_METRICS_TOKEN`` as bearer token; without one only from this machine, if it is not published.

    Behind a reverse proxy every request comes from this machine, so a public URL or a proxy's header ends that.
    """
    token = settings.metrics_token.get_secret_value()
    if token:
        given = request.headers.get("authorization", "").removeprefix("Bearer ").encode()
        return hmac.compare_digest(given, token.encode())
    proxied = "forwarded" in request.headers or "x-forwarded-for" in request.headers
    return (
        not settings.public_url
        and not proxied
        and _is_loopback(request.client.host if request.client else "")
    )


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


async def _measure_outbox() -> None:
    async with runtime.get().db.read() as session:
        found = await outbox.depth(session)
    for status in (MessageStatus.QUEUED, MessageStatus.SENDING, MessageStatus.UNCONFIRMED):
        telemetry.OUTBOX_DEPTH.labels(status.value).set(found.get(status.value, 0))


@asynccontextmanager
async def watching_the_loop() -> AsyncIterator[None]:
    """Measure how late the event loop wakes up: whatever blocks it makes everybody wait."""

    async def measure() -> None:
        while True:
            before = time.perf_counter()
            await asyncio.sleep(_LAG_EVERY)
            telemetry.LOOP_LAG.set(max(0.0, time.perf_counter() - before - _LAG_EVERY))

    watch = asyncio.create_task(measure(), name="loop-lag")
    try:
        yield
    finally:
        watch.cancel()


routes = [Route("/metrics", metrics)]
