"""The composer in open tabs: what is handed over, taken back, kept as a draft, noted, and sent later."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import select

from state.base import Feedback
from state.inbox import (
    Composer,
    InboxList,
    OpenConversation,
    ScheduledMessages,
    TemplatePicker,
    WritingHelp,
)
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from tests.pipeline.rows import Workspace, workspace
from tests.pipeline.test_inbox import attempt, bodies, notices, sending
from wapto_app.clock import utcnow
from wapto_app.db import Database
from wapto_app.jobs import search
from wapto_app.models import Conversation, QuickReply, ScheduledMessage, Template
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor

NO_TEMPLATE = {"id": 0, "values": {}, "media_key": ""}


@pytest.fixture
async def work(runtime: Runtime) -> Workspace:
    return await workspace(runtime)


async def show(tab: Tab, conversation_id: int) -> None:
    tab.path = f"/inbox/{conversation_id}"
    for load in (InboxList.load, OpenConversation.load, Composer.load, ScheduledMessages.load_waiting):
        await tab.send(load)


def plan(text: str, **more: Any) -> dict[str, Any]:
    due = (utcnow() + timedelta(hours=2)).isoformat()
    empty = {"files": [], "reply_to": 0, "template": NO_TEMPLATE, "fallback": NO_TEMPLATE}
    return {"due_at": due, "text": text} | empty | more


def box(text: str, *keys: str) -> dict[str, Any]:
    return {"text": text, "files": [{"key": key, "caption": "", "voice": False} for key in keys]}


def ref() -> str:
    return uuid.uuid4().hex


async def test_the_same_handed_over_twice_is_sent_once(tab: Tab, work: Workspace) -> None:
    ana = await work.conversation("Ana")
    await show(tab, ana)
    event = sending(ana, "Only once")
    await tab.send(event)
    await tab.send(event)
    counters = tab.vars(Composer)
    assert (counters["answered"], counters["accepted"]) == (2, 2)
    await tab.until(lambda: bodies(tab)[1:] == ["Only once"])


async def test_handed_over_again_after_the_server_began_anew_it_happens_once(
    tab: Tab, open_tab: OpenTab, owner: Actor, work: Workspace, db: Database
) -> None:
    ana = await work.conversation("Ana")
    await show(tab, ana)
    reborn = await open_tab(owner)  # what the server held of the tab is gone
    await show(reborn, ana)
    later, note = "r" * 50, Composer.note(ana, ref(), "Ask for the key", [])
    for event in (
        sending(ana, "Only once"),
        note,
        ScheduledMessages.plan(ana, later, plan("Later"), box("")),
    ):
        await tab.send(event)
        await reborn.send(event)
    await reborn.until(lambda: bodies(reborn)[1:] == ["Only once", "Ask for the key"])
    async with db.read() as session:
        assert len((await session.exec(select(ScheduledMessage.id))).all()) == 1
    assert reborn.vars(Composer)["accepted"] == 3


async def test_what_was_sent_is_taken_back(tab: Tab, work: Workspace) -> None:
    ana = await work.conversation("Ana")
    await show(tab, ana)
    await tab.send(sending(ana, "Too early"))
    assert tab.vars(Composer)["undo_seconds"] == 5
    await tab.until(lambda: bodies(tab)[-1] == "Too early")
    await tab.send(Composer.undo(ref()))
    await tab.until(lambda: bodies(tab) == ["Hello from Ana"])
    await tab.send(Composer.undo(ref()))  # there is nothing left to take back
    assert notices(tab) == []


async def test_a_draft_comes_back_and_goes_with_the_message(tab: Tab, work: Workspace) -> None:
    ana = await work.conversation("Ana")
    await show(tab, ana)
    await tab.send(Composer.save_draft(ana, box("Dear An"), box("")))
    await show(tab, ana)
    assert tab.vars(Composer)["draft"] == {
        "conversation": ana,
        "text": "Dear An",
        "files": [],
        "clash": False,
    }
    await tab.send(sending(ana, "Dear Ana", before="Dear An"))
    await show(tab, ana)
    assert tab.vars(Composer)["draft"]["text"] == ""


async def test_another_window_does_not_wipe_out_a_newer_draft(
    tab: Tab, open_tab: OpenTab, owner: Actor, work: Workspace
) -> None:
    ana = await work.conversation("Ana")
    second = await open_tab(owner)
    await show(tab, ana)
    await show(second, ana)
    await second.send(Composer.save_draft(ana, box("Written over there"), box("")))
    await tab.send(Composer.save_draft(ana, box("Written here"), box("")))
    clash = {"conversation": ana, "text": "Written over there", "files": [], "clash": True}
    assert tab.vars(Composer)["draft"] == clash
    await tab.send(sending(ana, "Written here", before="Written he"))
    assert tab.vars(Composer)["draft"] == clash, "what is sent here wipes out nothing that was written there"
    await tab.send(Composer.save_draft(ana, box("Written here"), box("Written over there")))
    await show(second, ana)
    assert second.vars(Composer)["draft"]["text"] == "Written here"


async def test_a_note_stays_in_the_house(tab: Tab, work: Workspace) -> None:
    ana = await work.conversation("Ana")
    await show(tab, ana)
    await tab.send(Composer.note(ana, ref(), "Ask for the key", []))
    await tab.until(lambda: bodies(tab)[-1] == "Ask for the key")
    assert tab.vars(InboxList)["rows"][0]["preview"] == "Hello from Ana"
    tab.clear()
    await attempt(tab, Composer.note(ana, ref(), " ", []))
    await tab.until(lambda: set(tab.vars(Feedback).get("errors", {})) == {"message"})


async def test_what_waits_is_shown_changed_cancelled_and_sent_now(tab: Tab, work: Workspace) -> None:
    ana = await work.conversation("Ana")
    await show(tab, ana)

    def texts() -> list[str]:
        return [row["text"] for row in tab.vars(ScheduledMessages)["waiting"]]

    for text in ("First", "Second"):
        await tab.send(ScheduledMessages.plan(ana, ref(), plan(text), box("")))
    await tab.until(lambda: texts() == ["First", "Second"])
    first, second = (row["id"] for row in tab.vars(ScheduledMessages)["waiting"])
    due = (utcnow() + timedelta(hours=1)).isoformat()
    await tab.send(ScheduledMessages.change(ref(), second, due, "Second, sooner"))
    await tab.until(lambda: texts() == ["Second, sooner", "First"])
    await tab.send(ScheduledMessages.cancel(ref(), first))
    await tab.send(ScheduledMessages.send_now(ref(), second))
    await tab.until(lambda: texts() == [] and bodies(tab)[-1] == "Second, sooner")
    assert tab.vars(Composer)["accepted"] == 5


async def test_a_time_that_is_over_is_refused_beside_its_field(tab: Tab, work: Workspace) -> None:
    ana = await work.conversation("Ana")
    await show(tab, ana)
    past = (utcnow() - timedelta(hours=1)).isoformat()
    await attempt(tab, ScheduledMessages.plan(ana, ref(), plan("Late", due_at=past), box("")))
    await tab.until(lambda: set(tab.vars(Feedback).get("errors", {})) == {"due_at"})
    assert tab.vars(Composer)["answered"] == 1
    assert tab.vars(Composer)["accepted"] == 0


async def test_help_while_writing(tab: Tab, work: Workspace, db: Database, runtime: Runtime) -> None:
    ana = await work.conversation("Ana")
    await show(tab, ana)
    async with db.write() as session:
        session.add(QuickReply(shortcut="hi", body="Hello {{name}}, about {{street}}?"))
    await tab.send(WritingHelp.find_replies(ana, "h"))
    found = tab.vars(WritingHelp)["replies"]
    assert found["asked"] == f"{ana}/h"
    (reply,) = found["rows"]
    assert (reply["body"], reply["missing"]) == ("Hello Ana, about {{street}}?", ["street"])
    await tab.send(WritingHelp.use_reply(ana, reply["id"], {"street": "Harbour"}))
    assert tab.vars(WritingHelp)["attached"]["n"] == 0
    await search.follow(runtime)
    await tab.send(WritingHelp.find_contacts("an"))
    assert [row["name"] for row in tab.vars(WritingHelp)["contacts"]] == ["Ana"]
    await tab.send(WritingHelp.read_place("48.8, 2.2"))
    assert tab.vars(WritingHelp)["place"]["error"] == ""
    await tab.send(WritingHelp.read_place("nowhere"))
    assert "48.8584" in tab.vars(WritingHelp)["place"]["error"]


async def test_a_template_goes_out_through_a_closed_window(tab: Tab, work: Workspace, db: Database) -> None:
    ana = await work.conversation("Ana")
    async with db.write() as session:
        conversation = await session.get_one(Conversation, ana)
        conversation.last_inbound_at = None
        body = {"type": "BODY", "text": "Hello {{1}}", "example": {"body_text": [["Ada"]]}}
        session.add(
            Template(
                waba_id="102290129340398",
                name="hello",
                language="en_US",
                status="APPROVED",
                components=[body],
            )
        )
    await show(tab, ana)
    await tab.send(TemplatePicker.find(ana, "hel"))
    (row,) = tab.vars(TemplatePicker)["rows"]
    await tab.send(TemplatePicker.choose(ana, row["id"]))
    assert [slot["key"] for slot in tab.vars(TemplatePicker)["form"]["slots"]] == ["body.1"]
    chosen = {"id": row["id"], "values": {}, "media_key": ""}
    await attempt(tab, Composer.send(ana, ref(), {"reply_to": 0, "template": chosen}, box("")))
    await tab.until(lambda: set(tab.vars(Feedback).get("errors", {})) == {"body.1"})
    chosen["values"] = {"body.1": "Ana"}
    await tab.send(Composer.send(ana, ref(), {"reply_to": 0, "template": chosen}, box("")))
    assert notices(tab) == []
    await tab.until(lambda: bodies(tab)[-1] == "Hello Ana")


@pytest.mark.parametrize(
    "message",
    [
        {"text": 5},
        {"interactive": {"kind": "buttons"}},
        {"place": {"latitude": "north", "longitude": 0, "name": "", "address": ""}},
        {"cards": [{"name": "Bo"}]},
        {"text": "x", "files": ["key"]},
    ],
)
async def test_what_no_composer_sends_is_not_even_looked_at(
    tab: Tab, work: Workspace, message: dict[str, Any]
) -> None:
    ana = await work.conversation("Ana")
    await show(tab, ana)
    await attempt(tab, Composer.send(ana, ref(), message, box("")))
    await tab.until(lambda: "Reload the page" in notices(tab)[-1])
    assert bodies(tab) == ["Hello from Ana"]
