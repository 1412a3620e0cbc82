"""Finds the handler of a Graph path: a node id, an edge, a method."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import httpx
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.types import Receive, Scope, Send

from ..errors import GraphError, no_such_node
from ..faults import BrokenConnection, EdgePage
from ..ids import trace_id
from . import account, apps, flows, login, media, messages, numbers, registration, templates, uploads
from .call import Call, Handler, answer

if TYPE_CHECKING:
    from ..sandbox import Sandbox

_EDGES: dict[tuple[str, str, str], Handler] = {
    ("number", "messages", "POST"): messages.send,
    ("number", "messages", "PUT"): messages.send,
    ("number", "marketing_messages", "POST"): messages.send_marketing,
    **media.EDGES,
    **numbers.EDGES,
    **registration.EDGES,
    **account.EDGES,
    **templates.EDGES,
    **flows.EDGES,
    **apps.EDGES,
    **uploads.EDGES,
}

_OPEN: dict[tuple[str, str], Handler] = {
    ("oauth", "access_token"): login.access_token,
    ("lookaside", "whatsapp_business/attachments"): media.download,
}

_EDGE_HTML = (
    "<!DOCTYPE html><html><head><title>Error</title></head><body><h1>502 Bad Gateway</h1></body></html>"
)


class GraphApp:
    """ASGI endpoint of everything under `/v{N}.{M}/`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one call, with whatever faults are switched on."""
        request = Request(scope, receive)
        try:
            response = await self._answer(request)
        except GraphError as error:
            response = answer(error.body(), error.status)
            if error.status == 401:
                response.headers["www-authenticate"] = f'OAuth "Facebook Platform" "{error.message}"'
        except EdgePage:
            response = HTMLResponse(_EDGE_HTML, 502)
        except BrokenConnection as fault:
            await self._break(fault, receive, send)
            return
        response.headers["x-fb-trace-id"] = trace_id()
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        params = request.path_params
        self._sandbox.learn_base(request)
        call = Call(self._sandbox, request, f"v{params['major']}.{params['minor']}", params["rest"])
        await self._sandbox.gate.before()
        if (public := self._public(call)) is not None:
            result = await public(call, call.node)
        else:
            call.authenticate()
            result = await self._handler(call)(call, call.node)
        if isinstance(result, Response):
            return result
        return answer(result)

    def _public(self, call: Call) -> Handler | None:
        if call.node == "cdn":
            return media.picture
        return _OPEN.get((call.node, call.rest))

    def _handler(self, call: Call) -> Handler:
        store, node = self._sandbox.store, call.node
        if node in store.numbers:
            kind = "number"
        elif node == "app":
            kind = "app"
        elif node.startswith("upload:"):
            kind = "upload"
        elif node == "debug_token":
            kind = "debug_token"
        else:
            kind = self._kind(node)
        edge, _, call.rest = call.rest.partition("/")
        handler = _EDGES.get((kind, edge, call.method))
        if handler is None:
            raise self._unknown(call, kind, edge)
        return handler

    def _kind(self, node: str) -> str:
        store, config = self._sandbox.store, self._sandbox.config
        if node == config.waba_id:
            return "waba"
        if node == config.app_id:
            return "app"
        if node == config.business_id:
            return "business"
        for kind, nodes in (("media", store.media), ("template", store.templates), ("flow", store.flows)):
            if node in nodes:
                return kind
        return ""

    def _unknown(self, call: Call, kind: str, edge: str) -> GraphError:
        known = {name for owner, name, _ in _EDGES if owner == kind}
        if kind and edge and edge not in known:
            return GraphError(2500, message=f"Unknown path components: /{edge}")
        return no_such_node(call.node, call.method)

    async def _break(self, fault: BrokenConnection, receive: Receive, send: Send) -> None:
        if fault.hang:
            await self._wait_for_caller(receive)
        # A promised but missing body is the one way an ASGI app can cut a connection.
        headers = [(b"content-type", b"application/json"), (b"content-length", b"4096")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"{", "more_body": True})
        raise httpx.ReadError("connection broken by the sandbox")

    async def _wait_for_caller(self, receive: Receive) -> None:
        async def gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                continue

        waiting = asyncio.create_task(gone())
        await asyncio.wait({waiting}, timeout=self._sandbox.config.hang_seconds)
        waiting.cancel()
