"""How many reached a stage in which minute: the chart of a campaign."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from wapto_app.models import CampaignMoment
from wapto_app.models.base import table_of

moment = table_of(CampaignMoment)


def add(connection: sa.Connection, reached: Iterable[tuple[int, datetime, str]]) -> None:
    """Count people by campaign, minute and stage."""
    counts = Counter((of, at.replace(second=0, microsecond=0), stage) for of, at, stage in reached)
    if not counts:
        return
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(moment)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["campaign_id", "minute", "stage"],
            set_={"count": moment.c.count + insert.excluded.count},
        ),
        [
            {"campaign_id": of, "minute": minute, "stage": stage, "count": count}
            for (of, minute, stage), count in sorted(counts.items())
        ],
    )
