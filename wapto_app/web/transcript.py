"""``/exports/conversation/{id}``: a conversation as a file, written while it is fetched."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wapto_app import runtime
from wapto_app.services.errors import DomainError
from wapto_app.services.transcript import transcript
from wapto_app.web.download import streamed
from wapto_app.web.media import actor_of, refusal

_LARGEST_ID = 2**31 - 1


async def export(request: Request) -> Response:
    """``form`` is txt, html or csv; ``notes`` takes the notes of the team along."""
    asked = request.query_params
    try:
        actor = await actor_of(request)
        file = await transcript(
            runtime.get().db,
            actor,
            min(request.path_params["conversation_id"], _LARGEST_ID),
            form=asked.get("form", "txt"),
            with_notes=bool(asked.get("notes")),
        )
    except DomainError as error:
        return refusal(error)
    return streamed(file["lines"], file["name"], file["media_type"])


routes = [Route("/exports/conversation/{conversation_id:int}", export, methods=["GET"])]
