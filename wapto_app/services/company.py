"""Who else has a conversation open: the hint that keeps two people from answering at once."""

from __future__ import annotations

from collections.abc import Collection
from typing import TypedDict

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.attention import Attention
from wapto_app.models import Account, Conversation
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.visibility import readable

_MOST = 500


class Companion(TypedDict):
    """A colleague who looks at the conversation, or writes in it."""

    name: str
    writing: bool


async def note(
    session: AsyncSession, actor: Actor, attention: Attention, conversation_id: int, *, writing: bool
) -> bool:
    """The actor has it open; whether that was noted. Who looks through another's eyes leaves no trace."""
    actor.require(Permission.INBOX_SEE)
    if actor.is_looking or actor.account_id is None:
        return False
    if not await _visible(session, actor, [conversation_id]):
        return False
    attention.note(conversation_id, actor.account_id, writing=writing and actor.may(Permission.INBOX_DO))
    return True


async def company(
    session: AsyncSession, actor: Actor, attention: Attention, conversation_ids: Collection[int]
) -> dict[int, list[Companion]]:
    """The others who have these conversations open, where there are any; who writes comes first."""
    actor.require(Permission.INBOX_SEE)
    found = {of: attention.who(of) for of in list(conversation_ids)[:_MOST]}
    others = {
        of: {account_id: writes for account_id, writes in here.items() if account_id != actor.account_id}
        for of, here in found.items()
    }
    occupied = [of for of, here in others.items() if here]
    if not occupied:
        return {}
    visible = await _visible(session, actor, occupied)
    names = await _names(session, {account_id for of in visible for account_id in others[of]})
    return {
        of: [
            Companion(name=names[account_id], writing=writes)
            for account_id, writes in sorted(others[of].items(), key=lambda one: (not one[1], one[0]))
            if account_id in names
        ]
        for of in sorted(visible)
    }


async def _visible(session: AsyncSession, actor: Actor, ids: list[int]) -> set[int]:
    found = await session.exec(select(Conversation.id).where(col(Conversation.id).in_(ids), readable(actor)))
    return {of for of in found if of is not None}


async def _names(session: AsyncSession, ids: set[int]) -> dict[int, str]:
    found = await session.exec(select(Account.id, Account.name).where(col(Account.id).in_(ids)))
    return {of: name for of, name in found if of is not None}
