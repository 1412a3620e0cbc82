"""Where files lie and how they may be served."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import Conversation, MediaFile, MediaState, Message, MessageFile, Visibility
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import NotFound
from wapto_app.services.masking import masks
from wapto_app.services.visibility import readable

KEY = re.compile("[0-9a-f]{32}")
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
        NotFound: there is no such file, it was not fetched (yet), or the actor may not see its conversation.
    """
    actor.require(Permission.INBOX_SEE)
    if not KEY.fullmatch(key):
        raise NotFound("file")
    found = await session.exec(
        select(MediaFile).where(MediaFile.key == key, MediaFile.state == MediaState.STORED, _readable(actor))
    )
    file = found.first()
    if file is None:
        raise NotFound("file")
    filename = await _visible_name(session, actor, file)
    return StoredFile(absolute(media_dir, file.path), file.mime_type, filename)


def _readable(actor: Actor) -> sa.ColumnElement[bool]:
    """The filter of files: those of the conversations that the actor may see, and their own uploads."""
    if actor.visibility is Visibility.ALL:
        return sa.true()
    shown = (
        sa.select(sa.literal(1))
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .where(col(Message.media_id) == col(MediaFile.id), readable(actor))
    )
    on_a_card = (
        sa.select(sa.literal(1))
        .select_from(MessageFile)
        .join(Message, col(Message.id) == col(MessageFile.message_id))
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .where(col(MessageFile.media_id) == col(MediaFile.id), readable(actor))
    )
    return sa.or_(col(MediaFile.uploaded_by) == actor.account_id, shown.exists(), on_a_card.exists())


async def _visible_name(session: AsyncSession, actor: Actor, file: MediaFile) -> str:
    """The name of the file without the numbers of the customers in whose chats it is."""
    if not actor.hide_phone:
        return file.filename
    shown = await session.exec(
        select(Conversation.contact_id)
        .join(Message, col(Message.conversation_id) == col(Conversation.id))
        .where(Message.media_id == file.id)
        .distinct()
    )
    contact_ids = list(shown)
    hidden, name = await masks(session, actor, contact_ids), file.filename
    for contact_id in contact_ids:
        name = hidden.of(contact_id).text(name)
    return name
