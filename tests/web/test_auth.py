"""Signing in and out over HTTP, as a browser and as an attacker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
import time_machine
from pydantic import SecretStr
from sqlmodel import col, select

from integrations.mail import MailServer
from wapto_app.db import Database
from wapto_app.models import Account, LinkPurpose, LoginSession, Role
from wapto_app.runtime import Runtime
from wapto_app.security import cookies, passwords
from wapto_app.security.permissions import Actor
from wapto_app.services import accounts, links, profile, sessions
from wapto_app.web import auth
from wapto_app.web.auth import routes, safe_path
from wapto_app.web.forms import MAX_BODY

PASSWORD = "velvet harbour lantern"
FORMS = [route.path for route in routes if route.path != "/auth/logout"]
WRONG = "The e-mail address or the password is not right."
NewClient = Callable[..., httpx.AsyncClient]
Make = Callable[..., Awaitable[int]]


@pytest.fixture(autouse=True)
def _fresh(runtime: Runtime) -> None:
    """Every test has a server of its own."""


@pytest.fixture
def client(new_client: NewClient) -> httpx.AsyncClient:
    return new_client(routes)


@pytest.fixture
def make(db: Database) -> Make:
    async def make_account(
        email: str, role: Role = Role.OWNER, *, is_admin: bool = False, is_active: bool = True
    ) -> int:
        stored = await passwords.hashed(PASSWORD)
        account = Account(
            name="Olga", email=email, password_hash=stored, role=role, is_admin=is_admin, is_active=is_active
        )
        async with db.write() as session:
            session.add(account)
        return account.id or 0

    return make_account


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


async def test_right_password_opens_a_session(client: httpx.AsyncClient, make: Make) -> None:
    account_id = await make("olga@example.com")
    response = await login(client, " Olga@Example.COM ")
    assert (response.status_code, response.json()) == (200, {"go": "/"})
    assert await signed_in_as(client) == account_id


async def test_cookie_cannot_be_read_by_scripts_or_sent_by_other_sites(
    client: httpx.AsyncClient, make: Make
) -> None:
    await make("olga@example.com")
    response = await login(client)
    attributes = {part.strip().lower() for part in response.headers["set-cookie"].split(";")[1:]}
    assert attributes == {"httponly", "max-age=2592000", "path=/", "samesite=lax"}
    assert response.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(("public_url", "base"), [("https://chat.example.com", "http"), ("", "https")])
async def test_cookie_is_secure_when_the_site_is(
    client: httpx.AsyncClient, make: Make, runtime: Runtime, public_url: str, base: str
) -> None:
    await make("olga@example.com")
    runtime.settings.public_url = public_url
    body = {"email": "olga@example.com", "password": PASSWORD, "door": "user"}
    response = await client.post(f"{base}://testserver/auth/login", json=body)
    assert "; secure" in response.headers["set-cookie"].lower()


async def test_unknown_account_and_wrong_password_get_the_same_answer(
    client: httpx.AsyncClient, make: Make
) -> None:
    await make("olga@example.com")
    await make("gone@example.com", is_active=False)
    await make("ben@example.com", Role.AGENT)
    answers = [
        await login(client, email, "wrong password")
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
    client: httpx.AsyncClient, make: Make, role: Role, is_admin: bool, door: str, hint: str | None
) -> None:
    await make("olga@example.com", role, is_admin=is_admin)
    response = await login(client, door=door)
    if hint is None:
        assert response.status_code == 200
    else:
        assert hint in refusal(response)["door"]


async def test_operator_starts_where_they_may_be(client: httpx.AsyncClient, make: Make) -> None:
    await make("olga@example.com", Role.OPERATOR, is_admin=True)
    assert (await login(client)).json() == {"go": "/admin/accounts"}


async def test_deactivated_account_is_told_only_to_who_knows_the_password(
    client: httpx.AsyncClient, make: Make
) -> None:
    await make("olga@example.com", is_active=False)
    assert refusal(await login(client, password="wrong password"))[""] == WRONG
    assert "deactivated" in refusal(await login(client))[""]


async def test_session_given_before_signing_in_is_not_used(client: httpx.AsyncClient, make: Make) -> None:
    await make("olga@example.com")
    client.cookies.set(cookies.COOKIE, "planted-by-an-attacker")
    response = await login(client)
    assert "planted" not in response.headers["set-cookie"]
    assert await cookies.actor_of(f"{cookies.COOKIE}=planted-by-an-attacker") is None


async def test_signing_in_again_ends_the_session_before(
    client: httpx.AsyncClient, make: Make, db: Database
) -> None:
    await make("olga@example.com")
    await login(client)
    first = client.cookies[cookies.COOKIE]
    await login(client)
    assert client.cookies[cookies.COOKIE] != first
    assert await cookies.actor_of(f"{cookies.COOKIE}={first}") is None
    async with db.read() as session:
        assert len((await session.exec(select(LoginSession))).all()) == 1


async def test_logout_ends_the_session_and_clears_the_cookie(client: httpx.AsyncClient, make: Make) -> None:
    await make("olga@example.com")
    await login(client)
    header = f"{cookies.COOKIE}={client.cookies[cookies.COOKIE]}"
    assert await cookies.actor_of(header) is not None
    response = await client.post("/auth/logout")
    assert (response.status_code, response.headers["location"]) == (303, "/login")
    assert "max-age=0" in response.headers["set-cookie"].lower()
    assert await cookies.actor_of(header) is None


async def test_logout_without_a_session_is_harmless(client: httpx.AsyncClient) -> None:
    assert (await client.post("/auth/logout")).status_code == 303


async def test_other_sites_cannot_sign_anybody_out(client: httpx.AsyncClient, make: Make) -> None:
    await make("olga@example.com")
    await login(client)
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert (await client.post("/auth/logout", headers=headers)).status_code == 403
    assert await signed_in_as(client) is not None


@pytest.mark.parametrize("path", ["/inbox", "/inbox/5?tab=x#y", "/"])
async def test_after_signing_in_the_wanted_page_opens(
    client: httpx.AsyncClient, make: Make, path: str
) -> None:
    await make("olga@example.com")
    assert (await login(client, next=path)).json() == {"go": path}


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


async def test_guessing_is_slowed_down_and_says_until_when(client: httpx.AsyncClient, make: Make) -> None:
    await make("olga@example.com")
    for _ in range(10):
        assert refusal(await login(client, password="wrong password"))[""] == WRONG
    response = await login(client)
    assert response.status_code == 429
    assert 0 < int(response.headers["retry-after"]) <= 600
    assert "Wait 10 minutes" in refusal(response)[""]


async def test_throttled_guess_is_not_hashed(
    client: httpx.AsyncClient, make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(10):
        await login(client, password="wrong password")

    async def never(*_args: object) -> None:
        raise AssertionError("hashed")

    monkeypatch.setattr(passwords, "verify", never)
    assert (await login(client)).status_code == 429


@pytest.mark.sqlite_only  # Redis keeps its own time
async def test_throttle_lets_go_again(client: httpx.AsyncClient, make: Make) -> None:
    await make("olga@example.com")
    with time_machine.travel("2026-11-20T10:00:00Z", tick=False) as clock:
        for _ in range(11):
            await login(client, password="wrong password")
        clock.shift(601)
        assert (await login(client)).status_code == 200


async def test_outdated_hash_is_replaced_at_sign_in(
    client: httpx.AsyncClient, make: Make, db: Database
) -> None:
    from passlib.context import CryptContext

    account_id = await make("olga@example.com")
    weak = CryptContext(["argon2"], argon2__type="ID", argon2__memory_cost=8192, argon2__time_cost=1)
    async with db.write() as session:
        (await session.get_one(Account, account_id)).password_hash = weak.hash(PASSWORD)
    await login(client)
    async with db.read() as session:
        assert "m=19456" in (await session.get_one(Account, account_id)).password_hash
    assert (await login(client)).status_code == 200


# What no page of ours ever sends.


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
async def test_other_sites_are_refused(client: httpx.AsyncClient, path: str, headers: dict[str, str]) -> None:
    response = await client.post(path, json={}, headers=headers)
    assert response.status_code == 403
    refusal(response)


@pytest.mark.parametrize(
    "headers",
    [{"sec-fetch-site": "same-origin"}, {"origin": "http://testserver"}, {"sec-fetch-site": "none"}, {}],
)
async def test_our_own_pages_are_not_refused(
    client: httpx.AsyncClient, make: Make, headers: dict[str, str]
) -> None:
    await make("olga@example.com")
    body = {"email": "olga@example.com", "password": PASSWORD, "door": "user"}
    assert (await client.post("/auth/login", json=body, headers=headers)).status_code == 200


@pytest.mark.parametrize("path", FORMS)
async def test_only_json_is_read(client: httpx.AsyncClient, path: str) -> None:
    for content_type in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data", ""):
        response = await client.post(path, content=b"{}", headers={"content-type": content_type})
        assert response.status_code == 415
    assert (await client.get(path)).status_code == 405


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
    client: httpx.AsyncClient, path: str, body: bytes
) -> None:
    response = await client.post(path, content=body, headers={"content-type": "application/json"})
    assert response.status_code == 422
    assert refusal(response)


@pytest.mark.parametrize("path", FORMS)
async def test_oversized_body_is_refused(client: httpx.AsyncClient, path: str) -> None:
    body = b'{"email": "' + b"x" * MAX_BODY + b'"}'
    response = await client.post(path, content=body, headers={"content-type": "application/json"})
    assert response.status_code == 413


async def test_endless_body_is_not_read_to_its_end(client: httpx.AsyncClient) -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        for _ in range(1000):
            sent += 1024
            yield b"x" * 1024

    response = await client.post(
        "/auth/login", content=endless(), headers={"content-type": "application/json"}
    )
    assert response.status_code == 413
    assert sent < 4 * MAX_BODY


async def test_overlong_field_is_named(client: httpx.AsyncClient) -> None:
    errors = refusal(await login(client, password="x" * 1025))
    assert errors == {"password": "Use at most 1,024 characters."}


# Set-up, registration, invitations.


async def setup_token(db: Database) -> str:
    async with db.write() as session:
        return (await accounts.ensure_setup_link(session) or "").rpartition("=")[2]


def person(**more: Any) -> dict[str, Any]:
    return {"name": "Olga Owner", "email": "olga@example.com", "password": PASSWORD} | more


async def role_of(db: Database, email: str) -> tuple[Role, bool]:
    async with db.read() as session:
        account = (await session.exec(select(Account).where(Account.email == email))).one()
        return account.role, account.is_admin


async def test_setup_makes_the_first_account_and_signs_it_in(client: httpx.AsyncClient, db: Database) -> None:
    body = person(token=await setup_token(db), runs_business=True)
    response = await client.post("/auth/setup", json=body)
    assert response.json() == {"go": "/"}
    assert await signed_in_as(client) is not None
    assert await role_of(db, "olga@example.com") == (Role.OWNER, True)
    assert "used or has expired" in refusal(await client.post("/auth/setup", json=body))[""]


async def test_setup_without_a_business_leaves_registration_open_once(
    client: httpx.AsyncClient, new_client: NewClient, db: Database
) -> None:
    response = await client.post("/auth/setup", json=person(token=await setup_token(db)))
    assert response.json() == {"go": "/admin/accounts"}
    other = new_client(routes)
    registered = await other.post("/auth/register", json=person(email="ben@example.com"))
    assert registered.json() == {"go": "/"}
    assert await role_of(db, "ben@example.com") == (Role.OWNER, False)
    again = await new_client(routes).post("/auth/register", json=person(email="eve@example.com"))
    assert "Registration is closed" in refusal(again)[""]


async def test_setup_without_the_link_is_refused(client: httpx.AsyncClient, db: Database) -> None:
    await setup_token(db)
    errors = refusal(await client.post("/auth/setup", json=person(token="guess")))
    assert "Restart the server" in errors[""]


async def test_registration_is_closed_before_setup(client: httpx.AsyncClient) -> None:
    refusal(await client.post("/auth/register", json=person()))


async def test_everything_that_is_wrong_is_told_at_once(client: httpx.AsyncClient, db: Database) -> None:
    body = person(token=await setup_token(db), name=" ", email="olga", password="short")
    errors = refusal(await client.post("/auth/setup", json=body))
    assert set(errors) == {"name", "email", "password"}


async def test_refused_setup_does_not_use_up_the_link(client: httpx.AsyncClient, db: Database) -> None:
    token = await setup_token(db)
    refusal(await client.post("/auth/setup", json=person(token=token, password="password12")))
    assert (await client.post("/auth/setup", json=person(token=token))).status_code == 200


async def test_invited_person_joins_and_is_signed_in(
    client: httpx.AsyncClient, db: Database, admin: Actor
) -> None:
    async with db.write() as session:
        token = (await accounts.invite(session, admin, "ben@example.com", Role.AGENT)).rpartition("/")[2]
    body = {"token": token, "name": "Ben", "password": PASSWORD}
    assert (
        "guess"
        in refusal(await client.post("/auth/invitation", json=body | {"password": "benbenbenben"}))[
            "password"
        ]
    )
    assert (await client.post("/auth/invitation", json=body)).json() == {"go": "/"}
    assert await signed_in_as(client) is not None
    refusal(await client.post("/auth/invitation", json=body))
    response = await login(client, "ben@example.com", door="agent")
    assert response.status_code == 200


# Forgotten and changed passwords.


async def reset_token(db: Database, account_id: int) -> str:
    async with db.write() as session:
        return await links.issue(session, LinkPurpose.RESET, account_id)


async def test_asking_for_a_reset_never_tells_whether_the_account_exists(
    client: httpx.AsyncClient, make: Make
) -> None:
    await make("olga@example.com")
    known = await client.post("/auth/reset-request", json={"email": "olga@example.com"})
    unknown = await client.post("/auth/reset-request", json={"email": "nobody@example.com"})
    await auth.settled()
    assert known.status_code == unknown.status_code == 200
    assert known.content == unknown.content


class Postman:
    """Takes the mails instead of a server."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, runtime: Runtime) -> None:
        self.mails: list[tuple[str, str]] = []
        runtime.settings.smtp_url = SecretStr("smtp://127.0.0.1")
        monkeypatch.setattr(MailServer, "send", self.take)

    async def take(self, to: str, _subject: str, text: str) -> None:
        self.mails.append((to, text))


