"""Where files lie and how they may be served."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import MediaFile, MediaState
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import NotFound

_KEY = re.compile("[0-9a-f]{32}")
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


def clean_name(filename: str, *, otherwise: str = "file") -> str:
    """A name to show: no folders, nothing invisible (such as a mark that turns the text around), not endless."""
    name = filename.replace("\\", "/").rsplit("/", 1)[-1]
    name = "".join(character for character in name if character.isprintable()).strip(" .")
    return name[-200:] or otherwise


def relative_path(key: str) -> str:
    """Two letters of folder keep directories small. ``key`` is ours, never a name from outside."""
    return f"{key[:2]}/{key}"


def incoming(media_dir: Path) -> Path:
    """Where files lie while they come in: on the same disk, so that they can be moved at once."""
    return media_dir / "incoming"


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
    if not _KEY.fullmatch(key):
        raise NotFound("file")
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
