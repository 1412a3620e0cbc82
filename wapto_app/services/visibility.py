"""What an actor may see: a mandatory part of every query."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import Contact, Conversation, Visibility
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import NotFound


def readable(actor: Actor) -> sa.ColumnElement[bool]:
    """The filter of conversations: all, those of the team or of none, or only one's own."""
    if actor.visibility is Visibility.ALL:
        return sa.true()
    own = col(Conversation.assignee_id) == actor.account_id
    if actor.visibility is Visibility.OWN or actor.team_id is None:
        return own
    return sa.or_(col(Conversation.team_id) == actor.team_id, col(Conversation.team_id).is_(None), own)


def readable_contact(actor: Actor) -> sa.ColumnElement[bool]:
    """The filter of contacts: those of the conversations that the actor may see."""
    if actor.visibility is Visibility.ALL:
        return sa.true()
    theirs = sa.select(sa.literal(1)).where(col(Conversation.contact_id) == col(Contact.id), readable(actor))
    return theirs.exists()


async def conversation_for(session: AsyncSession, actor: Actor, conversation_id: int) -> Conversation:
    """The conversation, locked until the transaction ends.

    Raises:
        NotFound: it is not there or not visible to the actor.
    """
    actor.require(Permission.INBOX_SEE)
    found = await session.exec(
        select(Conversation)
        .where(Conversation.id == conversation_id, readable(actor))
        .with_for_update(key_share=True)
    )
    conversation = found.first()
    if conversation is None:
        raise NotFound("conversation")
    return conversation
