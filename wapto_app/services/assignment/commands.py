"""What a person does with the assignment of a conversation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import Account, Conversation, ConversationStatus, NotificationKind, Team
from wapto_app.models.conversations import IS_HELD
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import desk
from wapto_app.services.assignment.choices import can_answer
from wapto_app.services.assignment.strategy import Given, bring_in
from wapto_app.services.errors import Conflict, Invalid, NotFound
from wapto_app.services.notifications import notify
from wapto_app.services.visibility import conversation_for

KEEPS_THEIRS = "Your team does not hand conversations on. Ask the owner, or somebody who may."


async def assign(
    session: AsyncSession,
    actor: Actor,
    conversation_id: int,
    *,
    agent_id: int | None = None,
    team_id: int | None = None,
    held_by: int | None = None,
) -> None:
    """Give it to an agent, to a team (whose strategy may give it on at once), or with neither back to its team.

    Args:
        held_by: who the actor saw holding it, 0 for nobody. Given, the deed is refused when that has changed.

    Raises:
        Conflict: somebody was faster, or the agent or team does not take conversations.
        Forbidden, NotFound: as usual; Conflict as well when the actor's team does not reassign.
    """
    actor.require(Permission.INBOX_DO)
    if agent_id is not None and team_id is not None:
        raise Invalid("assignee", "Choose either an agent or a team.")
    conversation = await conversation_for(session, actor, conversation_id)
    if held_by is not None and (conversation.assignee_id or 0) != held_by:
        raise Conflict(await _somebody_was_faster(session, conversation))
    _ensure_may_hand_on(actor, conversation, agent_id, team_id)
    before = conversation.assignee_id
    is_news = agent_id not in (None, actor.account_id, before)
    if agent_id is not None:
        await _give_to_agent(session, conversation, agent_id)
    elif team_id is not None:
        await _give_to_team(session, conversation, team_id)
    else:
        conversation.assignee_id = None
    session.add(conversation)
    await session.flush()
    await _note(
        session, partial(desk.assigned, by=actor.account_id), conversation_id, before, agent_id, team_id
    )
    _touch(session, [conversation_id])
    if is_news:
        await _tell(session, conversation_id, agent_id, by=actor.name)
    if team_id is not None:
        await _deal(session, [conversation_id])


async def resolve(session: AsyncSession, actor: Actor, conversation_id: int) -> None:
    """Nothing is left to do; the customer's next message opens it again. Raises NotFound."""
    actor.require(Permission.INBOX_DO)
    conversation = await conversation_for(session, actor, conversation_id)
    if conversation.status is ConversationStatus.RESOLVED:
        return
    conversation.status = ConversationStatus.RESOLVED
    session.add(conversation)
    await _note(session, desk.resolved, conversation_id, actor.account_id)
    _touch(session, [conversation_id])


async def reopen(session: AsyncSession, actor: Actor, conversation_id: int) -> None:
    """Work on it again; when its agent is gone, the team's strategy finds another one. Raises NotFound."""
    actor.require(Permission.INBOX_DO)
    conversation = await conversation_for(session, actor, conversation_id)
    if conversation.status is ConversationStatus.OPEN:
        return
    if conversation.status is ConversationStatus.RESOLVED:
        await _note(session, desk.reopened, conversation_id, actor.account_id)
    else:
        awake = partial(desk.woken, why="person", by=actor.account_id)
        await _note(session, awake, [conversation_id])
    conversation.status = ConversationStatus.OPEN
    session.add(conversation)
    await session.flush()
    _touch(session, [conversation_id])
    await _deal(session, [conversation_id])


async def lock_held_by(session: AsyncSession, agent_id: int) -> None:
    """Before an agent's account is changed: keeps the order of locks (conversation, team, account)."""
    await session.exec(
        select(Conversation.id)
        .where(Conversation.assignee_id == agent_id, IS_HELD)
        .order_by(col(Conversation.id))
        .with_for_update(key_share=True)
    )


async def requeue_all(session: AsyncSession, agent_id: int) -> int:
    """Take every conversation that is not resolved from an agent; their teams deal them out. The number of them.

    Deactivate the agent first in the same transaction, or the strategy may give them back. Resolved ones keep the
    agent's name: that is history.
    """
    held = sa.update(Conversation).where(col(Conversation.assignee_id) == agent_id, IS_HELD)
    found = await session.exec(held.values(assignee_id=None).returning(col(Conversation.id)))
    ids = [conversation_id for (conversation_id,) in found.all()]
    if ids:
        await _note(session, desk.taken_from, agent_id, ids)
        _touch(session, ids)
        await _deal(session, ids)
    return len(ids)


def _ensure_may_hand_on(
    actor: Actor, conversation: Conversation, agent_id: int | None, team_id: int | None
) -> None:
    """Without it one may take what nobody holds, and put back one's own."""
    if actor.may_reassign:
        return
    holder = conversation.assignee_id
    takes_what_is_free = holder is None and agent_id == actor.account_id
    puts_back = holder == actor.account_id and agent_id is None and team_id is None
    if not (takes_what_is_free or puts_back or (holder == actor.account_id == agent_id)):
        raise Conflict(KEEPS_THEIRS)


async def _give_to_agent(session: AsyncSession, conversation: Conversation, agent_id: int) -> None:
    agent = await session.get(Account, agent_id, with_for_update={"key_share": True}, populate_existing=True)
    if agent is None:
        raise NotFound("agent")
    team = await session.get(Team, agent.team_id) if agent.team_id else None
    if not can_answer(agent, team):
        raise Conflict(f"{agent.name} does not answer conversations at the moment. Choose somebody else.")
    if conversation.assignee_id != agent_id:
        agent.assigned_at = utcnow()
        session.add(agent)
    conversation.assignee_id = agent_id
    conversation.team_id = agent.team_id or conversation.team_id


async def _give_to_team(session: AsyncSession, conversation: Conversation, team_id: int) -> None:
    team = await session.get(Team, team_id)
    if team is None:
        raise NotFound("team")
    if not team.is_active:
        raise Conflict(f"{team.name} is switched off. Choose another team.")
    conversation.team_id, conversation.assignee_id = team_id, None


async def _note(session: AsyncSession, deed: Callable[..., object], *facts: Any) -> None:
    connection = await session.connection()
    await connection.run_sync(deed, *facts)


async def _deal(session: AsyncSession, ids: Iterable[int]) -> list[Given]:
    connection = await session.connection()
    given = await connection.run_sync(bring_in, ids)
    for row in session:
        if isinstance(row, Conversation):
            session.expire(row)
    for conversation_id, agent_id in given:
        await _tell(session, conversation_id, agent_id)
    return given


async def _tell(session: AsyncSession, conversation_id: int, agent_id: int | None, **by: str) -> None:
    """Whoever gets a conversation hears of it; ``by`` whom, unless a team's strategy gave it."""
    href = f"/inbox/{conversation_id}"
    await notify(
        session, [agent_id], NotificationKind.ASSIGNED, href=href, conversation_id=conversation_id, **by
    )


async def _somebody_was_faster(session: AsyncSession, conversation: Conversation) -> str:
    holder = await session.get(Account, conversation.assignee_id) if conversation.assignee_id else None
    if holder is None:
        return "This conversation was put back meanwhile. Look again before you assign it."
    return f"{holder.name} has this conversation now. Look again before you assign it."


def _touch(session: AsyncSession, ids: Iterable[int]) -> None:
    touch(session, "inbox", *(f"conversation:{conversation_id}" for conversation_id in ids))
