"""Messages for later: once, at their time, checked again, and never lost without a word."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from tests.meta import inbound, message
from tests.services.conftest import Book, Meta
from tests.services.test_inbox import plans, scans
from tests.services.test_outbox import new_file
from tests.services.test_templates import NewTemplate, new_template  # noqa: F401  a fixture
from wapto_app.clock import utcnow
from wapto_app.models import (
    Account,
    Channel,
    ChannelStatus,
    Contact,
    Conversation,
    Notification,
    ScheduledMessage,
    Visibility,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import contacts, identity, scheduled
from wapto_app.services.errors import (
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    NotFound,
    OptedOut,
    WindowClosed,
)
from wapto_app.services.inbox import OutgoingFile
from wapto_app.services.scheduled import NO_TEMPLATE, Plan, TemplatePlan, due_at
from wapto_app.services.unwanted import cancel_for

NOW = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)
IN_AN_HOUR = "2026-03-02T13:00:00+00:00"
TOMORROW = "2026-03-03T13:00:00+00:00"

PlanIt = Callable[..., Awaitable[int]]


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Coordinates]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
async def open_conversation(conversation_id: int, runtime: Runtime) -> int:
    """Ada wrote a minute ago, on this clock."""
    async with runtime.db.write() as session:
        await session.exec(sa.update(Conversation).values(last_inbound_at=NOW - timedelta(minutes=1)))
    return conversation_id


@pytest.fixture
def plans_it(runtime: Runtime, owner: Actor, open_conversation: int) -> PlanIt:
    async def plan(
        text: str = "See you soon", due: str = IN_AN_HOUR, *, actor: Actor = owner, **more: Any
    ) -> int:
        wanted: Any = {
            "due_at": due,
            "text": text,
            "files": [],
            "reply_to": 0,
            "template": NO_TEMPLATE,
            "fallback": NO_TEMPLATE,
        }
        async with runtime.db.write() as session:
            return await scheduled.plan(session, actor, open_conversation, Plan(**(wanted | more)))

    return plan


async def of(runtime: Runtime, actor: Actor, conversation_id: int) -> list[scheduled.ScheduledRow]:
    async with runtime.db.read() as session:
        return await scheduled.of(session, actor, conversation_id)


async def states(runtime: Runtime) -> list[tuple[str, str]]:
    async with runtime.db.read() as session:
        rows = await session.exec(select(ScheduledMessage).order_by(col(ScheduledMessage.id)))
        return [(row.state.value, row.error) for row in rows]


async def told(runtime: Runtime) -> list[tuple[int, str, str]]:
    async with runtime.db.read() as session:
        rows = await session.exec(select(Notification).order_by(col(Notification.id)))
        return [(row.account_id, row.kind.value, row.args["what"]) for row in rows]


async def change(runtime: Runtime, table: Any, **values: Any) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(table).values(**values))


# --- at its time


async def test_it_leaves_at_its_time_once_in_the_authors_name(
    runtime: Runtime, agent: Actor, plans_it: PlanIt, clock: Any, book: Book, open_conversation: int
) -> None:
    await plans_it(actor=agent)
    assert await scheduled.send_due(runtime.db) == 0
    clock.move_to(datetime.fromisoformat(IN_AN_HOUR) - timedelta(seconds=1))
    assert await scheduled.send_due(runtime.db) == 0
    clock.shift(timedelta(seconds=1))
    seen: list[frozenset[str]] = []
    runtime.hub.listen(seen.append)
    assert await scheduled.send_due(runtime.db) == 1
    assert await scheduled.send_due(runtime.db) == 0
    row = (await book.rows("message"))[-1]
    assert (row["body"], row["author_id"], row["not_before"]) == ("See you soon", agent.account_id, None)
    assert await states(runtime) == [("sent", "")]
    assert {"inbox", f"conversation:{open_conversation}"} < seen[0]
    assert await of(runtime, agent, open_conversation) == []


async def test_two_ticks_at_once_send_it_once(
    runtime: Runtime, plans_it: PlanIt, clock: Any, book: Book
) -> None:
    for number in range(6):
        await plans_it(f"message {number}")
    clock.shift(timedelta(hours=1))
    sent = await asyncio.gather(*(scheduled.send_due(runtime.db) for _ in range(4)))
    assert sum(sent) == 6
    assert sorted(await book.texts()) == ["Hello", *(f"message {number}" for number in range(6))]


async def test_sending_now_and_the_tick_at_once_send_it_once(
    runtime: Runtime, owner: Actor, plans_it: PlanIt, clock: Any, book: Book
) -> None:
    scheduled_id = await plans_it()
    clock.shift(timedelta(hours=1))

    async def now() -> None:
        async with runtime.db.write() as session:
            await scheduled.send_now(session, owner, scheduled_id)

    await asyncio.gather(now(), scheduled.send_due(runtime.db), return_exceptions=True)
    assert await book.texts() == ["Hello", "See you soon"]


async def test_what_breaks_in_the_middle_is_as_if_it_had_not_begun(
    runtime: Runtime, plans_it: PlanIt, clock: Any, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kill between queueing and settling: both are one transaction."""
    from wapto_app.services.scheduled import sending

    await plans_it()
    clock.shift(timedelta(hours=1))

    async def die(*_facts: Any) -> None:
        raise RuntimeError("killed")

    with monkeypatch.context() as patched:
        patched.setattr(sending, "close", die)
        assert await scheduled.send_due(runtime.db) == 0
    assert (await book.texts(), await states(runtime)) == (["Hello"], [("waiting", "")])
    assert await scheduled.send_due(runtime.db) == 1


