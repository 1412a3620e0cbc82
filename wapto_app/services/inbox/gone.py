"""What filters ask for and is gone: deleted tags, agents, teams and numbers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch, in_parts
from wapto_app.models import Account, Channel, Tag, Team
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.inbox.filters import InboxFilter


async def still_there(
    session: AsyncSession, actor: Actor, wanted: Sequence[InboxFilter]
) -> list[InboxFilter]:
    """The same filters without what is gone: asking for it would find nothing, or one day something else."""
    actor.require(Permission.INBOX_SEE)
    tags = await _known(session, Tag, {tag for each in wanted for tag in each.tags})
    agents = await _known(session, Account, {each.agent for each in wanted})
    teams = await _known(session, Team, {each.team for each in wanted})
    numbers = await _known(session, Channel, {each.number for each in wanted})
    return [
        replace(
            each,
            tags=tuple(tag for tag in each.tags if tag in tags),
            agent=each.agent if each.agent in agents else 0,
            team=each.team if each.team in teams else 0,
            number=each.number if each.number in numbers else 0,
        )
        for each in wanted
    ]


async def _known(session: AsyncSession, model: Any, ids: set[int]) -> set[int]:
    found: set[int] = set()
    for some in in_parts(sorted(ids - {0})):
        found.update(
            row.id for row in await fetch(session, sa.select(col(model.id)).where(col(model.id).in_(some)))
        )
    return found
