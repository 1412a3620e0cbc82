"""Teams: what their agents may see and do, and which conversations come to them.

Every change acts at once: the topic of each agent's account is touched, which ends what their open tabs hold.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypedDict, TypeVar

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch, touch
from wapto_app.models import Account, AssignmentStrategy, Role, Team, Visibility
from wapto_app.security.permissions import Actor, Permission, granted
from wapto_app.services import assignment, audit
from wapto_app.services.accounts import TOPIC as ACCOUNTS
from wapto_app.services.accounts import alone
from wapto_app.services.errors import Conflict, DomainError, Forbidden, Invalid, NotFound
from wapto_app.services.plans import Gate, ensure_gate
from wapto_app.services.sessions import account_topic

TOPIC = "teams"
NAME_LENGTH = 80
DESCRIPTION_LENGTH = 300
_MOST = 500
_REACH = (Visibility.OWN, Visibility.TEAM, Visibility.ALL)
Choice = TypeVar("Choice", bound=StrEnum)


class TeamRow(TypedDict):
    """One line of the list. ``agents`` are those who may sign in or are invited."""

    id: int
    name: str
    description: str
    is_active: bool
    visibility: str
    strategy: str
    takes_new: bool
    agents: int


class TeamDetails(TypedDict):
    """What the form of a team shows; ``grantable`` is what the actor may add to it."""

    id: int
    name: str
    description: str
    is_active: bool
    permissions: list[str]
    visibility: str
    may_reassign: bool
    strategy: str
    takes_new: bool
    grantable: list[str]


class TeamName(TypedDict):
    id: int
    name: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A team as somebody wants it. ``permissions``: doing includes seeing."""

    name: str
    description: str = ""
    permissions: frozenset[str] = frozenset()
    visibility: str = Visibility.ALL
    may_reassign: bool = True
    strategy: str = AssignmentStrategy.MANUAL
    takes_new: bool = False
    is_active: bool = True


class MoreThanYours(Forbidden):
    """An agent who manages teams can hand on only what they hold themselves."""

    def __init__(self) -> None:
        message = "This is more than you may see and do yourself. Ask the owner of the workspace to do it."
        DomainError.__init__(self, message)
        self.permission = Permission.TEAMS_DO.value


async def list_teams(session: AsyncSession, actor: Actor) -> list[TeamRow]:
    """All teams by name."""
    actor.require(Permission.TEAMS_SEE)
    agents = (
        sa.select(sa.func.count())
        .select_from(Account)
        .where(col(Account.team_id) == col(Team.id), col(Account.is_active).is_(True))
        .correlate(Team)
        .scalar_subquery()
    )
    columns: list[Any] = [
        *(col(each) for each in (Team.id, Team.name, Team.description, Team.is_active)),
        *(col(each) for each in (Team.visibility, Team.strategy, Team.takes_new)),
    ]
    query = sa.select(*columns, agents.label("agents")).order_by(sa.func.lower(Team.name)).limit(_MOST)
    return [
        TeamRow(
            id=row.id,
            name=row.name,
            description=row.description,
            is_active=row.is_active,
            visibility=row.visibility.value,
            strategy=row.strategy.value,
            takes_new=row.takes_new,
            agents=row.agents,
        )
        for row in await fetch(session, query)
    ]


async def names(session: AsyncSession, actor: Actor) -> list[TeamName]:
    """All teams by name, for a list to choose from."""
    actor.require(Permission.TEAMS_SEE)
    found = await session.exec(select(Team.id, Team.name).order_by(sa.func.lower(Team.name)).limit(_MOST))
    return [TeamName(id=team_id or 0, name=name) for team_id, name in found]


async def details(session: AsyncSession, actor: Actor, team_id: int) -> TeamDetails:
    """One team; 0 for a new one. Raises NotFound."""
    actor.require(Permission.TEAMS_SEE)
    team = await _get(session, team_id) if team_id else Team(name="", permissions=["inbox.see", "inbox.do"])
    return TeamDetails(
        id=team_id,
        name=team.name,
        description=team.description,
        is_active=team.is_active,
        permissions=sorted(granted(team.permissions)),
        visibility=team.visibility.value,
        may_reassign=team.may_reassign,
        strategy=team.strategy.value,
        takes_new=team.takes_new,
        grantable=sorted(actor.permissions),
    )


async def save(session: AsyncSession, actor: Actor, draft: Draft, team_id: int = 0) -> int:
    """Make a team, or change one; what its agents have open changes at once. Returns its id.

    Raises:
        Invalid: a field is wrong or the name is taken.
        MoreThanYours: it would hold more than the actor.
        NotFound: there is no such team.
        NotInPlan: the plan leaves teams out; those that are there can still be changed.
    """
    actor.require(Permission.TEAMS_DO)
    await alone(session)
    if not team_id:
        await ensure_gate(session, Gate.TEAMS)
    team = await _get(session, team_id) if team_id else Team(name="")
    if team_id:
        ensure_not_above(actor, team)
    requeue = _answers(team) and not (draft.is_active and Permission.INBOX_DO in draft.permissions)
    if requeue:
        await _lock_held(session, team_id)
    if draft.takes_new:
        await _take_new_from_others(session, actor, team_id)
    await _fill(session, team, draft)
    _ensure_may_grant(actor, team)
    session.add(team)
    await session.flush()
    await _tell_agents(session, team, requeue=requeue)
    audit.record(
        session, actor, "team.changed" if team_id else "team.created", f"team:{team.id}", name=team.name
    )
    touch(session, TOPIC)
    return team.id or 0


