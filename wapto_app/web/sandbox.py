"""``/sandbox`` in the demo: the stand-ins' APIs for our own clients, their pages for whoever is signed in."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp, Receive, Scope, Send

from wapto_app import demo
from wapto_app.security import cookies
from wapto_app.security.permissions import Permission
from wapto_app.settings import Settings

# The API checks its own bearer tokens.
_GRAPH_PATH = re.compile(r"/v\d+\.\d+/")
_STRIPE_PATH = re.compile(r"/v1/")


class SignedInOnly:
    """Everything but the API needs a session: the pages and the fault switches are nobody else's business."""

    def __init__(self, app: ASGIApp, api: re.Pattern[str], permission: Permission) -> None:
        self._app = app
        self._api = api
        self._permission = permission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or self._api.match(_path_inside(scope)):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        actor = await cookies.actor_of(request.headers.get("cookie", ""))
        if actor is not None and actor.may(self._permission):
            await self._app(scope, receive, send)
        elif request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            await RedirectResponse(f"/login?next={scope['path']}", 303)(scope, receive, send)
        else:
            await PlainTextResponse("Sign in first", 401)(scope, receive, send)


def _path_inside(scope: Scope) -> str:
    """The path below the mount."""
    return str(scope["path"]).removeprefix(str(scope.get("root_path", "")))


def routes(settings: Settings) -> list[BaseRoute]:
    """The mounts, in the demo only. Who is locked out of the inbox must still be able to pay."""
    phone, stripe = demo.sandbox(settings), demo.stripe(settings)
    mounts: list[BaseRoute] = []
    if stripe:
        guarded = SignedInOnly(stripe.app, _STRIPE_PATH, Permission.SIGNED_IN)
        mounts.append(Mount(demo.STRIPE_PREFIX, guarded))
    if phone:
        mounts.append(Mount(demo.PREFIX, SignedInOnly(phone.app, _GRAPH_PATH, Permission.INBOX_DO)))
    return mounts
