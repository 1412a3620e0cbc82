"""Recipients of cancelled campaigns, some thousands at a time: others who write have turns in between."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from wapto_app.models import Campaign, CampaignRecipient, CampaignState, CampaignTally, RecipientState
from wapto_app.models.base import table_of
from wapto_app.services.campaigns import tallying

campaign, recipient, tally = table_of(Campaign), table_of(CampaignRecipient), table_of(CampaignTally)
AT_ONCE = 5_000
_LEFT = (RecipientState.WAITING, RecipientState.HELD)


def cancel_waiting(connection: sa.Connection, campaign_id: int) -> int:
    """The next of those who will not get it; how many. For a campaign that was cancelled."""
    changes: tallying.Changes = Counter()
    count = 0
    for state in _LEFT:
        ids = (
            sa.select(recipient.c.id)
            .where(recipient.c.campaign_id == campaign_id, recipient.c.state == state)
            .order_by(recipient.c.id)
            .limit(AT_ONCE)
        )
        gone = connection.execute(
            recipient.update()
            .where(recipient.c.id.in_(ids), recipient.c.state == state)
            .values(state=RecipientState.CANCELLED)
            .returning(recipient.c.variant_id)
        )
        variants = gone.scalars().all()
        count += len(variants)
        changes.update(tallying.moved(campaign_id, variants, state, RecipientState.CANCELLED))
    tallying.apply(connection, changes)
    return count


def _unswept() -> sa.Select[Any]:
    return (
        sa.select(tally.c.campaign_id)
        .join(campaign, campaign.c.id == tally.c.campaign_id)
        .where(campaign.c.state == CampaignState.CANCELLED, tally.c.state.in_(_LEFT), tally.c.count > 0)
        .distinct()
    )


def is_due(connection: sa.Connection) -> bool:
    """Whether anybody of a cancelled campaign still waits."""
    return connection.execute(_unswept().limit(1)).first() is not None


def sweep(connection: sa.Connection, calls: list[None]) -> Sequence[dict[int, int]]:
    """Writer operation: a portion of each cancelled campaign; how many were moved by campaign, empty when all are."""
    found = connection.execute(_unswept()).scalars().all()
    moved = {each: cancel_waiting(connection, each) for each in found}
    done = {each: count for each, count in moved.items() if count}
    return [done, *({} for _ in calls[1:])]
