"""The conversation list: a stretch of it in the chosen order, by key, and how much there is to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import fetch
from wapto_app.models import Conversation, ConversationStatus, DeskState, MessageDraft
from wapto_app.models.base import table_of
from wapto_app.models.conversations import IS_HELD
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.desk import WINDOW
from wapto_app.services.inbox.conditions import IS_WAITING, Condition, Found, conditions_of
from wapto_app.services.inbox.conversations import ConversationRow, list_rows
from wapto_app.services.inbox.filters import ACTIVE, EVERYTHING, InboxFilter, Sort
from wapto_app.services.visibility import newest, readable

PAGE = 50
MOST = 500
"""Rows of one reading."""
COUNTED = 1_000
"""Counts stop here: nobody works on more at a time, and counting further costs."""


class Place(NamedTuple):
    """Where a row stands in its order."""

    at: datetime
    id: int


class TabCounts(TypedDict):
    """Conversations that are open or pending, each counted up to ``COUNTED``."""

    mine: int
    unassigned: int
    all: int


class Workload(TypedDict):
    """``held``: who is assigned how many, by account. Each counted up to ``COUNTED``, open or pending."""

    unassigned: int
    all: int
    held: dict[int, int]


async def listing(
    session: AsyncSession,
    actor: Actor,
    wanted: InboxFilter = EVERYTHING,
    *,
    start: Place | None = None,
    before: Place | None = None,
    limit: int = PAGE,
) -> list[ConversationRow]:
    """At most ``MOST`` rows that the actor may see, in the order of the filter.

    From ``start`` on, that row included; or, with ``before``, those that come right before that place.
    """
    actor.require(Permission.INBOX_SEE)
    ids = await _ids(session, actor, wanted, start=start, before=before, limit=min(limit, MOST))
    return await list_rows(session, actor, ids)


async def matching_ids(
    session: AsyncSession, actor: Actor, wanted: InboxFilter, *, limit: int = MOST
) -> list[int]:
    """The first of all conversations that match, for who wants to do something with all of them."""
    actor.require(Permission.INBOX_SEE)
    return await _ids(session, actor, wanted, start=None, before=None, limit=limit)


async def _ids(
    session: AsyncSession,
    actor: Actor,
    wanted: InboxFilter,
    *,
    start: Place | None,
    before: Place | None,
    limit: int,
) -> list[int]:
    found = await conditions_of(session, actor, wanted)
    order = _Order(wanted.sort)
    if start is not None or before is not None:
        found.conditions.append(order.beyond(start, before))
    query = _from(actor, wanted.sort, found, order, limit, backwards=before is not None)
    rows = await fetch(session, query.limit(limit))
    ids = [int(row[0]) for row in rows]
    return ids[::-1] if before is not None else ids


class _Order:
    """Newest first by the newest message; who waits longest, or whose window closes first, by the oldest."""

    def __init__(self, sort: Sort) -> None:
        self._falls = sort is Sort.NEWEST
        self.columns: tuple[Any, Any] = {
            Sort.NEWEST: (col(Conversation.last_message_at), col(Conversation.id)),
            Sort.WAITING: (col(DeskState.waiting_since), col(DeskState.conversation_id)),
            Sort.CLOSING: (col(Conversation.last_inbound_at), col(Conversation.id)),
        }[sort]

    def by(self, *, backwards: bool) -> list[Any]:
        return [each.desc() if self._falls != backwards else each.asc() for each in self.columns]

    def beyond(self, start: Place | None, before: Place | None) -> Condition:
        at, row_id = start or before or Place(utcnow(), 0)
        here = sa.tuple_(*self.columns)
        there = sa.tuple_(sa.literal(at, table_of(Conversation).c.created_at.type), sa.literal(row_id))
        if start is not None:
            return here <= there if self._falls else here >= there
        return here > there if self._falls else here < there


def _from(
    actor: Actor, sort: Sort, found: Found, order: _Order, limit: int, *, backwards: bool
) -> sa.Select[Any]:
    by = order.by(backwards=backwards)
    if sort is Sort.WAITING:
        query = sa.select(col(DeskState.conversation_id)).join(
            Conversation, col(Conversation.id) == col(DeskState.conversation_id)
        )
        found.conditions.append(IS_WAITING)
    else:
        query = sa.select(col(Conversation.id))
    if found.few is not None:
        query = query.where(col(Conversation.id).in_(found.few))
    if sort is Sort.NEWEST and found.few is None:
        return query.where(newest(actor, limit, *found.conditions, backwards=backwards)).order_by(*by)
    return query.where(readable(actor), *found.conditions).order_by(*by)


def place_of(row: ConversationRow, sort: Sort) -> Place:
    """Where a row stands in an order in which it was read."""
    if sort is Sort.NEWEST:
        return Place(datetime.fromisoformat(row["at"]), row["id"])
    if sort is Sort.WAITING:
        return Place(datetime.fromisoformat(row["waiting_since"]), row["id"])
    return Place(datetime.fromisoformat(row["window_closes_at"]) - WINDOW, row["id"])


async def workload(session: AsyncSession, actor: Actor) -> Workload:
    """How much there is to do, as everybody has it who sees the same conversations."""
    actor.require(Permission.INBOX_SEE)
    c = Conversation
    status = [ConversationStatus(each) for each in ACTIVE]
    active = sa.select(col(c.id)).where(readable(actor), col(c.status).in_(status))
    unassigned = active.where(col(c.assignee_id).is_(None), IS_HELD)
    query = sa.select(_counted(unassigned).label("unassigned"), _counted(active).label("all"))
    row = (await fetch(session, query))[0]
    return Workload(unassigned=row.unassigned, all=row.all, held=await _held(session))


async def _held(session: AsyncSession) -> dict[int, int]:
    # By status too, for that is the index; a condition on it would have SQLite gather the conversations by status.
    account_id, status = col(Conversation.assignee_id), col(Conversation.status)
    query = sa.select(account_id, status, sa.func.count()).where(account_id.is_not(None), IS_HELD)
    held: dict[int, int] = {}
    for agent, its, count in await fetch(session, query.group_by(account_id, status)):
        if its in ACTIVE:
            held[agent] = min(held.get(agent, 0) + count, COUNTED)
    return held


def _counted(rows: sa.Select[Any]) -> sa.ScalarSelect[Any]:
    return sa.select(sa.func.count()).select_from(rows.limit(COUNTED).subquery()).scalar_subquery()


def counts_of(actor: Actor, work: Workload) -> TabCounts:
    """The counts under the main tabs, for one of those who have this workload."""
    mine = work["held"].get(actor.account_id or 0, 0)
    return TabCounts(mine=mine, unassigned=work["unassigned"], all=work["all"])


async def drafted(
    session: AsyncSession, actor: Actor, conversation_ids: Sequence[int]
) -> dict[int, list[int]]:
    """In which of these conversations somebody has begun to write something, by account."""
    actor.require(Permission.INBOX_SEE)
    d = MessageDraft
    query = sa.select(col(d.account_id), col(d.conversation_id)).where(
        col(d.conversation_id).in_(conversation_ids)
    )
    found: dict[int, list[int]] = {}
    for account_id, conversation_id in await fetch(session, query):
        found.setdefault(account_id, []).append(conversation_id)
    return found
