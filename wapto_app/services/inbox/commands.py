"""What an agent does in a conversation."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict

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
PLACE_MAX = 1000
"""Longest name or address of a place that we hand on."""
_WITHOUT_CAPTION = ("audio", "sticker")
AT_ONCE = timedelta(0)
_VOICE = "audio/ogg"


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
    conversation.receipt_wamid = await newest_inbound(session, conversation_id)
    session.add(conversation)
    touch(session, "inbox", f"conversation:{conversation_id}", f"outbox:{conversation.channel_id}")


async def newest_inbound(session: AsyncSession, conversation_id: int) -> str:
    """Meta's id of the customer's newest message, empty for none: WhatsApp marks it and all before it as read."""
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


class OutgoingFile(TypedDict):
    """An uploaded file by its key. ``voice``: it was spoken here, so it is shown as a voice message."""

    key: str
    caption: str
    voice: bool


async def send(
    session: AsyncSession,
    actor: Actor,
    conversation_id: int,
    *,
    text: str,
    files: list[OutgoingFile],
    reply_to: int,
    hold: timedelta = AT_ONCE,
) -> list[int]:
    """Files in their order, each with its caption; the text becomes the caption of the last one if it can.

    Returns the ids of the messages in their order. For ``hold`` (see ``outbox.hold_of``) they can be taken back.

    Raises:
        Invalid: there is nothing to send, or a text is too long. Nothing is sent then. ``field`` is ``message`` or
            ``caption.<n>``.
        The errors of ``outbox.enqueue``.
    """
    actor.require(Permission.INBOX_DO)
    if len(files) > FILES_MAX:
        raise Invalid("message", f"Send at most {FILES_MAX} files at a time.")
    if not files:
        return [await send_text(session, actor, conversation_id, text, reply_to=reply_to, hold=hold)]
    files, text = _with_text(files, clean_text(text).strip())
    sent: list[int] = []
    for number, file in enumerate(files):
        about = _About(reply_to, hold, f"caption.{number}")
        sent += await _send_file(session, actor, conversation_id, file, about)
    if text:
        sent.append(await send_text(session, actor, conversation_id, text, hold=hold))
    return sent


def _with_text(files: list[OutgoingFile], text: str) -> tuple[list[OutgoingFile], str]:
    """The files, the last one with the text as its caption if it has none, and what is left of the text."""
    *others, last = files
    if not text or last["caption"].strip() or len(text) > CAPTION_MAX:
        return files, text
    return [*others, OutgoingFile(key=last["key"], caption=text, voice=last["voice"])], ""


async def take_back(session: AsyncSession, actor: Actor, message_ids: list[int]) -> list[outbox.TakenBack]:
    """Take back all of them or none, as they were sent together. Raises the errors of ``outbox.take_back``."""
    actor.require(Permission.INBOX_DO)
    # The newest first, so that the list shows one after the other what was there before.
    taken = [
        await outbox.take_back(session, actor, message_id)
        for message_id in sorted(message_ids, reverse=True)[: 2 * FILES_MAX + 1]
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
    wamid = await answered_wamid(session, conversation_id, reply_to)
    draft = Draft("text", body, {"kind": "text"}, reply_to_wamid=wamid, hold=hold)
    return await enqueue(session, actor, conversation_id, draft)


async def send_file(
    session: AsyncSession,
    actor: Actor,
    conversation_id: int,
    key: str,
    caption: str = "",
    *,
    reply_to: int = 0,
    voice: bool = False,
    hold: timedelta = AT_ONCE,
) -> int:
    """Send an uploaded file. Sound and stickers cannot have a caption; a text then follows as its own message.

    ``voice``: show it as a voice message, if WhatsApp can (Meta: OGG with OPUS only).

    Raises:
        Invalid: the caption is too long.
        NotFound: there is no such file or conversation.
    """
    file = OutgoingFile(key=key, caption=caption, voice=voice)
    about = _About(reply_to, hold, "message")
    return (await _send_file(session, actor, conversation_id, file, about))[0]


@dataclass(frozen=True, slots=True)
class _About:
    """What a file answers, how long it waits, and where its caption stands in the form."""

    reply_to: int
    hold: timedelta
    field: str


async def _send_file(
    session: AsyncSession, actor: Actor, conversation_id: int, file: OutgoingFile, about: _About
) -> list[int]:
    actor.require(Permission.INBOX_DO)
    caption = clean_text(file["caption"]).strip()
    await conversation_for(session, actor, conversation_id)
    found = await session.exec(select(MediaFile.mime_type).where(MediaFile.key == file["key"]))
    mime_type = found.first()
    if mime_type is None:
        raise NotFound("file")
    kind = kind_of(mime_type)
    own_text = caption if kind in _WITHOUT_CAPTION else ""
    if len(caption) > CAPTION_MAX and not own_text:
        raise Invalid(
            about.field,
            f"A caption has at most {CAPTION_MAX:,} characters; this has {len(caption):,}.",
        )
    draft = Draft(
        kind,
        "" if own_text else caption,
        _media_content(kind, voice=file["voice"] and mime_type == _VOICE),
        media_key=file["key"],
        reply_to_wamid=await answered_wamid(session, conversation_id, about.reply_to),
        hold=about.hold,
    )
    sent = [await enqueue(session, actor, conversation_id, draft)]
    if own_text:
        sent.append(await send_text(session, actor, conversation_id, own_text, hold=about.hold))
    return sent


def _media_content(kind: str, *, voice: bool) -> dict[str, Any]:
    content: dict[str, Any] = {"kind": "media", "media_type": kind}
    return content | {"voice": True} if voice else content


async def send_location(
    session: AsyncSession,
    actor: Actor,
    conversation_id: int,
    latitude: float,
    longitude: float,
    name: str = "",
    address: str = "",
    *,
    reply_to: int = 0,
    hold: timedelta = AT_ONCE,
) -> int:
    """Send a place, in degrees. Raises Invalid for degrees that are not on Earth."""
    actor.require(Permission.INBOX_DO)
    if not (-90 <= latitude <= 90 and -180 <= longitude <= 180):
        raise Invalid("place", "This place does not exist: latitude is −90 to 90, longitude −180 to 180.")
    await conversation_for(session, actor, conversation_id)
    label = clean_text(name).strip()[:PLACE_MAX]
    content = {
        "kind": "location",
        "latitude": latitude,
        "longitude": longitude,
        "name": label,
        "address": clean_text(address).strip()[:PLACE_MAX],
    }
    wamid = await answered_wamid(session, conversation_id, reply_to)
    draft = Draft("location", label, content, reply_to_wamid=wamid, hold=hold)
    return await enqueue(session, actor, conversation_id, draft)


async def react(
    session: AsyncSession, actor: Actor, conversation_id: int, message_id: int, emoji: str
) -> None:
    """Put an emoji on a message, or take it back with an empty one.

    Raises:
        Conflict: WhatsApp does not know the message (yet).
    """
    actor.require(Permission.INBOX_DO)
    await conversation_for(session, actor, conversation_id)
    wamid = await answered_wamid(session, conversation_id, message_id)
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


async def answered_wamid(session: AsyncSession, conversation_id: int, message_id: int) -> str:
    """Meta's id of a message of this conversation; empty when there is none."""
    if not message_id:
        return ""
    found = await session.exec(
        select(Message.wamid).where(Message.id == message_id, Message.conversation_id == conversation_id)
    )
    return found.first() or ""
