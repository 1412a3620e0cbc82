"""``/exports/campaigns/{id}.csv``: the people of a campaign, and what became of each message."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from wapto_app import runtime
from wapto_app.services.campaigns import exporting
from wapto_app.services.campaigns.recipients import RecipientFilter
from wapto_app.services.errors import DomainError
from wapto_app.web.download import streamed
from wapto_app.web.media import actor_of, refusal

_LARGEST_ID = 2**31 - 1
_LONGEST = 100


async def people(request: Request) -> Response:
    """``state``, ``reason``, ``variant`` and ``q`` as in the address of the page; all may be missing."""
    asked = {
        name: request.query_params.get(name, "")[:_LONGEST] for name in ("state", "reason", "variant", "q")
    }
    wanted = RecipientFilter(
        state=asked["state"], reason=asked["reason"], variant=asked["variant"], text=asked["q"]
    )
    campaign_id = min(request.path_params["campaign_id"], _LARGEST_ID)
    try:
        actor = await actor_of(request)
        parts = await exporting.csv(runtime.get().db, actor, campaign_id, wanted)
    except DomainError as error:
        return refusal(error)
    return streamed(parts, f"campaign-{campaign_id}.csv")


routes = [Route("/exports/campaigns/{campaign_id:int}.csv", people, methods=["GET"])]
