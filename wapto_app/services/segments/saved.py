"""Segments that have a name."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import fetch, take_turns, touch
from wapto_app.models import Account, Contact, Segment
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit
from wapto_app.services.campaigns import usage
from wapto_app.services.errors import Conflict, Invalid, NotFound
from wapto_app.services.masking import Mask
from wapto_app.services.naming import key_of, name_of
from wapto_app.services.segments.known import all_problems, known
from wapto_app.services.segments.preview import counted
from wapto_app.services.segments.rules import Raw, read, stored
from wapto_app.services.segments.sql import condition, matching
from wapto_app.services.segments.upkeep import TOPIC

NAME_MAX = 80
MOST = 300
_KEY_MAX = 160
# Any number that nothing else locks.
_LOCK = 0x73656773


class SegmentRow(TypedDict):
    """One line of the list. ``problem`` is what has to be mended before it matches anybody again."""

    id: int
    name: str
    by: str
    updated_at: str
    rules: Raw
    problem: str


class SegmentDetails(TypedDict):
    """What the builder opens."""

    id: int
    name: str
    rules: Raw


async def listing(session: AsyncSession, actor: Actor, search: str = "") -> list[SegmentRow]:
    """All segments by name, or those whose name has ``search`` in it. They are counted one by one: ``count_of``."""
    actor.require(Permission.CONTACTS_SEE)
    s = Segment
    columns: list[Any] = [col(each) for each in (s.id, s.name, s.rules, s.updated_at)]
    query = (
        sa.select(*columns, col(Account.name).label("by"))
        .outerjoin(Account, col(Account.id) == col(s.created_by))
        .order_by(col(s.key))
        .limit(MOST)
    )
    if wanted := key_of(search, _KEY_MAX).strip():
        query = query.where(col(s.key).contains(wanted, autoescape=True))
    found, mask = await fetch(session, query), Mask(hides=actor.hide_phone)
    trees = [read(row.rules) for row in found]
    there = await known(session, *trees)
    return [
        SegmentRow(
            id=row.id,
            name=row.name,
            by=row.by or "",
            updated_at=row.updated_at.isoformat(),
            rules=_seen(row.rules, mask),
            problem=next(iter(all_problems(tree, there, Actor.system()).values()), ""),
        )
        for row, tree in zip(found, trees, strict=True)
    ]


async def get(session: AsyncSession, actor: Actor, segment_id: int) -> SegmentDetails:
    """One segment. Raises NotFound."""
    actor.require(Permission.CONTACTS_SEE)
    found = await _get(session, segment_id)
    rules = _seen(found.rules, Mask(hides=actor.hide_phone))
    return SegmentDetails(id=segment_id, name=found.name, rules=rules)


async def count_of(session: AsyncSession, actor: Actor, segment_id: int) -> int:
    """How many contacts fit now, of those that the actor may see. Raises NotFound."""
    actor.require(Permission.CONTACTS_SEE)
    segment = await _get(session, segment_id)
    return await counted(session, matching(segment.rules, actor))


async def members(session: AsyncSession, segment_ids: Collection[int]) -> sa.Select[Any]:
    """Ids of the contacts that are in one of the segments; what is gone has none. The caller adds who may see them."""
    wanted = sorted(set(segment_ids))
    found = await session.exec(select(Segment.rules).where(col(Segment.id).in_(wanted)))
    return sa.select(col(Contact.id)).where(sa.or_(sa.false(), *[condition(rules) for rules in found]))


async def save(session: AsyncSession, actor: Actor, name: str, rules: Raw, segment_id: int = 0) -> int:
    """Make a segment, or change one; its id.

    Raises:
        Invalid: the name is taken or wrong, or a rule has a problem.
        NotFound: it is gone.
    """
    actor.require(Permission.CONTACTS_DO)
    await take_turns(session, _LOCK)
    segment = await _get(session, segment_id) if segment_id else await _new(session, actor)
    segment.name, segment.key = await _free_name(session, name, segment_id)
    tree = read(rules)
    problems = all_problems(tree, await known(session, tree), actor)
    if problems:
        raise Invalid("rules", next(iter(problems.values())))
    segment.rules = stored(tree)
    return await _store(session, actor, segment)


async def rename(session: AsyncSession, actor: Actor, segment_id: int, name: str) -> str:
    """Give it another name, and return that.

    Raises:
        Invalid: the name is taken or wrong.
        NotFound: it is gone.
    """
    actor.require(Permission.CONTACTS_DO)
    await take_turns(session, _LOCK)
    segment = await _get(session, segment_id)
    segment.name, segment.key = await _free_name(session, name, segment_id)
    await _store(session, actor, segment)
    return segment.name


async def duplicate(session: AsyncSession, actor: Actor, segment_id: int) -> int:
    """The same rules under another name; the id of the new one. Raises NotFound."""
    actor.require(Permission.CONTACTS_DO)
    await take_turns(session, _LOCK)
    original = await _get(session, segment_id)
    segment = await _new(session, actor)
    taken = set((await session.exec(select(Segment.key))).all())
    base = original.name[: NAME_MAX - 6].rstrip()
    names = (f"{base} ({number})" for number in range(2, MOST + 3))
    segment.name = next(name for name in names if key_of(name, _KEY_MAX) not in taken)
    segment.key, segment.rules = key_of(segment.name, _KEY_MAX), original.rules
    return await _store(session, actor, segment)


async def campaigns(session: AsyncSession, actor: Actor, segment_id: int) -> list[str]:
    """Names of the campaigns to come that ask for it."""
    actor.require(Permission.CONTACTS_SEE)
    return await usage.asking_for(session, "segments", segment_id)


async def delete(session: AsyncSession, actor: Actor, segment_id: int) -> str:
    """Remove a segment, not its contacts; its name. Drafts of campaigns that ask for it say so.

    Raises:
        Conflict: a campaign that is about to be sent asks for it.
        NotFound: it is gone.
    """
    actor.require(Permission.CONTACTS_DO)
    segment = await _get(session, segment_id)
    await usage.forget(session, "segments", segment_id, segment.name)
    await session.delete(segment)
    audit.record(session, actor, "segment.deleted", f"segment:{segment_id}", name=segment.name)
    touch(session, TOPIC)
    return segment.name


def _seen(node: Any, mask: Mask) -> Any:
    """Rules without the numbers that are hidden from the reader."""
    if isinstance(node, dict):
        return {key: _seen(each, mask) for key, each in node.items()}
    if isinstance(node, list):
        return [_seen(each, mask) for each in node]
    return mask.every(node) if isinstance(node, str) else node


async def _new(session: AsyncSession, actor: Actor) -> Segment:
    number = (await fetch(session, sa.select(sa.func.count()).select_from(Segment)))[0][0]
    if number >= MOST:
        raise Conflict(f"There are {MOST} segments already. Delete some that nobody needs.")
    return Segment(name="", key="", created_by=actor.account_id)


async def _free_name(session: AsyncSession, text: str, segment_id: int) -> tuple[str, str]:
    name = name_of("name", text, NAME_MAX)
    key = key_of(name, _KEY_MAX)
    with session.no_autoflush:
        query = select(Segment.id).where(Segment.key == key, Segment.id != segment_id)
        if (await session.exec(query)).first() is not None:
            raise Invalid("name", "There is a segment with this name already.")
    return name, key


async def _store(session: AsyncSession, actor: Actor, segment: Segment) -> int:
    deed = "segment.changed" if segment.id else "segment.created"
    segment.updated_at = utcnow()
    session.add(segment)
    await session.flush()
    audit.record(session, actor, deed, f"segment:{segment.id}", name=segment.name)
    touch(session, TOPIC)
    return segment.id or 0


async def _get(session: AsyncSession, segment_id: int) -> Segment:
    segment = await session.get(Segment, segment_id)
    if segment is None:
        raise NotFound("segment")
    return segment
