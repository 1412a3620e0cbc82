"""Set-up, registration and invitations over HTTP."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from sqlmodel import select

from tests.web.account_steps import PASSWORD, NewClient, login, refusal, signed_in_as
from wapto_app.db import Database
from wapto_app.models import Account, Role
from wapto_app.security.permissions import Actor
from wapto_app.services import accounts, agents, teams
from wapto_app.web.auth import routes


async def setup_token(db: Database) -> str:
    async with db.write() as session:
        return (await accounts.ensure_setup_link(session) or "").rpartition("=")[2]


def person(**more: Any) -> dict[str, Any]:
    return {"name": "Olga Owner", "email": "olga@example.com", "password": PASSWORD} | more


async def role_of(db: Database, email: str) -> tuple[Role, bool]:
    async with db.read() as session:
        account = (await session.exec(select(Account).where(Account.email == email))).one()
        return account.role, account.is_admin


async def test_setup_makes_the_first_account_and_signs_it_in(
    visitor: httpx.AsyncClient, db: Database
) -> None:
    body = person(token=await setup_token(db), runs_business=True)
    response = await visitor.post("/auth/setup", json=body)
    assert response.json() == {"go": "/inbox"}
    assert await signed_in_as(visitor) is not None
    assert await role_of(db, "olga@example.com") == (Role.OWNER, True)
    assert "used or has expired" in refusal(await visitor.post("/auth/setup", json=body))[""]


async def test_setup_without_a_business_leaves_registration_open_once(
    visitor: httpx.AsyncClient, new_client: NewClient, db: Database
) -> None:
    response = await visitor.post("/auth/setup", json=person(token=await setup_token(db)))
    assert response.json() == {"go": "/admin/accounts"}
    other = new_client(routes)
    registered = await other.post("/auth/register", json=person(email="ben@example.com"))
    assert registered.json() == {"go": "/inbox"}
    assert await role_of(db, "ben@example.com") == (Role.OWNER, False)
    again = await new_client(routes).post("/auth/register", json=person(email="eve@example.com"))
    assert "Registration is closed" in refusal(again)[""]


async def test_setup_without_the_link_is_refused(visitor: httpx.AsyncClient, db: Database) -> None:
    await setup_token(db)
    errors = refusal(await visitor.post("/auth/setup", json=person(token="guess")))
    assert "Restart the server" in errors[""]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [("Asia/Kolkata", "Asia/Kolkata"), ("", "UTC"), ("../etc/passwd", "UTC"), ("Mars", "UTC")],
)
async def test_time_zone_comes_from_the_browser_if_it_is_one(
    visitor: httpx.AsyncClient, db: Database, sent: str, kept: str
) -> None:
    await visitor.post("/auth/setup", json=person(token=await setup_token(db), time_zone=sent))
    async with db.read() as session:
        assert (await session.exec(select(Account.time_zone))).one() == kept


@pytest.mark.parametrize(("sent", "kept"), [("es", "es"), ("", "en"), ("../x", "en")])
async def test_language_comes_from_the_page(
    visitor: httpx.AsyncClient, db: Database, sent: str, kept: str
) -> None:
    await visitor.post("/auth/setup", json=person(token=await setup_token(db), locale=sent))
    async with db.read() as session:
        assert (await session.exec(select(Account.locale))).one() == kept


async def test_registration_is_closed_before_setup(visitor: httpx.AsyncClient) -> None:
    refusal(await visitor.post("/auth/register", json=person()))


async def test_everything_that_is_wrong_is_told_at_once(visitor: httpx.AsyncClient, db: Database) -> None:
    body = person(token=await setup_token(db), name=" ", email="olga", password="short")
    errors = refusal(await visitor.post("/auth/setup", json=body))
    assert set(errors) == {"name", "email", "password"}


async def test_refused_setup_does_not_use_up_the_link(visitor: httpx.AsyncClient, db: Database) -> None:
    token = await setup_token(db)
    refusal(await visitor.post("/auth/setup", json=person(token=token, password="password12")))
    assert (await visitor.post("/auth/setup", json=person(token=token))).status_code == 200


async def test_invited_person_joins_and_is_signed_in(
    visitor: httpx.AsyncClient, db: Database, admin: Actor
) -> None:
    async with db.write() as session:
        team_id = await teams.save(session, admin, teams.Draft("Sales", permissions=frozenset({"inbox.do"})))
        path = await agents.invite(session, admin, "ben@example.com", agents.Draft(team_id))
    token = path.rpartition("/")[2]
    body = {"token": token, "name": "Ben", "password": PASSWORD}
    assert (
        "guess"
        in refusal(await visitor.post("/auth/invitation", json=body | {"password": "benbenbenben"}))[
            "password"
        ]
    )
    assert (await visitor.post("/auth/invitation", json=body)).json() == {"go": "/inbox"}
    assert await signed_in_as(visitor) is not None
    refusal(await visitor.post("/auth/invitation", json=body))
    response = await login(visitor, "ben@example.com", door="agent")
    assert response.status_code == 200
