"""Contacts in open tabs: the owner's, an agent's with less to see, a stranger's."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import pytest

from state.base import Feedback
from state.contacts import (
    ContactBulk,
    ContactList,
    ContactPage,
    Duplicates,
    MergeContacts,
    NewContact,
    StartChat,
)
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from tests.pipeline.rows import Workspace, workspace
from tests.services.test_contact_list import new
from wapto_app.jobs import search
from wapto_app.models import Contact, Conversation
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import contacts, tags
from wapto_app.services.errors import DomainError


@pytest.fixture
async def work(runtime: Runtime) -> Workspace:
    return await workspace(runtime)


def form(**values: Any) -> dict[str, object]:
    return {"form": {"__reflex_form_data__": [[name, value] for name, value in values.items()]}}


def notices(tab: Tab) -> list[str]:
    return [notice["text"] for notice in tab.vars(Feedback).get("notices", [])]


def names(tab: Tab) -> list[str]:
    return [row["name"] for row in tab.vars(ContactList)["rows"]]


async def add(runtime: Runtime, owner: Actor, number: int, **values: str) -> int:
    async with runtime.db.write() as session:
        return await contacts.create(session, owner, new(f"+1650555{number:04}", **values))


async def add_many(runtime: Runtime, *made: Contact) -> None:
    async with runtime.db.write() as session:
        session.add_all(made)


async def goes(tab: Tab, event: Any) -> None:
    """What leads to another address, and the page there."""
    tab.clear()
    await tab.send(event)
    [path] = tab.redirects
    await tab.open(path)


async def test_the_table_is_live_searched_sorted_and_paged(
    open_tab: OpenTab, owner: Actor, runtime: Runtime
) -> None:
    await add_many(runtime, *[Contact(name=f"P{number:02}") for number in range(52)])
    tab = await open_tab(owner, "/contacts")
    assert (len(names(tab)), tab.vars(ContactList)["total"]) == (50, 52)
    await tab.send(ContactList.next)
    assert names(tab) == ["P50", "P51"]
    await tab.send(ContactList.previous)
    assert names(tab)[0] == "P00"
    await goes(tab, ContactList.sort_by("-name"))
    assert names(tab)[0] == "P51"
    await add(runtime, owner, 99, name="Zoe")
    await tab.until(lambda: names(tab)[0] == "Zoe")
    await search.follow(runtime)
    await goes(tab, ContactList.find("p1"))
    assert len(names(tab)) == 10


async def test_columns_are_kept_for_the_account(open_tab: OpenTab, owner: Actor) -> None:
    tab = await open_tab(owner, "/contacts")
    await tab.send(ContactList.show_column("source", True))
    await tab.send(ContactList.show_column("nonsense", True))
    await tab.send(ContactList.show_column("phone", False))
    other = await open_tab(owner, "/contacts")
    shown = other.vars(ContactList)["shown"]
    assert "source" in shown
    assert not {"phone", "nonsense"} & set(shown)


async def test_a_deed_reaches_all_that_match_and_says_how_many(
    open_tab: OpenTab, owner: Actor, runtime: Runtime
) -> None:
    await add_many(runtime, *[Contact(name=f"P{n:02}", company="Acme" if n % 2 else "") for n in range(52)])
    async with runtime.db.write() as session:
        [vip] = await tags.ensure(session, owner, ["VIP"])
    tab = await open_tab(owner, "/contacts")
    await search.follow(runtime)
    await goes(tab, ContactList.find("acme"))
    await tab.send(ContactList.mark_page(True))
    await tab.send(ContactList.mark_all)
    await tab.send(ContactBulk.run("tag", vip))
    await tab.until(lambda: "26 contacts tagged." in notices(tab))
    await tab.send(ContactList.mark(tab.vars(ContactList)["rows"][0]["id"]))
    await tab.send(ContactBulk.ask("delete"))
    asked = tab.vars(ContactBulk)
    assert (asked["asked"], asked["total"], asked["messages"]) == ("delete", 1, 0)
    await tab.send(ContactBulk.run("delete", 0))
    await tab.until(lambda: "1 contact deleted." in notices(tab))
    await tab.until(lambda: tab.vars(ContactList)["total"] == 25)


async def test_a_new_contact_is_checked_beside_its_field_and_opened(
    open_tab: OpenTab, owner: Actor, work: Workspace
) -> None:
    tab = await open_tab(owner, "/contacts")
    await tab.send(NewContact.start)
    assert tab.vars(NewContact)["country"] == "US"
    with suppress(DomainError):
        await tab.raw(f"{NewContact.get_full_name()}.save", form(phone="12", name="Ada"))
    await tab.until(lambda: "phone" in tab.vars(Feedback)["errors"])
    await tab.raw(f"{NewContact.get_full_name()}.save", form(phone="(650) 555-1234", name="Ada"))
    assert tab.redirects == ["/contacts/1"]


async def test_the_page_of_one_follows_what_others_do(
    open_tab: OpenTab, owner: Actor, runtime: Runtime, work: Workspace
) -> None:
    conversation_id = await work.conversation("Carla")
    tab = await open_tab(owner, "/contacts/1")
    page = tab.vars(ContactPage)
    assert (page["who"]["shown"], [row["id"] for row in page["conversations"]]) == (
        "Carla",
        [conversation_id],
    )
    async with runtime.db.write() as session:
        await contacts.opt_out(session, owner, [1])
    await tab.until(lambda: tab.vars(ContactPage)["who"]["opt"] == "out")
    await tab.send(ContactPage.opt(True))
    await tab.send(ContactPage.create_tag("VIP"))
    await tab.until(lambda: [tag["name"] for tag in tab.vars(ContactPage)["tags"]] == ["VIP"])
    await tab.send(StartChat.start(1, "Carla"))
    assert tab.redirects == [f"/inbox/{conversation_id}"]


async def test_deleting_leads_back_to_the_table(open_tab: OpenTab, owner: Actor, work: Workspace) -> None:
    await work.conversation("Carla")
    tab = await open_tab(owner, "/contacts/1")
    await tab.send(ContactPage.ask("delete"))
    assert (tab.vars(ContactPage)["lost_conversations"], tab.vars(ContactPage)["lost_messages"]) == (1, 1)
    await tab.send(ContactPage.delete)
    assert tab.redirects == ["/contacts"]
    await tab.open("/contacts/1")
    assert tab.vars(ContactPage)["gone"] is True


async def test_two_are_compared_and_become_one(open_tab: OpenTab, owner: Actor, runtime: Runtime) -> None:
    await add(runtime, owner, 1, name="Ada", email="ada@example.com", company="Old")
    await add(runtime, owner, 2, name="A. L.", email="ada@example.com", company="New")
    tab = await open_tab(owner, "/contacts/duplicates")
    [pair] = tab.vars(Duplicates)["pairs"]
    await tab.send(MergeContacts.compare(pair["first"]["id"], pair["second"]["id"]))
    assert [each["field"] for each in tab.vars(MergeContacts)["choices"]] == ["name", "company"]
    await tab.send(MergeContacts.keep("company", False))
    await tab.send(MergeContacts.merge)
    assert tab.redirects == ["/contacts/1"]
    async with runtime.db.read() as session:
        kept = await session.get_one(Contact, 1)
        assert (kept.name, kept.company, await session.get(Contact, 2)) == ("Ada", "New", None)
    await tab.until(lambda: tab.vars(Duplicates)["pairs"] == [])


async def test_an_agent_of_another_team_sees_and_changes_nothing(
    open_tab: OpenTab,
    owner: Actor,
    agent: Actor,
    runtime: Runtime,
    work: Workspace,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from dataclasses import replace

    from tests.pipeline.test_policy import everybody_is
    from wapto_app.models import Visibility

    conversation_id = await work.conversation("Carla")
    async with runtime.db.write() as session:
        (await session.get_one(Conversation, conversation_id)).assignee_id = owner.account_id
    everybody_is(monkeypatch, replace(agent, visibility=Visibility.OWN, session_id=1))
    tab = await open_tab(agent, "/contacts")
    assert names(tab) == []
    await tab.open("/contacts/1")
    assert tab.vars(ContactPage)["gone"] is True
    for event in (ContactPage.opt(False), ContactPage.delete, MergeContacts.compare(1, 2)):
        with suppress(DomainError):
            await tab.send(event)
    async with runtime.db.read() as session:
        kept = await session.get_one(Contact, 1)
    assert kept.opted_out_at is None


async def test_a_stranger_gets_nothing(open_tab: OpenTab, owner: Actor, runtime: Runtime) -> None:
    await add(runtime, owner, 1, name="Ada")
    tab = await open_tab(None, "/contacts")
    await asyncio.sleep(0)
    assert "Ada" not in repr(tab.updates)


async def test_a_filter_by_tag_is_put_on_and_taken_off(
    open_tab: OpenTab, owner: Actor, runtime: Runtime
) -> None:
    ids = [await add(runtime, owner, number, name=name) for number, name in enumerate(("Ada", "Bea"))]
    async with runtime.db.write() as session:
        [vip] = await tags.ensure(session, owner, ["VIP"])
        await tags.apply(session, owner, ids[:1], [vip])
    tab = await open_tab(owner, "/contacts")
    await goes(tab, ContactList.choose_tag(vip, True))
    assert names(tab) == ["Ada"]
    await goes(tab, ContactList.choose_tags_way("none"))
    assert names(tab) == ["Bea"]
    await goes(tab, ContactList.choose_tag(vip, False))
    assert names(tab) == ["Ada", "Bea"]
    await goes(tab, ContactList.choose("opt", "out"))
    assert (names(tab), tab.vars(ContactList)["filters"]) == ([], 1)
    await goes(tab, ContactList.clear_filters)
    assert names(tab) == ["Ada", "Bea"]


async def test_filters_are_in_the_address_for_colleagues_and_the_way_back(
    open_tab: OpenTab, owner: Actor, runtime: Runtime
) -> None:
    for number, name in enumerate(("Ada", "Bea")):
        await add(runtime, owner, number, name=name, source="fair" if name == "Ada" else "")
    tab = await open_tab(owner, "/contacts")
    await tab.send(ContactList.open_filters(True))
    await goes(tab, ContactList.choose("source", "fair"))
    assert (tab.path, names(tab)) == ("/contacts?source=fair", ["Ada"])
    assert tab.vars(ContactList)["filtering"], "the panel stays open while one filters"
    await goes(tab, ContactList.sort_by("-name"))
    colleague = await open_tab(owner, tab.path)
    assert (names(colleague), colleague.vars(ContactList)["sort"]) == (["Ada"], "-name")
    await tab.open("/contacts")
    assert (names(tab), tab.vars(ContactList)["filters"]) == (["Ada", "Bea"], 0)
    await tab.open("/contacts?created_from=never&tags=x&sort=?&fields=[[1]]&opt=no&segment=99999999999")
    assert (names(tab), tab.vars(ContactList)["filters"]) == (["Ada", "Bea"], 0)


async def test_a_tag_is_taken_off_on_the_page_of_one(
    open_tab: OpenTab, owner: Actor, runtime: Runtime
) -> None:
    await add(runtime, owner, 1)
    tab = await open_tab(owner, "/contacts/1")
    await tab.send(ContactPage.create_tag("VIP"))
    await tab.until(lambda: len(tab.vars(ContactPage)["tags"]) == 1)
    await tab.send(ContactPage.tag(tab.vars(ContactPage)["tags"][0]["id"], False))
    await tab.until(lambda: tab.vars(ContactPage)["tags"] == [])
