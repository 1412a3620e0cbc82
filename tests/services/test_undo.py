"""Taking a message back: as if it had never been written, and never after it left."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import col, select

from tests.meta import ADA, inbound, message
from tests.services.conftest import Book, Meta, message_of
from tests.services.desk import Desk
from tests.services.test_outbox import new_file
from wapto_app.clock import utcnow
from wapto_app.models import Conversation, DeskEvent, MessageStatus, UsageCounter
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Visibility
from wapto_app.services import inbox, leases, outbox
from wapto_app.services.errors import Conflict, NotFound
from wapto_app.services.outbox import HOLD, claims

Hold = Callable[..., Awaitable[list[int]]]


@pytest.fixture
def holds(runtime: Runtime, owner: Actor, conversation_id: int) -> Hold:
    async def send(text: str, actor: Actor = owner, **more: Any) -> list[int]:
        async with runtime.db.write() as session:
            hold = await outbox.hold_of(session, actor)
            values = {"files": [], "reply_to": 0, **more}
            return await inbox.send(session, actor, conversation_id, text=text, hold=hold, **values)

    return send


async def take_back(runtime: Runtime, actor: Actor, *ids: int) -> list[outbox.TakenBack]:
    async with runtime.db.write() as session:
        return await inbox.take_back(session, actor, list(ids))


async def claimed(runtime: Runtime, channel_id: int) -> list[str]:
    bid = leases.Bid(f"sender:{channel_id}", "a test")
    assert await runtime.writer.run(leases.acquire, bid)
    claim = claims.Claim(channel_id, 10, bid)
    return [each.body for each in (await runtime.writer.run(claims.claim, claim)).claimed]


async def test_it_is_as_if_it_had_never_been_written(
    runtime: Runtime, owner: Actor, conversation_id: int, holds: Hold, book: Book
) -> None:
    before, messages = await book.only("conversation"), await book.rows("message")
    [message_id] = await holds("Wrong window, sorry")
    assert (await book.only("conversation"))["preview"] == "Wrong window, sorry"
    seen: list[frozenset[str]] = []
    runtime.hub.listen(seen.append)
    [taken] = await take_back(runtime, owner, message_id)
    assert (taken["text"], taken["conversation_id"]) == ("Wrong window, sorry", conversation_id)
    assert await book.only("conversation") == before
    assert await book.rows("message") == messages
    assert seen == [{"inbox", f"conversation:{conversation_id}"}]
    async with runtime.db.read() as session:
        assert [row.count for row in await session.exec(select(UsageCounter))] == [0]


async def test_it_waits_and_what_is_written_after_it_waits_behind_it(
    runtime: Runtime, owner: Actor, channel_id: int, holds: Hold
) -> None:
    with time_machine.travel(utcnow(), tick=False) as clock:
        await holds("first")
        async with runtime.db.write() as session:
            await outbox.choose_undo(session, owner, on=False)
        await holds("second")
        assert await claimed(runtime, channel_id) == []
        clock.shift(HOLD - timedelta(milliseconds=1))
        assert await claimed(runtime, channel_id) == []
        clock.shift(timedelta(milliseconds=1))
        assert await claimed(runtime, channel_id) == ["first"]
        assert await claimed(runtime, channel_id) == [], "the first is still on its way"


async def test_what_is_taken_back_lets_the_next_one_pass(
    runtime: Runtime, owner: Actor, channel_id: int, holds: Hold
) -> None:
    [first] = await holds("first")
    async with runtime.db.write() as session:
        await outbox.choose_undo(session, owner, on=False)
    await holds("second")
    await take_back(runtime, owner, first)
    assert await claimed(runtime, channel_id) == ["second"]


async def test_who_may_not_see_numbers_gets_none_back(
    runtime: Runtime, agent: Actor, conversation_id: int, holds: Hold
) -> None:
    hiding = replace(agent, hide_phone=True)
    [message_id] = await holds(f"Shall we ring you at +{ADA}?", hiding)
    [taken] = await take_back(runtime, hiding, message_id)
    assert taken["text"].startswith("Shall we ring you at +")
    assert ADA not in taken["text"]


async def test_after_it_left_it_stays(
    runtime: Runtime, owner: Actor, channel_id: int, holds: Hold, book: Book
) -> None:
    with time_machine.travel(utcnow(), tick=False) as clock:
        [message_id] = await holds("Too late")
        clock.shift(HOLD)
        assert await claimed(runtime, channel_id) == ["Too late"]
        with pytest.raises(Conflict):
            await take_back(runtime, owner, message_id)
    assert (await message_of(runtime, message_id)).status is MessageStatus.SENDING


async def test_claiming_and_taking_back_at_once_has_one_winner(
    runtime: Runtime, owner: Actor, channel_id: int, conversation_id: int, holds: Hold, book: Book
) -> None:
    for _round in range(8):
        async with runtime.db.write() as session:
            message_id = await inbox.send_text(session, owner, conversation_id, "Race")
        taken, sent = await asyncio.gather(
            take_back(runtime, owner, message_id), claimed(runtime, channel_id), return_exceptions=True
        )
        is_gone = message_id not in [row["id"] for row in await book.rows("message")]
        assert is_gone == (not isinstance(taken, BaseException)) == (sent == [])
        if not is_gone:
            async with runtime.db.write() as session:
                table = sa.text("UPDATE message SET status = 'sent' WHERE id = :id")
                await session.exec(table.bindparams(id=message_id))  # type: ignore[call-overload]


async def test_only_the_author_takes_it_back(
    runtime: Runtime, owner: Actor, agent: Actor, holds: Hold
) -> None:
    [message_id] = await holds("Mine")
    for other in (agent, replace(owner, account_id=999)):
        with pytest.raises(NotFound):
            await take_back(runtime, other, message_id)
    [own] = await holds("Agent's", agent)
    async with runtime.db.write() as session:
        await session.exec(sa.update(Conversation).values(assignee_id=owner.account_id))
    with pytest.raises(NotFound):
        await take_back(runtime, replace(agent, visibility=Visibility.OWN), own)


async def test_files_and_text_come_back_together_or_not_at_all(
    runtime: Runtime, owner: Actor, channel_id: int, holds: Hold, book: Book
) -> None:
    first, sound = (
        await new_file(runtime, key="a" * 32),
        await new_file(runtime, key="b" * 32, mime_type="audio/ogg"),
    )
    before = await book.only("conversation")
    sent = [{"key": file.key, "caption": "", "voice": False} for file in (first, sound)]
    ids = await holds("Listen", files=sent)
    assert len(ids) == 3, "a sound goes without a caption"
    taken = await take_back(runtime, owner, *ids)
    assert [(each["text"], bool(each["file"])) for each in taken] == [
        ("", True),
        ("", True),
        ("Listen", False),
    ]
    assert await book.only("conversation") == before
    with time_machine.travel(utcnow(), tick=False) as clock:
        ids = await holds("one", files=[])
        ids += await holds("two")
        clock.shift(HOLD)
        assert await claimed(runtime, channel_id) == ["one"]
        with pytest.raises(Conflict):
            await take_back(runtime, owner, *ids)
    assert len(await book.rows("message")) == 3


async def test_a_failed_message_that_is_tried_again_is_not_taken_back(
    runtime: Runtime, owner: Actor, holds: Hold
) -> None:
    [message_id] = await holds("Once")
    async with runtime.db.write() as session:
        table = sa.text("UPDATE message SET attempt = 1 WHERE id = :id")
        await session.exec(table.bindparams(id=message_id))  # type: ignore[call-overload]
    with pytest.raises(Conflict):
        await take_back(runtime, owner, message_id)


async def test_who_switched_it_off_sends_at_once(
    runtime: Runtime, owner: Actor, agent: Actor, holds: Hold
) -> None:
    async with runtime.db.write() as session:
        await outbox.choose_undo(session, owner, on=False)
        assert not await outbox.undo_choice(session, owner)
        assert await outbox.undo_choice(session, agent)
        assert await outbox.hold_of(session, Actor.system()) == timedelta(0)
    [message_id] = await holds("Now")
    assert (await message_of(runtime, message_id)).not_before is None
    async with runtime.db.write() as session:
        await outbox.choose_undo(session, owner, on=True)
        assert await outbox.hold_of(session, owner) == HOLD


# --- the figures of the desk


async def test_the_customer_waits_as_before(
    runtime: Runtime, owner: Actor, conversation_id: int, holds: Hold, meta_says: Meta
) -> None:
    desk = Desk(runtime, meta_says)
    before, kinds = await desk.state(conversation_id), await desk.kinds()
    [message_id] = await holds("Hello")
    assert (await desk.kinds())[-1] == "first_reply"
    # Writes again while the answer is held: that is no new wait once the answer is gone.
    await meta_says.says(inbound(message("wamid.again")))
    assert (await desk.kinds())[-1] == "inbound_started"
    await take_back(runtime, owner, message_id)
    assert (await desk.state(conversation_id), await desk.kinds()) == (before, kinds)


async def test_the_next_reply_becomes_the_first(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int, holds: Hold, meta_says: Meta
) -> None:
    desk = Desk(runtime, meta_says)
    [first] = await holds("Hello")
    await holds("Hello from me too", agent)
    assert (await desk.kinds())[-2:] == ["first_reply", "reply"]
    await take_back(runtime, owner, first)
    last = (await desk.events())[-1]
    assert (last["kind"].value, last["account_id"]) == ("first_reply", agent.account_id)
    assert last["seconds"] >= 0
    assert (await desk.state(conversation_id))["waiting_since"] is None


async def test_a_later_reply_leaves_no_trace_and_a_resolved_one_stays_resolved(
    runtime: Runtime, owner: Actor, conversation_id: int, holds: Hold, meta_says: Meta
) -> None:
    desk = Desk(runtime, meta_says)
    [first] = await holds("Hello")
    [second] = await holds("And goodbye")
    await take_back(runtime, owner, second)
    assert (await desk.kinds())[-1] == "first_reply"
    await desk.resolve(owner, conversation_id)
    await take_back(runtime, owner, first)
    assert (await desk.state(conversation_id))["waiting_since"] is None
    async with runtime.db.read() as session:
        kinds = await session.exec(select(DeskEvent.kind).order_by(col(DeskEvent.id)))
        assert [kind.value for kind in kinds] == ["inbound_started", "resolved"]
