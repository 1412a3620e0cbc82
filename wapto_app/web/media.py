"""``/media``: uploads of the team, and private files served only to those who may see them."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from pathlib import Path
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from wapto_app import runtime
from wapto_app.log import get_logger
from wapto_app.security import cookies
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import media
from wapto_app.services.errors import DomainError, Forbidden, Invalid, NotFound, SignedOut
from wapto_app.web.body import TooLarge, check_announced

log = get_logger(__name__)

# A file is shown, never run: not even a mislabelled one.
_FILE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "x-content-type-options": "nosniff",
    "cache-control": "private, max-age=86400",
}


async def _actor(request: Request) -> Actor:
    actor = await cookies.actor_of(request.headers.get("cookie", ""))
    if actor is None:
        raise SignedOut
    return actor


def refusal(error: DomainError) -> Response:
    """The HTTP answer to a domain error."""
    status = 422
    if isinstance(error, SignedOut):
        status = 401
    elif isinstance(error, Forbidden):
        status = 403
    elif isinstance(error, NotFound):
        status = 404
    return JSONResponse({"error": error.message, "field": error.field}, status)


async def show(request: Request) -> Response:
    """A stored file: pictures, sound and film in place, everything else as a download."""
    process = runtime.get()
    try:
        actor = await _actor(request)
        async with process.db.read() as session:
            file = await media.stored_file(
                session, actor, process.settings.media_dir, request.path_params["key"]
            )
    except DomainError as error:
        return refusal(error)
    if not await asyncio.to_thread(file.path.is_file):
        return JSONResponse({"error": "This file is missing on the server."}, 404)
    wants_download = "download" in request.query_params
    inline = media.is_inline(file.mime_type) and not wants_download
    return FileResponse(
        file.path,
        media_type=file.mime_type if media.is_inline(file.mime_type) else "application/octet-stream",
        filename=file.filename or request.path_params["key"],
        content_disposition_type="inline" if inline else "attachment",
        headers=_FILE_HEADERS,
    )


async def upload(request: Request) -> Response:
    """The raw bytes of one file; its name comes in the ``X-Filename`` header, percent-encoded.

    ``X-Voice: 1`` says that it was recorded to be a voice message.
    """
    process = runtime.get()
    temporary: Path | None = None
    try:
        actor = await _actor(request)
        actor.require(Permission.INBOX_DO)
        temporary = await _receive(request, process.settings.media_dir)
        async with process.db.write() as session:
            row = await media.keep_upload(
                session,
                actor,
                process.settings.media_dir,
                temporary,
                unquote(request.headers.get("x-filename", "")),
                voice=request.headers.get("x-voice") == "1",
            )
    except DomainError as error:
        return refusal(error)
    except TooLarge:
        return refusal(Invalid("file", f"WhatsApp takes files of at most {media.MAX_BYTES // 2**20} MB."))
    except ClientDisconnect:
        return JSONResponse({"error": "The upload was interrupted."}, 400)
    except OSError as error:
        log.error("media.write_failed", reason=str(error))
        return JSONResponse({"error": "The server could not store the file. Its disk may be full."}, 507)
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)
    return JSONResponse(row)


async def _receive(request: Request, media_dir: Path) -> Path:
    """Stream the body to a file beside its later place."""
    check_announced(request, media.MAX_BYTES)
    path = await asyncio.to_thread(_temporary_file, media_dir)
    try:
        await _write_stream(request, path)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _temporary_file(media_dir: Path) -> Path:
    folder = media.incoming(media_dir)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        return Path(file.name)


async def _write_stream(request: Request, path: Path) -> None:
    size = 0
    file = await asyncio.to_thread(path.open, "wb")
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > media.MAX_BYTES:
                raise TooLarge
            await asyncio.to_thread(file.write, chunk)
    finally:
        await asyncio.to_thread(file.close)


routes = [
    Route("/media", upload, methods=["POST"]),
    Route("/media/{key}", show, methods=["GET"]),
]
