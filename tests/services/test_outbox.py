"""Into the outbox: what may be written, to whom, and trying again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from tests import meta
from tests.meta import ADA_ID, ago, inbound, message
from tests.services.conftest import Book, Meta, NewChannel, change_message, message_of
from wapto_app.clock import utcnow
from wapto_app.models import (
    Channel,
    ChannelStatus,
    Contact,
    Conversation,
    MediaFile,
    MediaState,
    MessageStatus,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission, Visibility
from wapto_app.services import inbox, outbox
from wapto_app.services.errors import (
    Blocked,
    Conflict,
    DomainError,
    Forbidden,
    Invalid,
    NeedsReconnect,
    NotConnected,
    NotFound,
    OptedOut,
    WindowClosed,
)
from wapto_app.services.outbox import Draft

Send = Callable[[str], Awaitable[int]]
TEXT = Draft("text", "Hi", {"kind": "text"})


async def enqueue(runtime: Runtime, actor: Actor, conversation_id: int, draft: Draft = TEXT) -> int:
    async with runtime.db.write() as session:
        return await outbox.enqueue(session, actor, conversation_id, draft)


async def change(runtime: Runtime, table: Any, **values: Any) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(table).values(**values))


async def new_file(runtime: Runtime, **more: Any) -> MediaFile:
    values = {
        "key": f"{len(more):032x}",
        "state": MediaState.STORED,
        "mime_type": "image/png",
        "path": "aa/x",
    }
    file = MediaFile(**(values | more))
    async with runtime.db.write() as session:
        session.add(file)
    return file


async def test_a_queued_message_is_the_newest_of_its_conversation(
    runtime: Runtime, owner: Actor, conversation_id: int, book: Book
) -> None:
    seen: list[frozenset[str]] = []
    runtime.hub.listen(seen.append)
    message_id = await enqueue(runtime, owner, conversation_id, Draft("text", "On Friday", {"kind": "text"}))
    row, conversation = await message_of(runtime, message_id), await book.only("conversation")
    assert (row.status, row.recipient, row.author_id) == (
        MessageStatus.QUEUED,
        f"+{meta.ADA}",
        owner.account_id,
    )
    assert conversation["last_message_id"] == message_id
    assert (conversation["preview"], conversation["preview_outbound"], conversation["preview_status"]) == (
        "On Friday",
        True,
        "queued",
    )
    assert seen == [{"inbox", f"conversation:{conversation_id}", f"outbox:{conversation['channel_id']}"}]


async def test_a_reaction_does_not_become_the_preview(
    runtime: Runtime, owner: Actor, conversation_id: int, book: Book
) -> None:
    first = (await book.only("message"))["id"]
    async with runtime.db.write() as session:
        await inbox.react(session, owner, conversation_id, first, "👍")
    assert (await book.only("conversation"))["last_message_id"] == first
    assert (await book.only("reaction"))["emoji"] == "👍"
    async with runtime.db.write() as session:
        await inbox.react(session, owner, conversation_id, first, "")
    assert (await book.only("reaction"))["emoji"] == ""


@pytest.mark.parametrize(
    ("table", "values", "refusal"),
    [
        (Channel, {"status": ChannelStatus.DISCONNECTED}, NotConnected),
        (Channel, {"status": ChannelStatus.RECONNECT}, NeedsReconnect),
        (Contact, {"blocked_at": utcnow()}, Blocked),
        (Contact, {"opted_out_at": utcnow()}, OptedOut),
        (Conversation, {"last_inbound_at": utcnow() - timedelta(hours=25)}, WindowClosed),
        (Conversation, {"last_inbound_at": None}, WindowClosed),
    ],
)
async def test_the_gate_refuses_and_nothing_is_queued(
    runtime: Runtime,
    owner: Actor,
    conversation_id: int,
    book: Book,
    table: Any,
    values: Any,
    refusal: type[DomainError],
) -> None:
    await change(runtime, table, **values)
    with pytest.raises(refusal):
        await enqueue(runtime, owner, conversation_id)
    assert await book.count("message") == 1


async def test_what_meta_would_refuse_is_refused_at_once(
    runtime: Runtime, owner: Actor, conversation_id: int, book: Book
) -> None:
    for draft in (
        Draft("text", " "),
        Draft("text", "x" * 4097),
        Draft("hologram"),
        Draft("image", "no file"),
    ):
        with pytest.raises(Invalid):
            await enqueue(runtime, owner, conversation_id, draft)
    assert await book.count("message") == 1


async def test_an_actor_needs_the_permission_and_the_conversation(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int
) -> None:
    reader = replace(agent, permissions=frozenset({Permission.INBOX_SEE}))
    with pytest.raises(Forbidden):
        await enqueue(runtime, reader, conversation_id)
    stranger = replace(agent, visibility=Visibility.OWN)
    with pytest.raises(NotFound):
        await enqueue(runtime, stranger, conversation_id)
    with pytest.raises(NotFound):
        await enqueue(runtime, owner, conversation_id + 99)


async def test_a_person_without_number_is_written_to_by_user_id(
    runtime: Runtime, owner: Actor, channel_id: int, meta_says: Meta, book: Book
) -> None:
    await meta_says.says(inbound(message("wamid.1", wa_id=None, user_id=ADA_ID)))
    message_id = await enqueue(runtime, owner, (await book.only("conversation"))["id"])
    assert (await message_of(runtime, message_id)).recipient == ADA_ID


async def test_after_a_change_of_number_the_new_one_is_written_to(
    runtime: Runtime, owner: Actor, conversation_id: int, meta_says: Meta
) -> None:
    content = {"type": "user_changed_number", "body": "", "wa_id": "16505559999"}
    await meta_says.says(inbound(message("wamid.2", "system", content)))
    message_id = await enqueue(runtime, owner, conversation_id)
    assert (await message_of(runtime, message_id)).recipient == "+16505559999"


# --- files


async def test_only_a_file_that_is_here_can_be_sent(
    runtime: Runtime, owner: Actor, conversation_id: int, book: Book
) -> None:
    for state in (MediaState.PENDING, MediaState.FAILED):
        await new_file(runtime, key=f"{state:0>32}", state=state)
        with pytest.raises(NotFound):
            await enqueue(
                runtime, owner, conversation_id, Draft("image", "", {"kind": "media"}, f"{state:0>32}")
            )
    with pytest.raises(NotFound):
        await enqueue(runtime, owner, conversation_id, Draft("image", "", {"kind": "media"}, "0" * 32))
    assert await book.count("message") == 1


async def test_a_file_known_to_one_number_is_uploaded_again_for_another(
    runtime: Runtime, owner: Actor, conversation_id: int, meta_says: Meta, book: Book, new_channel: NewChannel
) -> None:
    await new_channel("P2")
    await meta_says.says(inbound(message("wamid.2"), pnid="P2"))
    other = (await book.rows("conversation"))[-1]["id"]
    file = await new_file(runtime, key="a" * 32)
    draft = Draft("image", "", {"kind": "media"}, file.key)
    first = await enqueue(runtime, owner, conversation_id, draft)
    again = await enqueue(runtime, owner, conversation_id, draft)
    elsewhere = await enqueue(runtime, owner, other, draft)
    ids = [(await message_of(runtime, each)).media_id for each in (first, again, elsewhere)]
    assert ids[0] == ids[1] == file.id != ids[2]
    copy = (await book.rows("media"))[-1]
    assert (copy["path"], copy["meta_id"]) == ("aa/x", "")


@pytest.mark.parametrize(
    ("mime_type", "kind"),
    [
        ("image/jpeg", "image"),
        ("image/webp", "sticker"),
        ("image/gif", "document"),
        ("audio/ogg", "audio"),
        ("audio/wave", "document"),
        ("video/webm", "document"),
        ("application/pdf", "document"),
    ],
)
async def test_a_file_is_sent_as_what_meta_takes_it_for(
    runtime: Runtime, owner: Actor, conversation_id: int, mime_type: str, kind: str
) -> None:
    file = await new_file(runtime, key="b" * 32, mime_type=mime_type)
    async with runtime.db.write() as session:
        message_id = await inbox.send_file(session, owner, conversation_id, file.key)
    assert (await message_of(runtime, message_id)).type == kind


async def test_sound_cannot_carry_its_text_so_the_text_follows(
    runtime: Runtime, owner: Actor, conversation_id: int, book: Book
) -> None:
    file = await new_file(runtime, key="c" * 32, mime_type="audio/ogg")
    async with runtime.db.write() as session:
        await inbox.send_file(session, owner, conversation_id, file.key, "Listen to this")
    assert [(row["type"], row["body"]) for row in await book.rows("message")][1:] == [
        ("audio", ""),
        ("text", "Listen to this"),
    ]


# --- trying again


@pytest.mark.parametrize("status", [MessageStatus.FAILED, MessageStatus.UNCONFIRMED])
async def test_a_person_may_try_again(
    runtime: Runtime, owner: Actor, sends: Send, book: Book, status: MessageStatus
) -> None:
    message_id = await sends("Again")
    await change_message(
        runtime,
        message_id,
        status=status,
        wamid="wamid.one",
        attempt=3,
        refusals=5,
        error_code=131000,
        error_detail="x",
    )
    async with runtime.db.write() as session:
        await outbox.retry(session, owner, message_id)
    row = await message_of(runtime, message_id)
    assert (row.status, row.wamid, row.error_code, row.error_detail) == (MessageStatus.QUEUED, None, None, "")
    assert (row.attempt, row.refusals, row.not_before) == (3, 0, None)
    assert (await book.only("conversation"))["preview_status"] == "queued"


@pytest.mark.parametrize(
    "status",
    [
        MessageStatus.QUEUED,
        MessageStatus.SENDING,
        MessageStatus.SENT,
        MessageStatus.DELIVERED,
        MessageStatus.READ,
    ],
)
async def test_what_is_on_its_way_or_arrived_is_not_tried_again(
    runtime: Runtime, owner: Actor, sends: Send, status: MessageStatus
) -> None:
    message_id = await sends("Once")
    await change_message(runtime, message_id, status=status)
    async with runtime.db.write() as session:
        with pytest.raises(Conflict):
            await outbox.retry(session, owner, message_id)


async def test_trying_again_passes_the_gate_and_the_visibility(
    runtime: Runtime, owner: Actor, agent: Actor, sends: Send, book: Book
) -> None:
    message_id = await sends("Again")
    await change_message(runtime, message_id, status=MessageStatus.FAILED)
    async with runtime.db.write() as session:
        with pytest.raises(NotFound):
            await outbox.retry(session, replace(agent, visibility=Visibility.OWN), message_id)
        with pytest.raises(NotFound):
            await outbox.retry(session, owner, message_id + 99)
        with pytest.raises(NotFound):
            await outbox.retry(session, owner, (await book.rows("message"))[0]["id"])
    await change(runtime, Conversation, last_inbound_at=ago(days=2))
    async with runtime.db.write() as session:
        with pytest.raises(WindowClosed):
            await outbox.retry(session, owner, message_id)
    assert (await message_of(runtime, message_id)).status is MessageStatus.FAILED


async def test_trying_again_goes_to_the_number_of_today(
    runtime: Runtime, owner: Actor, sends: Send, meta_says: Meta
) -> None:
    message_id = await sends("Again")
    await change_message(runtime, message_id, status=MessageStatus.FAILED)
    content = {"type": "user_changed_number", "body": "", "wa_id": "16505559999"}
    await meta_says.says(inbound(message("wamid.2", "system", content)))
    async with runtime.db.write() as session:
        await outbox.retry(session, owner, message_id)
    assert (await message_of(runtime, message_id)).recipient == "+16505559999"


async def test_a_message_that_was_retried_from_an_older_place_does_not_become_the_preview(
    runtime: Runtime, owner: Actor, sends: Send, book: Book
) -> None:
    older, newer = await sends("older"), await sends("newer")
    await change_message(runtime, older, status=MessageStatus.FAILED)
    async with runtime.db.write() as session:
        await outbox.retry(session, owner, older)
    assert (await book.only("conversation"))["last_message_id"] == newer


async def test_the_depth_counts_what_is_not_settled(runtime: Runtime, sends: Send) -> None:
    ids = [await sends(str(number)) for number in range(5)]
    for message_id, status in zip(
        ids, ("queued", "sending", "unconfirmed", "unconfirmed", "sent"), strict=True
    ):
        await change_message(runtime, message_id, status=MessageStatus(status))
    async with runtime.db.read() as session:
        assert await outbox.depth(session) == {"queued": 1, "sending": 1, "unconfirmed": 2}


async def test_a_text_from_a_browser_is_cleaned(runtime: Runtime, owner: Actor, conversation_id: int) -> None:
    async with runtime.db.write() as session:
        message_id = await inbox.send_text(session, owner, conversation_id, "a\x00b\ud800 ")
    assert (await message_of(runtime, message_id)).body == "ab\ufffd"


async def test_the_preview_follows_the_newest_message_when_many_write_at_once(
    runtime: Runtime, owner: Actor, conversation_id: int, book: Book
) -> None:
    ids = await asyncio.gather(
        *(enqueue(runtime, owner, conversation_id, Draft("text", str(n), {"kind": "text"})) for n in range(8))
    )
    conversation = await book.only("conversation")
    assert conversation["last_message_id"] == max(ids)
    newest = await message_of(runtime, max(ids))
    assert (conversation["preview"], conversation["last_message_at"]) == (newest.body, newest.at)
