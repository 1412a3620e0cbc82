"""What an actor may see: a mandatory part of every query."""

from __future__ import annotations

from collections.abc import Hashable

import sqlalchemy as sa
from sqlmodel import col

from wapto_app.models import Contact, Conversation, Visibility
from wapto_app.security.permissions import Actor, Permission


def scope(actor: Actor) -> tuple[Hashable, ...]:
    """What two actors have in common who see the same conversations in the same way."""
    alone = None if actor.visibility is Visibility.ALL else (actor.account_id, actor.team_id)
    return actor.may(Permission.INBOX_SEE), actor.hide_phone, actor.visibility, alone


def readable(actor: Actor) -> sa.ColumnElement[bool]:
    """The filter of conversations; teams narrow it further once they exist."""
    if actor.visibility is Visibility.ALL:
        return sa.true()
    return col(Conversation.assignee_id) == actor.account_id


def readable_contact(actor: Actor) -> sa.ColumnElement[bool]:
    """The filter of contacts: those of the conversations that the actor may see."""
    if actor.visibility is Visibility.ALL:
        return sa.true()
    theirs = sa.select(sa.literal(1)).where(col(Conversation.contact_id) == col(Contact.id), readable(actor))
    return theirs.exists()
