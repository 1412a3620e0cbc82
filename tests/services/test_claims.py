"""Out of the outbox: each message to one sender, in order, and nothing twice."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests import meta
from tests.meta import ago, inbound, message, status, statuses
from tests.services.conftest import Book, Meta, change_message, message_of
from tests.services.test_inbox import plans
from wapto_app.clock import utcnow
from wapto_app.db import make_sync_engine
from wapto_app.models import (
    AddressKind,
    Channel,
    ChannelStatus,
    Contact,
    Conversation,
    Lease,
    MediaFile,
    MediaState,
    MessageStatus,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import inbox, leases
from wapto_app.services.leases import Bid
from wapto_app.services.outbox import claims, receipts
from wapto_app.services.outbox.candidates import CANDIDATES
from wapto_app.services.outbox.claims import Batch, Claim, Claimed, Left, SendOutcome

Send = Callable[[str], Awaitable[int]]
BID = Bid("sender:1", "ann")


@pytest.fixture(autouse=True)
async def lease(runtime: Runtime) -> None:
    await runtime.writer.run(leases.acquire, BID)


async def take(runtime: Runtime, channel_id: int, limit: int = 100, bid: Bid = BID) -> Batch:
    return await runtime.writer.run(claims.claim, Claim(channel_id, limit, bid))


async def record(runtime: Runtime, claimed: Claimed, status: MessageStatus, **more: Any) -> None:
    await runtime.writer.run(claims.record, SendOutcome(claimed, status, **more))


async def change(runtime: Runtime, table: Any, **values: Any) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(table).values(**values))


async def new_conversations(meta_says: Meta, book: Book, count: int) -> list[int]:
    people = [f"1650777{number:04d}" for number in range(count)]
    await meta_says.says(*(inbound(message(f"wamid.{who}", wa_id=who), name=who) for who in people))
    return [row["id"] for row in await book.rows("conversation")][-count:]


# --- claiming


@pytest.mark.postgres_only
async def test_claiming_does_not_go_through_a_queue_that_the_statistics_do_not_know_yet(
    runtime: Runtime, channel_id: int, sends: Send
) -> None:
    first = await sends("one of many")
    engine = make_sync_engine(runtime.db.url)
    try:
        with engine.begin() as connection:
            _queue_copies(connection, first, 3_000)
            with plans(engine) as found:
                values = {"channel": channel_id, "now": utcnow(), "room": 20}
                connection.execute(CANDIDATES, values)
    finally:
        engine.dispose()
    plan = found[-1].splitlines()
    (line,) = [number for number, text in enumerate(plan) if "ix_message_waiting_conversation" in text]
    assert "Index Cond: ((conversation_id = message.conversation_id)" in plan[line + 1]


def _queue_copies(connection: sa.Connection, message_id: int, count: int) -> None:
    table = claims.message
    names = [column.name for column in table.c if column.name not in ("id", "wamid")]
    copies = sa.select(*(table.c[name] for name in names), sa.text("generate_series(1, :count)"))
    source = copies.where(table.c.id == message_id).subquery()
    rows = sa.select(*(source.c[name] for name in names))
    connection.execute(table.insert().from_select(names, rows), {"count": count})


async def test_a_claimed_message_carries_all_that_a_sender_needs(
    runtime: Runtime, channel_id: int, sends: Send, book: Book
) -> None:
    message_id = await sends("On Friday")
    (claimed,) = (await take(runtime, channel_id)).claimed
    assert (claimed.id, claimed.body, claimed.recipient, claimed.attempt) == (
        message_id,
        "On Friday",
        f"+{meta.ADA}",
        1,
    )
    row = await message_of(runtime, message_id)
    assert (row.status, row.attempt) == (MessageStatus.SENDING, 1)
    assert row.sending_since
    assert claimed.callback_data.startswith(f"m{message_id}.1.")


async def test_nothing_is_claimed_twice(runtime: Runtime, channel_id: int, sends: Send) -> None:
    await sends("once")
    assert len((await take(runtime, channel_id)).claimed) == 1
    assert (await take(runtime, channel_id)).claimed == []


async def test_a_conversation_keeps_its_order(runtime: Runtime, channel_id: int, sends: Send) -> None:
    ids = [await sends(text) for text in ("one", "two", "three")]
    left = []
    for _ in ids:
        (claimed,) = (await take(runtime, channel_id)).claimed
        left.append(claimed.id)
        assert (await take(runtime, channel_id)).claimed == []
        await record(runtime, claimed, MessageStatus.SENT, wamid=f"wamid.{claimed.id}")
    assert left == ids


async def test_an_unconfirmed_or_failed_message_does_not_hold_up_the_next(
    runtime: Runtime, channel_id: int, sends: Send
) -> None:
    first, second, third = [await sends(text) for text in ("one", "two", "three")]
    await change_message(runtime, first, status=MessageStatus.UNCONFIRMED)
    await change_message(runtime, second, status=MessageStatus.FAILED)
    assert [claimed.id for claimed in (await take(runtime, channel_id)).claimed] == [third]


async def test_a_message_that_waits_for_its_time_holds_up_the_next(
    runtime: Runtime, channel_id: int, sends: Send
) -> None:
    first, _second = await sends("one"), await sends("two")
    await change_message(runtime, first, not_before=utcnow() + timedelta(minutes=5))
    assert (await take(runtime, channel_id)).claimed == []
    await change_message(runtime, first, not_before=utcnow() - timedelta(seconds=1))
    assert [claimed.id for claimed in (await take(runtime, channel_id)).claimed] == [first]


async def test_different_conversations_leave_together_oldest_first(
    runtime: Runtime, owner: Actor, channel_id: int, meta_says: Meta, book: Book
) -> None:
    ids = []
    for conversation in await new_conversations(meta_says, book, 6):
        async with runtime.db.write() as session:
            ids.append(await inbox.send_text(session, owner, conversation, "Hi"))
    assert [claimed.id for claimed in (await take(runtime, channel_id, 4)).claimed] == ids[:4]
    assert [claimed.id for claimed in (await take(runtime, channel_id, 4)).claimed] == ids[4:]


@pytest.mark.parametrize(
    ("table", "values"),
    [
        (Conversation, {"last_inbound_at": ago(hours=25)}),
        (Contact, {"opted_out_at": utcnow()}),
        (Contact, {"blocked_at": utcnow()}),
    ],
)
async def test_the_gate_is_asked_again_when_the_message_leaves(
    runtime: Runtime, channel_id: int, conversation_id: int, sends: Send, book: Book, table: Any, values: Any
) -> None:
    message_id = await sends("Too late")
    await change(runtime, table, **values)
    batch = await take(runtime, channel_id)
    assert (batch.claimed, batch.refused) == ([], [conversation_id])
    row = await message_of(runtime, message_id)
    assert row.status is MessageStatus.FAILED
    assert row.error_detail
    assert (await book.only("conversation"))["preview_status"] == "failed"


@pytest.mark.parametrize("state", [ChannelStatus.RECONNECT, ChannelStatus.DISCONNECTED])
async def test_messages_wait_while_their_number_cannot_send(
    runtime: Runtime, channel_id: int, sends: Send, state: ChannelStatus
) -> None:
    message_id = await sends("Wait")
    await change(runtime, Channel, status=state)
    batch = await take(runtime, channel_id)
    assert (batch.claimed, batch.refused) == ([], [])
    assert (await message_of(runtime, message_id)).status is MessageStatus.QUEUED
    await change(runtime, Channel, status=ChannelStatus.CONNECTED)
    assert len((await take(runtime, channel_id)).claimed) == 1


async def test_a_message_waits_for_its_file(
    runtime: Runtime, owner: Actor, channel_id: int, conversation_id: int, sends: Send
) -> None:
    file = MediaFile(key="a" * 32, state=MediaState.STORED, mime_type="image/png", filename="view.png")
    async with runtime.db.write() as session:
        session.add(file)
    async with runtime.db.write() as session:
        await inbox.send_file(session, owner, conversation_id, file.key, "look")
    await sends("and this")
    assert (await take(runtime, channel_id)).claimed == []
    await change(runtime, MediaFile, meta_id="M1", meta_expires_at=utcnow() - timedelta(seconds=1))
    assert (await take(runtime, channel_id)).claimed == []
    await change(runtime, MediaFile, meta_id="M1", meta_expires_at=utcnow() + timedelta(days=1))
    (claimed,) = (await take(runtime, channel_id)).claimed
    assert (claimed.meta_media_id, claimed.filename, claimed.body) == ("M1", "view.png", "look")


# --- the lease


async def test_a_sender_without_the_lease_gets_nothing(
    runtime: Runtime, channel_id: int, sends: Send
) -> None:
    await sends("mine")
    batch = await take(runtime, channel_id, bid=Bid("sender:1", "ben"))
    assert (batch.claimed, batch.is_leading) == ([], False)
    await change(runtime, Lease, expires_at=utcnow() - timedelta(seconds=1))
    assert (await take(runtime, channel_id)).is_leading is False


async def test_of_many_senders_at_once_each_message_goes_to_one(
    runtime: Runtime, owner: Actor, channel_id: int, meta_says: Meta, book: Book
) -> None:
    """Even if the lease should fail: the claim itself is what makes a message somebody's."""
    for conversation in await new_conversations(meta_says, book, 30):
        async with runtime.db.write() as session:
            await inbox.send_text(session, owner, conversation, "Hi")
    start, taken = threading.Barrier(4), []

    def work() -> None:
        engine = make_sync_engine(runtime.settings.database).execution_options(wapto_writes=True)
        start.wait()
        for _ in range(10):
            with engine.begin() as connection:
                (batch,) = claims.claim(connection, [Claim(channel_id, 7, BID)])
            taken.extend(claimed.id for claimed in batch.claimed)
        engine.dispose()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == len(set(taken)) == 30


