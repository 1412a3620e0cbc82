"""How much waits in the outbox."""

from __future__ import annotations

import sqlalchemy as sa
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import Message
from wapto_app.models.base import table_of
from wapto_app.models.conversations import UNCONFIRMED, WAITING

message = table_of(Message)


async def depth(session: AsyncSession) -> dict[str, int]:
    """Messages that are queued, being sent, or unconfirmed; a status without any is left out."""
    found: dict[str, int] = {}
    # One query for each partial index: together they would read the whole table.
    for condition in (WAITING, UNCONFIRMED):
        query = (
            sa.select(message.c.status, sa.func.count()).where(sa.text(condition)).group_by(message.c.status)
        )
        found |= {status.value: count for status, count in await fetch(session, query)}
    return found
