"""Conversations by whom they are with, and contacts with whom there is none yet."""

from __future__ import annotations

from typing import TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import Contact, Conversation
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import search
from wapto_app.services.contact_names import name_columns, name_of
from wapto_app.services.inbox.conversations import ConversationRow, list_rows
from wapto_app.services.masking import masks
from wapto_app.services.visibility import readable, readable_contact


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


class Silent(TypedDict):
    """A contact without a conversation."""

    id: int
    name: str


async def silent(session: AsyncSession, actor: Actor, text: str, *, limit: int = 20) -> list[Silent]:
    """The newest contacts of whom this is part in the same way, and with whom there is no conversation yet.

    Empty for whoever may not see contacts.
    """
    actor.require(Permission.INBOX_SEE)
    if not actor.may(Permission.CONTACTS_SEE):
        return []
    talks = sa.exists().where(col(Conversation.contact_id) == col(Contact.id))
    found = col(Contact.id).in_(search.contact_ids(text, numbers=not actor.hide_phone))
    query = sa.select(*name_columns()).where(found, ~talks, readable_contact(actor))
    # An expression, so that those who match are found first, and put in order then.
    rows = await fetch(session, query.order_by((col(Contact.id) + 0).desc()).limit(limit))
    hidden = await masks(session, actor, [row.contact_id for row in rows])
    return [Silent(id=row.contact_id, name=name_of(hidden.of(row.contact_id), row)) for row in rows]
