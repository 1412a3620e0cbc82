"""Writer operations of the jobs that move files between Meta and the media folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from wapto_app.clock import utcnow
from wapto_app.models import MediaFile, MediaState, Message, MessageFile, MessageStatus
from wapto_app.models.base import table_of
from wapto_app.models.conversations import WAITING
from wapto_app.services.previews import show_ticks

media_file = table_of(MediaFile)
message = table_of(Message)
message_file = table_of(MessageFile)

META_KEEPS = timedelta(days=29)
"""Meta: an uploaded file is valid for 30 days."""

_IS_PENDING = sa.text("state = 'pending'")
_IS_WAITING = sa.text(f"message.{WAITING}")
_IS_QUEUED = sa.text("message.status = 'queued'")
_OURS_FOR = timedelta(minutes=2)


@dataclass(frozen=True, slots=True)
class Inbound:
    """A file of a customer that Meta still holds."""

    id: int
    key: str
    channel_id: int
    meta_id: str
    mime_type: str
    attempt: int
    refusals: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Fetched:
    """What became of an inbound file: stored, to be tried again at ``retry_at``, or failed."""

    file: Inbound
    state: MediaState
    path: str = ""
    mime_type: str = ""
    size: int = 0
    sha256: str = ""
    error: str = ""
    refusals: int = 0
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request for up to ``limit`` files that messages of one number wait for."""

    channel_id: int
    limit: int


@dataclass(frozen=True, slots=True)
class Outbound:
    """A file that a queued message needs at Meta."""

    id: int
    path: str
    mime_type: str
    filename: str
    attempt: int
    refusals: int


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What became of an outbound file: known to Meta by ``meta_id``, to be tried again, or refused for good."""

    file: Outbound
    meta_id: str = ""
    error: str = ""
    refusals: int = 0
    retry_at: datetime | None = None


def inbound_due(connection: sa.Connection, limits: list[int]) -> Sequence[list[Inbound]]:
    """The files to fetch now; other processes leave them alone for a while."""
    return [_inbound_due(connection, limit) for limit in limits]


def _inbound_due(connection: sa.Connection, limit: int) -> list[Inbound]:
    table = media_file
    now = utcnow()
    is_due = _IS_PENDING, sa.or_(table.c.retry_at.is_(None), table.c.retry_at <= now)
    found = connection.execute(sa.select(table.c.id).where(*is_due).order_by(table.c.id).limit(limit))
    ids = found.scalars().all()
    if not ids:
        return []
    taken = connection.execute(
        table.update()
        .where(table.c.id.in_(ids), *is_due)
        .values(retry_at=now + _OURS_FOR)
        .returning(*(table.c[name] for name in Inbound.__slots__))
    )
    return sorted((Inbound(*row) for row in taken), key=lambda file: file.id)


def settle_inbound(connection: sa.Connection, fetched: list[Fetched]) -> Sequence[list[int]]:
    """Write down what became of files; returns the conversations that show each."""
    return [_settle_inbound(connection, one) for one in fetched]


def _settle_inbound(connection: sa.Connection, fetched: Fetched) -> list[int]:
    values: dict[str, Any] = {
        "state": fetched.state,
        "attempt": fetched.file.attempt + 1,
        "refusals": fetched.refusals,
        "error": fetched.error[:255],
        "retry_at": fetched.retry_at,
    }
    if fetched.state is MediaState.STORED:
        values |= {
            "path": fetched.path,
            "mime_type": fetched.mime_type,
            "size": fetched.size,
            "sha256": fetched.sha256,
            "attempt": 0,
        }
    connection.execute(
        media_file.update().where(media_file.c.id == fetched.file.id, _IS_PENDING).values(**values)
    )
    shown = sa.select(message.c.conversation_id).where(message.c.media_id == fetched.file.id)
    return [conversation_id for (conversation_id,) in connection.execute(shown)]


def outbound_due(connection: sa.Connection, requests: list[Wanted]) -> Sequence[list[Outbound]]:
    """The files that queued messages of each number wait for."""
    return [_outbound_due(connection, wanted) for wanted in requests]


def _outbound_due(connection: sa.Connection, wanted: Wanted) -> list[Outbound]:
    now = utcnow()
    table = media_file
    columns = [table.c[name] for name in Outbound.__slots__]
    waits = message.c.channel_id == wanted.channel_id, _IS_WAITING, _IS_QUEUED
    of_messages = sa.select(message.c.media_id).where(*waits, message.c.media_id.is_not(None))
    of_cards = (
        sa.select(message_file.c.media_id)
        .join(message, message.c.id == message_file.c.message_id)
        .where(*waits)
    )
    query = (
        sa.select(*columns)
        .where(
            table.c.id.in_(sa.union_all(of_messages, of_cards)),
            table.c.state == MediaState.STORED,
            sa.or_(table.c.meta_id == "", table.c.meta_expires_at.is_(None), table.c.meta_expires_at <= now),
            sa.or_(table.c.retry_at.is_(None), table.c.retry_at <= now),
        )
        .order_by(table.c.id)
        .limit(wanted.limit)
    )
    return [Outbound(*row) for row in connection.execute(query)]


def settle_outbound(connection: sa.Connection, uploads: list[Uploaded]) -> Sequence[list[int]]:
    """Write down what became of uploads; returns the conversations whose messages failed with them."""
    return [_settle_outbound(connection, one) for one in uploads]


def _settle_outbound(connection: sa.Connection, upload: Uploaded) -> list[int]:
    is_known = bool(upload.meta_id)
    connection.execute(
        media_file.update()
        .where(media_file.c.id == upload.file.id)
        .values(
            meta_id=upload.meta_id[:64],
            meta_expires_at=utcnow() + META_KEEPS if is_known else None,
            attempt=0 if is_known else upload.file.attempt + 1,
            refusals=upload.refusals,
            error=upload.error[:255],
            retry_at=upload.retry_at,
        )
    )
    if is_known or upload.retry_at is not None:
        return []
    with_card = sa.select(message_file.c.message_id).where(message_file.c.media_id == upload.file.id)
    carries = sa.or_(message.c.media_id == upload.file.id, message.c.id.in_(with_card))
    failed = connection.execute(
        message.update()
        .where(carries, _IS_WAITING, _IS_QUEUED)
        .values(status=MessageStatus.FAILED, error_detail=upload.error[:500])
        .returning(message.c.id, message.c.conversation_id)
    ).all()
    show_ticks(connection, [row.conversation_id for row in failed])
    return [row.conversation_id for row in failed]
