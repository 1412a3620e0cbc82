"""``/sandbox`` in the demo: the stand-in's API for our own client, its phone for whoever is signed in."""

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


class SignedInOnly:
    """Everything but the API needs a session: the phone and the fault switches are nobody else's business."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or _GRAPH_PATH.match(_path_inside(scope)):
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        actor = await cookies.actor_of(request.headers.get("cookie", ""))
        if actor is not None and actor.may(Permission.INBOX_DO):
            await self._app(scope, receive, send)
        elif request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            await RedirectResponse(f"/login?next={demo.PREFIX}/", 303)(scope, receive, send)
        else:
            await PlainTextResponse("Sign in first", 401)(scope, receive, send)


def _path_inside(scope: Scope) -> str:
    """The path below the mount."""
    return str(scope["path"]).removeprefix(str(scope.get("root_path", "")))


def routes(settings: Settings) -> list[BaseRoute]:
    """The mount, in the demo only."""
    running = demo.sandbox(settings)
    return [Mount(demo.PREFIX, SignedInOnly(running.app))] if running else []
