"""A campaign that stops, waits, or ends without anybody having pressed a button."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from wapto_app.clock import utcnow
from wapto_app.models import (
    Account,
    Campaign,
    CampaignRecipient,
    CampaignState,
    CampaignTally,
    NotificationKind,
    RecipientState,
    Role,
)
from wapto_app.models.base import table_of
from wapto_app.services import audit
from wapto_app.services.campaigns import tallying, topics
from wapto_app.services.campaigns.causes import Cause, told
from wapto_app.services.campaigns.taking_back import take_back
from wapto_app.services.notifications import News, notify_many
from wapto_app.services.notifications import topic as notification_topic

campaign, recipient, tally = table_of(Campaign), table_of(CampaignRecipient), table_of(CampaignTally)

STILL_TO_COME = (RecipientState.HELD, RecipientState.WAITING, RecipientState.QUEUED)


@dataclass(frozen=True, slots=True)
class Stop:
    """Why a campaign must stand still. With ``until`` it only waits, and goes on by itself at that moment."""

    campaign_id: int
    cause: Cause
    detail: str = ""
    until: datetime | None = None


def stop(connection: sa.Connection, stops: list[Stop]) -> Sequence[frozenset[str]]:
    """Writer operation: pause running campaigns, once each; the topics to publish, none when it was not running."""
    return [_stop(connection, each) for each in stops]


def _stop(connection: sa.Connection, why: Stop) -> frozenset[str]:
    values: dict[str, Any] = {"pause_cause": why.cause.value, "pause_detail": why.detail[:500]}
    of = [campaign.c.id == why.campaign_id, campaign.c.state == CampaignState.RUNNING]
    if why.until:
        values["waiting_until"] = why.until
        of.append(campaign.c.waiting_until.is_(None))
    else:
        values |= {"state": CampaignState.PAUSED, "waiting_until": None}
    row = connection.execute(
        campaign.update()
        .where(*of)
        .values(**values, updated_at=utcnow())
        .returning(campaign.c.name, campaign.c.created_by)
    ).first()
    if row is None:
        return frozenset()
    if why.cause is not Cause.TIER:  # whose queued ones are within it
        take_back(connection, why.campaign_id)
    return _tell_stopped(connection, why, row)


def _tell_stopped(connection: sa.Connection, why: Stop, row: Any) -> frozenset[str]:
    audit.record_by_itself(
        connection, "campaign.stopped", f"campaign:{why.campaign_id}", cause=why.cause.value
    )
    words = told(why.cause, why.detail)["words"]
    key = f"campaign:{why.campaign_id}:{why.cause}:{utcnow():%Y-%m-%dT%H:%M:%S}"
    return tell(
        connection, why.campaign_id, NotificationKind.CAMPAIGN_STOPPED, row.name, row.created_by, key, words
    )


def tell(
    connection: sa.Connection,
    campaign_id: int,
    kind: NotificationKind,
    name: str,
    created_by: int | None,
    key: str,
    words: str = "",
) -> frozenset[str]:
    """Tell the owners and whoever made it; the topics to publish after the commit, those of the campaign too."""
    owners = sa.select(col(Account.id)).where(
        col(Account.role) == Role.OWNER, col(Account.is_active).is_(True)
    )
    people = {created_by, *connection.execute(owners).scalars()}
    news = [
        News(
            each,
            kind,
            href=f"/campaigns/{campaign_id}",
            key=key[:100],
            args={"title": name} | ({"what": words} if words else {}),
        )
        for each in people
        if each is not None
    ]
    told_to = notify_many(connection, news)
    return frozenset({topics.LIST, topics.of(campaign_id), *map(notification_topic, told_to)})


def go_on(connection: sa.Connection, campaign_ids: list[int]) -> Sequence[frozenset[str]]:
    """Writer operation: campaigns whose waiting is over."""
    return [_go_on(connection, campaign_id) for campaign_id in campaign_ids]


def _go_on(connection: sa.Connection, campaign_id: int) -> frozenset[str]:
    changed = connection.execute(
        campaign.update()
        .where(
            campaign.c.id == campaign_id,
            campaign.c.state == CampaignState.RUNNING,
            campaign.c.waiting_until <= utcnow(),
        )
        .values(waiting_until=None, pause_cause="", pause_detail="", updated_at=utcnow())
    )
    return frozenset({topics.LIST, topics.of(campaign_id)}) if changed.rowcount else frozenset()


def stop_building(connection: sa.Connection, stops: list[Stop]) -> Sequence[frozenset[str]]:
    """Writer operation: campaigns whose list of recipients cannot be made; *Resume* tries it again."""
    return [_stop_building(connection, each) for each in stops]


def _stop_building(connection: sa.Connection, why: Stop) -> frozenset[str]:
    row = connection.execute(
        campaign.update()
        .where(campaign.c.id == why.campaign_id, campaign.c.state == CampaignState.BUILDING)
        .values(
            state=CampaignState.PAUSED,
            pause_cause=why.cause.value,
            pause_detail=why.detail[:500],
            updated_at=utcnow(),
        )
        .returning(campaign.c.name, campaign.c.created_by)
    ).first()
    return _tell_stopped(connection, why, row) if row is not None else frozenset()


def without_work(connection: sa.Connection, campaign_ids: Iterable[int]) -> list[int]:
    """Those of these campaigns whose counters say that nobody is left."""
    left = sa.func.sum(sa.case((tally.c.state.in_(STILL_TO_COME), tally.c.count), else_=0))
    query = sa.select(tally.c.campaign_id, left).where(tally.c.campaign_id.in_(list(campaign_ids)))
    found = dict(connection.execute(query.group_by(tally.c.campaign_id)).tuples().all())
    return [each for each in campaign_ids if not found.get(each)]


def finish(connection: sa.Connection, requests: list[list[int]]) -> Sequence[frozenset[str]]:
    """Writer operation: those of these campaigns for whom nothing is left to do are finished; the topics."""
    return [_finish_all(connection, campaign_ids) for campaign_ids in requests]


def _finish_all(connection: sa.Connection, campaign_ids: Iterable[int]) -> frozenset[str]:
    published: set[str] = set()
    for campaign_id in sorted(set(campaign_ids)):
        published |= _finish(connection, campaign_id)
    return frozenset(published)


def _finish(connection: sa.Connection, campaign_id: int) -> frozenset[str]:
    counted = tallying.counts(connection, campaign_id)
    if any(counted[state.value] for state in STILL_TO_COME):
        return frozenset()
    # Locked first and looked at then: whoever tries failed ones again does it in the same order.
    of = campaign.c.id == campaign_id, campaign.c.state == CampaignState.RUNNING
    row = connection.execute(
        sa.select(campaign.c.name, campaign.c.created_by, campaign.c.started_at).where(*of).with_for_update()
    ).first()
    left = sa.select(recipient.c.id).where(
        recipient.c.campaign_id == campaign_id, recipient.c.state.in_(STILL_TO_COME)
    )
    if row is None or connection.execute(left.limit(1)).first():
        return frozenset()
    now = utcnow()
    values = {"state": CampaignState.FINISHED, "finished_at": now, "updated_at": now}
    cleared = {"pause_cause": "", "pause_detail": "", "waiting_until": None}
    connection.execute(campaign.update().where(*of).values(**values, **cleared))
    audit.record_by_itself(connection, "campaign.finished", f"campaign:{campaign_id}")
    return tell(
        connection,
        campaign_id,
        NotificationKind.CAMPAIGN_FINISHED,
        row.name,
        row.created_by,
        f"campaign:{campaign_id}:finished:{now:%Y-%m-%dT%H:%M:%S}",
    )
