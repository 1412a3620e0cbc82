"""What happened to a conversation and its customer, as lines between the messages."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import (
    Account,
    ContactEvent,
    ContactEventKind,
    Conversation,
    DeskEvent,
    DeskKind,
    Team,
)
from wapto_app.models.desk import SHOWN_IN_THREAD
from wapto_app.services.inbox.places import CONTACT, DESK, Found, Names, Stretch, read
from wapto_app.services.masking import Mask

# Spelled as in the partial index, or the databases do not use it.
_SHOWN = sa.text(f"desk_event.{SHOWN_IN_THREAD}")
_HERE = sa.bindparam("conversation", type_=sa.Integer)
_OF_CONTACT = (
    ContactEventKind.OPTED_OUT,
    ContactEventKind.OPTED_IN,
    ContactEventKind.BLOCKED,
    ContactEventKind.UNBLOCKED,
    ContactEventKind.MERGED,
)


async def events(session: AsyncSession, conversation_id: int, stretch: Stretch) -> list[Found]:
    """What happened in this stretch of the thread, in no order, whoever may see the conversation."""
    desk = await read(session, conversation_id, stretch, DESK, DeskEvent, _desk)
    contact = await read(session, conversation_id, stretch, CONTACT, ContactEvent, _contact)
    return desk + contact


def _desk() -> sa.Select[Any]:
    """Who lost it is told by the line that says who has it now: a move is one line, not two."""
    e, other = DeskEvent, aliased(DeskEvent)
    same_moment = (
        col(other.conversation_id) == _HERE,
        col(other.at) == col(e.at),
    )
    came_next = sa.select(sa.literal(1)).where(*same_moment, col(other.kind) == DeskKind.ASSIGNED).exists()
    came_from = (
        sa.select(col(other.account_id))
        .where(*same_moment, col(other.kind) == DeskKind.UNASSIGNED)
        .limit(1)
        .scalar_subquery()
    )
    columns: list[Any] = [col(e.id), col(e.at), col(e.kind), col(e.account_id), col(e.team_id), col(e.detail)]
    came = sa.case((col(e.kind) == DeskKind.ASSIGNED, came_from)).label("from_id")
    return sa.select(*columns, came).where(
        col(e.conversation_id) == _HERE,
        _SHOWN,
        sa.or_(col(e.kind) != DeskKind.UNASSIGNED, ~came_next),
    )


def _contact() -> sa.Select[Any]:
    e = ContactEvent
    theirs = sa.select(col(Conversation.contact_id)).where(col(Conversation.id) == _HERE).scalar_subquery()
    columns: list[Any] = [col(e.id), col(e.at), col(e.kind), col(e.by_id), col(e.detail)]
    return sa.select(*columns).where(col(e.contact_id) == theirs, col(e.kind).in_(_OF_CONTACT))


async def names_in(session: AsyncSession, shown: list[Found]) -> Names:
    """The names of everybody whom these events mention."""
    accounts: set[int] = set()
    teams: set[int] = set()
    for place, row in shown:
        if place.rank == DESK:
            accounts |= {row.account_id or 0, row.from_id or 0, by_of(row)}
            teams.add(row.team_id or 0)
        elif place.rank == CONTACT:
            accounts.add(row.by_id or 0)
    names: Names = {}
    if accounts - {0}:
        people = await session.exec(select(Account.id, Account.name).where(col(Account.id).in_(accounts)))
        names |= {("account", of or 0): name for of, name in people}
    if teams - {0}:
        groups = await session.exec(select(Team.id, Team.name).where(col(Team.id).in_(teams)))
        names |= {("team", of or 0): name for of, name in groups}
    return names


def by_of(row: Any) -> int:
    """The account that did it, 0 for a rule or the customer."""
    by = row.detail.get("by")
    return by if isinstance(by, int) else 0


def said_of(row: Any, names: Names, mask: Mask) -> dict[str, Any]:
    """What the line says: names, empty for nobody, and until when."""
    if isinstance(row.kind, ContactEventKind):
        detail = str(row.detail.get("word") or row.detail.get("name") or "")
        return {"by": names.get(("account", row.by_id or 0), ""), "detail": mask.note(detail)}
    agent = names.get(("account", row.account_id or 0), "")
    by = names.get(("account", by_of(row)), "")
    return {
        "by": by,
        "agent": agent,
        "is_own": bool(by) and row.account_id == by_of(row),
        "team": names.get(("team", row.team_id or 0), ""),
        "from": names.get(("account", row.from_id or 0), ""),
        "until": str(row.detail.get("until") or ""),
    }
