"""Which conversations an actor may see: a mandatory part of every query."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import col

from wapto_app.models import Conversation
from wapto_app.security.permissions import Actor, Visibility


def readable(actor: Actor) -> sa.ColumnElement[bool]:
    """The filter; teams narrow it further once they exist."""
    if actor.visibility is Visibility.ALL:
        return sa.true()
    return col(Conversation.assignee_id) == actor.account_id
