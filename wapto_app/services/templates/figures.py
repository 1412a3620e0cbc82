"""What became of the messages of a template, and where it is used."""

from __future__ import annotations

from datetime import timedelta
from typing import TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import fetch
from wapto_app.models import Campaign, CampaignTally, CampaignVariant, Template
from wapto_app.security.permissions import Actor, Permission

PERIOD = timedelta(days=30)
_SHOWN = 5
# A message that was read was delivered, and sent, too.
_REACHED = {
    "sent": ("sent", "delivered", "read"),
    "delivered": ("delivered", "read"),
    "read": ("read",),
    "failed": ("failed",),
    "replied": ("replied",),
}


class UsedInCampaign(TypedDict):
    """``started`` is ISO 8601, empty for one that has not begun."""

    id: int
    name: str
    state: str
    started: str


class Figures(TypedDict):
    """Messages of the campaigns that began within ``PERIOD``, by what they reached at least; ``campaigns`` are the
    newest few that use the template, whenever they began."""

    sent: int
    delivered: int
    read: int
    failed: int
    replied: int
    campaigns: list[UsedInCampaign]


class Sibling(TypedDict):
    """The same template in another language."""

    id: int
    language: str
    status: str


async def figures(session: AsyncSession, actor: Actor, template_id: int) -> Figures:
    """Of one template."""
    actor.require(Permission.TEMPLATES_SEE)
    counted = (
        sa.select(col(CampaignTally.state), sa.func.sum(col(CampaignTally.count)).label("n"))
        .join(CampaignVariant, col(CampaignVariant.id) == col(CampaignTally.variant_id))
        .join(Campaign, col(Campaign.id) == col(CampaignVariant.campaign_id))
        .where(
            col(CampaignVariant.template_id) == template_id, col(Campaign.started_at) >= utcnow() - PERIOD
        )
        .group_by(col(CampaignTally.state))
    )
    by_state = {row.state: int(row.n) for row in await fetch(session, counted)}
    reached = {name: sum(by_state.get(each, 0) for each in states) for name, states in _REACHED.items()}
    return Figures(**reached, campaigns=await _campaigns(session, template_id))  # type: ignore[typeddict-item]


async def _campaigns(session: AsyncSession, template_id: int) -> list[UsedInCampaign]:
    own = sa.select(col(CampaignVariant.campaign_id)).where(col(CampaignVariant.template_id) == template_id)
    query = (
        sa.select(col(Campaign.id), col(Campaign.name), col(Campaign.state), col(Campaign.started_at))
        .where(col(Campaign.id).in_(own))
        .order_by(col(Campaign.id).desc())
        .limit(_SHOWN)
    )
    return [
        UsedInCampaign(
            id=row.id,
            name=row.name,
            state=row.state.value,
            started=row.started_at.isoformat() if row.started_at else "",
        )
        for row in await fetch(session, query)
    ]


async def siblings(session: AsyncSession, actor: Actor, template_id: int) -> list[Sibling]:
    """All languages of the template's name in its account, its own too, by their codes."""
    actor.require(Permission.TEMPLATES_SEE)
    own = (
        sa.select(col(Template.waba_id), col(Template.name)).where(col(Template.id) == template_id).subquery()
    )
    query = (
        sa.select(col(Template.id), col(Template.language), col(Template.status))
        .join(
            own, sa.and_(own.c.waba_id == col(Template.waba_id), own.c.name == col(Template.name))
        )
        .where(col(Template.gone_at).is_(None))
        .order_by(col(Template.language))
    )
    return [Sibling(**row._mapping) for row in await fetch(session, query)]
