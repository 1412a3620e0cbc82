"""Who opted out stays opted out, also when the contact is deleted and the number comes back."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from wapto_app.db import in_parts
from wapto_app.models import Contact, ContactAddress, OptOutMemory
from wapto_app.models.base import table_of

contact, contact_address, memory = table_of(Contact), table_of(ContactAddress), table_of(OptOutMemory)


def remember(
    connection: sa.Connection, contact_ids: Collection[int], address_ids: Collection[int | None] = ()
) -> None:
    """Call it before addresses go: all of these contacts, or only ``address_ids`` of them."""
    query = (
        sa.select(contact_address.c.kind, contact_address.c.value, contact.c.opted_out_at)
        .join(contact, contact.c.id == contact_address.c.contact_id)
        .where(contact.c.id.in_(contact_ids), contact.c.opted_out_at.is_not(None))
    )
    if address_ids:
        query = query.where(contact_address.c.id.in_(address_ids))
    rows = {_digest(kind, value): at for kind, value, at in connection.execute(query)}
    _forget(connection, rows)
    if rows:
        connection.execute(memory.insert(), [{"digest": digest, "at": at} for digest, at in rows.items()])


def recall(connection: sa.Connection, addresses: Collection[tuple[Any, str]]) -> None:
    """Call it after addresses were given to contacts: opts those out whose address is remembered."""
    wanted = {_digest(kind, value): value for kind, value in addresses}
    found = _remembered(connection, list(wanted))
    for digest, at in found.items():
        owner = sa.select(contact_address.c.contact_id).where(contact_address.c.value == wanted[digest])
        connection.execute(
            contact.update()
            .where(contact.c.id.in_(owner))
            .values(opted_out_at=sa.func.coalesce(contact.c.opted_out_at, at))
        )
    _forget(connection, found)


def known(connection: sa.Connection, addresses: Collection[tuple[Any, str]]) -> set[str]:
    """Values of those addresses whose next contact will be opted out at once."""
    if connection.execute(sa.select(memory.c.digest).limit(1)).first() is None:
        return set()
    wanted = {_digest(kind, value): value for kind, value in addresses}
    found: set[str] = set()
    for some in in_parts(wanted):
        found.update(wanted[digest] for digest in _remembered(connection, some))
    return found


def _remembered(connection: sa.Connection, digests: Sequence[bytes]) -> dict[bytes, datetime]:
    query = sa.select(memory.c.digest, memory.c.at).where(memory.c.digest.in_(digests))
    return dict(connection.execute(query).tuples().all())


def _forget(connection: sa.Connection, digests: Collection[bytes]) -> None:
    if digests:
        connection.execute(memory.delete().where(memory.c.digest.in_(list(digests))))


def _digest(kind: Any, value: str) -> bytes:
    return hashlib.sha256(f"{kind.value}:{value}".encode()).digest()
