"""The list of campaigns, and the head of the page of one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession
from typing_extensions import TypedDict as FormDict  # what pydantic validates, below Python 3.12

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.clock import utcnow
from wapto_app.db import fetch
from wapto_app.models import (
    Account,
    Campaign,
    CampaignMoment,
    CampaignState,
    CampaignTally,
    CampaignVariant,
    Channel,
    Template,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.campaigns import causes, firing, holdups
from wapto_app.services.errors import NotFound

PAGE = 50
GROUPS: dict[str, tuple[CampaignState, ...]] = {
    "draft": (CampaignState.DRAFT,),
    "scheduled": (CampaignState.SCHEDULED, CampaignState.ASKING),
    "active": (CampaignState.BUILDING, CampaignState.RUNNING, CampaignState.PAUSED),
    "done": (CampaignState.FINISHED, CampaignState.CANCELLED),
}
"""What can be filtered by: the states that people tell apart at a glance."""
_WORDS = 8
_LARGEST_ID = 2**31 - 1
_READ = ("read",)
_DELIVERED = ("delivered", *_READ)
_SENT = ("sent", *_DELIVERED)
_GONE = ("failed", "unconfirmed", *_SENT)
_TO_GO = ("held", "waiting", "queued")
_MOVES = (CampaignState.SCHEDULED, CampaignState.BUILDING, CampaignState.RUNNING)


class CampaignFilter(FormDict):
    """``group`` is one of ``GROUPS`` or empty; ``text`` stands in the name."""

    group: str
    text: str


EVERY = CampaignFilter(group="", text="")


class CampaignRow(TypedDict):
    """One campaign. Times are ISO 8601 in UTC, or empty. ``people`` are all but the skipped, ``gone`` those whose
    message has left or failed, ``left`` those who wait. ``sent`` counts everybody whose message WhatsApp took,
    ``delivered`` and ``read`` likewise all who got at least so far. ``per_minute`` is how fast it went in the last
    minute or two, and ``seconds_left`` what is left at this pace; 0 when that is not known. ``pause_words`` say why it
    stands still or is slow, ``pause_advice`` what to do. ``next_at``: nobody's time has come, and the next
    one's comes then. ``began_late``: Wapto was off when its time came.
    """

    id: int
    name: str
    state: str
    pause_words: str
    pause_advice: str
    waiting_until: str
    templates: list[str]
    number: str
    people: int
    gone: int
    left: int
    sent: int
    delivered: int
    read: int
    replied: int
    clicked: int
    failed: int
    unconfirmed: int
    cancelled: int
    skipped: int
    held: int
    per_minute: int
    seconds_left: int
    run_at: str
    time_zone: str
    is_local: bool
    created_at: str
    started_at: str
    finished_at: str
    next_at: str
    began_late: bool
    by: str


NONE = CampaignRow(
    id=0, name="", state="", pause_words="", pause_advice="", waiting_until="", templates=[], number="", people=0,
    gone=0, left=0, sent=0,
    delivered=0, read=0, replied=0, clicked=0, failed=0, unconfirmed=0, cancelled=0, skipped=0, held=0,
    per_minute=0, seconds_left=0, run_at="", time_zone="", is_local=False, created_at="", started_at="", finished_at="",
    next_at="", began_late=False, by="",
)  # fmt: skip
"""Stands for a campaign that is not read yet."""


class Cursor(NamedTuple):
    """Where a page ends."""

    created_at: datetime
    id: int


class CampaignPage(NamedTuple):
    rows: list[CampaignRow]
    next: Cursor | None


async def listing(
    session: AsyncSession, actor: Actor, wanted: CampaignFilter, after: Cursor | None = None
) -> CampaignPage:
    """The newest campaigns; ``after`` is the ``next`` of the page before."""
    actor.require(Permission.CAMPAIGNS_SEE)
    query = _query().where(*_conditions(wanted)).limit(PAGE + 1)
    if after is not None:
        key = sa.tuple_(col(Campaign.created_at), col(Campaign.id))
        query = query.where(key < sa.tuple_(sa.literal(after.created_at), sa.literal(after.id)))
    found = await fetch(session, query)
    shown = found[:PAGE]
    end = Cursor(shown[-1].created_at, shown[-1].id) if len(found) > PAGE else None
    return CampaignPage(await _rows(session, shown), end)


async def one(
    session: AsyncSession, actor: Actor, campaign_id: int, *, has_full_disk: bool = False
) -> CampaignRow:
    """The head of its page, with what holds it up though it runs. Raises NotFound."""
    actor.require(Permission.CAMPAIGNS_SEE)
    query = _query().where(col(Campaign.id) == min(campaign_id, _LARGEST_ID))
    rows = await _rows(session, await fetch(session, query))
    if not rows:
        raise NotFound("campaign")
    (row,) = rows
    told = holdups.NOTHING
    if has_full_disk and row["state"] in _MOVES:
        told = holdups.FULL_DISK
    elif row["state"] == CampaignState.RUNNING and not row["pause_words"]:
        told = await holdups.of_campaign(session, row["id"])
        row["next_at"] = _iso(await holdups.next_at(session, row["id"]))
    if told["words"]:
        row["pause_words"], row["pause_advice"] = told["words"], told["advice"]
    return row


async def asking(session: AsyncSession, actor: Actor) -> list[CampaignRow]:
    """Those whose time passed while Wapto was down, and that wait for somebody's word."""
    actor.require(Permission.CAMPAIGNS_SEE)
    # Spelled as in the partial index, which holds few rows however many campaigns there were.
    active = sa.text("campaign.state IN ('scheduled', 'asking', 'building', 'running', 'paused')")
    query = _query().where(active, col(Campaign.state) == CampaignState.ASKING).order_by(None).limit(PAGE)
    return await _rows(session, await fetch(session, query))


