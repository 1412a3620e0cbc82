"""Forms that the browser sends as JSON: who may send them, how large they are, how a refusal is told.

The answer to a refusal is ``{"errors": {field: sentence}}``; the empty field name stands for the whole form.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, TypeVar
from urllib.parse import urlsplit

import pydantic
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from wapto_app import runtime
from wapto_app.security import cookies, tickets
from wapto_app.services.errors import DomainError, SignedOut, TooMany
from wapto_app.services.sessions import LIFETIME
from wapto_app.web import client

MAX_BODY = 16 * 1024
_NOT_UNDERSTOOD = "This request could not be understood. Reload the page and try again."


def _visible(text: str) -> str:
    # PostgreSQL cannot store it, and no keyboard types it.
    if "\0" in text:
        raise ValueError("NUL")
    return text


Text = Annotated[str, pydantic.StringConstraints(max_length=1024), pydantic.AfterValidator(_visible)]


class Form(pydantic.BaseModel):
    """What a form may hold: nothing else, and no other types."""

    model_config = pydantic.ConfigDict(extra="forbid", strict=True, frozen=True, hide_input_in_errors=True)


class FormRefused(Exception):
    """Several fields are wrong at once: sentences by field."""

    def __init__(self, errors: dict[str, str]) -> None:
        super().__init__(errors)
        self.errors = errors


@dataclass(frozen=True, slots=True)
class Visit:
    """Who sends the form."""

    address: str
    user_agent: str
    cookie: str

    @property
    def session_token(self) -> str:
        return cookies.token_in(self.cookie)

    @property
    def ticket(self) -> str:
        """What a right password has earned, while the second factor is still asked for."""
        return cookies.read(self.cookie, tickets.COOKIE)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the browser does next: ``{"go": path}`` or ``{"done": true}``.

    ``session_token`` becomes the session cookie, ``ticket`` the one that waits for the second factor.
    """

    body: dict[str, Any] = field(default_factory=lambda: {"done": True})
    session_token: str | None = None
    ticket: str | None = None


SomeForm = TypeVar("SomeForm", bound=Form)
Handle = Callable[[Visit, SomeForm], Awaitable[Answer]]


class _Unacceptable(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def form_route(path: str, form: type[SomeForm], handle: Handle[SomeForm]) -> Route:
    """A route that takes this form from our own pages only."""

    async def endpoint(request: Request) -> Response:
        try:
            answer = await handle(visit_of(request), form.model_validate_json(await _body(request)))
        except Exception as error:
            return _refusal(error)
        response = JSONResponse(answer.body, headers=_HEADERS)
        if answer.session_token is not None:
            set_cookie(request, response, answer.session_token)
        if answer.ticket is not None:
            _set_ticket(request, response, answer.ticket)
        return response

    return Route(path, endpoint, methods=["POST"])


_HEADERS = {"cache-control": "no-store"}


def _refusal(error: Exception) -> Response:
    """Sentences for the form; what is no refusal is raised again."""
    match error:
        case _Unacceptable():
            return _errors(error.status, {"": error.message})
        case pydantic.ValidationError():
            return _errors(422, _by_field(error))
        case FormRefused():
            return _errors(400, error.errors)
        case TooMany():
            return _errors(429, {"": error.message}, {"retry-after": str(error.retry_after)})
        case SignedOut():
            return _errors(401, {"": error.message})
        case DomainError():
            return _errors(400, {error.field: error.message})
    raise error


def _errors(status: int, errors: dict[str, str], headers: dict[str, str] | None = None) -> Response:
    return JSONResponse({"errors": errors}, status, headers=_HEADERS | (headers or {}))


def _by_field(error: pydantic.ValidationError) -> dict[str, str]:
    """Only a length can be a person's mistake; the rest never comes from our own pages."""
    long = [problem for problem in error.errors() if problem["type"] == "string_too_long"]
    if not long:
        return {"": _NOT_UNDERSTOOD}
    return {
        str(problem["loc"][0]): f"Use at most {problem['ctx']['max_length']:,} characters."
        for problem in long
    }


async def _body(request: Request) -> bytes:
    if is_foreign(request):
        raise _Unacceptable(403, "This request did not come from this site.")
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise _Unacceptable(415, _NOT_UNDERSTOOD)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            raise _Unacceptable(413, "This is too long.")
    return bytes(body)


def is_foreign(request: Request) -> bool:
    """Whether a page of another site made the browser send this. Without a browser nothing is forged."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in ("same-origin", "none")
    origin = request.headers.get("origin")
    if origin is None:
        return False
    ours = {request.headers.get("host", ""), urlsplit(runtime.get().settings.base_url).netloc}
    return urlsplit(origin).netloc not in ours


def visit_of(request: Request) -> Visit:
    """Who sends this request."""
    return Visit(
        address=client.address_of(request),
        user_agent=request.headers.get("user-agent", ""),
        cookie=request.headers.get("cookie", ""),
    )


def set_cookie(request: Request, response: Response, token: str) -> None:
    """Hand over the secret of a session; an empty text takes it away."""
    response.set_cookie(
        cookies.COOKIE,
        token,
        max_age=int(LIFETIME.total_seconds()) if token else 0,
        path="/",
        secure=_is_secure(request),
        httponly=True,
        samesite="lax",
    )


def _set_ticket(request: Request, response: Response, ticket: str) -> None:
    response.set_cookie(
        tickets.COOKIE,
        ticket,
        max_age=int(tickets.LIFETIME.total_seconds()) if ticket else 0,
        path=tickets.PATH,
        secure=_is_secure(request),
        httponly=True,
        samesite="strict",
    )


def _is_secure(request: Request) -> bool:
    return client.is_https(request) or runtime.get().settings.public_url.startswith("https://")
