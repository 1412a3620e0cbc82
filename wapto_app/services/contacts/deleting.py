"""Deleting contacts with everything that is about them: conversations, messages and files.

It takes the database rather than a session: files go last before the rows that name them are given up for good, so
that whatever stops us in between, the next time finishes it. Who gives up shared bytes at the same moment is waited
for. What Meta sent, as it came, goes with the retention of webhooks.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import Database, fetch, touch
from wapto_app.models import (
    Contact,
    Conversation,
    MediaFile,
    Message,
    MessageFile,
    StatusEvent,
    Task,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, opt_out_memory
from wapto_app.services.contact_names import TOPIC
from wapto_app.services.errors import Conflict
from wapto_app.services.media import shared
from wapto_app.services.visibility import readable_contact, wholly_readable


class Touched(TypedDict):
    """What goes."""

    contacts: int
    conversations: int
    messages: int


async def preview(session: AsyncSession, actor: Actor, contact_ids: Collection[int]) -> Touched:
    """What a deletion would take away."""
    actor.require(Permission.CONTACTS_DO)
    wanted = sa.select(col(Contact.id)).where(*_may_go(actor, contact_ids))
    talks = sa.select(col(Conversation.id)).where(col(Conversation.contact_id).in_(wanted))
    messages = sa.select(col(Message.id)).where(col(Message.conversation_id).in_(talks))
    contacts, conversations, said = [
        int((await fetch(session, sa.select(sa.func.count()).select_from(query.subquery())))[0][0])
        for query in (wanted, talks, messages)
    ]
    return Touched(contacts=contacts, conversations=conversations, messages=said)


async def delete(db: Database, actor: Actor, media_dir: Path, contact_ids: Collection[int]) -> int:
    """Delete those of them that the actor may see with all their conversations, for good; how many.

    Raises:
        Conflict: it is a single one, who has conversations that the actor may not see.
    """
    actor.require(Permission.CONTACTS_DO)
    async with db.write() as session:
        await shared.one_at_a_time(session)
        query = select(Contact.id).where(*_may_go(actor, contact_ids)).order_by(col(Contact.id))
        ids = [contact_id or 0 for contact_id in await session.exec(query.with_for_update())]
        if not ids:
            if len(contact_ids) == 1:
                await _explain(session, actor, contact_ids)
            return 0
        files = await _files(session, ids)
        deleted = await _delete_rows(session, actor, ids, [file_id for file_id, _path in files])
        await shared.remove(media_dir, await shared.unneeded(session, [path for _id, path in files]))
    return deleted


def _may_go(actor: Actor, contact_ids: Collection[int]) -> tuple[sa.ColumnElement[bool], ...]:
    return col(Contact.id).in_(contact_ids), readable_contact(actor), wholly_readable(actor)


async def _explain(session: AsyncSession, actor: Actor, contact_ids: Collection[int]) -> None:
    seen = select(Contact.id).where(col(Contact.id).in_(contact_ids), readable_contact(actor))
    if (await session.exec(seen)).first() is not None:
        raise Conflict(
            "This contact has conversations of others, which you do not see. Ask an owner to delete it."
        )


async def _files(session: AsyncSession, contact_ids: Collection[int]) -> list[tuple[int, str]]:
    """Files that only these contacts' messages carry, with their paths."""
    theirs = (
        sa.select(col(Message.media_id))
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .where(col(Conversation.contact_id).in_(contact_ids), col(Message.media_id).is_not(None))
    )
    others = (
        sa.select(sa.literal(1))
        .select_from(Message)
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .where(col(Message.media_id) == col(MediaFile.id), col(Conversation.contact_id).not_in(contact_ids))
    )
    on_their_cards = (
        sa.select(col(MessageFile.media_id))
        .join(Message, col(Message.id) == col(MessageFile.message_id))
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .where(col(Conversation.contact_id).in_(contact_ids))
    )
    on_other_cards = (
        sa.select(sa.literal(1))
        .select_from(MessageFile)
        .join(Message, col(Message.id) == col(MessageFile.message_id))
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .where(
            col(MessageFile.media_id) == col(MediaFile.id), col(Conversation.contact_id).not_in(contact_ids)
        )
    )
    query = sa.select(col(MediaFile.id), col(MediaFile.path)).where(
        col(MediaFile.id).in_(sa.union_all(theirs, on_their_cards)),
        ~others.exists(),
        ~on_other_cards.exists(),
    )
    return [(row.id, row.path) for row in await fetch(session, query)]


async def _delete_rows(
    session: AsyncSession, actor: Actor, contact_ids: list[int], file_ids: list[int]
) -> int:
    talks = sa.select(col(Conversation.id)).where(col(Conversation.contact_id).in_(contact_ids))
    wamids = sa.select(col(Message.wamid)).where(
        col(Message.conversation_id).in_(talks), col(Message.wamid).is_not(None)
    )
    await session.exec(sa.delete(StatusEvent).where(col(StatusEvent.wamid).in_(wamids)))
    await session.exec(sa.delete(Task).where(col(Task.conversation_id).in_(talks)))
    connection = await session.connection()
    await connection.run_sync(opt_out_memory.remember, contact_ids)
    deleted = await session.exec(
        sa.delete(Contact).where(col(Contact.id).in_(contact_ids)).returning(col(Contact.id))
    )
    gone = [row.id for row in deleted]
    if file_ids:
        await session.exec(sa.delete(MediaFile).where(col(MediaFile.id).in_(file_ids)))
    for contact_id in gone:
        audit.record(session, actor, "contact.deleted", f"contact:{contact_id}")
    touch(session, "inbox", TOPIC, "tags", "tasks", *(f"contact:{contact_id}" for contact_id in gone))
    return len(gone)
