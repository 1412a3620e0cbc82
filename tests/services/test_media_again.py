"""Files of messages that are missing, and the pictures around one that is looked at."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import col, select

from tests import meta
from tests.services.conftest import Meta
from tests.services.library import done
from wapto_app.clock import utcnow
from wapto_app.db import Database
from wapto_app.models import (
    Conversation,
    Direction,
    MediaFile,
    MediaState,
    Message,
    MessageStatus,
    Team,
    Visibility,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import media
from wapto_app.services.errors import Conflict, Forbidden, NotFound

KEY = "a" * 32


async def message_with_file(db: Database, conversation_id: int, key: str = KEY, **file: Any) -> int:
    """A message that carries a file which could not be fetched; its id."""
    of_message = {name: file.pop(name) for name in ("at", "direction", "type", "body") if name in file}
    values: dict[str, Any] = {
        "state": MediaState.FAILED,
        "meta_id": "123",
        "error": "WhatsApp was not there.",
    }
    async with db.write() as session:
        kept = MediaFile(key=key, filename="view.jpg", mime_type="image/jpeg", **(values | file))
        conversation = await session.get_one(Conversation, conversation_id)
        session.add(kept)
        await session.flush()
        base = {"type": "image", "direction": Direction.INBOUND, "status": MessageStatus.RECEIVED}
        message = Message(
            conversation_id=conversation_id,
            channel_id=conversation.channel_id,
            content={"kind": "media"},
            media_id=kept.id,
            **(base | of_message),
        )
        session.add(message)
        await session.flush()
        return message.id or 0


async def again(runtime: Runtime, actor: Actor, key: str = KEY) -> None:
    await done(runtime, media.fetch_again, actor, runtime.settings.media_dir, key)


async def state_of(db: Database, key: str = KEY) -> MediaFile:
    async with db.read() as session:
        return (await session.exec(select(MediaFile).where(MediaFile.key == key))).one()


async def test_what_could_not_be_fetched_is_fetched_again(
    runtime: Runtime, owner: Actor, conversation_id: int
) -> None:
    await message_with_file(runtime.db, conversation_id, attempt=9, refusals=8)
    told: list[frozenset[str]] = []
    publish, runtime.db.publish = runtime.db.publish, told.append
    await again(runtime, owner)
    runtime.db.publish = publish
    file = await state_of(runtime.db)
    assert (file.state, file.error, file.attempt, file.refusals) == (MediaState.PENDING, "", 0, 0)
    assert told == [frozenset({"media", f"conversation:{conversation_id}"})]
    await again(runtime, owner)  # asked twice, it stays on its way


async def test_what_is_gone_from_the_disk_is_fetched_again_and_what_is_there_is_not(
    runtime: Runtime, owner: Actor, conversation_id: int
) -> None:
    path = runtime.settings.media_dir / "aa" / KEY
    path.parent.mkdir(parents=True)
    path.write_bytes(b"x")
    await message_with_file(runtime.db, conversation_id, state=MediaState.STORED, path=f"aa/{KEY}")
    await again(runtime, owner)
    assert (await state_of(runtime.db)).state is MediaState.STORED
    path.unlink()
    await again(runtime, owner)
    assert (await state_of(runtime.db)).state is MediaState.PENDING


async def test_when_meta_has_forgotten_it_that_is_said(
    runtime: Runtime, owner: Actor, conversation_id: int
) -> None:
    week = utcnow() - timedelta(days=7, minutes=1)
    await message_with_file(runtime.db, conversation_id, at=week)
    with pytest.raises(Conflict, match="Ask the customer to send it again"):
        await again(runtime, owner)
    never = "b" * 32
    await message_with_file(runtime.db, conversation_id, never, meta_id="")
    with pytest.raises(Conflict, match="does not have this file"):
        await again(runtime, owner, never)
    assert (await state_of(runtime.db)).state is MediaState.FAILED


async def test_our_own_uploads_are_kept_as_long_as_meta_said(
    runtime: Runtime, owner: Actor, conversation_id: int
) -> None:
    until = utcnow() + timedelta(days=20)
    values: dict[str, Any] = {"direction": Direction.OUTBOUND, "meta_expires_at": until}
    await message_with_file(runtime.db, conversation_id, state=MediaState.STORED, path="aa/gone", **values)
    with (
        time_machine.travel(until + timedelta(minutes=1)),
        pytest.raises(Conflict, match="Upload it and send it again"),
    ):
        await again(runtime, owner)
    await again(runtime, owner)
    file = await state_of(runtime.db)
    assert file.state is MediaState.PENDING
    assert file.channel_id is not None


async def test_nobody_fetches_or_sees_what_is_in_others_conversations(
    runtime: Runtime, owner: Actor, agent: Actor, conversation_id: int
) -> None:
    await message_with_file(runtime.db, conversation_id, state=MediaState.STORED, path="aa/x")
    team = await done(runtime, _others_take, conversation_id)
    stranger = replace(agent, visibility=Visibility.OWN, team_id=team)
    for deed in (
        lambda: again(runtime, stranger),
        lambda: around(runtime, stranger),
        lambda: again(runtime, owner, "../../secret.key"),
    ):
        with pytest.raises(NotFound):
            await deed()
    reader = replace(owner, permissions=frozenset({Permission.INBOX_SEE}))
    with pytest.raises(Forbidden):
        await again(runtime, reader)
    assert [row["key"] for row in await around(runtime, reader)] == [KEY]


async def _others_take(session: Any, conversation_id: int) -> int:
    team = Team(name="Others")
    session.add(team)
    await session.flush()
    change = sa.update(Conversation).where(col(Conversation.id) == conversation_id)
    await session.exec(change.values(team_id=team.id))
    return (team.id or 0) + 1


async def around(runtime: Runtime, actor: Actor, key: str = KEY) -> list[media.PictureRow]:
    async with runtime.db.read() as session:
        return await media.pictures_around(session, actor, key)


async def test_pictures_before_and_after_stand_in_their_order(
    runtime: Runtime, owner: Actor, conversation_id: int, meta_says: Meta
) -> None:
    at = utcnow()
    stored: dict[str, Any] = {"state": MediaState.STORED}
    for n, kind in enumerate(("image", "audio", "video", "image", "sticker")):
        when = at - timedelta(minutes=10 - n)
        await message_with_file(
            runtime.db, conversation_id, f"{n:032x}", at=when, type=kind, path=f"aa/{n}", **stored
        )
    await message_with_file(runtime.db, conversation_id, "f" * 32, at=at)  # never fetched
    await meta_says.says(meta.inbound(meta.message("wamid.other", wa_id="15550001111")))
    await message_with_file(runtime.db, conversation_id + 1, "e" * 32, at=at, path="aa/e", **stored)
    rows = await around(runtime, owner, f"{2:032x}")
    assert [(row["key"][-1], row["type"]) for row in rows] == [
        ("0", "image"),
        ("2", "video"),
        ("3", "image"),
    ]
    assert all(row["name"] == "view.jpg" for row in rows)
