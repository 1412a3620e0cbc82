"""The conversations behind a figure, as far as the actor may see them."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import Account, Contact, Conversation, DeskEvent, DeskKind
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.inbox.conversations import phone_column, visible_text
from wapto_app.services.masking import Mask, masks
from wapto_app.services.review.periods import Period
from wapto_app.services.review.scope import Choice, customer, ensure_agent, ensure_team, readable_agent
from wapto_app.services.review.tally import HANDLED
from wapto_app.services.visibility import readable

event = table_of(DeskEvent)
MOST = 100
"""Rows of a list; the slowest, or the latest."""


class Figure(StrEnum):
    """What can be looked behind."""

    HANDLED = "handled"
    FIRST_REPLY = "first_reply"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    MISSED = "window_missed"


_TIMED = (Figure.FIRST_REPLY, Figure.RESOLVED)


class ChatRow(TypedDict):
    """One conversation. ``seconds`` is the longest of the period, None where nothing is measured; ``at`` ISO 8601."""

    id: int
    name: str
    preview: str
    at: str
    seconds: int | None
    times: int


class Chats(TypedDict):
    rows: list[ChatRow]
    has_more: bool


async def conversations(
    session: AsyncSession,
    actor: Actor,
    period: Period,
    figure: Figure,
    *,
    agent_id: int = 0,
    team_id: int = 0,
) -> Chats:
    """What an agent, a team, or an agent for a team did: the slowest first, or the latest.

    Raises:
        Invalid: neither an agent nor a team is named.
        NotFound: they are not there, or not for the actor to see.
    """
    actor.require(Permission.REPORTS_SEE)
    actor.require(Permission.INBOX_SEE)
    whose = await _whose(session, actor, agent_id, team_id)
    kinds = HANDLED if figure is Figure.HANDLED else (DeskKind(figure.value),)
    done = (
        sa.select(
            event.c.conversation_id,
            sa.func.max(event.c.at).label("at"),
            sa.func.max(event.c.seconds).label("seconds"),
            sa.func.count().label("times"),
        )
        .where(*whose, event.c.kind.in_(kinds), event.c.at >= period.start, event.c.at < period.end)
        .group_by(event.c.conversation_id)
        .subquery()
    )
    order = [done.c.seconds.desc().nulls_last()] if figure in _TIMED else []
    found = await fetch(session, _rows(actor, done).order_by(*order, done.c.at.desc()).limit(MOST + 1))
    is_timed = figure in _TIMED
    hidden = await masks(session, actor, [row.contact_id for row in found])
    rows = [_row(hidden.of(row.contact_id), row, is_timed=is_timed) for row in found[:MOST]]
    return Chats(rows=rows, has_more=len(found) > MOST)


async def _whose(
    session: AsyncSession, actor: Actor, agent_id: int, team_id: int
) -> list[sa.ColumnElement[bool]]:
    whose: list[sa.ColumnElement[bool]] = []
    if agent_id:
        await ensure_agent(session, actor, agent_id)
        whose.append(event.c.account_id == agent_id)
    if team_id:
        await ensure_team(session, actor, team_id)
        whose.append(event.c.team_id == team_id)
    if not whose:
        raise Invalid("agent", "Choose an agent or a team.")
    return whose


def _rows(actor: Actor, done: Any) -> sa.Select[Any]:
    c = Conversation
    shown = (c.id, c.contact_id, c.preview, c.preview_type)
    names = (Contact.name, Contact.profile_name, Contact.username)
    columns: list[Any] = [*map(col, shown), *map(col, names), phone_column().label("phone"), *done.c]
    return (
        sa.select(*columns)
        .join(done, done.c.conversation_id == col(Conversation.id))
        .join(Contact, col(Contact.id) == col(Conversation.contact_id))
        .where(readable(actor))
    )


def _row(mask: Mask, row: Any, *, is_timed: bool) -> ChatRow:
    return ChatRow(
        id=row.id,
        name=customer(mask, row),
        preview=visible_text(mask, row.preview_type, row.preview),
        at=row.at.isoformat(),
        seconds=row.seconds if is_timed else None,
        times=row.times,
    )


async def agents_of(session: AsyncSession, actor: Actor, conversation_id: int) -> list[Choice]:
    """Who of those the actor may review answered or resolved this conversation.

    Raises:
        NotFound: the conversation is not there, or not for the actor to see.
    """
    actor.require(Permission.REPORTS_SEE)
    actor.require(Permission.INBOX_SEE)
    await ensure_readable(session, actor, conversation_id)
    took_part = sa.select(event.c.account_id).where(
        event.c.conversation_id == conversation_id, event.c.kind.in_(HANDLED)
    )
    query = (
        sa.select(col(Account.id), col(Account.name))
        .where(readable_agent(actor), col(Account.id).in_(took_part), col(Account.id) != actor.account_id)
        .order_by(sa.func.lower(col(Account.name)))
    )
    return [Choice(value=str(row.id), label=row.name) for row in await fetch(session, query)]


async def ensure_readable(session: AsyncSession, actor: Actor, conversation_id: int) -> None:
    """Raises NotFound when the conversation is not there, or not for the actor to see."""
    actor.require(Permission.INBOX_SEE)
    query = sa.select(col(Conversation.id)).where(col(Conversation.id) == conversation_id, readable(actor))
    if not await fetch(session, query):
        raise NotFound("conversation")
