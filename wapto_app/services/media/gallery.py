"""What there is to look at around one picture of a conversation."""

from __future__ import annotations

from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import Conversation, MediaFile, MediaState, Message
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import NotFound
from wapto_app.services.masking import mask_in
from wapto_app.services.media.files import KEY
from wapto_app.services.visibility import readable

EITHER_SIDE = 50
"""Pictures before and after the one that was opened."""
_LOOKED_AT = ("image", "video")


class PictureRow(TypedDict):
    """A picture or film; ``at`` is ISO 8601, ``caption`` what was written to it."""

    key: str
    type: str
    name: str
    caption: str
    at: str


async def pictures_around(session: AsyncSession, actor: Actor, key: str) -> list[PictureRow]:
    """The pictures and films of the same conversation, oldest first, the given one among them.

    Raises:
        NotFound: no message that the actor may see carries it.
    """
    actor.require(Permission.INBOX_SEE)
    chosen = await _message_of(session, actor, key)
    before = list(reversed(await _some(session, chosen, forwards=False)))
    rows = [*before, *await _some(session, chosen, forwards=True)]
    mask = await mask_in(session, actor, chosen.conversation_id)
    return [
        PictureRow(
            key=row.key,
            type=row.type,
            name=mask.text(row.filename),
            caption=mask.text(row.body),
            at=row.at.isoformat(),
        )
        for row in rows
    ]


async def _message_of(session: AsyncSession, actor: Actor, key: str) -> Any:
    query = (
        sa.select(col(Message.conversation_id), col(Message.at), col(Message.id))
        .join(MediaFile, col(MediaFile.id) == col(Message.media_id))
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .where(col(MediaFile.key) == key, readable(actor))
        .order_by(col(Message.id).desc())
        .limit(1)
    )
    found = await fetch(session, query) if KEY.fullmatch(key) else []
    if not found:
        raise NotFound("file")
    return found[0]


async def _some(session: AsyncSession, chosen: Any, *, forwards: bool) -> Any:
    """Up to the limit, away from the chosen one, which itself counts as the first of those that follow."""
    m, at = Message, sa.literal(chosen.at, table_of(Message).c.at.type)
    place, start = sa.tuple_(col(m.at), col(m.id)), sa.tuple_(at, sa.literal(chosen.id))
    order = (col(m.at), col(m.id)) if forwards else (col(m.at).desc(), col(m.id).desc())
    query = (
        sa.select(col(MediaFile.key), col(m.type), col(MediaFile.filename), col(m.body), col(m.at))
        .join(MediaFile, col(MediaFile.id) == col(m.media_id))
        .where(
            col(m.conversation_id) == chosen.conversation_id,
            col(m.type).in_(_LOOKED_AT),
            col(MediaFile.state) == MediaState.STORED,
            place >= start if forwards else place < start,
        )
        .order_by(*order)
        .limit(EITHER_SIDE + forwards)
    )
    return await fetch(session, query)
