"""Tags: what kind of customer somebody is, in the words of the team."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import fetch, in_parts, take_turns, touch
from wapto_app.models import Contact, ContactEventKind, ContactTag, Conversation, Tag, Visibility
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, contact_events, plans, saved_views
from wapto_app.services.campaigns import usage
from wapto_app.services.errors import Invalid, NotFound
from wapto_app.services.naming import key_of, name_of
from wapto_app.services.plans import Limit, Room, count_with, ensure_room
from wapto_app.services.segments import upkeep
from wapto_app.services.visibility import readable, readable_contact

TOPIC = "tags"
NAME_MAX = 50
MOST = 1_000
COLOURS = ("grey", "red", "orange", "amber", "green", "teal", "blue", "indigo", "purple", "pink")
"""Names of the palette; ``assets/wapto.css`` has their shades for light and dark."""
_KEY_MAX = 100
_TOLD = 500
"""More contacts than that at once: their open panels follow when they are opened again."""
# Any number that nothing else locks.
_LOCK = 0x74616773


class TagChip(TypedDict):
    """A tag as it stands beside a contact."""

    id: int
    name: str
    colour: str


class TagRow(TypedDict):
    """One line of the list. ``contacts`` counts those that the actor may see."""

    id: int
    name: str
    colour: str
    contacts: int


class Effects(TypedDict):
    """What goes with a tag: every contact that has it, seen by the actor or not; the segments that ask for it, and the
    campaigns to come that do.
    """

    contacts: int
    segments: list[str]
    campaigns: list[str]


def _all() -> sa.Select[Any]:
    return sa.select(sa.func.count()).select_from(Tag)


count_with(Limit.TAGS, _all)


async def chips(session: AsyncSession, contact_ids: Collection[int]) -> dict[int, list[TagChip]]:
    """The tags of contacts that the caller may show, by name; a contact without tags is left out."""
    found: dict[int, list[TagChip]] = {}
    for some in in_parts(sorted(set(contact_ids))):
        query = (
            sa.select(col(ContactTag.contact_id), col(Tag.id), col(Tag.name), col(Tag.colour))
            .join(Tag, col(Tag.id) == col(ContactTag.tag_id))
            .where(col(ContactTag.contact_id).in_(some))
            .order_by(col(Tag.key))
        )
        for contact_id, tag_id, name, colour in await fetch(session, query):
            found.setdefault(contact_id, []).append(TagChip(id=tag_id, name=name, colour=colour))
    return found


async def choices(session: AsyncSession, actor: Actor) -> list[TagChip]:
    """All tags by name, to choose from."""
    actor.require(Permission.CONTACTS_SEE)
    query = sa.select(col(Tag.id), col(Tag.name), col(Tag.colour)).order_by(col(Tag.key)).limit(MOST)
    return [TagChip(id=row.id, name=row.name, colour=row.colour) for row in await fetch(session, query)]


async def all_tags(session: AsyncSession, actor: Actor, search: str = "") -> list[TagRow]:
    """All tags by name, or those whose name has ``search`` in it, with how many contacts have each."""
    actor.require(Permission.TAGS_SEE)
    counted = sa.select(col(ContactTag.tag_id), sa.func.count().label("n")).group_by(col(ContactTag.tag_id))
    if actor.visibility is not Visibility.ALL:
        theirs = sa.select(col(Conversation.contact_id)).where(readable(actor))
        counted = counted.where(col(ContactTag.contact_id).in_(theirs))
    counts = counted.subquery()
    query = (
        sa.select(col(Tag.id), col(Tag.name), col(Tag.colour), sa.func.coalesce(counts.c.n, 0).label("n"))
        .outerjoin(counts, counts.c.tag_id == col(Tag.id))
        .order_by(col(Tag.key))
        .limit(MOST)
    )
    if wanted := key_of(search, _KEY_MAX).strip():
        query = query.where(col(Tag.key).contains(wanted, autoescape=True))
    return [
        TagRow(id=row.id, name=row.name, colour=row.colour, contacts=row.n)
        for row in await fetch(session, query)
    ]


async def room(session: AsyncSession, actor: Actor) -> Room:
    """How many tags there are, of how many that the plan allows."""
    actor.require(Permission.TAGS_SEE)
    return await plans.room(session, Limit.TAGS)


def holders(tag_ids: Collection[int], *, any_of: bool) -> sa.Select[Any]:
    """Ids of the contacts that have one of the tags, or all of them. No tags: nobody."""
    wanted = sorted(set(tag_ids))
    query = sa.select(col(ContactTag.contact_id)).where(col(ContactTag.tag_id).in_(wanted))
    if any_of or len(wanted) < 2:
        return query.distinct() if len(wanted) > 1 else query
    return query.group_by(col(ContactTag.contact_id)).having(sa.func.count() == len(wanted))


async def apply(
    session: AsyncSession,
    actor: Actor,
    contact_ids: Collection[int],
    tag_ids: Collection[int],
    *,
    remove: bool = False,
) -> int:
    """Put tags on contacts, or take them off; how many contacts changed. Contacts that the actor may not see stay.

    Raises:
        NotFound: one of the tags is gone.
    """
    actor.require(Permission.CONTACTS_DO)
    await _ensure_there(session, tag_ids)
    changed: set[int] = set()
    for some in in_parts(sorted(set(contact_ids))):
        connection = await session.connection()
        if remove:
            taken = [tuple(row) for row in await connection.execute(_taken_off(actor, some, tag_ids))]
            await _note_taken_off(session, actor, taken)
            changed.update(contact_id for contact_id, _tag_id in taken)
        else:
            changed.update((await connection.execute(_put_on(session, actor, some, tag_ids))).scalars())
    if changed:
        told = sorted(changed) if len(changed) <= _TOLD else []
        touch(session, TOPIC, "contacts", "inbox", *[f"contact:{each}" for each in told])
    return len(changed)


async def create(session: AsyncSession, actor: Actor, name: str, colour: str = "") -> int:
    """Make a tag; without a colour it gets the one that is used least.

    Raises:
        Invalid: naming the field; the name may be taken.
        LimitReached: the plan allows no more.
    """
    actor.require(Permission.TAGS_DO)
    await take_turns(session, _LOCK)
    chosen = _colour(colour) if colour else await _rarest_colour(session)
    tag = Tag(name=await _free_name(session, name, 0), key="", colour=chosen)
    return await _add(session, actor, tag)


async def ensure(session: AsyncSession, actor: Actor, names: Iterable[str]) -> list[int]:
    """The tags of these names, in their order; those that are not there are made, for which one needs ``TAGS_DO``.

    Raises:
        Invalid: a name cannot be one.
        LimitReached: the plan does not allow so many.
    """
    actor.require(Permission.CONTACTS_DO)
    await take_turns(session, _LOCK)
    wanted = {key_of(name, _KEY_MAX): name for name in (name_of("tags", each, NAME_MAX) for each in names)}
    there: dict[str, int] = {}
    for some in in_parts(wanted):
        query = sa.select(col(Tag.key), col(Tag.id)).where(col(Tag.key).in_(some))
        there |= dict(await fetch(session, query))
    for key, name in wanted.items():
        if key not in there:
            there[key] = await create(session, actor, name)
    return [there[key] for key in wanted]


async def change(session: AsyncSession, actor: Actor, tag_id: int, name: str, colour: str) -> None:
    """Rename and recolour.

    Raises:
        Invalid: naming the field; the name may be taken.
        NotFound: it is gone.
    """
    actor.require(Permission.TAGS_DO)
    await take_turns(session, _LOCK)
    tag = await _get(session, tag_id)
    tag.name, tag.colour = await _free_name(session, name, tag_id), _colour(colour)
    tag.key = key_of(tag.name, _KEY_MAX)
    session.add(tag)
    audit.record(session, actor, "tag.changed", f"tag:{tag_id}", name=tag.name, colour=tag.colour)
    touch(session, TOPIC, "contacts", "inbox")


async def effects(session: AsyncSession, actor: Actor, tag_id: int) -> Effects:
    """What goes when a tag goes. Raises NotFound."""
    actor.require(Permission.TAGS_SEE)
    await _get(session, tag_id)
    query = sa.select(sa.func.count()).where(col(ContactTag.tag_id) == tag_id)
    contacts = (await fetch(session, query))[0][0]
    return Effects(
        contacts=contacts,
        segments=await upkeep.asking_for_tag(session, tag_id),
        campaigns=await usage.asking_for(session, "tags", tag_id),
    )


async def merge(session: AsyncSession, actor: Actor, tag_id: int, into_id: int) -> str:
    """Give everybody who has the one tag the other; the one is gone, and segments ask for the other.

    Returns the name of the tag that stays.

    Raises:
        Invalid: both are the same.
        NotFound: one is gone.
    """
    actor.require(Permission.TAGS_DO)
    if tag_id == into_id:
        raise Invalid("into", "Choose another tag to merge into.")
    await take_turns(session, _LOCK)
    tag, kept = await _get(session, tag_id), await _get(session, into_id)
    other = sa.select(ContactTag.contact_id).where(col(ContactTag.tag_id) == into_id)  # type: ignore[call-overload]
    await session.exec(
        sa.update(ContactTag)
        .where(col(ContactTag.tag_id) == tag_id, col(ContactTag.contact_id).not_in(other))
        .values(tag_id=into_id)
        .execution_options(synchronize_session=False)
    )
    await upkeep.replace_tag(session, tag_id, into_id)
    await saved_views.replace_tag(session, tag_id, into_id)
    await usage.replace_tag(session, tag_id, into_id)
    await session.delete(tag)
    audit.record(session, actor, "tag.merged", f"tag:{into_id}", name=kept.name, merged=tag.name)
    touch(session, TOPIC, "contacts", "inbox")
    return kept.name


async def delete(session: AsyncSession, actor: Actor, tag_id: int) -> str:
    """Take a tag off everybody for good; its name. Segments, views and drafts of campaigns that ask for it say so.

    Raises:
        Conflict: a campaign that is about to be sent asks for it.
        NotFound: it is gone.
    """
    actor.require(Permission.TAGS_DO)
    tag = await _get(session, tag_id)
    await usage.forget(session, "tags", tag_id, tag.name)
    await upkeep.forget_tag(session, tag_id, tag.name)
    await saved_views.forget_tag(session, tag_id)
    await session.delete(tag)
    audit.record(session, actor, "tag.deleted", f"tag:{tag_id}", name=tag.name)
    touch(session, TOPIC, "contacts", "inbox")
    return tag.name


def _put_on(session: AsyncSession, actor: Actor, contact_ids: Sequence[int], tag_ids: Collection[int]) -> Any:
    table = table_of(ContactTag)
    columns: list[Any] = [
        col(Contact.id),
        col(Tag.id),
        sa.literal(actor.account_id, sa.Integer),
        sa.literal(utcnow(), table.c.at.type),
    ]
    pairs = (
        sa.select(*columns)
        .select_from(Contact)
        .join(Tag, sa.and_(sa.true(), col(Tag.id).in_(sorted(set(tag_ids)))))
        .where(col(Contact.id).in_(contact_ids), readable_contact(actor))
    )
    insert = (sqlite if session.get_bind().dialect.name == "sqlite" else postgresql).insert(table)
    return (
        insert.from_select(["contact_id", "tag_id", "by_id", "at"], pairs)
        .on_conflict_do_nothing()
        .returning(table.c.contact_id)
    )


def _taken_off(actor: Actor, contact_ids: Sequence[int], tag_ids: Collection[int]) -> Any:
    table = table_of(ContactTag)
    visible = sa.select(col(Contact.id)).where(col(Contact.id).in_(contact_ids), readable_contact(actor))
    return (
        sa.delete(table)
        .where(table.c.contact_id.in_(visible), table.c.tag_id.in_(sorted(set(tag_ids))))
        .returning(table.c.contact_id, table.c.tag_id)
    )


async def _note_taken_off(session: AsyncSession, actor: Actor, taken: Sequence[tuple[int, ...]]) -> None:
    """For the timelines: of a tag that is worn its row tells, of one that is not any more nothing else would."""
    of_tag: dict[int, list[int]] = {}
    for contact_id, tag_id in taken:
        of_tag.setdefault(tag_id, []).append(contact_id)
    query = sa.select(col(Tag.id), col(Tag.name)).where(col(Tag.id).in_(of_tag))
    for tag_id, name in await fetch(session, query) if of_tag else ():
        kind = ContactEventKind.UNTAGGED
        await contact_events.record(session, sorted(of_tag[tag_id]), kind, actor.account_id, name=name)


async def _add(session: AsyncSession, actor: Actor, tag: Tag) -> int:
    tag.key = key_of(tag.name, _KEY_MAX)
    await ensure_room(session, Limit.TAGS)
    session.add(tag)
    await session.flush()
    audit.record(session, actor, "tag.created", f"tag:{tag.id}", name=tag.name)
    touch(session, TOPIC)
    return tag.id or 0


async def _free_name(session: AsyncSession, text: str, tag_id: int) -> str:
    name = name_of("name", text, NAME_MAX)
    query = select(Tag.id).where(Tag.key == key_of(name, _KEY_MAX), Tag.id != tag_id)
    if (await session.exec(query)).first() is not None:
        raise Invalid("name", "There is a tag with this name already.")
    return name


def _colour(name: str) -> str:
    if name not in COLOURS:
        raise Invalid("colour", "Choose a colour of the list.")
    return name


async def _rarest_colour(session: AsyncSession) -> str:
    """Grey comes last: it is for tags that should not catch the eye."""
    query = sa.select(col(Tag.colour), sa.func.count()).group_by(col(Tag.colour))
    uses = dict(await fetch(session, query))
    return min(COLOURS[1:], key=lambda colour: uses.get(colour, 0))


async def _ensure_there(session: AsyncSession, tag_ids: Collection[int]) -> None:
    wanted = sorted(set(tag_ids))
    query = sa.select(sa.func.count()).select_from(Tag).where(col(Tag.id).in_(wanted))
    if (await fetch(session, query))[0][0] != len(wanted):
        raise NotFound("tag")


async def _get(session: AsyncSession, tag_id: int) -> Tag:
    tag = await session.get(Tag, tag_id)
    if tag is None:
        raise NotFound("tag")
    return tag
