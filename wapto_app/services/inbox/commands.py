"""What an agent does in a conversation."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import Conversation, MediaFile, Message, Reaction
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import Conflict, Invalid, NotFound
from wapto_app.services.inbox.visibility import readable
from wapto_app.services.outbox import Draft, enqueue
from wapto_app.services.outbox.payloads import MEDIA_TYPES

TEXT_MAX = 4096
"""Meta: longest text message."""
CAPTION_MAX = 1024
"""Meta: longest caption."""
_WITHOUT_CAPTION = ("audio", "sticker")


async def _visible(session: AsyncSession, actor: Actor, conversation_id: int) -> Conversation:
    found = await session.exec(
        select(Conversation).where(Conversation.id == conversation_id, readable(actor))
    )
    conversation = found.first()
    if conversation is None:
        raise NotFound("conversation")
    return conversation


async def open_conversation(session: AsyncSession, actor: Actor, conversation_id: int) -> None:
    """Somebody reads it: clear the unread count and let WhatsApp show the customer blue ticks.

    Raises:
        NotFound: the conversation is not there or not visible.
    """
    actor.require(Permission.INBOX_SEE)
    conversation = await _visible(session, actor, conversation_id)
    if conversation.unread == 0:
        return
    conversation.unread = 0
    conversation.receipt_wamid = conversation.last_inbound_wamid
    session.add(conversation)
    touch(session, "inbox", f"conversation:{conversation_id}", f"outbox:{conversation.channel_id}")


async def mark_unread(session: AsyncSession, actor: Actor, conversation_id: int) -> None:
    """Come back to it later. Raises NotFound."""
    actor.require(Permission.INBOX_DO)
    conversation = await _visible(session, actor, conversation_id)
    conversation.unread = max(1, conversation.unread)
    session.add(conversation)
    touch(session, "inbox", f"conversation:{conversation_id}")


async def send_text(
    session: AsyncSession, actor: Actor, conversation_id: int, text: str, *, reply_to: int = 0
) -> int:
    """Send a text, as an answer to the message ``reply_to`` if given.

    Raises:
        Invalid: the text is empty or too long.
        The errors of ``outbox.enqueue``.
    """
    actor.require(Permission.INBOX_DO)
    body = text.replace("\x00", "").strip()
    if not body:
        raise Invalid("message", "Write something first.")
    if len(body) > TEXT_MAX:
        raise Invalid("message", f"WhatsApp takes at most {TEXT_MAX:,} characters; this has {len(body):,}.")
    await _visible(session, actor, conversation_id)
    draft = Draft(
        "text", body, {"kind": "text"}, reply_to_wamid=await _wamid(session, conversation_id, reply_to)
    )
    return await enqueue(session, actor, conversation_id, draft)


async def send_file(
    session: AsyncSession,
    actor: Actor,
    conversation_id: int,
    key: str,
    caption: str = "",
    *,
    reply_to: int = 0,
) -> int:
    """Send an uploaded file. Sound and stickers cannot have a caption; a text then follows as its own message.

    Raises:
        Invalid: the caption is too long.
        NotFound: there is no such file or conversation.
    """
    actor.require(Permission.INBOX_DO)
    caption = caption.replace("\x00", "").strip()
    await _visible(session, actor, conversation_id)
    mime_type = (await session.exec(select(MediaFile.mime_type).where(MediaFile.key == key))).first()
    if mime_type is None:
        raise NotFound("file")
    kind = message_type(mime_type)
    own_text = caption if kind in _WITHOUT_CAPTION else ""
    if len(caption) > CAPTION_MAX and not own_text:
        raise Invalid(
            "message", f"A caption has at most {CAPTION_MAX:,} characters; this has {len(caption):,}."
        )
    draft = Draft(
        kind,
        "" if own_text else caption,
        {"kind": "media", "media_type": kind},
        media_key=key,
        reply_to_wamid=await _wamid(session, conversation_id, reply_to),
    )
    message_id = await enqueue(session, actor, conversation_id, draft)
    if own_text:
        await send_text(session, actor, conversation_id, own_text)
    return message_id


def message_type(mime_type: str) -> str:
    """WhatsApp's message type for a file that passed ``media.sniff``."""
    if mime_type == "image/webp":
        return "sticker"
    family = mime_type.split("/")[0]
    return family if family in MEDIA_TYPES else "document"


async def send_location(
    session: AsyncSession,
    actor: Actor,
    conversation_id: int,
    latitude: float,
    longitude: float,
    name: str = "",
) -> int:
    """Send a place, in degrees. Raises Invalid for degrees that are not on Earth."""
    actor.require(Permission.INBOX_DO)
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise Invalid("message", "This place does not exist: latitude is −90 to 90, longitude −180 to 180.")
    await _visible(session, actor, conversation_id)
    content = {"kind": "location", "latitude": latitude, "longitude": longitude, "name": name.strip()[:100]}
    return await enqueue(session, actor, conversation_id, Draft("location", name.strip()[:100], content))


async def react(
    session: AsyncSession, actor: Actor, conversation_id: int, message_id: int, emoji: str
) -> None:
    """Put an emoji on a message, or take it back with an empty one.

    Raises:
        Conflict: WhatsApp does not know the message (yet).
    """
    actor.require(Permission.INBOX_DO)
    await _visible(session, actor, conversation_id)
    wamid = await _wamid(session, conversation_id, message_id)
    if not wamid:
        raise Conflict("Wait until this message is sent, then react to it.")
    emoji = emoji.strip()[:16]
    await enqueue(
        session,
        actor,
        conversation_id,
        Draft("reaction", emoji, {"kind": "reaction", "message_id": wamid, "emoji": emoji}),
    )
    await session.exec(
        sa.delete(Reaction).where(col(Reaction.target_wamid) == wamid, col(Reaction.from_customer).is_(False))
    )
    session.add(
        Reaction(
            conversation_id=conversation_id, target_wamid=wamid, from_customer=False, emoji=emoji, at=utcnow()
        )
    )


async def _wamid(session: AsyncSession, conversation_id: int, message_id: int) -> str:
    """Meta's id of a message of this conversation; empty when there is none."""
    if not message_id:
        return ""
    found = await session.exec(
        select(Message.wamid).where(Message.id == message_id, Message.conversation_id == conversation_id)
    )
    return found.first() or ""
