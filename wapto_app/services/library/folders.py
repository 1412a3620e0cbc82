"""Folders of the library: a small tree, which is always read whole."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.db import fetch, take_turns, touch
from wapto_app.models import LibraryFile, LibraryFolder
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.library.rows import TOP, TOPIC, folded, hidden_from

MOST = 500
NAME_MAX = 80
DEPTH_MAX = 6
# Any number that nothing else locks; PostgreSQL keeps these apart by number alone.
_LOCK = 0x666F6C64


class FolderRow(TypedDict):
    """``depth`` is 0 at the top; ``files`` counts those that lie in the folder itself."""

    id: int
    parent_id: int
    name: str
    depth: int
    files: int


async def folders(session: AsyncSession, actor: Actor) -> list[FolderRow]:
    """All of them, each below the one it is in, by name."""
    actor.require(Permission.MEDIA_SEE)
    children = await _children(session)
    counts = (
        sa.select(col(LibraryFile.folder_id), sa.func.count())
        .where(col(LibraryFile.folder_id).is_not(None))
        .group_by(col(LibraryFile.folder_id))
    )
    files = dict(await fetch(session, counts))
    hidden = hidden_from(actor)
    return [
        FolderRow(
            id=folder.id or 0,
            parent_id=folder.parent_id or TOP,
            name=hidden.every(folder.name),
            depth=depth,
            files=files.get(folder.id, 0),
        )
        for folder, depth in _walk(children, None, 0)
    ]


async def create_folder(session: AsyncSession, actor: Actor, name: str, parent_id: int = TOP) -> int:
    """Make a folder; its id.

    Raises:
        Invalid: the name is empty, too long or taken there, or there are too many folders.
        NotFound: the folder that it shall be in is gone.
    """
    actor.require(Permission.MEDIA_DO)
    await take_turns(session, _LOCK)
    children = await _children(session)
    if sum(map(len, children.values())) >= MOST:
        raise Invalid("name", f"There can be {MOST} folders. Delete one first.")
    clean = _clean(name)
    parent = await _place(session, parent_id)
    _check_depth(children, parent, 1)
    _check_free(children, parent, clean)
    folder = LibraryFolder(parent_id=parent, name=clean, key=folded(clean)[:160])
    session.add(folder)
    await session.flush()
    touch(session, TOPIC)
    return folder.id or 0


async def rename_folder(session: AsyncSession, actor: Actor, folder_id: int, name: str) -> str:
    """Its new name. Raises Invalid, NotFound."""
    actor.require(Permission.MEDIA_DO)
    await take_turns(session, _LOCK)
    folder = await _folder(session, folder_id)
    clean = _clean(hidden_from(actor).every_restored(name, folder.name))
    _check_free(await _children(session), folder.parent_id, clean, but=folder.id)
    folder.name, folder.key = clean, folded(clean)[:160]
    session.add(folder)
    touch(session, TOPIC)
    return clean


async def move_folder(session: AsyncSession, actor: Actor, folder_id: int, parent_id: int) -> str:
    """Put it, with all that is in it, into another folder or to the top; its name.

    Raises:
        Invalid: that folder lies inside of it, or has one of this name already.
        NotFound: one of them is gone.
    """
    actor.require(Permission.MEDIA_DO)
    await take_turns(session, _LOCK)
    folder, parent = await _folder(session, folder_id), await _place(session, parent_id)
    children = await _children(session)
    below = [each.id for each, _depth in _walk(children, folder.id, 0)]
    if parent == folder.id or parent in below:
        raise Invalid("folder", "A folder cannot be moved into itself.")
    height = max((depth for _each, depth in _walk(children, folder.id, 1)), default=0)
    _check_depth(children, parent, height + 1)
    _check_free(children, parent, folder.name, but=folder.id)
    folder.parent_id = parent
    session.add(folder)
    touch(session, TOPIC)
    return folder.name


class Contents(TypedDict):
    """What would go with a folder: all that lies in it and in the folders below."""

    name: str
    files: int
    folders: int


async def contents(session: AsyncSession, actor: Actor, folder_id: int) -> Contents:
    """Asked before it is deleted. Raises NotFound."""
    actor.require(Permission.MEDIA_SEE)
    folder = await _folder(session, folder_id, lock=False)
    ids = await inside(session, folder_id)
    count = sa.select(sa.func.count()).where(col(LibraryFile.folder_id).in_(ids))
    files = int((await fetch(session, count))[0][0])
    return Contents(name=hidden_from(actor).every(folder.name), files=files, folders=len(ids) - 1)


async def inside(session: AsyncSession, folder_id: int) -> list[int]:
    """The folder and all below it, for who has asked for permission."""
    below = [each.id or 0 for each, _depth in _walk(await _children(session), folder_id, 0)]
    return [folder_id, *below]


async def lock_place(session: AsyncSession, folder_id: int) -> int | None:
    """A folder that files are put into, held until the transaction ends; none is the top. Raises NotFound."""
    return await _place(session, folder_id)


Children = dict[int | None, list[LibraryFolder]]


async def _children(session: AsyncSession) -> Children:
    found: Children = {}
    query = select(LibraryFolder).order_by(col(LibraryFolder.key), col(LibraryFolder.id)).limit(MOST)
    for folder in await session.exec(query):
        found.setdefault(folder.parent_id, []).append(folder)
    return found


def _walk(children: Children, parent_id: int | None, depth: int) -> Iterator[tuple[LibraryFolder, int]]:
    for folder in children.get(parent_id, []):
        yield folder, depth
        yield from _walk(children, folder.id, depth + 1)


async def _folder(session: AsyncSession, folder_id: int, *, lock: bool = True) -> LibraryFolder:
    query = select(LibraryFolder).where(LibraryFolder.id == folder_id)
    folder = (await session.exec(query.with_for_update() if lock else query)).first()
    if folder is None:
        raise NotFound("folder")
    return folder


async def _place(session: AsyncSession, folder_id: int) -> int | None:
    return None if folder_id == TOP else (await _folder(session, folder_id)).id


def _clean(name: str) -> str:
    clean = " ".join(clean_text(name).split())
    if not clean:
        raise Invalid("name", "Give the folder a name.")
    if len(clean) > NAME_MAX:
        raise Invalid("name", f"A name has at most {NAME_MAX} characters.")
    return clean


def _check_free(children: Children, parent: int | None, name: str, *, but: int | None = None) -> None:
    if any(each.key == folded(name)[:160] and each.id != but for each in children.get(parent, [])):
        raise Invalid("name", f"There is a folder “{name}” already.")


def _check_depth(children: Children, parent: int | None, added: int) -> None:
    parents = {each.id: each.parent_id for group in children.values() for each in group}
    depth, at = 0, parent
    while at is not None:
        depth, at = depth + 1, parents.get(at)
    if depth + added > DEPTH_MAX:
        raise Invalid("folder", f"Folders can lie {DEPTH_MAX} deep in one another, not deeper.")
