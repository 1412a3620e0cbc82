"""What a campaign brought: over time, by variant, by button, by country, and why messages failed."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta
from typing import Any, TypedDict

import phonenumbers
import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import (
    Campaign,
    CampaignMoment,
    CampaignRecipient,
    CampaignTally,
    CampaignVariant,
    Contact,
    Conversation,
    Direction,
    Message,
    RecipientState,
    Template,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.campaigns import reasons
from wapto_app.services.campaigns.recipients import ensure_there
from wapto_app.services.contact_names import name_columns, name_of
from wapto_app.services.masking import masks
from wapto_app.services.visibility import readable

MOST_POINTS = 120
"""How many spans of time a chart shows at most."""
_SPANS = (1, 5, 15, 60, 240, 1440, 10080)
ANSWERS = 50
recipient = CampaignRecipient


class Variant(TypedDict):
    """One version, and how many of its recipients got how far: each stage counts all who got at least there."""

    label: str
    template: str
    people: int
    sent: int
    delivered: int
    read: int
    replied: int
    clicked: int
    failed: int
    is_winner: bool


class Failure(TypedDict):
    """All who failed or were left out for one reason. ``key`` is what ``RecipientFilter.reason`` takes."""

    key: str
    state: str
    count: int
    meaning: str
    advice: str
    code: int


class Point(TypedDict):
    """What happened in one span of time, which begins ``at`` (ISO 8601, UTC)."""

    at: str
    sent: int
    delivered: int
    read: int
    replied: int
    failed: int


class Chart(TypedDict):
    """``minutes`` is how long each span is."""

    minutes: int
    points: list[Point]


class Clicked(TypedDict):
    button: str
    count: int


class Answered(TypedDict):
    """Who answered, what and when."""

    recipient_id: int
    contact_id: int
    conversation_id: int
    name: str
    text: str
    type: str
    at: str


class Country(TypedDict):
    """Recipients by the country of their number (ISO 3166), empty for who has none."""

    code: str
    people: int
    read: int


async def variants(session: AsyncSession, actor: Actor, campaign_id: int) -> list[Variant]:
    """The versions of a campaign; one when there is no A/B test. Raises NotFound."""
    actor.require(Permission.CAMPAIGNS_SEE)
    await ensure_there(session, campaign_id)
    tallies: dict[int, Counter[str]] = {}
    counted = sa.select(col(CampaignTally.variant_id), col(CampaignTally.state), col(CampaignTally.count))
    for row in await fetch(session, counted.where(col(CampaignTally.campaign_id) == campaign_id)):
        tallies.setdefault(row.variant_id, Counter())[row.state] += row.count
    query = (
        sa.select(
            col(CampaignVariant.id),
            col(CampaignVariant.label),
            col(Template.name),
            (col(CampaignVariant.id) == col(Campaign.winner_id)).label("is_winner"),
        )
        .join(Campaign, col(Campaign.id) == col(CampaignVariant.campaign_id))
        .outerjoin(Template, col(Template.id) == col(CampaignVariant.template_id))
        .where(col(CampaignVariant.campaign_id) == campaign_id)
        .order_by(col(CampaignVariant.label))
    )
    return [_variant(row, tallies.get(row.id, Counter())) for row in await fetch(session, query)]


def _variant(row: Any, counts: Counter[str]) -> Variant:
    apart = ("replied", "clicked", "skipped")
    return Variant(
        label=row.label,
        template=row.name or "",
        people=sum(count for state, count in counts.items() if state not in apart),
        sent=counts["sent"] + counts["delivered"] + counts["read"],
        delivered=counts["delivered"] + counts["read"],
        read=counts["read"],
        replied=counts["replied"],
        clicked=counts["clicked"],
        failed=counts["failed"],
        is_winner=bool(row.is_winner),
    )


async def failures(session: AsyncSession, actor: Actor, campaign_id: int) -> list[Failure]:
    """Why people did not get it, the most frequent reason first; without those who are still on their way."""
    actor.require(Permission.CAMPAIGNS_SEE)
    await ensure_there(session, campaign_id)
    columns = (col(recipient.state), col(recipient.reason), col(recipient.error_code))
    query = (
        # The text of ours that was stored with it: for what no code and no word stands for.
        sa.select(*columns, sa.func.count().label("n"), sa.func.min(recipient.error_detail).label("detail"))
        .where(
            col(recipient.campaign_id) == campaign_id,
            col(recipient.state).in_([RecipientState.FAILED, RecipientState.SKIPPED]),
        )
        .group_by(*columns)
    )
    found = [_failure(row) for row in await fetch(session, query)]
    return sorted(found, key=lambda each: (each["state"], -each["count"], each["key"]))


def _failure(row: Any) -> Failure:
    why = reasons.why(row.reason, row.error_code, row.detail if not row.error_code else "")
    return Failure(
        key=str(row.error_code) if row.error_code is not None else row.reason,
        state=row.state.value,
        count=row.n,
        meaning=why.meaning,
        advice=why.advice,
        code=row.error_code or 0,
    )


async def chart(session: AsyncSession, actor: Actor, campaign_id: int) -> Chart:
    """How it went over time, in as fine spans as ``MOST_POINTS`` allow. Raises NotFound."""
    actor.require(Permission.CAMPAIGNS_SEE)
    await ensure_there(session, campaign_id)
    moment = CampaignMoment
    query = (
        sa.select(col(moment.minute), col(moment.stage), col(moment.count))
        .where(col(moment.campaign_id) == campaign_id)
        .order_by(col(moment.minute))
    )
    rows = await fetch(session, query)
    if not rows:
        return Chart(minutes=1, points=[])
    first, last = rows[0].minute, rows[-1].minute
    whole = (last - first) / timedelta(minutes=1) + 1
    minutes = next((span for span in _SPANS if whole / span <= MOST_POINTS), _SPANS[-1])
    spans: dict[datetime, Counter[str]] = {}
    for row in rows:
        spans.setdefault(_begin(row.minute, minutes), Counter())[row.stage] += row.count
    at, points = _begin(first, minutes), []
    while at <= last:
        points.append(_point(at, spans.get(at, Counter())))
        at += timedelta(minutes=minutes)
    return Chart(minutes=minutes, points=points)


def _begin(at: datetime, minutes: int) -> datetime:
    seconds = minutes * 60
    return datetime.fromtimestamp(at.timestamp() // seconds * seconds, at.tzinfo)


def _point(at: datetime, counts: Counter[str]) -> Point:
    return Point(
        at=at.isoformat(),
        sent=counts["sent"],
        delivered=counts["delivered"],
        read=counts["read"],
        replied=counts["replied"],
        failed=counts["failed"],
    )


async def clicks(session: AsyncSession, actor: Actor, campaign_id: int) -> list[Clicked]:
    """How many tapped which quick reply, the most popular first."""
    actor.require(Permission.CAMPAIGNS_SEE)
    query = (
        sa.select(col(recipient.clicked), sa.func.count().label("n"))
        .where(col(recipient.campaign_id) == campaign_id, col(recipient.clicked_at).is_not(None))
        .group_by(col(recipient.clicked))
    )
    found = [Clicked(button=row.clicked, count=row.n) for row in await fetch(session, query)]
    return sorted(found, key=lambda each: (-each["count"], each["button"]))


async def answers(session: AsyncSession, actor: Actor, campaign_id: int) -> list[Answered]:
    """The newest answers in conversations that the actor may see; the first of each person."""
    actor.require(Permission.CAMPAIGNS_SEE)
    actor.require(Permission.INBOX_SEE)
    query = (
        sa.select(
            col(recipient.id).label("recipient_id"),
            col(Conversation.id).label("conversation_id"),
            *name_columns(),
            col(recipient.replied_at),
        )
        .join(Contact, col(Contact.id) == col(recipient.contact_id))
        .join(Message, col(Message.id) == col(recipient.message_id))
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .where(
            col(recipient.campaign_id) == campaign_id, col(recipient.replied_at).is_not(None), readable(actor)
        )
        .order_by(col(recipient.replied_at).desc(), col(recipient.id).desc())
        .limit(ANSWERS)
    )
    rows = await fetch(session, query)
    texts = await _texts(session, rows)
    hidden = await masks(session, actor, [row.contact_id for row in rows])
    return [_answered(row, texts.get(row.recipient_id), hidden.of(row.contact_id)) for row in rows]


def _answered(row: Any, message: Any, mask: Any) -> Answered:
    return Answered(
        recipient_id=row.recipient_id,
        contact_id=row.contact_id,
        conversation_id=row.conversation_id,
        name=name_of(mask, row),
        text=mask.text(message.body) if message else "",
        type=message.type if message else "",
        at=row.replied_at.isoformat(),
    )


async def _texts(session: AsyncSession, rows: Any) -> dict[int, Any]:
    """The messages with which these people answered, by recipient."""
    by_place = {(row.conversation_id, row.replied_at): row.recipient_id for row in rows}
    if not by_place:
        return {}
    query = sa.select(
        col(Message.conversation_id), col(Message.at), col(Message.body), col(Message.type)
    ).where(
        col(Message.direction) == Direction.INBOUND,
        sa.or_(
            *(
                sa.and_(col(Message.conversation_id) == conversation_id, col(Message.at) == at)
                for conversation_id, at in by_place
            )
        ),
    )
    return {by_place[row.conversation_id, row.at]: row for row in await fetch(session, query)}


async def countries(session: AsyncSession, actor: Actor, campaign_id: int) -> list[Country]:
    """Who got it and read it, by the country of the number they were written to; the largest first."""
    actor.require(Permission.CAMPAIGNS_SEE)
    # The country code has at most three digits; the number itself is told apart below only where several share one.
    prefix = sa.func.substr(Message.recipient, 1, 8)
    query = (
        sa.select(
            prefix.label("prefix"),
            sa.func.count().label("n"),
            sa.func.sum(sa.case((col(recipient.read_at).is_not(None), 1), else_=0)).label("read"),
        )
        .join(Message, col(Message.id) == col(recipient.message_id))
        .where(col(recipient.campaign_id) == campaign_id)
        .group_by(prefix)
    )
    people: Counter[str] = Counter()
    read: Counter[str] = Counter()
    for row in await fetch(session, query):
        code = _country(row.prefix)
        people[code] += row.n
        read[code] += int(row.read)
    found = [Country(code=code, people=count, read=read[code]) for code, count in people.items()]
    return sorted(found, key=lambda each: (-each["people"], each["code"]))


def _country(prefix: str) -> str:
    """Of the beginning of a number: those that share "+1" are told apart by the three digits behind it."""
    try:
        number = phonenumbers.parse(prefix.ljust(12, "0"), None)
    except phonenumbers.NumberParseException:
        return ""
    found = phonenumbers.region_code_for_number(number)
    return found or phonenumbers.region_code_for_country_code(number.country_code or 0)
