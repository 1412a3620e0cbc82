"""The inbox in open tabs: list, thread, contact, and what an agent does there."""

from __future__ import annotations

import asyncio
import time
import uuid
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from state.base import Feedback
from state.inbox import Composer, ContactPanel, InboxList, OpenConversation, selected_in
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from tests.pipeline.rows import Workspace, workspace
from wapto_app.clock import utcnow
from wapto_app.db import Database, touch
from wapto_app.models import Account, Contact, Conversation, Message, MessageStatus
from wapto_app.runtime import Runtime
from wapto_app.security import cookies
from wapto_app.security.permissions import Actor, Visibility
from wapto_app.services import inbox
from wapto_app.services.errors import DomainError
from wapto_app.services.inbox import thread


@pytest.fixture
async def work(runtime: Runtime) -> Workspace:
    return await workspace(runtime)


def rows(tab: Tab) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = tab.vars(InboxList)["rows"]
    return found


def bodies(tab: Tab) -> list[str]:
    return [message["body"] for message in tab.vars(OpenConversation).get("messages", [])]


def notices(tab: Tab) -> list[str]:
    return [notice["text"] for notice in tab.vars(Feedback).get("notices", [])]


async def show(tab: Tab, conversation_id: int) -> None:
    """Go to a conversation as a click on its row would."""
    await go(tab, f"/inbox/{conversation_id}")


async def go(tab: Tab, path: str) -> None:
    tab.path = path
    for load in (InboxList.load, OpenConversation.load, ContactPanel.load, Composer.load):
        await tab.send(load)


async def attempt(tab: Tab, *events: Any) -> None:
    """Fire what is refused: the refusal must reach the tab, not us."""
    with suppress(DomainError):
        await tab.send(*events)


def sending(conversation_id: int, text: str, before: str = "", **more: Any) -> Any:
    """What the composer fires; each time under a new ref. ``before`` is the text that it has last saved."""
    message = {"text": text, "files": [], "reply_to": 0} | more
    return Composer.send(conversation_id, uuid.uuid4().hex, message, {"text": before, "files": []})


async def stored(db: Database, message_id: int) -> Message:
    async with db.read() as session:
        return await session.get_one(Message, message_id)


async def test_the_list_shows_the_newest_first_and_follows(tab: Tab, work: Workspace) -> None:
    await work.conversation("Ana")
    second = await work.conversation("Bo")
    await go(tab, "/inbox")
    assert [row["name"] for row in rows(tab)] == ["Bo", "Ana"]
    assert tab.vars(InboxList)["loaded"] is True
    third = await work.conversation("Cy")
    await tab.until(lambda: len(rows(tab)) == 3)
    await work.says(second, "Me again")
    await tab.until(lambda: [row["id"] for row in rows(tab)][:2] == [second, third])
    assert rows(tab)[0]["preview"] == "Me again"


@pytest.mark.parametrize("read_first", ["listing", "recent"])
async def test_what_arrives_while_a_tab_loads_is_not_lost(
    tab: Tab, work: Workspace, monkeypatch: pytest.MonkeyPatch, read_first: str
) -> None:
    conversation_id = await work.conversation("Ana")
    original = getattr(inbox, read_first)

    async def overtaken(*args: Any, **more: Any) -> Any:
        answer = await original(*args, **more)
        monkeypatch.undo()
        await work.says(conversation_id, "while you were reading")
        return answer

    monkeypatch.setattr(inbox, read_first, overtaken)
    await show(tab, conversation_id)
    await tab.until(lambda: rows(tab)[0]["preview"] == "while you were reading")
    await tab.until(lambda: bodies(tab)[-1:] == ["while you were reading"])


async def test_a_conversation_opens_with_its_messages_its_head_and_its_contact(
    tab: Tab, work: Workspace
) -> None:
    conversation_id = await work.conversation("Ana")
    await work.answers(conversation_id, "Hi Ana", MessageStatus.SENT)
    await show(tab, conversation_id)
    assert bodies(tab) == ["Hello from Ana", "Hi Ana"]
    header = tab.vars(OpenConversation)["header"]
    assert (header["name"], header["channel"], header["unread"]) == ("Ana", "Harbour Homes", 1)
    assert tab.vars(ContactPanel)["card"]["name"] == "Ana"


