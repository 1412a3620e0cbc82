"""Files that the team uploads."""

from __future__ import annotations

import asyncio
import hashlib
import math
import os
import secrets
from pathlib import Path
from typing import TypedDict

from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import MediaFile, MediaState
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import plans
from wapto_app.services.media.files import absolute, clean_name, relative_path
from wapto_app.services.media.sniff import Sniffed, sniff
from wapto_app.services.media.voice import to_ogg


class MediaRow(TypedDict):
    """An uploaded file, ready to be attached."""

    key: str
    kind: str
    mime_type: str
    filename: str
    size: int


async def keep_upload(
    session: AsyncSession,
    actor: Actor,
    media_dir: Path,
    temporary: Path,
    filename: str,
    *,
    voice: bool = False,
) -> MediaRow:
    """Check an uploaded file and move it into the media folder.

    ``voice``: it was recorded in the browser to be a voice message, so it is brought into WhatsApp's form.

    Raises:
        Invalid: WhatsApp does not take it; the temporary file is left to the caller, as with the next.
        LimitReached: the plan's storage is full.
    """
    actor.require(Permission.INBOX_DO)
    name = clean_name(filename)
    if voice:
        await asyncio.to_thread(to_ogg, temporary)
    sniffed = await asyncio.to_thread(sniff, temporary, name)
    megabytes = math.ceil((await asyncio.to_thread(temporary.stat)).st_size / 2**20)
    await plans.ensure_room(session, plans.Limit.MEDIA_MB, megabytes)
    key = secrets.token_hex(16)
    path = relative_path(key)
    target = absolute(media_dir, path)
    size, sha256 = await asyncio.to_thread(_move, temporary, target)
    session.add(
        MediaFile(
            key=key,
            state=MediaState.STORED,
            mime_type=sniffed.mime_type,
            filename=name,
            size=size,
            sha256=sha256,
            path=path,
            uploaded_by=actor.account_id,
        )
    )
    try:
        await session.flush()
    except Exception:
        await asyncio.to_thread(target.unlink, missing_ok=True)
        raise
    return _row(key, sniffed, name, size)


def _row(key: str, sniffed: Sniffed, name: str, size: int) -> MediaRow:
    return MediaRow(key=key, kind=sniffed.kind, mime_type=sniffed.mime_type, filename=name, size=size)


def _move(source: Path, target: Path) -> tuple[int, str]:
    target.parent.mkdir(parents=True, exist_ok=True)
    with source.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    size = source.stat().st_size
    source.replace(target)
    return size, digest
