"""How many people Meta lets us write to: the tier, unique customers in a moving day, shared by a whole account.

Meta: 250 → 2,000 → 10,000 → 100,000 → unlimited, by business portfolio (we know the WhatsApp Business account of a
number, and take that). What is counted is who got a template outside of the 24-hour window; we count everybody to whom
a campaign wrote, which is never fewer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.models import Campaign, CampaignRecipient, Channel
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import NotFound

campaign, recipient, channel = table_of(Campaign), table_of(CampaignRecipient), table_of(Channel)

DAY = timedelta(hours=24)
STANDARD_RATE = 80.0
"""Messages per second of a number, in and out. Meta: throughput level STANDARD."""
HIGH_RATE = 1000.0
"""Meta: throughput level HIGH."""
COEXISTENCE_RATE = 20.0
"""Meta: a number that also lives in the phone app."""
_TIER = re.compile(r"TIER_(\d+)(K?)")
_FREED_SHARE = 0.1
"""Of the tier, that must be free again before a waiting campaign goes on: not one message at a time."""


class ChannelLimits(TypedDict):
    """``per_second``: messages. ``tier``: people in 24 hours, 0 for no limit; ``used_24h``: of those."""

    per_second: float
    tier: int
    tier_known: bool
    used_24h: int


def per_second(health: dict[str, Any]) -> float:
    """Messages per second that Meta grants a number."""
    if health.get("on_phone_app"):
        return COEXISTENCE_RATE
    return HIGH_RATE if health.get("throughput") == "HIGH" else STANDARD_RATE


def tier(health: dict[str, Any]) -> int | None:
    """People in 24 hours; 0 for no limit, None when Meta has not said."""
    word = str(health.get("messaging_limit") or "")
    if word == "TIER_UNLIMITED":
        return 0
    found = _TIER.fullmatch(word)
    return int(found[1]) * (1000 if found[2] else 1) if found else None


async def of_channel(session: AsyncSession, actor: Actor, channel_id: int) -> ChannelLimits:
    """What a number may do, for who plans a campaign. Raises NotFound."""
    actor.require(Permission.CAMPAIGNS_SEE)
    connection = await session.connection()
    found = await connection.execute(
        sa.select(channel.c.health, channel.c.waba_id).where(channel.c.id == channel_id)
    )
    row = found.first()
    if row is None:
        raise NotFound("number")
    known = tier(row.health)
    used = await connection.run_sync(used_in_a_day, row.waba_id) if known else 0
    return ChannelLimits(
        per_second=per_second(row.health), tier=known or 0, tier_known=known is not None, used_24h=used
    )


@dataclass(frozen=True, slots=True)
class Room:
    """``left``: people to whom campaigns may still write; None without a limit. At 0, ``until`` is when to go on."""

    left: int | None
    limit: int = 0
    until: datetime | None = None


def room(connection: sa.Connection, channel_id: int) -> Room:
    """How many more people a number may write to now."""
    row = connection.execute(
        sa.select(channel.c.health, channel.c.waba_id).where(channel.c.id == channel_id)
    ).one()
    limit = tier(row.health)
    if not limit:
        return Room(None)
    left = limit - used_in_a_day(connection, row.waba_id)
    if left > 0:
        return Room(left, limit)
    return Room(0, limit, _freed_at(connection, row.waba_id, limit))


def used_in_a_day(connection: sa.Connection, waba_id: str) -> int:
    """Different people to whom campaigns of an account wrote in the last 24 hours."""
    return int(
        connection.execute(
            sa.select(sa.func.count(sa.distinct(recipient.c.contact_id))).where(*_lately(waba_id))
        ).scalar_one()
    )


def _freed_at(connection: sa.Connection, waba_id: str, limit: int) -> datetime:
    """When a tenth of the tier is free again: the oldest of today are counted no more after a day."""
    last = (
        sa.select(sa.func.max(recipient.c.queued_at).label("at"))
        .where(*_lately(waba_id))
        .group_by(recipient.c.contact_id)
        .subquery()
    )
    freed = max(0, int(limit * _FREED_SHARE) - 1)
    at: datetime | None = connection.execute(
        sa.select(last.c.at).order_by(last.c.at).offset(freed).limit(1)
    ).scalar()
    return (at or utcnow()) + DAY


def _lately(waba_id: str) -> list[sa.ColumnElement[bool]]:
    since = utcnow() - DAY
    # Few campaigns, found first: all recipients by time would need an index of their own.
    recent = (
        sa.select(campaign.c.id)
        .join(channel, channel.c.id == campaign.c.channel_id)
        .where(
            channel.c.waba_id == waba_id,
            campaign.c.started_at.is_not(None),
            sa.or_(campaign.c.finished_at.is_(None), campaign.c.finished_at > since),
        )
    )
    return [recipient.c.campaign_id.in_(recent), recipient.c.queued_at > since]
