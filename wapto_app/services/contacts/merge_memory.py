"""What the merge of two contacts takes apart and throws away, kept so that it can be undone.

Every table that refers to a contact or a conversation is looked at, those to come included: of each row that belonged
to the one who goes, it is noted whether it went over to the other one, or, when it did not, what it said.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from wapto_app.clock import utcnow
from wapto_app.db import in_parts
from wapto_app.models import Contact, ContactMerge, ContactSearch, Conversation, Message
from wapto_app.models.base import table_of
from wapto_app.services import identity

contact, conversation, message = table_of(Contact), table_of(Conversation), table_of(Message)
# The words of search are made anew by their job; conversations have a part of their own.
_LEFT_OUT = frozenset({conversation, table_of(ContactMerge), table_of(ContactSearch)})

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Place:
    """A column that refers to ``keep`` or ``absorb``: two contacts, or two conversations with the same number."""

    column: sa.Column[Any]
    keep: int
    absorb: int

    @property
    def table(self) -> sa.Table:
        return self.column.table

    def key_of(self, row: Mapping[str, Any], owner: int) -> tuple[Any, ...]:
        """The primary key of a row if it belonged to ``owner``."""
        return tuple(owner if each is self.column else row[each.name] for each in self.table.primary_key)


@dataclass(frozen=True, slots=True)
class _Theirs:
    """Rows of who goes before the merge, and the keys that rows of who stays had then."""

    place: _Place
    rows: list[Row]
    taken: frozenset[tuple[Any, ...]]


def carry_out(connection: sa.Connection, keep: int, absorb: int, taken: Mapping[str, str]) -> Row:
    """Merge, with these values of the one who goes; what ``restore`` needs to undo it."""
    before = [_row(connection, contact, each) for each in (keep, absorb)]
    pairs = _pairs(connection, keep, absorb)
    talks = [[_row(connection, conversation, each) for each in pair] for pair in pairs]
    theirs = [_theirs(connection, place) for place in _places(keep, absorb, pairs)]
    newest = connection.execute(sa.select(sa.func.max(message.c.id))).scalar() or 0
    apart = sa.select(conversation.c.id).where(
        conversation.c.contact_id == absorb, conversation.c.id.not_in([goes for _stays, goes in pairs])
    )
    moved = list(connection.execute(apart).scalars())
    identity.merge(connection, keep=keep, absorb=absorb)
    if taken:
        change = contact.update().where(contact.c.id == keep)
        connection.execute(change.values(**taken, updated_at=utcnow()))
    return {
        "absorb": _written(before[1]),
        "changed": _changed(before[0], _row(connection, contact, keep)),
        "talks": [_talk(connection, stays, goes) for stays, goes in talks],
        "moved": moved,
        "newest": newest,
        "rows": [found for each in theirs for found in _noted(connection, each)],
    }


def _row(connection: sa.Connection, table: sa.Table, row_id: int) -> Row:
    return dict(connection.execute(sa.select(table).where(table.c.id == row_id)).mappings().one())


def _pairs(connection: sa.Connection, keep: int, absorb: int) -> list[tuple[int, int]]:
    """Conversations of both with the same number, of which one is made."""
    ours, theirs = conversation.alias("ours"), conversation.alias("theirs")
    query = sa.select(ours.c.id, theirs.c.id).where(
        ours.c.contact_id == keep, theirs.c.contact_id == absorb, ours.c.channel_id == theirs.c.channel_id
    )
    return [(stays, goes) for stays, goes in connection.execute(query)]


def _places(keep: int, absorb: int, pairs: Sequence[tuple[int, int]]) -> Iterator[_Place]:
    for table in SQLModel.metadata.sorted_tables:
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name):
            if table in _LEFT_OUT:
                continue
            if key.column is contact.c.id:
                yield _Place(key.parent, keep, absorb)
            elif key.column is conversation.c.id:
                yield from (_Place(key.parent, stays, goes) for stays, goes in pairs)


def _theirs(connection: sa.Connection, place: _Place) -> _Theirs:
    # Of messages, of which there are many, the ids will do: they always go over.
    columns = [message.c.id, message.c.conversation_id] if place.table is message else list(place.table.c)
    found = connection.execute(sa.select(*columns).where(place.column == place.absorb)).mappings()
    rows = [dict(each) for each in found]
    if place.column not in list(place.table.primary_key) or not rows:
        return _Theirs(place, rows, frozenset())
    ours = sa.select(*place.table.primary_key).where(place.column == place.keep)
    return _Theirs(place, rows, frozenset(tuple(each) for each in connection.execute(ours)))


def _noted(connection: sa.Connection, theirs: _Theirs) -> Iterator[Row]:
    """Which rows went over, by their keys of now; and the others as they were."""
    place = theirs.place
    now = {place.key_of(row, place.keep): row for row in theirs.rows}
    over = _there(connection, place, [key for key in now if key not in theirs.taken])
    lost = [_written(row) for key, row in now.items() if key not in over]
    if now:
        yield {
            "table": place.table.name,
            "column": place.column.name,
            "keep": place.keep,
            "absorb": place.absorb,
            "over": [[_plain(part) for part in key] for key in now if key in over],
            "lost": lost,
        }


def _there(connection: sa.Connection, place: _Place, keys: list[tuple[Any, ...]]) -> set[tuple[Any, ...]]:
    """Those that are rows of ``keep`` now."""
    columns = list(place.table.primary_key)
    found: set[tuple[Any, ...]] = set()
    for some in in_parts(keys):
        query = sa.select(*columns).where(_is_one_of(columns, some), place.column == place.keep)
        found |= {tuple(each) for each in connection.execute(query)}
    return found


def _is_one_of(columns: list[sa.Column[Any]], keys: Iterable[Sequence[Any]]) -> sa.ColumnElement[bool]:
    if len(columns) == 1:
        return columns[0].in_([key[0] for key in keys])
    return sa.tuple_(*columns).in_([tuple(key) for key in keys])


def _talk(connection: sa.Connection, stays: Row, goes: Row) -> Row:
    now = _row(connection, conversation, stays["id"])
    return {"keep": stays["id"], "absorb": _written(goes), "changed": _changed(stays, now)}


def _changed(before: Row, after: Row) -> dict[str, list[Any]]:
    """Old and new of what the merge changed; an edit that comes later is not taken back."""
    names = [name for name in before if before[name] != after[name] and name != "updated_at"]
    return {name: [_plain(before[name]), _plain(after[name])] for name in names}


def _written(row: Mapping[str, Any]) -> Row:
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    """As JSON knows it."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value.value if isinstance(value, Enum) else value


def read(table: sa.Table, row: Mapping[str, Any]) -> Row:
    """A row that was ``_written``; a column that is gone is left out."""
    return {name: value_of(table.c[name], value) for name, value in row.items() if name in table.c}


def value_of(column: sa.Column[Any], value: Any) -> Any:
    """A single one."""
    stored = column.type.impl_instance if isinstance(column.type, sa.TypeDecorator) else column.type
    is_time = isinstance(value, str) and isinstance(stored, sa.DateTime)
    return datetime.fromisoformat(value) if is_time else value