def _file(key: str) -> OutgoingFile:
    return OutgoingFile(key=key, caption="", voice=False)


async def test_files_and_answers_go_along(
    runtime: Runtime, owner: Actor, plans_it: PlanIt, clock: Any, book: Book, open_conversation: int
) -> None:
    first = (await book.only("message"))["id"]
    file = await new_file(runtime, key="a" * 32)
    await plans_it("A picture", files=[_file(file.key)], reply_to=first)
    [row] = await of(runtime, owner, open_conversation)
    assert (row["text"], row["files"], row["mine"], row["window_open"]) == ("A picture", 1, True, True)
    clock.shift(timedelta(hours=1))
    await scheduled.send_due(runtime.db)
    sent = (await book.rows("message"))[-1]
    assert (sent["type"], sent["body"], sent["reply_to_wamid"]) == ("image", "A picture", "wamid.first")


# --- the window


async def test_the_hint_tells_whether_the_window_will_be_open(
    runtime: Runtime, owner: Actor, open_conversation: int
) -> None:
    async with runtime.db.read() as session:
        soon = await scheduled.hint(session, owner, open_conversation, IN_AN_HOUR)
        late = await scheduled.hint(session, owner, open_conversation, TOMORROW)
    assert (soon["is_open"], late["is_open"]) == (True, False)
    assert soon["closes_at"] == (NOW + timedelta(hours=24, minutes=-1)).isoformat()


async def test_a_closed_window_sends_the_fallback(
    runtime: Runtime,
    plans_it: PlanIt,
    clock: Any,
    book: Book,
    new_template: NewTemplate,  # noqa: F811
) -> None:
    template_id = await new_template()
    values = {"body.1": "Ada", "body.2": "#7"}
    await plans_it("Free text", TOMORROW, fallback=TemplatePlan(id=template_id, values=values, media_key=""))
    clock.shift(timedelta(hours=25))
    assert await scheduled.send_due(runtime.db) == 1
    assert await book.texts() == ["Hello", "Hi Ada, order #7 is here."]


