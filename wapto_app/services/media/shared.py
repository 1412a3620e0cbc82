"""Bytes that several rows name: a file of the library is also the file of every message that it was sent with.

Rows share bytes by their ``path``. Whoever gives a row up removes the bytes only when no other row names them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch, take_turns
from wapto_app.models import LibraryFile, MediaFile
from wapto_app.services.errors import NotFound
from wapto_app.services.media.files import absolute

# Any number that nothing else locks; PostgreSQL keeps these apart by number alone.
_LOCK = 0x62797465
_AT_ONCE = 500
# As their indexes say it: SQLite compares the words.
_HAS_BYTES = sa.text("media_file.path <> ''")
_IN_LIBRARY = sa.text("library_file.path <> ''")


async def one_at_a_time(session: AsyncSession) -> None:
    """Whoever gives up bytes asks first: two who let go of the same ones would each rely on the other."""
    await take_turns(session, _LOCK)


async def unneeded(session: AsyncSession, paths: Collection[str]) -> list[str]:
    """Those of the paths that no row names any more. Ask in the transaction that gave the rows up, after that.

    Previews belong to one row alone.
    """
    wanted = sorted({path for path in paths if path})
    needed: set[str] = set()
    for start in range(0, len(wanted), _AT_ONCE):
        some = wanted[start : start + _AT_ONCE]
        for query in (
            sa.select(col(MediaFile.path)).where(_HAS_BYTES, col(MediaFile.path).in_(some)),
            sa.select(col(LibraryFile.path)).where(_IN_LIBRARY, col(LibraryFile.path).in_(some)),
        ):
            needed |= {row[0] for row in await fetch(session, query)}
    return [path for path in wanted if path not in needed]


async def remove(media_dir: Path, paths: Collection[str]) -> None:
    """Take the bytes away; what is gone already is no error."""
    await asyncio.to_thread(_unlink, media_dir, list(paths))


def _unlink(media_dir: Path, paths: list[str]) -> None:
    for path in paths:
        try:
            absolute(media_dir, path).unlink(missing_ok=True)
        except NotFound:  # a path outside of the folder is nothing that we stored
            continue
