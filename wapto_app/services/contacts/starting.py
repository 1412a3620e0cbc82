"""Beginning a conversation with a contact who has not written, or not lately."""

from __future__ import annotations

from typing import TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import Channel, ChannelStatus, ContactAddress, Conversation, Visibility
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.contacts.editing import of_id
from wapto_app.services.errors import Conflict, Invalid, NotConnected, NotFound
from wapto_app.services.identity import insert_ignore
from wapto_app.services.visibility import readable

_NO_ADDRESS = "WhatsApp knows no way to this contact yet. Add a phone number, or wait until they write."


class NumberChoice(TypedDict):
    """One of our numbers, to write from."""

    value: str
    label: str


async def numbers(session: AsyncSession, actor: Actor) -> list[NumberChoice]:
    """The connected numbers."""
    actor.require(Permission.INBOX_DO)
    query = select(Channel).where(Channel.status != ChannelStatus.DISCONNECTED).order_by(col(Channel.id))
    return [
        NumberChoice(value=str(each.id), label=f"{each.verified_name} {each.display_phone_number}".strip())
        for each in await session.exec(query)
    ]


async def start_chat(session: AsyncSession, actor: Actor, contact_id: int, channel_id: int) -> int:
    """The conversation with a contact from one of our numbers, made when there is none; its id.

    Raises:
        NotFound: the contact or the number is not there or not visible.
        NotConnected: the number cannot be used.
        Invalid: there is no way to the contact.
        Conflict: somebody of another team talks to them already.
    """
    actor.require(Permission.INBOX_DO)
    await of_id(session, actor, contact_id)
    channel = await session.get(Channel, channel_id)
    if channel is None:
        raise NotFound("number")
    if channel.status is ChannelStatus.DISCONNECTED:
        raise NotConnected
    reach = select(ContactAddress.id).where(ContactAddress.contact_id == contact_id).limit(1)
    if (await session.exec(reach)).first() is None:
        raise Invalid("", _NO_ADDRESS)
    connection = await session.connection()
    await connection.run_sync(_open, contact_id, channel_id, actor)
    query = select(Conversation.id).where(
        Conversation.contact_id == contact_id, Conversation.channel_id == channel_id, readable(actor)
    )
    found = (await session.exec(query)).first()
    if found is None:
        raise Conflict("Another team talks to this contact already. Ask them, or an owner.")
    touch(session, "inbox", f"contact:{contact_id}")
    return found


def _open(connection: sa.Connection, contact_id: int, channel_id: int, actor: Actor) -> None:
    """Who sees only their own conversations holds it, or they would not see what they began."""
    now = utcnow()
    own = actor.visibility is Visibility.OWN
    row = {
        "contact_id": contact_id,
        "channel_id": channel_id,
        "status": "open",
        "assignee_id": actor.account_id if own else None,
        "team_id": actor.team_id,
        "unread": 0,
        "preview": "",
        "preview_type": "",
        "preview_outbound": False,
        "preview_status": "",
        "last_message_at": now,
        "receipt_wamid": "",
        "created_at": now,
    }
    connection.execute(insert_ignore(connection.dialect.name, table_of(Conversation)), [row])
