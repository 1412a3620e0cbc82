"""The files and links of a conversation, newest first."""

from __future__ import annotations

import re
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import Conversation, MediaFile, MediaState, Message
from wapto_app.models.conversations import HAS_FILE
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import Invalid
from wapto_app.services.inbox.conversations import visible_text
from wapto_app.services.inbox.places import MESSAGE, beyond, position
from wapto_app.services.masking import mask_in
from wapto_app.services.visibility import readable

PAGE = 24
_SCANNED = 2_000
"""Messages that are looked through for links at a time: the text of a conversation has no index of its own."""
_LINK = re.compile(r"https?://[^\s<>\"]*[^\s<>\".,;:!?)\]']")
_TYPES = {
    "media": ("image", "video", "sticker"),
    "files": ("document", "audio"),
}
KINDS = (*_TYPES, "links")
# Spelled as in the partial index, or the databases do not use it.
_HAS_FILE = sa.text(f"message.{HAS_FILE}")


class GalleryItem(TypedDict):
    """``key`` is that of the file; ``text`` its name, or the address of a link."""

    id: int
    type: str
    key: str
    mime_type: str
    text: str
    size: int
    outbound: bool
    at: str


class Gallery(TypedDict):
    """``next_before`` is the message to go on from, 0 at the end. A page of links may be short, or empty."""

    items: list[GalleryItem]
    next_before: int


async def gallery(
    session: AsyncSession, actor: Actor, conversation_id: int, kind: str, *, before_id: int = 0
) -> Gallery:
    """Pictures and videos ("media"), documents and sound ("files"), or "links".

    Raises:
        Invalid: there is no such kind.
    """
    actor.require(Permission.INBOX_SEE)
    if kind not in KINDS:
        raise Invalid("kind", "Choose pictures, files or links.")
    m = Message
    columns: list[Any] = [col(m.id), col(m.at), col(m.type), col(m.body), col(m.direction), col(m.media_id)]
    query: sa.Select[Any] = (
        sa.select(*columns)
        .join(Conversation, col(Conversation.id) == col(m.conversation_id))
        .where(col(m.conversation_id) == conversation_id, readable(actor))
        .order_by(col(m.at).desc(), col(m.id).desc())
    )
    anchor = await position(session, conversation_id, before_id) if before_id else None
    if anchor is not None:
        query = query.where(beyond(Message, anchor, MESSAGE, later=False))
    if kind == "links":
        return await _links(session, actor, conversation_id, query)
    return await _files(session, actor, conversation_id, query.where(_HAS_FILE), _TYPES[kind])


async def _files(
    session: AsyncSession, actor: Actor, conversation_id: int, query: sa.Select[Any], types: tuple[str, ...]
) -> Gallery:
    f = MediaFile
    query = (
        query.join(f, col(f.id) == col(Message.media_id))
        .where(col(f.state) == MediaState.STORED, col(Message.type).in_(types))
        .add_columns(col(f.key), col(f.mime_type), col(f.filename), col(f.size))
    )
    found = await fetch(session, query.limit(PAGE + 1))
    mask = await mask_in(session, actor, conversation_id)
    items = [
        _item(row, key=row.key, mime=row.mime_type, text=mask.text(row.filename), size=row.size)
        for row in found[:PAGE]
    ]
    return Gallery(items=items, next_before=items[-1]["id"] if len(found) > PAGE else 0)


async def _links(session: AsyncSession, actor: Actor, conversation_id: int, query: sa.Select[Any]) -> Gallery:
    """Of a stretch of the conversation; where nothing is in it, the next page goes on below."""
    stretch = query.limit(_SCANNED).subquery()
    with_link = (
        sa.select(stretch)
        .where(stretch.c.body.contains("http"))
        .order_by(stretch.c.at.desc(), stretch.c.id.desc())
    )
    found = await fetch(session, with_link.limit(PAGE + 1))
    mask = await mask_in(session, actor, conversation_id)
    items = [
        _item(row, text=link)
        for row in found[:PAGE]
        for link in dict.fromkeys(_LINK.findall(visible_text(mask, row.type, row.body)))
    ]
    if len(found) > PAGE:
        return Gallery(items=items, next_before=found[PAGE - 1].id)
    end = await fetch(session, sa.select(stretch.c.id).order_by(stretch.c.at, stretch.c.id).limit(1))
    size = (await fetch(session, sa.select(sa.func.count()).select_from(stretch)))[0][0]
    return Gallery(items=items, next_before=end[0].id if size == _SCANNED else 0)


def _item(row: Any, *, text: str, key: str = "", mime: str = "", size: int = 0) -> GalleryItem:
    return GalleryItem(
        id=row.id,
        type=row.type,
        key=key,
        mime_type=mime,
        text=text,
        size=size,
        outbound=row.direction.value == "out",
        at=row.at.isoformat(),
    )
