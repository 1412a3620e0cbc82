"""Which campaigns to come ask for a tag, a segment or a file, and what becomes of them when it goes.

It knows tables only, so that those who own tags and segments can ask here.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, Literal

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import fetch, touch
from wapto_app.models import Campaign, CampaignState, CampaignVariant
from wapto_app.services.campaigns.topics import LIST as TOPIC
from wapto_app.services.errors import Conflict

GONE = "gone"
"""Stands in the audience of a draft beside its parts: sentences about what was deleted since they were chosen."""
Part = Literal["tags", "segments", "uploads"]
_NOT_BUILT = (CampaignState.DRAFT, CampaignState.SCHEDULED, CampaignState.ASKING, CampaignState.BUILDING)
"""Their audience is still to be asked; of the others it only tells how it was."""
_OVER = (CampaignState.FINISHED, CampaignState.CANCELLED)
_NAMED = 20


async def asking_for(session: AsyncSession, part: Part, wanted: int | str) -> list[str]:
    """Names of the campaigns to come that ask for it, for those who get them or for the exclusions."""
    return [campaign.name for campaign in await _asking(session, part, wanted)][:_NAMED]


async def ensure_free(session: AsyncSession, part: Part, wanted: int) -> None:
    """Raises Conflict when a campaign that waits for its time asks for it: it would go to others than was said."""
    for campaign in await _asking(session, part, wanted):
        if campaign.state is not CampaignState.DRAFT:
            raise Conflict(
                f"The campaign “{campaign.name}” is about to be sent and asks for it. Take it off the schedule first."
            )


async def forget(session: AsyncSession, part: Part, wanted: int, name: str) -> None:
    """Take it out of every draft, and leave a note: its id may be given to another one later.

    Raises:
        Conflict: as ``ensure_free``.
    """
    await ensure_free(session, part, wanted)
    word = "tag" if part == "tags" else "segment"
    note = f"The {word} “{name}” of this audience was deleted. Look whether the audience is still right."
    for campaign in await _asking(session, part, wanted):
        _change(session, campaign, part, lambda given: [each for each in given if each != wanted])
        campaign.audience = {**campaign.audience, GONE: [*campaign.audience.get(GONE, ()), note][:_NAMED]}


async def replace_tag(session: AsyncSession, tag_id: int, into_id: int) -> None:
    """Ask for another tag from now on."""

    def replaced(given: list[Any]) -> list[Any]:
        return list(dict.fromkeys(into_id if each == tag_id else each for each in given))

    for campaign in await _asking(session, "tags", tag_id):
        _change(session, campaign, "tags", replaced)


async def showing(session: AsyncSession, keys: Collection[str]) -> list[tuple[str, CampaignState]]:
    """Campaigns that are not over and show one of these files of the library, in the header or on a card; those that
    send or wait for their time first.
    """
    v, wanted = CampaignVariant, set(keys)
    columns = [col(each) for each in (Campaign.id, Campaign.name, Campaign.state, v.file_key, v.card_files)]
    query: Any = (
        sa.select(*columns)
        .join(v, col(v.campaign_id) == col(Campaign.id))
        .where(col(Campaign.state).not_in(_OVER))
        .order_by(col(Campaign.state) == CampaignState.DRAFT, col(Campaign.id).desc())
    )
    found = {
        row.id: (row.name, CampaignState(row.state))
        for row in await fetch(session, query)
        if wanted & {row.file_key, *row.card_files.values()}
    }
    return list(found.values())


async def ensure_unneeded(session: AsyncSession, keys: Collection[str]) -> None:
    """Raises Conflict when a campaign that sends or waits for its time shows one of these files of the library."""
    for name, state in await showing(session, keys):
        if state is not CampaignState.DRAFT:
            raise Conflict(
                f"The campaign “{name}” still sends this file. Cancel the campaign, or wait until it has finished."
            )


async def all_in_use(session: AsyncSession, part: Part) -> set[Any]:
    """Everything that any campaign names in this part of its audience."""
    found = await session.exec(select(Campaign.audience))
    return {each for audience in found for each in audience.get(part) or ()}


async def _asking(session: AsyncSession, part: Part, wanted: int | str) -> list[Campaign]:
    query = select(Campaign).where(col(Campaign.state).in_(_NOT_BUILT)).order_by(col(Campaign.id))
    found = await session.exec(query)
    return [each for each in found if any(wanted in (each.audience.get(name) or ()) for name in _both(part))]


def _both(part: Part) -> tuple[str, str]:
    return part, f"without_{part}"


def _change(
    session: AsyncSession, campaign: Campaign, part: Part, change: Callable[[list[Any]], list[Any]]
) -> None:
    """Whoever edits the draft at the moment is told by its version."""
    changed = {name: change(campaign.audience.get(name) or []) for name in _both(part)}
    campaign.audience, campaign.updated_at = {**campaign.audience, **changed}, utcnow()
    session.add(campaign)
    touch(session, TOPIC, f"campaign:{campaign.id}")