def _query() -> sa.Select[Any]:
    c = Campaign
    own: list[Any] = [
        *(col(each) for each in (c.id, c.name, c.state, c.pause_cause, c.pause_detail, c.waiting_until)),
        *(col(each) for each in (c.run_at, c.time_zone, c.is_local)),
        *(col(each) for each in (c.created_at, c.started_at, c.finished_at)),
        col(Account.name).label("by"),
        sa.func.coalesce(
            sa.func.nullif(col(Channel.verified_name), ""), col(Channel.display_phone_number)
        ).label("number"),
    ]
    return (
        sa.select(*own)
        .select_from(c)
        .outerjoin(Account, col(Account.id) == col(c.created_by))
        .outerjoin(Channel, col(Channel.id) == col(c.channel_id))
        .order_by(col(c.created_at).desc(), col(c.id).desc())
    )


def _conditions(wanted: CampaignFilter) -> list[sa.ColumnElement[bool]]:
    name = sa.func.lower(Campaign.name)
    words = clean_text(wanted["text"]).lower().split()[:_WORDS]
    holds: list[sa.ColumnElement[bool]] = [name.contains(word, autoescape=True) for word in words]
    if states := GROUPS.get(wanted["group"]):
        holds.append(col(Campaign.state).in_(states))
    return holds


async def _rows(session: AsyncSession, found: Sequence[Any]) -> list[CampaignRow]:
    ids = [row.id for row in found]
    if not ids:
        return []
    counts = await _counts(session, ids)
    names = await _templates(session, ids)
    busy = [row.id for row in found if row.state == CampaignState.RUNNING]
    paces = await _paces(session, busy) if busy else {}
    return [_row(row, counts.get(row.id, {}), names.get(row.id, []), paces.get(row.id, 0.0)) for row in found]


