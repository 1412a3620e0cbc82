"""Whose figures an actor may see."""

from __future__ import annotations

from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import Account, DeskEvent, Role, Team, Visibility
from wapto_app.models.base import table_of
from wapto_app.security.passwords import UNUSABLE
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.contacts import shown_name
from wapto_app.services.errors import NotFound
from wapto_app.services.masking import Mask

event = table_of(DeskEvent)


class Choice(TypedDict):
    """A line of a list to choose from."""

    value: str
    label: str


def sees_all(actor: Actor) -> bool:
    return actor.visibility is Visibility.ALL


def team_of(actor: Actor) -> int | None:
    """The team whose work the actor may see; None for somebody who sees only their own, or everything."""
    return actor.team_id if actor.visibility is Visibility.TEAM else None


def readable_agent(actor: Actor) -> sa.ColumnElement[bool]:
    """The filter of accounts: everybody who answers customers, those of the own team, or only oneself."""
    answers = sa.and_(col(Account.role) != Role.OPERATOR, col(Account.password_hash) != UNUSABLE)
    if sees_all(actor):
        return answers
    own = col(Account.id) == actor.account_id
    team_id = team_of(actor)
    return own if team_id is None else sa.and_(answers, sa.or_(col(Account.team_id) == team_id, own))


def readable_team(actor: Actor) -> sa.ColumnElement[bool]:
    """The filter of teams: all, the own one, or none."""
    return sa.true() if sees_all(actor) else col(Team.id) == (team_of(actor) or 0)


def readable_work(actor: Actor) -> list[sa.ColumnElement[bool]]:
    """The filter of events, whoever they are about."""
    if sees_all(actor):
        return []
    team_id = team_of(actor)
    return [event.c.account_id == actor.account_id if team_id is None else event.c.team_id == team_id]


async def teams(session: AsyncSession, actor: Actor) -> list[Choice]:
    """The teams to choose from."""
    actor.require(Permission.REPORTS_SEE)
    found = await session.exec(
        select(Team.id, Team.name).where(readable_team(actor)).order_by(sa.func.lower(Team.name)).limit(200)
    )
    return [Choice(value=str(team_id), label=name) for team_id, name in found]


async def ensure_team(session: AsyncSession, actor: Actor, team_id: int) -> str:
    """The team's name. Raises NotFound when it is not there or not for the actor to see."""
    actor.require(Permission.REPORTS_SEE)
    found = await session.exec(select(Team.name).where(Team.id == team_id, readable_team(actor)))
    name = found.first()
    if name is None:
        raise NotFound("team")
    return name


async def ensure_agent(session: AsyncSession, actor: Actor, agent_id: int) -> str:
    """The agent's name. Raises NotFound when they are not there or not for the actor to see."""
    actor.require(Permission.REPORTS_SEE)
    found = await session.exec(select(Account.name).where(Account.id == agent_id, readable_agent(actor)))
    name = found.first()
    if name is None:
        raise NotFound("agent")
    return name


def customer(mask: Mask, row: Any) -> str:
    """The name of the row's customer, as far as its reader may know it."""
    names = mask.note(row.name), mask.text(row.profile_name), mask.text(row.username)
    return shown_name(*names, mask.phone(row.phone))