async def delete(session: AsyncSession, actor: Actor, team_id: int) -> str:
    """Remove a team without agents; its conversations belong to no team then. Returns its name.

    Raises:
        Conflict: somebody is in it.
    """
    actor.require(Permission.TEAMS_DO)
    await alone(session)
    team = await _get(session, team_id)
    ensure_not_above(actor, team)
    members = (await session.exec(select(sa.func.count()).where(col(Account.team_id) == team_id))).one()
    if members:
        raise Conflict(
            f"Agents belong to {team.name} ({members}). "
            "Move them to another team first, or switch the team off."
        )
    await session.delete(team)
    audit.record(session, actor, "team.deleted", f"team:{team_id}", name=team.name)
    touch(session, TOPIC, "inbox")
    return team.name


async def _take_new_from_others(session: AsyncSession, actor: Actor, team_id: int) -> None:
    """Only one team gets new customers; taking them from another is a change of that one, too."""
    is_other = col(Team.takes_new).is_(True), col(Team.id) != team_id
    for other in await session.exec(select(Team).where(*is_other)):
        ensure_not_above(actor, other)
    await session.exec(sa.update(Team).where(*is_other).values(takes_new=False))


def ensure_not_above(actor: Actor, team: Team | None) -> None:
    """Whoever manages a team, or somebody in it, must see and do at least as much. Raises MoreThanYours."""
    if actor.role is not Role.AGENT or team is None:
        return
    is_theirs = actor.visibility is Visibility.ALL or team.id == actor.team_id
    if not is_theirs or not _is_within(actor, team):
        raise MoreThanYours


def _ensure_may_grant(actor: Actor, team: Team) -> None:
    if actor.role is Role.AGENT and not _is_within(actor, team):
        raise MoreThanYours


def _is_within(actor: Actor, team: Team) -> bool:
    return (
        granted(team.permissions) <= actor.permissions
        and _REACH.index(team.visibility) <= _REACH.index(actor.visibility)
        and (actor.may_reassign or not team.may_reassign)
    )


def _answers(team: Team) -> bool:
    """Whether its agents answer conversations."""
    return team.is_active and Permission.INBOX_DO in team.permissions


async def _fill(session: AsyncSession, team: Team, draft: Draft) -> None:
    team.name = await _free_name(session, draft.name, team.id or 0)
    team.description = " ".join(draft.description.split())
    if len(team.description) > DESCRIPTION_LENGTH:
        raise Invalid("description", f"A description has at most {DESCRIPTION_LENGTH} characters.")
    team.permissions = sorted(granted(draft.permissions))
    team.visibility = _choice(Visibility, draft.visibility, "visibility")
    team.strategy = _choice(AssignmentStrategy, draft.strategy, "strategy")
    team.may_reassign, team.is_active = draft.may_reassign, draft.is_active
    team.takes_new = draft.takes_new


async def _free_name(session: AsyncSession, text: str, team_id: int) -> str:
    name = " ".join(text.split())
    if not name:
        raise Invalid("name", "Write a name.")
    if len(name) > NAME_LENGTH:
        raise Invalid("name", f"A name has at most {NAME_LENGTH} characters.")
    query = select(Team.id).where(sa.func.lower(Team.name) == name.lower(), Team.id != team_id)
    if (await session.exec(query)).first() is not None:
        raise Invalid("name", "There is a team with this name already.")
    return name


def _choice(choices: type[Choice], value: str, field: str) -> Choice:
    try:
        return choices(value)
    except ValueError:
        raise Invalid(field, "Choose one of the list.") from None


async def _tell_agents(session: AsyncSession, team: Team, *, requeue: bool) -> None:
    found = await session.exec(select(Account.id).where(Account.team_id == team.id).order_by(col(Account.id)))
    for account_id in found.all():
        touch(session, ACCOUNTS, account_topic(account_id))
        if requeue:
            await assignment.requeue_all(session, account_id or 0)


async def _lock_held(session: AsyncSession, team_id: int) -> None:
    """Conversations before their team: see ``assignment.strategy`` for the order of locks."""
    found = await session.exec(select(Account.id).where(Account.team_id == team_id).order_by(col(Account.id)))
    for account_id in found.all():
        await assignment.lock_held_by(session, account_id or 0)


async def _get(session: AsyncSession, team_id: int) -> Team:
    team = await session.get(Team, team_id)
    if team is None:
        raise NotFound("team")
    return team
