"""The figures of a period: of each agent, of each team, of all together, and bar by bar."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any, NamedTuple, TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import Account, DeskEvent, DeskKind, Review, Role, Team
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import presence
from wapto_app.services.review.periods import Period
from wapto_app.services.review.scope import (
    ensure_team,
    readable_agent,
    readable_team,
    readable_work,
    sees_all,
    team_of,
)
from wapto_app.services.review.tally import Tally, columns, percentile, tally_of, total

event = table_of(DeskEvent)
_MOST = 1_000
_NONE = (0, 0)


class Figures(TypedDict):
    """Times in seconds, ``score`` in hundredths of a point; None where there is nothing to measure."""

    conversations: int
    first_median: int | None
    first_p90: int | None
    resolution_median: int | None
    resolution_p90: int | None
    messages: int
    resolved: int
    reopened: int
    missed: int
    online: int
    score: int | None


class AgentFigures(Figures):
    """``team`` is the present one, empty for an owner. ``online`` is in seconds."""

    id: int
    name: str
    team: str
    is_active: bool
    is_online: bool


class TeamFigures(Figures):
    id: int
    name: str


class Bar(TypedDict):
    """``label`` is an ISO date, or an hour like 14:00."""

    label: str
    waits: int
    messages: int
    resolved: int


class Board(TypedDict):
    """``total`` counts what nobody held, too, for those who may see it."""

    total: Figures
    agents: list[AgentFigures]


class _Work(NamedTuple):
    """What somebody did, how they were judged (points in hundredths, and how often), and seconds online."""

    tally: Tally
    points: int = 0
    reviews: int = 0
    online: int = 0


async def board(session: AsyncSession, actor: Actor, period: Period, team_id: int = 0) -> Board:
    """The figures of every agent whom the actor may see, or only of what was done for one team.

    Raises:
        NotFound: the team is not there, or not for the actor to see.
    """
    actor.require(Permission.REPORTS_SEE)
    if team_id:
        await ensure_team(session, actor, team_id)
    rows = await _agents(session, actor, period, team_id)
    nobody = await _of_nobody(session, actor, period, team_id)
    here = await presence.online_accounts(session)
    work = await _work_of(session, rows, period)
    shown = [row for row in rows if _is_shown(row, work[row.id], team_id)]
    # A quarter of a million numbers take a while: not on the event loop.
    together = await asyncio.to_thread(_together, [work[row.id] for row in shown] + nobody)
    return Board(
        total=_figures(together),
        agents=[_agent(row, work[row.id], is_online=row.id in here) for row in shown],
    )


async def _work_of(session: AsyncSession, rows: list[Any], period: Period) -> dict[int, _Work]:
    online = await _seconds_online(session, [row.id for row in rows], period)
    judged = await _judged(session, period, col(Review.agent_id))
    tallies = await asyncio.to_thread(lambda: list(map(tally_of, rows)))
    return {
        row.id: _Work(tally, *judged.get(row.id, _NONE), online=online.get(row.id, 0))
        for row, tally in zip(rows, tallies, strict=True)
    }


def _agent(row: Any, work: _Work, *, is_online: bool) -> AgentFigures:
    return AgentFigures(
        **_figures(work),
        id=row.id,
        name=row.name,
        team=row.team or "",
        is_active=row.is_active,
        is_online=is_online,
    )


async def teams_board(session: AsyncSession, actor: Actor, period: Period) -> list[TeamFigures]:
    """The figures of every team that the actor may see: what its agents did, and what was left to the team."""
    actor.require(Permission.REPORTS_SEE)
    of_team = event.c.team_id == col(Team.id)
    judged = await _judged(session, period, col(Account.team_id))
    query = (
        sa.select(col(Team.id), col(Team.name), *columns(period, of_team))
        .where(readable_team(actor))
        .order_by(sa.func.lower(col(Team.name)))
        .limit(_MOST)
    )
    return [
        TeamFigures(**_figures(_Work(tally_of(row), *judged.get(row.id, _NONE))), id=row.id, name=row.name)
        for row in await fetch(session, query)
    ]


async def bars(session: AsyncSession, actor: Actor, period: Period, team_id: int = 0) -> list[Bar]:
    """How many customers began to wait, how many messages were sent and conversations resolved, bar by bar.

    Raises:
        NotFound: the team is not there, or not for the actor to see.
    """
    actor.require(Permission.REPORTS_SEE)
    whose = readable_work(actor)
    if team_id:
        await ensure_team(session, actor, team_id)
        whose = [event.c.team_id == team_id]
    slots = period.slots()
    at = event.c.at.type
    slot = (
        sa.values(sa.column("n", sa.Integer), sa.column("begins", at), sa.column("ends", at), name="slot")
        .data([(n, each.start, each.end) for n, each in enumerate(slots)])
        .cte()
    )

    def count(*kinds: DeskKind) -> Any:
        return sum(_count(kind, slot, whose) for kind in kinds[1:]) + _count(kinds[0], slot, whose)

    query = sa.select(
        slot.c.n,
        count(DeskKind.INBOUND_STARTED).label("waits"),
        count(DeskKind.FIRST_REPLY, DeskKind.REPLY).label("messages"),
        count(DeskKind.RESOLVED).label("resolved"),
    ).order_by(slot.c.n)
    return [
        Bar(label=slots[row.n].label, waits=row.waits, messages=row.messages, resolved=row.resolved)
        for row in await fetch(session, query)
    ]


def _count(kind: DeskKind, slot: Any, whose: Iterable[sa.ColumnElement[bool]]) -> sa.ScalarSelect[int]:
    return (
        sa.select(sa.func.count())
        .select_from(event)
        .where(event.c.kind == kind, event.c.at >= slot.c.begins, event.c.at < slot.c.ends, *whose)
        .correlate_except(event)
        .scalar_subquery()
    )


async def _agents(session: AsyncSession, actor: Actor, period: Period, team_id: int) -> list[Any]:
    whose: list[sa.ColumnElement[bool]] = [event.c.account_id == col(Account.id)]
    if team_id:
        whose.append(event.c.team_id == team_id)
    me = (col(Account.id), col(Account.name), col(Account.role), col(Account.is_active), col(Account.team_id))
    query = (
        sa.select(
            *me,
            col(Team.name).label("team"),
            *columns(period, *whose),
        )
        .outerjoin(Team, col(Team.id) == col(Account.team_id))
        .where(readable_agent(actor))
        .order_by(sa.func.lower(col(Account.name)), col(Account.id))
        .limit(_MOST)
    )
    return list(await fetch(session, query))


async def _judged(session: AsyncSession, period: Period, by: Any) -> dict[int, tuple[int, int]]:
    """Points and number of the reviews that were written in the period, by agent or by their present team."""
    query = (
        sa.select(
            by.label("whose"), sa.func.sum(col(Review.total)).label("points"), sa.func.count().label("n")
        )
        .select_from(Review)
        .join(Account, col(Account.id) == col(Review.agent_id))
        .where(col(Review.created_at) >= period.start, col(Review.created_at) < period.end)
        .group_by(by)
    )
    return {row.whose: (row.points, row.n) for row in await fetch(session, query)}


def _is_shown(row: Any, work: _Work, team_id: int) -> bool:
    """Who did something, and the agents who could have."""
    if not work.tally.is_empty:
        return True
    is_at_work = row.role is Role.AGENT and row.is_active
    return is_at_work and team_id in (0, row.team_id)


async def _of_nobody(session: AsyncSession, actor: Actor, period: Period, team_id: int) -> list[_Work]:
    """Windows that closed over conversations that nobody held, answers from the phone, agents who are gone."""
    team_id = team_id or team_of(actor) or 0
    if not team_id and not sees_all(actor):
        return []
    whose: list[sa.ColumnElement[bool]] = [event.c.account_id.is_(None)]
    if team_id:
        whose.append(event.c.team_id == team_id)
    rows = await fetch(session, sa.select(*columns(period, *whose)))
    return [_Work(tally_of(rows[0]))]


async def _seconds_online(session: AsyncSession, ids: list[int], period: Period) -> dict[int, int]:
    spent = presence.seconds_online(period.start, period.end, ids)
    return {row.account_id: int(row.seconds) for row in await fetch(session, spent)}


def _together(parts: list[_Work]) -> _Work:
    return _Work(
        total(part.tally for part in parts),
        sum(part.points for part in parts),
        sum(part.reviews for part in parts),
        sum(part.online for part in parts),
    )


def _figures(work: _Work) -> Figures:
    tally = work.tally
    return Figures(
        conversations=len(tally.conversations),
        first_median=percentile(tally.first_replies, 50),
        first_p90=percentile(tally.first_replies, 90),
        resolution_median=percentile(tally.resolutions, 50),
        resolution_p90=percentile(tally.resolutions, 90),
        messages=tally.messages,
        resolved=tally.resolved,
        reopened=tally.reopened,
        missed=tally.missed,
        online=work.online,
        score=round(work.points / work.reviews) if work.reviews else None,
    )
