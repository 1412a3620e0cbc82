"""Notes of the team inside a conversation. The customer never gets them, and no figure counts them.

A note is a message of the thread, so that it stands where it belongs in time. It does not change the list.
"""

from __future__ import annotations

from typing import Any, TypedDict

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import Conversation, Direction, Message, MessageStatus, NotificationKind
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import sessions
from wapto_app.services.errors import Conflict, Invalid, NotFound
from wapto_app.services.masking import mask_in
from wapto_app.services.notifications import notify
from wapto_app.services.visibility import conversation_for, conversation_seen, sees

TYPE = "note"
TEXT_MAX = 4096
MENTIONS_MAX = 20
_MOST = 1_000


class Colleague(TypedDict):
    """Somebody who can be mentioned."""

    id: int
    name: str


async def colleagues(session: AsyncSession, actor: Actor, conversation_id: int) -> list[Colleague]:
    """Who can see the conversation, and so can be mentioned in it; without the actor, by name."""
    actor.require(Permission.INBOX_DO)
    conversation = await conversation_seen(session, actor, conversation_id)
    return await _who_sees(session, actor, conversation)


async def write(
    session: AsyncSession, actor: Actor, conversation_id: int, text: str, mentions: list[int]
) -> int:
    """Write a note; its id. ``mentions`` are accounts that are told of it.

    Raises:
        NotFound: the conversation is not there or not visible.
        Invalid: it is empty or too long, or somebody who is mentioned may not see the conversation.
    """
    actor.require(Permission.INBOX_DO)
    conversation = await conversation_for(session, actor, conversation_id)
    body = _clean(text)
    people = await _mentioned(session, actor, conversation, mentions)
    note = Message(
        conversation_id=conversation_id,
        channel_id=conversation.channel_id,
        direction=Direction.NOTE,
        type=TYPE,
        body=body,
        content=_content(people),
        status=MessageStatus.RECEIVED,
        author_id=actor.account_id,
    )
    session.add(note)
    await session.flush()
    await _tell(session, actor, note, people)
    touch(session, f"conversation:{conversation_id}")
    return note.id or 0


async def edit(session: AsyncSession, actor: Actor, note_id: int, text: str, mentions: list[int]) -> None:
    """Change one's own note; who is newly mentioned is told.

    Raises:
        NotFound: it is not there, or in a conversation that the actor may not see.
        Conflict: somebody else wrote it.
        Invalid: as for a new one.
    """
    actor.require(Permission.INBOX_DO)
    note, conversation = await _own(session, actor, note_id)
    mask = await mask_in(session, actor, note.conversation_id)
    body = _clean(mask.restored(text, note.body))
    people = await _mentioned(session, actor, conversation, mentions)
    before = {each["id"] for each in note.content.get("mentions", [])}
    note.body = body
    note.content = _content(people) | {"edited": True, "edited_at": utcnow().isoformat()}
    session.add(note)
    await _tell(session, actor, note, [each for each in people if each["id"] not in before])
    touch(session, f"conversation:{note.conversation_id}")


async def delete(session: AsyncSession, actor: Actor, note_id: int) -> None:
    """Remove one's own note for good. Raises NotFound and Conflict as ``edit``."""
    actor.require(Permission.INBOX_DO)
    note, _conversation = await _own(session, actor, note_id)
    await session.delete(note)
    touch(session, f"conversation:{note.conversation_id}")


async def _own(session: AsyncSession, actor: Actor, note_id: int) -> tuple[Message, Conversation]:
    query = select(Message).where(Message.id == note_id, Message.direction == Direction.NOTE)
    note = (await session.exec(query.with_for_update())).first()
    if note is None:
        raise NotFound("note")
    conversation = await conversation_for(session, actor, note.conversation_id)
    if note.author_id != actor.account_id:
        raise Conflict("Only who wrote a note can change or delete it.")
    return note, conversation


def _clean(text: str) -> str:
    body = clean_text(text).strip()
    if not body:
        raise Invalid("message", "Write something first.")
    if len(body) > TEXT_MAX:
        raise Invalid("message", f"A note has at most {TEXT_MAX:,} characters; this has {len(body):,}.")
    return body


def _content(people: list[Colleague]) -> dict[str, Any]:
    return {"kind": TYPE, "mentions": [dict(each) for each in people]}


async def _who_sees(session: AsyncSession, actor: Actor, conversation: Conversation) -> list[Colleague]:
    people = await sessions.colleagues(session, _MOST)
    return [
        Colleague(id=each.account_id or 0, name=each.name)
        for each in people
        if each.account_id != actor.account_id and sees(each, conversation)
    ]


async def _mentioned(
    session: AsyncSession, actor: Actor, conversation: Conversation, mentions: list[int]
) -> list[Colleague]:
    wanted = {each for each in mentions if each != actor.account_id}
    if len(wanted) > MENTIONS_MAX:
        raise Invalid("message", f"Mention at most {MENTIONS_MAX} colleagues in a note.")
    if not wanted:
        return []
    people = [each for each in await _who_sees(session, actor, conversation) if each["id"] in wanted]
    if len(people) < len(wanted):
        raise Invalid(
            "message", "Somebody who is mentioned may not see this conversation. Take the mention out."
        )
    return people


async def _tell(session: AsyncSession, actor: Actor, note: Message, people: list[Colleague]) -> None:
    if not people:
        return
    await notify(
        session,
        [each["id"] for each in people],
        NotificationKind.MENTIONED,
        href=f"/inbox/{note.conversation_id}",
        conversation_id=note.conversation_id,
        by=actor.name,
    )
