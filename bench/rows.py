"""Rows in bulk, straight into the tables: customers, conversations, messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlmodel import SQLModel

from bench.install import CHANNEL
from wapto_app.models import (
    AddressKind,
    Contact,
    ContactAddress,
    Conversation,
    Direction,
    Message,
    MessageStatus,
)
from wapto_app.models.base import table_of

Row = dict[str, Any]
_AT_ONCE = 5_000
_NAMES = ("Maria", "João", "Ahmed", "Priya", "Wei", "Olga", "Fatima", "Carlos", "Ana", "Raj", "Yuki", "Sofia")


def insert(connection: sa.Connection, model: type[SQLModel], rows: Iterable[Row]) -> None:
    """Many rows, a few thousand at a time."""
    statement = table_of(model).insert()
    for chunk in _chunks(rows):
        connection.execute(statement, chunk)


def _chunks(rows: Iterable[Row]) -> Iterator[list[Row]]:
    rows = iter(rows)
    while chunk := list(islice(rows, _AT_ONCE)):
        yield chunk


def go_on_after(connection: sa.Connection, *models: type[SQLModel]) -> None:
    """Let PostgreSQL count on after keys that were given explicitly; SQLite does so by itself."""
    if connection.dialect.name != "postgresql":
        return
    for model in models:
        name = table_of(model).name
        newest = f"(SELECT coalesce(max(id), 1) FROM {name})"
        connection.execute(sa.text(f"SELECT setval(pg_get_serial_sequence('{name}', 'id'), {newest})"))


def digits(customer: int) -> str:
    """The wa_id of a customer: a number that libphonenumber accepts."""
    return f"1650{2_000_000 + customer}"


def _defaults(row: SQLModel) -> Row:
    """All columns of a row with the model's defaults; the key is given by whoever inserts."""
    values: Row = row.model_dump()
    values.pop("id", None)
    return values


def customers(connection: sa.Connection, count: int, now: datetime, **shown: Any) -> None:
    """Contacts 1 to ``count``, their addresses, and a conversation of the same id with each, window open.

    ``shown`` replaces columns of the conversations.
    """
    person = _defaults(Contact(created_at=now, updated_at=now))
    address = _defaults(ContactAddress(contact_id=0, kind=AddressKind.PHONE, value="", created_at=now))
    talk = _defaults(
        Conversation(
            contact_id=0,
            channel_id=CHANNEL,
            last_message_at=now,
            last_inbound_at=now,
            created_at=now,
        )
    )
    ids = range(1, count + 1)
    insert(connection, Contact, (person | {"id": n, "profile_name": name_of(n)} for n in ids))
    for kind, prefix in ((AddressKind.PHONE, "+"), (AddressKind.WA_ID, "")):
        rows = (address | {"contact_id": n, "kind": kind, "value": prefix + digits(n)} for n in ids)
        insert(connection, ContactAddress, rows)
    insert(connection, Conversation, (talk | shown | {"id": n, "contact_id": n} for n in ids))


def name_of(customer: int) -> str:
    return f"{_NAMES[customer % len(_NAMES)]} {customer}"


def text_message(at: datetime, **values: Any) -> Row:
    """A text of ours on its way to a customer; ``values`` replace columns."""
    message = Message(
        conversation_id=0,
        channel_id=CHANNEL,
        direction=Direction.OUTBOUND,
        type="text",
        content={"kind": "text"},
        status=MessageStatus.QUEUED,
        at=at,
        created_at=at,
    )
    return _defaults(message) | values


def inbox(connection: sa.Connection, customers_: int, messages_each: int, now: datetime) -> None:
    """What an agent finds in the morning: every conversation with that many messages of its customer."""
    customers(connection, customers_, now, preview="Is it still free?", preview_type="text")
    row = text_message(now, direction=Direction.INBOUND, status=MessageStatus.RECEIVED, sent_at=now)
    insert(
        connection,
        Message,
        (
            row | {"conversation_id": n, "body": f"Question {m} of customer {n}", "wamid": f"wamid.{n}.{m}"}
            for n in range(1, customers_ + 1)
            for m in range(messages_each)
        ),
    )


def count(connection: sa.Connection, model: type[SQLModel], *where: sa.ColumnElement[bool]) -> int:
    query = sa.select(sa.func.count()).select_from(table_of(model)).where(*where)
    return int(connection.execute(query).scalar_one())
