"""Forgotten and changed passwords over HTTP."""

from __future__ import annotations

import httpx
import pytest
import time_machine
from pydantic import SecretStr

from tests.postbox import postbox
from tests.web.account_steps import PASSWORD, WRONG, Make, NewClient, login, refusal, signed_in_as
from wapto_app.db import Database
from wapto_app.jobs.mail import send_due
from wapto_app.models import LinkPurpose, Role
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import links, profile
from wapto_app.web import auth
from wapto_app.web.auth import routes


async def reset_token(db: Database, account_id: int) -> str:
    async with db.write() as session:
        return await links.issue(session, LinkPurpose.RESET, account_id)


async def test_asking_for_a_reset_never_tells_whether_the_account_exists(
    visitor: httpx.AsyncClient, make: Make
) -> None:
    await make("olga@example.com")
    known = await visitor.post("/auth/reset-request", json={"email": "olga@example.com"})
    unknown = await visitor.post("/auth/reset-request", json={"email": "nobody@example.com"})
    await auth.settled()
    assert known.status_code == unknown.status_code == 200
    assert known.content == unknown.content


async def mailed(runtime: Runtime) -> list[tuple[str, str]]:
    """To whom what goes out, as a real mail server takes it."""
    await auth.settled()
    with postbox() as box:
        runtime.settings.smtp_url = SecretStr(box.url)
        await send_due(runtime)
    return [(str(mail["To"]), box.text_of(mail)) for mail in box.mails]


@pytest.fixture
def with_mail(runtime: Runtime) -> None:
    """A mail server is set; ``mailed`` says what it takes."""
    runtime.settings.smtp_url = SecretStr("smtp://127.0.0.1:9?from=a@b.example")


async def test_link_is_mailed_only_to_who_has_an_account(
    visitor: httpx.AsyncClient, make: Make, runtime: Runtime, with_mail: None
) -> None:
    await make("olga@example.com")
    await make("gone@example.com", is_active=False)
    for email in ("OLGA@example.com", "gone@example.com", "nobody@example.com"):
        await visitor.post("/auth/reset-request", json={"email": email})
    [(to, text)] = await mailed(runtime)
    assert to == "olga@example.com"
    token = text.partition("/reset?token=")[2].split()[0]
    body = {"token": token, "password": "brass kettle meadow"}
    assert (await visitor.post("/auth/reset", json=body)).status_code == 200


async def test_mailed_link_leads_to_the_configured_site_whatever_the_request_says(
    visitor: httpx.AsyncClient, make: Make, runtime: Runtime, with_mail: None
) -> None:
    await make("olga@example.com")
    await visitor.post(
        "/auth/reset-request",
        json={"email": "olga@example.com"},
        headers={"host": "evil.example", "x-forwarded-host": "evil.example"},
    )
    [(_to, text)] = await mailed(runtime)
    assert "http://testserver/reset?token=" in text
    assert "evil" not in text


async def test_old_address_hears_of_its_replacement(
    visitor: httpx.AsyncClient, make: Make, runtime: Runtime, with_mail: None
) -> None:
    await make("olga@example.com")
    await login(visitor)
    await visitor.post("/auth/email", json={"email": "new@example.com", "password": PASSWORD})
    [(to, text)] = await mailed(runtime)
    assert to == "olga@example.com"
    assert "new@example.com" in text


async def test_reset_sets_the_password_once_and_ends_every_session(
    visitor: httpx.AsyncClient, make: Make, db: Database
) -> None:
    account_id = await make("olga@example.com")
    await login(visitor)
    token = await reset_token(db, account_id)
    body = {"token": token, "password": "brass kettle meadow"}
    response = await visitor.post("/auth/reset", json=body)
    assert response.json() == {"done": True}
    assert await signed_in_as(visitor) is None
    assert refusal(await login(visitor))[""] == WRONG
    assert (await login(visitor, password="brass kettle meadow")).status_code == 200
    assert "Ask for a new one" in refusal(await visitor.post("/auth/reset", json=body))[""]


async def test_expired_reset_link_is_refused(visitor: httpx.AsyncClient, make: Make, db: Database) -> None:
    account_id = await make("olga@example.com")
    with time_machine.travel("2026-11-20T10:00:00Z", tick=False) as clock:
        token = await reset_token(db, account_id)
        clock.shift(3601)
        refusal(await visitor.post("/auth/reset", json={"token": token, "password": "brass kettle meadow"}))


async def test_reset_link_of_a_deactivated_account_is_dead(
    visitor: httpx.AsyncClient, make: Make, db: Database
) -> None:
    account_id = await make("olga@example.com", is_active=False)
    token = await reset_token(db, account_id)
    refusal(await visitor.post("/auth/reset", json={"token": token, "password": "brass kettle meadow"}))


async def test_reset_checks_the_new_password_against_the_owner(
    visitor: httpx.AsyncClient, make: Make, db: Database
) -> None:
    token = await reset_token(db, await make("seaside@example.com"))
    errors = refusal(await visitor.post("/auth/reset", json={"token": token, "password": "seaside123"}))
    assert "password" in errors


async def test_password_change_asks_for_the_current_one(
    visitor: httpx.AsyncClient, new_client: NewClient, make: Make
) -> None:
    await make("olga@example.com")
    await login(visitor)
    elsewhere = new_client(routes)
    await login(elsewhere)
    wrong = {"current": "wrong password", "password": "brass kettle meadow"}
    assert "current" in refusal(await visitor.post("/auth/password", json=wrong))
    assert (await visitor.post("/auth/password", json=wrong | {"current": PASSWORD})).json() == {"done": True}
    assert await signed_in_as(visitor) is not None
    assert await signed_in_as(elsewhere) is None
    assert (await login(elsewhere, password="brass kettle meadow")).status_code == 200


async def test_current_password_cannot_be_guessed_with_a_stolen_session(
    visitor: httpx.AsyncClient, make: Make
) -> None:
    await make("olga@example.com")
    await login(visitor)
    body = {"current": "wrong password", "password": "brass kettle meadow"}
    statuses = [(await visitor.post("/auth/password", json=body)).status_code for _ in range(12)]
    assert statuses == [400] * 10 + [429] * 2


async def test_address_change_asks_for_the_password(
    visitor: httpx.AsyncClient, make: Make, db: Database
) -> None:
    account_id = await make("olga@example.com")
    await login(visitor)
    body = {"email": "new@example.com", "password": "wrong password"}
    assert "password" in refusal(await visitor.post("/auth/email", json=body))
    assert (await visitor.post("/auth/email", json=body | {"password": PASSWORD})).json() == {"done": True}
    async with db.read() as session:
        loaded = await profile.load(
            session, Actor(account_id, Role.OWNER, permissions=frozenset({"signed_in"}))
        )  # type: ignore[arg-type]
    assert loaded["email"] == "new@example.com"
    assert (await login(visitor, "new@example.com")).status_code == 200


@pytest.mark.parametrize("path", ["/auth/password", "/auth/email"])
async def test_changes_need_a_session(visitor: httpx.AsyncClient, path: str) -> None:
    body = (
        {"current": PASSWORD, "password": PASSWORD}
        if path.endswith("word")
        else {"email": "a@b.cd", "password": "x"}
    )
    response = await visitor.post(path, json=body)
    assert response.status_code == 401
    assert "signed out" in refusal(response)[""]
