"""Messages whose time has come.

Each is settled and queued in one transaction: a process that is killed in between has done neither, and none is
queued twice. From then on it is an ordinary message of the outbox.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import Database, touch
from wapto_app.log import get_logger
from wapto_app.models import (
    Account,
    Channel,
    ChannelStatus,
    Conversation,
    NotificationKind,
    ScheduledMessage,
    ScheduledState,
)
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import inbox, sessions
from wapto_app.services.errors import (
    Blocked,
    DomainError,
    NeedsReconnect,
    NotConnected,
    OptedOut,
    WindowClosed,
    WorkspaceLocked,
)
from wapto_app.services.notifications import notify

log = get_logger(__name__)

PATIENCE = timedelta(hours=6)
"""How long after its time a message may still leave. "Good morning" is not sent in the evening."""
TOO_LATE = "Its time passed while Wapto could not send. Look whether it still fits, and send it yourself."
_AT_ONCE = 200
# Spelled exactly as in the partial index, or SQLite does not use it.
_IS_WAITING = sa.text("scheduled_message.state = 'waiting'")
_PASSES = (NotConnected, NeedsReconnect, WorkspaceLocked)
scheduled = table_of(ScheduledMessage)
conversation, channel = table_of(Conversation), table_of(Channel)


@dataclass(frozen=True, slots=True)
class Due:
    """A scheduled message, read once it is locked."""

    id: int
    conversation_id: int
    author_id: int | None
    due_at: datetime
    content: dict[str, Any]
    fallback: dict[str, Any]


async def send_due(db: Database) -> int:
    """The tick: hand over everything that is due; how many left. It bears being missed and being doubled."""
    left = 0
    for scheduled_id, conversation_id in await _due(db):
        try:
            async with db.write() as session:
                left += await _settle(session, scheduled_id, conversation_id)
        except Exception:
            # One that cannot be settled must not hold up the others; it is tried again.
            log.exception("scheduled.failed", scheduled=scheduled_id)
    return left


async def _due(db: Database) -> list[tuple[int, int]]:
    """What is due, with its conversation, but for what has to wait for its number or for a plan."""
    now = utcnow()
    can_leave = sa.and_(channel.c.status == ChannelStatus.CONNECTED, ~sessions.is_locked())
    query = (
        sa.select(scheduled.c.id, scheduled.c.conversation_id)
        .join(conversation, conversation.c.id == scheduled.c.conversation_id)
        .join(channel, channel.c.id == conversation.c.channel_id)
        .where(
            _IS_WAITING,
            scheduled.c.due_at <= now,
            sa.or_(can_leave, scheduled.c.due_at < now - PATIENCE),
        )
        .order_by(scheduled.c.due_at, scheduled.c.id)
        .limit(_AT_ONCE)
    )
    async with db.read() as session:
        connection = await session.connection()
        return [(row.id, row.conversation_id) for row in await connection.execute(query)]


async def _settle(session: AsyncSession, scheduled_id: int, conversation_id: int) -> int:
    """Take one, unless somebody else just does; 1 when it left.

    Locks go from the conversation to what is scheduled in it, as with everybody who does both.
    """
    await session.exec(
        select(Conversation.id).where(Conversation.id == conversation_id).with_for_update(key_share=True)
    )
    message = await locked(session, scheduled_id)
    now = utcnow()
    if message is None or message.due_at > now:
        return 0
    if message.due_at < now - PATIENCE:
        await _fail(session, message, TOO_LATE)
        return 0
    try:
        async with session.begin_nested():
            await hand_over(session, await _author(session, message), message)
    except (OptedOut, Blocked) as refusal:
        await close(session, message, ScheduledState.CANCELLED, refusal.message)
    except _PASSES:
        pass  # it waits for the number, or for a plan
    except DomainError as refusal:
        await _fail(session, message, refusal.message)
    else:
        return 1
    return 0


async def locked(session: AsyncSession, scheduled_id: int, *states: ScheduledState) -> Due | None:
    """One in these states (of none given: that waits), until the end of the transaction."""
    names = ("id", "conversation_id", "author_id", "due_at", "content", "fallback")
    is_there = scheduled.c.state.in_(states) if states else _IS_WAITING
    query = sa.select(*(scheduled.c[name] for name in names)).where(scheduled.c.id == scheduled_id, is_there)
    connection = await session.connection()
    row = (await connection.execute(query.with_for_update())).first()
    return Due(*row) if row is not None else None


async def hand_over(session: AsyncSession, actor: Actor, message: Due) -> None:
    """Queue it, or its fallback when the window is closed, and settle it. Raises the errors of the outbox."""
    actor.require(Permission.INBOX_DO)
    if template := message.content.get("template"):
        await _send_template(session, actor, message.conversation_id, template)
    else:
        await _send_or_fall_back(session, actor, message)
    await close(session, message, ScheduledState.SENT, "")


async def _send_or_fall_back(session: AsyncSession, actor: Actor, message: Due) -> None:
    content = message.content
    try:
        async with session.begin_nested():
            await inbox.send(
                session,
                actor,
                message.conversation_id,
                text=content.get("text", ""),
                files=content.get("files", []),
                reply_to=content.get("reply_to", 0),
            )
    except WindowClosed:
        if not message.fallback:
            raise
        await _send_template(session, actor, message.conversation_id, message.fallback)


async def _send_template(
    session: AsyncSession, actor: Actor, conversation_id: int, template: dict[str, Any]
) -> None:
    await inbox.send_template(
        session,
        actor,
        conversation_id,
        template["id"],
        template["values"],
        template["media_key"],
        template.get("files"),
    )


async def _author(session: AsyncSession, message: Due) -> Actor:
    """In the author's name, with the right to send: what was promised to a customer is kept when agents come and go."""
    author = await session.get(Account, message.author_id) if message.author_id else None
    if author is None:
        return Actor.system()
    return replace(Actor.system(), account_id=author.id, name=author.name, team_id=author.team_id)


async def close(session: AsyncSession, message: Due, state: ScheduledState, error: str) -> None:
    connection = await session.connection()
    await connection.execute(
        scheduled.update()
        .where(scheduled.c.id == message.id)
        .values(state=state, error=error[:500], settled_at=utcnow())
    )
    touch(session, f"conversation:{message.conversation_id}")


async def _fail(session: AsyncSession, message: Due, why: str) -> None:
    """The text is kept: its author is told, and can change it and send it."""
    await close(session, message, ScheduledState.FAILED, why)
    await notify(
        session,
        [message.author_id],
        NotificationKind.SCHEDULED_FAILED,
        href=f"/inbox/{message.conversation_id}",
        key=f"scheduled:{message.id}:{message.due_at:%Y-%m-%dT%H:%M}",
        conversation_id=message.conversation_id,
        what=why,
    )
