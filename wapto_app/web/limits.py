"""What is refused before any route sees it: other sites' requests, Reflex's own uploads, and bodies without end."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from wapto_app.log import get_logger

log = get_logger(__name__)

MEBIBYTE = 1024 * 1024
# Called by other servers, by keys or by visitors of other sites; none of them looks at the session cookie.
PUBLIC_PREFIXES = ("/webhooks/", "/hooks/", "/api/", "/w/", "/f/")
_SAFE = frozenset({"GET", "HEAD"})
_DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


class SameOrigin:
    """Refuses what another site makes a browser do with our session cookie (CSRF), websockets included.

    A page is at home on whatever host and port it was opened at, so the request's own Host header decides, and
    ``WAPTO_PUBLIC_URL`` for a proxy that replaces it.
    """

    def __init__(self, app: ASGIApp, public_url: str = "") -> None:
        self._app = app
        self._public = _host_of(public_url)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        if scope["path"].startswith(PUBLIC_PREFIXES):
            await self._app(scope, receive, send)
            return
        foreign = self._is_foreign(Headers(scope=scope))
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send, foreign=foreign)
        elif foreign and scope["method"] not in _SAFE:
            log.warning("csrf.refused", method=scope["method"], origin=Headers(scope=scope).get("origin", ""))
            await PlainTextResponse("Requests from other sites are refused.", 403)(scope, receive, send)
        else:
            await self._app(scope, receive, _without_cors(send))

    async def _websocket(self, scope: Scope, receive: Receive, send: Send, *, foreign: bool) -> None:
        if not foreign:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        log.warning(
            "websocket.refused",
            origin=headers.get("origin", ""),
            host=headers.get("host", ""),
            hint="If this is your own page behind a proxy, set WAPTO_PUBLIC_URL to the address in the browser.",
        )
        await receive()
        await send({"type": "websocket.close", "code": 1008})

    def _is_foreign(self, headers: Headers) -> bool:
        """Browsers say where a request comes from, and no script can change that; other programs need not."""
        site = headers.get("sec-fetch-site")
        if site in ("same-origin", "none"):
            return False
        origin = headers.get("origin")
        if origin is None:
            return site is not None
        host = _host_of(origin)
        if host is None:  # "null": a sandboxed frame or a local file, whoever wrote it
            return True
        return host not in {_host_of(f"{_scheme(origin)}://{headers.get('host', '')}"), self._public}


def _scheme(origin: str) -> str:
    # TLS usually ends at a proxy: the scheme that we were called with says nothing.
    return origin.partition("://")[0].lower()


def _host_of(url: str) -> tuple[str, int] | None:
    """Host and port of an origin; None for "null" and other things that are none."""
    try:
        parts = urlsplit(url)
        port = parts.port or _DEFAULT_PORTS.get(parts.scheme.lower(), 0)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname else None


def _without_cors(send: Send) -> Send:
    """Reflex answers any Origin with "you may read this, with cookies"; our pages need no such permission."""

    async def stripped(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name in [name for name in headers if name.lower().startswith("access-control-")]:
                del headers[name]
        await send(message)

    return stripped


class NoReflexUploads:
    """Reflex's upload route has no size limit and serves what it stored to anybody; we have our own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith("/_upload"):
            await PlainTextResponse("Not Found", 404)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class _TooLarge(HTTPException):
    """Raised where the body is read: Starlette turns it into the answer, before its own "500" would be sent."""

    def __init__(self) -> None:
        # The rest of the body is not read, so the connection cannot be used again.
        super().__init__(413, "This is larger than allowed here.", headers={"connection": "close"})


class BodyLimit:
    """Answers 413 to a body above the limit of its path, whatever its Content-Length claimed."""

    def __init__(self, app: ASGIApp, limit: int = MEBIBYTE, larger: Mapping[str, int] | None = None) -> None:
        """``larger``: bytes by path prefix, for routes that take more than ``limit``."""
        self._app = app
        self._limit = limit
        self._larger = dict(larger or {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = self._limit_of(scope["path"])
        if _declared(scope) > limit:
            await _refuse(scope, receive, send)
            return
        started = False

        async def tracked(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, _counted(receive, limit), tracked)
        except _TooLarge:
            if not started:
                await _refuse(scope, receive, send)

    def _limit_of(self, path: str) -> int:
        return max(
            (size for prefix, size in self._larger.items() if path.startswith(prefix)), default=self._limit
        )


def _declared(scope: Scope) -> int:
    length = Headers(scope=scope).get("content-length", "0")
    return int(length) if length.isdecimal() else 0


def _counted(receive: Receive, limit: int) -> Receive:
    seen = 0

    async def counted() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit:
                raise _TooLarge
        return message

    return counted


async def _refuse(scope: Scope, receive: Receive, send: Send) -> None:
    answer = _TooLarge()
    response = PlainTextResponse(answer.detail, answer.status_code, headers=answer.headers)
    await response(scope, receive, send)
