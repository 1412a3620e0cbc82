"""Everything that is kept about one contact, as a file to hand over: a ZIP of JSON and the files of the chats."""

from __future__ import annotations

import asyncio
import zipfile
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import Database, fetch
from wapto_app.models import Conversation, MediaFile, MediaState, Message, MessageFile, Task
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, fields, tags
from wapto_app.services.contacts.details import addresses, conversations, details
from wapto_app.services.contacts.timeline import timeline
from wapto_app.services.errors import NotFound
from wapto_app.services.masking import Mask, mask_of
from wapto_app.services.media.files import absolute, clean_name
from wapto_app.services.visibility import readable

_AT_ONCE = 1_000
_MESSAGE = ("id", "conversation_id", "direction", "type", "body", "content", "status", "at")


async def export_one(db: Database, actor: Actor, media_dir: Path, contact_id: int, path: Path) -> None:
    """Write the ZIP to ``path``: ``contact.json``, ``messages.json`` and the folder ``files``.

    Raises:
        NotFound: the contact is not there or not visible.
    """
    actor.require(Permission.CONTACTS_SEE)
    actor.require(Permission.EXPORT_DO)
    actor.require_own_eyes(Permission.EXPORT_DO)
    async with db.write() as session:
        about = await _about(session, actor, contact_id)
        audit.record(session, actor, "contact.exported", f"contact:{contact_id}")
        mask = await mask_of(session, actor, contact_id)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("contact.json", _json(about))
        if actor.may(Permission.INBOX_SEE):
            await _write_messages(db, actor, contact_id, mask, archive)
            await _write_files(db, actor, media_dir, contact_id, mask, archive)


def _json(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_INDENT_2)


async def _about(session: AsyncSession, actor: Actor, contact_id: int) -> dict[str, Any]:
    return {
        "contact": await details(session, actor, contact_id),
        "numbers": await addresses(session, actor, contact_id),
        "tags": (await tags.chips(session, [contact_id])).get(contact_id, []),
        "fields": (await fields.shown(session, actor, [contact_id])).get(contact_id, {}),
        "conversations": await conversations(session, actor, contact_id),
        "tasks": await _tasks(session, actor, contact_id),
        "timeline": await timeline(session, actor, contact_id),
    }


async def _tasks(session: AsyncSession, actor: Actor, contact_id: int) -> list[dict[str, Any]]:
    mask = await mask_of(session, actor, contact_id)
    columns: list[Any] = [col(Task.title), col(Task.note), col(Task.due_at), col(Task.done_at)]
    query: sa.Select[Any] = (
        sa.select(*columns)
        .join(Conversation, col(Conversation.id) == col(Task.conversation_id))
        .where(col(Conversation.contact_id) == contact_id, readable(actor))
        .order_by(col(Task.id))
    )
    return [
        {
            "title": mask.every(row.title),
            "note": mask.every(row.note),
            "due_at": row.due_at,
            "done_at": row.done_at,
        }
        for row in await fetch(session, query)
    ]


async def _write_messages(
    db: Database, actor: Actor, contact_id: int, mask: Mask, archive: zipfile.ZipFile
) -> None:
    """One list, some of it at a time, in the order in which they were stored."""
    last, comma = 0, b""
    with archive.open("messages.json", "w", force_zip64=True) as file:
        file.write(b"[\n")
        while rows := await _messages(db, actor, contact_id, mask, last):
            for row in rows:
                file.write(comma + orjson.dumps(row))
                comma = b",\n"
            last = rows[-1]["id"]
        file.write(b"\n]\n")


async def _messages(
    db: Database, actor: Actor, contact_id: int, mask: Mask, after: int
) -> list[dict[str, Any]]:
    query: sa.Select[Any] = (
        sa.select(*[col(getattr(Message, name)) for name in _MESSAGE])
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .where(col(Conversation.contact_id) == contact_id, readable(actor), col(Message.id) > after)
        .order_by(col(Message.id))
        .limit(_AT_ONCE)
    )
    async with db.read() as session:
        found = await fetch(session, query)
    return [
        {**row._asdict(), "body": mask.every(row.body), "content": mask.content(row.content)} for row in found
    ]


async def _write_files(
    db: Database, actor: Actor, media_dir: Path, contact_id: int, mask: Mask, archive: zipfile.ZipFile
) -> None:
    columns: list[Any] = [col(MediaFile.id), col(MediaFile.path), col(MediaFile.filename)]
    theirs = (
        sa.select(col(Message.id), col(Message.media_id))
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .where(col(Conversation.contact_id) == contact_id, readable(actor))
        .subquery()
    )
    on_cards = sa.select(col(MessageFile.media_id)).join(theirs, theirs.c.id == col(MessageFile.message_id))
    carried = sa.select(theirs.c.media_id).where(theirs.c.media_id.is_not(None)).union_all(on_cards)
    query: sa.Select[Any] = (
        sa.select(*columns)
        .where(col(MediaFile.id).in_(carried), col(MediaFile.state) == MediaState.STORED)
        .order_by(col(MediaFile.id))
    )
    async with db.read() as session:
        found = await fetch(session, query)
    for row in found:
        name = f"files/{row.id}-{clean_name(mask.every(row.filename))}"
        await asyncio.to_thread(_add_file, archive, media_dir, row.path, name)


def _add_file(archive: zipfile.ZipFile, media_dir: Path, path: str, name: str) -> None:
    try:
        archive.write(absolute(media_dir, path), name, zipfile.ZIP_STORED)
    except (NotFound, FileNotFoundError):  # it is gone from the disk: what is left is handed over
        return
