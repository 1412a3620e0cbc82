"""Other sites cannot act with our cookie, and nobody can fill the memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from wapto_app.web.limits import BodyLimit, NoReflexUploads, SameOrigin

NewClient = Callable[..., httpx.AsyncClient]
OURS = "http://testserver"
EVIL = "https://evil.example"


async def length(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


def everything() -> Starlette:
    methods = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
    return Starlette(routes=[Route("/{rest:path}", length, methods=methods)])


@pytest.fixture
def client(new_client: NewClient) -> httpx.AsyncClient:
    return new_client(SameOrigin(everything(), "https://chat.example.com"))


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": EVIL},
        {"origin": EVIL, "sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "null"},
        {"origin": "http://testserver:81"},
        {"origin": "http://testserver.evil.example"},
        {"origin": "http://evil.example/testserver"},
        {"origin": "nonsense://[::"},
        {"origin": EVIL, "x-forwarded-host": "evil.example"},
    ],
    ids=str,
)
async def test_another_site_cannot_change_anything(
    method: str, headers: dict[str, str], client: httpx.AsyncClient
) -> None:
    assert (await client.request(method, "/auth/login", headers=headers)).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": OURS, "sec-fetch-site": "same-origin"},
        {"origin": OURS},
        {"origin": "HTTP://TestServer:80"},
        {"origin": "https://chat.example.com"},
        {"sec-fetch-site": "none"},
        {},
    ],
    ids=str,
)
async def test_our_own_page_and_programs_may(headers: dict[str, str], client: httpx.AsyncClient) -> None:
    assert (await client.post("/auth/login", headers=headers)).status_code == 200


async def test_a_page_behind_a_proxy_that_ends_tls_is_at_home_at_the_name_in_the_browser(
    client: httpx.AsyncClient,
) -> None:
    headers = {"origin": "https://wapto.example.org:8443", "host": "wapto.example.org:8443"}
    assert (await client.post("/auth/login", headers=headers)).status_code == 200


@pytest.mark.parametrize(
    "path", ["/webhooks/whatsapp", "/hooks/x", "/api/v1/messages", "/f/signup", "/w/key"]
)
async def test_what_is_called_from_everywhere_is_not_guarded(path: str, client: httpx.AsyncClient) -> None:
    assert (await client.post(path, headers={"origin": EVIL})).status_code == 200


async def test_links_from_other_sites_lead_to_our_pages(client: httpx.AsyncClient) -> None:
    assert (await client.get("/inbox", headers={"sec-fetch-site": "cross-site"})).status_code == 200


async def test_reflex_cannot_allow_other_sites_to_read_with_cookies(new_client: NewClient) -> None:
    generous = CORSMiddleware(everything(), allow_origins=["*"], allow_credentials=True, allow_methods=["*"])
    client = new_client(SameOrigin(generous))
    answer = await client.get("/inbox", headers={"origin": EVIL, "cookie": "wapto_session=x"})
    assert not [name for name in answer.headers if name.startswith("access-control-")]


async def handshake(app: Any, headers: dict[str, str]) -> list[str]:
    """The kinds of messages that a websocket handshake is answered with."""
    sent: list[str] = []

    async def receive() -> dict[str, str]:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message["type"])

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "websocket", "path": "/_event/", "headers": raw, "query_string": b"", "subprotocols": []}
    await app(scope, receive, send)
    return sent


async def accept(_scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await send({"type": "websocket.accept"})


@pytest.mark.parametrize(
    ("headers", "answer"),
    [
        ({"host": "10.0.0.5:8000", "origin": "http://10.0.0.5:8000"}, "websocket.accept"),
        ({"host": "testserver", "origin": "https://testserver"}, "websocket.accept"),
        ({"host": "backend:8000", "origin": "https://chat.example.com"}, "websocket.accept"),
        ({"host": "testserver"}, "websocket.accept"),
        ({"host": "testserver", "origin": EVIL}, "websocket.close"),
        ({"host": "testserver", "origin": "null"}, "websocket.close"),
        ({"host": "testserver:8000", "origin": "http://testserver:8001"}, "websocket.close"),
    ],
    ids=str,
)
async def test_a_websocket_opens_only_for_our_own_page(headers: dict[str, str], answer: str) -> None:
    assert await handshake(SameOrigin(accept, "https://chat.example.com"), headers) == [answer]


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("path", ["/_upload", "/_upload/secret.pdf"])
async def test_reflex_neither_takes_nor_shows_files(method: str, path: str, new_client: NewClient) -> None:
    answer = await new_client(NoReflexUploads(everything())).request(method, path)
    assert answer.status_code == 404


async def stream(size: int) -> AsyncIterator[bytes]:
    while size > 0:
        yield b"x" * min(size, 64 * 1024)
        size -= 64 * 1024


@pytest.fixture
def limited(new_client: NewClient) -> httpx.AsyncClient:
    return new_client(BodyLimit(everything(), limit=1000, larger={"/webhooks/": 200_000}))


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        ("/auth/login", 1000, 200),
        ("/auth/login", 1001, 413),
        ("/webhooks/whatsapp", 200_000, 200),
        ("/webhooks/whatsapp", 200_001, 413),
    ],
)
@pytest.mark.parametrize("chunked", [True, False])
async def test_a_body_above_the_limit_of_its_path_is_refused(
    path: str, size: int, status: int, chunked: bool, limited: httpx.AsyncClient
) -> None:
    content = stream(size) if chunked else b"x" * size
    answer = await limited.post(path, content=content)
    assert answer.status_code == status
    if status == 200:
        assert answer.text == str(size)


async def test_a_length_that_lies_is_found_out(limited: httpx.AsyncClient) -> None:
    answer = await limited.post("/auth/login", content=stream(5000), headers={"content-length": "10"})
    assert answer.status_code == 413


async def test_an_app_that_is_not_starlettes_is_limited_as_well(new_client: NewClient) -> None:
    async def read(_scope: Any, receive: Any, _send: Any) -> None:
        while (await receive()).get("more_body"):
            pass

    answer = await new_client(BodyLimit(read, limit=1000)).post("/", content=stream(200_000))
    assert answer.status_code == 413


async def test_a_length_that_is_no_number_does_no_harm(limited: httpx.AsyncClient) -> None:
    answer = await limited.post("/auth/login", content=stream(10), headers=[(b"content-length", b"\xb2")])
    assert answer.status_code == 200
