"""The review page in open tabs: who gets figures, what is behind them, criteria and reviews."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from state.base import Feedback
from state.review import Behind, Review, Rubric
from state.review_conversation import ReviewedConversation
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from tests.pipeline.rows import Workspace, workspace
from wapto_app.clock import utcnow
from wapto_app.models import Account, Conversation, Team
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import assignment, inbox, presence
from wapto_app.services import desk as at_the_desk
from wapto_app.services.errors import DomainError

SAVE_DAYS = f"{Review.get_full_name()}.choose_days"


def days(first: str, last: str) -> dict[str, object]:
    return {"days": {"__reflex_form_data__": [["first", first], ["last", last]]}}


async def told(tab: Tab, errors: dict[str, str]) -> None:
    """What stands beside the fields once the refusal has come."""
    await tab.until(lambda: tab.vars(Feedback).get("errors") == errors)


@pytest.fixture
async def desk(runtime: Runtime) -> Workspace:
    return await workspace(runtime)


async def answered(desk: Workspace, who: Actor, name: str = "Carla Customer") -> int:
    conversation_id = await desk.conversation(name)
    async with desk.runtime.db.write() as session:
        said = at_the_desk.Said(conversation_id, utcnow() - timedelta(seconds=7))
        await (await session.connection()).run_sync(at_the_desk.arrived, [said])
        await inbox.send_text(session, who, conversation_id, "Hello!")
        await assignment.resolve(session, who, conversation_id)
    return conversation_id


async def grant(runtime: Runtime, agent: Actor, *permissions: str, **values: Any) -> None:
    granted = ["inbox.see", "inbox.do", *permissions]
    async with runtime.db.write() as session:
        team = sa.update(Team).where(Team.id == agent.team_id)  # type: ignore[arg-type]
        await session.exec(team.values(permissions=granted, **values))


async def test_the_owner_sees_the_figures_and_they_follow_the_range(
    open_tab: OpenTab, owner: Actor, agent: Actor, desk: Workspace
) -> None:
    await answered(desk, agent)
    tab = await open_tab(owner, "/review")
    await tab.send(Review.load)
    seen = tab.vars(Review)
    assert [(row["name"], row["conversations"], row["messages"]) for row in seen["rows"]] == [
        ("Ben Agent", 1, 1)
    ]
    assert (seen["total"]["conversations"], seen["step"], len(seen["bars"])) == (1, "day", 7)
    assert seen["first"] < seen["last"]
    await tab.send(Review.choose_range("today"))
    assert (tab.vars(Review)["step"], len(tab.vars(Review)["bars"])) == ("hour", 24)
    await tab.raw(SAVE_DAYS, days("2020-01-01", "2020-01-31"))
    seen = tab.vars(Review)
    assert (seen["range"], seen["total"]["conversations"], len(seen["bars"])) == ("custom", 0, 31)
    assert "first=2020-01-01" in seen["export_path"]


async def test_a_range_that_is_none_is_refused_beside_its_field_and_changes_nothing(
    open_tab: OpenTab, owner: Actor
) -> None:
    tab = await open_tab(owner, "/review")
    await tab.send(Review.load, Review.ask_for_days)
    with suppress(DomainError):
        await tab.raw(SAVE_DAYS, days("2026-03-02", "2026-03-01"))
    await told(tab, {"last": "The last day is before the first."})
    assert tab.vars(Review)["range"] == "7"
    await tab.send(Review.choose_range("90"))
    assert len(tab.vars(Review)["bars"]) == 90


async def test_the_table_is_sorted_by_every_column_and_by_nothing_else(
    open_tab: OpenTab, owner: Actor, agent: Actor, desk: Workspace
) -> None:
    await answered(desk, agent)
    await answered(desk, owner)
    await answered(desk, owner)
    tab = await open_tab(owner, "/review")
    await tab.send(Review.load)
    for by, first in (("name", "Ben Agent"), ("-name", "Olga Owner"), ("messages", "Ben Agent")):
        await tab.send(Review.sort_by(by))
        assert tab.vars(Review)["rows"][0]["name"] == first, by
    await tab.send(Review.sort_by("password_hash"))
    assert tab.vars(Review)["sort"] == "messages"
    await tab.send(Review.choose_by("teams"))
    assert [row["name"] for row in tab.vars(Review)["rows"]] == ["Support"]


async def test_without_the_permission_nothing_reaches_the_tab(
    open_tab: OpenTab, agent: Actor, owner: Actor, desk: Workspace
) -> None:
    conversation_id = await answered(desk, agent, "Secret Customer")
    tab = await open_tab(agent, f"/review/{conversation_id}")
    await tab.send(
        Review.load,
        Behind.open(agent.account_id or 0, "x"),
        Rubric.start,
        ReviewedConversation.load,
        ReviewedConversation.save,
        ReviewedConversation.delete,
    )
    for state in (Review, Behind, Rubric, ReviewedConversation):
        for name in ("rows", "chats", "reviews", "messages", "agents"):
            assert not tab.vars(state).get(name), (state, name)
    assert "Secret Customer" not in str(tab.updates)


async def test_a_stranger_is_sent_to_the_login(open_tab: OpenTab) -> None:
    tab = await open_tab(None, "/review")
    await tab.send(Review.load)
    assert tab.redirects
    assert all(path.startswith("/login") for path in tab.redirects)
    assert tab.vars(Review).get("rows", []) == []


async def test_an_agent_who_sees_reports_sees_only_their_team(
    open_tab: OpenTab, runtime: Runtime, owner: Actor, agent: Actor, desk: Workspace
) -> None:
    await answered(desk, owner)
    await answered(desk, agent)
    await grant(runtime, agent, "reports.see", visibility="team")
    tab = await open_tab(agent, "/review")
    await tab.send(Review.load)
    seen = tab.vars(Review)
    assert [row["name"] for row in seen["rows"]] == ["Ben Agent"]
    assert seen["total"]["conversations"] == 1
    tab.clear()
    with suppress(DomainError):
        await tab.send(Behind.open(owner.account_id or 0, "Olga"))
    assert tab.vars(Behind).get("chats", []) == []
    await tab.until(lambda: "may not see it" in str(tab.vars(Feedback).get("notices")))
    await tab.send(Rubric.start)
    assert not tab.vars(Rubric).get("open")


async def test_losing_the_permission_empties_an_open_page(
    open_tab: OpenTab, runtime: Runtime, agent: Actor, desk: Workspace
) -> None:
    await answered(desk, agent)
    await grant(runtime, agent, "reports.see")
    tab = await open_tab(agent, "/review")
    await tab.send(Review.load)
    assert tab.vars(Review)["rows"]
    await grant(runtime, agent)
    from wapto_app.security import cookies

    cookies.forget()
    await tab.send(Review.choose_range("30"))
    assert tab.vars(Review)["rows"] == []


async def test_who_comes_online_is_seen_without_a_reload(
    open_tab: OpenTab, owner: Actor, agent: Actor, desk: Workspace
) -> None:
    tab = await open_tab(owner, "/review")
    await tab.send(Review.load)
    assert tab.vars(Review)["rows"][0]["is_online"] is False
    await desk.runtime.writer.run(presence.beat, frozenset({agent.account_id or 0}))
    desk.runtime.hub.publish(frozenset({presence.TOPIC}))
    await tab.until(lambda: tab.vars(Review)["rows"][0]["is_online"])


async def test_from_a_figure_to_a_review_and_back(
    open_tab: OpenTab, owner: Actor, agent: Actor, desk: Workspace
) -> None:
    conversation_id = await answered(desk, agent)
    tab = await open_tab(owner, "/review")
    await tab.send(Review.load, Behind.open(agent.account_id or 0, "Ben Agent"))
    assert [row["name"] for row in tab.vars(Behind)["chats"]] == ["Carla Customer"]
    await tab.send(Behind.choose("first_reply"))
    assert tab.vars(Behind)["chats"][0]["time"] == "7 s"
    tab.path = f"/review/{conversation_id}?agent={agent.account_id}"
    await tab.send(ReviewedConversation.load)
    seen = tab.vars(ReviewedConversation)
    assert (seen["name"], seen["agent"]) == ("Carla Customer", str(agent.account_id))
    assert [message["body"] for message in seen["messages"] if message["kind"] != "event"] == [
        "Hello from Carla Customer",
        "Hello!",
    ]
    with suppress(DomainError):
        await tab.send(ReviewedConversation.save)
    await told(tab, {"scores": "Give every criterion 1 to 5 points."})
    for row, points in zip(seen["points"], (5, 4, 3), strict=True):
        await tab.send(ReviewedConversation.give(row["key"], points))
    await tab.send(ReviewedConversation.write_note("Well done."), ReviewedConversation.save)
    await tab.until(lambda: len(tab.vars(ReviewedConversation)["reviews"]) == 1)
    (review,) = tab.vars(ReviewedConversation)["reviews"]
    assert (review["total"], review["note"], review["reviewer"]) == (375, "Well done.", "Olga Owner")
    await tab.send(Behind.choose("reviews"))
    assert [row["total"] for row in tab.vars(Behind)["reviews"]] == [375]
    await tab.send(Review.changed)
    assert tab.vars(Review)["rows"][0]["score"] == "3.8"
    await tab.send(ReviewedConversation.edit(review["id"]))
    assert tab.vars(ReviewedConversation)["editing_id"] == review["id"]
    await tab.send(ReviewedConversation.give("solution", 5), ReviewedConversation.save)
    await tab.until(lambda: tab.vars(ReviewedConversation)["reviews"][0]["total"] == 475)
    assert tab.vars(ReviewedConversation)["reviews"][0]["is_edited"] is True
    await tab.send(ReviewedConversation.ask_to_delete(review["id"]), ReviewedConversation.delete)
    await tab.until(lambda: tab.vars(ReviewedConversation)["reviews"] == [])


async def test_reading_for_a_review_leaves_the_conversation_unread(
    open_tab: OpenTab, runtime: Runtime, owner: Actor, agent: Actor, desk: Workspace
) -> None:
    conversation_id = await answered(desk, agent)
    tab = await open_tab(owner, f"/review/{conversation_id}")
    await tab.send(ReviewedConversation.load)
    assert tab.vars(ReviewedConversation)["messages"]
    async with runtime.db.read() as session:
        assert (await session.get_one(Conversation, conversation_id)).unread == 1


async def test_a_closed_panel_stays_closed_and_a_team_has_no_reviews_of_its_own(
    open_tab: OpenTab, owner: Actor, agent: Actor, desk: Workspace
) -> None:
    await answered(desk, agent)
    tab = await open_tab(owner, "/review")
    await tab.send(Review.load, Behind.choose("resolved"))
    assert not tab.vars(Behind).get("chats")
    await tab.send(Review.choose_by("teams"), Behind.open(agent.team_id or 0, "Support"))
    assert [row["name"] for row in tab.vars(Behind)["chats"]] == ["Carla Customer"]
    await tab.send(Behind.close)
    assert (tab.vars(Behind)["team_id"], tab.vars(Behind)["chats"]) == (0, [])


@pytest.mark.parametrize("path", ["/review/999", "/review/0", "/review/99999999999", "/review/x"])
async def test_a_conversation_that_is_not_there_is_said_to_be_missing(
    open_tab: OpenTab, owner: Actor, path: str
) -> None:
    tab = await open_tab(owner, path)
    await tab.send(ReviewedConversation.load)
    assert tab.vars(ReviewedConversation)["missing"] is True


async def test_a_hidden_number_is_nowhere_on_the_page(
    open_tab: OpenTab, runtime: Runtime, agent: Actor, desk: Workspace
) -> None:
    conversation_id = await answered(desk, agent, "")
    async with runtime.db.write() as session:
        await session.exec(sa.update(Account).values(hide_phone=True))  # type: ignore[call-overload]
        number = str((await session.exec(sa.text("SELECT value FROM contact_address"))).first()[0])  # type: ignore[call-overload]
    await grant(runtime, agent, "reports.see", "reports.do")
    tab = await open_tab(agent, f"/review/{conversation_id}")
    await tab.send(Review.load, Behind.open(agent.account_id or 0, "Ben"), ReviewedConversation.load)
    assert tab.vars(Behind)["chats"]
    assert tab.vars(ReviewedConversation)["messages"]
    assert number[1:] not in str(tab.updates)


async def test_the_criteria_are_changed_in_place(open_tab: OpenTab, owner: Actor) -> None:
    tab = await open_tab(owner, "/review")
    await tab.send(Rubric.start)
    assert len(tab.vars(Rubric)["rows"]) == 3
    await tab.send(Rubric.remove(0), Rubric.add)
    with suppress(DomainError):
        await tab.send(Rubric.save)
    await told(tab, {"rubric": "Every criterion needs a name."})
    assert tab.vars(Rubric)["open"] is True
    await tab.send(Rubric.rename(2, "  Follows   up "), Rubric.weigh(2, "99"))
    with suppress(DomainError):
        await tab.send(Rubric.save)
    await told(tab, {"rubric": "A weight is a whole number from 1 to 10."})
    await tab.send(Rubric.weigh(2, "3"), Rubric.save)
    assert tab.vars(Rubric)["open"] is False
    await tab.send(Rubric.start)
    last = tab.vars(Rubric)["rows"][2]
    assert (last["name"], last["weight"], bool(last["key"])) == ("Follows up", 3, True)
