"""Contacts that are one person: who looks like it, and making one of two."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch, touch
from wapto_app.models import (
    AddressKind,
    Contact,
    ContactAddress,
    ContactApart,
    ContactEventKind,
    ContactMerge,
)
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, contact_events
from wapto_app.services.contact_names import TOPIC, shown_name
from wapto_app.services.contacts import merge_memory
from wapto_app.services.contacts.editing import of_id
from wapto_app.services.contacts.listing import ContactRow, read_rows
from wapto_app.services.errors import Conflict, Invalid
from wapto_app.services.masking import Mask, masks
from wapto_app.services.visibility import readable_contact, wholly_readable

MOST = 50
KEPT = ("name", "company", "email", "language", "source", "username")
"""Where one of two values must be chosen; all else of both is kept."""
_SAME_ENDING = 9


class Pair(TypedDict):
    """Two contacts that may be one person. ``reason`` is email, number, username or name."""

    reason: str
    first: ContactRow
    second: ContactRow


class Side(TypedDict):
    """One of two to be merged, as the dialog shows them. ``kept`` has what is written under each of ``KEPT``."""

    row: ContactRow
    notes: str
    kept: dict[str, str]


async def duplicates(session: AsyncSession, actor: Actor) -> list[Pair]:
    """Who looks like the same person twice: at most ``MOST``, the surest first.

    The same e-mail, numbers that end alike in different countries, the same username, or the same name with the same
    company or with a number on one side only.
    """
    actor.require(Permission.CONTACTS_DO)
    found: dict[tuple[int, int], str] = {}
    for reason, query in _queries(actor):
        for row in await fetch(session, query.limit(MOST)):
            found.setdefault((row.first, row.second), reason)
    pairs = list(found.items())[:MOST]
    rows = await read_rows(session, actor, sorted({each for pair, _reason in pairs for each in pair}))
    by_id = {row["id"]: row for row in rows}
    return [
        Pair(reason=reason, first=by_id[first], second=by_id[second])
        for (first, second), reason in pairs
        if first in by_id and second in by_id
    ]


def _queries(actor: Actor) -> list[tuple[str, sa.Select[Any]]]:
    a, b = table_of(Contact).alias("a"), table_of(Contact).alias("b")
    key = (
        "lower(CASE WHEN {0}.name <> '' THEN {0}.name "
        "WHEN {0}.profile_name <> '' THEN {0}.profile_name ELSE {0}.username END)"
    )
    name_a, name_b = (sa.literal_column(key.format(side), sa.String()) for side in ("a", "b"))
    email_a, email_b = sa.func.lower(a.c.email), sa.func.lower(b.c.email)
    lone = sa.or_(~_has_number(a).exists(), ~_has_number(b).exists())
    alike = sa.and_(a.c.company != "", sa.func.lower(a.c.company) == sa.func.lower(b.c.company))
    ways = (
        ("email", (email_a == email_b, a.c.email != "", b.c.email != "")),
        (
            "username",
            (
                name_a == name_b,
                a.c.username != "",
                sa.func.lower(a.c.username) == sa.func.lower(b.c.username),
            ),
        ),
        ("name", (name_a == name_b, name_a != "", sa.or_(alike, lone))),
    )
    found = [(reason, _pairs(actor, a, b).where(*same)) for reason, same in ways]
    found.insert(1, ("number", _same_number(actor, a, b)))
    return found


def _pairs(actor: Actor, a: Any, b: Any) -> sa.Select[Any]:
    """Both visible, and nobody has said that they are two people."""
    visible = sa.select(col(Contact.id)).where(readable_contact(actor))
    apart = sa.select(sa.literal(1)).where(
        col(ContactApart.first_id) == a.c.id, col(ContactApart.second_id) == b.c.id
    )
    query: sa.Select[Any] = sa.select(a.c.id.label("first"), b.c.id.label("second"))
    query = query.where(a.c.id < b.c.id, ~apart.exists())
    return query.where(a.c.id.in_(visible), b.c.id.in_(visible)).order_by(a.c.id, b.c.id)


def _has_number(side: Any) -> sa.Select[Any]:
    return sa.select(sa.literal(1)).where(
        col(ContactAddress.contact_id) == side.c.id, col(ContactAddress.kind) == AddressKind.PHONE
    )


def _same_number(actor: Actor, a: Any, b: Any) -> sa.Select[Any]:
    """The same ending under two country codes: one of them was probably typed or imported for the wrong country."""
    address = table_of(ContactAddress)
    ending = sa.func.substr(address.c.value, sa.func.length(address.c.value) - _SAME_ENDING + 1)
    shared = (
        sa.select(
            sa.func.min(address.c.contact_id).label("low"), sa.func.max(address.c.contact_id).label("high")
        )
        .where(address.c.kind == AddressKind.PHONE)
        .group_by(ending)
        .having(sa.func.min(address.c.contact_id) < sa.func.max(address.c.contact_id))
        .subquery()
    )
    return _pairs(actor, a, b).join_from(a, shared, shared.c.low == a.c.id).join(b, b.c.id == shared.c.high)


async def sides(session: AsyncSession, actor: Actor, first_id: int, second_id: int) -> list[Side]:
    """Both, to compare. Raises NotFound for who is not there or not visible."""
    actor.require(Permission.CONTACTS_DO)
    if first_id == second_id:
        raise Invalid("", "Choose two different contacts.")
    both = [await of_id(session, actor, contact_id) for contact_id in (first_id, second_id)]
    rows = await read_rows(session, actor, [first_id, second_id])
    hidden = await masks(session, actor, [first_id, second_id])
    return [_side(row, contact, hidden.of(row["id"])) for row, contact in zip(rows, both, strict=True)]


def _side(row: ContactRow, contact: Contact, mask: Mask) -> Side:
    kept = {name: mask.note(getattr(contact, name)) for name in KEPT}
    return Side(row=row, notes=mask.note(contact.notes), kept=kept)


async def merge(
    session: AsyncSession, actor: Actor, keep_id: int, absorb_id: int, take: Sequence[str] = ()
) -> None:
    """Everything of ``absorb_id`` goes to ``keep_id``. ``undo_merge`` makes two of them again, for some minutes.

    ``take`` names those of ``KEPT`` whose value comes from the one that goes; of the others it fills only what is
    empty. Numbers, tags, notes, conversations, tasks and the timeline of both are kept, and the refusal of either.

    Raises:
        NotFound: one of them is not there or not visible.
        Invalid: they are the same.
        Conflict: one has a conversation that the actor may not see, and would see after it.
    """
    actor.require(Permission.CONTACTS_DO)
    if keep_id == absorb_id:
        raise Invalid("", "Choose two different contacts.")
    # In the order of their ids, so that two who merge the same pair do not wait for each other for ever.
    both = {each: await of_id(session, actor, each) for each in sorted((keep_id, absorb_id))}
    await _check_sees_all_of(session, actor, keep_id, absorb_id)
    goes = both[absorb_id]
    taken = {name: getattr(goes, name) for name in KEPT if name in take and getattr(goes, name)}
    name = shown_name(goes.name, goes.profile_name, goes.username, "")
    for each in both.values():
        session.expunge(each)
    connection = await session.connection()
    before = await connection.run_sync(merge_memory.carry_out, keep_id, absorb_id, taken)
    session.add(ContactMerge(keep_id=keep_id, name=name, before=before))
    await contact_events.record(session, [keep_id], ContactEventKind.MERGED, actor.account_id, name=name)
    audit.record(session, actor, "contact.merged", f"contact:{keep_id}", absorbed=absorb_id)
    touch(session, "inbox", TOPIC, "tags", f"contact:{keep_id}", f"contact:{absorb_id}")


async def _check_sees_all_of(session: AsyncSession, actor: Actor, *contact_ids: int) -> None:
    whole = select(Contact.id).where(col(Contact.id).in_(contact_ids), wholly_readable(actor))
    if len((await session.exec(whole)).all()) < len(contact_ids):
        raise Conflict(
            "One of them has conversations of others, which you do not see. Ask an owner to merge them."
        )


async def keep_apart(session: AsyncSession, actor: Actor, first_id: int, second_id: int) -> None:
    """They are two people: not suggested again. Raises NotFound for who is not there or not visible."""
    actor.require(Permission.CONTACTS_DO)
    low, high = sorted((first_id, second_id))
    for each in (low, high):
        await of_id(session, actor, each)
    known = select(ContactApart.first_id).where(ContactApart.first_id == low, ContactApart.second_id == high)
    if (await session.exec(known)).first() is None:
        session.add(ContactApart(first_id=low, second_id=high))
    touch(session, TOPIC)
