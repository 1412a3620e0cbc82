"""Signing in and out over HTTP."""

from __future__ import annotations

import httpx
import pytest
import time_machine
from sqlmodel import col, select

from tests.web.account_steps import PASSWORD, WRONG, Make, login, refusal, signed_in_as
from wapto_app.db import Database
from wapto_app.models import Account, LoginSession, Role
from wapto_app.runtime import Runtime
from wapto_app.security import cookies, passwords
from wapto_app.services import sessions
from wapto_app.services.sign_in import safe_path


async def test_right_password_opens_a_session(visitor: httpx.AsyncClient, make: Make) -> None:
    account_id = await make("olga@example.com")
    response = await login(visitor, " Olga@Example.COM ")
    assert (response.status_code, response.json()) == (200, {"go": "/inbox"})
    assert await signed_in_as(visitor) == account_id


async def test_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites(
    visitor: httpx.AsyncClient, make: Make
) -> None:
    await make("olga@example.com")
    response = await login(visitor)
    attributes = {part.strip().lower() for part in response.headers["set-cookie"].split(";")[1:]}
    assert attributes == {"httponly", "max-age=2592000", "path=/", "samesite=lax"}
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("public_url", "base"), [("https://chat.example.com", "http"), ("", "https")])
async def test_cookie_is_secure_when_the_site_is(
    visitor: httpx.AsyncClient, make: Make, runtime: Runtime, public_url: str, base: str
) -> None:
    await make("olga@example.com")
    runtime.settings.public_url = public_url
    body = {"email": "olga@example.com", "password": PASSWORD, "door": "user"}
    response = await visitor.post(f"{base}://testserver/auth/login", json=body)
    assert "; secure" in response.headers["set-cookie"].lower()


async def test_unknown_account_and_wrong_password_get_the_same_answer(
    visitor: httpx.AsyncClient, make: Make
) -> None:
    await make("olga@example.com")
    await make("gone@example.com", is_active=False)
    await make("ben@example.com", Role.AGENT)
    answers = [
        await login(visitor, email, "wrong password")
        for email in ("olga@example.com", "gone@example.com", "ben@example.com", "nobody@example.com")
    ]
    assert {answer.status_code for answer in answers} == {400}
    assert {answer.text for answer in answers} == {f'{{"errors":{{"":"{WRONG}"}}}}'}


@pytest.mark.parametrize(
    ("role", "is_admin", "door", "hint"),
    [
        (Role.OWNER, False, "user", None),
        (Role.OWNER, True, "user", None),
        (Role.OPERATOR, True, "user", None),
        (Role.AGENT, False, "agent", None),
        (Role.AGENT, False, "user", "Agent login"),
        (Role.OWNER, False, "agent", "User login"),
        (Role.OPERATOR, True, "agent", "User login"),
        (Role.AGENT, True, "user", None),
    ],
)
async def test_each_kind_of_account_has_its_tab(
    visitor: httpx.AsyncClient, make: Make, role: Role, is_admin: bool, door: str, hint: str | None
) -> None:
    await make("olga@example.com", role, is_admin=is_admin)
    response = await login(visitor, door=door)
    if hint is None:
        assert response.status_code == 200
    else:
        assert hint in refusal(response)["door"]


async def test_operator_starts_where_they_may_be(visitor: httpx.AsyncClient, make: Make) -> None:
    await make("olga@example.com", Role.OPERATOR, is_admin=True)
    assert (await login(visitor)).json() == {"go": "/admin/accounts"}


async def test_deactivated_account_is_told_only_to_who_knows_the_password(
    visitor: httpx.AsyncClient, make: Make
) -> None:
    await make("olga@example.com", is_active=False)
    assert refusal(await login(visitor, password="wrong password"))[""] == WRONG
    assert "deactivated" in refusal(await login(visitor))[""]


async def test_session_given_before_signing_in_is_not_used(visitor: httpx.AsyncClient, make: Make) -> None:
    await make("olga@example.com")
    visitor.cookies.set(cookies.COOKIE, "planted-by-an-attacker")
    response = await login(visitor)
    assert "planted" not in response.headers["set-cookie"]
    assert await cookies.actor_of(f"{cookies.COOKIE}=planted-by-an-attacker") is None


async def test_signing_in_again_ends_the_session_before(
    visitor: httpx.AsyncClient, make: Make, db: Database
) -> None:
    await make("olga@example.com")
    await login(visitor)
    first = visitor.cookies[cookies.COOKIE]
    await login(visitor)
    assert visitor.cookies[cookies.COOKIE] != first
    assert await cookies.actor_of(f"{cookies.COOKIE}={first}") is None
    async with db.read() as session:
        assert len((await session.exec(select(LoginSession))).all()) == 1


