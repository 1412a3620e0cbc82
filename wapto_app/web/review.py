"""``/exports/review.csv``: the figures of the review page, as a file."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wapto_app import runtime
from wapto_app.services import review
from wapto_app.services.errors import DomainError
from wapto_app.web.download import streamed
from wapto_app.web.media import actor_of, refusal

_LARGEST_ID = 2**31 - 1


async def export(request: Request) -> Response:
    """``range``, ``first`` and ``last`` as on the page; ``team`` is an id, ``by`` agents or teams."""
    asked = request.query_params
    try:
        actor = await actor_of(request)
        async with runtime.get().db.write() as session:
            during = await review.period(
                session, actor, asked.get("range", ""), asked.get("first", ""), asked.get("last", "")
            )
            by_team = asked.get("by") == "teams"
            team_id = _id(asked.get("team", ""))
            file = await review.export(session, actor, during, team_id=team_id, by_team=by_team)
    except DomainError as error:
        return refusal(error)
    return streamed(file["lines"], file["name"])


def _id(text: str) -> int:
    """Zero for none; what is no id is one that nobody has."""
    if not text:
        return 0
    return int(text) if text.isascii() and text.isdecimal() and int(text[:20]) <= _LARGEST_ID else _LARGEST_ID


routes = [Route("/exports/review.csv", export, methods=["GET"])]
