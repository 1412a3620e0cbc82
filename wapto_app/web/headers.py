"""What every answer carries: a strict Content-Security-Policy and its companions, caching, and tidy page paths."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_INLINE = re.compile(rb"<script(?![^>]*\bsrc=)[^>]*>(.*?)</script>", re.S)
_FALLBACK = "404"
"""Reflex serves ``404.html`` for every path without a file of its own, as the shell of dynamic pages too."""
NOT_A_PAGE = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
_FOREVER = "public, max-age=31536000, immutable"
_OF_A_FILE = {
    "x-content-type-options": "nosniff",
    "cross-origin-resource-policy": "same-origin",
}
"""For scripts and styles: the rest speaks of documents only, and a first visit asks for fifty files."""
_FILES = (".js", ".css")
_ALWAYS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
    "x-frame-options": "DENY",
    "permissions-policy": "camera=(), geolocation=(), payment=(), usb=(), microphone=(self)",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


def policy(inline_scripts: Iterable[bytes] = ()) -> str:
    """The policy of one page: nothing from elsewhere, and of inline scripts only these."""
    hashes = sorted({base64.b64encode(hashlib.sha256(script).digest()).decode() for script in inline_scripts})
    scripts = " ".join(["'self'", *(f"'sha256-{text}'" for text in hashes)])
    directives = {
        "default-src": "'self'",
        "script-src": scripts,
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "media-src": "'self' blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "frame-ancestors": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "object-src": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())


class BuiltPages:
    """The built HTML files: which paths have one, and the policy of each."""

    def __init__(self, folder: Path) -> None:
        self._policies: dict[str, str] = {}
        self._folders: set[str] = set()
        for file in sorted(folder.rglob("*.html")):
            name = str(file.relative_to(folder).with_suffix(""))
            page = "" if name == "index" else name.removesuffix("/index")
            self._policies[page] = policy(_INLINE.findall(file.read_bytes()))
            if name.endswith("/index"):
                self._folders.add(page)

    def policy_of(self, path: str) -> str:
        return self._policies.get(path.strip("/")) or self._policies.get(_FALLBACK) or policy()

    def is_folder(self, path: str) -> bool:
        return path.strip("/") in self._folders


def always(*, https: bool) -> list[tuple[bytes, bytes]]:
    """What every answer carries. ``https``: browsers reach this install only over TLS, and may remember that."""
    found = _ALWAYS | ({"strict-transport-security": "max-age=31536000"} if https else {})
    return [(name.encode(), value.encode()) for name, value in found.items()]


def of_plain_text(*, https: bool) -> list[tuple[bytes, bytes]]:
    """All headers of a short answer to a machine, for who answers in front of ``SecurityHeaders``."""
    own = {
        "content-type": "text/plain; charset=utf-8",
        "content-security-policy": NOT_A_PAGE,
        "cache-control": "no-store",
    }
    return [*((name.encode(), value.encode()) for name, value in own.items()), *always(https=https)]


class SecurityHeaders:
    """The outermost wrapper: adds what is missing to every answer, and never replaces what a route set itself."""

    def __init__(self, app: ASGIApp, pages: BuiltPages, *, https: bool) -> None:
        self._app = app
        self._pages = pages
        self._always = always(https=https)
        self._of_a_file = [(name.encode(), value.encode()) for name, value in _OF_A_FILE.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path: str = scope["path"]

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._add(message, path)
            await send(message)

        await self._app(self._with_slash(scope), receive, with_headers)

    def _with_slash(self, scope: Scope) -> Scope:
        # The static files would redirect /login to /login/, and over http behind a proxy that speaks https.
        path = scope["path"]
        if path.endswith("/") or not self._pages.is_folder(path):
            return scope
        return {**scope, "path": f"{path}/", "raw_path": scope.get("raw_path", path.encode()) + b"/"}

    def _add(self, message: Message, path: str) -> None:
        headers = MutableHeaders(scope=message)
        status: int = message["status"]
        if path.startswith("/assets/") and path.endswith(_FILES) and status in (200, 304):
            headers.raw.extend(self._of_a_file)
            headers.setdefault("cache-control", _FOREVER)
            return
        is_page = headers.get("content-type", "").startswith("text/html")
        if status != 304:  # a browser would put these in the place of what it stored with the page
            own = self._pages.policy_of(path) if is_page else NOT_A_PAGE
            headers.setdefault("content-security-policy", own)
        # Not one by one: every answer of the server passes here.
        given = {name for name, _value in headers.raw}
        headers.raw.extend(header for header in self._always if header[0] not in given)
        if path.startswith("/assets/") and status in (200, 304):
            headers.setdefault("cache-control", _FOREVER)
        elif is_page:
            headers.setdefault("cache-control", "no-cache")
        elif status == 200 and not _is_static(path):
            headers.setdefault("cache-control", "no-store")


def _is_static(path: str) -> bool:
    """A file of the page that lies outside of ``/assets`` (icons, robots.txt)."""
    return path.count("/") == 1 and "." in path
