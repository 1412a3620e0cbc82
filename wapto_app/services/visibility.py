"""What an actor may see: a mandatory part of every query."""

from __future__ import annotations

from collections.abc import Hashable

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import Contact, ContactEvent, ContactEventKind, Conversation, Visibility
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import NotFound


def scope(actor: Actor) -> tuple[Hashable, ...]:
    """What two actors have in common who see the same conversations in the same way."""
    alone = None if actor.visibility is Visibility.ALL else (actor.account_id, actor.team_id)
    return actor.may(Permission.INBOX_SEE), actor.hide_phone, actor.visibility, alone


def readable(actor: Actor) -> sa.ColumnElement[bool]:
    """The filter of conversations: all, those of the team or of none, or only one's own.

    It only filters; what finds the rows is up to the rest of the query. A list takes ``newest`` as well.
    """
    if actor.visibility is Visibility.ALL:
        return sa.true()
    if actor.visibility is Visibility.OWN or actor.team_id is None:
        return _own(actor)
    # Inside CASE, for an OR would have databases gather all conversations of the team before anything else.
    return sa.case((sa.or_(*_ways(actor)), 1), else_=0) == 1


def sees(actor: Actor, conversation: Conversation) -> bool:
    """What ``readable`` says of one conversation that is at hand."""
    if not actor.may(Permission.INBOX_SEE):
        return False
    if actor.visibility is Visibility.ALL or conversation.assignee_id == actor.account_id:
        return True
    by_team = actor.visibility is Visibility.TEAM and actor.team_id is not None
    return by_team and conversation.team_id in (None, actor.team_id)


def newest(
    actor: Actor, limit: int, *conditions: sa.ColumnElement[bool], backwards: bool = False
) -> sa.ColumnElement[bool]:
    """The filter of the ``limit`` newest conversations that the actor may see and to which the conditions apply.

    Each way in which they may be seen is found by its own index. ``backwards``: the oldest of them instead.
    """
    if actor.visibility is not Visibility.TEAM or actor.team_id is None:
        return sa.and_(readable(actor), *conditions)
    columns = col(Conversation.last_message_at), col(Conversation.id)
    order = [each.asc() if backwards else each.desc() for each in columns]
    parts = [
        sa.select(
            sa.select(col(Conversation.id))
            .where(way, *conditions)
            .order_by(*order)
            .limit(limit)
            .subquery()
            .c.id
        )
        for way in _ways(actor)
    ]
    return col(Conversation.id).in_(sa.union_all(*parts))


def _own(actor: Actor) -> sa.ColumnElement[bool]:
    return col(Conversation.assignee_id) == actor.account_id


def _ways(actor: Actor) -> tuple[sa.ColumnElement[bool], ...]:
    """How an agent who sees what the team sees comes to see a conversation."""
    return col(Conversation.team_id) == actor.team_id, col(Conversation.team_id).is_(None), _own(actor)


def readable_contact(actor: Actor) -> sa.ColumnElement[bool]:
    """The filter of contacts: those of the conversations that the actor may see.

    A contact who has no conversation yet is like a conversation that no team has; who sees only their own, sees those
    that they wrote down themselves.
    """
    if actor.visibility is Visibility.ALL:
        return sa.true()
    talks = sa.select(sa.literal(1)).where(col(Conversation.contact_id) == col(Contact.id))
    nobodys = ~talks.exists()
    if actor.visibility is Visibility.OWN or actor.team_id is None:
        written = sa.select(sa.literal(1)).where(
            col(ContactEvent.contact_id) == col(Contact.id),
            col(ContactEvent.by_id) == actor.account_id,
            col(ContactEvent.kind).in_((ContactEventKind.CREATED, ContactEventKind.IMPORTED)),
        )
        nobodys = sa.and_(nobodys, written.exists())
    return sa.or_(talks.where(readable(actor)).exists(), nobodys)


def wholly_readable(actor: Actor) -> sa.ColumnElement[bool]:
    """The filter of contacts none of whose conversations is hidden from the actor: whom they may merge and delete."""
    if actor.visibility is Visibility.ALL:
        return sa.true()
    # Inside CASE, for what nobody holds is neither the actor's nor not the actor's to SQL.
    hidden = sa.select(sa.literal(1)).where(
        col(Conversation.contact_id) == col(Contact.id), sa.case((readable(actor), 1), else_=0) == 0
    )
    return ~hidden.exists()


async def conversation_seen(session: AsyncSession, actor: Actor, conversation_id: int) -> Conversation:
    """The conversation, to read. Raises NotFound when it is not there or not visible to the actor."""
    actor.require(Permission.INBOX_SEE)
    found = await session.exec(
        select(Conversation).where(Conversation.id == conversation_id, readable(actor))
    )
    conversation = found.first()
    if conversation is None:
        raise NotFound("conversation")
    return conversation


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
