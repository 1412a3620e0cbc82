"""The left panel in open tabs: what the address asks for, paging in a window, search, views, many at once, statuses."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from state.base import Feedback
from state.inbox import ContactPanel, InboxList, OpenConversation
from state.inbox import conversations as list_state
from state.inbox.bulk import InboxBulk
from state.inbox.filters import InboxFilters, InboxViews
from state.inbox.search import InboxSearch
from state.inbox.status import StatusMenu
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from tests.pipeline.rows import Workspace, workspace
from wapto_app.clock import utcnow
from wapto_app.db import Database
from wapto_app.jobs import search as search_job
from wapto_app.models import (
    Account,
    Contact,
    ContactTag,
    Conversation,
    ConversationStatus,
    Role,
    Tag,
    Team,
    Visibility,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import inbox, tags
from wapto_app.services.errors import DomainError
from wapto_app.services.inbox import InboxFilter, views
from wapto_app.services.inbox.people import silent


@pytest.fixture
async def work(runtime: Runtime) -> Workspace:
    return await workspace(runtime)


@pytest.fixture
async def tab(open_tab: OpenTab, owner: Actor) -> Tab:
    return await open_tab(owner, "/inbox")


async def go(tab: Tab, path: str) -> None:
    tab.path = path
    for load in (InboxList.load, OpenConversation.load, ContactPanel.load):
        await tab.send(load)


def names(tab: Tab) -> list[str]:
    return [row["name"] for row in tab.vars(InboxList)["rows"]]


def notices(tab: Tab) -> list[str]:
    return [notice["text"] for notice in tab.vars(Feedback).get("notices", [])]


async def status_of(db: Database, conversation_id: int) -> str:
    async with db.read() as session:
        return (await session.get_one(Conversation, conversation_id)).status.value


async def test_the_address_says_what_is_shown_and_the_way_back_restores_it(
    tab: Tab, work: Workspace, db: Database, owner: Actor
) -> None:
    mine = await work.conversation("Ana", assignee_id=owner.account_id)
    await work.conversation("Bo", unread=-1)  # read: the one message that comes with it makes it 0
    await work.conversation("Cy", status=ConversationStatus.RESOLVED)
    await go(tab, "/inbox")
    await tab.until(lambda: names(tab) == ["Bo", "Ana"])
    assert tab.vars(InboxList)["counts"] == {"mine": 1, "unassigned": 1, "all": 2}
    await go(tab, f"/inbox/{mine}?tab=mine&unread=1")
    assert names(tab) == ["Ana"]
    assert tab.vars(InboxList)["query"] == "?tab=mine&unread=1"
    assert [chip["kind"] for chip in tab.vars(InboxList)["chips"]] == ["unread"]
    await tab.send(InboxList.drop("unread", "1"))
    await tab.send(InboxList.look("unassigned"))
    await tab.send(InboxList.order("waiting"))
    await tab.send(InboxList.clear)
    assert tab.redirects == [
        f"/inbox/{mine}?tab=mine",
        f"/inbox/{mine}?tab=unassigned&unread=1",
        f"/inbox/{mine}?tab=mine&unread=1&sort=waiting",
        f"/inbox/{mine}?tab=mine",
    ]
    await go(tab, "/inbox?status=resolved")
    assert names(tab) == ["Cy"]
    await go(tab, "/inbox")
    assert names(tab) == ["Bo", "Ana"]
    await go(tab, "/inbox?tab=nonsense&agent=x&tags=,,&status=&since=soon")
    assert names(tab) == ["Bo", "Ana"]


async def test_the_window_slides_down_and_up_and_stays_where_it_is_when_something_comes(
    tab: Tab, work: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inbox, "PAGE", 2)
    monkeypatch.setattr(list_state, "WINDOW", 4)
    ids = [await work.conversation(f"N{number}") for number in range(9)]
    tab = await _fresh(tab)
    assert names(tab) == ["N8", "N7"]
    seen = []
    for _ in range(5):
        await tab.send(InboxList.more)
        seen.append("".join(names(tab)))
    assert seen == ["N8N7N6N5", "N6N5N4N3", "N4N3N2N1", "N2N1N0", "N2N1N0"]
    assert tab.vars(InboxList)["has_more"] is False
    await work.says(ids[4], "news from above")
    await tab.send(InboxList.changed)
    assert names(tab) == ["N2", "N1", "N0"]
    up = []
    for _ in range(4):
        await tab.send(InboxList.earlier)
        up.append("".join(names(tab)))
    assert up == ["N5N3N2N1", "N7N6N5N3", "N4N8N7N6", "N4N8N7N6"]
    assert tab.vars(InboxList)["has_above"] is False


async def _fresh(tab: Tab) -> Tab:
    """As after a reload: the state's first values again."""
    await go(tab, "/inbox?tab=mine")
    await go(tab, "/inbox")
    return tab


