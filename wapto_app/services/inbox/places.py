"""Where something stands in a thread: messages and events are one line of time, paged as one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

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


async def read(
    session: AsyncSession, stretch: Stretch, rank: int, model: Any, query: sa.Select[Any]
) -> list[Found]:
    """The rows of one table, whose rows have this rank, that belong to a stretch."""
    if stretch.anchor is not None:
        query = query.where(
            beyond(model, stretch.anchor, rank, later=stretch.later, including=stretch.including)
        )
    order = [col(model.at), col(model.id)]
    query = query.order_by(*[each.desc() for each in order] if stretch.upward else order)
    rows = await fetch(session, query.limit(stretch.limit))
    return [Found(Place(row.at, rank, row.id), row) for row in rows]


def beyond(
    model: Any, anchor: Place, rank: int, *, later: bool, including: bool = False
) -> sa.ColumnElement[bool]:
    """Rows of a table that stand later, or earlier, than a place."""
    at, row_id = col(model.at), col(model.id)
    moment = sa.literal(anchor.at, table_of(model).c.at.type)
    if rank == anchor.rank:
        here, there = sa.tuple_(at, row_id), sa.tuple_(moment, sa.literal(anchor.id))
        if including:
            return here >= there if later else here <= there
        return here > there if later else here < there
    comes_after = rank > anchor.rank
    if later:
        return at >= moment if comes_after else at > moment
    return at < moment if comes_after else at <= moment
