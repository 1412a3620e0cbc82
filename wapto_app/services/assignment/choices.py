"""To whom a conversation can be given."""

from __future__ import annotations

from typing import TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import Account, Role, Team
from wapto_app.security.passwords import UNUSABLE
from wapto_app.security.permissions import Actor, Permission

_MOST = 200


class AgentChoice(TypedDict):
    """Somebody who answers conversations; ``team`` is empty for owners."""

    id: int
    name: str
    team: str


class TeamChoice(TypedDict):
    id: int
    name: str


class Choices(TypedDict):
    agents: list[AgentChoice]
    teams: list[TeamChoice]


async def choices(session: AsyncSession, actor: Actor) -> Choices:
    """The agents and teams that the actor may give a conversation to: without reassigning only themselves."""
    actor.require(Permission.INBOX_DO)
    found = await session.exec(
        select(Account, Team)
        .outerjoin(Team, col(Team.id) == col(Account.team_id))
        .where(col(Account.is_active).is_(True), Account.role != Role.OPERATOR)
        .order_by(sa.func.lower(Account.name), col(Account.id))
        .limit(_MOST)
    )
    agents = [
        AgentChoice(id=account.id or 0, name=account.name, team=team.name if team else "")
        for account, team in found
        if can_answer(account, team)
    ]
    if not actor.may_reassign:
        return Choices(agents=[each for each in agents if each["id"] == actor.account_id], teams=[])
    teams = await session.exec(
        select(Team.id, Team.name)
        .where(col(Team.is_active).is_(True))
        .order_by(sa.func.lower(Team.name))
        .limit(_MOST)
    )
    return Choices(agents=agents, teams=[TeamChoice(id=team_id or 0, name=name) for team_id, name in teams])


def can_answer(account: Account, team: Team | None) -> bool:
    """Whether a conversation given to this account is in good hands."""
    if not account.is_active or account.password_hash == UNUSABLE:
        return False
    if account.role is Role.AGENT:
        return team is not None and team.is_active and Permission.INBOX_DO in team.permissions
    return account.role is Role.OWNER