async def test_the_dialog_makes_an_address(tab: Tab, work: Workspace, db: Database) -> None:
    await work.conversation("Ana")
    async with db.write() as session:
        session.add_all([Tag(name="VIP", key="vip"), Tag(name="Lead", key="lead")])
    await go(tab, "/inbox?unread=1&tags=2")
    await tab.send(InboxFilters.start)
    shown = tab.vars(InboxFilters)
    assert shown["is_open"]
    assert shown["chosen"] == {"unread": "1", "tags": "2", "open": "1", "pending": "1"}
    assert [tag["name"] for tag in shown["all_tags"]] == ["Lead", "VIP"]
    await tab.send(InboxFilters.toggle_tag(1, True))
    form = {
        "open": "on",
        "pending": "on",
        "resolved": "on",
        "window": "open",
        "agent": "3",
        "every_tag": "on",
    }
    await tab.send(InboxFilters.apply(form))
    assert tab.redirects == ["/inbox?agent=3&tags=1,2&every_tag=1&status=open,pending,resolved&window=open"]
    assert tab.vars(InboxFilters)["is_open"] is False


async def test_search_finds_people_and_messages_and_leads_to_the_message(
    tab: Tab, work: Workspace, runtime: Runtime
) -> None:
    ada = await work.conversation("Ada Lovelace")
    old = await work.history(ada, 120)
    await search_job.follow(runtime)
    await tab.send(InboxSearch.ask("  love "))
    assert [row["name"] for row in tab.vars(InboxSearch)["people"]] == ["Ada Lovelace"]
    await tab.send(InboxSearch.ask("line 7"))
    found = tab.vars(InboxSearch)["messages"]
    assert found[-1]["match"] == "Line 7"
    await tab.send(InboxSearch.ask("line"))
    assert (len(tab.vars(InboxSearch)["messages"]), tab.vars(InboxSearch)["more_messages"]) == (50, True)
    await tab.send(InboxSearch.more)
    await tab.send(InboxSearch.more)
    assert (len(tab.vars(InboxSearch)["messages"]), tab.vars(InboxSearch)["more_messages"]) == (120, False)
    await go(tab, f"/inbox/{ada}?message={old[10]}")
    shown = tab.vars(OpenConversation)
    assert old[10] in [row["id"] for row in shown["messages"]]
    assert (shown["target"], shown["has_newer"]) == (old[10], True)
    await go(tab, f"/inbox/{ada}?message=999999")
    assert old[10] in [row["id"] for row in tab.vars(OpenConversation)["messages"]]
    await tab.send(InboxSearch.ask(""))
    assert tab.vars(InboxSearch)["asked"] == ""


async def test_search_finds_contacts_without_a_conversation_too(
    tab: Tab, work: Workspace, db: Database, runtime: Runtime, open_tab: OpenTab, agent: Actor
) -> None:
    await work.conversation("Zoe Talks")
    async with db.write() as session:
        session.add(Contact(name="Zoe Silent"))
    await search_job.follow(runtime)
    await tab.send(InboxSearch.ask("zoe"))
    assert [row["name"] for row in tab.vars(InboxSearch)["people"]] == ["Zoe Talks"]
    assert [row["name"] for row in tab.vars(InboxSearch)["silent"]] == ["Zoe Silent"]
    async with db.read() as session:
        bare = replace(agent, permissions=frozenset({Permission.INBOX_SEE}))
        assert await silent(session, bare, "zoe") == []
        own = replace(agent, visibility=Visibility.OWN)
        assert await silent(session, own, "zoe") == []


async def test_what_was_just_resolved_is_taken_back_where_it_was_pressed(tab: Tab, work: Workspace) -> None:
    of = await work.conversation("Ana")
    await go(tab, f"/inbox/{of}")
    await tab.send(StatusMenu.change("resolved"))
    assert tab.vars(StatusMenu)["closed"] == of
    await tab.send(StatusMenu.change("open"))
    assert tab.vars(StatusMenu)["closed"] == 0


