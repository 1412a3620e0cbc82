"""The wire to the Graph API: one authenticated connection, typed failures, careful retries.

Everything that is specific to an area (messages, media, templates …) lives in a module of its own and
builds on `GraphConnection`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import httpx
import orjson
import stamina

from .errors import Ambiguous, GraphError, NoAnswer, NotSent
from .network import NETWORK_ERRORS, network_failure
from .reading import JsonObject, as_float, as_list, as_object, as_text, objects

DEFAULT_BASE_URL = "https://graph.facebook.com"
DEFAULT_VERSION = "v25.0"

T = TypeVar("T")
Params = Mapping[str, str | int]

_READ_TRIES = 3
_MAX_PAGES = 1000
_PLAIN_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity", "User-Agent": "wapto"}
_JSON_HEADERS = {"Content-Type": "application/json; charset=utf-8"}
_SECRET_PARAMS = ("input_token", "access_token", "client_secret", "code", "appsecret_proof")


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list.

    Attributes:
        items: What the page holds.
        after: Cursor of the next page; None on the last one. Meta: do not store cursors.
    """

    items: tuple[T, ...]
    after: str | None = None


class GraphConnection:
    """One access token at one version of the Graph API, over a shared HTTP client.

    Args:
        access_token: A system user token or a business token of embedded signup.
        http: A client from `new_http_client()`. It is shared by many connections and never closed here.
        base_url: Another host than Meta's, for tests.
        version: Version of the API, with its leading `v`. Meta: a version lives about two years.
        app_secret: When given, every call is signed with `appsecret_proof`.
    """

    def __init__(
        self,
        access_token: str,
        *,
        http: httpx.AsyncClient,
        base_url: str = DEFAULT_BASE_URL,
        version: str = DEFAULT_VERSION,
        app_secret: str | None = None,
    ) -> None:
        self._token = access_token
        self._app_secret = app_secret
        self._http = http
        self._version = version
        self._base = httpx.URL(base_url)
        self._root = f"{base_url.rstrip('/')}/{version}"
        self._proof = self._sign(access_token)
        self._headers = _PLAIN_HEADERS | ({"Authorization": f"Bearer {access_token}"} if access_token else {})
        self._write_headers = self._headers | _JSON_HEADERS
        # Encoded once: sending is the hot path.
        self._message_headers = httpx.Headers({"Host": self._base.netloc.decode(), **self._write_headers})
        self._extensions = {"timeout": http.timeout.as_dict()}
        self._steady_urls: dict[str, httpx.URL] = {}

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._root!r})"

    def _with_token(self, access_token: str) -> GraphConnection:
        return GraphConnection(
            access_token,
            http=self._http,
            base_url=str(self._base),
            version=self._version,
            app_secret=self._app_secret,
        )

    async def _get(self, path: str, params: Params | None = None) -> JsonObject:
        """Read. Repeated up to three times on network trouble, 5xx and codes 1 and 2."""
        request = self._request("GET", path, params)
        return await retrying(worth_rereading, lambda: self._exchange(request()))

    async def _post(self, path: str, body: Mapping[str, Any] | None = None) -> JsonObject:
        """Write. Repeated only when the request certainly never left."""
        return await self._write("POST", path, body)

    async def _delete(
        self, path: str, params: Params | None = None, body: Mapping[str, Any] | None = None
    ) -> JsonObject:
        return await self._write("DELETE", path, body, params)

    async def _write(
        self, method: str, path: str, body: Mapping[str, Any] | None, params: Params | None = None
    ) -> JsonObject:
        content = orjson.dumps(dict(body)) if body is not None else None
        headers = self._write_headers if content else self._headers
        request = self._request(method, path, params, headers=headers, content=content)
        return await retrying(never_left, lambda: self._exchange(request()))

    def _request(
        self,
        method: str,
        path: str,
        params: Params | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        proof: str | None = None,
        **body: Any,
    ) -> Callable[[], httpx.Request]:
        """Return a maker of the request, because a request that failed cannot be sent a second time."""
        url = self._url(path, params, self._proof if proof is None else proof)
        return lambda: httpx.Request(
            method, url, headers=headers or self._headers, extensions=self._extensions, **body
        )

    def _url(self, path: str, params: Params | None, proof: str) -> httpx.URL:
        url = httpx.URL(f"{self._root}/{path}")
        query = dict(params or {})
        if proof:
            query["appsecret_proof"] = proof
        return url.copy_merge_params(query) if query else url

    def _steady_url(self, path: str) -> httpx.URL:
        """Return a URL that is asked for again and again: parsing it would cost more than the JSON."""
        url = self._steady_urls.get(path)
        if url is None:
            url = self._steady_urls[path] = self._url(path, None, self._proof)
        return url

    async def _exchange(self, request: httpx.Request, *, partial: str = "") -> JsonObject:
        """Send once and return the JSON object of a success.

        With `partial`, an answer that has this key counts as a success whatever its status.

        Raises:
            GraphError: Meta answered with an error.
            NotSent: The request was never written.
            Ambiguous: It was written, but no usable answer came.
        """
        try:
            response = await self._http.send(request)
        except NETWORK_ERRORS as exc:
            # `from None`: the original texts quote the URL, whose query can hold secrets.
            raise network_failure(exc, request) from None
        return self._read(response, partial)

    def _read(self, response: httpx.Response, partial: str) -> JsonObject:
        status = response.status_code
        try:
            answer = orjson.loads(response.content)
        except orjson.JSONDecodeError:
            raise _not_json(status) from None
        if status < 400 and isinstance(answer, dict) and "error" not in answer:
            return answer
        if partial and isinstance(answer, dict) and partial in answer:
            return answer
        raise self._refusal(answer, response)

    def _refusal(self, answer: Any, response: httpx.Response) -> GraphError | Ambiguous:
        status = response.status_code
        error = answer.get("error") if isinstance(answer, dict) else None
        if error is None and (status >= 500 or status < 400):
            return Ambiguous(f"HTTP {status} without the API's answer")
        error = _without_secrets(error, response.request)
        return GraphError.from_body(error, status, wait_seconds(response.headers))

    async def _pages(self, path: str, params: Params, make: Callable[[JsonObject], T]) -> AsyncIterator[T]:
        """Yield the items of all pages of a list."""
        after: str | None = None
        for _ in range(_MAX_PAGES):
            page = await self._page(path, params, make, after)
            for item in page.items:
                yield item
            if page.after is None or page.after == after:
                return
            after = page.after

    async def _page(
        self, path: str, params: Params, make: Callable[[JsonObject], T], after: str | None = None
    ) -> Page[T]:
        query = {**params, "after": after} if after else params
        answer = await self._get(path, query)
        items = tuple(make(item) for item in objects(as_list(answer.get("data"))))
        return Page(items, _next_cursor(answer))

    def _sign(self, token: str) -> str:
        if not self._app_secret:
            return ""
        return hmac.new(self._app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()


def node(node_id: str) -> str:
    """Make an id safe to stand in a path; ids come from webhooks and from people."""
    if not node_id:
        raise ValueError("an empty id would address another object")
    return quote(node_id, safe="")


def success(answer: JsonObject) -> bool:
    """Read `{"success": true}`; an answer without the key counts as success, as its HTTP status said."""
    return answer.get("success", True) in (True, "true")


def wait_seconds(headers: httpx.Headers) -> float | None:
    """Return how long Meta asks us to wait, from `Retry-After` or the usage header (given in minutes)."""
    seconds = as_float(headers.get("retry-after"))
    try:
        usage = as_object(orjson.loads(headers.get("x-business-use-case-usage", "{}")))
    except orjson.JSONDecodeError:
        usage = {}
    minutes = [
        as_float(entry.get("estimated_time_to_regain_access")) or 0.0
        for entries in usage.values()
        for entry in objects(entries)
    ]
    longest = max([seconds or 0.0, *(minute * 60 for minute in minutes)])
    return longest or None


def _next_cursor(answer: JsonObject) -> str | None:
    paging = as_object(answer.get("paging"))
    # Meta: the end of a list is a missing `next`; the `after` cursor is there on the last page, too.
    if not paging.get("next"):
        return None
    return as_text(as_object(paging.get("cursors")).get("after"))


def _not_json(status: int) -> GraphError | Ambiguous:
    if 400 <= status < 500:
        return GraphError.from_body(None, status)
    return Ambiguous(f"HTTP {status} with a body that is not JSON")


def _without_secrets(error: Any, request: httpx.Request) -> Any:
    """Blank out our own secrets: Meta quotes a malformed token back in its message."""
    token = request.headers.get("Authorization", "").partition(" ")[2]
    params = request.url.params
    secrets = {token, *(params.get(name, "") for name in _SECRET_PARAMS)} - {""}
    try:
        text = orjson.dumps(error)
    except TypeError:
        return None
    for secret in secrets:
        text = text.replace(secret.encode(), b"***")
    return orjson.loads(text)


async def retrying(worth: Callable[[Exception], bool], call: Callable[[], Awaitable[T]]) -> T:
    """Call up to three times with growing pauses, as long as the failure is worth it."""
    async for attempt in stamina.retry_context(on=worth, attempts=_READ_TRIES, wait_initial=0.2, wait_max=2):
        with attempt:
            return await call()
    raise AssertionError("stamina ends with a result or an exception")  # pragma: no cover


def never_left(error: Exception) -> bool:
    """Whether a request certainly was not written: the only reason to repeat a write."""
    return isinstance(error, NotSent)


def worth_rereading(error: Exception) -> bool:
    """Whether a read may succeed when repeated (section "Error codes": 1 and 2 are passing)."""
    if isinstance(error, GraphError):
        return error.code in (1, 2) or error.http_status >= 500
    return isinstance(error, NoAnswer)
