"""The cost of a campaign before it is sent: its people by country, times the prices that the owner wrote down."""

from __future__ import annotations

from collections import Counter
from functools import lru_cache
from typing import Any, TypedDict

import phonenumbers
import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import fetch
from wapto_app.models import Campaign, Contact, Conversation, Template
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.campaigns import audience as audiences
from wapto_app.services.campaigns import strangers
from wapto_app.services.campaigns.draft_parts import of_id, variants
from wapto_app.services.campaigns.price_files import OTHERS
from wapto_app.services.campaigns.price_table import Known, known, market_name, money
from wapto_app.services.campaigns.standing import reason_of
from wapto_app.services.contact_names import phone_column
from wapto_app.services.desk import WINDOW

_PREFIX = 4
"""Digits of a number that tell the country: +1 and the area code, the longest that it takes."""


class EstimateLine(TypedDict):
    """People of one country who get a template of one category. ``amount`` is empty without a price."""

    market: str
    name: str
    category: str
    people: int
    price: str
    amount: str


class Estimate(TypedDict):
    """``unpriced`` people live in markets without a price (``missing``): they are not in ``total``.

    ``free`` of the people get a utility template for nothing, as they wrote within the last 24 hours; they are not in
    ``total`` either. ``has_prices``: somebody wrote prices down at all.
    """

    has_prices: bool
    currency: str
    total: str
    lines: list[EstimateLine]
    unpriced: int
    missing: list[str]
    free: int


class _Line(TypedDict):
    market: str
    category: str
    people: int
    micros: int | None


async def estimate(session: AsyncSession, actor: Actor, campaign_id: int) -> Estimate:
    """What it would cost now, for those of its people whom the actor may see. Raises NotFound."""
    actor.require(Permission.CAMPAIGNS_SEE)
    campaign = await of_id(session, campaign_id)
    shares, template_ids = await _shares(session, campaign_id)
    rates = await known(session)
    everybody, talking = await _people(session, actor, campaign, template_ids)
    paying = {
        category: _part(everybody - talking if category == "UTILITY" else everybody, share)
        for category, share in shares.items()
    }
    lines = [
        _line(market, category, n, rates) for category, of in paying.items() for market, n in of.most_common()
    ]
    unpriced = [line for line in lines if line["micros"] is None]
    return Estimate(
        has_prices=bool(rates["micros"]),
        currency=rates["currency"],
        total=money(sum((line["micros"] or 0) * line["people"] for line in lines), rates["currency"]),
        lines=[_shown(line, rates["currency"]) for line in lines],
        unpriced=sum(line["people"] for line in unpriced),
        missing=list(dict.fromkeys(market_name(line["market"]) for line in unpriced)),
        free=_part(talking, shares.get("UTILITY", 0.0)).total(),
    )


async def _shares(session: AsyncSession, campaign_id: int) -> tuple[dict[str, float], list[int]]:
    """Which part of the people gets each category. Of a test, whose winner nobody knows, by its shares."""
    shares: Counter[str] = Counter()
    ids: list[int] = []
    for variant in await variants(session, campaign_id):
        template = await session.get(Template, variant.template_id or 0)
        if template is not None:
            shares[template.category] += variant.share
            ids.append(template.id or 0)
    return {category: share / shares.total() for category, share in shares.items()}, ids


async def _people(
    session: AsyncSession, actor: Actor, campaign: Campaign, template_ids: list[int]
) -> tuple[Counter[str], Counter[str]]:
    """Everybody who gets it by country, and of these who wrote to its number within the last 24 hours."""
    wanted = audiences.read(campaign.audience)
    needs = await audiences.needs_of(session, wanted, template_ids)
    query = (await audiences.chosen(session, wanted, actor)).where(reason_of(needs) == "")
    talks = sa.select(sa.literal(1)).where(
        col(Conversation.contact_id) == col(Contact.id),
        col(Conversation.channel_id) == campaign.channel_id,
        col(Conversation.last_inbound_at) > utcnow() - WINDOW,
    )
    rows = query.add_columns(phone_column().label("phone"), talks.exists().label("talks")).subquery()
    prefix = sa.func.substr(rows.c.phone, 2, _PREFIX)
    counted = sa.select(sa.func.max(rows.c.phone), rows.c.talks, sa.func.count()).group_by(
        prefix, rows.c.talks
    )
    everybody: Counter[str] = Counter()
    talking: Counter[str] = Counter()
    for number, is_talking, count in await fetch(session, counted):
        country = country_of(number or "")
        everybody[country] += count
        talking[country] += count if is_talking else 0
    for number, count in await _strangers(session, wanted):
        everybody[country_of(number)] += count
    return everybody, talking


async def _strangers(session: AsyncSession, wanted: audiences.Audience) -> list[Any]:
    ids = await audiences.upload_ids(session, wanted) if wanted["uploads"] else []
    if not ids:
        return []
    rows = strangers.numbers(ids).subquery()
    prefix = sa.func.substr(rows.c.number, 2, _PREFIX)
    return list(await fetch(session, sa.select(sa.func.max(rows.c.number), sa.func.count()).group_by(prefix)))


@lru_cache(maxsize=16_384)
def country_of(number: str) -> str:
    """The country of a number (ISO 3166); empty when there is none, or it belongs to no country."""
    try:
        parsed = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return OTHERS
    region = phonenumbers.region_code_for_number(parsed)
    region = region or phonenumbers.region_code_for_country_code(parsed.country_code or 0)
    return OTHERS if region in (None, "ZZ", "001") else str(region)


def _part(people: Counter[str], share: float) -> Counter[str]:
    return Counter({market: n for market, count in people.items() if (n := round(count * share))})


def _line(market: str, category: str, people: int, rates: Known) -> _Line:
    """A country without a price of its own has that of all others."""
    micros = rates["micros"].get((market, category), rates["micros"].get((OTHERS, category)))
    return _Line(market=market, category=category, people=people, micros=micros)


def _shown(line: _Line, currency: str) -> EstimateLine:
    micros = line["micros"]
    return EstimateLine(
        market=line["market"],
        name=market_name(line["market"]) if line["market"] else "Unknown country",
        category=line["category"],
        people=line["people"],
        price=money(micros, currency) if micros is not None else "",
        amount=money(micros * line["people"], currency) if micros is not None else "",
    )