async def test_a_view_is_saved_from_what_is_shown_renamed_moved_and_deleted(
    tab: Tab, work: Workspace, open_tab: OpenTab, agent: Actor
) -> None:
    await go(tab, "/inbox?unread=1&sort=waiting")
    await tab.send(InboxViews.name_new)
    await tab.send(InboxViews.save({"name": "To answer", "shared": "on"}))
    await tab.send(InboxViews.save({"name": "Mine only"}))
    with suppress(DomainError):
        await tab.send(InboxViews.save({"name": "mine ONLY"}))
    rows = tab.vars(InboxViews)["rows"]
    assert [(row["name"], row["query"], row["shared"]) for row in rows] == [
        ("Mine only", "?unread=1&sort=waiting", False),
        ("To answer", "?unread=1&sort=waiting", True),
    ]
    other = await open_tab(agent, "/inbox")
    await other.send(InboxViews.offer(True))
    assert [(row["name"], row["mine"]) for row in other.vars(InboxViews)["rows"]] == [("To answer", False)]
    for attempt in (InboxViews.delete(rows[0]["id"]), InboxViews.delete(rows[1]["id"])):
        with suppress(DomainError):
            await other.send(attempt)
    await tab.send(InboxViews.name_again(rows[0]["id"]))
    await tab.send(InboxViews.save({"name": "Waiting"}))
    assert [row["name"] for row in tab.vars(InboxViews)["rows"]] == ["Waiting", "To answer"]
    await tab.send(InboxViews.delete(rows[0]["id"]))
    assert [row["name"] for row in tab.vars(InboxViews)["rows"]] == ["To answer"]


async def test_what_was_deleted_is_left_out_of_views_and_addresses_and_that_is_said(
    tab: Tab, work: Workspace, db: Database, owner: Actor
) -> None:
    async with db.write() as session:
        first, second = [await tags.create(session, owner, name) for name in ("VIP", "Slow")]
        team = Team(name="Late", key="late")
        session.add(team)
        await session.flush()
        for name, wanted in (("Both", (first, second)), ("Slow ones", (second,))):
            await views.save(session, owner, name, InboxFilter(tags=wanted, unread=True))
        await views.save(session, owner, "Late", InboxFilter(team=team.id or 0))
    async with db.write() as session:
        await tags.delete(session, owner, second)
        await session.delete(team)
    await tab.send(InboxViews.offer(True))
    shown = {row["name"]: (row["query"], row["incomplete"]) for row in tab.vars(InboxViews)["rows"]}
    assert shown == {
        "Both": (f"?unread=1&tags={first}", True),
        "Slow ones": ("?unread=1", True),
        "Late": ("", True),
    }
    async with db.write() as session:
        kept = await tags.merge(session, owner, first, await tags.create(session, owner, "Best"))
    await tab.send(InboxViews.offer(True))
    assert kept == "Best"
    best = next(row["query"] for row in tab.vars(InboxViews)["rows"] if row["name"] == "Both")
    await go(tab, "/inbox?team=1&unread=1&tags=999")
    assert tab.redirects[-1] == "/inbox?unread=1"
    assert "left out" in tab.vars(Feedback)["notices"][-1]["text"]
    await go(tab, f"/inbox{best}")
    assert [chip["name"] for chip in tab.vars(InboxList)["chips"] if chip["kind"] == "tags"] == ["Best"]


async def test_a_view_is_deleted_after_a_question(tab: Tab, work: Workspace) -> None:
    await tab.send(InboxViews.save({"name": "Mine"}))
    (row,) = tab.vars(InboxViews)["rows"]
    await tab.send(InboxViews.ask(row["id"]))
    assert (tab.vars(InboxViews)["deleting"], tab.vars(InboxViews)["name"]) == (row["id"], "Mine")
    await tab.send(InboxViews.keep)
    assert (tab.vars(InboxViews)["deleting"], len(tab.vars(InboxViews)["rows"])) == (0, 1)
    await tab.send(InboxViews.delete(row["id"]))
    assert tab.vars(InboxViews)["rows"] == []


