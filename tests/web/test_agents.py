"""An agent with a first password, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from sqlmodel import select

from tests.conftest import SignIn
from tests.web.account_steps import PASSWORD, NewClient, refusal
from wapto_app.db import Database
from wapto_app.models import Account, Role, Team
from wapto_app.security import passwords
from wapto_app.security.permissions import Actor
from wapto_app.web.agents import routes


@pytest.fixture
async def team_id(db: Database) -> int:
    team = Team(name="Sales", permissions=["inbox.do"])
    async with db.write() as session:
        session.add(team)
    assert team.id is not None
    return team.id


def body(team_id: int) -> dict[str, Any]:
    return {
        "name": "Zoe Neu",
        "email": "Zoe@example.com",
        "password": PASSWORD,
        "team_id": str(team_id),
        "hide_phone": True,
    }


async def made(db: Database) -> Account | None:
    async with db.read() as session:
        return (await session.exec(select(Account).where(Account.email == "zoe@example.com"))).first()


async def test_the_owner_makes_an_agent_with_a_first_password(
    new_client: NewClient, db: Database, owner: Actor, sign_in: SignIn, team_id: int
) -> None:
    client = new_client(routes, cookie=await sign_in(owner))
    response = await client.post("/auth/agents", json=body(team_id))
    assert response.json() == {"done": True}
    assert "set-cookie" not in response.headers
    agent = await made(db)
    assert agent is not None
    assert (agent.role, agent.team_id, agent.hide_phone) == (Role.AGENT, team_id, True)
    assert agent.must_change_password
    assert (await passwords.verify(PASSWORD, agent.password_hash))[0]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": " "}, "name"),
        ({"email": "zoe"}, "email"),
        ({"password": "short"}, "password"),
        ({"password": "passwordpassword"}, "password"),
        ({"team_id": ""}, "team_id"),
        ({"team_id": "²"}, "team_id"),
        ({"team_id": "99999999999999999999"}, "team_id"),
        ({"team_id": "77"}, "team_id"),
        ({"is_admin": True}, ""),
        ({"role": "owner"}, ""),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field_and_nobody_is_made(
    new_client: NewClient,
    db: Database,
    owner: Actor,
    sign_in: SignIn,
    team_id: int,
    change: dict[str, Any],
    field: str,
) -> None:
    client = new_client(routes, cookie=await sign_in(owner))
    response = await client.post("/auth/agents", json=body(team_id) | change)
    assert list(refusal(response)) == [field]
    assert await made(db) is None


async def test_strangers_and_agents_without_the_permission_make_nobody(
    new_client: NewClient, db: Database, agent: Actor, sign_in: SignIn, team_id: int
) -> None:
    nobody = await new_client(routes).post("/auth/agents", json=body(team_id))
    assert nobody.status_code == 401
    client = new_client(routes, cookie=await sign_in(agent))
    response = await client.post("/auth/agents", json=body(team_id))
    assert "permission" in refusal(response)[""]
    foreign = await client.post("/auth/agents", json=body(team_id), headers={"sec-fetch-site": "cross-site"})
    assert foreign.status_code == 403
    assert await made(db) is None


async def test_an_agent_makes_nobody_who_may_more(
    new_client: NewClient, db: Database, agent: Actor, sign_in: SignIn, team_id: int
) -> None:
    async with db.write() as session:
        own = await session.get_one(Team, agent.team_id)
        own.permissions = ["teams.do"]
        session.add(own)
    client = new_client(routes, cookie=await sign_in(agent))
    assert "more than you may" in refusal(await client.post("/auth/agents", json=body(team_id)))[""]
    assert await made(db) is None
