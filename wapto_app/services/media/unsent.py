"""Files that were made ready to be sent and never were: chosen in a picker, attached and taken off again.

They are cleaned away when nothing names them any more, a week after they came.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel, col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import Database, fetch
from wapto_app.models import MediaFile, ScheduledMessage, ScheduledState
from wapto_app.models.base import table_of
from wapto_app.services.media import shared
from wapto_app.services.media.files import KEY

KEPT_FOR = timedelta(days=7)
"""Somebody may have a tab open for days in which such a file waits outside of a draft."""
AT_ONCE = 500

media_file = table_of(MediaFile)


async def clean_up(db: Database, media_dir: Path) -> None:
    """Remove them, a few in each transaction; whatever stops it in between, the next time finishes it."""
    after = 0
    while True:
        async with db.write() as session:
            await shared.one_at_a_time(session)
            found = await _unsent(session, after)
            gone = sa.delete(MediaFile).where(col(MediaFile.id).in_([row.id for row in found.free]))
            await session.exec(gone)
            await shared.remove(media_dir, await shared.unneeded(session, [row.path for row in found.free]))
        if found.last is None:
            return
        after = found.last


@dataclass(frozen=True, slots=True)
class _Found:
    """``last``: the last one that was looked at, if there may be more."""

    free: Sequence[Any]
    last: int | None


async def _unsent(session: AsyncSession, after: int) -> _Found:
    """Locked, and looked at once more after that: who puts a file into a message or a draft locks its row as well."""
    names = await _named_elsewhere(session)
    old = (
        media_file.c.channel_id.is_(None),
        media_file.c.created_at < utcnow() - KEPT_FOR,
        *(~_rows_of(column).exists() for column in _naming_columns()),
    )
    some = sa.select(media_file.c.id, media_file.c.key).where(*old, media_file.c.id > after)
    some = some.order_by(media_file.c.id).limit(AT_ONCE).with_for_update(skip_locked=True)
    locked = await fetch(session, some)
    ids = [row.id for row in locked if row.key not in names]
    still = sa.select(media_file.c.id, media_file.c.path).where(media_file.c.id.in_(ids), *old)
    free = await fetch(session, still) if ids else []
    return _Found(free, locked[-1].id if len(locked) == AT_ONCE else None)


def _naming_columns() -> list[sa.Column[Any]]:
    """Of every table that refers to files, those to come included."""
    return [
        key.parent
        for table in SQLModel.metadata.sorted_tables
        for key in table.foreign_keys
        if key.column is media_file.c.id
    ]


def _rows_of(column: sa.Column[Any]) -> sa.Select[Any]:
    return sa.select(sa.literal(1)).where(column == media_file.c.id)


async def _named_elsewhere(session: AsyncSession) -> set[str]:
    """Keys of files that only the content of something names: of messages that wait for their time."""
    s = ScheduledMessage
    query = sa.select(col(s.content), col(s.fallback)).where(col(s.state) == ScheduledState.WAITING)
    return set().union(*(_keys(row.content) | _keys(row.fallback) for row in await fetch(session, query)))


def _keys(value: Any) -> set[str]:
    """Every text in it that could be the key of a file."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        return set().union(*(_keys(each) for each in value))
    return {value} if isinstance(value, str) and KEY.fullmatch(value) else set()
