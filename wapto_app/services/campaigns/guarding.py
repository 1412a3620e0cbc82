"""What must be so for a campaign to go on: a connected number, templates that may be sent, messages that arrive."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.models import Campaign, CampaignState, CampaignVariant, Channel, ChannelStatus, Template
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, preferences
from wapto_app.services.campaigns import causes
from wapto_app.services.campaigns.causes import Cause
from wapto_app.services.campaigns.stopping import Stop
from wapto_app.services.errors import Invalid

campaign, variant = table_of(Campaign), table_of(CampaignVariant)
channel, template = table_of(Channel), table_of(Template)

_SETTING = "campaigns"
ABOUT_ONE_PERSON = frozenset({130472, 131049, 131050})
"""Meta spares or obeys one customer: no sign that something is wrong with the campaign."""


class ErrorLimit(TypedDict):
    """A campaign pauses when ``percent`` of its last ``results`` (sent or failed) failed."""

    percent: int
    results: int


DEFAULT = ErrorLimit(percent=20, results=50)


async def error_limit(session: AsyncSession, actor: Actor) -> ErrorLimit:
    """The workspace's own, or the default."""
    actor.require(Permission.CAMPAIGNS_SEE)
    return _read(await preferences.read(session, _SETTING))


async def set_error_limit(session: AsyncSession, actor: Actor, limit: ErrorLimit) -> None:
    """Raises Invalid, with the field."""
    actor.require(Permission.SETTINGS_DO)
    if not 1 <= limit["percent"] <= 100:
        raise Invalid("percent", "Choose from 1 to 100 percent.")
    if not 10 <= limit["results"] <= 10_000:
        raise Invalid("results", "Choose from 10 to 10,000 messages.")
    stored = await preferences.read(session, _SETTING)
    await preferences.write(session, _SETTING, {**stored, **limit})
    audit.record(session, actor, "campaigns.error_limit", **limit)


def _read(stored: dict[str, Any]) -> ErrorLimit:
    return ErrorLimit(
        percent=int(stored.get("percent") or DEFAULT["percent"]),
        results=int(stored.get("results") or DEFAULT["results"]),
    )


async def known_error_limit(session: AsyncSession) -> ErrorLimit:
    """The same for the engine, which is nobody."""
    return _read(await preferences.read(session, _SETTING))


def look(connection: sa.Connection) -> list[Stop]:
    """Running campaigns that must stop because of their number or their template."""
    running = sa.select(campaign.c.id, channel.c.status).outerjoin(
        channel, channel.c.id == campaign.c.channel_id
    )
    stops: list[Stop] = []
    fine: list[int] = []
    for row in connection.execute(running.where(_IS_ACTIVE, campaign.c.state == CampaignState.RUNNING)):
        if row.status is ChannelStatus.CONNECTED:
            fine.append(row.id)
        elif row.status is ChannelStatus.RECONNECT:
            stops.append(Stop(row.id, Cause.TOKEN_REFUSED))
        else:
            stops.append(Stop(row.id, Cause.DISCONNECTED))
    return stops + of_templates(connection, fine)


# Spelled exactly as in the partial index, or SQLite does not use it.
_IS_ACTIVE = sa.text("campaign.state IN ('scheduled', 'asking', 'building', 'running', 'paused')")


def of_templates(connection: sa.Connection, campaign_ids: Iterable[int]) -> list[Stop]:
    """Those of these campaigns whose templates may not be sent, each once. Of a decided A/B only the winner counts."""
    columns = (template.c.id.label("found"), template.c.name, template.c.status, template.c.gone_at)
    query = (
        sa.select(campaign.c.id, *columns)
        .join(variant, variant.c.campaign_id == campaign.c.id)
        .outerjoin(template, template.c.id == variant.c.template_id)
        .where(
            campaign.c.id.in_(list(campaign_ids)),
            sa.or_(campaign.c.winner_id.is_(None), campaign.c.winner_id == variant.c.id),
        )
        .order_by(variant.c.id)
    )
    wrong: dict[int, Stop] = {}
    for row in connection.execute(query):
        cause = (
            causes.of_template(row.status, is_gone=row.gone_at is not None)
            if row.found
            else Cause.TEMPLATE_GONE
        )
        if cause is not None:
            wrong.setdefault(row.id, Stop(row.id, cause, row.name or ""))
    return list(wrong.values())
