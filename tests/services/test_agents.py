"""Agents: how they come, what is noted about them, how they leave, and who may manage whom."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.conftest import TEAM, SignIn
from tests.services.conftest import Book
from wapto_app.models import Account, AssignmentStrategy, Conversation, Role, Team, Visibility
from wapto_app.runtime import Runtime
from wapto_app.security import cookies, passwords
from wapto_app.security.permissions import EVERYBODY, Actor, Permission
from wapto_app.services import accounts, agents
from wapto_app.services.accounts import Person
from wapto_app.services.agents import Draft, clean_phone
from wapto_app.services.errors import Conflict, Forbidden, Invalid, LimitReached, NotFound
from wapto_app.services.plans import Limit
from wapto_app.services.teams import MoreThanYours

NewAccount = Callable[..., Awaitable[Actor]]
PERSON = Person("Zoe Neu", "zoe@example.com", "hashed", "Europe/Berlin", "de")


@pytest.fixture
async def team_id(runtime: Runtime) -> int:
    team = Team(name="Sales", permissions=["inbox.see", "inbox.do"])
    async with runtime.db.write() as session:
        session.add(team)
    assert team.id is not None
    return team.id


@pytest.fixture
def manager(agent: Actor) -> Actor:
    """An agent who manages agents, and sees what the own team sees."""
    may = {Permission.TEAMS_SEE, Permission.TEAMS_DO, Permission.INBOX_DO, Permission.INBOX_SEE}
    contacts = {Permission.CONTACTS_SEE, Permission.CONTACTS_DO}
    return replace(agent, permissions=EVERYBODY | may | contacts)


async def account(runtime: Runtime, account_id: int | None) -> Account:
    async with runtime.db.read() as session:
        return await session.get_one(Account, account_id)


async def listed(runtime: Runtime, actor: Actor, *filters: Any) -> list[agents.AgentRow]:
    async with runtime.db.read() as session:
        return await agents.list_agents(session, actor, *filters)


async def invite(runtime: Runtime, actor: Actor, email: str, draft: Draft) -> str:
    async with runtime.db.write() as session:
        return await agents.invite(session, actor, email, draft)


async def create(runtime: Runtime, actor: Actor, draft: Draft, person: Person = PERSON) -> int:
    async with runtime.db.write() as session:
        return await agents.create(session, actor, person, draft)


async def update(runtime: Runtime, actor: Actor, agent_id: int | None, draft: Draft) -> str:
    async with runtime.db.write() as session:
        return await agents.update(session, actor, agent_id or 0, draft)


async def set_active(runtime: Runtime, actor: Actor, agent_id: int | None, *, active: bool) -> str:
    async with runtime.db.write() as session:
        return await agents.set_active(session, actor, agent_id or 0, active=active)


# --- coming in


async def test_an_invited_agent_joins_the_team_with_a_link(
    runtime: Runtime, owner: Actor, team_id: int
) -> None:
    path = await invite(runtime, owner, " Zoe@Example.com ", Draft(team_id, hide_phone=True))
    (row,) = await listed(runtime, owner)
    assert (row["email"], row["team"], row["status"]) == ("zoe@example.com", "Sales", "invited")
    async with runtime.db.write() as session:
        await accounts.accept_invitation(session, path.rpartition("/")[2], PERSON)
    (row,) = await listed(runtime, owner)
    assert (row["name"], row["status"], row["hide_phone"]) == ("Zoe Neu", "active", True)
    joined = await account(runtime, row["id"])
    assert (joined.role, joined.team_id, joined.must_change_password) == (Role.AGENT, team_id, False)


async def test_inviting_again_moves_the_invitation_to_the_other_team(
    runtime: Runtime, owner: Actor, agent: Actor, team_id: int
) -> None:
    first = await invite(runtime, owner, "zoe@example.com", Draft(team_id))
    second = await invite(runtime, owner, "zoe@example.com", Draft(agent.team_id or 0))
    (row,) = await listed(runtime, owner, "zoe")
    assert row["team"] == TEAM
    async with runtime.db.write() as session:
        with pytest.raises(Conflict):
            await accounts.accept_invitation(session, first.rpartition("/")[2], PERSON)
        await accounts.accept_invitation(session, second.rpartition("/")[2], PERSON)


async def test_an_agent_with_a_first_password_must_change_it(
    runtime: Runtime, owner: Actor, team_id: int
) -> None:
    hashed = await passwords.hashed("a first password")
    agent_id = await create(runtime, owner, Draft(team_id), replace_hash(hashed))
    made = await account(runtime, agent_id)
    assert (made.must_change_password, made.role, made.team_id) == (True, Role.AGENT, team_id)
    assert (made.locale, made.time_zone) == ("de", "Europe/Berlin")
    assert (await passwords.verify("a first password", made.password_hash))[0]


def replace_hash(password_hash: str) -> Person:
    return PERSON._replace(password_hash=password_hash)


async def test_an_address_that_is_taken_is_refused(
    runtime: Runtime, owner: Actor, admin: Actor, agent: Actor, team_id: int
) -> None:
    mine = (await account(runtime, agent.account_id)).email
    async with runtime.db.write() as session:
        await accounts.invite(session, admin, "soon-owner@example.com")
    for email in (mine, "soon-owner@example.com", "not an address"):
        with pytest.raises(Invalid) as refusal:
            await invite(runtime, owner, email, Draft(team_id))
        assert refusal.value.field == "email"
        with pytest.raises(Invalid):
            await create(runtime, owner, Draft(team_id), PERSON._replace(email=email))
    await invite(runtime, owner, "zoe@example.com", Draft(team_id))
    with pytest.raises(Invalid, match="invited already"):
        await create(runtime, owner, Draft(team_id))
    assert len(await listed(runtime, owner)) == 2


async def test_every_agent_belongs_to_a_team(runtime: Runtime, owner: Actor, agent: Actor) -> None:
    for deed in (
        invite(runtime, owner, "zoe@example.com", Draft(0)),
        create(runtime, owner, Draft(99)),
        update(runtime, owner, agent.account_id, Draft(99)),
    ):
        with pytest.raises(Invalid) as refusal:
            await deed
        assert refusal.value.field == "team_id"


async def test_a_full_plan_lets_nobody_in_and_loses_nobody(
    runtime: Runtime, owner: Actor, agent: Actor, team_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await set_active(runtime, owner, agent.account_id, active=False)

    async def full(_session: Any, limit: Limit, adding: int = 1) -> None:
        raise LimitReached("agents", 1)

    monkeypatch.setattr("wapto_app.services.agents.ensure_room", full)
    monkeypatch.setattr("wapto_app.services.accounts.ensure_room", full)
    for deed in (
        invite(runtime, owner, "zoe@example.com", Draft(team_id)),
        create(runtime, owner, Draft(team_id)),
        set_active(runtime, owner, agent.account_id, active=True),
    ):
        with pytest.raises(LimitReached):
            await deed
    (row,) = await listed(runtime, owner)
    assert (row["id"], row["status"]) == (agent.account_id, "deactivated")


# --- what is noted


async def test_what_is_noted_about_an_agent(
    runtime: Runtime, owner: Actor, agent: Actor, team_id: int, sign_in: SignIn
) -> None:
    cookie = await sign_in(agent)
    before = await cookies.actor_of(cookie)
    draft = Draft(team_id, phone="+44 20 7946 0018", notes="  Only mornings. ", hide_phone=True)
    assert await update(runtime, owner, agent.account_id, draft) == "Ben Agent"
    (row,) = await listed(runtime, owner)
    assert (row["phone"], row["notes"], row["hide_phone"]) == ("+442079460018", "Only mornings.", True)
    now = await cookies.actor_of(cookie)
    assert before is not None
    assert now is not None
    assert now.standing != before.standing, "open tabs are emptied"
    assert (now.team_id, now.hide_phone) == (team_id, True)
    assert not now.may(Permission.CONTACTS_SEE)


@pytest.mark.parametrize("text", ["0171 1234567", "+1", "+49 171", "call me", "+99 1234567890", "\x00"])
def test_a_phone_needs_its_country_code_and_must_exist(text: str) -> None:
    with pytest.raises(Invalid) as refusal:
        clean_phone(text)
    assert refusal.value.field == "phone"


@pytest.mark.parametrize(("text", "stored"), [("", ""), ("  ", ""), ("+49 171 1234567", "+491711234567")])
def test_a_phone_is_stored_in_one_way(text: str, stored: str) -> None:
    assert clean_phone(text) == stored


async def test_long_notes_are_refused(runtime: Runtime, owner: Actor, agent: Actor) -> None:
    with pytest.raises(Invalid) as refusal:
        await update(runtime, owner, agent.account_id, Draft(agent.team_id or 0, notes="x" * 2001))
    assert refusal.value.field == "notes"


async def test_searching_and_filtering(
    runtime: Runtime, owner: Actor, new_account: NewAccount, team_id: int
) -> None:
    ann, ben = await new_account("Ann"), await new_account("Ben 100%")
    await new_account("Otto Owner", Role.OWNER)
    await update(runtime, owner, ann.account_id, Draft(team_id))
    assert [row["name"] for row in await listed(runtime, owner)] == ["Ann", "Ben 100%"]
    assert [row["name"] for row in await listed(runtime, owner, "", team_id)] == ["Ann"]
    assert [row["name"] for row in await listed(runtime, owner, "0%")] == ["Ben 100%"]
    assert await listed(runtime, owner, "0%", team_id) == []
    assert ben.team_id != team_id


async def test_who_may_only_look_sees_neither_phone_nor_notes(
    runtime: Runtime, owner: Actor, agent: Actor, manager: Actor
) -> None:
    draft = Draft(agent.team_id or 0, phone="+44 20 7946 0018", notes="Asks for more money.")
    await update(runtime, owner, agent.account_id, draft)
    reader = replace(agent, account_id=0, permissions=EVERYBODY | {Permission.TEAMS_SEE})
    (row,) = await listed(runtime, reader)
    assert (row["phone"], row["notes"]) == ("", "")
    (row,) = await listed(runtime, manager)
    assert (row["notes"], row["is_me"]) == ("", True), "what is noted about oneself is for others"


# --- leaving


async def test_who_is_deactivated_is_out_at_once_and_others_get_their_conversations(
    runtime: Runtime,
    owner: Actor,
    new_account: NewAccount,
    conversation_id: int,
    book: Book,
    sign_in: SignIn,
) -> None:
    ann = await new_account("Ann")
    cookie = await sign_in(ann)
    assert await cookies.actor_of(cookie) is not None
    async with runtime.db.write() as session:
        await session.exec(sa.update(Team).values(strategy=AssignmentStrategy.ROUND_ROBIN))
        await session.exec(sa.update(Conversation).values(assignee_id=ann.account_id, team_id=ann.team_id))
    bob = await new_account("Bob")
    assert await set_active(runtime, owner, ann.account_id, active=False) == "Ann"
    assert await cookies.actor_of(cookie) is None
    assert (await book.only("conversation"))["assignee_id"] == bob.account_id
    await set_active(runtime, owner, ann.account_id, active=True)
    assert await cookies.actor_of(cookie) is None, "the old session stays ended"
    assert (await book.only("conversation"))["assignee_id"] == bob.account_id


async def test_an_owner_who_is_deactivated_leaves_no_conversation_behind(
    runtime: Runtime, admin: Actor, owner: Actor, conversation_id: int, book: Book
) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(Conversation).values(assignee_id=owner.account_id))
    async with runtime.db.write() as session:
        await accounts.set_active(session, admin, owner.account_id or 0, active=False)
    assert (await book.only("conversation"))["assignee_id"] is None


async def test_who_moves_to_a_team_that_does_not_answer_puts_conversations_back(
    runtime: Runtime, owner: Actor, agent: Actor, team_id: int, conversation_id: int, book: Book
) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(Conversation).values(assignee_id=agent.account_id))
    await update(runtime, owner, agent.account_id, Draft(team_id))
    assert (await book.only("conversation"))["assignee_id"] == agent.account_id
    async with runtime.db.write() as session:
        await session.exec(sa.update(Team).where(col(Team.id) == team_id).values(permissions=["inbox.see"]))
    await update(runtime, owner, agent.account_id, Draft(team_id))
    assert (await book.only("conversation"))["assignee_id"] is None


async def test_a_withdrawn_invitation_leaves_nothing(runtime: Runtime, owner: Actor, team_id: int) -> None:
    await invite(runtime, owner, "zoe@example.com", Draft(team_id))
    (row,) = await listed(runtime, owner)
    async with runtime.db.write() as session:
        await agents.withdraw_invitation(session, owner, row["id"])
    assert await listed(runtime, owner) == []


async def test_who_has_joined_cannot_be_withdrawn(runtime: Runtime, owner: Actor, agent: Actor) -> None:
    async with runtime.db.write() as session:
        with pytest.raises(Conflict, match="Deactivate"):
            await agents.withdraw_invitation(session, owner, agent.account_id or 0)


async def test_a_link_for_a_new_password_or_the_invitation(
    runtime: Runtime, owner: Actor, agent: Actor, team_id: int
) -> None:
    await invite(runtime, owner, "zoe@example.com", Draft(team_id))
    (zoe,) = await listed(runtime, owner, "zoe")
    async with runtime.db.write() as session:
        assert (await agents.access_link(session, owner, agent.account_id or 0)).startswith("/reset?")
        assert (await agents.access_link(session, owner, zoe["id"])).startswith("/invite/")
    await set_active(runtime, owner, agent.account_id, active=False)
    async with runtime.db.write() as session:
        with pytest.raises(Conflict, match="deactivated"):
            await agents.access_link(session, owner, agent.account_id or 0)


# --- who may


def deeds(session: Any, actor: Actor, agent_id: int, team_id: int) -> tuple[Awaitable[Any], ...]:
    return (
        agents.update(session, actor, agent_id, Draft(team_id, hide_phone=True)),
        agents.set_active(session, actor, agent_id, active=False),
        agents.access_link(session, actor, agent_id),
        agents.withdraw_invitation(session, actor, agent_id),
    )


async def test_without_the_permission_nothing_is_seen_or_changed(
    runtime: Runtime, agent: Actor, new_account: NewAccount, team_id: int
) -> None:
    other = await new_account("Ann")
    reader = replace(agent, permissions=EVERYBODY | {Permission.TEAMS_SEE})
    async with runtime.db.write() as session:
        with pytest.raises(Forbidden):
            await agents.list_agents(session, agent)
        for deed in (
            *deeds(session, reader, other.account_id or 0, team_id),
            agents.invite(session, reader, "x@example.com", Draft(team_id)),
            agents.create(session, reader, PERSON, Draft(team_id)),
        ):
            with pytest.raises(Forbidden):
                await deed


async def test_only_agents_are_managed_here(
    runtime: Runtime, owner: Actor, manager: Actor, team_id: int, new_account: NewAccount
) -> None:
    boss = await new_account("Second Owner", Role.OWNER)
    async with runtime.db.write() as session:
        for actor in (owner, manager):
            for agent_id in (boss.account_id or 0, 9999):
                for deed in deeds(session, actor, agent_id, team_id):
                    with pytest.raises(NotFound):
                        await deed


async def test_nobody_changes_their_own_account_here(runtime: Runtime, manager: Actor) -> None:
    async with runtime.db.write() as session:
        for deed in deeds(session, manager, manager.account_id or 0, manager.team_id or 0):
            with pytest.raises(Conflict, match="your own"):
                await deed


@pytest.mark.parametrize(
    ("team_change", "viewer_change", "account_change"),
    [
        ({"permissions": ["inbox.do", "export.do"]}, {}, {}),
        ({"visibility": Visibility.TEAM}, {"visibility": Visibility.TEAM}, {}),
        ({"visibility": Visibility.OWN, "may_reassign": True}, {"may_reassign": False}, {}),
        ({}, {"hide_phone": True}, {}),
        ({}, {}, {"is_admin": True}),
    ],
)
async def test_an_agent_manages_nobody_through_whom_they_would_see_or_do_more(
    runtime: Runtime,
    manager: Actor,
    new_account: NewAccount,
    team_id: int,
    team_change: dict[str, Any],
    viewer_change: dict[str, Any],
    account_change: dict[str, Any],
) -> None:
    other, viewer = await new_account("Ann"), replace(manager, **viewer_change)
    async with runtime.db.write() as session:
        if team_change:
            await session.exec(sa.update(Team).where(col(Team.id) == team_id).values(**team_change))
        change = {"team_id": team_id, **account_change}
        await session.exec(sa.update(Account).where(col(Account.id) == other.account_id).values(**change))
    async with runtime.db.write() as session:
        for deed in deeds(session, viewer, other.account_id or 0, manager.team_id or 0):
            with pytest.raises(MoreThanYours):
                await deed
        if account_change:
            return
        for deed in (
            agents.invite(session, viewer, "x@example.com", Draft(team_id)),
            agents.create(session, viewer, PERSON, Draft(team_id)),
        ):
            with pytest.raises(MoreThanYours):
                await deed


async def test_an_agent_manages_the_others_of_the_team(
    runtime: Runtime, manager: Actor, new_account: NewAccount
) -> None:
    other = await new_account("Ann")
    team_id = manager.team_id or 0
    await update(runtime, manager, other.account_id, Draft(team_id, notes="Good."))
    await set_active(runtime, manager, other.account_id, active=False)
    assert await invite(runtime, manager, "x@example.com", Draft(team_id))
    assert await create(runtime, manager, Draft(team_id))


async def test_nobody_becomes_an_agent_whose_conversations_they_do_not_see(
    runtime: Runtime, manager: Actor, new_account: NewAccount, team_id: int
) -> None:
    """A link for a new password opens what the agent holds, not only what the team grants."""
    colleague, loner = await new_account("Ann"), await new_account("Bea")
    own_team = manager.team_id or 0
    async with runtime.db.write() as session:
        await session.exec(
            sa.update(Team).where(col(Team.id) == own_team).values(visibility=Visibility.OWN, permissions=[])
        )
        await session.exec(sa.update(Account).where(col(Account.id) == loner.account_id).values(team_id=None))
    invited = await invite(runtime, manager, "x@example.com", Draft(own_team))
    assert invited.startswith("/invite/")
    sees_own, sees_team = (replace(manager, visibility=each) for each in (Visibility.OWN, Visibility.TEAM))
    async with runtime.db.write() as session:
        for actor, other in ((sees_own, colleague), (sees_own, loner), (sees_team, loner)):
            with pytest.raises(MoreThanYours):
                await agents.access_link(session, actor, other.account_id or 0)
        for actor, other in ((sees_team, colleague), (manager, colleague), (manager, loner)):
            assert await agents.access_link(session, actor, other.account_id or 0)


async def test_inviting_somebody_who_was_deactivated_says_so(
    runtime: Runtime, owner: Actor, team_id: int
) -> None:
    await invite(runtime, owner, "zoe@example.com", Draft(team_id))
    (zoe,) = await listed(runtime, owner, "zoe")
    await set_active(runtime, owner, zoe["id"], active=False)
    with pytest.raises(Invalid, match="deactivated"):
        await invite(runtime, owner, "zoe@example.com", Draft(team_id))
