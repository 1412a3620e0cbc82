"""STOP and START as customers write them: obeyed once, answered once, honoured by every way out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import col, select

from tests import meta
from tests.services.conftest import Book, Meta, change_message, message_of
from tests.services.plans import limited
from wapto_app.clock import utcnow
from wapto_app.models import (
    ChannelStatus,
    Contact,
    ContactEvent,
    ContactEventKind,
    DeskState,
    MediaFile,
    MediaState,
    MessageStatus,
    UsageCounter,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import contacts, inbox, leases, opt_words, outbox
from wapto_app.services.errors import Forbidden, Invalid, OptedOut
from wapto_app.services.opt_words import WordsForm
from wapto_app.services.outbox import claims
from wapto_app.services.outbox.gate import Facts, check

STOPPED, RESUMED = ContactEventKind.OPTED_OUT, ContactEventKind.OPTED_IN


@pytest.fixture
def writes(meta_says: Meta, conversation_id: int) -> Callable[..., Awaitable[None]]:
    """Ada writes a text, at a moment."""
    numbers = iter(range(1_000))

    async def write(text: str, **more: Any) -> None:
        at = more.pop("at", None) or utcnow()
        message = meta.message(f"wamid.word{next(numbers)}", body=text, at=at, **more)
        assert await meta_says.says(meta.another(meta.inbound(message))) == (1, 0)

    return write


Writes = Callable[..., Awaitable[None]]


async def events(runtime: Runtime) -> list[ContactEvent]:
    async with runtime.db.read() as session:
        query = select(ContactEvent).where(col(ContactEvent.kind).in_([STOPPED, RESUMED]))
        return list(await session.exec(query.order_by(col(ContactEvent.id))))


async def contact_row(runtime: Runtime) -> Contact:
    async with runtime.db.read() as session:
        return (await session.exec(select(Contact))).one()


async def set_contact(runtime: Runtime, **values: Any) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(Contact).values(**values))


async def messages_counted(runtime: Runtime) -> int:
    async with runtime.db.read() as session:
        (row,) = await session.exec(select(UsageCounter).where(UsageCounter.metric == "messages"))
        return row.count


async def answers(book: Book) -> list[str]:
    return [row["body"] for row in await book.rows("message") if row["direction"] == "out"]


async def claim(runtime: Runtime, channel_id: int) -> claims.Batch:
    bid = leases.Bid(f"sender:{channel_id}", "tests")
    await runtime.writer.run(leases.acquire, bid)
    batch: claims.Batch = await runtime.writer.run(claims.claim, claims.Claim(channel_id, 10, bid))
    return batch


async def test_stop_opts_out_with_the_time_an_event_and_one_answer(
    runtime: Runtime, writes: Writes, book: Book, channel_id: int
) -> None:
    heard: set[str] = set()
    runtime.hub.listen(heard.update)
    at = utcnow().replace(microsecond=0)
    await writes("Stop! 🛑", at=at)
    contact, (event,) = await contact_row(runtime), await events(runtime)
    assert contact.opted_out_at == event.at == at
    assert (event.kind, event.by_id, event.detail["word"]) == (STOPPED, None, "stop")
    message = await message_of(runtime, event.detail["message_id"])
    assert (message.status, message.recipient, message.author_id) == (
        MessageStatus.QUEUED,
        f"+{meta.ADA}",
        None,
    )
    assert message.body.startswith("You will get no more messages")
    conversation = await book.only("conversation")
    assert (conversation["preview"], conversation["preview_outbound"]) == (message.body, True)
    batch = await claim(runtime, channel_id)
    assert [each.id for each in batch.claimed] == [message.id]


async def test_the_topics_wake_whoever_watches(
    runtime: Runtime, meta_says: Meta, conversation_id: int
) -> None:
    from wapto_app.services import ingest

    await meta_says.store(meta.inbound(meta.message("wamid.s", body="stop")))
    outcome = await runtime.writer.run(ingest.apply_pending, None)
    contact = await contact_row(runtime)
    assert {"inbox", "contacts", f"contact:{contact.id}", f"conversation:{conversation_id}"} <= outcome.topics
    assert any(topic.startswith("outbox:") for topic in outcome.topics)


async def test_a_repeated_webhook_does_nothing_more(
    runtime: Runtime, meta_says: Meta, conversation_id: int, book: Book
) -> None:
    document = meta.inbound(meta.message("wamid.stop", body="STOP"))
    await meta_says.says(document)
    await meta_says.says(document)
    await meta_says.says(meta.another(document))
    async with runtime.db.write() as session:
        await session.exec(sa.text("UPDATE webhook_event SET state = 'failed'"))  # type: ignore[call-overload]
    await meta_says.replays()
    assert len(await events(runtime)) == 1
    assert len(await answers(book)) == 1


async def test_start_opts_in_again_and_both_in_one_batch_end_with_the_last(
    runtime: Runtime, meta_says: Meta, writes: Writes, book: Book
) -> None:
    await writes("baja")
    await writes("ALTA")
    assert (await contact_row(runtime)).opted_out_at is None
    assert [event.kind for event in await events(runtime)] == [STOPPED, RESUMED]
    assert [text.split()[0] for text in await answers(book)] == ["No", "Te"]
    messages = [
        meta.message("wamid.b1", body="START", at=utcnow() + timedelta(seconds=1)),
        meta.message("wamid.b2", body="STOP", at=utcnow() + timedelta(seconds=3)),
    ]
    with time_machine.travel(utcnow() + timedelta(seconds=5), tick=True):
        await meta_says.says(meta.inbound(*messages))
    assert (await contact_row(runtime)).opted_out_at is not None


async def test_start_of_somebody_who_never_left_says_nothing(
    runtime: Runtime, writes: Writes, book: Book
) -> None:
    await writes("START")
    assert await events(runtime) == []
    assert await answers(book) == []


async def test_a_word_that_comes_late_does_not_undo_a_newer_one(
    runtime: Runtime, writes: Writes, owner: Actor
) -> None:
    contact = await contact_row(runtime)
    async with runtime.db.write() as session:
        await contacts.opt_out(session, owner, [contact.id or 0])
        await contacts.opt_in(session, owner, [contact.id or 0])
    await writes("stop", at=utcnow() - timedelta(minutes=10))
    assert (await contact_row(runtime)).opted_out_at is None
    await writes("stop", at=utcnow() + timedelta(seconds=2))
    assert (await contact_row(runtime)).opted_out_at is not None


async def test_two_robots_do_not_talk_for_ever(runtime: Runtime, writes: Writes, book: Book) -> None:
    for _round in range(4):
        await writes("stop")
        await writes("start")
    assert len(await answers(book)) == 2  # one of each
    with time_machine.travel(utcnow() + timedelta(hours=25), tick=True):
        await writes("stop")
    assert len(await answers(book)) == 3


async def test_who_is_blocked_gets_no_answer_and_a_silent_language_says_nothing(
    runtime: Runtime, writes: Writes, book: Book, owner: Actor
) -> None:
    await set_contact(runtime, blocked_at=utcnow())
    await writes("stop")
    assert (await contact_row(runtime)).opted_out_at is not None
    assert await answers(book) == []
    await set_contact(runtime, blocked_at=None, opted_out_at=None)
    form = WordsForm(goodbye="Adiós.", welcome="", says_goodbye=False, says_welcome=True)
    async with runtime.db.write() as session:
        await opt_words.save(session, owner, "es", form)
    await writes("baja", at=utcnow() + timedelta(seconds=2))
    assert (await contact_row(runtime)).opted_out_at is not None
    assert await answers(book) == []


async def test_a_change_of_words_counts_for_the_next_message(
    runtime: Runtime, writes: Writes, book: Book, owner: Actor
) -> None:
    await writes("halt")
    assert await events(runtime) == []
    async with runtime.db.write() as session:
        await opt_words.save_own(session, owner, "Hált!\n\nhalt", "los")
        await opt_words.save(
            session, owner, "en", WordsForm(goodbye="Bye.", welcome="", says_goodbye=True, says_welcome=True)
        )
    await writes("halt")
    assert await answers(book) == ["Bye."]
    async with runtime.db.write() as session:
        await opt_words.save_own(session, owner, "", "")
        await opt_words.reset(session, owner, "en")
    await writes("los")
    assert (await contact_row(runtime)).opted_out_at is not None


async def test_buttons_count_and_captions_edits_and_our_own_words_do_not(
    runtime: Runtime, meta_says: Meta, conversation_id: int
) -> None:
    await meta_says.says(meta.echo("wamid.echo", body="stop"))
    await meta_says.says(meta.history(meta.message("wamid.old", body="stop", at=meta.ago(days=2))))
    image = {"id": "1", "mime_type": "image/jpeg", "sha256": "x", "caption": "stop"}
    await meta_says.says(meta.inbound(meta.message("wamid.image", "image", image)))
    assert await events(runtime) == []
    button = {"text": "Stop", "payload": "no-more"}
    await meta_says.says(meta.inbound(meta.message("wamid.button", "button", button)))
    assert len(await events(runtime)) == 1


async def test_nobody_waits_for_an_answer_to_a_word(
    runtime: Runtime, writes: Writes, conversation_id: int
) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(DeskState).values(waiting_since=None))
    await writes("stop")
    async with runtime.db.read() as session:
        state = await session.get_one(DeskState, conversation_id)
    assert state.waiting_since is None
    await writes("Hello, are you there?", at=utcnow() + timedelta(seconds=1))
    async with runtime.db.read() as session:
        state = await session.get_one(DeskState, conversation_id)
    assert state.waiting_since is not None


async def test_every_way_out_is_shut_for_who_opted_out(
    runtime: Runtime, writes: Writes, owner: Actor, conversation_id: int, channel_id: int, book: Book
) -> None:
    async with runtime.db.write() as session:
        session.add(MediaFile(key="f" * 32, state=MediaState.STORED, mime_type="image/png", path="x", size=1))
        queued = await inbox.send_text(session, owner, conversation_id, "written before")
    await writes("stop")
    first = (await book.rows("message"))[0]["id"]
    template = outbox.Draft("template", "Hi", {"kind": "template", "template": {"name": "hi"}})
    ways = (
        lambda session: inbox.send_text(session, owner, conversation_id, "Hello"),
        lambda session: inbox.send_file(session, owner, conversation_id, "f" * 32),
        lambda session: inbox.send_location(session, owner, conversation_id, 1.0, 1.0),
        lambda session: inbox.react(session, owner, conversation_id, first, "👍"),
        lambda session: outbox.enqueue(session, owner, conversation_id, template),
    )
    for way in ways:
        with pytest.raises(OptedOut):
            async with runtime.db.write() as session:
                await way(session)
    batch = await claim(runtime, channel_id)
    assert [each.id for each in batch.claimed] == []  # the older one is refused first
    assert (await message_of(runtime, queued)).status is MessageStatus.FAILED
    assert [each.body for each in (await claim(runtime, channel_id)).claimed] == [
        "You will get no more messages from us. Write START if you change your mind."
    ]
    with pytest.raises(OptedOut):
        async with runtime.db.write() as session:
            await outbox.retry(session, owner, queued)


async def test_the_answer_waits_for_everything_else_that_the_gate_asks(
    runtime: Runtime, writes: Writes, channel_id: int
) -> None:
    await writes("stop")
    (event,) = await events(runtime)
    await set_contact(runtime, blocked_at=utcnow())
    assert (await claim(runtime, channel_id)).claimed == []
    assert (await message_of(runtime, event.detail["message_id"])).status is MessageStatus.FAILED


async def test_no_message_can_pretend_to_be_the_answer(
    runtime: Runtime, writes: Writes, owner: Actor, conversation_id: int, channel_id: int
) -> None:
    forged = {"kind": "text", "confirms_opt_out": True, "message_id": 1}
    async with runtime.db.write() as session:
        message_id = await outbox.enqueue(
            session, owner, conversation_id, outbox.Draft("text", "Buy!", forged)
        )
    await set_contact(runtime, opted_out_at=utcnow())
    assert (await claim(runtime, channel_id)).claimed == []
    assert (await message_of(runtime, message_id)).status is MessageStatus.FAILED
    await change_message(runtime, message_id, status=MessageStatus.QUEUED)
    assert (await claim(runtime, channel_id)).claimed == []


def test_the_gate_names_the_one_exception() -> None:
    now = utcnow()
    base = {
        "channel_status": ChannelStatus.CONNECTED,
        "channel_name": "x",
        "last_inbound_at": now,
        "blocked": False,
    }
    with pytest.raises(OptedOut):
        check(Facts(**base, opted_out=True), "text", now)
    check(Facts(**base, opted_out=True, confirms_opt_out=True), "text", now)


@pytest.mark.parametrize(
    ("out", "back", "field"),
    [
        ("!!!", "", "own_out"),
        ("x" * 61, "", "own_out"),
        ("\n".join(map(str, range(51))), "", "own_out"),
        ("Húy", "huy", "own_back"),
    ],
)
async def test_own_words_that_cannot_be_are_refused(
    runtime: Runtime, owner: Actor, out: str, back: str, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        async with runtime.db.write() as session:
            await opt_words.save_own(session, owner, out, back)
    assert refused.value.field == field


async def test_only_the_owner_changes_words(runtime: Runtime, agent: Actor, owner: Actor) -> None:
    async with runtime.db.write() as session:
        with pytest.raises(Forbidden):
            await opt_words.switch(session, agent, "en", on=False)
        assert await opt_words.switch(session, owner, "en", on=False) == "English"
        with pytest.raises(Invalid):
            await opt_words.switch(session, owner, "xx", on=False)
        shown = await opt_words.load(session, owner)
    assert [row["code"] for row in shown["languages"] if not row["on"]] == ["en"]
    assert len(shown["languages"]) == 8


async def test_the_answer_counts_in_the_plan_and_waits_for_nobody_who_has_used_it_up(
    runtime: Runtime, writes: Writes, book: Book
) -> None:
    await limited(runtime.db, Actor.system(), messages=1)
    await writes("stop")
    assert (await messages_counted(runtime), len(await answers(book))) == (1, 1)
    await writes("start")
    assert (await contact_row(runtime)).opted_out_at is None
    assert (await messages_counted(runtime), len(await answers(book))) == (1, 1)
