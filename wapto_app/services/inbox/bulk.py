"""The same deed on many conversations, and what became of each.

A few at a time, so that others can write in between, and each by itself: one that is refused does not stop the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from functools import partial

from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import Database, in_parts
from wapto_app.models import Conversation, ConversationStatus
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import assignment, tags
from wapto_app.services.errors import DomainError, Forbidden
from wapto_app.services.inbox.commands import mark_unread, open_conversation
from wapto_app.services.inbox.status import set_pending, snooze
from wapto_app.services.visibility import conversation_for

MOST = 500
"""Conversations of one deed."""
_AT_ONCE = 20


class Kind(StrEnum):
    """``READ`` and ``UNREAD`` mark; ``PUT_BACK`` leaves it to its team."""

    ASSIGN = "assign"
    GIVE_TO_TEAM = "give_to_team"
    PUT_BACK = "put_back"
    TAG = "tag"
    UNTAG = "untag"
    RESOLVE = "resolve"
    REOPEN = "reopen"
    PENDING = "pending"
    SNOOZE = "snooze"
    READ = "read"
    UNREAD = "unread"


@dataclass(frozen=True, slots=True)
class Deed:
    """What to do. ``of`` is the agent, the team or the tag; ``until`` when a snoozed one comes back."""

    kind: Kind
    of: int = 0
    until: datetime | None = None


@dataclass(slots=True)
class Outcome:
    """``changed`` are the ids for which something is different now; ``skipped`` counts by reason."""

    changed: list[int] = field(default_factory=list)
    unchanged: int = 0
    skipped: Counter[str] = field(default_factory=Counter)


Step = Callable[[AsyncSession, Actor, int], Awaitable[None]]


async def carry_out(db: Database, actor: Actor, conversation_ids: Sequence[int], deed: Deed) -> Outcome:
    """Do it to each of them, at most ``MOST``. Those that are not visible are skipped like those that are gone.

    Raises:
        Forbidden: the actor may not do it to any.
    """
    actor.require(Permission.INBOX_DO)
    if deed.kind in (Kind.TAG, Kind.UNTAG):
        actor.require(Permission.CONTACTS_DO)
    outcome = Outcome()
    # In the order of the ids, as everybody locks them who locks several.
    for some in in_parts(sorted(set(conversation_ids))[:MOST], _AT_ONCE):
        async with db.write() as session:
            for of in some:
                await _try(session, actor, of, deed, outcome)
    return outcome


async def _try(session: AsyncSession, actor: Actor, of: int, deed: Deed, outcome: Outcome) -> None:
    try:
        async with session.begin_nested():
            conversation = await conversation_for(session, actor, of)
            if _is_so(conversation, deed):
                outcome.unchanged += 1
                return
            await _step(deed)(session, actor, of)
            outcome.changed.append(of)
    except Forbidden:
        raise
    except DomainError as error:
        outcome.skipped[error.message] += 1


def _is_so(conversation: Conversation, deed: Deed) -> bool:
    """Whether there is nothing to do."""
    status = {
        Kind.RESOLVE: ConversationStatus.RESOLVED,
        Kind.REOPEN: ConversationStatus.OPEN,
        Kind.PENDING: ConversationStatus.PENDING,
    }.get(deed.kind)
    if deed.kind is Kind.READ:
        return conversation.unread == 0
    if deed.kind is Kind.UNREAD:
        return conversation.unread > 0
    if deed.kind is Kind.ASSIGN:
        return conversation.assignee_id == deed.of
    if deed.kind is Kind.PUT_BACK:
        return conversation.assignee_id is None
    return conversation.status is status


def _step(deed: Deed) -> Step:
    steps: dict[Kind, Step] = {
        Kind.ASSIGN: partial(assignment.assign, agent_id=deed.of),
        Kind.GIVE_TO_TEAM: partial(assignment.assign, team_id=deed.of),
        Kind.PUT_BACK: assignment.assign,
        Kind.TAG: partial(_tag, tag=deed.of, remove=False),
        Kind.UNTAG: partial(_tag, tag=deed.of, remove=True),
        Kind.RESOLVE: assignment.resolve,
        Kind.REOPEN: assignment.reopen,
        Kind.PENDING: set_pending,
        Kind.SNOOZE: partial(_snooze, until=deed.until),
        Kind.READ: open_conversation,
        Kind.UNREAD: mark_unread,
    }
    return steps[deed.kind]


async def _tag(session: AsyncSession, actor: Actor, of: int, *, tag: int, remove: bool) -> None:
    conversation = await conversation_for(session, actor, of)
    await tags.apply(session, actor, [conversation.contact_id], [tag], remove=remove)


async def _snooze(session: AsyncSession, actor: Actor, of: int, *, until: datetime | None) -> None:
    if until is not None:
        await snooze(session, actor, of, until)