# --- recording


async def test_a_sent_message_gets_its_id_and_its_tick(
    runtime: Runtime, channel_id: int, sends: Send, book: Book
) -> None:
    message_id = await sends("Hi")
    (claimed,) = (await take(runtime, channel_id)).claimed
    await record(runtime, claimed, MessageStatus.SENT, wamid="wamid.out")
    row = await message_of(runtime, message_id)
    assert (row.status, row.wamid) == (MessageStatus.SENT, "wamid.out")
    assert row.sent_at
    assert (await book.only("conversation"))["preview_status"] == "sent"


async def test_a_webhook_that_was_faster_is_not_overwritten(
    runtime: Runtime, channel_id: int, sends: Send, meta_says: Meta, book: Book
) -> None:
    message_id = await sends("Hi")
    (claimed,) = (await take(runtime, channel_id)).claimed
    await meta_says.says(statuses(status("wamid.out", "read", callback=claimed.callback_data)))
    for outcome in (
        MessageStatus.SENT,
        MessageStatus.UNCONFIRMED,
        MessageStatus.FAILED,
        MessageStatus.QUEUED,
    ):
        wamid = "wamid.out" if outcome is MessageStatus.SENT else ""
        await record(runtime, claimed, outcome, wamid=wamid, error_detail="x")
        row = await message_of(runtime, message_id)
        assert (row.status, row.wamid, row.error_detail) == (MessageStatus.READ, "wamid.out", "")
        assert (await book.only("conversation"))["preview_status"] == "read"