async def test_logout_ends_the_session_and_clears_the_cookie(visitor: httpx.AsyncClient, make: Make) -> None:
    await make("olga@example.com")
    await login(visitor)
    header = f"{cookies.COOKIE}={visitor.cookies[cookies.COOKIE]}"
    assert await cookies.actor_of(header) is not None
    response = await visitor.post("/auth/logout")
    assert (response.status_code, response.headers["location"]) == (303, "/login")
    assert "max-age=0" in response.headers["set-cookie"].lower()
    assert await cookies.actor_of(header) is None


async def test_logout_without_a_session_is_harmless(visitor: httpx.AsyncClient) -> None:
    assert (await visitor.post("/auth/logout")).status_code == 303


async def test_other_sites_cannot_sign_anybody_out(visitor: httpx.AsyncClient, make: Make) -> None:
    await make("olga@example.com")
    await login(visitor)
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert (await visitor.post("/auth/logout", headers=headers)).status_code == 403
    assert await signed_in_as(visitor) is not None


@pytest.mark.parametrize("path", ["/inbox", "/inbox/5?tab=x#y", "/"])
async def test_after_signing_in_the_wanted_page_opens(
    visitor: httpx.AsyncClient, make: Make, path: str
) -> None:
    await make("olga@example.com")
    assert (await login(visitor, next=path)).json() == {"go": path}


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "/\t/evil.example",
        "javascript:alert(1)",
        "\\\\evil.example",
        "",
        "inbox",
        "/\r\nset-cookie: x=1",
        "//[",
    ],
)
def test_nobody_is_led_to_another_site(path: str) -> None:
    assert safe_path(path) == ""


async def test_guessing_is_slowed_down_and_says_until_when(visitor: httpx.AsyncClient, make: Make) -> None:
    await make("olga@example.com")
    for _ in range(10):
        assert refusal(await login(visitor, password="wrong password"))[""] == WRONG
    response = await login(visitor)
    assert response.status_code == 429
    assert 0 < int(response.headers["retry-after"]) <= 600
    assert "Wait 10 minutes" in refusal(response)[""]


async def test_throttled_guess_is_not_hashed(
    visitor: httpx.AsyncClient, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(10):
        await login(visitor, password="wrong password")

    async def never(*_args: object) -> None:
        raise AssertionError("hashed")

    monkeypatch.setattr(passwords, "verify", never)
    assert (await login(visitor)).status_code == 429


@pytest.mark.sqlite_only  # Redis keeps its own time
async def test_throttle_lets_go_again(visitor: httpx.AsyncClient, make: Make) -> None:
    await make("olga@example.com")
    with time_machine.travel("2026-11-20T10:00:00Z", tick=False) as clock:
        for _ in range(11):
            await login(visitor, password="wrong password")
        clock.shift(601)
        assert (await login(visitor)).status_code == 200


async def test_outdated_hash_is_replaced_at_sign_in(
    visitor: httpx.AsyncClient, make: Make, db: Database
) -> None:
    from passlib.context import CryptContext

    account_id = await make("olga@example.com")
    weak = CryptContext(["argon2"], argon2__type="ID", argon2__memory_cost=8192, argon2__time_cost=1)
    async with db.write() as session:
        (await session.get_one(Account, account_id)).password_hash = weak.hash(PASSWORD)
    await login(visitor)
    async with db.read() as session:
        assert "m=19456" in (await session.get_one(Account, account_id)).password_hash
    assert (await login(visitor)).status_code == 200


async def test_password_is_nowhere_in_the_database_or_the_log(
    visitor: httpx.AsyncClient, make: Make, db: Database, caplog: pytest.LogCaptureFixture, runtime: Runtime
) -> None:
    await make("olga@example.com")
    with caplog.at_level("DEBUG"):
        await login(visitor)
        await login(visitor, password="wrong password here")
    assert PASSWORD not in caplog.text
    assert "wrong password here" not in caplog.text
    async with db.read() as session:
        stored = str(
            (
                await session.exec(
                    select(Account, LoginSession).join(
                        LoginSession, col(LoginSession.account_id) == col(Account.id)
                    )
                )
            ).all()
        )
    assert PASSWORD not in stored
    assert visitor.cookies[cookies.COOKIE] not in stored


async def test_sessions_of_a_fresh_login_name_the_device(
    visitor: httpx.AsyncClient, make: Make, db: Database
) -> None:
    await make("olga@example.com")
    visitor.headers["user-agent"] = "Mozilla/5.0 (Windows NT 10.0) Chrome/139 Safari/537"
    await login(visitor)
    actor = await cookies.actor_of(f"{cookies.COOKIE}={visitor.cookies[cookies.COOKIE]}")
    assert actor is not None
    async with db.read() as session:
        [row] = await sessions.list_sessions(session, actor)
    assert (row["device"], row["address"], row["is_this"]) == ("Chrome on Windows", "127.0.0.1", True)
