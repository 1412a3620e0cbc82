"""What a failed send teaches about the number as a whole."""

from __future__ import annotations

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.errors import GraphError
from wapto_app.db import touch
from wapto_app.models import Channel, ChannelStatus, NotificationKind
from wapto_app.services.notifications import notify, owners


async def note(session: AsyncSession, channel_id: int, error: GraphError) -> None:
    """Remember the problem; only a refused token flips the connection to *reconnect*."""
    channel = (await session.exec(select(Channel).where(Channel.id == channel_id))).one()
    channel.last_error = str(error)[:500]
    if error.is_auth and channel.status is ChannelStatus.CONNECTED:
        await token_refused(session, channel)
    session.add(channel)
    touch(session, "channels")


async def token_refused(session: AsyncSession, channel: Channel) -> None:
    """Neither sending nor receipts work until somebody reconnects the number: the owners are told."""
    channel.status = ChannelStatus.RECONNECT
    name = channel.verified_name or channel.display_phone_number or channel.phone_number_id
    await notify(
        session, await owners(session), NotificationKind.NUMBER_PROBLEM, href="/integrations", name=name
    )