async def test_a_report_without_callback_that_was_faster_is_caught_up_with(
    runtime: Runtime, channel_id: int, sends: Send, meta_says: Meta, book: Book
) -> None:
    message_id = await sends("Hi")
    (claimed,) = (await take(runtime, channel_id)).claimed
    await meta_says.says(statuses(status("wamid.out", "sent"), status("wamid.out", "delivered")))
    await record(runtime, claimed, MessageStatus.SENT, wamid="wamid.out")
    row = await message_of(runtime, message_id)
    assert row.status is MessageStatus.DELIVERED
    assert row.delivered_at
    assert (await book.only("conversation"))["preview_status"] == "delivered"


async def test_early_reports_never_move_a_message_backward(
    runtime: Runtime, channel_id: int, sends: Send, meta_says: Meta
) -> None:
    message_id = await sends("Hi")
    (claimed,) = (await take(runtime, channel_id)).claimed
    await meta_says.says(statuses(status("wamid.out", "delivered")))
    await meta_says.says(statuses(status("wamid.out", "read", callback=claimed.callback_data)))
    await record(runtime, claimed, MessageStatus.SENT, wamid="wamid.out")
    assert (await message_of(runtime, message_id)).status is MessageStatus.READ


async def test_an_early_failure_says_why(
    runtime: Runtime, channel_id: int, sends: Send, meta_says: Meta
) -> None:
    message_id = await sends("Hi")
    (claimed,) = (await take(runtime, channel_id)).claimed
    await meta_says.says(statuses(status("wamid.out", "failed", error=131026)))
    await record(runtime, claimed, MessageStatus.SENT, wamid="wamid.out")
    row = await message_of(runtime, message_id)
    assert (row.status, row.error_code) == (MessageStatus.FAILED, 131026)


async def test_the_answer_to_an_earlier_try_does_not_requeue_the_present_one(
    runtime: Runtime, channel_id: int, sends: Send
) -> None:
    message_id = await sends("Hi")
    (claimed,) = (await take(runtime, channel_id)).claimed
    await change_message(runtime, message_id, attempt=2)
    for outcome in (MessageStatus.QUEUED, MessageStatus.FAILED):
        await record(runtime, claimed, outcome, error_detail="late")
        assert (await message_of(runtime, message_id)).status is MessageStatus.SENDING


