"""What is removed when its time has come, what never is, and that counting removes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests.services.test_inbox import plans, scans
from wapto_app.clock import utcnow
from wapto_app.db import Database
from wapto_app.models import (
    AuditEntry,
    EventState,
    MailLog,
    MailStatus,
    MediaFile,
    MediaState,
    Message,
    MessageStatus,
    WebhookEvent,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import housekeeping, outbox, retention
from wapto_app.services.errors import Conflict, Forbidden, Invalid
from wapto_app.services.outbox import Draft
from wapto_app.services.retention import DEFAULT, Rules

FORM = {"webhooks_days": "14", "media_days": "30", "audit_days": "30", "mail_days": "30"}
RULES = Rules(webhooks_days=14, media_days=30, audit_days=30, mail_days=30)


@pytest.fixture
async def sends(runtime: Runtime, sends: Callable[[str], Any]) -> Callable[..., Any]:
    """A message with a file, of some days ago; the path of the file."""

    async def send(name: str, days: int, status: MessageStatus = MessageStatus.SENT) -> Path:
        path = runtime.settings.media_dir / "aa" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 100)
        message_id = await sends(name)
        async with runtime.db.write() as session:
            file = MediaFile(
                key=name.rjust(32, "0"),
                state=MediaState.STORED,
                path=f"aa/{name}",
                size=100,
                created_at=utcnow() - timedelta(days=days),
            )
            session.add(file)
            await session.flush()
            change = sa.update(Message).where(col(Message.id) == message_id)
            await session.exec(change.values(media_id=file.id, status=status))
        return path

    return send


async def fill(db: Database) -> None:
    old, young = utcnow() - timedelta(days=40), utcnow() - timedelta(days=2)
    async with db.write() as session:
        for at in (old, young):
            for state in EventState:
                session.add(
                    WebhookEvent(digest=f"{at}{state}".encode(), body=b"{}", state=state, received_at=at)
                )
            session.add(AuditEntry(action="x", at=at))
            for status in MailStatus:
                session.add(MailLog(to="a@b.cd", kind="test", subject="x", status=status, created_at=at))


async def counts(db: Database) -> list[int]:
    async with db.read() as session:
        return [
            len((await session.exec(select(table))).all())  # type: ignore[call-overload]
            for table in (WebhookEvent, AuditEntry, MailLog)
        ]


async def test_counting_says_exactly_what_is_removed_and_removes_nothing(
    runtime: Runtime, admin: Actor, sends: Callable[..., Any]
) -> None:
    db = runtime.db
    await fill(db)
    old, young = await sends("old", 40), await sends("young", 2)
    waiting = await sends("waiting", 40, MessageStatus.QUEUED)
    before = await counts(db)
    async with db.read() as session:
        found = await retention.preview(session, admin, RULES)
    assert found == {"webhooks": 1, "media": 1, "media_bytes": 100, "audit": 1, "mail": 2}
    assert await counts(db) == before
    assert old.exists()
    async with db.write() as session:
        await retention.save(session, admin, RULES)
    before = await counts(db)
    await housekeeping.clean_up(db, runtime.settings.media_dir)
    assert [a - b for a, b in zip(before, await counts(db), strict=True)] == [1, 1, 2]
    assert [path.exists() for path in (old, young, waiting)] == [False, True, True]
    async with db.read() as session:
        gone = (await session.exec(select(MediaFile).where(col(MediaFile.key).endswith("old")))).one()
        assert len((await session.exec(select(Message))).all()) == 4  # messages stay, the first one included
        left = await retention.preview(session, admin, RULES)
    assert (gone.state, gone.path) == (MediaState.FAILED, "")
    assert gone.error == "Removed: files are kept for 30 days."
    assert set(left.values()) == {0}


async def test_a_file_that_is_just_sent_again_stays(
    runtime: Runtime, owner: Actor, admin: Actor, conversation_id: int, sends: Callable[..., Any]
) -> None:
    path = await sends("old", 40)
    async with runtime.db.write() as session:
        await retention.save(session, admin, RULES)
        await session.exec(sa.update(MediaFile).values(mime_type="image/png"))
    async with runtime.db.write() as session:
        draft = Draft("image", "", {"kind": "media", "media_type": "image"}, media_key="old".rjust(32, "0"))
        await outbox.enqueue(session, owner, conversation_id, draft)
        cleaning = asyncio.create_task(retention.carry_out(runtime.db, runtime.settings.media_dir))
        await asyncio.sleep(0.3)
    await cleaning
    async with runtime.db.read() as session:
        assert (await session.exec(select(MediaFile.state))).one() is MediaState.STORED
    assert path.exists()


async def test_a_file_that_is_just_removed_is_sent_by_nobody(
    runtime: Runtime, owner: Actor, admin: Actor, conversation_id: int, sends: Callable[..., Any]
) -> None:
    await sends("old", 40, MessageStatus.FAILED)
    async with runtime.db.read() as session:
        message_id = (await session.exec(select(Message.id).where(col(Message.media_id).is_not(None)))).one()

    async def retry() -> None:
        async with runtime.db.write() as session:
            await outbox.retry(session, owner, message_id or 0)

    async with runtime.db.write() as session:
        assert len(await retention._forgettable(session, 30)) == 1
        trying = asyncio.create_task(retry())
        await asyncio.sleep(0.3)
        await session.exec(sa.update(MediaFile).values(state=MediaState.FAILED, path=""))
    with pytest.raises(Conflict, match="not kept any more"):
        await trying


async def test_an_install_that_chose_nothing_keeps_files_and_its_audit_log(
    runtime: Runtime, sends: Callable[..., Any]
) -> None:
    await fill(runtime.db)
    path = await sends("old", 4000)
    await housekeeping.clean_up(runtime.db, runtime.settings.media_dir)
    assert await counts(runtime.db) == [6, 2, 6]  # one of them is of the conversation itself
    assert path.exists()


async def test_many_are_removed_a_few_at_a_time(
    runtime: Runtime, admin: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 10)
    monkeypatch.setattr(retention, "_PAUSE", 0)
    async with runtime.db.write() as session:
        session.add_all(AuditEntry(action="x", at=utcnow() - timedelta(days=99)) for _ in range(35))
        await retention.save(session, admin, RULES)
    await retention.carry_out(runtime.db, runtime.settings.media_dir)
    assert (await counts(runtime.db))[1] == 1  # that the rules were changed


async def test_a_file_that_is_gone_already_or_named_from_outside_stops_nothing(
    runtime: Runtime, admin: Actor, sends: Callable[..., Any]
) -> None:
    (await sends("old", 40)).unlink()
    outside = runtime.settings.data_dir / "outside"
    outside.write_bytes(b"not ours to remove")
    await sends("evil", 40)
    async with runtime.db.write() as session:
        await session.exec(
            sa.update(MediaFile).where(col(MediaFile.key).endswith("evil")).values(path="../outside")
        )
        await retention.save(session, admin, RULES)
    await retention.carry_out(runtime.db, runtime.settings.media_dir)
    assert outside.exists()


def test_form_is_read_and_empty_is_for_ever() -> None:
    assert retention.clean(FORM) == RULES
    kept = retention.clean({"webhooks_days": " 7 ", "media_days": "", "audit_days": "0", "mail_days": ""})
    assert kept == Rules(webhooks_days=7, media_days=0, audit_days=0, mail_days=0)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("webhooks_days", ""),
        ("webhooks_days", "6"),
        ("media_days", "6"),
        ("audit_days", "29"),
        ("mail_days", "-1"),
        ("mail_days", "3651"),
        ("mail_days", "1e3"),
        ("mail_days", "²"),
        ("mail_days", "9" * 5000),
    ],
)
def test_days_that_make_no_sense_name_their_field(field: str, value: str) -> None:
    with pytest.raises(Invalid) as refused:
        retention.clean(FORM | {field: value})
    assert refused.value.field == field


async def test_only_an_admin_may(db: Database, owner: Actor, agent: Actor) -> None:
    for actor in (owner, agent):
        async with db.write() as session:
            with pytest.raises(Forbidden):
                await retention.preview(session, actor, RULES)
            with pytest.raises(Forbidden):
                await retention.save(session, actor, RULES)
    async with db.read() as session:
        assert await retention.rules(session) == DEFAULT


@pytest.mark.own_database
async def test_what_is_looked_for_has_an_index(
    runtime: Runtime, admin: Actor, sends: Callable[..., Any]
) -> None:
    await fill(runtime.db)
    await sends("old", 40)
    async with runtime.db.write() as session:
        await retention.save(session, admin, RULES)
    with plans(runtime.db.engine.sync_engine) as found:
        await retention.carry_out(runtime.db, runtime.settings.media_dir)
    text = "\n".join(found)
    for index in (
        "ix_webhook_event_received_at",
        "ix_audit_entry_at",
        "ix_mail_log_created_at",
        "ix_media_file_stored",
    ):
        assert index in text
    assert [line for plan in found for line in scans(plan) if "preference" not in line] == []
