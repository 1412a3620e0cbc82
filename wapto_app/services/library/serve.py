"""Files of the library for the browser."""

from __future__ import annotations

from pathlib import Path

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import LibraryFile
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import NotFound
from wapto_app.services.library.rows import hidden_from
from wapto_app.services.media.files import KEY, StoredFile, absolute


async def stored(
    session: AsyncSession, actor: Actor, media_dir: Path, key: str, *, thumbnail: bool = False
) -> StoredFile:
    """A file of the library, or its preview.

    Raises:
        NotFound: there is none.
    """
    actor.require(Permission.MEDIA_SEE)
    if not KEY.fullmatch(key):
        raise NotFound("file")
    file = (await session.exec(select(LibraryFile).where(LibraryFile.key == key))).first()
    if file is None or (thumbnail and not file.thumbnail):
        raise NotFound("file")
    if thumbnail:
        return StoredFile(absolute(media_dir, file.thumbnail), "image/webp", "preview.webp")
    name = hidden_from(actor).every(file.name)
    return StoredFile(absolute(media_dir, file.path), file.mime_type, name)
