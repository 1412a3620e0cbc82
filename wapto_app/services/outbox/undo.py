"""Taking a message back before it leaves.

It waits for some seconds after it was written, if its author wants that, and in all this time it is an ordinary queued
message: a crash loses nothing, and later messages of the conversation wait behind it. Taking it back removes it, and
with it all that it changed: the list, the month's count, the figures of the desk.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TypedDict

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import touch
from wapto_app.models import ComposerChoice, Conversation, Direction, MediaFile, Message, MessageStatus
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import desk_undo, plans
from wapto_app.services.errors import Conflict, NotFound, SignedOut
from wapto_app.services.masking import masks
from wapto_app.services.outbox.commands import locked_conversation, show_in_list
from wapto_app.services.sessions import account_topic

HOLD = timedelta(seconds=5)


class TakenBack(TypedDict):
    """What the author gets back: ``file`` is the key of its file. Numbers are hidden from who may not see them."""

    conversation_id: int
    text: str
    file: str


async def hold_of(session: AsyncSession, actor: Actor) -> timedelta:
    """How long the actor's messages wait before they may leave."""
    actor.require(Permission.INBOX_DO)
    return HOLD if await _wants_undo(session, actor.account_id) else timedelta(0)


async def undo_choice(session: AsyncSession, actor: Actor) -> bool:
    """Whether the actor wants to be able to take messages back."""
    actor.require(Permission.SIGNED_IN)
    return await _wants_undo(session, actor.account_id)


async def choose_undo(session: AsyncSession, actor: Actor, *, on: bool) -> None:
    """Switch it on or off for the actor."""
    actor.require(Permission.SELF_DO)
    if actor.account_id is None:
        raise SignedOut
    choice = await session.get(ComposerChoice, actor.account_id, with_for_update=True)
    choice = choice or ComposerChoice(account_id=actor.account_id)
    choice.undo_send = on
    session.add(choice)
    touch(session, account_topic(actor.account_id))


async def _wants_undo(session: AsyncSession, account_id: int | None) -> bool:
    """A system has nobody who could change their mind."""
    if account_id is None:
        return False
    found = await session.exec(
        select(ComposerChoice.undo_send).where(ComposerChoice.account_id == account_id)
    )
    chosen = found.first()
    return True if chosen is None else chosen


async def take_back(session: AsyncSession, actor: Actor, message_id: int) -> TakenBack:
    """Remove a message of the actor that nobody has begun to send, as if it had never been written.

    Raises:
        NotFound: it is not there, not the actor's, or not visible.
        Conflict: it is on its way or has arrived.
    """
    actor.require(Permission.INBOX_DO)
    query = select(Message).where(
        Message.id == message_id,
        Message.direction == Direction.OUTBOUND,
        Message.author_id == actor.account_id,
    )
    message = (await session.exec(query.with_for_update())).first()
    if message is None:
        raise NotFound("message")
    conversation, _facts = await locked_conversation(session, actor, message.conversation_id)
    if message.status is not MessageStatus.QUEUED or message.attempt or message.type == "reaction":
        raise Conflict("This message has already left.")
    file = await session.get(MediaFile, message.media_id) if message.media_id else None
    await session.delete(message)
    await session.flush()
    if file is not None:
        await _as_new(session, file)
    await _undo(session, conversation, message)
    touch(session, "inbox", f"conversation:{conversation.id}")
    hidden = (await masks(session, actor, [conversation.contact_id])).of(conversation.contact_id)
    return TakenBack(
        conversation_id=message.conversation_id,
        text=hidden.text(message.body),
        file=file.key if file else "",
    )


async def _as_new(session: AsyncSession, file: MediaFile) -> None:
    """A file that no message has: as if it had just been uploaded, so that it is cleaned away if nobody sends it."""
    named = await session.exec(select(Message.id).where(Message.media_id == file.id).limit(1))
    if named.first() is None:
        file.channel_id, file.meta_id, file.meta_expires_at = None, "", None
        session.add(file)


async def _undo(session: AsyncSession, conversation: Conversation, message: Message) -> None:
    if conversation.last_message_id == message.id:
        show_in_list(conversation, await newest_shown(session, message.conversation_id))
        session.add(conversation)
    await plans.give_back(session, plans.Limit.MESSAGES)
    if message.author_id is not None:
        connection = await session.connection()
        await connection.run_sync(
            desk_undo.taken_back, message.conversation_id, message.author_id, message.at
        )


async def newest_shown(session: AsyncSession, conversation_id: int) -> Message | None:
    """What the list shows of a conversation: no notes, and no reactions."""
    found = await session.exec(
        select(Message)
        .where(
            Message.conversation_id == conversation_id,
            Message.direction != Direction.NOTE,
            Message.type != "reaction",
        )
        .order_by(col(Message.at).desc(), col(Message.id).desc())
        .limit(1)
    )
    return found.first()
