"""The page, its files, the event stream and the bytes behind bubbles."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote

import orjson
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from ..errors import invalid
from ..graph.media import keep
from ..models import Json
from ..web import not_found
from .people import number_of

if TYPE_CHECKING:
    from ..sandbox import Sandbox

_PAGE = Path(__file__).parent.parent / "page"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_SHOWN = ("image/jpeg", "image/png", "image/webp", "image/gif", "video/", "audio/", "application/pdf")
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
    "media-src 'self' blob:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)


async def index(_: Sandbox, __: Request) -> Response:
    """The phone page."""
    headers = {"content-security-policy": _CSP, "cache-control": "no-cache", "referrer-policy": "no-referrer"}
    page = (_PAGE / "index.html").read_bytes()
    return Response(page, media_type="text/html", headers=headers)


async def static(_: Sandbox, request: Request) -> Response:
    """Style and scripts of the page."""
    name = request.path_params["name"]
    known = {path.name: path for path in _PAGE.iterdir()}
    path = known.get(name)
    if path is None or path.suffix not in _TYPES:
        return Response("Not Found", 404)
    headers = {"cache-control": "no-cache", "x-content-type-options": "nosniff"}
    return Response(path.read_bytes(), media_type=_TYPES[path.suffix], headers=headers)


async def events(sandbox: Sandbox, _: Request) -> Response:
    """Server-sent events: what changed, for the page to re-read."""
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(sandbox.hub.listen().stream(), media_type="text/event-stream", headers=headers)


async def upload(sandbox: Sandbox, request: Request) -> Json:
    """A file for a later message of a customer."""
    form = await request.form(max_files=1, max_fields=5)
    file = form.get("file")
    if not isinstance(file, UploadFile):
        raise invalid("The form needs a file.")
    number = number_of(sandbox, form.get("phone_number_id"))
    media = keep(sandbox, number.id, await file.read(), file.content_type or "application/octet-stream", 7)
    media.filename = file.filename
    return {"id": media.id, "mime_type": media.mime_type, "size": media.size}


async def media(sandbox: Sandbox, request: Request) -> Response:
    """Bytes of a file in a bubble."""
    found = sandbox.store.media.get(request.path_params["media_id"])
    if found is None:
        raise not_found("This file")
    return _bytes(request, sandbox.store.file_of(found), found.mime_type, found.filename)


async def link(sandbox: Sandbox, request: Request) -> Response:
    """A linked file, as fetched when it was sent; never anything else."""
    fetched = sandbox.links.cached(request.query_params.get("url", ""))
    if fetched is None or fetched.problem:
        raise not_found("This file")
    return _bytes(request, fetched.data, fetched.mime_type, None)


async def flow(sandbox: Sandbox, request: Request) -> Json:
    """A flow's screens, for the form that a tap opens."""
    found = sandbox.store.flows.get(request.path_params["flow_id"])
    if found is None:
        raise not_found("This form")
    try:
        parsed = orjson.loads(found.flow_json or "{}")
    except orjson.JSONDecodeError:
        parsed = {}
    return {"id": found.id, "name": found.name, "status": found.status, "flow_json": parsed}


def _bytes(request: Request, data: bytes, mime_type: str, filename: str | None) -> Response:
    shown = mime_type.startswith(_SHOWN)
    disposition = "inline" if shown else "attachment"
    headers = {
        "x-content-type-options": "nosniff",
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
        "cache-control": "private, max-age=3600",
        "accept-ranges": "bytes",
        "content-disposition": f"{disposition}; filename*=UTF-8''{quote(filename or 'file')}",
    }
    kind = mime_type if shown else "application/octet-stream"
    span = _range(request.headers.get("range", ""), len(data))
    if span is None:
        return Response(data, media_type=kind, headers=headers)
    first, last = span
    headers["content-range"] = f"bytes {first}-{last}/{len(data)}"
    return Response(data[first : last + 1], 206, headers, kind)


def _range(header: str, size: int) -> tuple[int, int] | None:
    """One byte range: players ask for them to seek."""
    unit, _, span = header.partition("=")
    first, _, last = span.partition("-")
    if unit != "bytes" or not first.isdecimal() or int(first) >= size:
        return None
    end = int(last) if last.isdecimal() else size - 1
    return int(first), min(end, size - 1)
