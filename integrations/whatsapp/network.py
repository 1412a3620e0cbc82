"""The shared HTTP client, and the line between "never written" and "perhaps accepted"."""

from __future__ import annotations

import asyncio
import functools
import logging
import ssl

import aiohttp
import httpx
from httpx_aiohttp import AiohttpTransport

from .errors import Ambiguous, NoAnswer, NotSent

NETWORK_ERRORS = (httpx.HTTPError, httpx.StreamError, aiohttp.ClientError, asyncio.TimeoutError, OSError)
"""What sending can raise. httpx-aiohttp lets some of aiohttp's own exceptions through."""

_NOT_WRITTEN_AIOHTTP = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL)
_NOT_WRITTEN_HTTPX = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


def new_http_client(
    *,
    max_connections: int = 500,
    connect_timeout: float = 10.0,
    read_timeout: float = 30.0,
    pool_timeout: float = 30.0,
) -> httpx.AsyncClient:
    """Make the HTTP client that every `GraphClient` of a process shares. The caller closes it.

    httpx speaks through aiohttp, because its own connection pool collapses beyond about 25 requests at
    once. Must be called where an event loop runs, or at least used in only one loop.

    Args:
        max_connections: Requests in flight at once; more wait for up to `pool_timeout`.
        connect_timeout: Seconds for DNS, connect and TLS.
        read_timeout: Seconds between two reads of an answer.
        pool_timeout: Seconds to get a connection, a new one included.
    """
    # httpx logs every URL at INFO, and the queries of Meta's token calls hold tokens and app secrets.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    ssl_context = _trust()

    def new_session() -> aiohttp.ClientSession:
        connector = aiohttp.TCPConnector(limit=max_connections, keepalive_timeout=15, ssl=ssl_context)
        session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        # aiohttp would repeat a GET or DELETE whose connection was lost; what is repeated is decided here.
        session._retry_connection = False
        return session

    return _CookielessClient(
        transport=_Transport(client=new_session, verify=ssl_context, trust_env=False),
        timeout=httpx.Timeout(read_timeout, connect=connect_timeout, pool=pool_timeout),
        trust_env=False,
    )


class _Transport(AiohttpTransport):
    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        # HTTP's own (RFC 9110, 5.5). httpx would try others on all headers first, for every answer.
        response.headers.encoding = "iso-8859-1"
        return response


@functools.cache
def _trust() -> ssl.SSLContext:
    """Read once: parsing all those certificates takes as long as a hundred requests."""
    return httpx.create_ssl_context(trust_env=False)


def network_failure(error: Exception, request: httpx.Request) -> NoAnswer:
    """Turn a network exception into `NotSent` or `Ambiguous`, naming the host but never the query."""
    cause = error.__cause__
    # httpx-aiohttp reports a connection lost after writing as ConnectTimeout; only its cause is right.
    original = cause if isinstance(cause, aiohttp.ClientError) else error
    text = f"{request.method} {request.url.host}{request.url.path}: {type(original).__name__}"
    if isinstance(original, _NOT_WRITTEN_AIOHTTP + _NOT_WRITTEN_HTTPX):
        return NotSent(text)
    return Ambiguous(text)


class _NoCookies(httpx.Cookies):
    def extract_cookies(self, response: httpx.Response) -> None:
        """Keep nothing: one client serves many tenants, and reading cookies costs 5 % of a send."""


class _CookielessClient(httpx.AsyncClient):
    @property
    def cookies(self) -> httpx.Cookies:
        return _NoCookies()

    @cookies.setter
    def cookies(self, cookies: object) -> None:
        raise TypeError("this client keeps no cookies")
