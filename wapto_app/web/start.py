"""``/`` leads everybody to their first page."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from wapto_app.security import cookies
from wapto_app.services import sign_in


async def start(request: Request) -> Response:
    """The first page that its reader may see, or the sign-in page."""
    actor = await cookies.actor_of(request.headers.get("cookie", ""))
    page = "/login" if actor is None else sign_in.home(actor.permissions)
    return RedirectResponse(page, 307, headers={"cache-control": "no-store"})


routes = [Route("/", start)]
