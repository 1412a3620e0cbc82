"""``/exports/conversation/{id}``: a conversation as a file, written while it is fetched."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from wapto_app import runtime
from wapto_app.security import cookies
from wapto_app.services.errors import DomainError, SignedOut
from wapto_app.services.transcript import transcript
from wapto_app.web.media import refusal

_LARGEST_ID = 2**31 - 1


async def export(request: Request) -> Response:
    """``form`` is txt, html or csv; ``notes`` takes the notes of the team along."""
    asked = request.query_params
    try:
        actor = await cookies.actor_of(request.headers.get("cookie", ""))
        if actor is None:
            raise SignedOut
        file = await transcript(
            runtime.get().db,
            actor,
            min(request.path_params["conversation_id"], _LARGEST_ID),
            form=asked.get("form", "txt"),
            with_notes=bool(asked.get("notes")),
        )
    except DomainError as error:
        return refusal(error)
    headers = {
        # Never shown in place: what customers write would be a page of this host.
        "content-disposition": f'attachment; filename="{file["name"]}"',
        "cache-control": "private, no-store",
        "x-content-type-options": "nosniff",
    }
    return StreamingResponse(
        file["lines"], media_type=f"{file['media_type']}; charset=utf-8", headers=headers
    )


routes = [Route("/exports/conversation/{conversation_id:int}", export, methods=["GET"])]
