"""Pictures of the library made smaller in their place, and stickers made from pictures."""

from __future__ import annotations

import asyncio
import secrets
from pathlib import Path

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import Database, touch
from wapto_app.models import LibraryFile
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import Conflict, Invalid, NotFound
from wapto_app.services.library.keep import (
    Kept,
    Prepared,
    keep,
    new_temporary,
    nothing_left,
    place,
    prepare,
)
from wapto_app.services.library.rows import TOP, TOPIC, LibraryRow, get, search_text, words_of
from wapto_app.services.media import pictures, shared
from wapto_app.services.media.files import KEY, absolute, relative_path
from wapto_app.services.media.pictures import Made


async def preview(db: Database, actor: Actor, media_dir: Path, key: str, *, as_sticker: bool = False) -> Made:
    """What would be made of a picture; nothing is changed.

    Raises:
        NotFound: the file is gone.
        Invalid: it is no picture.
        Conflict: it would not become smaller.
    """
    actor.require(Permission.MEDIA_DO)
    file = await _picture(db, key)
    work = pictures.sticker if as_sticker else pictures.shrink
    made = await pictures.alone(work, await _there(media_dir, file))
    if not as_sticker and len(made.content) >= file.size:
        raise Conflict("This picture is as small as it can be already.")
    return made


async def make_smaller(db: Database, actor: Actor, media_dir: Path, key: str) -> LibraryRow:
    """Put the smaller picture in the place of the larger one. Messages that carried that keep it.

    Raises:
        The errors of ``preview``.
        Conflict: somebody else changed it meanwhile, or the library has the smaller one already.
        OSError: the disk is full; nothing is changed.
    """
    made = await preview(db, actor, media_dir, key)
    before = await _picture(db, key)
    prepared = await _written(media_dir, made, Path(before.name).stem + made.extension)
    new_key, preview_key = secrets.token_hex(16), secrets.token_hex(16)
    target, shown = (absolute(media_dir, relative_path(each)) for each in (new_key, preview_key))
    with nothing_left(prepared.path, target, shown):
        async with db.write() as session:
            await shared.one_at_a_time(session)
            file = await _unchanged(session, before, prepared)
            _replace(file, prepared, relative_path(new_key), relative_path(preview_key))
            file.search = search_text(
                file.name, (await words_of(session, [file.id or 0])).get(file.id or 0, [])
            )
            await asyncio.to_thread(place, prepared, target, shown)
            session.add(file)
            await session.flush()
            left = await shared.unneeded(session, [before.path, before.thumbnail])
            touch(session, TOPIC)
            row = await get(session, actor, key)
    await shared.remove(media_dir, left)
    return row


async def make_sticker(db: Database, actor: Actor, media_dir: Path, key: str) -> Kept:
    """Make a sticker from a picture, beside it in its folder.

    Raises: the errors of ``preview`` and of ``keep``.
    """
    made = await preview(db, actor, media_dir, key, as_sticker=True)
    file = await _picture(db, key)
    temporary = await asyncio.to_thread(_write, media_dir, made.content)
    try:
        name = Path(file.name).stem + made.extension
        return await keep(db, actor, media_dir, temporary, name, folder_id=file.folder_id or TOP)
    finally:
        await asyncio.to_thread(temporary.unlink, missing_ok=True)


async def _picture(db: Database, key: str) -> LibraryFile:
    if not KEY.fullmatch(key):
        raise NotFound("file")
    async with db.read() as session:
        file = (await session.exec(select(LibraryFile).where(col(LibraryFile.key) == key))).first()
    if file is None:
        raise NotFound("file")
    if file.kind not in ("image", "sticker"):
        raise Invalid("file", "Only pictures can be made smaller.")
    return file


async def _there(media_dir: Path, file: LibraryFile) -> Path:
    path = absolute(media_dir, file.path)
    if not await asyncio.to_thread(path.is_file):
        raise Conflict("This file is missing on the server.")
    return path


async def _written(media_dir: Path, made: Made, name: str) -> Prepared:
    temporary = await asyncio.to_thread(_write, media_dir, made.content)
    with nothing_left(temporary):
        return await prepare(temporary, name, shrink=False)


def _write(media_dir: Path, content: bytes) -> Path:
    path = new_temporary(media_dir)
    with nothing_left(path):
        path.write_bytes(content)
    return path


async def _unchanged(session: AsyncSession, before: LibraryFile, prepared: Prepared) -> LibraryFile:
    query = select(LibraryFile).where(LibraryFile.id == before.id, LibraryFile.path == before.path)
    file = (await session.exec(query.with_for_update())).first()
    if file is None:
        raise Conflict("Somebody else has changed this file meanwhile.")
    twin = await session.exec(select(LibraryFile.name).where(LibraryFile.sha256 == prepared.sha256))
    if twin.first() is not None:
        raise Conflict("The library has this picture in this size already.")
    return file


def _replace(file: LibraryFile, prepared: Prepared, path: str, thumbnail: str) -> None:
    file.name, file.kind, file.mime_type = prepared.name, prepared.sniffed.kind, prepared.sniffed.mime_type
    file.size, file.sha256 = prepared.size, prepared.sha256
    file.width, file.height = prepared.width, prepared.height
    file.path, file.thumbnail = path, thumbnail if prepared.thumbnail else ""
