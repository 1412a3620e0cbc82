"""How a draft begins: empty, or with what the page before has chosen."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import (
    Campaign,
    CampaignState,
    CampaignVariant,
    Channel,
    ChannelStatus,
    Segment,
    Tag,
    Template,
)
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.campaigns import audience as audiences
from wapto_app.services.campaigns import drafts, template_files
from wapto_app.services.campaigns.drafts import AudienceForm, ContentForm, VariantForm
from wapto_app.services.campaigns.template_files import HEADER

_LARGEST_ID = 2**31 - 1
_AT_ONCE = timedelta(seconds=1)
"""Both times are taken when a row is made, one after the other."""


async def start(
    session: AsyncSession,
    actor: Actor,
    *,
    tag: int = 0,
    segment: int = 0,
    template: int = 0,
    contacts: Sequence[int] = (),
) -> int:
    """Make a draft and fill in what is known already; its id. What does not exist any more is left out.

    Who comes without any wish and has a draft that was never touched gets that one again.
    """
    actor.require(Permission.CAMPAIGNS_DO)
    is_bare = not (tag or segment or template or contacts)
    if is_bare and (untouched := await _untouched(session, actor)):
        return untouched
    names = [await _name(session, Tag, tag), await _name(session, Segment, segment)]
    found = await session.get(Template, min(template, _LARGEST_ID)) if template else None
    called = next((name for name in [*names, found.name.replace("_", " ") if found else ""] if name), "")
    campaign_id = await drafts.create(session, actor, called)
    audience = audiences.nobody()
    audience["tags"], audience["segments"] = [tag] if names[0] else [], [segment] if names[1] else []
    audience["contacts"] = list(contacts)
    if not audiences.is_empty(audience):
        version = (await drafts.draft(session, actor, campaign_id))["version"]
        await drafts.save_audience(
            session, actor, campaign_id, AudienceForm(version=version, audience=audience)
        )
    if found is not None and (channel_id := await _sender(session, found.waba_id)):
        await _choose(session, actor, campaign_id, channel_id, found.id or 0)
    return campaign_id


async def _untouched(session: AsyncSession, actor: Actor) -> int:
    """The newest draft of the actor in which nothing was ever chosen, not even a name; 0 for none."""
    c = Campaign
    template = sa.select(sa.literal(1)).where(
        col(CampaignVariant.campaign_id) == col(c.id), col(CampaignVariant.template_id).is_not(None)
    )
    columns: list[Any] = [
        col(each) for each in (c.id, c.name, c.time_zone, c.audience, c.created_at, c.updated_at)
    ]
    query = (
        sa.select(*columns)
        .where(
            col(c.state) == CampaignState.DRAFT,
            col(c.created_by) == actor.account_id,
            ~template.exists(),
        )
        .order_by(col(c.created_at).desc(), col(c.id).desc())
        .limit(1)
    )
    rows = await fetch(session, query)
    for row in rows:
        is_empty = audiences.is_empty(audiences.read(row.audience or {}))
        is_unnamed = row.name == drafts.day_name(row.created_at, row.time_zone)
        if is_empty and is_unnamed and row.updated_at - row.created_at < _AT_ONCE:
            return int(row.id)
    return 0


async def _name(session: AsyncSession, table: Any, item: int) -> str:
    found = await session.get(table, min(item, _LARGEST_ID)) if item else None
    return str(found.name) if found is not None else ""


async def _sender(session: AsyncSession, waba_id: str) -> int:
    """The first connected number of a template's account; 0 for none."""
    query = (
        select(Channel.id)
        .where(Channel.waba_id == waba_id, Channel.status == ChannelStatus.CONNECTED)
        .order_by(col(Channel.id))
        .limit(1)
    )
    return (await session.exec(query)).first() or 0


async def _choose(
    session: AsyncSession, actor: Actor, campaign_id: int, channel_id: int, template_id: int
) -> None:
    draft = await drafts.draft(session, actor, campaign_id)
    files = await template_files.samples(session, actor, template_id)
    header = files.pop(HEADER, "")
    form = ContentForm(
        version=draft["version"],
        channel_id=channel_id,
        variants=[
            VariantForm(
                label="A",
                template_id=template_id,
                file_key=header,
                card_files=files,
                mapping={},
                share=100,
            )
        ],
        test_share=draft["test_share"],
        winner_by=draft["winner_by"],
        decide_after=draft["decide_after"],
    )
    await drafts.save_content(session, actor, campaign_id, form)
