"""Small helpers for the JSON endpoints of phone and control."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .errors import GraphError, invalid
from .models import Json

if TYPE_CHECKING:
    from .sandbox import Sandbox

Endpoint = Callable[["Sandbox", Request], Awaitable[Json | Response]]


def route(sandbox: Sandbox, path: str, endpoint: Endpoint, *methods: str) -> Route:
    """A route whose handler gets the sandbox and may raise `GraphError`."""

    async def handle(request: Request) -> Response:
        # Without a login of its own, at least no foreign website may push these buttons.
        if request.method != "GET" and request.headers.get("sec-fetch-site") == "cross-site":
            return reply({"error": {"message": "Cross-site requests are refused."}}, 403)
        try:
            result = await endpoint(sandbox, request)
        except GraphError as error:
            return reply(error.body(), error.status)
        return result if isinstance(result, Response) else reply(result)

    return Route(path, handle, methods=list(methods or ("GET",)))


def base_of(request: Request) -> str:
    """Our own address including the prefix under which an outer app mounted us.

    Starlette's `base_url` is that of the outermost app, hence not ours.
    """
    return f"{request.url.scheme}://{request.url.netloc}{request.scope.get('root_path', '')}".rstrip("/")


def reply(body: Json, status: int = 200) -> Response:
    """A JSON answer that nobody caches."""
    headers = {"cache-control": "no-store"}
    return Response(orjson.dumps(body), status, headers, media_type="application/json")


async def json_body(request: Request) -> Json:
    """The JSON object in the body; an empty body is an empty object."""
    raw = await request.body()
    try:
        body = orjson.loads(raw) if raw else {}
    except orjson.JSONDecodeError:
        raise invalid("The body must be JSON.") from None
    if not isinstance(body, dict):
        raise invalid("The body must be a JSON object.")
    return body


def not_found(what: str) -> GraphError:
    """Status 404 in the usual shape."""
    return GraphError(100, message=f"{what} does not exist.", status=404)
