"""Where something stands in a thread: messages and events are one line of time, paged as one."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, cast

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import ContactEvent, Conversation, DeskEvent, Message
from wapto_app.models.base import table_of

MESSAGE, DESK, CONTACT = 0, 1, 2
"""What stands first of what happened in the same moment."""

Names = dict[tuple[str, int], str]
"""Names of accounts and teams, by ("account" or "team", id)."""


class Place(NamedTuple):
    """Two rows never have the same place, so a page ends between two of them and not within a moment."""

    at: datetime
    rank: int
    id: int

    @property
    def row_id(self) -> int:
        """One number for the row in the thread: a message keeps its own, events count downward from zero."""
        return self.id if self.rank == MESSAGE else -(self.id * 2 + (self.rank - DESK))


class Found(NamedTuple):
    place: Place
    row: Any


async def position(session: AsyncSession, conversation_id: int, row_id: int) -> Place | None:
    """The place of a row of this conversation; nothing when it is none of its rows."""
    if row_id > 0:
        query = select(Message.at).where(Message.id == row_id, Message.conversation_id == conversation_id)
        return _place((await session.exec(query)).first(), MESSAGE, row_id)
    event_id, rank = divmod(-row_id, 2)
    if rank == 0:
        desk = select(DeskEvent.at).where(
            DeskEvent.id == event_id, DeskEvent.conversation_id == conversation_id
        )
        return _place((await session.exec(desk)).first(), DESK, event_id)
    theirs = select(Conversation.contact_id).where(Conversation.id == conversation_id).scalar_subquery()
    contact = select(ContactEvent.at).where(
        ContactEvent.id == event_id, col(ContactEvent.contact_id) == theirs
    )
    return _place((await session.exec(contact)).first(), CONTACT, event_id)


def _place(at: datetime | None, rank: int, of: int) -> Place | None:
    return None if at is None else Place(at, rank, of)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Which rows are wanted: the ``limit`` newest of those beyond the anchor (of all without one).

    Args:
        later: beyond means newer; ``including`` takes the anchor as well.
        upward: counted from the newest; else from the oldest, which are next to the anchor.
    """

    anchor: Place | None
    later: bool
    upward: bool
    including: bool
    limit: int


Rows = Callable[[], sa.Select[Any]]
"""The rows of one table that belong to the conversation ``:conversation``."""


async def read(
    session: AsyncSession, conversation_id: int, stretch: Stretch, rank: int, model: Any, rows: Rows
) -> list[Found]:
    """The rows of one table, whose rows have this rank, that belong to a stretch of a conversation's thread."""
    anchor = stretch.anchor
    parameters: dict[str, Any] = {"conversation": conversation_id, "most": stretch.limit}
    if anchor is None:
        query = _statement(rows, model, None, upward=stretch.upward)
    else:
        parameters |= {"at": anchor.at, "row": anchor.id}
        side = (rank > anchor.rank) - (rank < anchor.rank)
        way = _Way(side, stretch.later, stretch.including)
        query = _statement(rows, model, way, upward=stretch.upward)
    return [Found(Place(row.at, rank, row.id), row) for row in await fetch(session, query, parameters)]


class _Way(NamedTuple):
    """Which side of an anchor is wanted. ``side``: 1 when rows of this table come after it in the same moment."""

    side: int
    later: bool
    including: bool


# Putting such a statement together costs more than asking it, and every look into a conversation asks three.
@cache
def _statement(rows: Rows, model: Any, way: _Way | None, *, upward: bool) -> sa.Select[Any]:
    query = rows()
    if way is not None:
        at, row_id = (
            sa.bindparam("at", type_=table_of(model).c.at.type),
            sa.bindparam("row", type_=sa.Integer),
        )
        query = query.where(_beyond(model, at, row_id, way))
    order = [col(model.at), col(model.id)]
    query = query.order_by(*[each.desc() for each in order] if upward else order)
    return query.limit(sa.bindparam("most", type_=sa.Integer))


def beyond(model: Any, anchor: Place, rank: int, *, later: bool) -> sa.ColumnElement[bool]:
    """Rows of a table that stand later, or earlier, than a place."""
    moment = sa.literal(anchor.at, table_of(model).c.at.type)
    side = (rank > anchor.rank) - (rank < anchor.rank)
    return _beyond(model, moment, sa.literal(anchor.id), _Way(side, later, including=False))


def _beyond(
    model: Any, moment: sa.ColumnElement[Any], anchor_id: sa.ColumnElement[Any], way: _Way
) -> sa.ColumnElement[bool]:
    at: sa.ColumnElement[Any] = table_of(model).c.at
    row_id: sa.ColumnElement[Any] = table_of(model).c.id
    if way.side == 0:
        later, earlier = (operator.ge, operator.le) if way.including else (operator.gt, operator.lt)
        compare = later if way.later else earlier
        return cast(sa.ColumnElement[bool], compare(sa.tuple_(at, row_id), sa.tuple_(moment, anchor_id)))
    if way.later:
        return at >= moment if way.side > 0 else at > moment
    return at < moment if way.side > 0 else at <= moment