async def test_without_one_it_fails_keeps_its_text_and_tells_its_author(
    runtime: Runtime,
    agent: Actor,
    owner: Actor,
    plans_it: PlanIt,
    clock: Any,
    book: Book,
    open_conversation: int,
) -> None:
    scheduled_id = await plans_it("Free text", TOMORROW, actor=agent)
    clock.shift(timedelta(hours=25))
    assert await scheduled.send_due(runtime.db) == 0
    assert await scheduled.send_due(runtime.db) == 0
    why = WindowClosed().message
    assert await states(runtime) == [("failed", why)]
    assert await told(runtime) == [(agent.account_id, "scheduled_failed", why)]
    assert await book.texts() == ["Hello"]
    [row] = await of(runtime, agent, open_conversation)
    assert (row["state"], row["text"], row["error"]) == ("failed", "Free text", why)
    # Another day, another chance.
    async with runtime.db.write() as session:
        await scheduled.change(session, owner, scheduled_id, "2026-03-04T09:00:00+00:00", "Free again")
    await change(runtime, Conversation, last_inbound_at=NOW + timedelta(hours=30))
    clock.move_to(datetime(2026, 3, 4, 9, tzinfo=UTC))
    assert await scheduled.send_due(runtime.db) == 1
    assert await book.texts() == ["Hello", "Free again"]


async def test_a_reply_meanwhile_opens_the_window_again(
    runtime: Runtime, plans_it: PlanIt, clock: Any, book: Book, meta_says: Meta
) -> None:
    await plans_it("Free text", TOMORROW)
    clock.shift(timedelta(hours=20))
    await meta_says.says(inbound(message("wamid.2", at=utcnow())))
    clock.shift(timedelta(hours=5))
    assert await scheduled.send_due(runtime.db) == 1


async def test_a_template_leaves_whatever_the_window_and_fails_when_it_is_paused(
    runtime: Runtime,
    plans_it: PlanIt,
    clock: Any,
    book: Book,
    new_template: NewTemplate,  # noqa: F811
) -> None:
    from wapto_app.models import Template

    template_id = await new_template()
    plan = TemplatePlan(id=template_id, values={"body.1": "Ada", "body.2": "#7"}, media_key="")
    with pytest.raises(Invalid) as refused:
        await plans_it("", TOMORROW, template=plan | {"values": {"body.1": "Ada"}})
    assert refused.value.field == "body.2"
    await plans_it("", TOMORROW, template=plan)
    await plans_it("", "2026-03-03T14:00:00+00:00", template=plan)
    clock.shift(timedelta(hours=25))
    assert await scheduled.send_due(runtime.db) == 1
    await change(runtime, Template, status="PAUSED")
    clock.shift(timedelta(hours=1))
    assert await scheduled.send_due(runtime.db) == 0
    (first, second) = await states(runtime)
    assert (first, second[0]) == (("sent", ""), "failed")
    assert "paused" in second[1]


# --- what comes between


@pytest.mark.parametrize("values", [{"opted_out_at": NOW}, {"blocked_at": NOW}])
async def test_who_may_not_be_written_to_gets_nothing(
    runtime: Runtime, plans_it: PlanIt, clock: Any, book: Book, values: Any
) -> None:
    await plans_it("at its time")
    await change(runtime, Contact, **values)
    with pytest.raises(DomainError):
        await plans_it("new")
    clock.shift(timedelta(hours=1))
    assert await scheduled.send_due(runtime.db) == 0
    assert [state for state, _why in await states(runtime)] == ["cancelled"]
    assert await told(runtime) == []


async def test_opting_out_cancels_in_the_same_transaction(
    runtime: Runtime, owner: Actor, plans_it: PlanIt, open_conversation: int, book: Book
) -> None:
    await plans_it()
    contact_id = (await book.only("contact"))["id"]
    heard: set[str] = set()
    runtime.hub.listen(heard.update)
    async with runtime.db.write() as session:
        assert await contacts.opt_out(session, owner, [contact_id + 1]) == 0
    assert await states(runtime) == [("waiting", "")]
    async with runtime.db.write() as session:
        assert await contacts.opt_out(session, owner, [contact_id]) == 1
    assert await states(runtime) == [("cancelled", OptedOut().message)]
    assert f"conversation:{open_conversation}" in heard


async def test_the_word_stop_cancels_in_the_same_transaction(
    runtime: Runtime, plans_it: PlanIt, meta_says: Meta, open_conversation: int
) -> None:
    await plans_it()
    wanted = message("wamid.stop", body="STOP", at=utcnow())
    await meta_says.says(inbound(wanted))
    assert await states(runtime) == [("cancelled", OptedOut().message)]


