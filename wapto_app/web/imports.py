"""``/imports``: files of contacts that are uploaded, and the rows of them that could not be taken."""

from __future__ import annotations

import asyncio
from urllib.parse import unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from integrations.tables import MOST_BYTES
from wapto_app import runtime
from wapto_app.log import get_logger
from wapto_app.security.permissions import Permission
from wapto_app.services import imports
from wapto_app.services.errors import DomainError, Invalid
from wapto_app.web.body import TooLarge
from wapto_app.web.download import streamed
from wapto_app.web.media import actor_of, received, refusal

log = get_logger(__name__)

_LARGEST_ID = 2**31 - 1


async def upload(request: Request) -> Response:
    """The raw bytes of one file; its name comes in the ``X-Filename`` header, percent-encoded. Answers with the id."""
    process = runtime.get()
    try:
        actor = await actor_of(request)
        actor.require(Permission.CONTACTS_DO)
        async with received(request, MOST_BYTES) as temporary:
            size = (await asyncio.to_thread(temporary.stat)).st_size
            key, found = await imports.read(actor, process.settings.media_dir, temporary)
        name = unquote(request.headers.get("x-filename", ""))
        async with process.db.write() as session:
            import_id = await imports.keep(session, actor, key, name, size, found)
    except DomainError as error:
        return refusal(error)
    except TooLarge:
        return refusal(Invalid("file", f"A file may have at most {MOST_BYTES // 2**20} MB."))
    except ClientDisconnect:
        return JSONResponse({"error": "The upload was interrupted."}, 400)
    except OSError as error:
        log.error("imports.write_failed", reason=str(error))
        return JSONResponse({"error": "The server could not store the file. Its disk may be full."}, 507)
    return JSONResponse({"id": import_id})


async def problems(request: Request) -> Response:
    """The rows that were not taken, with the reason, as CSV."""
    process = runtime.get()
    try:
        actor = await actor_of(request)
        async with process.db.write() as session:
            import_id = min(request.path_params["import_id"], _LARGEST_ID)
            file = await imports.problems(session, actor, process.settings.media_dir, import_id)
    except DomainError as error:
        return refusal(error)
    return streamed(file["lines"], file["name"])


routes = [
    Route("/imports", upload, methods=["POST"]),
    Route("/imports/{import_id:int}/problems.csv", problems, methods=["GET"]),
]
