"""Undoing the merge of two contacts: two people again, each with what was theirs, for some minutes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import fetch, in_parts, touch
from wapto_app.models import (
    Contact,
    ContactEvent,
    ContactEventKind,
    ContactMerge,
    Conversation,
    Direction,
    Message,
)
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, outbox
from wapto_app.services.contact_names import TOPIC
from wapto_app.services.contacts.editing import of_id
from wapto_app.services.contacts.merge_memory import read, value_of
from wapto_app.services.errors import Conflict, NotFound
from wapto_app.services.masking import mask_of
from wapto_app.services.visibility import readable_contact, wholly_readable

FOR = timedelta(minutes=10)
contact, conversation, message = table_of(Contact), table_of(Conversation), table_of(Message)

Row = dict[str, Any]


class Undoable(TypedDict):
    """The merge that can be undone; ``id`` 0 for none. ``name`` is who went, maybe empty; ``until`` ISO 8601."""

    id: int
    name: str
    until: str


NOTHING = Undoable(id=0, name="", until="")


async def undoable(session: AsyncSession, actor: Actor, contact_id: int) -> Undoable:
    """The newest merge into a contact, while it can be undone."""
    actor.require(Permission.CONTACTS_SEE)
    if not actor.may(Permission.CONTACTS_DO):
        return NOTHING
    query = (
        sa.select(col(ContactMerge.id), col(ContactMerge.name), col(ContactMerge.at))
        .join(Contact, col(Contact.id) == col(ContactMerge.keep_id))
        .where(col(ContactMerge.keep_id) == contact_id, col(ContactMerge.at) > utcnow() - FOR)
        .where(readable_contact(actor), wholly_readable(actor))
        .order_by(col(ContactMerge.id).desc())
        .limit(1)
    )
    found = await fetch(session, query)
    if not found:
        return NOTHING
    mask = await mask_of(session, actor, contact_id)
    return Undoable(id=found[0].id, name=mask.every(found[0].name), until=(found[0].at + FOR).isoformat())


async def undo_merge(session: AsyncSession, actor: Actor, merge_id: int) -> int:
    """Make two contacts of one again; the id of the one who is back.

    Conversations, messages, numbers, tags, fields and events go back to whose they were. What was edited since stays
    as it is with the one who stayed. Scheduled messages that the merge cancelled stay cancelled.

    Raises:
        NotFound: there is no such merge (any more), or the actor does not see all of it.
        Conflict: too late, or the customer has written since, and nobody can tell as which of the two.
    """
    actor.require(Permission.CONTACTS_DO)
    merge = await session.get(ContactMerge, merge_id, with_for_update=True)
    if merge is None:
        raise NotFound("merge")
    keep, before = merge.keep_id, dict(merge.before)
    await of_id(session, actor, keep)
    await _check(session, actor, merge)
    await session.delete(merge)
    await session.flush()
    session.expunge_all()
    connection = await session.connection()
    back = await connection.run_sync(restore, keep, before)
    for talk in before["talks"]:
        await _show_in_list(session, talk["keep"])
    audit.record(session, actor, "contact.unmerged", f"contact:{keep}", restored=back)
    touch(session, "inbox", TOPIC, "tags", "tasks", f"contact:{keep}", f"contact:{back}")
    return back


async def _check(session: AsyncSession, actor: Actor, merge: ContactMerge) -> None:
    whole = select(Contact.id).where(col(Contact.id) == merge.keep_id, wholly_readable(actor))
    if (await session.exec(whole)).first() is None:
        raise NotFound("merge")
    if merge.at <= utcnow() - FOR:
        raise Conflict("It is too late to undo this merge.")
    later = select(ContactMerge.id).where(
        ContactMerge.keep_id == merge.keep_id, col(ContactMerge.id) > merge.id
    )
    if (await session.exec(later)).first() is not None:
        raise Conflict("Another contact was merged into this one since. Undo that first.")
    came = (
        select(Message.id)
        .join(Conversation, col(Conversation.id) == col(Message.conversation_id))
        .where(Conversation.contact_id == merge.keep_id, col(Conversation.id).not_in(merge.before["moved"]))
        .where(col(Message.id) > merge.before["newest"], Message.direction == Direction.INBOUND)
        .limit(1)
    )
    if (await session.exec(came)).first() is not None:
        raise Conflict("The customer has written since. The merge cannot be undone any more.")


async def _show_in_list(session: AsyncSession, conversation_id: int) -> None:
    """Its line tells of the newest message that it still has."""
    talk = await session.get(Conversation, conversation_id)
    if talk is not None:
        outbox.show_in_list(talk, await outbox.newest_shown(session, conversation_id))
        session.add(talk)


def restore(connection: sa.Connection, keep: int, before: Row) -> int:
    """Put back what ``merge_memory.carry_out`` noted; the id of the contact who is back."""
    theirs = read(contact, before["absorb"]) | {"updated_at": utcnow()}
    names = {contact.name: {before["absorb"]["id"]: _insert(connection, contact, theirs)}}
    back = names[contact.name][before["absorb"]["id"]]
    moves = conversation.c.id.in_(before["moved"]), conversation.c.contact_id == keep
    connection.execute(conversation.update().where(*moves).values(contact_id=back))
    names[conversation.name] = {}
    for talk in before["talks"]:
        row = read(conversation, talk["absorb"]) | {"contact_id": back}
        names[conversation.name][row["id"]] = _insert(connection, conversation, row)
        _take_back(connection, conversation, talk["keep"], talk["changed"])
    for part in before["rows"]:
        _rows_back(connection, part, names)
    _take_back(connection, contact, keep, before["changed"])
    connection.execute(contact.update().where(contact.c.id == keep).values(updated_at=utcnow()))
    _forget_event(connection, keep)
    return back


def _insert(connection: sa.Connection, table: sa.Table, row: Row) -> int:
    """Under its old id, unless somebody has got it since (SQLite gives the largest one again)."""
    taken = sa.select(table.c.id).where(table.c.id == row["id"])
    if connection.execute(taken).first() is not None:
        row = {name: value for name, value in row.items() if name != "id"}
    return int(connection.execute(table.insert().values(row).returning(table.c.id)).scalar_one())


def _take_back(
    connection: sa.Connection, table: sa.Table, row_id: int, changed: Mapping[str, list[Any]]
) -> None:
    """The old values of columns that nobody has changed since."""
    now = connection.execute(sa.select(table).where(table.c.id == row_id)).mappings().first()
    if now is None:
        return
    values = {
        name: value_of(table.c[name], old)
        for name, (old, new) in changed.items()
        if name in table.c and now[name] == value_of(table.c[name], new)
    }
    if values:
        connection.execute(table.update().where(table.c.id == row_id).values(values))


def _rows_back(connection: sa.Connection, part: Row, names: Mapping[str, Mapping[int, int]]) -> None:
    """Of one table: what went over comes back, what was lost is written again."""
    table = table_named(part["table"])
    if table is None:
        return
    column = table.c[part["column"]]
    [refers] = [key for key in column.foreign_keys if key.column.table.name in names]
    owner = names[refers.column.table.name][part["absorb"]]
    keys = list(table.primary_key)
    for some in in_parts(part["over"]):
        rows = keys[0].in_([key[0] for key in some])
        if len(keys) > 1:
            rows = sa.tuple_(*keys).in_([tuple(key) for key in some])
        still = column == part["keep"]
        connection.execute(table.update().where(rows, still).values({column.name: owner}))
    for row in part["lost"]:
        values = read(table, row) | {column.name: owner}
        if _has_what_it_names(connection, table, values):
            _write_again(connection, table, values)


def table_named(name: str) -> sa.Table | None:
    return contact.metadata.tables.get(name)


def _has_what_it_names(connection: sa.Connection, table: sa.Table, row: Row) -> bool:
    """A tag, a field or a colleague may be gone by now."""
    for key in table.foreign_keys:
        value = row.get(key.parent.name)
        if value is not None:
            there = sa.select(sa.literal(1)).where(key.column == value)
            if connection.execute(there).first() is None:
                return False
    return True


def _write_again(connection: sa.Connection, table: sa.Table, row: Row) -> None:
    keys = [each.name for each in table.primary_key]
    taken = sa.select(sa.literal(1)).where(*(table.c[name] == row[name] for name in keys))
    if connection.execute(taken).first() is None:
        connection.execute(table.insert().values(row))
    elif keys == ["id"]:
        connection.execute(table.insert().values({name: row[name] for name in row if name != "id"}))


def _forget_event(connection: sa.Connection, keep: int) -> None:
    """The newest merge of the timeline did not happen."""
    event = table_of(ContactEvent)
    merged = event.c.contact_id == keep, event.c.kind == ContactEventKind.MERGED
    newest = sa.select(sa.func.max(event.c.id)).where(*merged).scalar_subquery()
    connection.execute(event.delete().where(event.c.id == newest))


async def forget_old(session: AsyncSession) -> None:
    """What can be undone no more is not kept."""
    await session.exec(sa.delete(ContactMerge).where(col(ContactMerge.at) < utcnow() - FOR))
