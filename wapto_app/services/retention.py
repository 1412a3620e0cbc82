"""How long what piles up is kept: chosen by the admin, carried out by the housekeeping tick a little at a time.

Days, 0 for ever. Messages and contacts are not among it: they are the business's memory.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypedDict, cast

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import Database, touch
from wapto_app.models import (
    AuditEntry,
    EventState,
    MailLog,
    MailStatus,
    MediaFile,
    MediaState,
    Message,
    MessageFile,
    MessageStatus,
    WebhookEvent,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, preferences
from wapto_app.services.errors import Invalid
from wapto_app.services.media import shared

TOPIC = "retention"
AT_ONCE = 1_000
"""Rows of one kind that one transaction removes: a writer waits for milliseconds, not for seconds."""
SMALLEST = {"webhooks_days": 7, "media_days": 7, "audit_days": 30, "mail_days": 7}
"""Meta delivers a webhook again for up to 7 days; a body that is gone could not be recognised as a repetition."""
LONGEST = 3650

_PAUSE = 0.05

_NAME = "retention"
# As its index says it: SQLite compares the words.
_IS_STORED = cast(sa.ColumnElement[bool], sa.text("media_file.state = 'stored'"))


class Rules(TypedDict):
    """Days after which each kind is removed; 0 keeps it for ever."""

    webhooks_days: int
    media_days: int
    audit_days: int
    mail_days: int


class Counts(TypedDict):
    """How many would be removed now; ``media_bytes`` is what their files take up."""

    webhooks: int
    media: int
    media_bytes: int
    audit: int
    mail: int


DEFAULT = Rules(webhooks_days=14, media_days=0, audit_days=0, mail_days=90)


async def rules(session: AsyncSession) -> Rules:
    """What is kept how long."""
    stored = await preferences.read(session, _NAME)
    return _rules({name: stored.get(name, days) for name, days in DEFAULT.items()})


def clean(form: Mapping[str, str]) -> Rules:
    """The rules that a form asks for.

    Raises:
        Invalid: naming the first field that is no number of days, or fewer than is safe.
    """
    return _rules({name: _days(name, form.get(name, "")) for name in DEFAULT})


def _rules(days: Mapping[str, Any]) -> Rules:
    return Rules(
        webhooks_days=days["webhooks_days"],
        media_days=days["media_days"],
        audit_days=days["audit_days"],
        mail_days=days["mail_days"],
    )


def _days(name: str, text: str) -> int:
    text = text.strip()
    if text in ("", "0") and name != "webhooks_days":
        return 0
    is_number = text.isascii() and text.isdecimal() and len(text) < 6
    if not is_number or not SMALLEST[name] <= int(text) <= LONGEST:
        raise Invalid(name, f"Write a number of days from {SMALLEST[name]} to {LONGEST}.")
    return int(text)


async def preview(session: AsyncSession, actor: Actor, wanted: Rules) -> Counts:
    """What these rules would remove now; nothing is removed."""
    actor.require(Permission.ADMIN)
    media = _old_media(wanted["media_days"])
    files = await session.exec(
        sa.select(sa.func.count(), sa.func.coalesce(sa.func.sum(col(MediaFile.size)), 0)).where(*media)  # type: ignore[call-overload]
    )
    number, size = files.one()
    return Counts(
        webhooks=await _count(session, WebhookEvent, _old_webhooks(wanted["webhooks_days"])),
        media=number,
        media_bytes=int(size),
        audit=await _count(session, AuditEntry, _old_audit(wanted["audit_days"])),
        mail=await _count(session, MailLog, _old_mail(wanted["mail_days"])),
    )


async def save(session: AsyncSession, actor: Actor, wanted: Rules) -> None:
    """Follow these rules from the next housekeeping on."""
    actor.require(Permission.ADMIN)
    await preferences.write(session, _NAME, dict(wanted))
    audit.record(session, actor, "retention.changed", **wanted)
    touch(session, TOPIC)


async def carry_out(db: Database, media_dir: Path) -> None:
    """Remove what is too old, in small transactions; may be interrupted anywhere and goes on next time."""
    async with db.read() as session:
        wanted = await rules(session)
    for table, conditions in (
        (WebhookEvent, _old_webhooks(wanted["webhooks_days"])),
        (AuditEntry, _old_audit(wanted["audit_days"])),
        (MailLog, _old_mail(wanted["mail_days"])),
    ):
        await _until_done(partial(_delete_some, db, table, conditions))
    await _until_done(partial(_remove_files, db, media_dir, wanted["media_days"]))


async def _until_done(remove: Callable[[], Awaitable[int]]) -> None:
    while True:
        if await remove() < AT_ONCE:
            return
        await asyncio.sleep(_PAUSE)  # others may write


Conditions = Sequence[sa.ColumnElement[bool]]


def _before(days: int) -> datetime | None:
    return utcnow() - timedelta(days=days) if days else None


def _old_webhooks(days: int) -> Conditions:
    at = _before(days)
    if at is None:
        return (sa.false(),)
    return (col(WebhookEvent.received_at) < at, col(WebhookEvent.state) == EventState.DONE)


def _old_audit(days: int) -> Conditions:
    at = _before(days)
    return (sa.false(),) if at is None else (col(AuditEntry.at) < at,)


def _old_mail(days: int) -> Conditions:
    at = _before(days)
    if at is None:
        return (sa.false(),)
    return (col(MailLog.created_at) < at, col(MailLog.status) != MailStatus.QUEUED)


def _old_media(days: int) -> Conditions:
    """Files that messages carried, unless one of these still waits to be sent."""
    at = _before(days)
    if at is None:
        return (sa.false(),)
    carried = sa.select(col(Message.id)).where(col(Message.media_id) == col(MediaFile.id))
    on_card = (
        sa.select(col(Message.id))
        .join(MessageFile, col(MessageFile.message_id) == col(Message.id))
        .where(col(MessageFile.media_id) == col(MediaFile.id))
    )
    waiting = (MessageStatus.QUEUED, MessageStatus.SENDING)
    return (
        _IS_STORED,
        col(MediaFile.created_at) < at,
        sa.or_(carried.exists(), on_card.exists()),
        ~carried.where(col(Message.status).in_(waiting)).exists(),
        ~on_card.where(col(Message.status).in_(waiting)).exists(),
    )


async def _count(session: AsyncSession, table: Any, conditions: Conditions) -> int:
    found = await session.exec(sa.select(sa.func.count()).select_from(table).where(*conditions))  # type: ignore[call-overload]
    return int(found.scalar_one())


async def _delete_some(db: Database, table: Any, conditions: Conditions) -> int:
    async with db.write() as session:
        some = sa.select(col(table.id)).where(*conditions).limit(AT_ONCE)
        deleted = await session.exec(sa.delete(table).where(col(table.id).in_(some)))
        return int(deleted.rowcount)


async def _remove_files(db: Database, media_dir: Path, days: int) -> int:
    """The files first, then the rows that name them: whatever stops us in between, the next time finishes it.

    Bytes that another row names as well, of the library or of a newer message, stay.
    """
    async with db.write() as session:
        await shared.one_at_a_time(session)
        query = sa.select(col(MediaFile.id), col(MediaFile.path)).where(*_old_media(days)).limit(AT_ONCE)
        found = (await session.exec(query)).all()  # type: ignore[call-overload]
        if not found:
            return 0
        gone = {"state": MediaState.FAILED, "path": "", "error": f"Removed: files are kept for {days} days."}
        ids = [row.id for row in found]
        await session.exec(sa.update(MediaFile).where(col(MediaFile.id).in_(ids)).values(**gone))
        await shared.remove(media_dir, await shared.unneeded(session, [row.path for row in found]))
    return len(found)
