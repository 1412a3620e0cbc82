"""Writes what a batch of an import changes: columns, custom fields, tags, events, and the memory of it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from wapto_app.models import Contact, ContactEvent, ContactEventKind, ContactTag, FieldValue, ImportChange
from wapto_app.models.base import table_of
from wapto_app.services import canonical
from wapto_app.services.identity import insert_ignore
from wapto_app.services.imports.differences import Change
from wapto_app.services.imports.steps import Work
from wapto_app.services.imports.targets import COLUMNS
from wapto_app.services.unwanted import cancel_for

contact, contact_event = table_of(Contact), table_of(ContactEvent)
contact_tag, field_value = table_of(ContactTag), table_of(FieldValue)
import_change = table_of(ImportChange)


def write(connection: sa.Connection, work: Work) -> None:
    """Everything that the rows of a batch change, and what an undo will need of it."""
    changes = dict(sorted(work.changes.items()))
    _write_columns(connection, work, changes)
    _write_fields(connection, work, changes)
    tags = [
        {"contact_id": contact_id, "tag_id": tag_id, "by_id": None, "at": work.now}
        for contact_id, change in changes.items()
        for tag_id in change.tags
    ]
    if tags:
        connection.execute(insert_ignore(connection.dialect.name, contact_tag), tags)
    _write_events(connection, work, changes)
    cancel_for(connection, [of for of, change in changes.items() if change.turned_out and of not in work.new])
    _remember(connection, work, changes)


def _write_columns(connection: sa.Connection, work: Work, changes: dict[int, Change]) -> None:
    rows = []
    for contact_id, change in changes.items():
        known = work.known.get(contact_id)
        if known is None or (contact_id in work.new and not change.columns and not known.out):
            continue
        rows.append(
            {"of": contact_id, "out": work.now if known.out else None}
            | {f"new_{n}": known.columns[n] for n in COLUMNS}
        )
    if rows:
        out = sa.bindparam("out", type_=contact.c.opted_out_at.type)
        values: dict[str, Any] = {name: sa.bindparam(f"new_{name}") for name in COLUMNS}
        connection.execute(
            contact.update()
            .where(contact.c.id == sa.bindparam("of"))
            .values(
                **values,
                # What was said earlier stays, and nothing here takes it back.
                opted_out_at=sa.func.coalesce(contact.c.opted_out_at, out),
                updated_at=work.now,
            ),
            rows,
        )


def _write_fields(connection: sa.Connection, work: Work, changes: dict[int, Change]) -> None:
    kinds = dict(work.step.fields.values())
    rows = [
        {
            "contact_id": contact_id,
            "field_id": field_id,
            "value": new,
            "key": canonical.folded(new),
            "number": canonical.as_float(new) if kinds[field_id] == "number" else None,
            "updated_at": work.now,
        }
        for contact_id, change in changes.items()
        for field_id, (_old, new) in change.fields.items()
    ]
    if rows:
        insert = _upsert(connection, field_value)
        news = {name: insert.excluded[name] for name in ("value", "key", "number", "updated_at")}
        ours = ["contact_id", "field_id"]
        connection.execute(insert.on_conflict_do_update(index_elements=ours, set_=news), rows)


def _write_events(connection: sa.Connection, work: Work, changes: dict[int, Change]) -> None:
    detail = {"import_id": work.step.import_id, "file": work.step.file}
    rows = [
        {"contact_id": contact_id, "kind": kind, "at": work.now, "by_id": None, "detail": detail}
        for contact_id, change in changes.items()
        for kind in _kinds(change)
    ]
    if rows:
        connection.execute(contact_event.insert(), rows)


def _kinds(change: Change) -> list[ContactEventKind]:
    return [ContactEventKind.IMPORTED] + ([ContactEventKind.OPTED_OUT] if change.turned_out else [])


def _remember(connection: sa.Connection, work: Work, changes: dict[int, Change]) -> None:
    """For the undo: what an earlier batch of the same import did to a contact comes first."""
    if not changes:
        return
    earlier = sa.select(import_change.c.contact_id, import_change.c.is_new, import_change.c.before).where(
        import_change.c.import_id == work.step.import_id,
        import_change.c.contact_id.in_([each for each in changes if each not in work.new]),
    )
    known = {of: (is_new, Change.read(before)) for of, is_new, before in connection.execute(earlier)}
    rows = [
        {
            "import_id": work.step.import_id,
            "contact_id": of,
            "is_new": of in work.new or (of in known and known[of][0]),
            "at": work.now,
            "before": (known[of][1].then(change) if of in known else change).written(),
        }
        for of, change in changes.items()
    ]
    insert = _upsert(connection, import_change)
    news = {name: insert.excluded[name] for name in ("at", "before")}
    ours = ["import_id", "contact_id"]
    connection.execute(insert.on_conflict_do_update(index_elements=ours, set_=news), rows)


def _upsert(connection: sa.Connection, table: sa.Table) -> Any:
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)
