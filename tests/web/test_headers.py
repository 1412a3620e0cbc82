"""Every answer carries a strict policy, and each built page exactly the hashes of its own scripts."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from wapto_app.web.headers import BuiltPages, SecurityHeaders

NewClient = Callable[..., httpx.AsyncClient]
PAGES = {
    "index.html": "<script>home()</script>",
    "login/index.html": '<script>theme()</script><script src="/assets/x.js"></script><script>login()</script>',
    "404.html": "<script>shell()</script>",
    "assets/x.js": "x()",
    "favicon.ico": "icon",
}


def source(script: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


@pytest.fixture
def built(tmp_path: Path) -> Path:
    for name, text in PAGES.items():
        path = tmp_path / "client" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "client"


@pytest.fixture
def client(built: Path, new_client: NewClient) -> httpx.AsyncClient:
    async def own_page(_request: Request) -> Response:
        return HTMLResponse("<h1>Form</h1>", headers={"content-security-policy": "default-src 'none'"})

    async def picture(_request: Request) -> Response:
        return Response(b"png", media_type="image/png", headers={"cache-control": "private, max-age=60"})

    routes = [
        Route("/f/signup", own_page),
        Route("/media/1", picture),
        Route("/api/v1/me", lambda _request: JSONResponse({})),
        Route("/broken", lambda _request: PlainTextResponse("no", 500)),
        Mount("/", StaticFiles(directory=built, html=True)),
    ]
    return new_client(SecurityHeaders(Starlette(routes=routes), BuiltPages(built), https=False))


def scripts_of(answer: httpx.Response) -> set[str]:
    directives = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    return set(directives["script-src"].split())


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/", {"'self'", source("home()")}),
        ("/login", {"'self'", source("theme()"), source("login()")}),
        ("/login/", {"'self'", source("theme()"), source("login()")}),
        ("/inbox/42", {"'self'", source("shell()")}),
    ],
)
async def test_a_page_may_run_its_own_inline_scripts_and_no_others(
    path: str, allowed: set[str], client: httpx.AsyncClient
) -> None:
    assert scripts_of(await client.get(path)) == allowed


async def test_no_policy_ever_allows_eval_or_any_inline_script(client: httpx.AsyncClient) -> None:
    for path in ("/", "/login", "/nowhere", "/api/v1/me"):
        policy = (await client.get(path)).headers["content-security-policy"]
        assert "unsafe-eval" not in policy
        assert "script-src 'unsafe-inline'" not in policy
        assert "frame-ancestors 'none'" in policy


async def test_a_page_is_served_without_a_redirect_to_a_slash(client: httpx.AsyncClient) -> None:
    answer = await client.get("/login")
    assert (answer.status_code, answer.history) == (200, [])
    assert "theme()" in answer.text


async def test_what_a_route_says_itself_is_kept(client: httpx.AsyncClient) -> None:
    assert (await client.get("/f/signup")).headers["content-security-policy"] == "default-src 'none'"
    assert (await client.get("/media/1")).headers["cache-control"] == "private, max-age=60"


async def test_what_is_no_page_may_load_nothing(client: httpx.AsyncClient) -> None:
    assert (
        (await client.get("/api/v1/me")).headers["content-security-policy"].startswith("default-src 'none'")
    )


@pytest.mark.parametrize(
    "path", ["/", "/login", "/nowhere", "/api/v1/me", "/assets/gone.js", "/broken", "/media/1"]
)
async def test_every_answer_carries_the_common_headers(path: str, client: httpx.AsyncClient) -> None:
    headers = (await client.get(path)).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["x-frame-options"] == "DENY"
    assert headers["referrer-policy"] == "strict-origin-when-cross-origin"
    assert "strict-transport-security" not in headers


async def test_over_https_browsers_are_told_to_stay_there(built: Path, new_client: NewClient) -> None:
    app = SecurityHeaders(PlainTextResponse("ok"), BuiltPages(built), https=True)
    assert "max-age=" in (await new_client(app).get("/")).headers["strict-transport-security"]


@pytest.mark.parametrize(
    ("path", "cache"),
    [
        ("/assets/x.js", "public, max-age=31536000, immutable"),
        ("/assets/gone.js", "no-cache"),
        ("/", "no-cache"),
        ("/api/v1/me", "no-store"),
        ("/favicon.ico", None),
    ],
)
async def test_only_files_named_after_their_content_are_kept_for_ever(
    path: str, cache: str | None, client: httpx.AsyncClient
) -> None:
    assert (await client.get(path)).headers.get("cache-control") == cache


async def test_without_a_built_page_the_policy_is_still_strict(tmp_path: Path, new_client: NewClient) -> None:
    app = SecurityHeaders(HTMLResponse("<h1>Not built</h1>"), BuiltPages(tmp_path / "nowhere"), https=False)
    assert scripts_of(await new_client(app).get("/")) == {"'self'"}


async def test_a_page_seen_before_keeps_the_policy_that_it_came_with(client: httpx.AsyncClient) -> None:
    first = await client.get("/login")
    again = await client.get("/login", headers={"if-none-match": first.headers["etag"]})
    assert again.status_code == 304
    assert "content-security-policy" not in again.headers


async def test_a_script_carries_only_what_concerns_a_script(client: httpx.AsyncClient) -> None:
    """A first visit asks for dozens of them, and what speaks of documents is a kilobyte each time."""
    headers = (await client.get("/assets/x.js")).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cross-origin-resource-policy"] == "same-origin"
    assert "content-security-policy" not in headers
    assert "x-frame-options" not in headers
