"""``/library``: files of the media library come in, and are served to those who may see it."""

from __future__ import annotations

from urllib.parse import unquote

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.services import library
from wapto_app.web.media import actor_of, file_response, received, with_words

_LARGEST_ID = 2**31 - 1


@with_words
async def upload(request: Request) -> Response:
    """The raw bytes of one file, its name percent-encoded in ``X-Filename``; ``?folder`` and ``?shrink`` if wished.

    Answers ``{"file": …, "existing": …}``, or an error with ``"offer": "shrink"`` when a smaller picture would do.
    """
    process, actor = runtime.get(), await actor_of(request)
    actor.require(Permission.MEDIA_DO)
    async with received(request) as temporary:
        kept = await library.keep(
            process.db,
            actor,
            process.settings.media_dir,
            temporary,
            unquote(request.headers.get("x-filename", "")),
            folder_id=_number(request.query_params.get("folder", "")),
            shrink="shrink" in request.query_params,
        )
    return JSONResponse(kept)


def _number(text: str) -> int:
    is_number = text.isascii() and text.isdecimal() and len(text) < 12
    return min(int(text), _LARGEST_ID) if is_number else library.TOP


@with_words
async def show(request: Request) -> Response:
    """The file itself."""
    return await _stored(request, thumbnail=False)


@with_words
async def thumbnail(request: Request) -> Response:
    """Its preview for lists."""
    return await _stored(request, thumbnail=True)


async def _stored(request: Request, *, thumbnail: bool) -> Response:
    process, actor = runtime.get(), await actor_of(request)
    async with process.db.read() as session:
        file = await library.stored(
            session, actor, process.settings.media_dir, request.path_params["key"], thumbnail=thumbnail
        )
    response = await file_response(request, file)
    if "v" not in request.query_params:
        # Made smaller, it has another content under the same address.
        response.headers["cache-control"] = "private, no-cache"
    return response


@with_words
async def smaller(request: Request) -> Response:
    """What a picture would look like made smaller; nothing is stored."""
    return await _tried(request, as_sticker=False)


@with_words
async def sticker(request: Request) -> Response:
    """What a picture would look like as a sticker; nothing is stored."""
    return await _tried(request, as_sticker=True)


async def _tried(request: Request, *, as_sticker: bool) -> Response:
    process, actor, key = runtime.get(), await actor_of(request), request.path_params["key"]
    made = await library.preview(process.db, actor, process.settings.media_dir, key, as_sticker=as_sticker)
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    return Response(made.content, media_type=made.mime_type, headers=headers)


routes = [
    Route("/library", upload, methods=["POST"]),
    Route("/library/{key}", show, methods=["GET"]),
    Route("/library/{key}/thumbnail", thumbnail, methods=["GET"]),
    Route("/library/{key}/smaller", smaller, methods=["GET"]),
    Route("/library/{key}/sticker", sticker, methods=["GET"]),
]
