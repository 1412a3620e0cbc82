"""``/campaign-uploads``: files of recipients, and the lines of them that cannot be used."""

from __future__ import annotations

from urllib.parse import quote, unquote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from integrations.tables import MOST_BYTES
from wapto_app import runtime
from wapto_app.log import get_logger
from wapto_app.services.campaigns import uploads
from wapto_app.services.errors import DomainError, Invalid
from wapto_app.web.body import TooLarge
from wapto_app.web.media import actor_of, received, refusal

log = get_logger(__name__)


async def upload(request: Request) -> Response:
    """The raw bytes of one file; its name comes in the ``X-Filename`` header, percent-encoded.

    ``?opted_in=yes``: the uploader confirms that these people agreed to get messages. Answers with the key.
    """
    try:
        actor = await actor_of(request)
        uploads.allow(actor)
        name = unquote(request.headers.get("x-filename", ""))
        opted_in = request.query_params.get("opted_in") == "yes"
        async with received(request, MOST_BYTES) as temporary:
            row = await uploads.keep(runtime.get().db, actor, temporary, name, opted_in=opted_in)
    except DomainError as error:
        return refusal(error)
    except TooLarge:
        return refusal(Invalid("file", f"A file may have at most {MOST_BYTES // 2**20} MB."))
    except ClientDisconnect:
        return JSONResponse({"error": "The upload was interrupted."}, 400)
    except OSError as error:
        log.error("campaign_uploads.write_failed", reason=str(error))
        return JSONResponse({"error": "The server could not store the file. Its disk may be full."}, 507)
    return JSONResponse({"key": row["key"]})


async def problems(request: Request) -> Response:
    """The lines that cannot be used, with the reason, as CSV."""
    try:
        actor = await actor_of(request)
        file = await uploads.problem_file(runtime.get().db, actor, request.path_params["key"])
    except DomainError as error:
        return refusal(error)
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(file['name'])}",
        "cache-control": "private, no-store",
        "x-content-type-options": "nosniff",
    }
    return StreamingResponse(file["lines"], media_type="text/csv; charset=utf-8", headers=headers)


routes = [
    Route("/campaign-uploads", upload, methods=["POST"]),
    Route("/campaign-uploads/{key:str}/problems.csv", problems, methods=["GET"]),
]
