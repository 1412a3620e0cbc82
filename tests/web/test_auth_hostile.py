"""What no page of ours ever sends to the account routes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.web.account_steps import PASSWORD, Make, login, refusal
from wapto_app.web import auth, two_factor
from wapto_app.web.forms import MAX_BODY

FORMS = [
    route.path for route in (*auth.routes, *two_factor.routes) if route.path not in ("/", "/auth/logout")
]


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://testserver.evil.example"},
    ],
)
async def test_other_sites_are_refused(
    visitor: httpx.AsyncClient, path: str, headers: dict[str, str]
) -> None:
    response = await visitor.post(path, json={}, headers=headers)
    assert response.status_code == 403
    refusal(response)


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "same-origin"}, {"origin": "http://testserver"}, {"sec-fetch-site": "none"}, {}],
)
async def test_our_own_pages_are_not_refused(
    visitor: httpx.AsyncClient, make: Make, headers: dict[str, str]
) -> None:
    await make("olga@example.com")
    body = {"email": "olga@example.com", "password": PASSWORD, "door": "user"}
    assert (await visitor.post("/auth/login", json=body, headers=headers)).status_code == 200


@pytest.mark.parametrize("path", FORMS)
async def test_only_json_is_read(visitor: httpx.AsyncClient, path: str) -> None:
    for content_type in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data", ""):
        response = await visitor.post(path, content=b"{}", headers={"content-type": content_type})
        assert response.status_code == 415
    assert (await visitor.get(path)).status_code == 405


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b'"text"',
        b"{",
        b"\xff\xfe",
        b'{"email": 5, "password": [], "door": {}}',
        b'{"email": "\\ud800", "password": "x", "door": "user"}',
        b'{"email": "a@b.cd", "password": "a\\u0000b", "door": "user"}',
        b'{"email": "a@b.cd", "password": "x", "door": "user", "is_admin": true}',
        b"[" * 5000,
    ],
)
async def test_odd_bodies_are_refused_and_nothing_breaks(
    visitor: httpx.AsyncClient, path: str, body: bytes
) -> None:
    response = await visitor.post(path, content=body, headers={"content-type": "application/json"})
    assert response.status_code == 422
    assert refusal(response)


@pytest.mark.parametrize("path", FORMS)
async def test_oversized_body_is_refused(visitor: httpx.AsyncClient, path: str) -> None:
    body = b'{"email": "' + b"x" * MAX_BODY + b'"}'
    response = await visitor.post(path, content=body, headers={"content-type": "application/json"})
    assert response.status_code == 413


async def test_endless_body_is_not_read_to_its_end(visitor: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        for _ in range(1000):
            sent += 1024
            yield b"x" * 1024

    response = await visitor.post(
        "/auth/login", content=endless(), headers={"content-type": "application/json"}
    )
    assert response.status_code == 413
    assert sent < 4 * MAX_BODY


async def test_overlong_field_is_named(visitor: httpx.AsyncClient) -> None:
    errors = refusal(await login(visitor, password="x" * 1025))
    assert errors == {"password": "Use at most 1,024 characters."}
