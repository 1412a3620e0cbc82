"""Quick replies, business hours and the switch of undo, through the page's own events."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from state.base import Feedback
from state.business_hours import BusinessHours
from state.profile import Profile
from state.quick_replies import QuickReplies, ReplyDialog
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from tests.pipeline.test_profile import as_submitted
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import business_hours, outbox
from wapto_app.services.errors import DomainError

FORM = {"shortcut": "hours", "title": "", "body": "We open at {{time}}, {{first_name}}.", "scope": "shared"}
DAY = [{"start": "09:00", "end": "17:00"}]


async def submit(tab: Tab, handler: Any, form: dict[str, str]) -> None:
    try:
        await tab.raw(handler, {"form": as_submitted(form)})
    except DomainError:
        return


def name_of(state: Any, handler: str) -> str:
    return f"{state.get_full_name()}.{handler}"


async def save(tab: Tab, **more: str) -> None:
    await submit(tab, name_of(ReplyDialog, "save"), FORM | more)


def shortcuts(tab: Tab) -> list[str]:
    return [row["shortcut"] for row in tab.vars(QuickReplies)["rows"]]


@pytest.fixture
async def replies(tab: Tab) -> Tab:
    await tab.send(QuickReplies.load)
    await tab.send(ReplyDialog.start)
    await save(tab)
    await tab.until(lambda: shortcuts(tab) == ["hours"])
    return tab


async def test_a_reply_is_written_changed_copied_and_deleted(replies: Tab, owner: Actor) -> None:
    dialog = replies.vars(ReplyDialog)
    assert (dialog["is_open"], dialog["examples"]["agent"]) == (False, owner.name)
    [row] = replies.vars(QuickReplies)["rows"]
    await replies.send(ReplyDialog.edit(row["id"]))
    assert replies.vars(ReplyDialog)["body"] == FORM["body"]
    await save(replies, shortcut="open")
    await replies.until(lambda: shortcuts(replies) == ["open"])
    await replies.send(QuickReplies.duplicate(row["id"]))
    await replies.until(lambda: replies.vars(ReplyDialog)["is_open"])
    assert replies.vars(ReplyDialog)["shared"] is False
    await replies.send(QuickReplies.look("mine"))
    assert shortcuts(replies) == ["open"]
    await replies.send(QuickReplies.look("all"))
    await replies.send(QuickReplies.ask_to_delete(row["id"], "open", True))
    await replies.send(QuickReplies.delete)
    await replies.until(lambda: len(shortcuts(replies)) == 1)
    assert replies.vars(Feedback)["notices"][-1]["text"] == "/open is deleted."


async def test_what_is_wrong_stands_beside_its_field_and_the_dialog_stays(replies: Tab) -> None:
    await replies.send(ReplyDialog.start)
    await save(replies)
    await replies.until(lambda: set(replies.vars(Feedback)["errors"]) == {"shortcut"})
    assert replies.vars(ReplyDialog)["is_open"]
    await save(replies, shortcut="other", body=" ")
    await replies.until(lambda: set(replies.vars(Feedback)["errors"]) == {"body"})


async def test_an_agent_sees_shared_ones_and_writes_their_own(
    replies: Tab, open_tab: OpenTab, agent: Actor
) -> None:
    tab = await open_tab(agent)
    await tab.send(QuickReplies.load)
    [row] = tab.vars(QuickReplies)["rows"]
    assert (row["shared"], row["may_edit"]) == (True, False)
    await tab.send(ReplyDialog.start)
    await save(tab, scope="shared", shortcut="mine")
    assert shortcuts(tab) == ["hours"], "sharing needs a permission"
    await save(tab, scope="mine", shortcut="mine")
    await tab.until(lambda: shortcuts(tab) == ["hours", "mine"])
    await replies.send(QuickReplies.look("all"))
    assert shortcuts(replies) == ["hours"], "nobody else sees it"


async def test_a_stranger_gets_nothing(open_tab: OpenTab) -> None:
    tab = await open_tab(None)
    for event in (QuickReplies.load, ReplyDialog.start, BusinessHours.load):
        await tab.send(event)
    assert tab.vars(QuickReplies)["rows"] == []
    assert tab.vars(BusinessHours)["loaded"] is False


# --- business hours


async def put_hours(tab: Tab, calendar: Any, **more: str) -> None:
    form = {"on": "on", "time_zone": "Europe/Berlin", "calendar": json.dumps(calendar)} | more
    await submit(tab, name_of(BusinessHours, "save"), form)


async def test_hours_are_set_and_hold_at_once(tab: Tab, runtime: Runtime) -> None:
    await tab.send(BusinessHours.load)
    assert (tab.vars(BusinessHours)["on"], tab.vars(BusinessHours)["is_set"]) == (False, False)
    version = tab.vars(BusinessHours)["version"]
    always = [{"start": "00:00", "end": "24:00"}]
    holidays = [{"day": "2031-01-01", "name": "New Year"}]
    await put_hours(tab, {"week": [always] * 7, "holidays": holidays})
    await tab.until(lambda: tab.vars(BusinessHours)["version"] > version)
    assert tab.vars(BusinessHours)["holidays"] == holidays
    assert (tab.vars(BusinessHours)["is_open"], tab.vars(BusinessHours)["changes_at"]) == (True, "")
    async with runtime.db.read() as session:
        hours = await business_hours.hours(session)
    assert hours is not None
    assert hours.time_zone == "Europe/Berlin"


@pytest.mark.parametrize(
    ("calendar", "field"),
    [
        ({"week": [DAY, [{"start": "10:00", "end": "09:00"}], [], [], [], [], []], "holidays": []}, "day.1"),
        ({"week": [DAY] * 7, "holidays": [{"day": "", "name": "x"}]}, "holidays"),
    ],
)
async def test_wrong_hours_are_named(tab: Tab, calendar: Any, field: str) -> None:
    await tab.send(BusinessHours.load)
    await put_hours(tab, calendar)
    await tab.until(lambda: set(tab.vars(Feedback)["errors"]) == {field})


@pytest.mark.parametrize("calendar", ["", 5, {}, {"week": 5, "holidays": []}, {"week": [[{"start": 1}]] * 7}])
async def test_a_forged_calendar_is_refused(tab: Tab, calendar: Any) -> None:
    await tab.send(BusinessHours.load)
    await put_hours(tab, calendar)
    await tab.until(lambda: bool(tab.vars(Feedback)["notices"]))
    assert tab.vars(BusinessHours)["is_set"] is False


async def test_hours_belong_to_the_owner(open_tab: OpenTab, agent: Actor) -> None:
    tab = await open_tab(agent)
    await tab.send(BusinessHours.load)
    await put_hours(tab, {"week": [DAY] * 7, "holidays": []})
    assert tab.vars(BusinessHours)["loaded"] is False


# --- undo


async def test_undo_is_switched_in_the_profile(
    tab: Tab, runtime: Runtime, owner: Actor, agent: Actor, new_account: Callable[..., Awaitable[Actor]]
) -> None:
    await tab.send(Profile.load)
    assert tab.vars(Profile)["undo_send"] is True
    await tab.send(Profile.choose_undo(False))
    assert tab.vars(Profile)["undo_send"] is False
    async with runtime.db.read() as session:
        assert not await outbox.undo_choice(session, owner)
        assert await outbox.undo_choice(session, agent)
