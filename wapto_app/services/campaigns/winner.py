"""A/B: when everybody of the test part has got their message, the better variant goes to the rest."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from wapto_app.clock import utcnow
from wapto_app.models import (
    Campaign,
    CampaignRecipient,
    CampaignState,
    CampaignTally,
    CampaignVariant,
    RecipientState,
)
from wapto_app.models.base import table_of
from wapto_app.services import audit
from wapto_app.services.campaigns import tallying, topics

campaign, variant = table_of(Campaign), table_of(CampaignVariant)
recipient, tally = table_of(CampaignRecipient), table_of(CampaignTally)

AT_ONCE = 5_000
_ARRIVED = ("sent", "delivered", "read")


@dataclass(frozen=True, slots=True)
class Score:
    """How a variant did: ``hits`` (read or answered) of ``sent``."""

    variant_id: int
    label: str
    sent: int
    hits: int

    @property
    def rate(self) -> float:
        return self.hits / self.sent if self.sent else 0.0


def scores(connection: sa.Connection, campaign_id: int, winner_by: str) -> list[Score]:
    """Of each variant, by label."""
    query = (
        sa.select(variant.c.id, variant.c.label, tally.c.state, tally.c.count.label("people"))
        .outerjoin(
            tally,
            sa.and_(tally.c.campaign_id == variant.c.campaign_id, tally.c.variant_id == variant.c.id),
        )
        .where(variant.c.campaign_id == campaign_id)
        .order_by(variant.c.label)
    )
    counted: dict[tuple[str, int], Counter[str]] = defaultdict(Counter)
    for row in connection.execute(query):
        counted[row.label, row.id][row.state or ""] += row.people or 0
    hit = "replied" if winner_by == "reply" else "read"
    return [
        Score(variant_id, label, sum(found[state] for state in _ARRIVED), found[hit])
        for (label, variant_id), found in sorted(counted.items())
    ]


def best(found: Sequence[Score]) -> Score:
    """The highest rate; the first label when nobody is better, or nobody read or answered at all."""
    return max(found, key=lambda score: (score.rate, -ord(score.label)))


def decide(connection: sa.Connection, calls: list[None]) -> Sequence[frozenset[str]]:
    """Writer operation: set when to decide, decide, and let the next thousands of the rest go; the topics."""
    query = sa.select(
        *(campaign.c[name] for name in ("id", "winner_by", "decide_after", "decide_at", "winner_id"))
    ).where(
        campaign.c.state == CampaignState.RUNNING,
        campaign.c.winner_by != "",
        sa.text("campaign.state IN ('scheduled', 'asking', 'building', 'running', 'paused')"),
    )
    published: set[str] = set()
    for row in connection.execute(query).all():
        counted = tallying.counts(connection, row.id)
        if counted[RecipientState.HELD.value] and _step(connection, row, counted):
            published |= {topics.LIST, topics.of(row.id)}
    return [frozenset(published), *(frozenset[str]() for _ in calls[1:])]


def _step(connection: sa.Connection, row: Any, counted: Counter[str]) -> bool:
    """Whether something changed."""
    if row.winner_id is not None:
        return release(connection, row.id, row.winner_id) > 0
    if row.decide_at is None:
        is_out = not (counted[RecipientState.WAITING.value] or counted[RecipientState.QUEUED.value])
        if is_out:
            _decide_at(connection, row.id, utcnow() + timedelta(minutes=row.decide_after))
        return is_out
    if row.decide_at > utcnow():
        return False
    found = scores(connection, row.id, row.winner_by)
    won = best(found)
    is_equal = len({score.rate for score in found}) == 1
    detail = {score.label: f"{score.hits}/{score.sent}" for score in found}
    audit.record_by_itself(
        connection, "campaign.winner", f"campaign:{row.id}", label=won.label, equal=is_equal, **detail
    )
    return _settle(connection, row.id, won.variant_id)


def _decide_at(connection: sa.Connection, campaign_id: int, at: datetime) -> None:
    connection.execute(
        campaign.update()
        .where(campaign.c.id == campaign_id, campaign.c.decide_at.is_(None), campaign.c.winner_id.is_(None))
        .values(decide_at=at)
    )


def _settle(connection: sa.Connection, campaign_id: int, variant_id: int) -> bool:
    """Once: of a manual choice and the clock the first one counts."""
    settled = connection.execute(
        campaign.update()
        .where(campaign.c.id == campaign_id, campaign.c.winner_id.is_(None))
        .values(winner_id=variant_id, updated_at=utcnow())
    )
    if not settled.rowcount:
        return False
    release(connection, campaign_id, variant_id)
    return True


def choose(connection: sa.Connection, campaign_id: int, label: str) -> bool:
    """Somebody chose; False when nobody is held back, or a winner is known."""
    found = connection.execute(
        sa.select(variant.c.id).where(variant.c.campaign_id == campaign_id, variant.c.label == label)
    ).scalar()
    states = (CampaignState.RUNNING, CampaignState.PAUSED)
    is_open = sa.select(campaign.c.id).where(
        campaign.c.id == campaign_id, campaign.c.state.in_(states), campaign.c.winner_id.is_(None)
    )
    if found is None or not connection.execute(is_open.with_for_update()).first():
        return False
    if not tallying.counts(connection, campaign_id)[RecipientState.HELD.value]:
        return False
    return _settle(connection, campaign_id, found)


def release(connection: sa.Connection, campaign_id: int, variant_id: int) -> int:
    """The next thousands who were held back get the winner; how many. A kill in between loses nobody."""
    held = (
        sa.select(recipient.c.id)
        .where(recipient.c.campaign_id == campaign_id, recipient.c.state == RecipientState.HELD)
        .order_by(recipient.c.id)
        .limit(AT_ONCE)
    )
    before = connection.execute(
        sa.select(recipient.c.id, recipient.c.variant_id).where(recipient.c.id.in_(held)).with_for_update()
    ).all()
    if not before:
        return 0
    connection.execute(
        recipient.update()
        .where(recipient.c.id == sa.bindparam("of"), recipient.c.state == RecipientState.HELD)
        .values(state=RecipientState.WAITING, variant_id=variant_id),
        [{"of": row.id} for row in before],
    )
    changes: tallying.Changes = Counter()
    for row in before:
        changes[campaign_id, row.variant_id or 0, RecipientState.HELD.value] -= 1
    changes[campaign_id, variant_id, RecipientState.WAITING.value] += len(before)
    tallying.apply(connection, changes)
    return len(before)
