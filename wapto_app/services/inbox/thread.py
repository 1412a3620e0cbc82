"""The messages of a conversation, page by page upward."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.errors import explain
from wapto_app.db import fetch
from wapto_app.models import (
    Account,
    Conversation,
    Direction,
    MediaFile,
    Message,
    MessageStatus,
    Reaction,
    Visibility,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import NotFound
from wapto_app.services.inbox.conversations import iso, visible_text
from wapto_app.services.inbox.events import events, names_in, said_of
from wapto_app.services.inbox.places import MESSAGE, Found, Names, Place, Stretch, beyond, position, read
from wapto_app.services.inbox.visible import visible_content, visible_wamid
from wapto_app.services.masking import Mask, mask_in
from wapto_app.services.previews import preview_of
from wapto_app.services.visibility import readable

PAGE = 50
MOST_RECENT = 300
"""Rows that a tab re-reads when something changes."""
MOST_COUNTED = 100


class Quote(TypedDict):
    """The message that this one answers."""

    wamid: str
    outbound: bool
    text: str


class FileRow(TypedDict):
    """The file of a message; ``state`` is pending, stored or failed."""

    key: str
    state: str
    mime_type: str
    filename: str
    size: int
    error: str


class MessageRow(TypedDict):
    """One bubble, or a line about what happened (``kind`` "event", a negative ``id``).

    ``content`` is the typed payload that the bubble of its ``kind`` shows. A note of the team is neither ``inbound``
    nor ``outbound``. ``fresh`` marks the first one that the reader has not seen; whoever reads decides.

    ``mine``: the reader wrote it.
    """

    id: int
    wamid: str
    outbound: bool
    inbound: bool
    type: str
    kind: str
    body: str
    content: dict[str, Any]
    status: str
    at: str
    previous_at: str
    author: str
    mine: bool
    error: str
    advice: str
    file: FileRow | None
    quote: Quote | None
    reactions: list[str]
    edited: bool
    forwarded: bool
    fresh: bool


class Thread(TypedDict):
    """A stretch of rows, oldest first, and whether there are older and newer ones."""

    messages: list[MessageRow]
    has_older: bool
    has_newer: bool


async def recent(
    session: AsyncSession, actor: Actor, conversation_id: int, *, after_id: int = 0, from_id: int = 0
) -> Thread:
    """The newest page; with ``after_id`` everything newer than that row, with ``from_id`` that row as well.

    Then at most ``MOST_RECENT`` rows; whether it is all shows the first of them.
    """
    actor.require(Permission.INBOX_SEE)
    row_id = after_id or from_id
    anchor = await position(session, conversation_id, row_id) if row_id else None
    size = MOST_RECENT if anchor else PAGE
    return await _page(session, actor, conversation_id, size, after=anchor, including=bool(from_id))


async def older(session: AsyncSession, actor: Actor, conversation_id: int, *, before_id: int) -> Thread:
    """The page before a row."""
    actor.require(Permission.INBOX_SEE)
    anchor = await position(session, conversation_id, before_id)
    if anchor is None:
        return Thread(messages=[], has_older=False, has_newer=False)
    return await _page(session, actor, conversation_id, PAGE, before=anchor)


async def newer(session: AsyncSession, actor: Actor, conversation_id: int, *, after_id: int) -> Thread:
    """The page after a row, for who has scrolled up far and comes down again; the first page of all after row 0."""
    actor.require(Permission.INBOX_SEE)
    anchor = await position(session, conversation_id, after_id)
    if anchor is None and after_id:
        return Thread(messages=[], has_older=False, has_newer=False)
    return await _page(session, actor, conversation_id, PAGE, after=anchor, upward=False)


async def around(session: AsyncSession, actor: Actor, conversation_id: int, message_id: int) -> Thread:
    """The page in whose middle a message stands, for who comes to it from a search.

    Raises:
        NotFound: the message is not in this conversation, or the conversation is not visible.
    """
    actor.require(Permission.INBOX_SEE)
    anchor = await position(session, conversation_id, message_id)
    half = PAGE // 2
    if anchor is None:
        raise NotFound("message")
    below = await _page(session, actor, conversation_id, half, after=anchor, upward=False, including=True)
    if not below["messages"]:
        raise NotFound("message")
    above = await _page(session, actor, conversation_id, half, before=anchor)
    below["messages"][0]["previous_at"] = above["messages"][-1]["at"] if above["messages"] else ""
    return Thread(
        messages=[*above["messages"], *below["messages"]],
        has_older=above["has_older"],
        has_newer=below["has_newer"],
    )


async def arrived_since(session: AsyncSession, actor: Actor, conversation_id: int, *, after_id: int) -> int:
    """How many messages of the customer stand below a row, counted up to ``MOST_COUNTED``."""
    actor.require(Permission.INBOX_SEE)
    anchor = await position(session, conversation_id, after_id)
    if anchor is None:
        return 0
    below = (
        sa.select(col(Message.id))
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .where(
            col(Message.conversation_id) == conversation_id,
            readable(actor),
            col(Message.direction) == Direction.INBOUND,
            beyond(Message, anchor, MESSAGE, later=True),
        )
        .limit(MOST_COUNTED)
        .subquery()
    )
    found = await session.exec(sa.select(sa.func.count()).select_from(below))  # type: ignore[call-overload]
    return int(found.one()[0])


def _messages() -> sa.Select[Any]:
    m, f = Message, MediaFile
    columns: list[Any] = [
        col(m.id),
        col(m.wamid),
        col(m.direction),
        col(m.type),
        col(m.body),
        col(m.content),
        col(m.status),
        col(m.at),
        col(m.reply_to_wamid),
        col(m.error_code),
        col(m.error_detail),
        col(m.author_id),
        col(Account.name).label("author"),
        col(f.key),
        col(f.state),
        col(f.mime_type),
        col(f.filename),
        col(f.size),
        col(f.error),
    ]
    return (
        sa.select(*columns)
        .outerjoin(Account, col(Account.id) == col(m.author_id))
        .outerjoin(f, col(f.id) == col(m.media_id))
        .where(col(m.conversation_id) == sa.bindparam("conversation"), col(m.type) != "reaction")
    )


async def _page(
    session: AsyncSession,
    actor: Actor,
    conversation_id: int,
    size: int,
    *,
    before: Place | None = None,
    after: Place | None = None,
    upward: bool = True,
    including: bool = False,
) -> Thread:
    """``size`` rows, messages and events in the order of their places; ``upward`` from the newest of them."""
    stretch = Stretch(
        before or after, later=after is not None, upward=upward, including=including, limit=size + 1
    )
    if not await _is_readable(session, actor, conversation_id):
        return Thread(messages=[], has_older=False, has_newer=False)
    found = await read(session, conversation_id, stretch, MESSAGE, Message, _messages)
    found += await events(session, conversation_id, stretch)
    found.sort(key=lambda each: each.place, reverse=upward)
    rest = found[size:]
    shown = sorted(found[:size], key=lambda each: each.place)
    previous = rest[0].place.at if upward and rest else (after.at if after and shown else None)
    return Thread(
        messages=await _rows(session, actor, conversation_id, shown, previous),
        has_older=bool(rest) if upward else True,
        has_newer=bool(rest) and not upward,
    )


async def _is_readable(session: AsyncSession, actor: Actor, conversation_id: int) -> bool:
    if actor.visibility is Visibility.ALL:
        return True
    query = sa.select(col(Conversation.id)).where(col(Conversation.id) == conversation_id, readable(actor))
    return bool(await fetch(session, query))


async def _rows(
    session: AsyncSession, actor: Actor, conversation_id: int, shown: list[Found], previous: datetime | None
) -> list[MessageRow]:
    messages = [each.row for each in shown if each.place.rank == MESSAGE]
    answered = [row.reply_to_wamid for row in messages if row.reply_to_wamid]
    mask = await mask_in(session, actor, conversation_id)
    quotes = await _quotes(session, mask, conversation_id, answered)
    reactions = await _reactions(session, [row.wamid for row in messages if row.wamid])
    names = await names_in(session, shown)
    rows: list[MessageRow] = []
    for place, row in shown:
        if place.rank == MESSAGE:
            rows.append(_row(mask, row, previous, quotes, reactions, actor.account_id))
        else:
            rows.append(_event(mask, place, row, previous, names))
        previous = place.at
    return rows


def _event(mask: Mask, place: Place, row: Any, before: datetime | None, names: Names) -> MessageRow:
    """An event as a row of the thread: ``type`` says what happened, ``content`` who and when."""
    return MessageRow(
        id=place.row_id,
        wamid="",
        outbound=False,
        inbound=False,
        type=row.kind.value,
        kind="event",
        body="",
        content=said_of(row, names, mask),
        status="",
        at=place.at.isoformat(),
        previous_at=iso(before),
        author="",
        error="",
        advice="",
        file=None,
        quote=None,
        reactions=[],
        edited=False,
        forwarded=False,
        fresh=False,
        mine=False,
    )


async def _quotes(
    session: AsyncSession, mask: Mask, conversation_id: int, wamids: list[str]
) -> dict[str, Quote]:
    if not wamids:
        return {}
    m = Message
    query = sa.select(col(m.wamid), col(m.direction), col(m.type), col(m.body), col(m.content)).where(
        col(m.wamid).in_(wamids), col(m.conversation_id) == conversation_id
    )
    return {
        row.wamid: Quote(
            wamid=visible_wamid(mask, row.wamid),
            outbound=row.direction is Direction.OUTBOUND,
            text=visible_text(mask, row.type, preview_of(row.type, row.body, row.content)),
        )
        for row in await fetch(session, query)
    }


async def _reactions(session: AsyncSession, wamids: list[str]) -> dict[str, list[str]]:
    if not wamids:
        return {}
    found = await session.exec(
        select(Reaction.target_wamid, Reaction.emoji)
        .where(col(Reaction.target_wamid).in_(wamids), Reaction.emoji != "")
        .order_by(col(Reaction.id))
    )
    reactions: dict[str, list[str]] = {}
    for wamid, emoji in found:
        reactions.setdefault(wamid, []).append(emoji)
    return reactions


def _row(
    mask: Mask,
    row: Any,
    before: datetime | None,
    quotes: dict[str, Quote],
    reactions: dict[str, list[str]],
    reader_id: int | None,
) -> MessageRow:
    is_note = row.direction is Direction.NOTE
    content = visible_content(mask, row.content)
    failed = row.status in (MessageStatus.FAILED, MessageStatus.UNCONFIRMED)
    reason, advice = problem(row.error_code, row.error_detail) if failed or row.error_code else ("", "")
    return MessageRow(
        id=row.id,
        wamid=visible_wamid(mask, row.wamid),
        outbound=row.direction is Direction.OUTBOUND,
        inbound=row.direction is Direction.INBOUND,
        type=row.type,
        kind="note" if is_note else str(content.get("kind") or row.type),
        body=mask.note(row.body) if is_note else visible_text(mask, row.type, row.body),
        content=content,
        status=row.status.value,
        at=row.at.isoformat(),
        previous_at=iso(before),
        author=row.author or "",
        mine=row.author_id is not None and row.author_id == reader_id,
        error=mask.text(reason),
        advice=advice,
        file=_file(mask, row),
        quote=_quote(mask, row.reply_to_wamid, quotes),
        reactions=reactions.get(row.wamid or "", []),
        edited=bool(content.get("edited")),
        forwarded=bool(content.get("forwarded")),
        fresh=False,
    )


def _file(mask: Mask, row: Any) -> FileRow | None:
    if row.key is None or row.content.get("kind") == "revoked":
        return None
    return FileRow(
        key=row.key,
        state=row.state.value,
        mime_type=row.mime_type,
        filename=mask.text(row.filename),
        size=row.size,
        error=mask.text(row.error),
    )


def _quote(mask: Mask, wamid: str, quotes: dict[str, Quote]) -> Quote | None:
    if not wamid:
        return None
    unknown = Quote(wamid=visible_wamid(mask, wamid), outbound=False, text="An earlier message")
    return quotes.get(wamid) or unknown


def problem(code: int | None, detail: str) -> tuple[str, str]:
    """Why a message failed and what to do, in plain words; Meta's own text when we have no better."""
    if code is None:
        return detail or "This message was not sent.", ""
    info = explain(code)
    return info.meaning, info.advice
