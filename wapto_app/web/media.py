"""``/media``: uploads of the team, and private files served only to those who may see them."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from wapto_app import runtime
from wapto_app.log import get_logger
from wapto_app.security import cookies
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import library, media
from wapto_app.services.errors import DomainError, Forbidden, Invalid, NotFound, SignedOut
from wapto_app.services.media.sniff import CanShrink
from wapto_app.web.body import TooLarge, check_announced

log = get_logger(__name__)

Handler = Callable[[Request], Awaitable[Response]]

# A file is shown, never run: not even a mislabelled one.
_FILE_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "x-content-type-options": "nosniff",
    "cache-control": "private, max-age=86400",
}
# Browsers show a PDF with a viewer of their own, which a sandbox would keep from working.
_PDF = "application/pdf"
_PDF_HEADERS = {
    **_FILE_HEADERS,
    "content-security-policy": "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'",
}


async def actor_of(request: Request) -> Actor:
    """Whoever asks. Raises SignedOut."""
    actor = await cookies.actor_of(request.headers.get("cookie", ""))
    if actor is None:
        raise SignedOut
    return actor


def refusal(error: DomainError) -> Response:
    """The HTTP answer to a domain error; ``offer`` says what would help."""
    status = 422
    if isinstance(error, SignedOut):
        status = 401
    elif isinstance(error, Forbidden):
        status = 403
    elif isinstance(error, NotFound):
        status = 404
    offer = {"offer": "shrink"} if isinstance(error, CanShrink) else {}
    return JSONResponse({"error": error.message, "field": error.field, **offer}, status)


def with_words(route: Handler) -> Handler:
    """Whatever goes wrong with a file is answered with a sentence."""

    @functools.wraps(route)
    async def answered(request: Request) -> Response:
        try:
            return await route(request)
        except DomainError as error:
            return refusal(error)
        except TooLarge:
            return refusal(Invalid("file", f"WhatsApp takes files of at most {media.MAX_BYTES // 2**20} MB."))
        except ClientDisconnect:
            return JSONResponse({"error": "The upload was interrupted."}, 400)
        except OSError as error:
            log.error("media.write_failed", reason=str(error))
            words = "The server could not store the file. Its disk may be full."
            return JSONResponse({"error": words}, 507)

    return answered


@with_words
async def show(request: Request) -> Response:
    """A stored file: pictures, sound and film in place, everything else as a download."""
    process, actor, key = runtime.get(), await actor_of(request), request.path_params["key"]
    async with process.db.read() as session:
        file = await media.stored_file(session, actor, process.settings.media_dir, key)
    return await file_response(request, file)


async def file_response(request: Request, file: media.StoredFile) -> Response:
    """In place what a browser may show, or with ``?view`` a PDF; the rest, and with ``?download`` all, to be saved."""
    if not await asyncio.to_thread(file.path.is_file):
        return JSONResponse({"error": "This file is missing on the server."}, 404)
    is_shown_pdf = file.mime_type == _PDF and "view" in request.query_params
    may_show = media.is_inline(file.mime_type) or is_shown_pdf
    inline = may_show and "download" not in request.query_params
    return FileResponse(
        file.path,
        media_type=file.mime_type if may_show else "application/octet-stream",
        filename=file.filename or request.path_params["key"],
        content_disposition_type="inline" if inline else "attachment",
        headers=_PDF_HEADERS if is_shown_pdf else _FILE_HEADERS,
    )


@with_words
async def around(request: Request) -> Response:
    """The pictures and films of the conversation that a file belongs to, as JSON."""
    process, actor, key = runtime.get(), await actor_of(request), request.path_params["key"]
    async with process.db.read() as session:
        shown = await media.pictures_around(session, actor, key)
    return JSONResponse({"pictures": shown}, headers={"cache-control": "no-store"})


@with_words
async def upload(request: Request) -> Response:
    """The raw bytes of one file; its name comes in the ``X-Filename`` header, percent-encoded.

    With ``?shrink``, or when the workspace wishes so, a picture is made smaller. ``X-Voice: 1`` says that it
    was recorded to be a voice message.
    """
    process, actor = runtime.get(), await actor_of(request)
    actor.require(Permission.INBOX_DO)
    async with received(request) as temporary:
        name = media.clean_name(unquote(request.headers.get("x-filename", "")))
        async with process.db.read() as session:
            shrink = "shrink" in request.query_params or await library.shrinks(session)
        if shrink:
            name = await library.fit(temporary, name)
        async with process.db.write() as session:
            voice = request.headers.get("x-voice") == "1"
            row = await media.keep_upload(
                session, actor, process.settings.media_dir, temporary, name, voice=voice
            )
    return JSONResponse(row)


@asynccontextmanager
async def received(request: Request, most: int | None = None) -> AsyncIterator[Path]:
    """The body as a file beside its later place; it is gone afterwards unless somebody moved it.

    Raises:
        TooLarge: it has more than ``most`` bytes; unless said otherwise, more than anything that WhatsApp takes.
    """
    most = media.MAX_BYTES if most is None else most
    check_announced(request, most)
    path = await asyncio.to_thread(_temporary_file, runtime.get().settings.media_dir)
    try:
        await _write_stream(request, path, most)
        yield path
    finally:
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _temporary_file(media_dir: Path) -> Path:
    folder = media.incoming(media_dir)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(dir=folder, delete=False) as file:
        return Path(file.name)


async def _write_stream(request: Request, path: Path, most: int) -> None:
    size = 0
    file = await asyncio.to_thread(path.open, "wb")
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size > most:
                raise TooLarge
            await asyncio.to_thread(file.write, chunk)
    finally:
        await asyncio.to_thread(file.close)


routes = [
    Route("/media", upload, methods=["POST"]),
    Route("/media/{key}", show, methods=["GET"]),
    Route("/media/{key}/around", around, methods=["GET"]),
]
