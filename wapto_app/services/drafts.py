"""What somebody began to write in a conversation: kept per person, on every device of theirs, with its files."""

from __future__ import annotations

from typing import Any, TypedDict

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict as Given

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.clock import utcnow
from wapto_app.db import fetch
from wapto_app.models import DraftFile, MediaFile, MediaState, MessageDraft
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.inbox.commands import OutgoingFile
from wapto_app.services.masking import mask_of
from wapto_app.services.media import kind_of
from wapto_app.services.visibility import conversation_for

TEXT_MAX = 20_000
_FILES_MAX = 30
draft, draft_file = table_of(MessageDraft), table_of(DraftFile)


class Written(Given):
    """What stands in the box. Files that are still on their way to the server are not among it."""

    text: str
    files: list[OutgoingFile]


class KeptFile(TypedDict):
    """A file of a draft, as the composer shows it."""

    key: str
    kind: str
    filename: str
    size: int
    caption: str
    voice: bool


class Kept(TypedDict):
    text: str
    files: list[KeptFile]


NOTHING = Kept(text="", files=[])


async def of(session: AsyncSession, actor: Actor, conversation_id: int) -> Kept:
    """What the actor began to write there; nothing for what they may not see."""
    actor.require(Permission.INBOX_DO)
    try:
        conversation = await conversation_for(session, actor, conversation_id)
    except NotFound:
        return NOTHING
    query = sa.select(draft.c.text).where(*_own(draft, actor, conversation_id))
    found = await fetch(session, query)
    if not found:
        return NOTHING
    mask = await mask_of(session, actor, conversation.contact_id)
    files = await fetch(session, _files_of(actor, conversation_id))
    return Kept(text=found[0].text, files=[_shown(row, mask.note(row.filename)) for row in files])


def _own(table: sa.Table, actor: Actor, conversation_id: int) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.account_id == actor.account_id, table.c.conversation_id == conversation_id


def _files_of(actor: Actor, conversation_id: int) -> sa.Select[Any]:
    """Those that can still be sent."""
    f = MediaFile
    columns: list[Any] = [col(f.key), col(f.mime_type), col(f.filename), col(f.size)]
    return (
        sa.select(*columns, draft_file.c.caption, draft_file.c.voice)
        .join(draft_file, draft_file.c.media_id == col(f.id))
        .where(*_own(draft_file, actor, conversation_id), col(f.state) == MediaState.STORED)
        .order_by(draft_file.c.position)
    )


def _shown(row: Any, filename: str) -> KeptFile:
    return KeptFile(
        key=row.key,
        kind=kind_of(row.mime_type),
        filename=filename,
        size=row.size,
        caption=row.caption,
        voice=row.voice,
    )


async def save(session: AsyncSession, actor: Actor, conversation_id: int, written: Written) -> None:
    """Keep it, or forget it when there is nothing in it. Of the files, those that the actor made ready.

    Raises:
        NotFound: the conversation is not there or not visible.
        Invalid: the text is too long.
    """
    actor.require(Permission.INBOX_DO)
    await conversation_for(session, actor, conversation_id)
    text, files = _clean(written)
    if len(text) > TEXT_MAX:
        raise Invalid("message", f"A draft has at most {TEXT_MAX:,} characters.")
    connection = await session.connection()
    if actor.account_id is None or not (text.strip() or files):
        await connection.execute(draft.delete().where(*_own(draft, actor, conversation_id)))
        return
    row = {"account_id": actor.account_id, "conversation_id": conversation_id}
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(draft)
    news = {"text": insert.excluded.text, "updated_at": insert.excluded.updated_at}
    await connection.execute(
        insert.values(**row, text=text, updated_at=utcnow()).on_conflict_do_update(
            index_elements=["account_id", "conversation_id"], set_=news
        )
    )
    await connection.execute(draft_file.delete().where(*_own(draft_file, actor, conversation_id)))
    ids = await _ready(session, actor, [file["key"] for file in files])
    rows = [
        {**row, "media_id": ids[file["key"]], "position": n}
        | {each: file[each] for each in ("caption", "voice")}
        for n, file in enumerate(files)
        if file["key"] in ids
    ]
    if rows:
        await connection.execute(draft_file.insert(), rows)


async def _ready(session: AsyncSession, actor: Actor, keys: list[str]) -> dict[str, int]:
    """The ids of the actor's own uploads; a file of somebody else can be put into no draft."""
    query = sa.select(col(MediaFile.key), col(MediaFile.id)).where(
        col(MediaFile.key).in_(keys),
        col(MediaFile.uploaded_by) == actor.account_id,
        col(MediaFile.state) == MediaState.STORED,
    )
    return dict(await fetch(session, query)) if keys else {}


def _clean(written: Written | Kept) -> tuple[str, list[OutgoingFile]]:
    """In one form, so that two can be compared. Each file stands there once."""
    files = {
        file["key"]: OutgoingFile(
            key=file["key"], caption=clean_text(file["caption"])[:TEXT_MAX], voice=file["voice"]
        )
        for file in written["files"][:_FILES_MAX]
    }
    return clean_text(written["text"]), list(files.values())


async def with_drafts(session: AsyncSession, actor: Actor, conversation_ids: list[int]) -> set[int]:
    """In which of these conversations the actor has begun to write: the list marks them."""
    actor.require(Permission.INBOX_SEE)
    query = sa.select(draft.c.conversation_id).where(
        draft.c.account_id == actor.account_id, draft.c.conversation_id.in_(conversation_ids)
    )
    connection = await session.connection()
    return {of for (of,) in await connection.execute(query)}


async def replace(
    session: AsyncSession, actor: Actor, conversation_id: int, written: Written, *, before: Written
) -> Kept | None:
    """Keep ``written``, unless what is kept is no longer ``before``: then it stays and is returned.

    So a window that was left open does not wipe out what its owner has written in another one since.

    Raises:
        NotFound, Invalid: as ``save``.
    """
    actor.require(Permission.INBOX_DO)
    if newer := await _newer(session, actor, conversation_id, written, before):
        return newer
    await save(session, actor, conversation_id, written)
    return None


async def settle(
    session: AsyncSession, actor: Actor, conversation_id: int, sent: Written, *, before: Written
) -> Kept | None:
    """The content of the box was sent: forget it. What was written in another window since stays, and is returned.

    ``before`` is what the window that sent it has last saved.
    """
    actor.require(Permission.INBOX_DO)
    if newer := await _newer(session, actor, conversation_id, sent, before):
        return newer
    connection = await session.connection()
    await connection.execute(draft.delete().where(*_own(draft, actor, conversation_id)))
    return None


async def _newer(session: AsyncSession, actor: Actor, conversation_id: int, *known: Written) -> Kept | None:
    """What is kept, if it is something and none of these. Its row is locked."""
    lock = sa.select(draft.c.text).where(*_own(draft, actor, conversation_id)).with_for_update()
    if not await fetch(session, lock):
        return None
    kept = await of(session, actor, conversation_id)
    if kept == NOTHING or _clean(kept) in [_clean(each) for each in known]:
        return None
    return kept
