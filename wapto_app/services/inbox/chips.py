"""The filters of the list in words: what is chosen, and what there is to choose from."""

from __future__ import annotations

from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import Account, Channel, Role, Tag, Team
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import tags
from wapto_app.services.inbox.filters import InboxFilter
from wapto_app.services.tags import TagChip

_MOST = 200


class FilterChip(TypedDict):
    """One chosen filter. ``kind`` is the field of ``InboxFilter``; ``name`` what it is about, if that has a name."""

    kind: str
    value: str
    name: str


class Choice(TypedDict):
    id: int
    name: str


class FilterChoices(TypedDict):
    """What the list can be narrowed to."""

    agents: list[Choice]
    teams: list[Choice]
    numbers: list[Choice]
    tags: list[TagChip]


async def chips(session: AsyncSession, actor: Actor, wanted: InboxFilter) -> list[FilterChip]:
    """What is chosen beside tab and order, in the order of the fields. What was deleted has no name."""
    actor.require(Permission.INBOX_SEE)
    found = [
        FilterChip(kind=kind, value="1", name="") for kind in ("unread", "unreplied") if getattr(wanted, kind)
    ]
    found += await _named(session, "agent", wanted.agent, Account, Account.name)
    found += await _named(session, "team", wanted.team, Team, Team.name)
    for tag in wanted.tags:
        found += await _named(session, "tags", tag, Tag, Tag.name)
    found += [FilterChip(kind="statuses", value=each, name="") for each in wanted.statuses]
    found += await _named(session, "number", wanted.number, Channel, Channel.verified_name)
    for kind in ("since", "until", "window"):
        if value := getattr(wanted, kind):
            found.append(FilterChip(kind=kind, value=value, name=""))
    return found


async def _named(session: AsyncSession, kind: str, of: int, model: type, column: object) -> list[FilterChip]:
    if not of:
        return []
    query = sa.select(col(column)).where(col(model.id) == of)  # type: ignore[attr-defined]
    rows = await fetch(session, query)
    return [FilterChip(kind=kind, value=str(of), name=rows[0][0] if rows else "")]


async def choices(session: AsyncSession, actor: Actor) -> FilterChoices:
    """Agents, teams, numbers and tags by name."""
    actor.require(Permission.INBOX_SEE)
    people = (
        sa.select(col(Account.id), col(Account.name))
        .where(col(Account.role) != Role.OPERATOR, col(Account.is_active))
        .order_by(sa.func.lower(Account.name))
    )
    teams = sa.select(col(Team.id), col(Team.name)).order_by(sa.func.lower(Team.name))
    numbers = sa.select(col(Channel.id), col(Channel.verified_name)).order_by(col(Channel.id))
    return FilterChoices(
        agents=await _choices(session, people),
        teams=await _choices(session, teams),
        numbers=await _choices(session, numbers),
        tags=await tags.choices(session, actor) if actor.may(Permission.CONTACTS_SEE) else [],
    )


async def _choices(session: AsyncSession, query: sa.Select[*tuple[Any, ...]]) -> list[Choice]:
    return [Choice(id=of, name=name) for of, name in await fetch(session, query.limit(_MOST))]
