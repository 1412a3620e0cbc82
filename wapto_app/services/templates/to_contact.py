"""Sending a template to a contact, whether there is a conversation with them or not."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import Channel, ChannelStatus, Contact, Conversation
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import inbox
from wapto_app.services.contacts.starting import start_chat
from wapto_app.services.errors import NotConnected, NotFound
from wapto_app.services.inbox.outgoing import OutgoingTemplate
from wapto_app.services.templates.anatomy import Form
from wapto_app.services.templates.queries import TemplateRow, approved_with, form_with
from wapto_app.services.visibility import readable_contact


async def choices(
    session: AsyncSession, actor: Actor, contact_id: int, channel_id: int, search: str
) -> list[TemplateRow]:
    """What can be sent to the contact from this number of ours; as ``queries.approved``.

    Raises:
        NotFound: the contact or the number is not there or not visible.
        NotConnected: the number cannot be used.
    """
    actor.require(Permission.INBOX_DO)
    return await approved_with(session, await _between(session, actor, contact_id, channel_id), search)


async def form(
    session: AsyncSession, actor: Actor, contact_id: int, channel_id: int, template_id: int
) -> Form:
    """What has to be filled in; as ``queries.form_of``. The errors of ``choices``; NotFound for the template."""
    actor.require(Permission.INBOX_DO)
    conversation = await _between(session, actor, contact_id, channel_id)
    return await form_with(session, actor, conversation, template_id)


async def send(
    session: AsyncSession,
    actor: Actor,
    contact_id: int,
    channel_id: int,
    template: OutgoingTemplate,
    *,
    hold: timedelta = timedelta(0),
) -> int:
    """Send it and return the conversation, which is begun when there is none. Nothing is begun when it is refused.

    Raises:
        The errors of ``contacts.starting.start_chat`` and of ``inbox.send_template``.
    """
    actor.require(Permission.INBOX_DO)
    conversation_id = await start_chat(session, actor, contact_id, channel_id)
    await inbox.deliver(
        session, actor, conversation_id, inbox.Outgoing(reply_to=0, template=template), hold=hold
    )
    return conversation_id


async def _between(session: AsyncSession, actor: Actor, contact_id: int, channel_id: int) -> Conversation:
    """A conversation that there may not be yet: it is in no table."""
    actor.require(Permission.CONTACTS_SEE)
    seen = select(Contact.id).where(Contact.id == contact_id, readable_contact(actor))
    if (await session.exec(seen)).first() is None:
        raise NotFound("contact")
    channel = await session.get(Channel, channel_id)
    if channel is None:
        raise NotFound("number")
    if channel.status is ChannelStatus.DISCONNECTED:
        raise NotConnected
    return Conversation(contact_id=contact_id, channel_id=channel_id)
