"""How a conversation stands: open, pending, snoozed until some time, resolved. Each change is an event of the desk."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import Conversation, ConversationStatus, DeskState
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import desk
from wapto_app.services.assignment.strategy import bring_in
from wapto_app.services.errors import Invalid
from wapto_app.services.visibility import conversation_for

LONGEST_SNOOZE = timedelta(days=366)
EVENING = time(18)
MORNING = time(9)
_EVENING_IS_NEAR = timedelta(hours=1)
_AT_ONCE = 200

conversation, state = table_of(Conversation), table_of(DeskState)


def snooze_choices(now: datetime, zone: ZoneInfo) -> dict[str, datetime]:
    """Times that people mean, by name. *This evening* is there while it is at least an hour away."""
    here = now.astimezone(zone)

    def at(day: int, when: time) -> datetime:
        return datetime.combine(here.date() + timedelta(days=day), when, zone)

    to_monday = 7 - here.weekday()
    found = {"1h": now + timedelta(hours=1), "3h": now + timedelta(hours=3)}
    if at(0, EVENING) - here >= _EVENING_IS_NEAR:
        found["evening"] = at(0, EVENING)
    return found | {"tomorrow": at(1, MORNING), "monday": at(to_monday, MORNING)}


def snooze_until(choice: str, zone: ZoneInfo) -> datetime:
    """The time that a choice, or a date and time of there (``2026-01-31T09:00``), means.

    Raises:
        Invalid: it means none.
    """
    named = snooze_choices(utcnow(), zone)
    if choice in named:
        return named[choice]
    try:
        chosen = datetime.fromisoformat(choice)
    except ValueError:
        raise Invalid("until", "Choose a day and a time.") from None
    return chosen if chosen.tzinfo else chosen.replace(tzinfo=zone)


async def set_pending(session: AsyncSession, actor: Actor, conversation_id: int) -> None:
    """It waits for something: the customer's next message opens it again. Raises NotFound."""
    actor.require(Permission.INBOX_DO)
    found = await conversation_for(session, actor, conversation_id)
    if found.status is ConversationStatus.PENDING:
        return
    await _put_aside(session, actor, found, ConversationStatus.PENDING)


async def snooze(session: AsyncSession, actor: Actor, conversation_id: int, until: datetime) -> None:
    """Out of the way until then, or until the customer writes.

    Raises:
        Invalid: that time is over, or more than a year away.
        NotFound: the conversation is not there or not visible.
    """
    actor.require(Permission.INBOX_DO)
    found = await conversation_for(session, actor, conversation_id)
    left = until - utcnow()
    if left <= timedelta(0):
        raise Invalid("until", "This time is over. Choose a later one.")
    if left > LONGEST_SNOOZE:
        raise Invalid("until", "Snooze a conversation for a year at most.")
    await _put_aside(session, actor, found, ConversationStatus.SNOOZED, until=until)


async def _put_aside(
    session: AsyncSession,
    actor: Actor,
    found: Conversation,
    status: ConversationStatus,
    *,
    until: datetime | None = None,
) -> None:
    conversation_id = found.id or 0
    was_resolved = found.status is ConversationStatus.RESOLVED
    found.status = status
    session.add(found)
    await session.flush()
    connection = await session.connection()
    if was_resolved:
        await connection.run_sync(desk.reopened, conversation_id, actor.account_id)
    await connection.run_sync(desk.put_aside, conversation_id, until, actor.account_id)
    touch(session, "inbox", f"conversation:{conversation_id}")


async def wake_due(session: AsyncSession) -> int:
    """Open those whose time has come, once, also those of a downtime; the number of them. A tick calls it."""
    connection = await session.connection()
    ids = await connection.run_sync(_wake)
    if ids:
        touch(session, "inbox", *(f"conversation:{of}" for of in ids))
    return len(ids)


async def any_due(session: AsyncSession) -> bool:
    """Whether somebody's time has come."""
    connection = await session.connection()
    return (await connection.execute(_due().limit(1))).first() is not None


def _due() -> sa.Select[Any]:
    is_over = sa.text("snoozed_until IS NOT NULL"), state.c.snoozed_until <= utcnow()
    return sa.select(state.c.conversation_id).where(*is_over).order_by(state.c.snoozed_until)


def _wake(connection: sa.Connection) -> Sequence[int]:
    due = [of for (of,) in connection.execute(_due().limit(_AT_ONCE))]
    # The conversations are locked first, as by everybody; whoever was faster has changed them by then.
    locked = (
        sa.select(conversation.c.id, conversation.c.status)
        .where(conversation.c.id.in_(due))
        .order_by(conversation.c.id)
        .with_for_update(key_share=True)
    )
    found = connection.execute(locked).all()
    up = [row.id for row in found if row.status is not ConversationStatus.SNOOZED]
    connection.execute(state.update().where(state.c.conversation_id.in_(up)).values(snoozed_until=None))
    ids = desk.woken(connection, set(due) - set(up), why="time")
    if not ids:
        return []
    connection.execute(
        conversation.update()
        .where(conversation.c.id.in_(ids))
        .values(
            status=ConversationStatus.OPEN,
            # Unread, so that somebody sees that it is back.
            unread=sa.case((conversation.c.unread > 0, conversation.c.unread), else_=1),
        )
    )
    bring_in(connection, ids)
    return ids
