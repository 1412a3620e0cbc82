"""Messages of a campaign that nobody has begun to send: their recipients wait again, as if nothing had been queued."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from wapto_app.db import in_parts
from wapto_app.models import CampaignRecipient, Message, RecipientState
from wapto_app.models.base import table_of
from wapto_app.services import plans
from wapto_app.services.campaigns import tallying
from wapto_app.services.errors import Blocked, DomainError, MarketingStopped, OptedOut

message, recipient = table_of(Message), table_of(CampaignRecipient)
_IS_QUEUED = sa.text("message.status = 'queued'")


def take_back(connection: sa.Connection, campaign_id: int) -> int:
    """Of a campaign that is no longer running, as the same transaction has made sure; how many there were.

    The feeder holds the campaign's row while it queues, so nothing is queued after this. What a sender has claimed in
    the meantime leaves.
    """
    queued = sa.select(recipient.c.message_id).where(
        recipient.c.campaign_id == campaign_id, recipient.c.state == RecipientState.QUEUED
    )
    gone = connection.execute(
        message.delete()
        .where(message.c.id.in_(queued), _IS_QUEUED)
        .returning(message.c.campaign_recipient_id)
    )
    return waiting_again(connection, campaign_id, gone.scalars().all())


def waiting_again(connection: sa.Connection, campaign_id: int, recipient_ids: Sequence[Any]) -> int:
    """These recipients' messages are gone without having been handed to Meta."""
    changes: tallying.Changes = Counter()
    for some in in_parts(sorted(recipient_ids)):
        moved = connection.execute(
            recipient.update()
            .where(recipient.c.id.in_(some), recipient.c.state == RecipientState.QUEUED)
            .values(
                state=RecipientState.WAITING,
                message_id=None,
                queued_at=None,
                attempt=recipient.c.attempt - 1,
            )
            .returning(recipient.c.variant_id)
        )
        changes.update(
            tallying.moved(campaign_id, moved.scalars(), RecipientState.QUEUED, RecipientState.WAITING)
        )
    tallying.apply(connection, changes)
    if recipient_ids:
        plans.count_back(connection, plans.Limit.MESSAGES, len(recipient_ids))
    return len(recipient_ids)


_OF_THE_PERSON: dict[type[DomainError], str] = {
    OptedOut: "opted_out",
    Blocked: "blocked",
    MarketingStopped: "marketing_stopped",
}


def refused(connection: sa.Connection, refusals: Mapping[int, DomainError]) -> None:
    """The gate refused messages (by their ids) when they were to leave: Meta has not seen them, so they are removed.

    Whoever may not be written to is skipped; because of anything else (a paused template) the recipient waits again.
    """
    if not refusals:
        return
    gone = connection.execute(
        message.delete()
        .where(message.c.id.in_(list(refusals)), _IS_QUEUED)
        .returning(message.c.id, message.c.campaign_recipient_id)
    ).all()
    reasons = {row.campaign_recipient_id: _OF_THE_PERSON.get(type(refusals[row.id]), "") for row in gone}
    found = connection.execute(
        sa.select(recipient.c.id, recipient.c.campaign_id).where(recipient.c.id.in_(list(reasons)))
    ).all()
    for campaign_id in sorted({row.campaign_id for row in found}):
        waiting_again(connection, campaign_id, [row.id for row in found if row.campaign_id == campaign_id])
        skip(
            connection,
            campaign_id,
            {row.id: reasons[row.id] for row in found if row.campaign_id == campaign_id and reasons[row.id]},
        )


def skip(connection: sa.Connection, campaign_id: int, reasons: Mapping[int, str]) -> None:
    """Waiting recipients who do not get it after all, by id with the word of why."""
    changes: tallying.Changes = Counter()
    for reason in sorted(set(reasons.values())):
        for some in in_parts(sorted(each for each, why in reasons.items() if why == reason)):
            skipped = connection.execute(
                recipient.update()
                .where(recipient.c.id.in_(some), recipient.c.state == RecipientState.WAITING)
                .values(state=RecipientState.SKIPPED, reason=reason[:32])
                .returning(recipient.c.variant_id)
            )
            changes.update(
                tallying.moved(campaign_id, skipped.scalars(), RecipientState.WAITING, RecipientState.SKIPPED)
            )
    tallying.apply(connection, changes)
