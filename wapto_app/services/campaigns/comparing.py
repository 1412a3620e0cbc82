"""Two campaigns side by side."""

from __future__ import annotations

from math import sqrt
from typing import TypedDict

from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.campaigns.listing import CampaignRow, one

STAGES = ("delivered", "read", "replied", "clicked", "failed")
_CERTAIN = 1.96
"""How many standard errors apart two shares are that chance would bring about once in twenty times."""
_FEWEST = 5
"""Below so many people of either kind, the rule above does not hold."""


class Compared(TypedDict):
    """One figure of both: people, and tenths of a percent of all whose message was sent.

    ``certain`` tells whether the difference is more than chance would make (two-proportion z-test, 95 %).
    """

    stage: str
    first: int
    second: int
    first_share: int
    second_share: int
    difference: int
    certain: bool


class Comparison(TypedDict):
    first: CampaignRow
    second: CampaignRow
    rows: list[Compared]


async def compare(session: AsyncSession, actor: Actor, first_id: int, second_id: int) -> Comparison:
    """Raises NotFound when one of them is not there."""
    actor.require(Permission.CAMPAIGNS_SEE)
    first, second = await one(session, actor, first_id), await one(session, actor, second_id)
    return Comparison(first=first, second=second, rows=[_compared(stage, first, second) for stage in STAGES])


def _compared(stage: str, first: CampaignRow, second: CampaignRow) -> Compared:
    counts = _count(first, stage), _count(second, stage)
    totals = _total(first, stage), _total(second, stage)
    shares = _share(counts[0], totals[0]), _share(counts[1], totals[1])
    return Compared(
        stage=stage,
        first=counts[0],
        second=counts[1],
        first_share=shares[0],
        second_share=shares[1],
        difference=shares[0] - shares[1],
        certain=is_certain(counts[0], totals[0], counts[1], totals[1]),
    )


def _count(row: CampaignRow, stage: str) -> int:
    counts = {
        "delivered": row["delivered"],
        "read": row["read"],
        "replied": row["replied"],
        "clicked": row["clicked"],
        "failed": row["failed"],
    }
    return counts[stage]


def _total(row: CampaignRow, stage: str) -> int:
    """What a share is of: who got it, and for failures all for whom it was tried."""
    return row["sent"] + row["failed"] if stage == "failed" else row["sent"]


def _share(count: int, total: int) -> int:
    return round(1000 * count / total) if total else 0


def is_certain(first: int, first_total: int, second: int, second_total: int) -> bool:
    """Whether two shares differ by more than chance: False too when there are too few to tell."""
    parts = (first, first_total - first, second, second_total - second)
    if min(first_total, second_total) == 0 or min(parts) < _FEWEST:
        return False
    pooled = (first + second) / (first_total + second_total)
    error = sqrt(pooled * (1 - pooled) * (1 / first_total + 1 / second_total))
    return abs(first / first_total - second / second_total) > _CERTAIN * error