async def test_going_to_another_conversation_leaves_nothing_of_the_first(tab: Tab, work: Workspace) -> None:
    first, second = await work.conversation("Ana"), await work.conversation("Bo")
    await show(tab, first)
    await tab.send(OpenConversation.reply_to(tab.vars(OpenConversation)["messages"][0]["id"]))
    assert tab.vars(OpenConversation)["quote"]["text"] == "Hello from Ana"
    await show(tab, second)
    assert bodies(tab) == ["Hello from Bo"]
    assert tab.vars(OpenConversation)["quote"] == {"id": 0, "text": ""}
    assert tab.vars(ContactPanel)["card"]["name"] == "Bo"
    tab.clear()
    await work.says(first, "to whom it does not concern")
    await tab.until(lambda: bool(tab.vars(InboxList)))
    assert tab.vars(OpenConversation) == {}
    await go(tab, "/inbox")
    assert tab.vars(OpenConversation)["selected"] == 0
    assert tab.vars(OpenConversation)["messages"] == []
    assert tab.vars(ContactPanel)["card"]["id"] == 0


@pytest.mark.parametrize("path", ["/inbox/999999", "/inbox/99999999999999999", "/inbox/0007777"])
async def test_a_conversation_that_is_not_there_is_said_to_be_missing(
    tab: Tab, work: Workspace, path: str
) -> None:
    known = await work.conversation("Ana")
    await show(tab, known)
    await go(tab, path)
    assert tab.vars(OpenConversation)["missing"] is True
    assert tab.vars(OpenConversation)["messages"] == []
    assert tab.vars(ContactPanel)["card"]["id"] == 0
    await work.says(known, "still here")
    await tab.until(lambda: rows(tab)[0]["preview"] == "still here")
    assert notices(tab) == []
    await show(tab, known)
    assert tab.vars(OpenConversation)["missing"] is False
    assert bodies(tab)[-1] == "still here"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/inbox", 0),
        ("/inbox/", 0),
        ("/inbox/7", 7),
        ("/inbox/7/", 7),
        ("/inbox/x7", 0),
        ("/inbox/-7", 0),
        ("/inbox/٧", 0),
        ("/inbox/" + "9" * 30, 0),
        ("/inbox/1.5", 0),
        ("/inbox/1/2", 2),
    ],
)
def test_which_conversation_a_path_names(path: str, expected: int) -> None:
    assert selected_in(path) == expected


async def own_only(actor: Actor, db: Database, monkeypatch: pytest.MonkeyPatch) -> Actor:
    """From now on, agents see only what is assigned to them."""
    original = cookies.actor_of

    async def narrowed(header: str) -> Actor | None:
        found = await original(header)
        if found is None or found.account_id != actor.account_id:
            return found
        return replace(found, visibility=Visibility.OWN, hide_phone=True)

    monkeypatch.setattr(cookies, "actor_of", narrowed)
    return replace(actor, visibility=Visibility.OWN)


