"""Gives conversations that nobody holds to the agents of their team.

Plain functions over a connection, because webhooks are applied in the writer's thread. Everybody who assigns takes
locks in the same order: conversation, team, account.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import sqlalchemy as sa

from wapto_app.clock import utcnow
from wapto_app.models import Account, AssignmentStrategy, Conversation, NotificationKind, Role, Team
from wapto_app.models.base import table_of
from wapto_app.models.conversations import IS_HELD
from wapto_app.security.passwords import UNUSABLE
from wapto_app.security.permissions import Permission
from wapto_app.services import desk, presence
from wapto_app.services.notifications import News, notify_many, topic

account = table_of(Account)
conversation = table_of(Conversation)
team = table_of(Team)

_NEVER = datetime.min.replace(tzinfo=UTC)
_TICK = timedelta(microseconds=1)


class Given(NamedTuple):
    """A conversation and the agent who got it."""

    conversation_id: int
    agent_id: int


@dataclass(slots=True)
class _Agent:
    id: int
    assigned_at: datetime
    open: int  # conversations that are not resolved
    online: bool


def team_for_new(connection: sa.Connection) -> int | None:
    """The team that gets conversations of customers who write for the first time, if there is one."""
    query = sa.select(team.c.id).where(team.c.takes_new, team.c.is_active)
    return connection.execute(query).scalar()


def bring_in(connection: sa.Connection, conversation_ids: Iterable[int]) -> list[Given]:
    """Conversations in which a customer waits: taken from who is gone, then given to an agent by the strategy.

    What somebody holds, what is resolved, and what a team hands out by itself stays as it is.
    """
    ids = sorted(set(conversation_ids))
    if not ids:
        return []
    _free_from_the_gone(connection, ids)
    waiting = _waiting(connection, ids)
    given: list[Given] = []
    for each in _automatic_teams(connection, {team_id for _id, team_id in waiting}):
        theirs = [conversation_id for conversation_id, team_id in waiting if team_id == each.id]
        agents = _agents(connection, each.id)
        dealt = _deal(theirs, agents, each.strategy)
        _write(connection, dealt, agents)
        desk.dealt(connection, dealt, each.id)
        given += dealt
    return given


def tell_given(connection: sa.Connection, given: Iterable[Given]) -> set[str]:
    """Let the agents hear of what the strategy gave them; returns the topics to publish."""
    news = [
        News(
            agent_id,
            NotificationKind.ASSIGNED,
            href=f"/inbox/{conversation_id}",
            conversation_id=conversation_id,
        )
        for conversation_id, agent_id in given
    ]
    return {topic(account_id) for account_id in notify_many(connection, news)}


def _free_from_the_gone(connection: sa.Connection, ids: list[int]) -> None:
    agent = sa.select(account.c.id).where(account.c.id == conversation.c.assignee_id, ~account.c.is_active)
    connection.execute(
        conversation.update()
        .where(conversation.c.id.in_(ids), IS_HELD, agent.exists())
        .values(assignee_id=None)
    )


def _waiting(connection: sa.Connection, ids: list[int]) -> Sequence[tuple[int, int]]:
    query = (
        sa.select(conversation.c.id, conversation.c.team_id)
        .where(
            conversation.c.id.in_(ids),
            conversation.c.assignee_id.is_(None),
            conversation.c.team_id.is_not(None),
            IS_HELD,
        )
        .order_by(conversation.c.id)
        .with_for_update(key_share=True)
    )
    return connection.execute(query).tuples().all()


def _automatic_teams(connection: sa.Connection, ids: set[int]) -> list[Any]:
    """Those that deal out what comes to them; locked, so that two who deal take turns."""
    if not ids:
        return []
    query = (
        sa.select(team.c.id, team.c.strategy, team.c.permissions)
        .where(team.c.id.in_(ids), team.c.is_active, team.c.strategy != AssignmentStrategy.MANUAL)
        .order_by(team.c.id)
        .with_for_update(key_share=True)
    )
    return [row for row in connection.execute(query) if Permission.INBOX_DO in row.permissions]


def _agents(connection: sa.Connection, team_id: int) -> list[_Agent]:
    """The active agents who have joined; locked, so that none is deactivated meanwhile."""
    load = (
        sa.select(sa.func.count())
        .select_from(conversation)
        .where(conversation.c.assignee_id == account.c.id, IS_HELD)
        .correlate(account)
        .scalar_subquery()
    )
    query = (
        sa.select(account.c.id, account.c.assigned_at, load.label("open"))
        .where(
            account.c.team_id == team_id,
            account.c.role == Role.AGENT,
            account.c.is_active,
            account.c.password_hash != UNUSABLE,
        )
        .order_by(account.c.id)
        .with_for_update(of=account, key_share=True)
    )
    rows = connection.execute(query).all()
    online = presence.online_among(connection, [row.id for row in rows])
    return [_Agent(row.id, row.assigned_at or _NEVER, row.open, row.id in online) for row in rows]


def _deal(ids: list[int], agents: list[_Agent], strategy: AssignmentStrategy) -> list[Given]:
    if not agents:
        return []
    given: list[Given] = []
    latest = max(agent.assigned_at for agent in agents)
    for conversation_id in ids:
        agent = min(agents, key=lambda each: _rank(each, strategy))
        # Later than everybody else's even when the clock has not moved: the next one is somebody else's turn.
        agent.assigned_at = latest = max(utcnow(), latest + _TICK)
        agent.open += 1
        given.append(Given(conversation_id, agent.id))
    return given


def _rank(agent: _Agent, strategy: AssignmentStrategy) -> tuple[bool, int, datetime, int]:
    """The lowest gets the next one: somebody who is there to answer, or anybody while nobody is."""
    busy = agent.open if strategy is AssignmentStrategy.LEAST_BUSY else 0
    return not agent.online, busy, agent.assigned_at, agent.id


def _write(connection: sa.Connection, given: list[Given], agents: list[_Agent]) -> None:
    if not given:
        return
    connection.execute(
        conversation.update()
        .where(conversation.c.id == sa.bindparam("of"))
        .values(assignee_id=sa.bindparam("agent")),
        [{"of": conversation_id, "agent": agent_id} for conversation_id, agent_id in given],
    )
    turns = {agent_id for _id, agent_id in given}
    at = sa.bindparam("at", type_=account.c.assigned_at.type)
    connection.execute(
        account.update().where(account.c.id == sa.bindparam("of")).values(assigned_at=at),
        [{"of": agent.id, "at": agent.assigned_at} for agent in agents if agent.id in turns],
    )
