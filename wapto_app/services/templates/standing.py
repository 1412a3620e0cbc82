"""How things stand with the templates as a whole: which accounts there are, when Meta was asked, how many fit."""

from __future__ import annotations

from datetime import datetime
from typing import TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import Channel, ChannelStatus, Template
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import plans
from wapto_app.services.plans import Limit
from wapto_app.services.templates.drafts import DRAFT


class AccountChoice(TypedDict):
    """A WhatsApp Business account with a connected number; ``name`` is that number's name."""

    waba_id: str
    name: str


class Standing(TypedDict):
    """``synced`` is when Meta's list was read last, of the account where that is longest ago; ISO 8601 or empty.

    ``used`` and ``limit`` are of the plan, -1 for no limit.
    """

    accounts: list[AccountChoice]
    synced: str
    used: int
    limit: int


async def standing(session: AsyncSession, actor: Actor) -> Standing:
    """For the head of the list, and for who writes a new one."""
    actor.require(Permission.TEMPLATES_SEE)
    room = await plans.room(session, Limit.TEMPLATES)
    accounts = await _accounts(session)
    return Standing(
        accounts=accounts,
        synced=await _synced(session, [each["waba_id"] for each in accounts]),
        used=room.used,
        limit=room.limit,
    )


async def _accounts(session: AsyncSession) -> list[AccountChoice]:
    query = (
        sa.select(col(Channel.waba_id), sa.func.min(col(Channel.verified_name)).label("name"))
        .where(col(Channel.status) == ChannelStatus.CONNECTED)
        .group_by(col(Channel.waba_id))
        .order_by(sa.func.min(col(Channel.id)))
    )
    return [
        AccountChoice(waba_id=row.waba_id, name=row.name or row.waba_id)
        for row in await fetch(session, query)
    ]


async def _synced(session: AsyncSession, accounts: list[str]) -> str:
    newest = (
        sa.select(sa.func.max(col(Template.synced_at)).label("at"))
        .where(col(Template.waba_id).in_(accounts), col(Template.status) != DRAFT)
        .group_by(col(Template.waba_id))
    )
    times: list[datetime] = [row.at for row in await fetch(session, newest) if row.at]
    return min(times).isoformat() if times else ""
