"""Where files lie and how they may be served."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import MediaFile, MediaState
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import NotFound

# Only types that a browser shows without running anything.
_INLINE = frozenset(
    {
        "image/jpeg",
        "image/png",
        "image/webp",
        "image/gif",
        "video/mp4",
        "video/3gpp",
        "audio/aac",
        "audio/amr",
        "audio/mpeg",
        "audio/mp4",
        "audio/ogg",
    }
)


@dataclass(frozen=True, slots=True)
class StoredFile:
    path: Path
    mime_type: str
    filename: str


def is_inline(mime_type: str) -> bool:
    """Whether a browser may show the file in place; everything else is a download."""
    return mime_type in _INLINE


def relative_path(key: str) -> str:
    """Two letters of folder keep directories small. ``key`` is ours, never a name from outside."""
    return f"{key[:2]}/{key}"


def absolute(media_dir: Path, path: str) -> Path:
    """The file itself.

    Raises:
        NotFound: for a path that would lie outside the media folder.
    """
    full = (media_dir / path).resolve()
    if not full.is_relative_to(media_dir.resolve()):
        raise NotFound("file")
    return full


async def stored_file(session: AsyncSession, actor: Actor, media_dir: Path, key: str) -> StoredFile:
    """A file to serve.

    Raises:
        NotFound: there is no such file, or it was not fetched (yet).
    """
    actor.require(Permission.INBOX_SEE)
    found = await session.exec(
        select(MediaFile.path, MediaFile.mime_type, MediaFile.filename).where(
            MediaFile.key == key, MediaFile.state == MediaState.STORED
        )
    )
    row = found.first()
    if row is None:
        raise NotFound("file")
    path, mime_type, filename = row
    return StoredFile(absolute(media_dir, path), mime_type, filename)
