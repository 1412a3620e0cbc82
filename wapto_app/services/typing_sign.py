"""“typing …” on the customer's phone while somebody of the team writes.

Meta ties it to the newest message of the customer, which it marks as read; it goes away when a message is sent, or
after 25 seconds. It is a courtesy: when it cannot be shown, nothing is said about it and nothing is tried again.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass

from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.errors import WhatsAppError
from wapto_app.clock import utcnow
from wapto_app.db import Database, touch
from wapto_app.models import Channel
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.secrets import SecretsUnreadable
from wapto_app.services import audit, outbox, preferences
from wapto_app.services.errors import DomainError
from wapto_app.services.gateway import Gateway
from wapto_app.services.inbox.commands import newest_inbound

TOPIC = "typing_sign"
_NAME = "typing_sign"


async def is_on(session: AsyncSession, actor: Actor) -> bool:
    """Whether the owner wants customers to see it; so it is until they say no."""
    actor.require(Permission.SIGNED_IN)
    return await _is_on(session)


async def _is_on(session: AsyncSession) -> bool:
    return bool((await preferences.read(session, _NAME)).get("on", True))


async def choose(session: AsyncSession, actor: Actor, *, on: bool) -> None:
    """Switch it on or off for everybody."""
    actor.require(Permission.SETTINGS_DO)
    await preferences.write(session, _NAME, {"on": on})
    audit.record(session, actor, "typing_sign.changed", on=on)
    touch(session, TOPIC)


async def show(db: Database, actor: Actor, gateway: Gateway, conversation_id: int) -> None:
    """Show it in a conversation, if a message could be sent there now. Who calls it sees to the pauses between.

    Raises:
        NotFound: the conversation is not there or not visible.
    """
    actor.require(Permission.INBOX_DO)
    async with db.read() as session:
        found = await _where(session, actor, conversation_id)
    if found is None:
        return
    with suppress(WhatsAppError, SecretsUnreadable):
        await gateway.number(found.channel).mark_read(found.wamid, typing=True)


@dataclass(frozen=True, slots=True)
class _Where:
    channel: Channel
    wamid: str


async def _where(session: AsyncSession, actor: Actor, conversation_id: int) -> _Where | None:
    conversation, facts = await outbox.conversation_facts(session, actor, conversation_id)
    if not await _is_on(session):
        return None
    try:
        outbox.check(facts, "text", utcnow())
    except DomainError:
        return None
    wamid = await newest_inbound(session, conversation_id)
    return _Where(await session.get_one(Channel, conversation.channel_id), wamid) if wamid else None
