"""What nobody needs any more is removed once an hour, a little at a time."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.models import EventState, WebhookEvent
from wapto_app.services import links, notifications, sessions

KEEP_WEBHOOKS = timedelta(days=14)
"""Meta delivers again for up to 7 days; a body that is gone could not be recognised as a repetition."""

_AT_ONCE = 5_000


async def clean_up(session: AsyncSession) -> None:
    """Remove expired sessions and links, old notifications, and the raw bodies of webhooks applied long ago."""
    await sessions.delete_expired(session)
    await links.delete_expired(session)
    await notifications.delete_old(session)
    old = (
        sa.select(col(WebhookEvent.id))
        .where(
            col(WebhookEvent.received_at) < utcnow() - KEEP_WEBHOOKS,
            col(WebhookEvent.state) == EventState.DONE,
        )
        .limit(_AT_ONCE)
    )
    await session.exec(sa.delete(WebhookEvent).where(col(WebhookEvent.id).in_(old)))
