"""What an actor may see: a mandatory part of every query."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import col

from wapto_app.models import Contact, Conversation, Visibility
from wapto_app.security.permissions import Actor


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
