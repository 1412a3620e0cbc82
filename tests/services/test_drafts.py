"""Drafts: for nobody but their author, with their files, and a newer one is never wiped out by an older window."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests.meta import ADA
from tests.services.test_inbox import plans, scans
from wapto_app.clock import utcnow
from wapto_app.models import DraftFile, MediaFile, MediaState, ScheduledMessage, Visibility
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import drafts, housekeeping, inbox, outbox
from wapto_app.services.drafts import NOTHING, Kept, Written
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.inbox import OutgoingFile

Upload = Callable[..., Awaitable[str]]


def box(text: str = "", *keys: str) -> Written:
    return Written(text=text, files=[OutgoingFile(key=key, caption="", voice=False) for key in keys])


@pytest.fixture
def upload(runtime: Runtime, owner: Actor) -> Upload:
    """A file of the owner; its key. ``days`` ago."""

    async def make(name: str = "a.png", days: int = 0, **more: Any) -> str:
        key = name.encode().hex().ljust(32, "0")[:32]
        path = runtime.settings.media_dir / "aa" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
        values = {"state": MediaState.STORED, "mime_type": "image/png", "uploaded_by": owner.account_id}
        async with runtime.db.write() as session:
            session.add(
                MediaFile(
                    key=key,
                    filename=name,
                    path=f"aa/{key}",
                    size=1,
                    created_at=utcnow() - timedelta(days=days),
                    **(values | more),
                )
            )
        return key

    return make


async def save(runtime: Runtime, actor: Actor, conversation_id: int, written: Written) -> None:
    async with runtime.db.write() as session:
        await drafts.save(session, actor, conversation_id, written)


async def kept(runtime: Runtime, actor: Actor, conversation_id: int) -> Kept:
    async with runtime.db.read() as session:
        return await drafts.of(session, actor, conversation_id)


async def text(runtime: Runtime, actor: Actor, conversation_id: int) -> str:
    return (await kept(runtime, actor, conversation_id))["text"]


async def test_a_draft_is_kept_per_person_and_conversation(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int
) -> None:
    assert await kept(runtime, owner, conversation_id) == NOTHING
    await save(runtime, owner, conversation_id, box("Dear Ada,\n"))
    await save(runtime, owner, conversation_id, box("Dear Ada,\nthank you"))
    await save(runtime, agent, conversation_id, box("Hi"))
    assert await text(runtime, owner, conversation_id) == "Dear Ada,\nthank you"
    async with runtime.db.read() as session:
        assert await drafts.with_drafts(session, owner, [conversation_id, 7]) == {conversation_id}
    await save(runtime, owner, conversation_id, box("  "))
    assert await text(runtime, owner, conversation_id) == ""
    assert await text(runtime, agent, conversation_id) == "Hi"


async def test_a_draft_is_out_of_sight_with_its_conversation(
    runtime: Runtime, agent: Actor, conversation_id: int, others_take_all: Callable[[], Awaitable[None]]
) -> None:
    await save(runtime, agent, conversation_id, box("Hi"))
    await others_take_all()
    stranger = replace(agent, visibility=Visibility.TEAM)
    assert await kept(runtime, stranger, conversation_id) == NOTHING
    with pytest.raises(NotFound):
        await save(runtime, stranger, conversation_id, box("Hello?"))
    with pytest.raises(Invalid):
        await save(runtime, agent, conversation_id, box("x" * 20_001))


async def test_files_wait_in_their_order_with_their_captions(
    runtime: Runtime, owner: Actor, conversation_id: int, upload: Upload
) -> None:
    first, second = await upload("b.png"), await upload("a.png")
    written = box("", first, second)
    written["files"][1]["caption"] = "The roof"
    await save(runtime, owner, conversation_id, written)
    found = (await kept(runtime, owner, conversation_id))["files"]
    assert [(each["filename"], each["caption"], each["kind"]) for each in found] == [
        ("b.png", "", "image"),
        ("a.png", "The roof", "image"),
    ]
    async with runtime.db.read() as session:
        assert await drafts.with_drafts(session, owner, [conversation_id]) == {conversation_id}
    await save(runtime, owner, conversation_id, box("Only words"))
    assert await kept(runtime, owner, conversation_id) == Kept(text="Only words", files=[])


async def test_only_own_files_that_are_there_can_wait(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int, upload: Upload
) -> None:
    theirs = await upload("theirs.png", uploaded_by=agent.account_id)
    gone = await upload("gone.png", state=MediaState.FAILED)
    await save(runtime, owner, conversation_id, box("Look", theirs, gone, "f" * 32, "no key"))
    assert await kept(runtime, owner, conversation_id) == Kept(text="Look", files=[])


async def test_who_may_not_see_numbers_sees_none_in_the_name_of_a_file(
    runtime: Runtime, agent: Actor, conversation_id: int, upload: Upload
) -> None:
    hiding = replace(agent, hide_phone=True)
    key = await upload(f"+{ADA}.png", uploaded_by=agent.account_id)
    await save(runtime, hiding, conversation_id, box("", key))
    [file] = (await kept(runtime, hiding, conversation_id))["files"]
    assert ADA not in file["filename"]


@pytest.mark.parametrize(
    ("before", "sent", "stays"),
    [
        ("Dear A", "Dear Ada", ""),  # typed on and sent before the next saving
        ("", "Written over there", ""),  # both windows wrote the same
        ("Dear A", "Dear B", ""),
    ],
)
async def test_what_was_sent_is_no_draft_any_more(
    runtime: Runtime, owner: Actor, conversation_id: int, before: str, sent: str, stays: str
) -> None:
    await save(runtime, owner, conversation_id, box(before or sent))
    async with runtime.db.write() as session:
        newer = await drafts.settle(session, owner, conversation_id, box(sent), before=box(before))
    assert newer is None
    assert await text(runtime, owner, conversation_id) == stays


@pytest.mark.parametrize("other", [box("Written over there"), box("Dear A", "aa" * 16)])
async def test_sending_does_not_wipe_out_what_another_window_wrote(
    runtime: Runtime, owner: Actor, conversation_id: int, upload: Upload, other: Written
) -> None:
    if other["files"]:
        other["files"][0]["key"] = await upload()
    await save(runtime, owner, conversation_id, other)
    async with runtime.db.write() as session:
        newer = await drafts.settle(session, owner, conversation_id, box("Dear Ada"), before=box("Dear A"))
    assert newer == await kept(runtime, owner, conversation_id) != NOTHING


# --- files that nobody sends


async def files(runtime: Runtime) -> list[str]:
    await housekeeping.clean_up(runtime.db, runtime.settings.media_dir)
    async with runtime.db.read() as session:
        return list(await session.exec(select(MediaFile.filename).order_by(MediaFile.filename)))


async def test_files_that_nobody_sent_go_after_a_week_and_all_others_stay(
    runtime: Runtime, owner: Actor, conversation_id: int, upload: Upload
) -> None:
    await upload("chosen.png", days=8)
    await upload("young.png", days=6)
    waits, planned, sent = [await upload(f"{name}.png", days=8) for name in ("waits", "planned", "sent")]
    await save(runtime, owner, conversation_id, box("", waits))
    async with runtime.db.write() as session:
        content = {"text": "", "files": [{"key": planned, "caption": "", "voice": False}], "reply_to": 0}
        session.add(ScheduledMessage(conversation_id=conversation_id, due_at=utcnow(), content=content))
        await inbox.send_file(session, owner, conversation_id, sent)
    assert await files(runtime) == ["planned.png", "sent.png", "waits.png", "young.png"]
    folder: Path = runtime.settings.media_dir / "aa"
    assert len(list(folder.iterdir())) == 4
    await save(runtime, owner, conversation_id, box())
    async with runtime.db.write() as session:
        await session.exec(sa.delete(ScheduledMessage))
    assert await files(runtime) == ["sent.png", "young.png"]


async def test_what_was_taken_back_and_not_sent_again_goes_too(
    runtime: Runtime, owner: Actor, conversation_id: int, upload: Upload
) -> None:
    key = await upload("back.png", days=8)
    async with runtime.db.write() as session:
        [message_id] = await inbox.send(
            session,
            owner,
            conversation_id,
            text="",
            files=box("", key)["files"],
            reply_to=0,
            hold=outbox.HOLD,
        )
    async with runtime.db.write() as session:
        await inbox.take_back(session, owner, [message_id])
    await save(runtime, owner, conversation_id, box("", key))
    assert await files(runtime) == ["back.png"]
    async with runtime.db.write() as session:
        await session.exec(sa.delete(DraftFile))
    assert await files(runtime) == []


async def test_bytes_that_the_library_has_as_well_stay(runtime: Runtime, upload: Upload) -> None:
    first, _second = await upload("one.png", days=8), await upload("two.png", days=1)
    async with runtime.db.write() as session:
        of_second = sa.update(MediaFile).where(col(MediaFile.filename) == "two.png")
        await session.exec(of_second.values(path=f"aa/{first}"))
    assert await files(runtime) == ["two.png"]
    assert (runtime.settings.media_dir / "aa" / first).exists()


@pytest.mark.own_database
async def test_looking_for_them_reads_only_what_was_never_sent(runtime: Runtime, upload: Upload) -> None:
    await upload("chosen.png", days=8)
    with plans(runtime.db.engine.sync_engine) as found:
        await housekeeping.clean_up(runtime.db, runtime.settings.media_dir)
    assert "ix_media_file_unsent" in "\n".join(found)
    assert [line for plan in found for line in scans(plan) if "media_file" in line] == []
