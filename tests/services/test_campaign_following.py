"""Recipients, counters and chart follow messages: exactly, whatever comes in which order, and whoever follows."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests import campaigns as desk
from tests.services.test_campaign_lifecycle import BID, feed
from tests.services.test_inbox import plans, scans
from wapto_app.clock import utcnow
from wapto_app.db import Writer, make_sync_engine
from wapto_app.models import (
    CampaignMoment,
    CampaignRecipient,
    Conversation,
    MediaFile,
    MediaState,
    Message,
    MessageStatus,
    RecipientState,
)
from wapto_app.runtime import Runtime
from wapto_app.services import leases
from wapto_app.services.campaign_changes import note
from wapto_app.services.campaigns import feeding, following, holdups, queueing, sweeping
from wapto_app.services.media import transfers
from wapto_app.services.outbox import claims
from wapto_app.services.outbox.claims import Claim, SendOutcome

R, M = RecipientState, MessageStatus


@pytest.fixture
async def queued(runtime: Runtime, channel_id: int) -> int:
    """A campaign whose twelve messages are in the outbox."""
    template_id = await desk.new_template(runtime, channel_id)
    campaign_id = await desk.new_campaign(
        runtime, channel_id, template_id, await desk.new_people(runtime, 12)
    )
    assert (await feed(runtime, campaign_id, channel_id, 12)).queued == 12
    return campaign_id


def moves(connection: sa.Connection, items: list[tuple[int, dict[str, Any]]]) -> list[None]:
    """Writer operation: a message changes and leaves its note, as the sender and the ingest do."""
    for message_id, values in items:
        row = connection.execute(
            claims.message.update()
            .where(claims.message.c.id == message_id)
            .values(**values)
            .returning(claims.message.c.campaign_recipient_id)
        ).scalar_one()
        note(connection, [row])
    return [None] * len(items)


async def follow_all(runtime: Runtime) -> list[following.Result]:
    results: list[following.Result] = []
    while (followed := await runtime.writer.run(following.follow, None)).notes:
        results += followed.results
    return results


@pytest.mark.parametrize("seed", range(6))
async def test_whatever_happens_the_counters_are_what_the_recipients_say(
    runtime: Runtime, queued: int, seed: int
) -> None:
    chance = random.Random(seed)
    now = utcnow()
    later: list[dict[str, Any]] = [
        {"status": M.SENDING},
        {"status": M.UNCONFIRMED, "error_detail": "no answer"},
        {"status": M.SENT, "sent_at": now},
        {"status": M.DELIVERED, "delivered_at": now + timedelta(minutes=1)},
        {"status": M.READ, "read_at": now + timedelta(minutes=2)},
        {"status": M.FAILED, "error_code": 131026, "error_detail": "no WhatsApp"},
    ]
    messages = [each.id or 0 for each in await desk.messages(runtime)]
    for _step in range(60):
        await runtime.writer.run(moves, (chance.choice(messages), chance.choice(later)))
        if chance.random() < 0.2:
            await runtime.writer.run(following.follow, None)
    await follow_all(runtime)
    await desk.assert_exact(runtime, queued)
    states = {each.id: each.state for each in await desk.recipients(runtime, queued)}
    for each in await desk.messages(runtime):
        assert states[each.campaign_recipient_id] is following._STATE_OF[each.status]
    async with runtime.db.read() as session:
        stages: Counter[str] = Counter()
        for moment in await session.exec(select(CampaignMoment)):
            stages[moment.stage] += moment.count
    reached = await desk.recipients(runtime, queued)
    assert stages["read"] == sum(each.read_at is not None for each in reached)
    assert stages["delivered"] == sum(each.delivered_at is not None for each in reached)
    assert stages["sent"] == sum(each.sent_at is not None for each in reached)


async def test_what_was_read_has_been_delivered_and_sent_even_if_nobody_said_so(
    runtime: Runtime, queued: int
) -> None:
    first = (await desk.messages(runtime))[0]
    at = utcnow()
    await runtime.writer.run(moves, (first.id or 0, {"status": M.READ, "read_at": at}))
    await follow_all(runtime)
    found = (await desk.recipients(runtime, queued))[0]
    assert (found.state, found.sent_at, found.delivered_at, found.read_at) == (R.READ, at, at, at)


async def test_the_sender_and_recovery_leave_notes(runtime: Runtime, queued: int, channel_id: int) -> None:
    batch = await runtime.writer.run(claims.claim, Claim(channel_id, 12, BID))
    assert len(batch.claimed) == 12
    for number, claimed in enumerate(batch.claimed[:8]):
        failed = SendOutcome(claimed, M.FAILED, error_code=131042, error_detail="Pay first.")
        sent = SendOutcome(claimed, M.SENT, wamid=f"wamid.{number}")
        await runtime.writer.run(claims.record, failed if number == 0 else sent)
    await runtime.writer.run(claims.recover, claims.Left(channel_id))
    results = await follow_all(runtime)
    assert await desk.tallies(runtime, queued) == {"failed": 1, "sent": 7, "unconfirmed": 4}
    assert [(each.failed, each.code) for each in results if each.failed] == [(True, 131042)]
    assert len(results) == 8
    await desk.assert_exact(runtime, queued)


async def test_a_message_that_arrived_after_all_is_not_sent_again(runtime: Runtime, queued: int) -> None:
    first, second = (await desk.messages(runtime))[:2]
    for each in (first, second):
        await runtime.writer.run(moves, (each.id or 0, {"status": M.FAILED, "error_code": 131000}))
    await follow_all(runtime)
    async with runtime.db.write() as session:
        await session.exec(
            sa.update(CampaignRecipient)
            .where(col(CampaignRecipient.state) == R.FAILED)
            .values(state=R.WAITING)
        )
        await session.exec(sa.text("DELETE FROM campaign_tally WHERE count = 0"))  # type: ignore[call-overload]
        await session.exec(sa.text("UPDATE campaign_tally SET state = 'waiting' WHERE state = 'failed'"))  # type: ignore[call-overload]
    await runtime.writer.run(moves, (first.id or 0, {"status": M.DELIVERED, "delivered_at": utcnow()}))
    await runtime.writer.run(moves, (second.id or 0, {"status": M.FAILED, "error_code": 131000}))
    await follow_all(runtime)
    states = [each.state for each in (await desk.recipients(runtime, queued))[:2]]
    assert states == [R.DELIVERED, R.WAITING]


async def test_whose_contact_is_deleted_does_not_keep_the_campaign_from_ending(
    runtime: Runtime, queued: int
) -> None:
    async with runtime.db.write() as session:
        first = (await session.exec(select(Conversation).order_by(col(Conversation.id)))).first()
        assert first is not None
        await session.exec(sa.delete(desk.Contact).where(col(desk.Contact.id) == first.contact_id))
    assert await runtime.writer.run(sweeping.skip_messageless, None) == {queued}
    assert not await runtime.writer.run(sweeping.skip_messageless, None)
    assert await desk.tallies(runtime, queued) == {"queued": 11, "skipped": 1}
    await desk.assert_exact(runtime, queued)


async def test_two_processes_follow_at_once(
    runtime: Runtime, queued: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "AT_ONCE", 5)
    other = Writer(runtime.db.url)
    other.start()
    messages = [each.id or 0 for each in await desk.messages(runtime)]

    async def mover() -> None:
        for status in (M.SENDING, M.SENT, M.DELIVERED, M.READ):
            for message_id in messages:
                await runtime.writer.run(moves, (message_id, {"status": status}))

    async def follower(writer: Writer) -> None:
        for _round in range(40):
            await writer.run(following.follow, None)
            await asyncio.sleep(0)

    try:
        await asyncio.gather(mover(), follower(runtime.writer), follower(other))
    finally:
        await other.stop()
    await follow_all(runtime)
    assert await desk.tallies(runtime, queued) == {"read": 12}
    await desk.assert_exact(runtime, queued)


async def test_a_refused_template_costs_nobody_the_message(
    runtime: Runtime, queued: int, channel_id: int
) -> None:
    async with runtime.db.write() as session:
        found = (await session.exec(select(Message))).all()
        template_id = (await session.exec(select(desk.Template.id))).one()
        for each in found:
            each.content = {"kind": "template", "template_id": template_id, "template": {}}
            session.add(each)
        await session.exec(sa.update(desk.Template).values(status="PAUSED"))
        first = found[0].campaign_recipient_id
        contact = (
            await session.exec(select(CampaignRecipient.contact_id).where(CampaignRecipient.id == first))
        ).one()
        await session.exec(
            sa.update(desk.Contact).where(col(desk.Contact.id) == contact).values(opted_out_at=utcnow())
        )
    batch = await runtime.writer.run(claims.claim, Claim(channel_id, 50, BID))
    assert (batch.claimed, len(batch.refused)) == ([], 12)
    assert await desk.tallies(runtime, queued) == {"waiting": 11, "skipped": 1}
    assert await desk.messages(runtime) == []
    await desk.assert_exact(runtime, queued)


async def test_looking_for_work_uses_the_indexes(runtime: Runtime, queued: int, channel_id: int) -> None:
    engine = make_sync_engine(runtime.db.url)
    try:
        with engine.connect() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(sa.text("SET enable_seqscan = off"))
            with plans(engine) as found:
                feeding.upcoming(connection, queued, 200)
                feeding.ahead(connection, channel_id)
                queueing._known(connection, channel_id, [1, 2])
                claims._mark_sending(connection, [1, 2], utcnow())
    finally:
        engine.dispose()
    upcoming, ahead, talks, marking = found
    assert "ix_campaign_recipient_due" in upcoming
    assert "ix_message_waiting_sorted" in ahead
    # All talks of a number, or all that waits, would be walked through for a few of them.
    assert "ix_conversation_channel_id" not in talks
    assert "ix_message_waiting" not in marking
    assert not any(scans(plan) for plan in found)


async def test_what_holds_a_campaign_up_is_the_most_frequent_reason_and_found_along_indexes(
    runtime: Runtime, queued: int
) -> None:
    async with runtime.db.write() as session:
        found = (await session.exec(select(Message).order_by(col(Message.id)))).all()
        for message, code in zip(found[:5], (131056, None, 80007, 80007, 80007), strict=True):
            message.error_code, message.error_detail = code, "It waits."
            session.add(message)
    async with runtime.db.read() as session:
        told = await holdups.of_campaign(session, queued)
        assert told["words"] == "WhatsApp takes no more requests from this business for a while."
        assert await holdups.of_campaign(session, queued + 1) == holdups.NOTHING
        with plans(runtime.db.engine.sync_engine) as read:
            await holdups.of_campaign(session, queued)
            await holdups.next_at(session, queued)
    assert not any(scans(plan) for plan in read), read


@pytest.mark.parametrize(
    ("code", "words"),
    [(None, "cannot be reached"), (131016, "has a problem"), (131056, "many messages"), (190, "")],
)
def test_every_reason_to_wait_has_its_words(code: int | None, words: str) -> None:
    told = holdups.why(code)
    assert words in told["words"]
    assert bool(told["advice"]) == bool(words)


async def test_people_s_messages_are_claimed_first(runtime: Runtime, queued: int, channel_id: int) -> None:
    async with runtime.db.write() as session:
        first = (await session.exec(select(Message).order_by(col(Message.id)))).first()
        assert first is not None
        talk = (await session.exec(select(Conversation).order_by(col(Conversation.id).desc()))).first()
        assert talk is not None
        talk.last_inbound_at = utcnow()
        mine = Message(
            conversation_id=talk.id or 0,
            channel_id=channel_id,
            direction=first.direction,
            type="text",
            body="Me",
            content={"kind": "text"},
            recipient=first.recipient,
            status=M.QUEUED,
        )
        # Its conversation has nothing of the campaign in line.
        await session.exec(sa.delete(Message).where(col(Message.conversation_id) == talk.id))
        session.add_all([talk, mine])
    await runtime.writer.run(leases.acquire, BID)
    (claimed,) = (await runtime.writer.run(claims.claim, Claim(channel_id, 1, BID))).claimed
    assert (claimed.body, claimed.campaign_recipient_id) == ("Me", None)


async def test_a_file_that_whatsapp_refuses_fails_the_recipients_of_its_messages(
    runtime: Runtime, channel_id: int, queued: int
) -> None:
    async with runtime.db.write() as session:
        file = MediaFile(key="a" * 32, channel_id=channel_id, state=MediaState.STORED)
        session.add(file)
        await session.flush()
        some = select(CampaignRecipient.message_id).order_by(col(CampaignRecipient.id)).limit(5)
        carriers = list(await session.exec(some))
        await session.exec(sa.update(Message).where(col(Message.id).in_(carriers)).values(media_id=file.id))
    refused = transfers.Outbound(file.id or 0, "", "image/png", "", 0, 0)
    await runtime.writer.run(transfers.settle_outbound, transfers.Uploaded(refused, error="Too large."))
    await follow_all(runtime)
    async with runtime.db.read() as session:
        rows = list(await session.exec(select(CampaignRecipient).order_by(col(CampaignRecipient.id))))
    assert Counter(row.state for row in rows) == {R.FAILED: 5, R.QUEUED: 7}
    assert {row.error_detail for row in rows if row.state is R.FAILED} == {"Too large."}
