"""Conversations by whom they are with."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import Conversation
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import search
from wapto_app.services.inbox.conversations import ConversationRow, list_rows
from wapto_app.services.visibility import readable


async def people(session: AsyncSession, actor: Actor, text: str, *, limit: int = 20) -> list[ConversationRow]:
    """The newest conversations with those whose name, number, username, e-mail or company this is part of."""
    actor.require(Permission.INBOX_SEE)
    c = Conversation
    theirs = col(c.contact_id).in_(search.contact_ids(text, numbers=not actor.hide_phone))
    newest = sa.select(col(c.id)).where(theirs, readable(actor))
    # An expression, so that no index on it is taken: the few that match are found first, and put in order then.
    at = sa.func.coalesce(col(c.last_message_at), col(c.created_at))
    newest = newest.order_by(at.desc(), col(c.id).desc()).limit(limit)
    ids = [row.id for row in await fetch(session, newest)]
    return await list_rows(session, actor, ids)
