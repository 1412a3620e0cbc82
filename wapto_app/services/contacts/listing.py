"""The table of contacts: pages by key, whose cost does not grow with their number."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypedDict

import sqlalchemy as sa
from sqlalchemy.orm import aliased
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import Contact, Conversation
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import fields, plans, tags
from wapto_app.services.contact_names import name_columns, name_of
from wapto_app.services.contacts.filters import Conditions, ContactFilter, conditions
from wapto_app.services.masking import Mask, masks
from wapto_app.services.plans import Limit, Room
from wapto_app.services.tags import TagChip

PAGE = 50
SORTS = ("name", "-name", "company", "-company", "created", "-created", "last", "-last")
"""By what the table is sorted, falling with a minus. Who has no name, company or message comes at the end."""

# Spelled exactly as the indexes over expressions, or SQLite does not use them.
_KEYS: dict[str, sa.ColumnElement[Any]] = {
    "name": sa.literal_column(
        "lower(CASE WHEN contact.name <> '' THEN contact.name "
        "WHEN contact.profile_name <> '' THEN contact.profile_name ELSE contact.username END)",
        sa.String(),
    ),
    "company": sa.literal_column("lower(contact.company)", sa.String()),
}
_Newer = aliased(Conversation)


class Cursor(NamedTuple):
    """Where a page begins: after the row with this key. ``rest``: among those who have no key."""

    rest: bool
    key: str
    id: int


class ContactRow(TypedDict):
    """One line of the table. ``opt`` is one of ``filters.OPT_STATES``; times are ISO 8601 in UTC, or empty.

    ``fields`` is what stands in the custom fields, by key.
    """

    id: int
    name: str
    phone: str
    username: str
    company: str
    email: str
    language: str
    source: str
    opt: str
    blocked: bool
    created_at: str
    last_at: str
    tags: list[TagChip]
    fields: dict[str, str]


class Page(NamedTuple):
    """``next`` is where the following page begins; None on the last one."""

    rows: list[ContactRow]
    next: Cursor | None


async def listing(
    session: AsyncSession,
    actor: Actor,
    wanted: ContactFilter,
    *,
    sort: str = "name",
    after: Cursor | None = None,
    limit: int = PAGE,
) -> Page:
    """The contacts that the actor may see and that match, from ``after`` on.

    Raises:
        Invalid: a filter cannot be understood.
    """
    actor.require(Permission.CONTACTS_SEE)
    found = await _cursors(
        session, await conditions(session, actor, wanted), sort if sort in SORTS else "name", after, limit + 1
    )
    rows = await read_rows(session, actor, [cursor.id for cursor in found[:limit]])
    return Page(rows, found[limit - 1] if len(found) > limit else None)


async def count(session: AsyncSession, actor: Actor, wanted: ContactFilter) -> int:
    """How many contacts match. Raises Invalid as ``listing``."""
    actor.require(Permission.CONTACTS_SEE)
    query = sa.select(sa.func.count()).select_from(Contact).where(*await conditions(session, actor, wanted))
    return int((await fetch(session, query))[0][0])


async def room(session: AsyncSession, actor: Actor) -> Room:
    """How many contacts the workspace has, of how many that the plan allows."""
    actor.require(Permission.CONTACTS_SEE)
    return await plans.room(session, Limit.CONTACTS)


async def ids_after(
    session: AsyncSession, actor: Actor, wanted: ContactFilter, after_id: int, limit: int
) -> list[int]:
    """The ids of those who match, in their order: for deeds and files that go through all of them."""
    actor.require(Permission.CONTACTS_SEE)
    query = (
        sa.select(col(Contact.id))
        .where(col(Contact.id) > after_id, *await conditions(session, actor, wanted))
        .order_by(col(Contact.id))
        .limit(limit)
    )
    return [row.id for row in await fetch(session, query)]


async def _cursors(
    session: AsyncSession, matching: Conditions, sort: str, after: Cursor | None, limit: int
) -> list[Cursor]:
    by, falling = sort.removeprefix("-"), sort.startswith("-")
    if by == "created":
        return await _rows(session, _by_creation(matching, falling, after).limit(limit))
    found: list[Cursor] = []
    if after is None or not after.rest:
        query = _by_message if by == "last" else _by_key
        found = await _rows(session, query(matching, by, falling, after).limit(limit))
        after = None
    if len(found) < limit:
        rest = _without(matching, by, after.id if after else 0).limit(limit - len(found))
        found += [Cursor(True, "", row.id) for row in await fetch(session, rest)]
    return found


async def _rows(session: AsyncSession, query: sa.Select[Any]) -> list[Cursor]:
    found = await fetch(session, query)
    return [
        Cursor(False, row.key.isoformat() if isinstance(row.key, datetime) else row.key, row.id)
        for row in found
    ]


def _beyond(key: Any, id_column: Any, bound: Any, after: Cursor, falling: bool) -> sa.ColumnElement[bool]:
    """After a row in the order of key and id. The first comparison is what the index is entered by."""
    if falling:
        return sa.and_(key <= bound, sa.or_(key < bound, id_column < after.id))
    return sa.and_(key >= bound, sa.or_(key > bound, id_column > after.id))


def _ordered(query: sa.Select[Any], key: Any, id_column: Any, falling: bool) -> sa.Select[Any]:
    return query.order_by(*((key.desc(), id_column.desc()) if falling else (key, id_column)))


def _keyed(key: Any) -> sa.Select[Any]:
    return sa.select(col(Contact.id).label("id"), key.label("key"))


def _by_key(matching: Conditions, by: str, falling: bool, after: Cursor | None) -> sa.Select[Any]:
    key = _KEYS[by]
    query = _keyed(key).where(*matching, key > "")
    if after is not None:
        query = query.where(_beyond(key, col(Contact.id), after.key, after, falling))
    return _ordered(query, key, col(Contact.id), falling)


def _by_creation(matching: Conditions, falling: bool, after: Cursor | None) -> sa.Select[Any]:
    key = col(Contact.created_at)
    query = _keyed(key).where(*matching)
    if after is not None:
        bound = datetime.fromisoformat(after.key)
        query = query.where(_beyond(key, col(Contact.id), bound, after, falling))
    return _ordered(query, key, col(Contact.id), falling)


def _by_message(matching: Conditions, _by: str, falling: bool, after: Cursor | None) -> sa.Select[Any]:
    """By the newest conversation of each: the list of conversations, each contact once."""
    c = Conversation
    key = col(c.last_message_at)
    newer = sa.select(sa.literal(1)).where(
        col(_Newer.contact_id) == col(c.contact_id),
        sa.or_(
            col(_Newer.last_message_at) > key,
            sa.and_(col(_Newer.last_message_at) == key, col(_Newer.id) > col(c.id)),
        ),
    )
    query = (
        _keyed(key)
        .select_from(c)
        .join(Contact, col(Contact.id) == col(c.contact_id))
        .where(~newer.exists(), *matching)
    )
    if after is not None:
        bound = datetime.fromisoformat(after.key)
        # Two at the same instant are told apart by the contact, whatever the ids of their conversations.
        query = query.where(_beyond(key, col(Contact.id), bound, after, falling))
    return _ordered(query, key, col(Contact.id), falling)


def _without(matching: Conditions, by: str, after_id: int) -> sa.Select[Any]:
    """Those at the end of the table, who lack what it is sorted by, oldest first."""
    if by == "last":
        talks = sa.select(sa.literal(1)).where(col(Conversation.contact_id) == col(Contact.id))
        lacks: Any = ~talks.exists()
    else:
        lacks = _KEYS[by] == ""
    return (
        sa.select(col(Contact.id).label("id"))
        .where(*matching, lacks, col(Contact.id) > after_id)
        .order_by(col(Contact.id))
    )


async def read_rows(session: AsyncSession, actor: Actor, ids: Sequence[int]) -> list[ContactRow]:
    """These contacts, in this order. The caller has asked whether the actor may see them."""
    if not ids:
        return []
    t = Contact
    columns = (t.company, t.email, t.language, t.source, t.opted_out_at, t.marketing_stopped_at, t.blocked_at)
    last = (
        sa.select(sa.func.max(col(Conversation.last_message_at)))
        .where(col(Conversation.contact_id) == col(t.id))
        .correlate(Contact)
        .scalar_subquery()
    )
    query = sa.select(*name_columns(), *map(col, columns), col(t.created_at), last.label("last_at"))
    found = await fetch(session, query.where(col(t.id).in_(ids)))
    hidden = await masks(session, actor, ids)
    worn, written = await tags.chips(session, ids), await fields.shown(session, actor, ids)
    by_id = {row.contact_id: _row(hidden.of(row.contact_id), row) for row in found}
    for contact_id, each in by_id.items():
        each["tags"], each["fields"] = worn.get(contact_id, []), written.get(contact_id, {})
    return [by_id[contact_id] for contact_id in ids if contact_id in by_id]


def opt_state(opted_out_at: datetime | None, marketing_stopped_at: datetime | None) -> str:
    """One of ``filters.OPT_STATES``."""
    if opted_out_at is not None:
        return "out"
    return "marketing" if marketing_stopped_at is not None else "in"


def _row(mask: Mask, row: Any) -> ContactRow:
    return ContactRow(
        id=row.contact_id,
        name=name_of(mask, row),
        phone=mask.phone(row.phone),
        username=mask.note(row.username),
        company=mask.note(row.company),
        email=mask.note(row.email),
        language=row.language,
        source=mask.note(row.source),
        opt=opt_state(row.opted_out_at, row.marketing_stopped_at),
        blocked=row.blocked_at is not None,
        created_at=row.created_at.isoformat(),
        last_at=row.last_at.isoformat() if row.last_at else "",
        tags=[],
        fields={},
    )
