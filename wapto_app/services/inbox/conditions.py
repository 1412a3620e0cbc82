"""The filters of the inbox as conditions, in the form in which each database finds the rows fastest.

PostgreSQL counts for itself what is rare and what is common. SQLite does not, so it is told: a filter that leaves only
a few conversations finds them, and all others just look at what was found. Where every filter leaves many, the list is
read in its order until enough rows have passed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.sql.operators import custom_op
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import fetch
from wapto_app.models import Account, ContactTag, Conversation, ConversationStatus, DeskState
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.desk import WINDOW
from wapto_app.services.inbox.filters import CLOSING, InboxFilter, Sort, Tab, begins, ends

FEW = 2_000
"""Conversations that are quickly read one by one, whatever their order."""

Condition = sa.ColumnElement[bool]

# Spelled exactly as in the partial indexes, or SQLite does not use them.
IS_UNREAD = cast(Condition, sa.text("conversation.unread > 0"))
IS_WAITING = cast(Condition, sa.text("desk_state.waiting_since IS NOT NULL"))
_ALL_STATUSES = len(ConversationStatus)


@dataclass(slots=True)
class _Part:
    """One filter: as a condition, and as the ids that it leaves when these may be few."""

    condition: Condition
    ids: sa.Select[Any] | None = None
    counted: sa.Select[Any] | None = None  # as many rows as ``ids`` or more, for less
    keeps_order: bool = False  # its index is in the order of the newest message
    is_range: bool = False  # of the column by which the list is in order


@dataclass(slots=True)
class Found:
    """``few``: the ids among which all are, to start from; otherwise the order of the list is where to start."""

    conditions: list[Condition] = field(default_factory=list)
    few: sa.Select[Any] | None = None


async def conditions_of(
    session: AsyncSession, actor: Actor, wanted: InboxFilter, *, in_order: bool = True
) -> Found:
    """What the rows of the list must be, beside being readable. ``in_order``: the first of them are wanted."""
    actor.require(Permission.INBOX_SEE)
    parts = _parts(actor, wanted, await _zone(session, actor, wanted))
    if session.get_bind().dialect.name != "sqlite":
        return Found([part.condition for part in parts])
    few = await _fewest(session, parts)
    if few is None and not in_order:
        return Found([part.condition for part in parts])
    kept = next((part for part in parts if part.keeps_order), None) if few is None else None
    found = Found(few=few.ids if few else None)
    for part in parts:
        if part is not few:
            leads = part is kept or (part.is_range and few is None)
            found.conditions.append(part.condition if leads else _looked_at(part.condition))
    return found


async def _zone(session: AsyncSession, actor: Actor, wanted: InboxFilter) -> ZoneInfo:
    if not (wanted.since or wanted.until):
        return ZoneInfo("UTC")
    return await zone_of(session, actor)


async def zone_of(session: AsyncSession, actor: Actor) -> ZoneInfo:
    """The time zone in which somebody means a day."""
    actor.require(Permission.INBOX_SEE)
    query = sa.select(col(Account.time_zone)).where(col(Account.id) == actor.account_id)
    found = await fetch(session, query)
    return ZoneInfo(found[0][0] if found else "UTC")


async def _fewest(session: AsyncSession, parts: list[_Part]) -> _Part | None:
    """The filter that leaves the fewest, if it leaves few."""
    counted = [
        (part, await _count(session, part.ids if part.counted is None else part.counted))
        for part in parts
        if part.ids is not None
    ]
    few = [(number, at, part) for at, (part, number) in enumerate(counted) if number <= FEW]
    return min(few, key=lambda each: each[:2])[2] if few else None


async def _count(session: AsyncSession, ids: sa.Select[Any]) -> int:
    some = ids.limit(FEW + 1).subquery()
    return int((await fetch(session, sa.select(sa.func.count()).select_from(some)))[0][0])


def _looked_at(condition: Condition) -> Condition:
    """A condition by which SQLite does not look for rows: a unary plus keeps it from using an index."""
    return sa.UnaryExpression(condition.self_group(), operator=custom_op("+"), type_=sa.Boolean())


def _parts(actor: Actor, wanted: InboxFilter, zone: ZoneInfo) -> list[_Part]:
    c = Conversation
    parts: list[_Part] = []
    for of in (wanted.agent, actor.account_id if wanted.tab is Tab.MINE else 0):
        if of != 0:
            parts.append(_by_index(col(c.assignee_id) == of, keeps_order=True))
    if wanted.tab is Tab.UNASSIGNED:
        parts.append(_by_index(col(c.assignee_id).is_(None), keeps_order=True))
    if wanted.team:
        parts.append(_by_index(col(c.team_id) == wanted.team, keeps_order=True))
    if wanted.unread:
        parts.append(_by_index(IS_UNREAD))
    if wanted.number:
        parts.append(_by_index(col(c.channel_id) == wanted.number))
    if wanted.unreplied:
        parts.append(_unreplied())
    parts += _tags(wanted)
    parts += _statuses(wanted)
    return [*parts, *_days(wanted, zone), *_window(wanted, utcnow())]


def _by_index(condition: Condition, *, keeps_order: bool = False) -> _Part:
    return _Part(
        condition, sa.select(col(Conversation.id)).where(condition).correlate(None), keeps_order=keeps_order
    )


def _unreplied() -> _Part:
    waiting = sa.select(col(DeskState.conversation_id)).where(IS_WAITING)
    of_row = waiting.where(col(DeskState.conversation_id) == col(Conversation.id))
    return _Part(of_row.correlate(Conversation).exists(), waiting.correlate(None))


def _tags(wanted: InboxFilter) -> list[_Part]:
    if wanted.every_tag:
        return [_tagged((tag,)) for tag in wanted.tags]
    return [_tagged(wanted.tags)] if wanted.tags else []


def _tagged(tags: tuple[int, ...]) -> _Part:
    t, c = ContactTag, Conversation
    bears = sa.select(col(t.contact_id)).where(col(t.tag_id).in_(tags))
    ids = sa.select(col(c.id)).where(col(c.contact_id).in_(bears)).correlate(None)
    return _Part(bears.where(col(t.contact_id) == col(c.contact_id)).exists(), ids, bears)


def _statuses(wanted: InboxFilter) -> list[_Part]:
    shown = wanted.shown_statuses
    if len(shown) == _ALL_STATUSES:
        return []
    condition = col(Conversation.status).in_([ConversationStatus(each) for each in shown])
    return [_by_index(condition)]


def _days(wanted: InboxFilter, zone: ZoneInfo) -> list[_Part]:
    at, found = col(Conversation.last_message_at), list[Condition]()
    if wanted.since:
        found.append(at >= begins(wanted.since, zone))
    if wanted.until:
        found.append(at < ends(wanted.until, zone))
    return [_Part(each, is_range=wanted.sort is Sort.NEWEST) for each in found]


def _window(wanted: InboxFilter, now: datetime) -> list[_Part]:
    last, found = col(Conversation.last_inbound_at), list[Condition]()
    if wanted.window or wanted.sort is Sort.CLOSING:
        found.append(last > now - WINDOW)
    if wanted.window == "closing":
        found.append(last <= now - WINDOW + CLOSING)
    return [_Part(each, is_range=wanted.sort is Sort.CLOSING) for each in found]
