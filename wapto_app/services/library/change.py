"""What is done with files of the library: named, moved, given words, deleted."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.db import Database, touch
from wapto_app.models import LibraryFile, LibraryFolder, LibraryTag
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit
from wapto_app.services.campaigns.usage import ensure_unneeded
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.library.folders import inside, lock_place
from wapto_app.services.library.rows import TOPIC, hidden_from, search_text, words_of
from wapto_app.services.media import shared
from wapto_app.services.media.files import clean_name

AT_ONCE = 200
"""Files that one deed of a person can be about."""
WORD_MAX = 50
WORDS_MAX = 20


async def rename(session: AsyncSession, actor: Actor, key: str, name: str) -> str:
    """The name that it has now; what it was keeps its ending when the new one has none.

    Raises:
        Invalid: there is nothing left of the name.
        NotFound: the file is gone.
    """
    actor.require(Permission.MEDIA_DO)
    (file,) = await _files(session, [key])
    clean = clean_name(hidden_from(actor).every_restored(clean_text(name), file.name), otherwise="")
    if not clean:
        raise Invalid("name", "Give the file a name.")
    ending = Path(file.name).suffix
    file.name = clean if Path(clean).suffix or not ending else clean_name(clean + ending)
    file.search = search_text(file.name, (await words_of(session, [file.id or 0])).get(file.id or 0, []))
    session.add(file)
    touch(session, TOPIC)
    return file.name


async def move(session: AsyncSession, actor: Actor, keys: Sequence[str], folder_id: int) -> int:
    """Put files into a folder or to the top; how many. Raises NotFound when the folder is gone."""
    actor.require(Permission.MEDIA_DO)
    place = await lock_place(session, folder_id)
    moved = await session.exec(
        sa.update(LibraryFile)
        .where(col(LibraryFile.key).in_(list(keys)[:AT_ONCE]))
        .values(folder_id=place)
        .execution_options(synchronize_session=False)
    )
    touch(session, TOPIC)
    return int(moved.rowcount)


async def set_words(
    session: AsyncSession,
    actor: Actor,
    keys: Sequence[str],
    *,
    add: Collection[str] = (),
    remove: Collection[str] = (),
) -> int:
    """Give files words to be found by, and take some away; how many files are there.

    Raises:
        Invalid: a word is too long, or a file would have too many.
    """
    actor.require(Permission.MEDIA_DO)
    files = await _files(session, list(keys)[:AT_ONCE], some_may_be_gone=True)
    now = await words_of(session, [file.id or 0 for file in files])
    new, gone = {_word(each) for each in add} - {""}, {_word(each) for each in remove}
    for file in files:
        had = set(now.get(file.id or 0, []))
        has = (had - gone) | new
        if len(has) > WORDS_MAX:
            raise Invalid("words", f"A file has at most {WORDS_MAX} words.")
        session.add_all(LibraryTag(file_id=file.id or 0, word=word) for word in has - had)
        await _take_away(session, file.id or 0, had - has)
        file.search = search_text(file.name, has)
        session.add(file)
    touch(session, TOPIC)
    return len(files)


async def delete(db: Database, actor: Actor, media_dir: Path, keys: Sequence[str]) -> int:
    """Delete files; how many. What they were sent with keeps its bytes, the rest of the bytes goes.

    A row is gone before its bytes are: a stop in between costs room on the disk, never a file.

    Raises:
        Conflict: a campaign that sends or waits for its time shows one of them.
    """
    actor.require(Permission.MEDIA_DO)
    wanted = col(LibraryFile.key).in_(list(keys)[:AT_ONCE])
    return await _delete(db, actor, media_dir, wanted)


async def delete_folder(db: Database, actor: Actor, media_dir: Path, folder_id: int) -> int:
    """Delete a folder with all that is in it and below; how many files that were.

    Raises:
        NotFound: it is gone.
        Conflict: as ``delete``.
    """
    actor.require(Permission.MEDIA_DO)
    async with db.read() as session:
        ids = await inside(session, folder_id)
    deleted = await _delete(db, actor, media_dir, col(LibraryFile.folder_id).in_(ids))
    async with db.write() as session:
        # What came in meanwhile lies at the top now: nobody agreed to lose it.
        gone = await session.exec(sa.delete(LibraryFolder).where(col(LibraryFolder.id) == folder_id))
        if not gone.rowcount:
            raise NotFound("folder")
        audit.record(session, actor, "library.folder_deleted", f"folder:{folder_id}", files=deleted)
        touch(session, TOPIC)
    return deleted


async def _delete(db: Database, actor: Actor, media_dir: Path, which: sa.ColumnElement[bool]) -> int:
    async with db.write() as session:
        await shared.one_at_a_time(session)
        # Locked first: whoever attaches one of them at this moment is waited for, and seen below.
        query = select(LibraryFile.id, LibraryFile.key).where(which).with_for_update()
        locked = (await session.exec(query)).all()
        await ensure_unneeded(session, [key for _id, key in locked])
        ids = [file_id for file_id, _key in locked]
        gone = await session.exec(
            sa.delete(LibraryFile)
            .where(col(LibraryFile.id).in_(ids))
            .returning(col(LibraryFile.path), col(LibraryFile.thumbnail))
            .execution_options(synchronize_session=False)
        )
        rows = gone.all()
        left = await shared.unneeded(session, [path for row in rows for path in row])
        if rows:
            audit.record(session, actor, "library.deleted", files=len(rows))
            touch(session, TOPIC)
    await shared.remove(media_dir, left)
    return len(rows)


async def _files(
    session: AsyncSession, keys: Sequence[str], *, some_may_be_gone: bool = False
) -> list[LibraryFile]:
    query = select(LibraryFile).where(col(LibraryFile.key).in_(keys)).order_by(col(LibraryFile.id))
    found = list(await session.exec(query.with_for_update()))
    if len(found) < len(set(keys)) and not some_may_be_gone:
        raise NotFound("file")
    return found


async def _take_away(session: AsyncSession, file_id: int, words: Collection[str]) -> None:
    if words:
        which = col(LibraryTag.file_id) == file_id, col(LibraryTag.word).in_(words)
        await session.exec(sa.delete(LibraryTag).where(*which))


def _word(text: str) -> str:
    word = " ".join(clean_text(text).replace(",", " ").split()).casefold()
    if len(word) > WORD_MAX:
        raise Invalid("words", f"A word has at most {WORD_MAX} characters.")
    return word
