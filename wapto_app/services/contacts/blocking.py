"""Blocking in WhatsApp itself, through the block list of our numbers.

These take the database rather than a session: no lock is held while Meta answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.blocking import BlockResult
from integrations.whatsapp.errors import GraphError, NoAnswer, WhatsAppError
from wapto_app.clock import utcnow
from wapto_app.db import Database, touch
from wapto_app.models import (
    AddressKind,
    Channel,
    ChannelStatus,
    Contact,
    ContactAddress,
    ContactEventKind,
    Conversation,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.secrets import SecretsUnreadable
from wapto_app.services import audit, contact_events
from wapto_app.services.contact_names import TOPIC
from wapto_app.services.contacts.editing import of_id
from wapto_app.services.desk import WINDOW
from wapto_app.services.errors import Blocked, Conflict
from wapto_app.services.gateway import Gateway
from wapto_app.services.unwanted import cancel_for

TOO_LATE = (
    "WhatsApp lets you block only who wrote to you within the last 24 hours. Opt the contact out instead: "
    "then nothing is sent to them."
)
_UNREACHABLE = "Meta could not be reached. Check the internet connection of this server and try again."


@dataclass(frozen=True, slots=True)
class _Reach:
    """Who is to be blocked, as WhatsApp knows them, and on which of our numbers."""

    user: str
    channels: list[Channel]


async def block(db: Database, actor: Actor, gateway: Gateway, contact_id: int) -> None:
    """Nothing of theirs arrives any more at the numbers that they wrote to, and nothing is sent to them.

    Meta: only who wrote within the last 24 hours can be blocked.

    Raises:
        Conflict: that is over, or Meta refused. Nothing has changed then.
        NotFound: the contact is not there or not visible.
    """
    actor.require(Permission.CONTACTS_DO)
    async with db.read() as session:
        await of_id(session, actor, contact_id)
        reach = await _reach(session, contact_id, recent=True)
    if not reach.channels:
        raise Conflict(TOO_LATE)
    for channel in reach.channels:
        await _ask(gateway, channel, reach.user, blocks=True)
    await _note(db, actor, contact_id, blocked=True)


async def unblock(db: Database, actor: Actor, gateway: Gateway, contact_id: int) -> None:
    """They may write again, and be written to.

    Raises:
        Conflict: Meta refused. They stay blocked then.
        NotFound: the contact is not there or not visible.
    """
    actor.require(Permission.CONTACTS_DO)
    async with db.read() as session:
        await of_id(session, actor, contact_id)
        reach = await _reach(session, contact_id, recent=False)
    for channel in reach.channels:
        await _ask(gateway, channel, reach.user, blocks=False)
    await _note(db, actor, contact_id, blocked=False)


async def can_block(session: AsyncSession, contact_id: int) -> bool:
    """Whether WhatsApp would take it now. For services: the caller has asked for permission."""
    return bool((await _reach(session, contact_id, recent=True)).channels)


async def _reach(session: AsyncSession, contact_id: int, *, recent: bool) -> _Reach:
    query = (
        select(Channel)
        .join(Conversation, col(Conversation.channel_id) == col(Channel.id))
        .where(Conversation.contact_id == contact_id, Channel.status != ChannelStatus.DISCONNECTED)
        .order_by(col(Channel.id))
    )
    if recent:
        query = query.where(col(Conversation.last_inbound_at) > utcnow() - WINDOW)
    user = await _user(session, contact_id)
    return _Reach(user, list((await session.exec(query)).all()) if user else [])


async def _user(session: AsyncSession, contact_id: int) -> str:
    """Preferably the number as WhatsApp spells it."""
    rows = await session.exec(
        select(ContactAddress.kind, ContactAddress.value)
        .where(ContactAddress.contact_id == contact_id)
        .order_by(col(ContactAddress.id))
    )
    known = {row[0]: row[1] for row in rows}
    if AddressKind.WA_ID in known:
        return f"+{known[AddressKind.WA_ID].lstrip('+')}"
    return known.get(AddressKind.PHONE) or known.get(AddressKind.BSUID) or ""


async def _ask(gateway: Gateway, channel: Channel, user: str, *, blocks: bool) -> None:
    try:
        graph = gateway.number(channel).graph
        change = graph.block_users if blocks else graph.unblock_users
        result: BlockResult = await change(channel.phone_number_id, [user])
    except NoAnswer:
        raise Conflict(_UNREACHABLE) from None
    except GraphError as error:
        raise Conflict(_reason(error)) from None
    except (WhatsAppError, SecretsUnreadable) as error:
        raise Conflict(str(error)) from None
    if result.failed:
        raise Conflict(_reason(next(iter(result.failed.values()))))


def _reason(error: GraphError) -> str:
    return f"WhatsApp refused: {error.details or error.user_message or error.info.meaning}"


async def _note(db: Database, actor: Actor, contact_id: int, *, blocked: bool) -> None:
    values: dict[str, Any] = {"blocked_at": utcnow() if blocked else None, "updated_at": utcnow()}
    kind = ContactEventKind.BLOCKED if blocked else ContactEventKind.UNBLOCKED
    async with db.write() as session:
        await session.exec(sa.update(Contact).where(col(Contact.id) == contact_id).values(**values))
        await contact_events.record(session, [contact_id], kind, actor.account_id)
        if blocked:
            connection = await session.connection()
            touch(session, *await connection.run_sync(cancel_for, [contact_id], Blocked().message))
        audit.record(session, actor, f"contact.{kind.value}", f"contact:{contact_id}")
        touch(session, "inbox", TOPIC, f"contact:{contact_id}")
