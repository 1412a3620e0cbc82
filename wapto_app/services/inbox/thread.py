"""The messages of a conversation, page by page upward."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.errors import explain
from wapto_app.db import fetch
from wapto_app.models import Account, Conversation, Direction, MediaFile, Message, MessageStatus, Reaction
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.inbox.conversations import iso, visible_text
from wapto_app.services.masking import Mask, mask_in, mask_numbers, mask_phone
from wapto_app.services.previews import preview_of
from wapto_app.services.visibility import readable

PAGE = 50
MOST_RECENT = 300
"""Messages that a tab re-reads when something changes."""


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
    """One bubble. ``content`` is the typed payload that the bubble of its ``kind`` shows.

    ``mine``: the reader wrote it.
    """

    id: int
    wamid: str
    outbound: bool
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


class Thread(TypedDict):
    """A stretch of messages, oldest first, and whether there are older ones."""

    messages: list[MessageRow]
    has_older: bool


async def recent(session: AsyncSession, actor: Actor, conversation_id: int, *, after_id: int = 0) -> Thread:
    """The newest page; with ``after_id`` everything newer than that message (at most ``MOST_RECENT``)."""
    actor.require(Permission.INBOX_SEE)
    anchor = await _position(session, conversation_id, after_id) if after_id else None
    query = _messages(actor, conversation_id)
    if anchor is not None:
        query = query.where(sa.tuple_(col(Message.at), col(Message.id)) > sa.tuple_(*_literals(anchor)))
    return await _page(session, actor, conversation_id, query, MOST_RECENT if anchor else PAGE)


async def older(session: AsyncSession, actor: Actor, conversation_id: int, *, before_id: int) -> Thread:
    """The page before a message."""
    actor.require(Permission.INBOX_SEE)
    anchor = await _position(session, conversation_id, before_id)
    if anchor is None:
        return Thread(messages=[], has_older=False)
    query = _messages(actor, conversation_id).where(
        sa.tuple_(col(Message.at), col(Message.id)) < sa.tuple_(*_literals(anchor))
    )
    return await _page(session, actor, conversation_id, query, PAGE)


def _literals(anchor: tuple[datetime, int]) -> tuple[sa.ColumnElement[Any], sa.ColumnElement[Any]]:
    at, message_id = anchor
    return sa.literal(at, table_of(Message).c.at.type), sa.literal(message_id)


async def _position(
    session: AsyncSession, conversation_id: int, message_id: int
) -> tuple[datetime, int] | None:
    found = await session.exec(
        select(Message.at, Message.id).where(
            Message.id == message_id, Message.conversation_id == conversation_id
        )
    )
    row = found.first()
    return (row[0], int(row[1] or 0)) if row else None


def _messages(actor: Actor, conversation_id: int) -> sa.Select[Any]:
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
        .join(Conversation, col(Conversation.id) == col(m.conversation_id))
        .outerjoin(Account, col(Account.id) == col(m.author_id))
        .outerjoin(f, col(f.id) == col(m.media_id))
        .where(col(m.conversation_id) == conversation_id, readable(actor), col(m.type) != "reaction")
    )


async def _page(
    session: AsyncSession, actor: Actor, conversation_id: int, query: sa.Select[Any], size: int
) -> Thread:
    newest_first = query.order_by(col(Message.at).desc(), col(Message.id).desc()).limit(size + 1)
    found = await fetch(session, newest_first)
    rows = list(reversed(found[:size]))
    answered = [row.reply_to_wamid for row in rows if row.reply_to_wamid]
    mask = await mask_in(session, actor, conversation_id)
    quotes = await _quotes(session, mask, conversation_id, answered)
    reactions = await _reactions(session, [row.wamid for row in rows if row.wamid])
    before = found[size].at if len(found) > size else None
    messages: list[MessageRow] = []
    for row in rows:
        messages.append(_row(mask, row, before, quotes, reactions, actor.account_id))
        before = row.at
    return Thread(messages=messages, has_older=len(found) > size)


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
    content = visible_content(mask, row.content)
    failed = row.status in (MessageStatus.FAILED, MessageStatus.UNCONFIRMED)
    reason, advice = problem(row.error_code, row.error_detail) if failed or row.error_code else ("", "")
    return MessageRow(
        id=row.id,
        wamid=visible_wamid(mask, row.wamid),
        outbound=row.direction is Direction.OUTBOUND,
        type=row.type,
        kind=str(content.get("kind") or row.type),
        body=visible_text(mask, row.type, row.body),
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


def visible_wamid(mask: Mask, wamid: str | None) -> str:
    """WhatsApp's id of a message holds the customer's number, in base64."""
    if not wamid:
        return ""
    return "hidden" if mask.hides else wamid


def problem(code: int | None, detail: str) -> tuple[str, str]:
    """Why a message failed and what to do, in plain words; Meta's own text when we have no better."""
    if code is None:
        return detail or "This message was not sent.", ""
    info = explain(code)
    return info.meaning, info.advice


def visible_content(mask: Mask, content: dict[str, Any]) -> dict[str, Any]:
    """The payload without Meta's raw data, and without numbers for whom they are hidden."""
    shown = {name: value for name, value in content.items() if name != "raw"}
    if not mask.hides:
        return shown
    for name in ("new_wa_id", "new_user_id"):
        if shown.get(name):
            shown[name] = mask_phone(str(shown[name]))
    if shown.get("kind") == "system":
        shown["body"] = mask_numbers(str(shown.get("body") or ""))
    for name in ("cards", "contacts"):
        if name in shown:
            shown[name] = [_masked_card(card) for card in shown[name]]
    hidden: dict[str, Any] = mask.content(shown)
    return hidden


def _masked_card(card: dict[str, Any]) -> dict[str, Any]:
    return {**card, "phones": _masked(card.get("phones") or []), "vcard": None}


def _masked(phones: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**phone, "phone": mask_phone(str(phone.get("phone") or "")), "wa_id": None} for phone in phones]
