"""Filters of the inbox under a name: one's own, and those that everybody has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.webhooks.decoding import clean_text
from wapto_app.db import fetch, take_turns, touch
from wapto_app.models import SavedView
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.inbox.filters import InboxFilter, from_params, to_params, to_query
from wapto_app.services.inbox.gone import still_there
from wapto_app.services.saved_views import INCOMPLETE, TOPIC

NAME_MAX = 50
MOST = 30
"""Views of one person, and shared ones: more than that nobody finds anything in."""
# Any number that nothing else locks.
_LOCK = 0x76696577


class ViewRow(TypedDict):
    """A saved view. ``query`` is its filter as it stands in the address; ``mine`` whether the actor may change it;
    ``incomplete`` whether it asked for something that was deleted, which is left out."""

    id: int
    name: str
    query: str
    shared: bool
    mine: bool
    incomplete: bool


async def views(session: AsyncSession, actor: Actor) -> list[ViewRow]:
    """The actor's own views in their order, then the shared ones in theirs."""
    actor.require(Permission.INBOX_SEE)
    v = SavedView
    query = (
        sa.select(col(v.id), col(v.name), col(v.filters), col(v.owner_id))
        .where(sa.or_(col(v.owner_id) == actor.account_id, col(v.owner_id).is_(None)))
        .order_by(col(v.owner_id).is_(None), col(v.position), col(v.id))
    )
    rows = await fetch(session, query)
    saved = [from_params(row.filters) for row in rows]
    return [
        ViewRow(
            id=row.id,
            name=row.name,
            query=to_query(kept),
            shared=row.owner_id is None,
            mine=row.owner_id is not None or actor.may(Permission.TEAMS_DO),
            incomplete=kept != wanted or INCOMPLETE in row.filters,
        )
        for row, wanted, kept in zip(rows, saved, await still_there(session, actor, saved), strict=True)
    ]


async def save(
    session: AsyncSession, actor: Actor, name: str, wanted: InboxFilter, *, shared: bool = False
) -> int:
    """Keep a filter under a name, after the others. Sharing it is up to whoever manages teams.

    Raises:
        Invalid: the name is empty, too long or taken, or there are too many.
    """
    actor.require(Permission.INBOX_DO)
    if shared:
        actor.require(Permission.TEAMS_DO)
    owner_id = None if shared else actor.account_id
    await take_turns(session, _LOCK)
    others = await _of(session, owner_id)
    clean = _clean(name, [row.name for row in others])
    if len(others) >= MOST:
        raise Invalid("name", f"There are {MOST} views already. Delete one first.")
    position = max((row.position for row in others), default=0) + 1
    view = SavedView(owner_id=owner_id, name=clean, filters=to_params(wanted), position=position)
    session.add(view)
    await session.flush()
    touch(session, TOPIC)
    return view.id or 0


async def rename(session: AsyncSession, actor: Actor, view_id: int, name: str) -> None:
    """Raises Invalid for a name that is empty, too long or taken; NotFound for a view of somebody else."""
    actor.require(Permission.INBOX_DO)
    view = await _mine(session, actor, view_id)
    others = [row.name for row in await _of(session, view.owner_id) if row.id != view_id]
    view.name = _clean(name, others)
    session.add(view)
    touch(session, TOPIC)


async def move(session: AsyncSession, actor: Actor, view_id: int, *, up: bool) -> None:
    """Let it change places with its neighbour; at the end nothing happens. Raises NotFound."""
    actor.require(Permission.INBOX_DO)
    await take_turns(session, _LOCK)
    view = await _mine(session, actor, view_id)
    ids = [row.id for row in await _of(session, view.owner_id)]
    at = ids.index(view_id)
    to = at - 1 if up else at + 1
    if not 0 <= to < len(ids):
        return
    ids[at], ids[to] = ids[to], ids[at]
    for position, of in enumerate(ids, 1):
        await session.exec(sa.update(SavedView).where(col(SavedView.id) == of).values(position=position))
    touch(session, TOPIC)


async def delete(session: AsyncSession, actor: Actor, view_id: int) -> None:
    """Raises NotFound for a view of somebody else."""
    actor.require(Permission.INBOX_DO)
    await session.delete(await _mine(session, actor, view_id))
    touch(session, TOPIC)


async def _of(session: AsyncSession, owner_id: int | None) -> Sequence[Any]:
    v = SavedView
    query = sa.select(col(v.id), col(v.name), col(v.position)).where(col(v.owner_id) == owner_id)
    return await fetch(session, query.order_by(col(v.position), col(v.id)))


async def _mine(session: AsyncSession, actor: Actor, view_id: int) -> SavedView:
    """A view that the actor may change."""
    view = await session.get(SavedView, view_id, with_for_update=True)
    if view is None or (view.owner_id not in (None, actor.account_id)):
        raise NotFound("view")
    if view.owner_id is None:
        actor.require(Permission.TEAMS_DO)
    return view


def _clean(name: str, taken: Sequence[str]) -> str:
    clean = " ".join(clean_text(name).split())
    if not clean:
        raise Invalid("name", "Give the view a name.")
    if len(clean) > NAME_MAX:
        raise Invalid("name", f"A name has at most {NAME_MAX} characters.")
    if clean.casefold() in {each.casefold() for each in taken}:
        raise Invalid("name", f"There is a view “{clean}” already. Choose another name.")
    return clean
