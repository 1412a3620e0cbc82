"""Writer operation: takes back what an import did to some contacts, unless somebody has touched it since."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from wapto_app.clock import utcnow
from wapto_app.models import (
    Contact,
    ContactAddress,
    ContactEvent,
    ContactImport,
    ContactTag,
    Conversation,
    CustomField,
    FieldKind,
    FieldValue,
    ImportChange,
    ImportState,
)
from wapto_app.models.base import table_of
from wapto_app.services import canonical, leases
from wapto_app.services.imports.differences import Change

AT_ONCE = 500

contact, contact_address = table_of(Contact), table_of(ContactAddress)
contact_event, contact_tag = table_of(ContactEvent), table_of(ContactTag)
contact_import, import_change = table_of(ContactImport), table_of(ImportChange)
conversation, custom_field = table_of(Conversation), table_of(CustomField)
field_value = table_of(FieldValue)


@dataclass(frozen=True, slots=True)
class Back:
    """One more part of an import to take back, by who holds its lease."""

    import_id: int
    bid: leases.Bid


@dataclass(slots=True)
class Taken:
    """``more``: there is more of it. ``lost``: somebody else has the import."""

    undone: int = 0
    kept: int = 0
    more: bool = False
    lost: bool = False


def take_back(connection: sa.Connection, parts: list[Back]) -> Sequence[Taken]:
    return [_take_back(connection, part) for part in parts]


def _take_back(connection: sa.Connection, part: Back) -> Taken:
    query = sa.select(contact_import.c.state).where(contact_import.c.id == part.import_id)
    row = connection.execute(query.with_for_update()).first()
    if row is None or row.state is not ImportState.UNDOING or not leases.is_held(connection, part.bid):
        return Taken(lost=True)
    changes = _next(connection, part.import_id)
    taken = Taken(more=len(changes) == AT_ONCE)
    new = [change.contact_id for change in changes if change.is_new]
    gone = _delete_untouched(connection, part.import_id, new)
    restored = [change for change in changes if not change.is_new]
    kinds = _kinds(connection) if restored else {}
    put_back = sum(_restore(connection, change, kinds) for change in restored)
    taken.undone = len(gone) + put_back
    taken.kept = len(changes) - taken.undone
    connection.execute(
        import_change.delete().where(
            import_change.c.import_id == part.import_id,
            import_change.c.contact_id.in_([change.contact_id for change in changes]),
        )
    )
    values: dict[str, Any] = {
        "undone": contact_import.c.undone + taken.undone,
        "kept": contact_import.c.kept + taken.kept,
    }
    connection.execute(contact_import.update().where(contact_import.c.id == part.import_id).values(values))
    return taken


def _kinds(connection: sa.Connection) -> dict[int, FieldKind]:
    return dict(connection.execute(sa.select(custom_field.c.id, custom_field.c.kind)).tuples().all())


def _next(connection: sa.Connection, import_id: int) -> list[Any]:
    query = (
        sa.select(import_change)
        .where(import_change.c.import_id == import_id)
        .order_by(import_change.c.contact_id)
        .limit(AT_ONCE)
    )
    return list(connection.execute(query))


def _delete_untouched(connection: sa.Connection, import_id: int, ids: list[int]) -> set[int]:
    """Contacts that the import made, and that are as it left them."""
    if not ids:
        return set()
    change = import_change
    ours = sa.and_(change.c.import_id == import_id, change.c.contact_id == contact.c.id)
    as_it_was = sa.exists().where(ours, change.c.at == contact.c.updated_at)

    def later(table: sa.Table, at: sa.ColumnElement[Any]) -> sa.ColumnElement[bool]:
        return sa.exists().where(ours, table.c.contact_id == contact.c.id, at > change.c.at)

    # In the order of ids, as everybody locks contacts.
    locked = sa.select(contact.c.id).where(contact.c.id.in_(ids)).order_by(contact.c.id).with_for_update()
    connection.execute(locked)
    deleted = connection.execute(
        contact.delete()
        .where(
            contact.c.id.in_(ids),
            as_it_was,
            ~sa.exists().where(conversation.c.contact_id == contact.c.id),
            ~later(contact_tag, contact_tag.c.at),
            ~later(contact_address, contact_address.c.created_at),
            ~later(contact_event, contact_event.c.at),
            ~later(field_value, field_value.c.updated_at),
        )
        .returning(contact.c.id)
    )
    return {contact_id for (contact_id,) in deleted}


def _restore(connection: sa.Connection, row: Any, kinds: dict[int, FieldKind]) -> bool:
    """What still stands as the import wrote it becomes what it was; whether everything could be restored.

    An opt-out stays: nobody is written to again because a file was a mistake.
    """
    change, of = Change.read(row.before), row.contact_id
    complete = _restore_columns(connection, of, change)
    for field_id, (old, new) in change.fields.items():
        mine = (
            field_value.c.contact_id == of,
            field_value.c.field_id == field_id,
            field_value.c.value == new,
            field_value.c.updated_at <= row.at,
        )
        if old is None:
            done = connection.execute(field_value.delete().where(*mine)).rowcount
        else:
            done = connection.execute(
                field_value.update().where(*mine).values(_value(old, kinds.get(field_id)))
            ).rowcount
        complete = complete and bool(done)
    if change.tags:
        put_on = (
            contact_tag.c.contact_id == of,
            contact_tag.c.tag_id.in_(change.tags),
            contact_tag.c.by_id.is_(None),
            contact_tag.c.at <= row.at,
        )
        connection.execute(contact_tag.delete().where(*put_on))
    return complete


def _restore_columns(connection: sa.Connection, contact_id: int, change: Change) -> bool:
    if not change.columns:
        return True
    names = list(change.columns)
    query = (
        sa.select(*[contact.c[name] for name in names]).where(contact.c.id == contact_id).with_for_update()
    )
    now = dict(zip(names, connection.execute(query).one(), strict=True))
    back = {name: old for name, (old, new) in change.columns.items() if now[name] == new}
    if back:
        connection.execute(
            contact.update().where(contact.c.id == contact_id).values(**back, updated_at=utcnow())
        )
    return len(back) == len(names)


def _value(old: str, kind: FieldKind | None) -> dict[str, Any]:
    number = canonical.as_float(old) if kind is FieldKind.NUMBER else None
    return {"value": old, "key": canonical.folded(old), "number": number, "updated_at": utcnow()}
