"""How the tests of the account routes sign in and read answers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

from wapto_app.security import cookies

PASSWORD = "velvet harbour lantern"
WRONG = "The e-mail address or the password is not right."
NewClient = Callable[..., httpx.AsyncClient]
Make = Callable[..., Awaitable[int]]


async def login(
    client: httpx.AsyncClient, email: str = "olga@example.com", password: str = PASSWORD, **more: Any
) -> httpx.Response:
    return await client.post(
        "/auth/login", json={"email": email, "password": password, "door": "user"} | more
    )


def refusal(response: httpx.Response) -> dict[str, str]:
    assert 400 <= response.status_code < 500, response.text
    assert "set-cookie" not in response.headers
    errors: dict[str, str] = response.json()["errors"]
    return errors


async def signed_in_as(client: httpx.AsyncClient) -> int | None:
    actor = await cookies.actor_of(f"{cookies.COOKIE}={client.cookies.get(cookies.COOKIE, '')}")
    return actor.account_id if actor else None
