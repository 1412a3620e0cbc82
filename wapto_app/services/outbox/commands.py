"""Putting messages into the outbox, and trying failed ones again."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.errors import InvalidMessage
from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import (
    AddressKind,
    Channel,
    Contact,
    ContactAddress,
    Conversation,
    Direction,
    MediaFile,
    MediaState,
    Message,
    MessageFile,
    MessageStatus,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import desk, plans, sessions
from wapto_app.services.errors import Conflict, Invalid, NotFound
from wapto_app.services.outbox.gate import Facts, check
from wapto_app.services.outbox.payloads import build
from wapto_app.services.outbox.template_facts import id_in, template_facts
from wapto_app.services.previews import preview_of
from wapto_app.services.visibility import readable

# A reaction is shown on its message, not as one.
_NOT_IN_LIST = frozenset({"reaction"})


@dataclass(frozen=True, slots=True)
class Draft:
    """A message as somebody composed it. ``content`` is one of the shapes of ``outbox.payloads``; that of a template
    also holds ``template_id``, our row of it.
    """

    type: str
    body: str = ""
    content: dict[str, Any] = field(default_factory=dict)
    media_key: str = ""
    files: dict[str, str] = field(default_factory=dict)
    """The files of its cards: media keys by their places, ``cards.0`` and so on."""
    reply_to_wamid: str = ""
    hold: timedelta = timedelta(0)
    """How long it waits before it may leave, so that its author can take it back."""


async def enqueue(session: AsyncSession, actor: Actor, conversation_id: int, draft: Draft) -> int:
    """Queue a message and return its id; the sender is woken by the commit.

    Raises:
        NotFound: the conversation is not there or not visible.
        Invalid: Meta would refuse the message; names what is wrong.
        WorkspaceLocked, NotConnected, NeedsReconnect, OptedOut, Blocked, WindowClosed: the gate.
        TemplateUnavailable, MarketingStopped: the gate, of a template.
        LimitReached: the plan's messages of this month are used up.
    """
    actor.require(Permission.INBOX_DO)
    conversation, facts = await locked_conversation(session, actor, conversation_id)
    facts = replace(facts, template=await template_facts(session, draft.content))
    now = utcnow()
    check(facts, draft.type, now)
    recipient = await _recipient(session, conversation.contact_id)
    media_id = await media_for(session, draft.media_key, conversation.channel_id) if draft.media_key else None
    card_files = {
        place: await media_for(session, key, conversation.channel_id) for place, key in draft.files.items()
    }
    _validate(draft, recipient)
    message = Message(
        conversation_id=conversation_id,
        channel_id=conversation.channel_id,
        direction=Direction.OUTBOUND,
        type=draft.type,
        body=draft.body,
        content=draft.content,
        template_id=id_in(draft.content) or None,
        reply_to_wamid=draft.reply_to_wamid,
        recipient=recipient,
        status=MessageStatus.QUEUED,
        author_id=actor.account_id,
        media_id=media_id,
        at=now,
        not_before=now + draft.hold if draft.hold else None,
    )
    session.add(message)
    await session.flush()
    assert message.id is not None
    session.add_all(
        MessageFile(message_id=message.id, place=place, media_id=file_id)
        for place, file_id in card_files.items()
    )
    if draft.type not in _NOT_IN_LIST:
        await plans.use(session, plans.Limit.MESSAGES)
        show_in_list(conversation, message)
        await desk.replied(
            session, conversation_id, message.at, account_id=actor.account_id, team_id=actor.team_id
        )
    touch(session, "inbox", f"conversation:{conversation_id}", f"outbox:{conversation.channel_id}")
    return message.id


async def retry(session: AsyncSession, actor: Actor, message_id: int) -> None:
    """Queue a failed or unconfirmed message again, because a person asked for it.

    Raises:
        NotFound: the message is not there.
        Conflict: it is on its way or has arrived meanwhile.
    """
    actor.require(Permission.INBOX_DO)
    found = await session.exec(
        select(Message)
        .where(Message.id == message_id, Message.direction == Direction.OUTBOUND)
        .with_for_update()
    )
    message = found.first()
    if message is None:
        raise NotFound("message")
    conversation, facts = await locked_conversation(session, actor, message.conversation_id)
    facts = replace(facts, template=await template_facts(session, message.content))
    if message.status not in (MessageStatus.FAILED, MessageStatus.UNCONFIRMED):
        raise Conflict("This message is already on its way.")
    check(facts, message.type, utcnow())
    message.status, message.not_before, message.refusals = MessageStatus.QUEUED, None, 0
    # A new attempt gets a new id from Meta; reports about the old one still find us by callback data.
    message.wamid, message.error_code, message.error_detail = None, None, ""
    # The customer may have changed the number since.
    message.recipient = await _recipient(session, conversation.contact_id)
    if conversation.last_message_id == message.id:
        conversation.preview_status = MessageStatus.QUEUED.value
    touch(session, "inbox", f"conversation:{message.conversation_id}", f"outbox:{message.channel_id}")


async def locked_conversation(
    session: AsyncSession, actor: Actor, conversation_id: int
) -> tuple[Conversation, Facts]:
    """The conversation, locked until the end of the transaction: its preview must follow the newest message."""
    actor.require(Permission.INBOX_DO)
    found = await session.exec(
        select(Conversation, Channel, Contact, sessions.is_locked())
        .join(Channel, col(Channel.id) == col(Conversation.channel_id))
        .join(Contact, col(Contact.id) == col(Conversation.contact_id))
        .where(Conversation.id == conversation_id, readable(actor))
        .with_for_update(of=Conversation, key_share=True)
    )
    row = found.first()
    if row is None:
        raise NotFound("conversation")
    conversation, channel, contact, locked = row
    facts = Facts(
        channel_status=channel.status,
        channel_name=channel.verified_name or channel.display_phone_number,
        last_inbound_at=conversation.last_inbound_at,
        opted_out=contact.opted_out_at is not None,
        blocked=contact.blocked_at is not None,
        locked=bool(locked),
        marketing_stopped=contact.marketing_stopped_at is not None,
    )
    return conversation, facts


async def _recipient(session: AsyncSession, contact_id: int) -> str:
    """A phone number when we know one (authentication templates need it), else the business-scoped user id."""
    found = await session.exec(
        select(ContactAddress.kind, ContactAddress.value)
        .where(ContactAddress.contact_id == contact_id)
        .order_by(col(ContactAddress.id))
    )
    addresses = dict(found.all())
    if number := addresses.get(AddressKind.PHONE):
        return number
    if wa_id := addresses.get(AddressKind.WA_ID):
        return f"+{wa_id.lstrip('+')}"
    if user_id := addresses.get(AddressKind.BSUID):
        return user_id
    raise Conflict("We know no WhatsApp address of this contact.")


async def media_for(session: AsyncSession, key: str, channel_id: int) -> int:
    """The id of a file for this number: Meta knows an uploaded file only on the number it was uploaded with.

    Raises:
        NotFound: there is no such file.
    """
    found = await session.exec(
        select(MediaFile).where(MediaFile.key == key, MediaFile.state == MediaState.STORED)
    )
    file = found.first()
    if file is None:
        raise NotFound("file")
    if file.channel_id not in (None, channel_id):
        file = _copy(file)
    file.channel_id = channel_id
    session.add(file)
    await session.flush()
    assert file.id is not None
    return file.id


def _copy(file: MediaFile) -> MediaFile:
    """Another row over the same bytes."""
    return MediaFile(
        key=secrets.token_hex(16),
        state=file.state,
        mime_type=file.mime_type,
        filename=file.filename,
        size=file.size,
        sha256=file.sha256,
        path=file.path,
        uploaded_by=file.uploaded_by,
    )


def _validate(draft: Draft, recipient: str) -> None:
    try:
        build(
            draft.type,
            draft.body,
            draft.content,
            recipient=recipient,
            media="0" if draft.media_key else "",
            files=dict.fromkeys(draft.files, "0"),
        )
    except InvalidMessage as error:
        raise Invalid("message", error.message) from None


def show_in_list(conversation: Conversation, message: Message | None) -> None:
    """Let the line of the list tell of this message; of none, the conversation has just begun."""
    if message is None:
        conversation.last_message_at, conversation.last_message_id = conversation.created_at, None
        conversation.preview, conversation.preview_type = "", ""
        conversation.preview_outbound, conversation.preview_status = False, ""
        return
    outbound = message.direction is Direction.OUTBOUND
    conversation.last_message_at = message.at
    conversation.last_message_id = message.id
    conversation.preview = preview_of(message.type, message.body, message.content)
    conversation.preview_type = message.type
    conversation.preview_outbound = outbound
    conversation.preview_status = message.status.value if outbound else ""
