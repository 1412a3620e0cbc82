"""Scheduled campaigns start when their time comes: once, and after a downtime by what their maker chose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from wapto_app.clock import utcnow
from wapto_app.models import Campaign, CampaignState, LatePolicy, NotificationKind
from wapto_app.models.base import table_of
from wapto_app.services import audit
from wapto_app.services.campaigns import topics
from wapto_app.services.campaigns.stopping import tell
from wapto_app.services.campaigns.timing import begins_at

campaign = table_of(Campaign)

LATE = timedelta(minutes=10)
"""From this on a campaign is late, and its policy counts."""
_EARLIER = timedelta(hours=26)
# Spelled exactly as in the partial index, or SQLite does not use it.
_IS_SCHEDULED = sa.text("campaign.state = 'scheduled'")


def _candidates(now: datetime) -> sa.Select[Any]:
    """Those whose time may have come: by their recipients' clocks it comes up to a day earlier."""
    names = ("id", "name", "run_at", "time_zone", "is_local", "late_policy", "created_by")
    return sa.select(*(campaign.c[name] for name in names)).where(
        _IS_SCHEDULED,
        sa.or_(
            campaign.c.run_at <= now,
            sa.and_(campaign.c.is_local, campaign.c.run_at <= now + _EARLIER),
        ),
    )


def _due(connection: sa.Connection, now: datetime) -> list[tuple[Any, datetime]]:
    """Each with the moment at which it should have started."""
    rows: Sequence[Any] = connection.execute(_candidates(now)).all()
    return [(row, at) for row in rows if (at := begins_at(row)) <= now]


def is_due(connection: sa.Connection) -> bool:
    """Whether the time of any has come, for the price of a look."""
    return bool(_due(connection, utcnow()))


def fire(connection: sa.Connection, calls: list[None]) -> Sequence[frozenset[str]]:
    """Writer operation: start what is due; the topics to publish. A start and the new state are one transaction."""
    now = utcnow()
    published: set[str] = set()
    for row, at in _due(connection, now):
        published |= _fire(connection, row, at, now)
    return [frozenset(published), *(frozenset[str]() for _ in calls[1:])]


def is_late(row: Any, now: datetime) -> bool:
    """Whether a scheduled campaign that starts now should have started long ago; ``row`` has its columns."""
    # Of one whose people are spread over the day nobody is too late until the first of them is.
    return now - begins_at(row) > LATE and not (row.is_local and now < row.run_at)


def _fire(connection: sa.Connection, row: Any, at: datetime, now: datetime) -> frozenset[str]:
    asks = row.late_policy is LatePolicy.ASK and is_late(row, now)
    values: dict[str, Any] = {"state": CampaignState.ASKING if asks else CampaignState.BUILDING}
    if not asks:
        values["started_at"] = now
    moved = connection.execute(
        campaign.update().where(campaign.c.id == row.id, _IS_SCHEDULED).values(updated_at=now, **values)
    )
    if not moved.rowcount:
        return frozenset()
    kind = NotificationKind.CAMPAIGN_ASKS if asks else NotificationKind.CAMPAIGN_STARTED
    audit.record_by_itself(
        connection, "campaign.asks" if asks else "campaign.started", f"campaign:{row.id}", due=at.isoformat()
    )
    key = f"campaign:{row.id}:{kind.value}:{at:%Y-%m-%dT%H:%M}"
    return tell(connection, row.id, kind, row.name, row.created_by, key) | {topics.DUE}