async def test_an_agent_reaches_only_their_own_conversations(
    open_tab: OpenTab, agent: Actor, work: Workspace, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = await work.conversation("Ana", assignee_id=agent.account_id)
    others = await work.conversation("Bo")
    failed = await work.answers(others, "Secret offer", MessageStatus.FAILED)
    await own_only(agent, db, monkeypatch)
    tab = await open_tab(agent)
    await show(tab, others)
    assert [row["name"] for row in rows(tab)] == ["Ana"]
    assert tab.vars(OpenConversation)["missing"] is True
    await attempt(tab, sending(others, "let me in"))
    await attempt(tab, OpenConversation.retry(failed))
    await attempt(tab, OpenConversation.mark_unread)
    await tab.until(lambda: len(notices(tab)) == 3)
    assert set(notices(tab)) == {"This conversation does not exist any more, or you may not see it."}
    assert (await stored(db, failed)).status is MessageStatus.FAILED
    assert "Secret offer" not in str([update.delta for update in tab.updates])
    await show(tab, theirs)
    phone = tab.vars(ContactPanel)["card"]["phone"]
    assert bodies(tab) == ["Hello from Ana"]
    assert "•" in phone


async def test_a_conversation_given_to_somebody_else_goes_from_the_screen(
    open_tab: OpenTab, agent: Actor, work: Workspace, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    conversation_id = await work.conversation("Ana", assignee_id=agent.account_id)
    await own_only(agent, db, monkeypatch)
    tab = await open_tab(agent)
    await show(tab, conversation_id)

    async def assign(account_id: int | None) -> None:
        async with db.write() as session:
            (await session.get_one(Conversation, conversation_id)).assignee_id = account_id
            touch(session, "inbox", f"conversation:{conversation_id}")

    await assign(None)
    await tab.until(lambda: tab.vars(OpenConversation)["missing"] is True)
    await tab.until(lambda: tab.vars(ContactPanel)["card"]["id"] == 0)
    assert bodies(tab) == []
    assert tab.vars(OpenConversation)["header"]["name"] == ""
    assert rows(tab) == []
    assert notices(tab) == []
    await assign(agent.account_id)
    await tab.until(lambda: bodies(tab) == ["Hello from Ana"])
    await tab.until(lambda: tab.vars(ContactPanel)["card"]["name"] == "Ana")


async def test_a_deleted_contact_leaves_quietly(tab: Tab, work: Workspace, db: Database) -> None:
    conversation_id = await work.conversation("Ana")
    await show(tab, conversation_id)
    contact_id = tab.vars(ContactPanel)["card"]["id"]
    async with db.write() as session:
        await session.delete(await session.get_one(Contact, contact_id))
        touch(session, "inbox", f"conversation:{conversation_id}", f"contact:{contact_id}")
    await tab.until(lambda: tab.vars(OpenConversation)["missing"] is True)
    await tab.until(lambda: tab.vars(ContactPanel)["card"]["id"] == 0)
    assert notices(tab) == []


async def test_paging_upward_has_neither_gaps_nor_doubles_while_messages_arrive(
    tab: Tab, work: Workspace
) -> None:
    conversation_id = await work.conversation("Ana")
    await work.history(conversation_id, 120)
    await show(tab, conversation_id)
    assert bodies(tab) == [*(f"Line {number}" for number in range(71, 120)), "Hello from Ana"]
    await work.says(conversation_id, "one")
    await tab.until(lambda: bodies(tab)[-1] == "one")
    await tab.send(OpenConversation.load_older)
    await work.says(conversation_id, "two")
    await tab.until(lambda: bodies(tab)[-1] == "two")
    assert tab.vars(OpenConversation)["has_older"] is True
    await tab.send(OpenConversation.load_older)
    await tab.send(OpenConversation.load_older)
    expected = [*(f"Line {number}" for number in range(120)), "Hello from Ana", "one", "two"]
    assert bodies(tab) == expected
    assert tab.vars(OpenConversation)["has_older"] is False
    before = len(tab.updates)
    await tab.send(OpenConversation.load_older)
    assert len(tab.updates) == before


async def test_messages_of_the_same_moment_are_paged_one_after_the_other(tab: Tab, work: Workspace) -> None:
    conversation_id = await work.conversation("Ana")
    at = utcnow()
    for number in range(60):
        await work.says(conversation_id, f"Same {number}", at=at)
    await show(tab, conversation_id)
    while tab.vars(OpenConversation)["has_older"]:
        await tab.send(OpenConversation.load_older)
    assert bodies(tab) == ["Hello from Ana", *(f"Same {number}" for number in range(60))]


async def test_more_messages_than_a_tab_re_reads_leave_no_gap(
    tab: Tab, work: Workspace, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thread, "MOST_RECENT", 60)
    conversation_id = await work.conversation("Ana")
    await work.history(conversation_id, 60)
    await show(tab, conversation_id)
    await tab.send(OpenConversation.load_older)
    runtime.hub.forget_tab(tab.token)
    for number in range(70):
        await work.says(conversation_id, f"New {number}")
    await tab.send(OpenConversation.changed)
    while tab.vars(OpenConversation)["has_older"]:
        await tab.send(OpenConversation.load_older)
    new, old = [f"New {number}" for number in range(70)], [f"Line {number}" for number in range(60)]
    assert bodies(tab) == [*old, "Hello from Ana", *new]


async def test_what_is_sent_is_queued_for_the_conversation_it_was_written_in(
    tab: Tab, work: Workspace
) -> None:
    first, second = await work.conversation("Ana"), await work.conversation("Bo")
    await show(tab, first)
    await show(tab, second)
    await tab.send(sending(first, "  For Ana\u0000only "))
    counters = tab.vars(Composer)
    assert (counters["answered"], counters["accepted"]) == (1, 1)
    assert bodies(tab) == ["Hello from Bo"]
    await show(tab, first)
    assert bodies(tab)[-1] == "For Ana only"
    sent = tab.vars(OpenConversation)["messages"][-1]
    assert (sent["status"], sent["author"], sent["outbound"]) == ("queued", "Olga Owner", True)
    assert notices(tab) == []


@pytest.mark.parametrize("text", ["", "   ", "x" * 4097])
async def test_what_cannot_be_sent_stays_in_the_box(tab: Tab, work: Workspace, text: str) -> None:
    conversation_id = await work.conversation("Ana")
    await show(tab, conversation_id)
    tab.clear()
    await attempt(tab, sending(conversation_id, text))
    await tab.until(lambda: tab.vars(Composer).get("answered") == 1)
    assert "accepted" not in tab.vars(Composer)
    assert set(tab.vars(Feedback)["errors"]) == {"message"}
    assert bodies(tab) == []


async def test_a_closed_window_refuses_and_says_why(tab: Tab, work: Workspace, db: Database) -> None:
    conversation_id = await work.conversation("Ana")
    await show(tab, conversation_id)
    async with db.write() as session:
        (await session.get_one(Conversation, conversation_id)).last_inbound_at = None
    tab.clear()
    await attempt(tab, sending(conversation_id, "Hello?"))
    await tab.until(lambda: tab.vars(Composer).get("answered") == 1)
    assert "24 hours" in notices(tab)[-1]
    assert "accepted" not in tab.vars(Composer)


async def test_a_file_that_nobody_uploaded_cannot_be_sent(tab: Tab, work: Workspace) -> None:
    conversation_id = await work.conversation("Ana")
    await show(tab, conversation_id)
    await attempt(
        tab,
        sending(conversation_id, "look", files=[{"key": "../../etc/passwd", "caption": "", "voice": False}]),
    )
    await tab.until(lambda: bool(notices(tab)))
    assert bodies(tab) == ["Hello from Ana"]


async def test_an_answer_quotes_the_message_it_answers(tab: Tab, work: Workspace, db: Database) -> None:
    conversation_id = await work.conversation("Ana")
    await show(tab, conversation_id)
    question = tab.vars(OpenConversation)["messages"][0]["id"]
    await tab.send(OpenConversation.reply_to(question))
    assert tab.vars(OpenConversation)["quote"] == {"id": question, "text": "Hello from Ana"}
    await tab.send(OpenConversation.cancel_reply)
    assert tab.vars(OpenConversation)["quote"]["id"] == 0
    await tab.send(sending(conversation_id, "Yes", reply_to=question))
    await tab.until(lambda: bodies(tab)[-1] == "Yes")
    assert tab.vars(OpenConversation)["messages"][-1]["quote"]["text"] == "Hello from Ana"
    await tab.send(OpenConversation.reply_to(10**12))
    assert tab.vars(OpenConversation)["quote"]["id"] == 0


async def test_a_message_of_another_conversation_can_be_neither_quoted_nor_reacted_to(
    tab: Tab, work: Workspace, db: Database
) -> None:
    first, second = await work.conversation("Ana"), await work.conversation("Bo")
    await show(tab, first)
    foreign = tab.vars(OpenConversation)["messages"][0]["id"]
    await show(tab, second)
    await tab.send(OpenConversation.reply_to(foreign))
    assert tab.vars(OpenConversation)["quote"]["id"] == 0
    await attempt(tab, OpenConversation.react(foreign, "👍"))
    await tab.until(lambda: bool(notices(tab)))
    await tab.send(sending(second, "Hi Bo", reply_to=foreign))
    await tab.until(lambda: bodies(tab)[-1] == "Hi Bo")
    assert tab.vars(OpenConversation)["messages"][-1]["quote"] is None


async def test_a_reaction_is_shown_and_taken_back(tab: Tab, work: Workspace) -> None:
    conversation_id = await work.conversation("Ana")
    await show(tab, conversation_id)
    message_id = tab.vars(OpenConversation)["messages"][0]["id"]
    for emoji, shown in (("👍", ["👍"]), ("🎉", ["🎉"]), ("", [])):
        await tab.send(OpenConversation.react(message_id, emoji))
        await tab.until(
            lambda shown=shown: tab.vars(OpenConversation)["messages"][0]["reactions"] == shown  # type: ignore[misc]
        )
    assert len(bodies(tab)) == 1


async def test_a_failed_message_is_tried_again_once(tab: Tab, work: Workspace, db: Database) -> None:
    conversation_id = await work.conversation("Ana")
    failed = await work.answers(conversation_id, "Did this arrive?", MessageStatus.FAILED)
    await show(tab, conversation_id)
    await tab.send(OpenConversation.retry(failed))
    await tab.until(lambda: tab.vars(OpenConversation)["messages"][-1]["status"] == "queued")
    await attempt(tab, OpenConversation.retry(failed))
    await tab.until(lambda: notices(tab) == ["This message is already on its way."])
    received = tab.vars(OpenConversation)["messages"][0]["id"]
    await attempt(tab, OpenConversation.retry(received))
    await tab.until(lambda: len(notices(tab)) == 2)


async def test_marking_unread_leaves_the_conversation_so_that_it_stays_unread(
    tab: Tab, work: Workspace, db: Database
) -> None:
    conversation_id = await work.conversation("Ana")
    await show(tab, conversation_id)
    await tab.send(OpenConversation.seen)
    await tab.send(OpenConversation.mark_unread)
    assert tab.redirects == ["/inbox"]
    # What the browser still had open says "seen" once more before it has left.
    await tab.send(OpenConversation.seen)
    await tab.until(lambda: rows(tab)[0]["unread"] == 1)
    assert tab.vars(OpenConversation)["selected"] == 0


async def test_a_contact_is_saved_and_shown_everywhere(
    open_tab: OpenTab, owner: Actor, agent: Actor, work: Workspace
) -> None:
    conversation_id = await work.conversation("Ana")
    first, second = await open_tab(owner), await open_tab(agent)
    for each in (first, second):
        await show(each, conversation_id)
    await first.send(ContactPanel.put("name", " Ana Lima "))
    await second.send(ContactPanel.put("notes", "Prefers *mornings* <b>\nand tea"))
    for each in (first, second):
        await each.until(lambda each=each: each.vars(ContactPanel)["card"]["name"] == "Ana Lima")  # type: ignore[misc]
        await each.until(lambda each=each: rows(each)[0]["name"] == "Ana Lima")  # type: ignore[misc]
        await each.until(
            lambda each=each: each.vars(ContactPanel)["card"]["notes"] == "Prefers *mornings* <b>\nand tea"  # type: ignore[misc]
        )


@pytest.mark.parametrize(("field", "length"), [("name", 121), ("notes", 10_001)])
async def test_a_contact_that_is_too_long_is_refused_beside_its_field(
    tab: Tab, work: Workspace, field: str, length: int
) -> None:
    await show(tab, await work.conversation("Ana"))
    await attempt(tab, ContactPanel.put(field, "x" * length))
    await tab.until(lambda: set(tab.vars(Feedback).get("errors", {})) == {field})
    assert tab.vars(ContactPanel)["card"]["name"] == "Ana"


async def test_a_contact_cannot_be_saved_where_none_is_open(tab: Tab, work: Workspace) -> None:
    await work.conversation("Ana")
    await go(tab, "/inbox")
    await attempt(tab, ContactPanel.put("name", "Mallory"))
    await tab.until(lambda: bool(notices(tab)))
    assert [row["name"] for row in rows(tab)] == ["Ana"]


async def test_two_tabs_are_in_step_within_a_second(
    open_tab: OpenTab, owner: Actor, agent: Actor, work: Workspace
) -> None:
    conversation_id = await work.conversation("Ana")
    first, second = await open_tab(owner), await open_tab(agent)
    for each in (first, second):
        await show(each, conversation_id)
    await asyncio.sleep(0.25)
    for number in range(3):
        started = time.monotonic()
        await first.send(sending(conversation_id, f"Message {number}"))
        await second.until(lambda number=number: bodies(second)[-1] == f"Message {number}")  # type: ignore[misc]
        assert time.monotonic() - started < 1
    await second.send(OpenConversation.seen)
    await first.until(lambda: rows(first)[0]["unread"] == 0)


async def test_a_burst_reaches_a_tab_as_a_few_updates(tab: Tab, work: Workspace) -> None:
    conversation_id = await work.conversation("Ana")
    await show(tab, conversation_id)
    tab.clear()
    for number in range(40):
        await work.says(conversation_id, f"Burst {number}")
    await tab.until(lambda: bodies(tab)[-1:] == ["Burst 39"])
    assert len([update for update in tab.updates if update.delta]) < 20


async def test_a_deactivated_agent_gets_no_more_of_the_conversation(
    open_tab: OpenTab, agent: Actor, work: Workspace, db: Database
) -> None:
    conversation_id = await work.conversation("Ana")
    tab = await open_tab(agent)
    await show(tab, conversation_id)
    async with db.write() as session:
        (await session.get_one(Account, agent.account_id)).is_active = False
        touch(session, f"account:{agent.account_id}")
    tab.clear()
    await work.says(conversation_id, "my card number is 4111")
    await tab.until(lambda: bool(tab.redirects))
    await work.says(conversation_id, "and the code is 123")
    await asyncio.sleep(0.5)
    told = str([update.delta for update in tab.updates])
    assert "4111" not in told
    assert "123" not in told
    assert set(tab.redirects) == {f"/login?next=/inbox/{conversation_id}"}


async def test_a_long_thread_is_held_as_a_stretch_that_goes_up_and_down_again(
    tab: Tab, work: Workspace
) -> None:
    conversation_id = await work.conversation("Ana")
    for number in range(420):
        await work.says(conversation_id, f"m{number}")
    await show(tab, conversation_id)
    whole = ["Hello from Ana", *(f"m{number}" for number in range(420))]

    def ids() -> list[int]:
        return [row["id"] for row in tab.vars(OpenConversation)["messages"]]

    while tab.vars(OpenConversation)["has_older"]:
        before = ids()
        await tab.send(OpenConversation.load_older)
        assert ids()[-len(before) :] == before or len(ids()) == 250
    assert bodies(tab) == whole[:250]
    assert tab.vars(OpenConversation)["has_newer"] is True
    await work.says(conversation_id, "meanwhile")
    await tab.until(lambda: tab.vars(OpenConversation)["arrived"] > 0)
    assert bodies(tab) == whole[:250]
    while tab.vars(OpenConversation)["has_newer"]:
        await tab.send(OpenConversation.load_newer)
    assert bodies(tab) == [*whole, "meanwhile"][-250:]
    await work.says(conversation_id, "and now")
    await tab.until(lambda: bodies(tab)[-1] == "and now")
    await tab.send(OpenConversation.load_older, OpenConversation.load_older, OpenConversation.load_older)
    await tab.send(OpenConversation.to_latest)
    assert bodies(tab)[-1] == "and now"
    assert tab.vars(OpenConversation)["has_newer"] is False
