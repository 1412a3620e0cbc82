"""Which campaign a message of a thread came from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import Campaign, CampaignRecipient
from wapto_app.services.masking import Mask


class CampaignLine(TypedDict):
    """``id`` is 0 for who may not open the page of the campaign."""

    id: int
    name: str


async def campaign_lines(
    session: AsyncSession, mask: Mask, messages: Sequence[Any], *, may_open: bool
) -> dict[int, CampaignLine]:
    """By the id of the recipient, asked for once, and not at all when none of the messages is of a campaign."""
    recipients = {row.campaign_recipient_id for row in messages if row.campaign_recipient_id}
    if not recipients:
        return {}
    r = CampaignRecipient
    columns: list[Any] = [col(r.id).label("recipient_id"), col(Campaign.id), col(Campaign.name)]
    query = (
        sa.select(*columns)
        .join(Campaign, col(Campaign.id) == col(r.campaign_id))
        .where(col(r.id).in_(recipients))
    )
    return {
        row.recipient_id: CampaignLine(id=row.id if may_open else 0, name=mask.note(row.name))
        for row in await fetch(session, query)
    }
