"""The counters of a campaign, moved in the transaction that moves its recipients: they are exact, whatever dies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from wapto_app.models import CampaignTally, RecipientState
from wapto_app.models.base import table_of

tally = table_of(CampaignTally)
Changes = Counter[tuple[int, int, str]]
"""How many more (or fewer) by campaign, variant (0 for none) and state."""


Steps = Counter[tuple[int, int | None, RecipientState, RecipientState]]
"""How many recipients went from one state to another, by campaign and variant."""


def changes_of(steps: Steps) -> Changes:
    """What they do to the counters."""
    changes: Changes = Counter()
    for (campaign_id, variant_id, before, after), count in steps.items():
        changes[campaign_id, variant_id or 0, before.value] -= count
        changes[campaign_id, variant_id or 0, after.value] += count
    return changes


def moved(
    campaign_id: int, variants: Iterable[int | None], before: RecipientState, after: RecipientState
) -> Changes:
    """One recipient of each of these variants went from one state to another."""
    return changes_of(Counter((campaign_id, variant_id, before, after) for variant_id in variants))


def apply(connection: sa.Connection, changes: Changes) -> None:
    """In the order of the keys: two processes that count at once must not wait for each other in a circle."""
    rows = [
        {"campaign_id": campaign_id, "variant_id": variant_id, "state": state, "count": count}
        for (campaign_id, variant_id, state), count in sorted(changes.items())
        if count
    ]
    if not rows:
        return
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(tally)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["campaign_id", "variant_id", "state"],
            set_={"count": tally.c.count + insert.excluded.count},
        ),
        rows,
    )


def counts(connection: sa.Connection, campaign_id: int) -> Counter[str]:
    """Recipients of a campaign by state, over all its variants."""
    query = sa.select(tally.c.state, sa.func.sum(tally.c.count)).where(tally.c.campaign_id == campaign_id)
    return Counter({state: int(count) for state, count in connection.execute(query.group_by(tally.c.state))})
