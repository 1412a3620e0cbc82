"""One call of the Graph API."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from ..errors import GraphError, bad_token, invalid
from ..models import Json, Token
from ..web import base_of

if TYPE_CHECKING:
    from ..sandbox import Sandbox

Handler = Callable[["Call", str], Awaitable["Json | Response"]]

_JSON = "application/json; charset=UTF-8"


class Call:
    """A request with what every handler needs around it."""

    __slots__ = ("_params", "node", "request", "rest", "sandbox", "token", "version")

    def __init__(self, sandbox: Sandbox, request: Request, version: str, path: str) -> None:
        self.sandbox = sandbox
        self.request = request
        self.version = version
        self.node, _, self.rest = path.strip("/").partition("/")
        self.token = Token("", "NONE")
        self._params: Json | None = None

    @property
    def method(self) -> str:
        """HTTP method."""
        return self.request.method

    @property
    def base_url(self) -> str:
        """Address of the sandbox as this caller reaches it."""
        return base_of(self.request)

    def query(self, name: str) -> str | None:
        """A query parameter."""
        return self.request.query_params.get(name)

    async def json(self) -> Json:
        """The JSON body; Graph's own complaint when it is none."""
        try:
            raw = await self.request.body()
        except ClientDisconnect:
            raise invalid("The request was broken off.") from None
        if not raw:
            return {}
        try:
            body = orjson.loads(raw)
        except orjson.JSONDecodeError:
            raise invalid("Invalid JSON in the request body.") from None
        if not isinstance(body, dict):
            raise invalid("The request body must be a JSON object.")
        return body

    async def params(self) -> Json:
        """Query, form and JSON parameters together: management endpoints take any of them."""
        if self._params is None:
            values: Json = dict(self.request.query_params)
            kind = self.request.headers.get("content-type", "")
            if kind.startswith(("multipart/form-data", "application/x-www-form-urlencoded")):
                form = await self.request.form(max_files=4, max_part_size=12 * 1024 * 1024)
                values |= dict(form)
            else:
                values |= await self.json()
            self._params = values
        return self._params

    async def require(self, name: str) -> Any:
        """A parameter that must be there."""
        value = (await self.params()).get(name)
        if value is None or value == "":
            raise invalid(f"The parameter {name} is required.")
        return value

    def authenticate(self) -> None:
        """Find the token; leave only with a known, living one."""
        value = self._bearer() or self.query("access_token")
        if not value:
            raise GraphError(
                2500,
                message="An active access token must be used to query information about the current user.",
            )
        token = self.sandbox.store.tokens.get(value)
        if token is None:
            raise bad_token()
        if token.expires and token.expires < self.sandbox.clock.now():
            raise bad_token("Session has expired.", 463)
        self._check_proof(value)
        self.token = token

    def app_only(self) -> None:
        """Some nodes answer app tokens only."""
        if self.token.kind != "APP":
            raise GraphError(15, message="(#15) This method must be called with an app access_token.")

    def _bearer(self) -> str | None:
        scheme, _, value = self.request.headers.get("authorization", "").partition(" ")
        return value.strip() if scheme.lower() in ("bearer", "oauth") else None

    def _check_proof(self, token: str) -> None:
        proof = self.query("appsecret_proof")
        if proof is None:
            return
        secret = self.sandbox.config.app_secret.encode()
        if not hmac.compare_digest(proof, hmac.new(secret, token.encode(), hashlib.sha256).hexdigest()):
            raise GraphError(100, message="Invalid appsecret_proof provided in the API argument")


def answer(body: Json, status: int = 200) -> Response:
    """JSON as Graph sends it."""
    return Response(orjson.dumps(body), status, media_type=_JSON)


SUCCESS: Json = {"success": True}
