"""Scheduled campaigns start when their time comes: once, and after a downtime by what their maker chose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa

from wapto_app.clock import utcnow
from wapto_app.models import Campaign, CampaignState, LatePolicy, NotificationKind
from wapto_app.models.base import table_of
from wapto_app.services import audit
from wapto_app.services.campaigns import topics
from wapto_app.services.campaigns.stopping import tell

campaign = table_of(Campaign)

LATE = timedelta(minutes=10)
"""From this on a campaign is late, and its policy counts."""
FIRST_ZONE = ZoneInfo("Etc/GMT-14")
"""Where a clock shows a time first (Kiribati)."""
_EARLIER = timedelta(hours=26)
# Spelled exactly as in the partial index, or SQLite does not use it.
_IS_SCHEDULED = sa.text("campaign.state = 'scheduled'")


def starts_at(run_at: datetime, time_zone: str, *, is_local: bool) -> datetime:
    """When the work begins. By the recipients' own clocks: when the first clock on earth shows that time."""
    if not is_local:
        return run_at
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    return run_at.astimezone(zone).replace(tzinfo=FIRST_ZONE, fold=0)


def fire(connection: sa.Connection, calls: list[None]) -> Sequence[frozenset[str]]:
    """Writer operation: start what is due; the topics to publish. A start and the new state are one transaction."""
    now = utcnow()
    names = ("id", "name", "run_at", "time_zone", "is_local", "late_policy", "created_by")
    query = sa.select(*(campaign.c[name] for name in names)).where(
        _IS_SCHEDULED,
        campaign.c.run_at <= sa.case((campaign.c.is_local, now + _EARLIER), else_=now),
    )
    published: set[str] = set()
    for row in connection.execute(query).all():
        at = starts_at(row.run_at, row.time_zone, is_local=row.is_local)
        if at <= now:
            published |= _fire(connection, row, at, now)
    return [frozenset(published), *(frozenset[str]() for _ in calls[1:])]


def _fire(connection: sa.Connection, row: Any, at: datetime, now: datetime) -> frozenset[str]:
    # Of one whose people are spread over the day nobody is too late until the first of them is.
    asks = row.late_policy is LatePolicy.ASK and now - at > LATE and not (row.is_local and now < row.run_at)
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
