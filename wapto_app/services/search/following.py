"""Keeps the words of search behind what is written, a moment later.

Nothing tells us of a new message: the job reads what lies above its cursor. On PostgreSQL what was written lately is
looked at again each time, because transactions do not end in the order of their ids; on SQLite they do. A batch and the
cursor are one transaction, so it may be killed anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from wapto_app.bulk import Bulk
from wapto_app.clock import utcnow
from wapto_app.models import (
    AddressKind,
    Contact,
    ContactAddress,
    ContactSearch,
    Message,
    MessageSearch,
    SearchAgain,
    SearchCursor,
)
from wapto_app.models.base import table_of
from wapto_app.services.search.words import words_of

AT_ONCE = 250
"""Messages of one transaction: others who write wait for milliseconds."""
MAY_STILL_COME = timedelta(seconds=15)
"""Longer than any transaction that makes messages or changes contacts."""
LOOK_BACK = 100
"""SQLite gives the id of the newest row to the next one when that row was deleted: so many are looked at again."""
_MADE_TOGETHER = timedelta(seconds=5)
_BEGINNING, _FAR = datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)

message, contact, address = table_of(Message), table_of(Contact), table_of(ContactAddress)
message_search, contact_search = table_of(MessageSearch), table_of(ContactSearch)
again, cursor = table_of(SearchAgain), table_of(SearchCursor)

Words = list[dict[str, Any]]

_CURSOR = sa.select(cursor.c.last_id, cursor.c.at).where(cursor.c.name == sa.bindparam("called"))


def changed(connection: sa.Connection, message_id: int) -> None:
    """The text of a message is another one now: part of the transaction that changes it."""
    connection.execute(again.insert().values(message_id=message_id))


def follow(connection: sa.Connection, calls: list[None]) -> Sequence[int]:
    """Writer operation: take in a batch of messages and of contacts; how many there were. 0 when all are in."""
    done = _edited_messages(connection) + _new_messages(connection) + _contacts(connection)
    return [done, *([0] * (len(calls) - 1))]


def is_due(connection: sa.Connection) -> bool:
    """Whether there may be something to do, for the price of a look: nothing is written for nothing."""
    if connection.execute(sa.select(again.c.id).limit(1)).first():
        return True
    last_id, _at = _place(connection, "message")
    if connection.execute(_unknown_messages(last_id, 1)).first():
        return True
    # What nobody finds (a campaign's messages) moves the cursor too, or it would be read again every second.
    next_one = sa.select(message.c.created_at).where(message.c.id > last_id).order_by(message.c.id).limit(1)
    made_at = connection.execute(next_one).scalar()
    if made_at is not None and made_at < utcnow() - MAY_STILL_COME:
        return True
    _id, at = _place(connection, "contact")
    if connection.execute(_stale_contacts(at).limit(1)).first():
        return True
    last_id, _at = _place(connection, "address")
    newest = connection.execute(sa.select(sa.func.max(address.c.id))).scalar()
    return (newest or 0) > last_id


def _place(connection: sa.Connection, name: str) -> tuple[int, datetime]:
    found = connection.execute(_CURSOR, {"called": name}).first()
    return (found.last_id, found.at) if found else (0, _BEGINNING)


def _move(connection: sa.Connection, name: str, last_id: int, at: datetime) -> None:
    _PUT_CURSOR.run(connection, [{"name": name, "last_id": last_id, "at": at}])


def _put(table: sa.Table, key: str) -> Bulk:
    def build(dialect: str) -> Any:
        insert = (sqlite if dialect == "sqlite" else postgresql).insert(table)
        values = {each.name: insert.excluded[each.name] for each in table.c if each.name != key}
        return insert.on_conflict_do_update(index_elements=[key], set_=values)

    return Bulk(build)


_PUT_CURSOR = _put(cursor, "name")
_PUT_MESSAGES = _put(message_search, "message_id")
_PUT_CONTACTS = _put(contact_search, "contact_id")


def _in_order(connection: sa.Connection) -> bool:
    """Whether rows come to be seen in the order of their ids."""
    return connection.dialect.name == "sqlite"


# --- messages


def _unknown_messages(last_id: int, most: int) -> sa.Select[Any]:
    """With words, above the cursor or a little below it, and not in yet."""
    return (
        sa.select(message.c.id, message.c.body, message.c.content, message.c.created_at)
        .outerjoin(message_search, message_search.c.message_id == message.c.id)
        .where(
            message.c.id > last_id - LOOK_BACK,
            message_search.c.message_id.is_(None),
            _is_text(),
        )
        .order_by(message.c.id)
        .limit(most)
    )


def _is_text() -> sa.ColumnElement[bool]:
    """What people find. A text that a campaign sent to a hundred thousand is found in the campaign."""
    named = message.c.media_id.is_not(None)
    own = message.c.campaign_recipient_id.is_(None)
    return sa.and_(message.c.type != "reaction", own, sa.or_(message.c.body != "", named))


def _new_messages(connection: sa.Connection) -> int:
    last_id, _at = _place(connection, "message")
    found = connection.execute(_unknown_messages(last_id, AT_ONCE)).all()
    _PUT_MESSAGES.run(connection, _words(found))
    _advance(connection, last_id, found)
    return len(found)


def _advance(connection: sa.Connection, last_id: int, found: Sequence[Any]) -> None:
    """Up to what is old enough that nothing below it can still appear."""
    # Of rows that come in order, what is in the future only.
    settled = _FAR if _in_order(connection) else utcnow() - MAY_STILL_COME
    if len(found) == AT_ONCE:
        old = [row.id for row in found if row.created_at < settled]
        reached = max(old, default=last_id)
    else:
        above = sa.select(message.c.id).where(message.c.id > last_id, message.c.created_at >= settled)
        first = connection.execute(above.order_by(message.c.id).limit(1)).scalar()
        highest = connection.execute(sa.select(sa.func.max(message.c.id))).scalar() or 0
        reached = max(last_id, (first - 1) if first else highest)
    if reached > last_id:
        _move(connection, "message", reached, utcnow())


def _words(found: Iterable[Any]) -> Words:
    # Without words a row is stored as well: it is what says that the message has been looked at.
    return [
        {"message_id": of, "words": words_of(body, str((content or {}).get("filename") or ""))}
        for of, body, content, *_rest in found
    ]


def _edited_messages(connection: sa.Connection) -> int:
    due = connection.execute(
        sa.select(again.c.id, again.c.message_id).order_by(again.c.id).limit(AT_ONCE)
    ).all()
    if not due:
        return 0
    ids = {row.message_id for row in due}
    query = sa.select(message.c.id, message.c.body, message.c.content).where(message.c.id.in_(ids))
    _PUT_MESSAGES.run(connection, _words(connection.execute(query)))
    connection.execute(again.delete().where(again.c.id.in_([row.id for row in due])))
    return len(due)


# --- contacts


def _stale_contacts(at: datetime) -> sa.Select[Any]:
    """Changed since the cursor, and not in as they are now."""
    known = contact_search.c.contact_id == contact.c.id
    return (
        sa.select(contact.c.id, contact.c.updated_at)
        .outerjoin(contact_search, known)
        .where(
            contact.c.updated_at >= at - MAY_STILL_COME,
            sa.or_(contact_search.c.contact_id.is_(None), contact_search.c.at != contact.c.updated_at),
        )
        .order_by(contact.c.updated_at, contact.c.id)
    )


def _contacts(connection: sa.Connection) -> int:
    _id, at = _place(connection, "contact")
    stale = connection.execute(_stale_contacts(at).limit(AT_ONCE)).all()
    index_contacts(connection, [row.id for row in stale])
    if stale and (reached := min(stale[-1].updated_at, utcnow())) > at:
        _move(connection, "contact", 0, reached)
    return len(stale) + _new_numbers(connection)


def _new_numbers(connection: sa.Connection) -> int:
    """Of contacts that were there before: a number that is added changes nothing else of a contact."""
    last_id, _at = _place(connection, "address")
    columns = address.c.id, address.c.contact_id, address.c.created_at, contact.c.created_at.label("met_at")
    query = (
        sa.select(*columns)
        .join(contact, contact.c.id == address.c.contact_id)
        .where(address.c.id > (last_id - LOOK_BACK if _in_order(connection) else last_id))
        .order_by(address.c.id)
        .limit(8 * AT_ONCE)
    )
    found = connection.execute(query).all()
    added = {row.contact_id for row in found if row.created_at - row.met_at > _MADE_TOGETHER}
    index_contacts(connection, added)
    settled = _FAR if _in_order(connection) else utcnow() - MAY_STILL_COME
    done = [row.id for row in found if row.id > last_id and row.created_at < settled]
    if done:
        _move(connection, "address", max(done), utcnow())
    return len(done)


def index_contacts(connection: sa.Connection, contact_ids: Iterable[int]) -> None:
    """Take these contacts in as they are now. The job does so by itself; this is for who cannot wait a second."""
    ids = sorted(set(contact_ids))
    if not ids:
        return
    numbers: dict[int, list[str]] = {of: [] for of in ids}
    query = sa.select(address.c.contact_id, address.c.value).where(
        address.c.contact_id.in_(ids), address.c.kind != AddressKind.BSUID
    )
    for of, value in connection.execute(query):
        numbers[of].append("".join(each for each in value if each.isdigit()))
    c = contact.c
    columns = c.id, c.name, c.profile_name, c.username, c.email, c.company, c.updated_at
    rows: Words = []
    for row in connection.execute(sa.select(*columns).where(c.id.in_(ids))):
        said = words_of(row.name, row.profile_name, row.username, row.email, row.company)
        known = dict.fromkeys(numbers[row.id])
        rows.append({"contact_id": row.id, "words": " ".join([said, *known]).strip(), "at": row.updated_at})
    _PUT_CONTACTS.run(connection, rows)