async def test_the_form_in_which_meta_knows_the_number_is_kept(
    runtime: Runtime, channel_id: int, conversation_id: int, sends: Send, book: Book
) -> None:
    await sends("Hi")
    (claimed,) = (await take(runtime, channel_id)).claimed
    await record(runtime, claimed, MessageStatus.SENT, wamid="wamid.out", wa_id="553188887777")
    assert ("wa_id", "553188887777") in [(row["kind"], row["value"]) for row in await book.rows("address")]
    assert await book.count("contact") == 1


async def test_a_known_form_of_the_number_is_not_kept_twice(
    runtime: Runtime, channel_id: int, sends: Send, book: Book
) -> None:
    await sends("Hi")
    before = await book.rows("address")
    (claimed,) = (await take(runtime, channel_id)).claimed
    await record(runtime, claimed, MessageStatus.SENT, wamid="wamid.out", wa_id=meta.ADA)
    assert await book.rows("address") == before
    assert {row["kind"] for row in before} == {AddressKind.PHONE, AddressKind.WA_ID}


# --- recovering


async def test_what_a_dead_sender_left_behind_is_parked_and_never_sent_again(
    runtime: Runtime, channel_id: int, conversation_id: int, sends: Send, book: Book
) -> None:
    message_id = await sends("Did it leave?")
    await take(runtime, channel_id)
    assert await runtime.writer.run(claims.recover, Left(channel_id)) == [conversation_id]
    row = await message_of(runtime, message_id)
    assert row.status is MessageStatus.UNCONFIRMED
    assert "may have delivered" in row.error_detail
    assert (await book.only("conversation"))["preview_status"] == "unconfirmed"
    assert (await take(runtime, channel_id)).claimed == []
    assert await runtime.writer.run(claims.recover, Left(channel_id)) == []


async def test_the_answer_of_a_sender_thought_dead_still_counts(
    runtime: Runtime, channel_id: int, sends: Send
) -> None:
    message_id = await sends("Slow")
    (claimed,) = (await take(runtime, channel_id)).claimed
    await runtime.writer.run(claims.recover, Left(channel_id))
    await record(runtime, claimed, MessageStatus.SENT, wamid="wamid.out")
    assert (await message_of(runtime, message_id)).status is MessageStatus.SENT


async def test_recovery_leaves_what_is_still_in_hand(runtime: Runtime, channel_id: int, sends: Send) -> None:
    message_id = await sends("Slow")
    await take(runtime, channel_id)
    assert await runtime.writer.run(claims.recover, Left(channel_id, frozenset({message_id}))) == []
    assert (await message_of(runtime, message_id)).status is MessageStatus.SENDING


async def test_recovery_leaves_other_numbers_alone(runtime: Runtime, channel_id: int, sends: Send) -> None:
    message_id = await sends("Mine")
    await take(runtime, channel_id)
    await runtime.writer.run(claims.recover, Left(channel_id + 1))
    assert (await message_of(runtime, message_id)).status is MessageStatus.SENDING


# --- read receipts


async def test_opening_a_conversation_makes_one_receipt_for_its_newest_message(
    runtime: Runtime, owner: Actor, channel_id: int, conversation_id: int, meta_says: Meta, book: Book
) -> None:
    await meta_says.says(
        inbound(message("wamid.newest", at=ago(seconds=20))),
        inbound(message("wamid.r", "reaction", {"message_id": "wamid.x", "emoji": "👍"}, at=ago(seconds=15))),
    )
    for _ in range(2):
        async with runtime.db.write() as session:
            await inbox.open_conversation(session, owner, conversation_id)
    (due,) = await runtime.writer.run(receipts.due, channel_id)
    assert (due.conversation_id, due.wamid) == (conversation_id, "wamid.newest")
    await runtime.writer.run(receipts.settle, replace(due, wamid="wamid.other"))
    assert await runtime.writer.run(receipts.due, channel_id) == [due], "a newer one stays due"
    await runtime.writer.run(receipts.settle, due)
    assert await runtime.writer.run(receipts.due, channel_id) == []
    async with runtime.db.write() as session:
        await inbox.open_conversation(session, owner, conversation_id)
    assert await runtime.writer.run(receipts.due, channel_id) == []
    assert (await book.only("conversation"))["unread"] == 0


async def test_an_outcome_touches_its_own_message_only(
    runtime: Runtime, channel_id: int, sends: Send
) -> None:
    await sends("one")
    (claimed,) = (await take(runtime, channel_id)).claimed
    other = replace(claimed, id=claimed.id + 1)
    await record(runtime, other, MessageStatus.FAILED, error_detail="not this one")
    assert (await message_of(runtime, claimed.id)).status is MessageStatus.SENDING