async def test_many_at_once_are_resolved_and_that_is_taken_back(
    tab: Tab, work: Workspace, db: Database
) -> None:
    ids = [await work.conversation(f"N{number}") for number in range(3)]
    done = await work.conversation("Done", status=ConversationStatus.RESOLVED)
    await tab.send(InboxBulk.pick([*ids, done, 9999], True))
    await tab.send(InboxBulk.pick([ids[2]], False))
    await tab.send(InboxBulk.do("resolve", 0))
    said = tab.vars(InboxBulk)["said"]
    assert [(part["what"], part["count"]) for part in said] == [
        ("resolve", 2),
        ("unchanged", 1),
        ("skipped", 1),
    ]
    assert said[-1]["reason"].startswith("This conversation does not exist")
    assert [await status_of(db, of) for of in ids] == ["resolved", "resolved", "open"]
    assert tab.vars(InboxBulk)["picked"] == []
    await tab.send(InboxBulk.take_back)
    assert [await status_of(db, of) for of in [*ids, done]] == ["open", "open", "open", "resolved"]


async def test_every_deed_of_the_bar_does_what_it_says(
    tab: Tab, work: Workspace, db: Database, owner: Actor
) -> None:
    of = await work.conversation("Ana")
    async with db.write() as session:
        tag = Tag(name="VIP", key="vip")
        session.add(tag)
    for deed in (
        InboxBulk.do("assign", owner.account_id),
        InboxBulk.do("pending", 0),
        InboxBulk.do("read", 0),
        InboxBulk.tag(tag.id, True),
        InboxBulk.snooze("tomorrow"),
    ):
        await go(tab, "/inbox?status=open,pending,snoozed")
        await tab.send(InboxBulk.pick_all)
        assert tab.vars(InboxBulk)["picked"] == [of]
        await tab.send(deed)
        assert [part["count"] for part in tab.vars(InboxBulk)["said"]] == [1]
    async with db.read() as session:
        found = await session.get_one(Conversation, of)
        assert (found.assignee_id, found.status, found.unread) == (owner.account_id, "snoozed", 0)
        assert await session.get(ContactTag, (found.contact_id, tag.id)) is not None
    await tab.send(InboxBulk.start)
    assert tab.vars(InboxBulk)["picking"] is True


async def test_the_status_menu_and_its_times(tab: Tab, work: Workspace, db: Database) -> None:
    of = await work.conversation("Ana")
    await go(tab, f"/inbox/{of}")
    await tab.send(StatusMenu.offer(True))
    assert {"1h", "3h", "tomorrow", "monday"} <= set(tab.vars(StatusMenu)["times"])
    for status in ("pending", "resolved", "open"):
        await tab.send(StatusMenu.change(status))
        assert await status_of(db, of) == status
    await tab.send(StatusMenu.snooze("3h"))
    assert await status_of(db, of) == "snoozed"
    await tab.send(StatusMenu.change("open"), StatusMenu.ask_date(True))
    with suppress(DomainError):
        await tab.send(StatusMenu.snooze_to({"until": ""}))
    assert await status_of(db, of) == "open"
    later = (utcnow() + timedelta(days=2)).isoformat()
    await tab.send(StatusMenu.snooze_to({"until": later}))
    assert await status_of(db, of) == "snoozed"
    assert tab.vars(StatusMenu)["dating"] is False


async def test_who_may_only_read_changes_nothing(
    open_tab: OpenTab, db: Database, work: Workspace, reader: Actor
) -> None:
    of = await work.conversation("Ana")
    tab = await open_tab(reader, "/inbox")
    await go(tab, f"/inbox/{of}")
    await tab.send(InboxBulk.pick([of], True))
    refused: list[Any] = [
        InboxBulk.do("resolve", 0),
        InboxBulk.snooze("1h"),
        InboxBulk.tag(1, True),
        StatusMenu.change("resolved"),
        StatusMenu.snooze("1h"),
        InboxViews.save({"name": "Mine"}),
    ]
    for event in refused:
        with suppress(DomainError):
            await tab.send(event)
    assert await status_of(db, of) == "open"
    assert tab.vars(InboxViews).get("rows", []) == []


@pytest.fixture
async def reader(db: Database, agent: Actor, owner: Actor) -> Actor:
    """An agent of a team that only sees the inbox."""
    async with db.write() as session:
        team = await session.get_one(Team, agent.team_id)
        team.permissions = [Permission.INBOX_SEE.value]
        session.add(team)
        assert (await session.get_one(Account, agent.account_id)).role is Role.AGENT
    return agent