async def test_a_person_who_opted_out_under_another_name_gets_nothing_either(
    runtime: Runtime, plans_it: PlanIt, book: Book, open_conversation: int
) -> None:
    await plans_it()
    keep = (await book.only("contact"))["id"]
    async with runtime.db.write() as session:
        other = Contact(name="Ada again", opted_out_at=NOW)
        session.add(other)
        await session.flush()
        connection = await session.connection()
        await connection.run_sync(lambda each: identity.merge(each, keep=keep, absorb=other.id or 0))
    assert await states(runtime) == [("cancelled", OptedOut().message)]


async def test_a_number_that_cannot_send_is_waited_for_but_not_too_long(
    runtime: Runtime, owner: Actor, plans_it: PlanIt, clock: Any, book: Book
) -> None:
    await plans_it("soon")
    await plans_it("later")
    await change(runtime, Channel, status=ChannelStatus.RECONNECT)
    clock.shift(timedelta(hours=2))
    assert await scheduled.send_due(runtime.db) == 0
    assert await states(runtime) == [("waiting", "")] * 2
    await change(runtime, Channel, status=ChannelStatus.CONNECTED)
    await change(runtime, ScheduledMessage, due_at=ScheduledMessage.due_at)
    async with runtime.db.write() as session:
        late = utcnow() - timedelta(hours=7)
        await session.exec(
            sa.update(ScheduledMessage).where(col(ScheduledMessage.id) == 2).values(due_at=late)
        )
    assert await scheduled.send_due(runtime.db) == 1
    assert [state for state, _why in await states(runtime)] == ["sent", "failed"]
    assert [who for who, _kind, _why in await told(runtime)] == [owner.account_id]


async def test_what_an_agent_promised_is_kept_when_the_agent_leaves(
    runtime: Runtime, agent: Actor, plans_it: PlanIt, clock: Any, book: Book
) -> None:
    await plans_it("Promised", actor=agent)
    async with runtime.db.write() as session:
        await session.exec(
            sa.update(Account).where(col(Account.id) == agent.account_id).values(is_active=False)
        )
    clock.shift(timedelta(hours=1))
    assert await scheduled.send_due(runtime.db) == 1
    assert (await book.rows("message"))[-1]["author_id"] == agent.account_id


async def test_one_that_cannot_be_settled_does_not_hold_up_the_others(
    runtime: Runtime, plans_it: PlanIt, clock: Any, book: Book
) -> None:
    await plans_it("broken")
    await plans_it("whole")
    async with runtime.db.write() as session:
        broken = {"template": {"id": "none of ours"}}
        await session.exec(
            sa.update(ScheduledMessage).where(col(ScheduledMessage.id) == 1).values(content=broken)
        )
    clock.shift(timedelta(hours=1))
    assert await scheduled.send_due(runtime.db) == 1
    assert await book.texts() == ["Hello", "whole"]


# --- what people do


async def test_cancelled_and_sent_ones_are_left_alone(
    runtime: Runtime, owner: Actor, plans_it: PlanIt, clock: Any, book: Book
) -> None:
    first, second = await plans_it("one"), await plans_it("two")
    async with runtime.db.write() as session:
        await scheduled.cancel(session, owner, first)
        await scheduled.send_now(session, owner, second)
    assert await book.texts() == ["Hello", "two"]
    for scheduled_id in (first, second):
        for deed in (scheduled.cancel, scheduled.send_now):
            with pytest.raises(Conflict):
                async with runtime.db.write() as session:
                    await deed(session, owner, scheduled_id)
        with pytest.raises(Conflict):
            async with runtime.db.write() as session:
                await scheduled.change(session, owner, scheduled_id, TOMORROW, "x")
    clock.shift(timedelta(hours=1))
    assert await scheduled.send_due(runtime.db) == 0


