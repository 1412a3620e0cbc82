"""A file that is not there is fetched from Meta once more, for as long as Meta has it."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import Conversation, Direction, MediaFile, MediaState, Message
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import Conflict, NotFound
from wapto_app.services.media.files import KEY, absolute
from wapto_app.services.visibility import readable

TOPIC = "media"
"""The job that fetches files is woken by it (``jobs.media``)."""
_META_KEEPS = timedelta(days=7)
"""Meta: how long the id of a file that a customer sent is good for. Our own uploads last longer and say until when."""


async def fetch_again(session: AsyncSession, actor: Actor, media_dir: Path, key: str) -> None:
    """Have the file of a message fetched anew; the bubble shows that it is on its way.

    Raises:
        NotFound: no message that the actor may see carries it.
        Conflict: Meta does not have it any more, or never had it; what to do instead.
    """
    actor.require(Permission.INBOX_DO)
    file, message = await _of_message(session, actor, key)
    touch(session, f"conversation:{message.conversation_id}")
    if file.state is MediaState.PENDING or await _is_there(media_dir, file):
        return
    _check_meta_has_it(file, message)
    file.state, file.error, file.path = MediaState.PENDING, "", ""
    file.attempt = file.refusals = 0
    file.retry_at, file.channel_id = None, message.channel_id
    session.add(file)
    touch(session, TOPIC)


async def _of_message(session: AsyncSession, actor: Actor, key: str) -> tuple[MediaFile, Any]:
    query = (
        select(MediaFile, Message)
        .join(Message, col(Message.media_id) == col(MediaFile.id))
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .where(MediaFile.key == key, readable(actor))
        .order_by(col(Message.id).desc())
        .limit(1)
        .with_for_update(of=table_of(MediaFile))
    )
    found = (await session.exec(query)).first() if KEY.fullmatch(key) else None
    if found is None:
        raise NotFound("file")
    return found[0], found[1]


async def _is_there(media_dir: Path, file: MediaFile) -> bool:
    if file.state is not MediaState.STORED:
        return False
    return await asyncio.to_thread(absolute(media_dir, file.path).is_file)


def _check_meta_has_it(file: MediaFile, message: Message) -> None:
    is_ours = message.direction is not Direction.INBOUND
    if not file.meta_id:
        raise Conflict("WhatsApp does not have this file. Ask whoever has it to send it again.")
    until: datetime = (file.meta_expires_at or message.at) if is_ours else message.at + _META_KEEPS
    if until <= utcnow():
        who = "Upload it and send it again." if is_ours else "Ask the customer to send it again."
        raise Conflict(f"WhatsApp keeps files only for some days, and this one is gone there too. {who}")