async def _counts(session: AsyncSession, ids: Collection[int]) -> dict[int, dict[str, int]]:
    tally = CampaignTally
    query = (
        sa.select(col(tally.campaign_id), col(tally.state), sa.func.sum(tally.count).label("n"))
        .where(col(tally.campaign_id).in_(ids))
        .group_by(col(tally.campaign_id), col(tally.state))
    )
    counts: dict[int, dict[str, int]] = {}
    for row in await fetch(session, query):
        counts.setdefault(row.campaign_id, {})[row.state] = int(row.n)
    return counts


async def _templates(session: AsyncSession, ids: Collection[int]) -> dict[int, list[str]]:
    """Names of what is sent, by campaign; two for A/B with two templates."""
    variant = CampaignVariant
    query = (
        sa.select(col(variant.campaign_id), col(Template.name))
        .join(Template, col(Template.id) == col(variant.template_id))
        .where(col(variant.campaign_id).in_(ids))
        .order_by(col(variant.campaign_id), col(variant.label))
    )
    names: dict[int, list[str]] = {}
    for row in await fetch(session, query):
        there = names.setdefault(row.campaign_id, [])
        if row.name not in there:
            there.append(row.name)
    return names


async def _paces(session: AsyncSession, ids: Collection[int]) -> dict[int, float]:
    """Messages per second since the start of the last full minute."""
    moment, now = CampaignMoment, utcnow()
    since = now.replace(second=0, microsecond=0) - timedelta(minutes=1)
    query = (
        sa.select(
            col(moment.campaign_id),
            sa.func.sum(moment.count).label("n"),
            sa.func.min(Campaign.started_at).label("began"),
        )
        .join(Campaign, col(Campaign.id) == col(moment.campaign_id))
        .where(
            col(moment.campaign_id).in_(ids),
            col(moment.minute) >= since,
            col(moment.stage).in_(["sent", "failed"]),
        )
        .group_by(col(moment.campaign_id))
    )
    return {row.campaign_id: row.n / _seconds(row.began, since, now) for row in await fetch(session, query)}


def _seconds(began: datetime | None, since: datetime, now: datetime) -> float:
    return max(1.0, (now - max(since, began or since)).total_seconds())


def _row(row: Any, counts: dict[str, int], templates: list[str], pace: float) -> CampaignRow:
    left = _sum(counts, _TO_GO)
    going = left - counts.get("held", 0)
    told = causes.told(row.pause_cause, row.pause_detail)
    return CampaignRow(
        id=row.id,
        name=row.name,
        state=row.state.value,
        pause_words=told["words"],
        pause_advice=told["advice"],
        waiting_until=_iso(row.waiting_until),
        templates=templates,
        number=row.number or "",
        people=_sum(counts, (*_TO_GO, *_GONE, "cancelled")),
        gone=_sum(counts, _GONE),
        left=left,
        sent=_sum(counts, _SENT),
        delivered=_sum(counts, _DELIVERED),
        read=_sum(counts, _READ),
        replied=counts.get("replied", 0),
        clicked=counts.get("clicked", 0),
        failed=counts.get("failed", 0),
        unconfirmed=counts.get("unconfirmed", 0),
        cancelled=counts.get("cancelled", 0),
        skipped=counts.get("skipped", 0),
        held=counts.get("held", 0),
        per_minute=round(pace * 60),
        seconds_left=round(going / pace) if pace > 0 else 0,
        run_at=_iso(row.run_at),
        time_zone=row.time_zone,
        is_local=row.is_local,
        created_at=_iso(row.created_at),
        started_at=_iso(row.started_at),
        finished_at=_iso(row.finished_at),
        next_at="",
        began_late=bool(row.run_at and row.started_at and firing.is_late(row, row.started_at)),
        by=row.by or "",
    )


def _sum(counts: dict[str, int], states: Collection[str]) -> int:
    return sum(counts.get(state, 0) for state in states)


def _iso(at: datetime | None) -> str:
    return at.isoformat() if at else ""