async def test_strangers_neither_see_nor_touch_them(
    runtime: Runtime,
    agent: Actor,
    plans_it: PlanIt,
    open_conversation: int,
    others_take_all: Callable[[], Awaitable[None]],
) -> None:
    scheduled_id = await plans_it(actor=agent)
    await others_take_all()
    stranger = replace(agent, visibility=Visibility.TEAM)
    async with runtime.db.write() as session:
        for deed in (
            scheduled.of(session, stranger, open_conversation),
            scheduled.cancel(session, stranger, scheduled_id),
            scheduled.send_now(session, stranger, scheduled_id),
            scheduled.change(session, stranger, scheduled_id, TOMORROW, "x"),
            scheduled.hint(session, stranger, open_conversation, TOMORROW),
        ):
            with pytest.raises(NotFound):
                await deed
    with pytest.raises(Forbidden):
        await plans_it(actor=replace(agent, permissions=frozenset()))


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"text": " "}, "message"),
        ({"text": "x" * 4097}, "message"),
        ({"files": ["k"] * 11}, "message"),
        ({"due": ""}, "due_at"),
        ({"due": "tomorrow"}, "due_at"),
        ({"due": "2026-03-02T12:00:00+00:00"}, "due_at"),
        ({"due": "2027-09-02T12:00:00+00:00"}, "due_at"),
        ({"due": "9999-12-31T23:59:59-12:00"}, "due_at"),
    ],
)
async def test_what_cannot_be_planned_is_named(plans_it: PlanIt, more: Any, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        await plans_it(**more)
    assert refused.value.field == field


async def test_missing_files_and_too_many_are_refused(
    runtime: Runtime, plans_it: PlanIt, monkeypatch: pytest.MonkeyPatch
) -> None:
    from wapto_app.services.scheduled import plans as module

    with pytest.raises(NotFound):
        await plans_it(files=[_file("f" * 32)])
    monkeypatch.setattr(module, "WAITING_MAX", 2)
    await plans_it("one")
    await plans_it("two")
    with pytest.raises(Conflict):
        await plans_it("three")


async def test_what_is_due_is_found_by_its_index(runtime: Runtime, owner: Actor, plans_it: PlanIt) -> None:
    await plans_it()
    with plans(runtime.db.engine.sync_engine) as found:
        await scheduled.send_due(runtime.db)
        async with runtime.db.write() as session:
            connection = await session.connection()
            await connection.run_sync(cancel_for, [1])
            await scheduled.of(session, owner, 1)
    assert len(found) >= 3
    for plan in found:
        assert [line for line in scans(plan) if "account" not in line] == [], plan


# --- clocks


@pytest.mark.parametrize(
    ("text", "zone", "expected"),
    [
        ("2026-03-02T14:00", "Europe/Berlin", "2026-03-02T13:00:00+00:00"),
        # Planned in winter for a day in summer: what the wall shows then.
        ("2026-07-01T09:00", "Europe/Berlin", "2026-07-01T07:00:00+00:00"),
        # The clock skips from two to three.
        ("2026-03-29T02:30", "Europe/Berlin", "2026-03-29T01:30:00+00:00"),
        # Half past two comes twice; the first is meant.
        ("2026-10-25T02:30", "Europe/Berlin", "2026-10-25T00:30:00+00:00"),
        ("2026-03-03T09:00", "Asia/Kathmandu", "2026-03-03T03:15:00+00:00"),
        ("2026-03-03T09:00", "Nowhere/Atlantis", "2026-03-03T09:00:00+00:00"),
        ("2026-03-03T09:00:59.5-08:00", "Europe/Berlin", "2026-03-03T17:00:00+00:00"),
    ],
)
def test_the_clock_on_the_wall_is_meant(text: str, zone: str, expected: str) -> None:
    assert due_at(text, zone, NOW).isoformat() == expected


@given(
    st.datetimes(datetime(2026, 3, 3), datetime(2027, 2, 1)),
    st.sampled_from(["Europe/Berlin", "America/New_York"]),
)
def test_every_minute_of_the_year_has_a_time(wall: datetime, zone: str) -> None:
    at = due_at(wall.isoformat(), zone, NOW)
    assert at > NOW
    assert at.tzinfo is UTC
    assert abs(at.replace(tzinfo=None) - wall) < timedelta(hours=7)
