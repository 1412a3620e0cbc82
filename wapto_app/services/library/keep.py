"""Files that come into the library: checked, made smaller if wished, kept once."""

from __future__ import annotations

import asyncio
import hashlib
import math
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypedDict

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import Database, take_turns, touch
from wapto_app.models import LibraryFile
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, plans, preferences
from wapto_app.services.errors import Invalid
from wapto_app.services.library.folders import lock_place
from wapto_app.services.library.rows import TOP, TOPIC, LibraryRow, get, search_text
from wapto_app.services.media import Sniffed, pictures, sniff
from wapto_app.services.media.files import absolute, clean_name, incoming, relative_path
from wapto_app.services.media.sniff import CanShrink

_PREFERENCE = "library"
# Any number that nothing else locks; PostgreSQL keeps these apart by number alone.
_LOCK = 0x6C696272
_MEBIBYTE = 2**20


class Kept(TypedDict):
    """``existing``: the library has had these very bytes before; ``file`` is where."""

    file: LibraryRow
    existing: bool


@dataclass(frozen=True, slots=True)
class Prepared:
    """A file that may be kept: its bytes lie at ``path``, those of its preview are in memory."""

    path: Path
    name: str
    sniffed: Sniffed
    size: int
    original_size: int
    sha256: str
    width: int = 0
    height: int = 0
    thumbnail: bytes = b""


async def shrinks(session: AsyncSession) -> bool:
    """Whether the workspace makes images smaller when they are uploaded."""
    return bool((await preferences.read(session, _PREFERENCE)).get("shrink", False))


async def set_shrinks(session: AsyncSession, actor: Actor, *, on: bool) -> None:
    actor.require(Permission.SETTINGS_DO)
    await preferences.write(session, _PREFERENCE, {"shrink": on})
    audit.record(session, actor, "library.shrink_changed", on=on)
    touch(session, TOPIC)


async def keep(
    db: Database,
    actor: Actor,
    media_dir: Path,
    temporary: Path,
    filename: str,
    *,
    folder_id: int = TOP,
    shrink: bool = False,
) -> Kept:
    """Take an uploaded file into the library. Pictures are opened before anything is locked.

    The temporary file is left to the caller when this raises, and when the library has the file already.

    Raises:
        CanShrink: WhatsApp would take it smaller, and neither the caller nor the workspace wants that yet.
        Invalid: WhatsApp does not take it.
        LimitReached: the plan's storage is full.
        NotFound: the folder is gone.
        OSError: the disk is full; nothing is left behind.
    """
    actor.require(Permission.MEDIA_DO)
    async with db.read() as session:
        shrink = shrink or await shrinks(session)
    prepared = await prepare(temporary, clean_name(filename), shrink=shrink)
    key, preview = secrets.token_hex(16), secrets.token_hex(16)
    target, shown = (absolute(media_dir, relative_path(each)) for each in (key, preview))
    with nothing_left(target, shown):
        async with db.write() as session:
            await take_turns(session, _LOCK)
            query = select(LibraryFile.key).where(LibraryFile.sha256 == prepared.sha256)
            known = (await session.exec(query)).first()
            if known is None:
                file = await _row(session, actor, prepared, key, folder_id)
                file.thumbnail = relative_path(preview) if prepared.thumbnail else ""
                await asyncio.to_thread(place, prepared, target, shown)
                session.add(file)
                await session.flush()
                touch(session, TOPIC)
            return Kept(file=await get(session, actor, known or key), existing=known is not None)


async def _row(
    session: AsyncSession, actor: Actor, prepared: Prepared, key: str, folder_id: int
) -> LibraryFile:
    await plans.ensure_room(session, plans.Limit.MEDIA_MB, math.ceil(prepared.size / _MEBIBYTE))
    return LibraryFile(
        key=key,
        folder_id=await lock_place(session, folder_id),
        name=prepared.name,
        search=search_text(prepared.name, ()),
        kind=prepared.sniffed.kind,
        mime_type=prepared.sniffed.mime_type,
        size=prepared.size,
        original_size=prepared.original_size,
        sha256=prepared.sha256,
        path=relative_path(key),
        width=prepared.width,
        height=prepared.height,
        uploaded_by=actor.account_id,
    )


async def prepare(path: Path, name: str, *, shrink: bool) -> Prepared:
    """Look at a file, and make it smaller in its place if that is wished and gains something.

    Raises: those of ``keep`` that concern the file itself.
    """
    return await pictures.alone(_prepare, path, name, shrink)


async def fit(path: Path, name: str) -> str:
    """Make a picture smaller in its place, if that gains something; the name that it has then.

    Raises:
        Invalid: WhatsApp does not take it.
    """
    return (await pictures.alone(_fit, path, name))[0]


def _prepare(path: Path, name: str, shrink: bool) -> Prepared:
    original_size = path.stat().st_size
    name, sniffed = _fit(path, name) if shrink else (name, sniff(path, name))
    return _measured(path, name, sniffed, original_size)


def _fit(path: Path, name: str) -> tuple[str, Sniffed]:
    try:
        sniffed, too_large = sniff(path, name), False
    except CanShrink:
        sniffed, too_large = Sniffed("image", ""), True
    if sniffed.kind != "image":
        return name, sniffed
    made = pictures.shrink(path)
    if not too_large and len(made.content) >= path.stat().st_size:
        return name, sniffed
    path.write_bytes(made.content)
    name = Path(name).stem + made.extension
    return name, sniff(path, name)


def _measured(path: Path, name: str, sniffed: Sniffed, original_size: int) -> Prepared:
    width = height = 0
    thumbnail = b""
    if sniffed.kind in ("image", "sticker"):
        width, height = pictures.dimensions(path)
        try:
            thumbnail = pictures.thumbnail(path).content
        except Invalid:  # WhatsApp takes it all the same; the list shows a sign instead
            thumbnail = b""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        os.fsync(file.fileno())
    size = path.stat().st_size
    return Prepared(path, name, sniffed, size, original_size, digest, width, height, thumbnail)


def place(prepared: Prepared, target: Path, shown: Path) -> None:
    """Move the bytes where they stay, and write the preview beside. Blocking."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if prepared.thumbnail:
        shown.parent.mkdir(parents=True, exist_ok=True)
        shown.write_bytes(prepared.thumbnail)
    prepared.path.replace(target)


@contextmanager
def nothing_left(*files: Path) -> Iterator[None]:
    """Takes the files away when what puts them there is undone."""
    try:
        yield
    except BaseException:
        for file in files:
            file.unlink(missing_ok=True)
        raise


def new_temporary(media_dir: Path) -> Path:
    """A name for a file that is being made, on the same disk as its later place."""
    folder = incoming(media_dir)
    folder.mkdir(parents=True, exist_ok=True)
    return folder / secrets.token_hex(16)
