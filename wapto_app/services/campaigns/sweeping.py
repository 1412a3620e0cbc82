"""Recipients who are left behind: of cancelled campaigns, and those whose message was deleted before it left.

Some thousands at a time: others who write have turns in between.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from wapto_app.models import (
    Campaign,
    CampaignRecipient,
    CampaignState,
    CampaignTally,
    Message,
    RecipientState,
)
from wapto_app.models.base import table_of
from wapto_app.services.campaigns import tallying

campaign, recipient, tally = table_of(Campaign), table_of(CampaignRecipient), table_of(CampaignTally)
message = table_of(Message)
AT_ONCE = 5_000
# Spelled exactly as in the partial index, or SQLite does not use it.
_IS_ACTIVE = sa.text("campaign.state IN ('scheduled', 'asking', 'building', 'running', 'paused')")
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


def _messageless() -> sa.Select[Any]:
    """Queued, but the contact or the conversation was deleted, and the message with it."""
    in_outbox = sa.select(message.c.id).where(message.c.id == recipient.c.message_id)
    states = (CampaignState.RUNNING, CampaignState.PAUSED)
    return (
        sa.select(recipient.c.id, recipient.c.campaign_id)
        .join(campaign, campaign.c.id == recipient.c.campaign_id)
        .where(
            _IS_ACTIVE,
            campaign.c.state.in_(states),
            recipient.c.state == RecipientState.QUEUED,
            ~in_outbox.exists(),
        )
        .limit(AT_ONCE)
    )


def is_any_messageless(connection: sa.Connection) -> bool:
    """For the price of a look at what is queued."""
    return connection.execute(_messageless().limit(1)).first() is not None


def skip_messageless(connection: sa.Connection, calls: list[None]) -> Sequence[frozenset[int]]:
    """Writer operation: they do not get it, and do not keep the campaign from ending; the campaigns concerned."""
    found = connection.execute(_messageless()).all()
    changes: tallying.Changes = Counter()
    for row in found:
        moved = connection.execute(
            recipient.update()
            .where(recipient.c.id == row.id, recipient.c.state == RecipientState.QUEUED)
            .values(state=RecipientState.SKIPPED, reason="deleted", message_id=None)
            .returning(recipient.c.variant_id)
        )
        changes.update(
            tallying.moved(row.campaign_id, moved.scalars(), RecipientState.QUEUED, RecipientState.SKIPPED)
        )
    tallying.apply(connection, changes)
    return [frozenset(row.campaign_id for row in found), *(frozenset[int]() for _ in calls[1:])]
