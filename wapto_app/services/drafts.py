"""What somebody began to write in a conversation: kept per person, on every device of theirs."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.clock import utcnow
from wapto_app.models import Conversation, MessageDraft
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.visibility import readable

TEXT_MAX = 20_000
draft = table_of(MessageDraft)


async def of(session: AsyncSession, actor: Actor, conversation_id: int) -> str:
    """What the actor began to write there; empty for nothing, and for what they may not see."""
    actor.require(Permission.INBOX_DO)
    found = await session.exec(
        select(MessageDraft.text)
        .join(Conversation, col(Conversation.id) == col(MessageDraft.conversation_id))
        .where(
            MessageDraft.account_id == actor.account_id,
            MessageDraft.conversation_id == conversation_id,
            readable(actor),
        )
    )
    return found.first() or ""


async def save(session: AsyncSession, actor: Actor, conversation_id: int, text: str) -> None:
    """Keep it, or forget it when it is empty.

    Raises:
        NotFound: the conversation is not there or not visible.
        Invalid: the text is too long.
    """
    actor.require(Permission.INBOX_DO)
    seen = select(Conversation.id).where(Conversation.id == conversation_id, readable(actor))
    if (await session.exec(seen)).first() is None:
        raise NotFound("conversation")
    text = clean_text(text)
    if len(text) > TEXT_MAX:
        raise Invalid("message", f"A draft has at most {TEXT_MAX:,} characters.")
    own = draft.c.account_id == actor.account_id, draft.c.conversation_id == conversation_id
    connection = await session.connection()
    if not text.strip() or actor.account_id is None:
        await connection.execute(draft.delete().where(*own))
        return
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(draft)
    row = {
        "account_id": actor.account_id,
        "conversation_id": conversation_id,
        "text": text,
        "updated_at": utcnow(),
    }
    news = {"text": insert.excluded.text, "updated_at": insert.excluded.updated_at}
    await connection.execute(
        insert.values(row).on_conflict_do_update(index_elements=["account_id", "conversation_id"], set_=news)
    )


async def with_drafts(session: AsyncSession, actor: Actor, conversation_ids: list[int]) -> set[int]:
    """In which of these conversations the actor has begun to write: the list marks them."""
    actor.require(Permission.INBOX_SEE)
    query = sa.select(draft.c.conversation_id).where(
        draft.c.account_id == actor.account_id, draft.c.conversation_id.in_(conversation_ids)
    )
    connection = await session.connection()
    return {of for (of,) in await connection.execute(query)}


async def replace(
    session: AsyncSession, actor: Actor, conversation_id: int, text: str, *, before: str
) -> str:
    """Keep ``text``, unless what is kept is no longer ``before``: then it stays and is returned.

    So a window that was left open does not wipe out what its owner has written in another one since.

    Raises:
        NotFound, Invalid: as ``save``.
    """
    actor.require(Permission.INBOX_DO)
    query = select(MessageDraft.text).where(
        MessageDraft.account_id == actor.account_id, MessageDraft.conversation_id == conversation_id
    )
    kept = (await session.exec(query.with_for_update())).first() or ""
    if kept not in ("", clean_text(before), clean_text(text)):
        return await of(session, actor, conversation_id)
    await save(session, actor, conversation_id, text)
    return ""
