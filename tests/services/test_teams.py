"""Teams: what they grant, to whom at once, and that nobody grants through a team what they do not hold."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests.conftest import TEAM, SignIn
from tests.services.conftest import Book
from wapto_app.models import Account, Conversation, Role, Team, Visibility
from wapto_app.runtime import Runtime
from wapto_app.security import cookies
from wapto_app.security.permissions import EVERYBODY, MATRIX, Actor, Permission
from wapto_app.services import teams
from wapto_app.services.errors import Conflict, Forbidden, Invalid, NotFound
from wapto_app.services.sessions import account_topic
from wapto_app.services.teams import Draft, MoreThanYours

NewAccount = Callable[..., Awaitable[Actor]]
SALES = Draft("Sales", "Sells.", frozenset({"inbox.do"}))


async def save(runtime: Runtime, actor: Actor, draft: Draft, team_id: int = 0) -> int:
    async with runtime.db.write() as session:
        return await teams.save(session, actor, draft, team_id)


async def listed(runtime: Runtime, actor: Actor) -> dict[str, teams.TeamRow]:
    async with runtime.db.read() as session:
        return {row["name"]: row for row in await teams.list_teams(session, actor)}


async def team(runtime: Runtime, actor: Actor, team_id: int) -> teams.TeamDetails:
    async with runtime.db.read() as session:
        return await teams.details(session, actor, team_id)


@pytest.fixture
def manager(agent: Actor) -> Actor:
    """An agent who manages teams, and sees what the own team sees."""
    may = {Permission.INBOX_SEE, Permission.INBOX_DO, Permission.TEAMS_SEE, Permission.TEAMS_DO}
    return replace(agent, permissions=EVERYBODY | may, visibility=Visibility.TEAM)


# --- making and changing


async def test_a_team_is_made_changed_and_listed(runtime: Runtime, owner: Actor, agent: Actor) -> None:
    team_id = await save(runtime, owner, SALES)
    wanted = Draft(
        "  Sales   Team ",
        permissions=frozenset({"campaigns.do", "admin", "nonsense"}),
        visibility="own",
        may_reassign=False,
        strategy="least_busy",
        is_active=False,
    )
    assert await save(runtime, owner, wanted, team_id) == team_id
    found = await team(runtime, owner, team_id)
    assert found["permissions"] == ["campaigns.do", "campaigns.see"]
    assert (found["name"], found["description"], found["visibility"]) == ("Sales Team", "", "own")
    assert (found["may_reassign"], found["strategy"], found["is_active"]) == (False, "least_busy", False)
    rows = await listed(runtime, owner)
    assert (rows["Sales Team"]["agents"], rows[TEAM]["agents"]) == (0, 1)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": "  "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": TEAM.upper()}, "name"),
        ({"description": "x" * 301}, "description"),
        ({"visibility": "everything"}, "visibility"),
        ({"strategy": ""}, "strategy"),
    ],
)
async def test_a_wrong_field_is_named(
    runtime: Runtime, owner: Actor, agent: Actor, change: dict[str, Any], field: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        await save(runtime, owner, replace(SALES, **change))
    assert refusal.value.field == field


async def test_a_team_may_keep_its_own_name_and_write_it_differently(runtime: Runtime, owner: Actor) -> None:
    team_id = await save(runtime, owner, SALES)
    await save(runtime, owner, replace(SALES, name="SALES"), team_id)
    assert set(await listed(runtime, owner)) == {"SALES"}


async def test_two_who_make_the_same_team_at_once_make_one(runtime: Runtime, owner: Actor) -> None:
    outcomes = await asyncio.gather(*(save(runtime, owner, SALES) for _ in "ab"), return_exceptions=True)
    assert {type(outcome) for outcome in outcomes} == {int, Invalid}
    assert len(await listed(runtime, owner)) == 1


async def test_only_one_team_takes_new_customers(runtime: Runtime, owner: Actor) -> None:
    first = await save(runtime, owner, replace(SALES, takes_new=True))
    await save(runtime, owner, Draft("Care", takes_new=True))
    rows = await listed(runtime, owner)
    assert {name: row["takes_new"] for name, row in rows.items()} == {"Sales": False, "Care": True}
    await save(runtime, owner, replace(SALES, takes_new=True), first)
    rows = await listed(runtime, owner)
    assert {name: row["takes_new"] for name, row in rows.items()} == {"Sales": True, "Care": False}


async def test_what_is_not_there_is_not_found(runtime: Runtime, owner: Actor) -> None:
    for deed in (team(runtime, owner, 99), save(runtime, owner, SALES, 99)):
        with pytest.raises(NotFound):
            await deed


# --- deleting


async def test_a_team_with_agents_says_what_to_do_first(runtime: Runtime, owner: Actor, agent: Actor) -> None:
    async with runtime.db.write() as session:
        with pytest.raises(Conflict, match=r"Agents belong to Support \(1\)\. Move them"):
            await teams.delete(session, owner, agent.team_id or 0)
        await session.exec(sa.update(Account).values(team_id=None))
        assert await teams.delete(session, owner, agent.team_id or 0) == TEAM
    assert await listed(runtime, owner) == {}


async def test_conversations_of_a_deleted_team_stay(
    runtime: Runtime, owner: Actor, conversation_id: int, book: Book
) -> None:
    team_id = await save(runtime, owner, SALES)
    async with runtime.db.write() as session:
        await session.exec(sa.update(Conversation).values(team_id=team_id))
    async with runtime.db.write() as session:
        await teams.delete(session, owner, team_id)
    assert (await book.only("conversation"))["team_id"] is None


# --- what a change does at once


async def test_every_agent_of_a_changed_team_is_told(
    runtime: Runtime, owner: Actor, new_account: NewAccount
) -> None:
    both = [await new_account("Ann"), await new_account("Bob")]
    heard: list[frozenset[str]] = []
    with runtime.hub.listening(heard.append):
        await save(runtime, owner, replace(SALES, name=TEAM), both[0].team_id or 0)
    assert {account_topic(each.account_id) for each in both} | {teams.TOPIC} <= heard[0]


async def test_a_session_holds_what_the_team_grants_from_the_next_moment_on(
    runtime: Runtime, owner: Actor, agent: Actor, sign_in: SignIn
) -> None:
    cookie = await sign_in(agent)

    async def now() -> Actor:
        actor = await cookies.actor_of(cookie)
        assert actor is not None
        return actor

    assert (await now()).may(Permission.INBOX_DO)
    wanted = Draft(TEAM, permissions=frozenset({"reports.see"}), visibility="own", may_reassign=False)
    await save(runtime, owner, wanted, agent.team_id or 0)
    actor = await now()
    assert actor.permissions == EVERYBODY | {Permission.REPORTS_SEE}
    assert (actor.visibility, actor.may_reassign) == (Visibility.OWN, False)
    await save(runtime, owner, replace(wanted, is_active=False), agent.team_id or 0)
    actor = await now()
    assert (actor.permissions, actor.visibility) == (EVERYBODY, Visibility.OWN)


@pytest.mark.parametrize("change", [{"is_active": False}, {"permissions": frozenset({"inbox.see"})}])
async def test_what_agents_can_no_longer_answer_is_put_back(
    runtime: Runtime,
    owner: Actor,
    agent: Actor,
    conversation_id: int,
    book: Book,
    change: dict[str, Any],
) -> None:
    async with runtime.db.write() as session:
        await session.exec(
            sa.update(Conversation).values(assignee_id=agent.account_id, team_id=agent.team_id)
        )
    await save(runtime, owner, replace(SALES, name=TEAM), agent.team_id or 0)
    assert (await book.only("conversation"))["assignee_id"] == agent.account_id, "it can be answered still"
    await save(runtime, owner, replace(SALES, name=TEAM, **change), agent.team_id or 0)
    row = await book.only("conversation")
    assert (row["assignee_id"], row["team_id"]) == (None, agent.team_id)


# --- who may


async def test_without_the_permission_nothing_is_seen_or_changed(runtime: Runtime, agent: Actor) -> None:
    async with runtime.db.write() as session:
        for query in (
            teams.list_teams(session, agent),
            teams.names(session, agent),
            teams.details(session, agent, 0),
        ):
            with pytest.raises(Forbidden):
                await query
        reader = replace(agent, permissions=EVERYBODY | {Permission.TEAMS_SEE})
        for deed in (teams.save(session, reader, SALES), teams.delete(session, reader, agent.team_id or 0)):
            with pytest.raises(Forbidden):
                await deed


@pytest.mark.parametrize("permission", sorted(MATRIX - {Permission.INBOX_SEE}))
async def test_an_agent_cannot_grant_what_they_do_not_hold(
    runtime: Runtime, manager: Actor, permission: Permission
) -> None:
    wanted = Draft("Mine", permissions=frozenset({permission}), visibility=Visibility.OWN)
    if permission in manager.permissions:
        await save(runtime, manager, wanted)
        return
    with pytest.raises(MoreThanYours):
        await save(runtime, manager, wanted)
    assert "Mine" not in await listed(runtime, manager)


async def test_an_agent_cannot_see_further_through_a_team(
    runtime: Runtime, owner: Actor, manager: Actor
) -> None:
    everything = Draft(TEAM, permissions=frozenset({"inbox.do", "teams.do"}), visibility=Visibility.ALL)
    own = manager.team_id or 0
    await save(runtime, owner, replace(everything, visibility=Visibility.TEAM), own)
    for wider in (
        everything,
        replace(everything, visibility=Visibility.TEAM, permissions=frozenset({"export.do"})),
    ):
        with pytest.raises(MoreThanYours):
            await save(runtime, manager, wider, own)
    bound = replace(manager, may_reassign=False)
    with pytest.raises(MoreThanYours):
        await save(runtime, bound, replace(everything, visibility=Visibility.OWN), own)


async def test_an_agent_manages_no_team_that_holds_more_or_sees_others_conversations(
    runtime: Runtime, owner: Actor, manager: Actor
) -> None:
    above = await save(runtime, owner, Draft("Above", permissions=frozenset({"inbox.do", "export.do"})))
    beside = await save(
        runtime, owner, Draft("Beside", permissions=frozenset({"inbox.do"}), visibility="team")
    )
    for team_id in (above, beside):
        async with runtime.db.write() as session:
            with pytest.raises(MoreThanYours):
                await teams.delete(session, manager, team_id)
        with pytest.raises(MoreThanYours):
            await save(runtime, manager, Draft("Weak", visibility="own"), team_id)
    assert {"Above", "Beside"} <= set(await listed(runtime, owner))


async def test_an_agent_takes_new_customers_from_no_team_above(
    runtime: Runtime, owner: Actor, manager: Actor
) -> None:
    above = Draft("Above", permissions=frozenset({"inbox.do", "export.do"}), takes_new=True)
    await save(runtime, owner, above)
    own = Draft(TEAM, permissions=frozenset({"inbox.do"}), visibility=Visibility.TEAM, takes_new=True)
    for team_id in (manager.team_id or 0, 0):
        with pytest.raises(MoreThanYours):
            await save(runtime, manager, replace(own, name=f"Ours {team_id}"), team_id)
    assert [row["name"] for row in (await listed(runtime, owner)).values() if row["takes_new"]] == ["Above"]
    await save(runtime, owner, replace(own, name="Ours"), manager.team_id or 0)
    await save(runtime, manager, replace(own, name="Ours"), manager.team_id or 0)
    assert (await listed(runtime, owner))["Ours"]["takes_new"]


async def test_the_form_says_what_can_be_granted(runtime: Runtime, manager: Actor) -> None:
    new = await team(runtime, manager, 0)
    assert new["permissions"] == ["inbox.do", "inbox.see"]
    assert "export.do" not in new["grantable"]
    assert "inbox.do" in new["grantable"]


async def test_the_owner_is_bound_by_no_team(runtime: Runtime, owner: Actor, sign_in: SignIn) -> None:
    team_id = await save(runtime, owner, SALES)
    async with runtime.db.write() as session:
        await session.exec(
            sa.update(Account).where(col(Account.id) == owner.account_id).values(team_id=team_id)
        )
    actor = await cookies.actor_of(await sign_in(owner))
    assert actor is not None
    assert (actor.role, actor.visibility, actor.hide_phone) == (Role.OWNER, Visibility.ALL, False)
    assert actor.permissions == owner.permissions


async def test_an_agent_without_a_team_may_next_to_nothing(
    runtime: Runtime, agent: Actor, sign_in: SignIn
) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(Account).values(team_id=None))
        assert (await session.exec(select(Team))).first() is not None
    actor = await cookies.actor_of(await sign_in(agent))
    assert actor is not None
    assert (actor.permissions, actor.visibility, actor.team_id) == (EVERYBODY, Visibility.OWN, None)
