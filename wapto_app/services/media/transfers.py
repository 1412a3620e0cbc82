"""Writer operations of the jobs that move files between Meta and the media folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from wapto_app.clock import utcnow
from wapto_app.models import MediaFile, MediaState, Message, MessageStatus
from wapto_app.models.base import table_of
from wapto_app.models.conversations import WAITING
from wapto_app.services.ingest.statuses import show_in_preview

media_file = table_of(MediaFile)
message = table_of(Message)

META_KEEPS = timedelta(days=29)
"""Meta: an uploaded file is valid for 30 days."""

_IS_PENDING = sa.text("state = 'pending'")
_IS_WAITING = sa.text(f"message.{WAITING}")


@dataclass(frozen=True, slots=True)
class Inbound:
    """A file of a customer that Meta still holds."""

    id: int
    key: str
    channel_id: int
    meta_id: str
    mime_type: str
    attempt: int


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
    retry_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Outbound:
    """A file that a queued message needs at Meta."""

    id: int
    path: str
    mime_type: str
    filename: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Uploaded:
    """What became of an outbound file: known to Meta by ``meta_id``, to be tried again, or refused for good."""

    file: Outbound
    meta_id: str = ""
    error: str = ""
    retry_at: datetime | None = None


def inbound_due(connection: sa.Connection, limits: list[int]) -> Sequence[list[Inbound]]:
    """The files to fetch now."""
    return [_inbound_due(connection, limit) for limit in limits]


def _inbound_due(connection: sa.Connection, limit: int) -> list[Inbound]:
    table = media_file
    columns = [table.c[name] for name in Inbound.__slots__]
    query = (
        sa.select(*columns)
        .where(_IS_PENDING, sa.or_(table.c.retry_at.is_(None), table.c.retry_at <= utcnow()))
        .order_by(table.c.id)
        .limit(limit)
    )
    return [Inbound(*row) for row in connection.execute(query)]


def settle_inbound(connection: sa.Connection, fetched: list[Fetched]) -> Sequence[list[int]]:
    """Write down what became of files; returns the conversations that show each."""
    return [_settle_inbound(connection, one) for one in fetched]


def _settle_inbound(connection: sa.Connection, fetched: Fetched) -> list[int]:
    values: dict[str, Any] = {
        "state": fetched.state,
        "attempt": fetched.file.attempt + 1,
        "error": fetched.error[:255],
        "retry_at": fetched.retry_at,
    }
    if fetched.state is MediaState.STORED:
        values |= {
            "path": fetched.path,
            "mime_type": fetched.mime_type,
            "size": fetched.size,
            "sha256": fetched.sha256,
        }
    connection.execute(media_file.update().where(media_file.c.id == fetched.file.id).values(**values))
    shown = sa.select(message.c.conversation_id).where(message.c.media_id == fetched.file.id)
    return [conversation_id for (conversation_id,) in connection.execute(shown)]


def outbound_due(connection: sa.Connection, channel_ids: list[int]) -> Sequence[list[Outbound]]:
    """The files that queued messages of each number wait for."""
    return [_outbound_due(connection, channel_id) for channel_id in channel_ids]


def _outbound_due(connection: sa.Connection, channel_id: int) -> list[Outbound]:
    now = utcnow()
    table = media_file
    columns = [table.c[name] for name in Outbound.__slots__]
    query = (
        sa.select(*columns)
        .distinct()
        .join(message, message.c.media_id == table.c.id)
        .where(
            message.c.channel_id == channel_id,
            _IS_WAITING,
            sa.text("message.status = 'queued'"),
            table.c.state == MediaState.STORED,
            sa.or_(table.c.meta_id == "", table.c.meta_expires_at.is_(None), table.c.meta_expires_at <= now),
            sa.or_(table.c.retry_at.is_(None), table.c.retry_at <= now),
        )
        .limit(20)
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
            error=upload.error[:255],
            retry_at=upload.retry_at,
        )
    )
    if is_known or upload.retry_at is not None:
        return []
    failed = connection.execute(
        message.update()
        .where(message.c.media_id == upload.file.id, _IS_WAITING, sa.text("message.status = 'queued'"))
        .values(status=MessageStatus.FAILED, error_detail=upload.error[:500])
        .returning(message.c.id, message.c.conversation_id)
    ).all()
    if failed:
        show_in_preview(connection, [(row.id, row.conversation_id, MessageStatus.FAILED) for row in failed])
    return [row.conversation_id for row in failed]
