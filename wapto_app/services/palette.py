"""What the command palette finds: customers by name or number, and messages by their words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import Contact, Conversation
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import search as index
from wapto_app.services.contacts import shown_name
from wapto_app.services.inbox.conversations import phone_column, visible_text
from wapto_app.services.masking import masks
from wapto_app.services.visibility import readable

MOST = 6
"""Lines of each kind: a palette is for what one knows already."""
_FEWEST = 2


class Place(TypedDict):
    """A line that leads somewhere. ``kind``: conversation or message."""

    kind: str
    id: int
    name: str
    text: str
    href: str


async def search(session: AsyncSession, actor: Actor, words: str) -> list[Place]:
    """Conversations with customers whom the words name, then messages in which they occur; of each the newest."""
    actor.require(Permission.INBOX_SEE)
    words = words.strip()[:100]
    if len(words) < _FEWEST:
        return []
    theirs = col(Conversation.contact_id).in_(index.contact_ids(words, numbers=not actor.hide_phone))
    places = await _conversations(session, actor, theirs)
    found = await index.messages(session, actor, words, limit=MOST)
    return places + [
        Place(
            kind="message",
            id=row["id"],
            name=row["name"],
            text=row["before"] + row["match"] + row["after"],
            href=f"/inbox/{row['conversation_id']}",
        )
        for row in found["messages"]
    ]


async def places(session: AsyncSession, actor: Actor, conversation_ids: Sequence[int]) -> list[Place]:
    """These conversations in their order, without those that the actor may not see (any more)."""
    actor.require(Permission.INBOX_SEE)
    if not conversation_ids:
        return []
    wanted = list(conversation_ids)[:MOST]
    found = await _conversations(session, actor, col(Conversation.id).in_(wanted))
    return sorted(found, key=lambda place: wanted.index(place["id"]))


async def _conversations(
    session: AsyncSession, actor: Actor, condition: sa.ColumnElement[bool]
) -> list[Place]:
    c = Conversation
    columns: list[Any] = [
        col(c.id),
        col(c.contact_id),
        col(c.preview),
        col(c.preview_type),
        col(Contact.name),
        col(Contact.profile_name),
        col(Contact.username),
        phone_column().label("phone"),
    ]
    query = (
        sa.select(*columns)
        .join(Contact, col(Contact.id) == col(c.contact_id))
        .where(readable(actor), condition)
        .order_by(col(c.last_message_at).desc(), col(c.id).desc())
        .limit(MOST)
    )
    rows = await fetch(session, query)
    hidden = await masks(session, actor, [row.contact_id for row in rows])
    return [_place(hidden.of(row.contact_id), row) for row in rows]


def _place(mask: Any, row: Any) -> Place:
    names = mask.note(row.name), mask.text(row.profile_name), mask.text(row.username)
    return Place(
        kind="conversation",
        id=row.id,
        name=shown_name(*names, mask.phone(row.phone)),
        text=visible_text(mask, row.preview_type, row.preview),
        href=f"/inbox/{row.id}",
    )
