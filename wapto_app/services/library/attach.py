"""From the library into a message: the same bytes under a key that can be sent."""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import LibraryFile, MediaFile, MediaState
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import NotFound
from wapto_app.services.media import MediaRow, kind_of

AT_ONCE = 100


async def attach(session: AsyncSession, actor: Actor, file_keys: Sequence[str]) -> list[str]:
    """Make files of the library ready to be sent; the keys for ``inbox.send`` or ``Draft.media_key``, in this order.

    No bytes are copied, and what is sent stays when the file is deleted from the library.

    Raises:
        NotFound: one of them is gone.
    """
    return [row["key"] for row in await attached(session, actor, file_keys)]


async def attached(session: AsyncSession, actor: Actor, file_keys: Sequence[str]) -> list[MediaRow]:
    """``attach``, with what a composer shows of each. Raises NotFound."""
    actor.require(Permission.INBOX_DO)
    wanted = list(file_keys)[:AT_ONCE]
    # Locked, so that nobody takes the bytes away before the new rows name them.
    query = select(LibraryFile).where(col(LibraryFile.key).in_(wanted)).with_for_update(read=True)
    known = {file.key: file for file in await session.exec(query)}
    if not all(key in known for key in wanted):
        raise NotFound("file")
    made = [_media_file(actor, known[key]) for key in wanted]
    session.add_all(made)
    await session.flush()
    return [_row(file) for file in made]


def _media_file(actor: Actor, file: LibraryFile) -> MediaFile:
    return MediaFile(
        key=secrets.token_hex(16),
        state=MediaState.STORED,
        mime_type=file.mime_type,
        filename=file.name,
        size=file.size,
        sha256=file.sha256,
        path=file.path,
        uploaded_by=actor.account_id,
    )


def _row(file: MediaFile) -> MediaRow:
    return MediaRow(
        key=file.key,
        kind=kind_of(file.mime_type),
        mime_type=file.mime_type,
        filename=file.filename,
        size=file.size,
    )
