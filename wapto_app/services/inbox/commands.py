"""What an agent does in a conversation."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import Direction, MediaFile, Message
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import outbox
from wapto_app.services.errors import Conflict, Invalid, NotFound
from wapto_app.services.ingest.changes import put_reaction
from wapto_app.services.media import kind_of
from wapto_app.services.outbox import Draft, enqueue
from wapto_app.services.visibility import conversation_for

TEXT_MAX = 4096
"""Meta: longest text message."""
CAPTION_MAX = 1024
"""Meta: longest caption."""
FILES_MAX = 10
AT_ONCE = timedelta(0)
_WITHOUT_CAPTION = ("audio", "sticker")


async def open_conversation(session: AsyncSession, actor: Actor, conversation_id: int) -> None:
    """Somebody reads it: clear the unread count and let WhatsApp show the customer blue ticks.

    Raises:
        NotFound: the conversation is not there or not visible.
    """
    actor.require(Permission.INBOX_SEE)
    if actor.is_looking:
        return
    conversation = await conversation_for(session, actor, conversation_id)
    if conversation.unread == 0:
        return
    conversation.unread = 0
    conversation.receipt_wamid = await _newest_inbound(session, conversation_id)
    session.add(conversation)
    touch(session, "inbox", f"conversation:{conversation_id}", f"outbox:{conversation.channel_id}")


async def _newest_inbound(session: AsyncSession, conversation_id: int) -> str:
    """WhatsApp marks this message and all before it as read."""
    found = await session.exec(
        select(Message.wamid)
        .where(Message.conversation_id == conversation_id, Message.direction == Direction.INBOUND)
        .order_by(col(Message.at).desc(), col(Message.id).desc())
        .limit(1)
    )
    return found.first() or ""


async def mark_unread(session: AsyncSession, actor: Actor, conversation_id: int) -> None:
    """Come back to it later. Raises NotFound."""
    actor.require(Permission.INBOX_DO)
    conversation = await conversation_for(session, actor, conversation_id)
    conversation.unread = max(1, conversation.unread)
    session.add(conversation)
    touch(session, "inbox", f"conversation:{conversation_id}")


async def send(
    session: AsyncSession,
    actor: Actor,
    conversation_id: int,
    *,
    text: str,
    files: list[str],
    reply_to: int,
    hold: timedelta = AT_ONCE,
) -> list[int]:
    """What the composer hands over: files in their order, the text as caption of a single one or as its own message.

    Returns the ids of the messages. For ``hold`` (see ``outbox.hold_of``) they can be taken back.

    Raises:
        Invalid: there is nothing to send, or a text is too long. Nothing is sent then.
        The errors of ``outbox.enqueue``.
    """
    if len(files) > FILES_MAX:
        raise Invalid("message", f"Send at most {FILES_MAX} files at a time.")
    if not files:
        return [await send_text(session, actor, conversation_id, text, reply_to=reply_to, hold=hold)]
    *others, last = files
    ids = [
        await send_file(session, actor, conversation_id, key, reply_to=reply_to, hold=hold) for key in others
    ]
    own_text = await _follows(session, last, text)
    caption = "" if own_text else text
    ids.append(await send_file(session, actor, conversation_id, last, caption, reply_to=reply_to, hold=hold))
    if own_text:
        ids.append(await send_text(session, actor, conversation_id, text, hold=hold))
    return ids


async def take_back(session: AsyncSession, actor: Actor, message_ids: list[int]) -> list[outbox.TakenBack]:
    """Take back all of them or none, as they were sent together. Raises the errors of ``outbox.take_back``."""
    actor.require(Permission.INBOX_DO)
    # The newest first, so that the list shows one after the other what was there before.
    taken = [
        await outbox.take_back(session, actor, message_id)
        for message_id in sorted(message_ids, reverse=True)[: FILES_MAX + 1]
    ]
    return taken[::-1]


async def send_text(
    session: AsyncSession,
    actor: Actor,
    conversation_id: int,
    text: str,
    *,
    reply_to: int = 0,
    hold: timedelta = AT_ONCE,
) -> int:
    """Send a text, as an answer to the message ``reply_to`` if given.

    Raises:
        Invalid: the text is empty or too long.
        The errors of ``outbox.enqueue``.
    """
    actor.require(Permission.INBOX_DO)
    body = clean_text(text).strip()
    if not body:
        raise Invalid("message", "Write something first.")
    if len(body) > TEXT_MAX:
        raise Invalid("message", f"WhatsApp takes at most {TEXT_MAX:,} characters; this has {len(body):,}.")
    await conversation_for(session, actor, conversation_id)
    draft = Draft(
        "text",
        body,
        {"kind": "text"},
        reply_to_wamid=await _wamid(session, conversation_id, reply_to),
        hold=hold,
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
    hold: timedelta = AT_ONCE,
) -> int:
    """Send an uploaded file. Sound and stickers cannot have a caption; a text then follows as its own message.

    Raises:
        Invalid: the caption is too long.
        NotFound: there is no such file or conversation.
    """
    actor.require(Permission.INBOX_DO)
    caption = clean_text(caption).strip()
    await conversation_for(session, actor, conversation_id)
    mime_type = (await session.exec(select(MediaFile.mime_type).where(MediaFile.key == key))).first()
    if mime_type is None:
        raise NotFound("file")
    kind = kind_of(mime_type)
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
        hold=hold,
    )
    message_id = await enqueue(session, actor, conversation_id, draft)
    if own_text:
        await send_text(session, actor, conversation_id, own_text, hold=hold)
    return message_id


async def _follows(session: AsyncSession, key: str, text: str) -> bool:
    """Whether the text of a file has to be a message of its own."""
    mime_type = (await session.exec(select(MediaFile.mime_type).where(MediaFile.key == key))).first()
    return bool(clean_text(text).strip()) and kind_of(mime_type or "") in _WITHOUT_CAPTION


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
    await conversation_for(session, actor, conversation_id)
    label = clean_text(name).strip()[:100]
    content = {"kind": "location", "latitude": latitude, "longitude": longitude, "name": label}
    return await enqueue(session, actor, conversation_id, Draft("location", label, content))


async def react(
    session: AsyncSession, actor: Actor, conversation_id: int, message_id: int, emoji: str
) -> None:
    """Put an emoji on a message, or take it back with an empty one.

    Raises:
        Conflict: WhatsApp does not know the message (yet).
    """
    actor.require(Permission.INBOX_DO)
    await conversation_for(session, actor, conversation_id)
    wamid = await _wamid(session, conversation_id, message_id)
    if not wamid:
        raise Conflict("Wait until this message is sent, then react to it.")
    emoji = clean_text(emoji).strip()[:16]
    await enqueue(
        session,
        actor,
        conversation_id,
        Draft("reaction", emoji, {"kind": "reaction", "message_id": wamid, "emoji": emoji}),
    )
    row = {
        "conversation_id": conversation_id,
        "target_wamid": wamid,
        "from_customer": False,
        "emoji": emoji,
        "at": utcnow(),
    }
    connection = await session.connection()
    await connection.run_sync(put_reaction, row)


async def _wamid(session: AsyncSession, conversation_id: int, message_id: int) -> str:
    """Meta's id of a message of this conversation; empty when there is none."""
    if not message_id:
        return ""
    found = await session.exec(
        select(Message.wamid).where(Message.id == message_id, Message.conversation_id == conversation_id)
    )
    return found.first() or ""