async def test_link_is_mailed_only_to_who_has_an_account(
    client: httpx.AsyncClient, make: Make, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    postman = Postman(monkeypatch, runtime)
    await make("olga@example.com")
    await make("gone@example.com", is_active=False)
    for email in ("OLGA@example.com", "gone@example.com", "nobody@example.com"):
        await client.post("/auth/reset-request", json={"email": email})
    await auth.settled()
    [(to, text)] = postman.mails
    assert to == "olga@example.com"
    token = text.partition("/reset?token=")[2].split()[0]
    body = {"token": token, "password": "brass kettle meadow"}
    assert (await client.post("/auth/reset", json=body)).status_code == 200


async def test_mailed_link_leads_to_the_configured_site_whatever_the_request_says(
    client: httpx.AsyncClient, make: Make, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    postman = Postman(monkeypatch, runtime)
    await make("olga@example.com")
    await client.post(
        "/auth/reset-request",
        json={"email": "olga@example.com"},
        headers={"host": "evil.example", "x-forwarded-host": "evil.example"},
    )
    await auth.settled()
    [(_to, text)] = postman.mails
    assert "http://testserver/reset?token=" in text
    assert "evil" not in text


async def test_old_address_hears_of_its_replacement(
    client: httpx.AsyncClient, make: Make, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    postman = Postman(monkeypatch, runtime)
    await make("olga@example.com")
    await login(client)
    await client.post("/auth/email", json={"email": "new@example.com", "password": PASSWORD})
    await auth.settled()
    [(to, text)] = postman.mails
    assert to == "olga@example.com"
    assert "new@example.com" in text


async def test_reset_sets_the_password_once_and_ends_every_session(
    client: httpx.AsyncClient, make: Make, db: Database
) -> None:
    account_id = await make("olga@example.com")
    await login(client)
    token = await reset_token(db, account_id)
    body = {"token": token, "password": "brass kettle meadow"}
    response = await client.post("/auth/reset", json=body)
    assert response.json() == {"done": True}
    assert await signed_in_as(client) is None
    assert refusal(await login(client))[""] == WRONG
    assert (await login(client, password="brass kettle meadow")).status_code == 200
    assert "Ask for a new one" in refusal(await client.post("/auth/reset", json=body))[""]


async def test_expired_reset_link_is_refused(client: httpx.AsyncClient, make: Make, db: Database) -> None:
    account_id = await make("olga@example.com")
    with time_machine.travel("2026-11-20T10:00:00Z", tick=False) as clock:
        token = await reset_token(db, account_id)
        clock.shift(3601)
        refusal(await client.post("/auth/reset", json={"token": token, "password": "brass kettle meadow"}))


async def test_reset_link_of_a_deactivated_account_is_dead(
    client: httpx.AsyncClient, make: Make, db: Database
) -> None:
    account_id = await make("olga@example.com", is_active=False)
    token = await reset_token(db, account_id)
    refusal(await client.post("/auth/reset", json={"token": token, "password": "brass kettle meadow"}))


async def test_reset_checks_the_new_password_against_the_owner(
    client: httpx.AsyncClient, make: Make, db: Database
) -> None:
    token = await reset_token(db, await make("seaside@example.com"))
    errors = refusal(await client.post("/auth/reset", json={"token": token, "password": "seaside123"}))
    assert "password" in errors


async def test_password_change_asks_for_the_current_one(
    client: httpx.AsyncClient, new_client: NewClient, make: Make
) -> None:
    await make("olga@example.com")
    await login(client)
    elsewhere = new_client(routes)
    await login(elsewhere)
    wrong = {"current": "wrong password", "password": "brass kettle meadow"}
    assert "current" in refusal(await client.post("/auth/password", json=wrong))
    assert (await client.post("/auth/password", json=wrong | {"current": PASSWORD})).json() == {"done": True}
    assert await signed_in_as(client) is not None
    assert await signed_in_as(elsewhere) is None
    assert (await login(elsewhere, password="brass kettle meadow")).status_code == 200


async def test_current_password_cannot_be_guessed_with_a_stolen_session(
    client: httpx.AsyncClient, make: Make
) -> None:
    await make("olga@example.com")
    await login(client)
    body = {"current": "wrong password", "password": "brass kettle meadow"}
    statuses = [(await client.post("/auth/password", json=body)).status_code for _ in range(12)]
    assert statuses == [400] * 10 + [429] * 2


async def test_address_change_asks_for_the_password(
    client: httpx.AsyncClient, make: Make, db: Database
) -> None:
    account_id = await make("olga@example.com")
    await login(client)
    body = {"email": "new@example.com", "password": "wrong password"}
    assert "password" in refusal(await client.post("/auth/email", json=body))
    assert (await client.post("/auth/email", json=body | {"password": PASSWORD})).json() == {"done": True}
    async with db.read() as session:
        loaded = await profile.load(
            session, Actor(account_id, Role.OWNER, permissions=frozenset({"signed_in"}))
        )  # type: ignore[arg-type]
    assert loaded["email"] == "new@example.com"
    assert (await login(client, "new@example.com")).status_code == 200


@pytest.mark.parametrize("path", ["/auth/password", "/auth/email"])
async def test_changes_need_a_session(client: httpx.AsyncClient, path: str) -> None:
    body = (
        {"current": PASSWORD, "password": PASSWORD}
        if path.endswith("word")
        else {"email": "a@b.cd", "password": "x"}
    )
    response = await client.post(path, json=body)
    assert response.status_code == 401
    assert "signed out" in refusal(response)[""]


async def test_password_is_nowhere_in_the_database_or_the_log(
    client: httpx.AsyncClient, make: Make, db: Database, caplog: pytest.LogCaptureFixture, runtime: Runtime
) -> None:
    await make("olga@example.com")
    with caplog.at_level("DEBUG"):
        await login(client)
        await login(client, password="wrong password here")
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
    assert client.cookies[cookies.COOKIE] not in stored


async def test_sessions_of_a_fresh_login_name_the_device(
    client: httpx.AsyncClient, make: Make, db: Database
) -> None:
    await make("olga@example.com")
    client.headers["user-agent"] = "Mozilla/5.0 (Windows NT 10.0) Chrome/139 Safari/537"
    await login(client)
    actor = await cookies.actor_of(f"{cookies.COOKIE}={client.cookies[cookies.COOKIE]}")
    assert actor is not None
    async with db.read() as session:
        [row] = await sessions.list_sessions(session, actor)
    assert (row["device"], row["address"], row["is_this"]) == ("Chrome on Windows", "127.0.0.1", True)
