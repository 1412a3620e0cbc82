"""Teams, agents and assignment in open tabs: what changes acts at once, and nobody reaches more than their team may."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from state.agents import Agents
from state.assignment import Assignment
from state.base import Feedback
from state.inbox import InboxList, OpenConversation
from state.inbox.status import StatusMenu
from state.shell import Shell
from state.team import TeamEditor, team_in
from state.teams import Teams
from tests.conftest import TEAM
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from tests.pipeline.rows import Workspace, workspace
from wapto_app.db import Database
from wapto_app.models import Account, Conversation, Team
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import agents, assignment, teams
from wapto_app.services.errors import DomainError
from wapto_app.services.teams import Draft

NewAccount = Callable[..., Awaitable[Actor]]
SALES = Draft("Sales", permissions=frozenset({"inbox.do"}))


@pytest.fixture
async def work(runtime: Runtime) -> Workspace:
    return await workspace(runtime)


def form(**values: Any) -> dict[str, object]:
    return {"form": {"__reflex_form_data__": [[name, value] for name, value in values.items()]}}


def notices(tab: Tab) -> list[str]:
    return [notice["text"] for notice in tab.vars(Feedback).get("notices", [])]


async def save(db: Database, actor: Actor, draft: Draft, team_id: int = 0) -> int:
    async with db.write() as session:
        return await teams.save(session, actor, draft, team_id)


async def attempt(tab: Tab, *events: Any) -> None:
    """Fire what is refused: the refusal must reach the tab, not us."""
    with suppress(DomainError):
        await tab.send(*events)


async def holder(db: Database, conversation_id: int) -> int | None:
    async with db.read() as session:
        query = select(Conversation.assignee_id).where(Conversation.id == conversation_id)
        return (await session.exec(query)).one()


# --- teams


async def test_the_list_of_teams_is_live(open_tab: OpenTab, owner: Actor, agent: Actor, db: Database) -> None:
    tab = await open_tab(owner, "/teams")
    await tab.send(Teams.load)
    assert [(row["name"], row["agents"]) for row in tab.vars(Teams)["rows"]] == [(TEAM, 1)]
    team_id = await save(db, owner, SALES)
    await tab.until(lambda: len(tab.vars(Teams)["rows"]) == 2)
    await tab.send(Teams.ask_to_delete(team_id, "Sales"))
    assert tab.vars(Teams)["leaving_name"] == "Sales"
    await tab.send(Teams.delete(team_id))
    assert notices(tab)[-1] == "Sales is deleted."
    await tab.until(lambda: len(tab.vars(Teams)["rows"]) == 1)


async def test_a_team_with_agents_stays_and_says_why(open_tab: OpenTab, owner: Actor, agent: Actor) -> None:
    tab = await open_tab(owner, "/teams")
    await attempt(tab, Teams.delete(agent.team_id))
    await tab.until(lambda: bool(notices(tab)))
    assert "Move them to another team" in notices(tab)[-1]


async def test_ticks_keep_seeing_and_doing_together(open_tab: OpenTab, owner: Actor) -> None:
    tab = await open_tab(owner, "/teams/new")
    await tab.send(TeamEditor.load)

    async def tick(module: str, deed: str, on: bool) -> list[str]:
        await tab.send(TeamEditor.grant(module, deed, on))
        found: list[str] = tab.vars(TeamEditor)["permissions"]
        return found

    base = tab.vars(TeamEditor)["permissions"]
    assert base == ["inbox.do", "inbox.see"]
    assert await tick("forms", "do", True) == ["forms.do", "forms.see", *base]
    assert await tick("forms", "do", False) == ["forms.see", *base]
    assert await tick("inbox", "see", False) == ["forms.see"]
    assert await tick("tags", "see", True) == ["forms.see", "tags.see"]


async def test_a_team_is_made_in_the_form(open_tab: OpenTab, owner: Actor, db: Database) -> None:
    tab = await open_tab(owner, "/teams/new")
    await tab.send(TeamEditor.load, TeamEditor.grant("reports", "see", True), TeamEditor.let_take_new(True))
    await tab.raw(
        f"{TeamEditor.get_full_name()}.save",
        form(name="Sales", description="", visibility="team", strategy="round_robin", is_active="on"),
    )
    assert tab.redirects == ["/teams"]
    assert notices(tab) == ["Sales is saved."]
    async with db.read() as session:
        made = (await session.exec(select(Team))).one()
    assert made.permissions == ["inbox.do", "inbox.see", "reports.see"]
    assert (made.visibility.value, made.strategy.value, made.takes_new) == ("team", "round_robin", True)


async def test_what_is_wrong_stands_beside_its_field(open_tab: OpenTab, owner: Actor, db: Database) -> None:
    await save(db, owner, SALES)
    tab = await open_tab(owner, "/teams/new")
    await tab.send(TeamEditor.load)
    with suppress(DomainError):
        await tab.raw(
            f"{TeamEditor.get_full_name()}.save",
            form(name="sales", description="", visibility="team", strategy="manual"),
        )
    await tab.until(lambda: "name" in tab.vars(Feedback).get("errors", {}))
    assert tab.redirects == []


async def test_a_team_that_is_not_there_is_said_to_be_missing(open_tab: OpenTab, owner: Actor) -> None:
    tab = await open_tab(owner, "/teams/99")
    await tab.send(TeamEditor.load)
    assert tab.vars(TeamEditor)["missing"] is True


@pytest.mark.parametrize(
    ("path", "expected"),
    [("/teams/new", 0), ("/teams/7", 7), ("/teams/7/", 7), ("/teams/0", 2**31 - 1), ("/teams/x", 2**31 - 1)],
)
def test_which_team_a_path_names(path: str, expected: int) -> None:
    assert team_in(path) == expected


@pytest.mark.parametrize("who", ["agent", None])
async def test_who_may_not_sees_no_team_and_no_agent(
    open_tab: OpenTab, agent: Actor, who: str | None, work: Workspace
) -> None:
    tab = await open_tab(agent if who else None, "/teams")
    for event in (
        Teams.load,
        Teams.delete(agent.team_id),
        TeamEditor.load,
        TeamEditor.grant("api", "do", True),
        Agents.load,
        Agents.find(""),
        Agents.set_active(agent.account_id, False),
        Agents.make_link(agent.account_id, "x@example.com"),
    ):
        await attempt(tab, event)
    for state in (Teams, Agents):
        assert tab.vars(state).get("rows", []) == []
    assert tab.vars(Agents).get("link", "") == ""
    assert tab.vars(TeamEditor).get("permissions", []) == []


# --- agents


async def test_an_invitation_shows_its_link_once(
    open_tab: OpenTab, owner: Actor, agent: Actor, db: Database
) -> None:
    tab = await open_tab(owner, "/agents")
    await tab.send(Agents.load, Agents.ask("invite", 0), Agents.hide_numbers(True))
    invite = f"{Agents.get_full_name()}.invite"
    await tab.raw(invite, form(email="zoe@example.com", team_id=str(agent.team_id), hide_phone="on"))
    seen = tab.vars(Agents)
    assert seen["link"].startswith("http://testserver/invite/")
    assert (seen["link_for"], seen["dialog"], seen.get("link_mailed", False)) == (
        "zoe@example.com",
        "",
        False,
    )
    await tab.until(lambda: len(tab.vars(Agents)["rows"]) == 2)
    assert tab.vars(Agents)["rows"][1]["hide_phone"] is True
    await tab.send(Agents.forget_link)
    assert tab.vars(Agents)["link"] == ""


async def test_an_agent_is_edited_and_filtered(
    open_tab: OpenTab, owner: Actor, agent: Actor, new_account: NewAccount, db: Database
) -> None:
    sales = await save(db, owner, SALES)
    await new_account("Ann")
    tab = await open_tab(owner, f"/agents?team={sales}")
    await tab.send(Agents.load)
    assert tab.vars(Agents)["rows"] == []
    await tab.send(Agents.choose_team(0), Agents.ask("edit", agent.account_id))
    assert tab.vars(Agents)["chosen"]["name"] == "Ben Agent"
    changed = form(team_id=str(sales), phone="+44 20 7946 0018", notes="Mornings")
    await tab.raw(f"{Agents.get_full_name()}.save", changed)
    assert notices(tab)[-1] == "Ben Agent is saved."
    await tab.send(Agents.choose_team(sales))
    (row,) = tab.vars(Agents)["rows"]
    assert (row["name"], row["phone"], row["team"]) == ("Ben Agent", "+442079460018", "Sales")
    await tab.send(Agents.find("nobody"))
    assert tab.vars(Agents)["rows"] == []


async def test_the_open_tab_of_a_deactivated_agent_sees_nothing_more(
    open_tab: OpenTab, owner: Actor, agent: Actor, work: Workspace, db: Database
) -> None:
    conversation_id = await work.conversation("Ada")
    theirs = await open_tab(agent, "/inbox")
    await theirs.send(Shell.load, InboxList.load)
    assert [row["name"] for row in theirs.vars(InboxList)["rows"]] == ["Ada"]
    tab = await open_tab(owner, "/agents")
    await tab.send(Agents.load, Agents.set_active(agent.account_id, False))
    await theirs.until(lambda: bool(theirs.redirects) or not theirs.vars(InboxList)["rows"])
    theirs.clear()
    await work.says(conversation_id, "A secret")
    await attempt(theirs, InboxList.changed, InboxList.load, OpenConversation.load, Shell.load)
    assert "A secret" not in repr(theirs.updates)
    assert "Ada" not in repr(theirs.updates)
    assert theirs.redirects


async def test_a_team_that_loses_the_inbox_loses_the_list_at_once(
    open_tab: OpenTab, owner: Actor, agent: Actor, work: Workspace, db: Database
) -> None:
    conversation_id = await work.conversation("Ada")
    theirs = await open_tab(agent, "/inbox")
    await theirs.send(Shell.load, InboxList.load)
    assert theirs.vars(InboxList)["rows"]
    draft = Draft(TEAM, permissions=frozenset({"contacts.see"}))
    await save(db, owner, draft, agent.team_id or 0)
    await theirs.until(lambda: theirs.vars(InboxList)["rows"] == [])
    theirs.clear()
    await work.says(conversation_id, "A secret")
    await attempt(theirs, InboxList.load, InboxList.changed)
    assert "Ada" not in repr(theirs.updates)


async def test_a_team_that_may_see_less_sees_less_at_once(
    open_tab: OpenTab, owner: Actor, agent: Actor, work: Workspace, db: Database
) -> None:
    mine, other = await work.conversation("Ada"), await work.conversation("Ben")
    async with db.write() as session:
        team = Team(name="Others")
        session.add(team)
        await session.flush()
        for conversation_id, team_id in ((mine, agent.team_id), (other, team.id)):
            change = sa.update(Conversation).where(col(Conversation.id) == conversation_id)
            await session.exec(change.values(team_id=team_id))
    theirs = await open_tab(agent, "/inbox")
    await theirs.send(Shell.load, InboxList.load)
    assert len(theirs.vars(InboxList)["rows"]) == 2
    draft = Draft(TEAM, permissions=frozenset({"inbox.do"}), visibility="team")
    await save(db, owner, draft, agent.team_id or 0)
    await theirs.until(lambda: theirs.vars(InboxList)["rows"] == [])
    await theirs.send(Shell.load, InboxList.load)
    assert [row["name"] for row in theirs.vars(InboxList)["rows"]] == ["Ada"]


# --- assignment


async def test_taking_resolving_and_opening_again(
    open_tab: OpenTab, owner: Actor, agent: Actor, work: Workspace, db: Database
) -> None:
    conversation_id = await work.conversation("Ada")
    tab = await open_tab(agent, f"/inbox/{conversation_id}")
    await tab.send(InboxList.load, OpenConversation.load, Assignment.offer(True))
    offered = tab.vars(Assignment)
    assert [(each["name"], each["is_me"]) for each in offered["agents"]] == [
        ("Ben Agent", True),
        ("Olga Owner", False),
    ]
    assert [each["name"] for each in offered["teams"]] == [TEAM]
    await tab.send(Assignment.to_agent(agent.account_id))
    await tab.until(lambda: tab.vars(OpenConversation)["header"]["assignee"] == "Ben Agent")
    await tab.until(lambda: tab.vars(InboxList)["rows"][0]["assignee"] == "Ben Agent")
    await tab.send(StatusMenu.change("resolved"))
    await tab.until(lambda: tab.vars(OpenConversation)["header"]["status"] == "resolved")
    await tab.send(StatusMenu.change("open"))
    await tab.until(lambda: tab.vars(OpenConversation)["header"]["status"] == "open")
    await tab.send(Assignment.put_back)
    await tab.until(lambda: tab.vars(OpenConversation)["header"]["assignee"] == "")
    assert tab.vars(OpenConversation)["header"]["team"] == TEAM


async def test_who_sees_an_old_screen_takes_nothing_from_who_was_faster(
    open_tab: OpenTab, owner: Actor, agent: Actor, work: Workspace, db: Database, runtime: Runtime
) -> None:
    conversation_id = await work.conversation("Ada")
    tab = await open_tab(agent, f"/inbox/{conversation_id}")
    await tab.send(OpenConversation.load)
    runtime.hub.forget_tab(tab.token)
    async with db.write() as session:
        await assignment.assign(session, owner, conversation_id, agent_id=owner.account_id)
    await attempt(tab, Assignment.to_agent(agent.account_id))
    await tab.until(lambda: bool(notices(tab)))
    assert "Olga Owner has this conversation now" in notices(tab)[-1]
    assert await holder(db, conversation_id) == owner.account_id


async def test_an_agent_who_may_only_read_assigns_nothing(
    open_tab: OpenTab, owner: Actor, agent: Actor, work: Workspace, db: Database
) -> None:
    conversation_id = await work.conversation("Ada")
    await save(db, owner, Draft(TEAM, permissions=frozenset({"inbox.see"})), agent.team_id or 0)
    tab = await open_tab(agent, f"/inbox/{conversation_id}")
    await tab.send(OpenConversation.load)
    for event in (
        Assignment.offer(True),
        Assignment.to_agent(agent.account_id),
        Assignment.to_team(agent.team_id),
        Assignment.put_back,
        StatusMenu.change("resolved"),
        StatusMenu.change("open"),
    ):
        await attempt(tab, event)
    assert tab.vars(Assignment).get("agents", []) == []
    assert await holder(db, conversation_id) is None


async def test_a_conversation_that_is_requeued_leaves_the_screen_of_who_sees_only_their_own(
    open_tab: OpenTab, owner: Actor, agent: Actor, work: Workspace, db: Database
) -> None:
    conversation_id = await work.conversation("Ada")
    own = Draft(TEAM, permissions=frozenset({"inbox.do"}), visibility="own")
    await save(db, owner, own, agent.team_id or 0)
    async with db.write() as session:
        await assignment.assign(session, owner, conversation_id, agent_id=agent.account_id)
    tab = await open_tab(agent, f"/inbox/{conversation_id}")
    await tab.send(InboxList.load, OpenConversation.load)
    assert [row["name"] for row in tab.vars(InboxList)["rows"]] == ["Ada"]
    async with db.write() as session:
        await assignment.assign(session, owner, conversation_id, agent_id=owner.account_id)
    await tab.until(lambda: tab.vars(InboxList)["rows"] == [])
    await tab.until(lambda: tab.vars(OpenConversation)["missing"])


async def test_seats_and_teams_of_others_are_not_in_a_managers_reach(
    open_tab: OpenTab, owner: Actor, agent: Actor, new_account: NewAccount, db: Database
) -> None:
    above = await save(db, owner, Draft("Above", permissions=frozenset({"inbox.do", "export.do"})))
    boss = await new_account("Boss")
    async with db.write() as session:
        await agents.update(session, owner, boss.account_id or 0, agents.Draft(above))
    manages = Draft(TEAM, permissions=frozenset({"inbox.do", "teams.do"}))
    await save(db, owner, manages, agent.team_id or 0)
    tab = await open_tab(agent, "/agents")
    await tab.send(Agents.load)
    for event in (Agents.make_link(boss.account_id, ""), Agents.set_active(boss.account_id, False)):
        await attempt(tab, event)
    await tab.until(lambda: len(notices(tab)) == 2)
    assert all("more than you may" in text for text in notices(tab))
    assert tab.vars(Agents).get("link", "") == ""
    async with db.read() as session:
        assert (await session.get_one(Account, boss.account_id)).is_active


async def test_a_dialog_does_not_come_back_with_the_page(open_tab: OpenTab, owner: Actor) -> None:
    tab = await open_tab(owner, "/agents")
    await tab.send(Agents.load, Agents.ask("invite", 0))
    assert tab.vars(Agents)["dialog"] == "invite"
    await tab.send(Agents.load)
    assert tab.vars(Agents)["dialog"] == ""
