"""How fast a number may send, and to how many people a day: for the slider of the wizard."""

from __future__ import annotations

from typing import TypedDict

from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import Channel
from wapto_app.security.permissions import Actor, Permission

# Meta: throughput levels STANDARD and HIGH, messages per second.
_STANDARD, _HIGH = 80, 1_000
_LARGEST_ID = 2**31 - 1


class Pace(TypedDict):
    """``most`` messages per second; ``tier`` people in 24 hours whom the business may write to first, 0 for no limit or
    none that is known.
    """

    most: int
    tier: int


async def of_number(session: AsyncSession, actor: Actor, channel_id: int) -> Pace:
    """What Meta lets a number do; the usual for none."""
    actor.require(Permission.CAMPAIGNS_SEE)
    channel = await session.get(Channel, min(channel_id, _LARGEST_ID)) if channel_id else None
    health = channel.health if channel else {}
    tier = str(health.get("messaging_limit") or "").upper().removeprefix("TIER_")
    return Pace(most=_HIGH if health.get("throughput") == "HIGH" else _STANDARD, tier=_people(tier))


def _people(tier: str) -> int:
    """Meta writes 50, 250, 1K, 10K, 100K, UNLIMITED."""
    digits = tier.removesuffix("K")
    return int(digits) * (1_000 if tier.endswith("K") else 1) if digits.isdecimal() else 0
