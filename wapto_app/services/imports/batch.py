"""Writer operation: one batch of prepared rows becomes contacts, or, in a dry run, is only counted."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from wapto_app.clock import utcnow
from wapto_app.models import (
    AddressKind,
    Contact,
    ContactAddress,
    ContactEvent,
    ContactEventKind,
    ContactImport,
    ContactTag,
    FieldValue,
    ImportChange,
    ImportState,
)
from wapto_app.models.base import table_of
from wapto_app.services import canonical, leases
from wapto_app.services.identity import insert_ignore
from wapto_app.services.imports.differences import Change, Known, difference
from wapto_app.services.imports.targets import COLUMNS

contact = table_of(Contact)
contact_address = table_of(ContactAddress)
contact_event = table_of(ContactEvent)
contact_import = table_of(ContactImport)
contact_tag = table_of(ContactTag)
field_value = table_of(FieldValue)
import_change = table_of(ImportChange)


@dataclass(frozen=True, slots=True)
class Step:
    """Rows of one import, from byte ``place`` to byte ``next_place`` of the prepared file.

    ``fields`` are ids and kinds by target, ``tags`` ids by key, ``all_tags`` what everybody gets, ``most`` how many
    contacts the plan allows.
    """

    import_id: int
    bid: leases.Bid
    place: int
    next_place: int
    rows: list[list[Any]]
    policy: str
    source: str
    fields: dict[str, tuple[int, str]]
    tags: dict[str, int]
    all_tags: tuple[int, ...]
    most: int | None = None


@dataclass(slots=True)
class Counts:
    """What became of the rows of a batch. ``stopped`` says why nothing was done."""

    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    wrong: int = 0
    stopped: str = ""

    def add(self, other: Counts) -> None:
        for name in ("created", "updated", "unchanged", "skipped", "wrong"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


CANCELLED, LOST, FULL = "cancelled", "lost", "full"


@dataclass(slots=True)
class _Work:
    """A batch while it is worked on. ``known`` are contacts as they will be after the rows so far."""

    step: Step
    now: datetime
    owners: dict[str, int]
    known: dict[int, Known]
    new: set[int] = field(default_factory=set)
    changes: dict[int, Change] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)


def carry_out(connection: sa.Connection, steps: list[Step]) -> Sequence[Counts]:
    """Import the rows of each step, all or none of them, and move the import on by as much."""
    return [_carry_out(connection, step) for step in steps]


def _carry_out(connection: sa.Connection, step: Step) -> Counts:
    stopped = _why_not(connection, step)
    if stopped:
        return Counts(stopped=stopped)
    work = _begin(connection, step)
    fresh = _unknown(work)
    if step.most is not None and fresh and _contacts(connection) + len(fresh) > step.most:
        return Counts(stopped=FULL)
    _create(connection, work, fresh)
    for row in step.rows:
        _take(work, row)
    _write(connection, work)
    _move_on(connection, work)
    return work.counts


def look(connection: sa.Connection, steps: list[Step]) -> Sequence[Counts]:
    """What each step would do; nothing is written."""
    return [_look(connection, step) for step in steps]


def _look(connection: sa.Connection, step: Step) -> Counts:
    work = _begin(connection, step)
    for row in step.rows:
        if len(row) == 2:
            work.counts.wrong += 1
        elif row[1] in work.owners:
            _take(work, row)
        elif row[6]:  # an earlier row of the file makes the contact
            work.counts.skipped += step.policy == "skip"
            work.counts.updated += step.policy != "skip"
        else:
            work.counts.created += 1
    return work.counts


def _why_not(connection: sa.Connection, step: Step) -> str:
    """Locks the import, so that two who think that it is theirs take turns, and the second finds it moved on."""
    query = sa.select(contact_import.c.state, contact_import.c.place, contact_import.c.cancelled)
    found = connection.execute(query.where(contact_import.c.id == step.import_id).with_for_update()).first()
    if found is None or found.state is not ImportState.RUNNING or found.place != step.place:
        return LOST
    if not leases.is_held(connection, step.bid):
        return LOST
    return CANCELLED if found.cancelled else ""


def _contacts(connection: sa.Connection) -> int:
    return int(connection.execute(sa.select(sa.func.count()).select_from(contact)).scalar_one())


def _begin(connection: sa.Connection, step: Step) -> _Work:
    numbers = sorted({row[1] for row in step.rows if len(row) > 2})
    owners = _owners(connection, numbers)
    if step.policy == "skip":
        return _Work(step, utcnow(), owners, {})
    known = _known(connection, set(owners.values()))
    # Somebody may have deleted or merged one of them between the two queries.
    return _Work(step, utcnow(), {number: of for number, of in owners.items() if of in known}, known)


def _owners(connection: sa.Connection, numbers: Sequence[str]) -> dict[str, int]:
    if not numbers:
        return {}
    query = sa.select(contact_address.c.value, contact_address.c.contact_id).where(
        contact_address.c.kind == AddressKind.PHONE, contact_address.c.value.in_(numbers)
    )
    return dict(connection.execute(query).tuples().all())


def _known(connection: sa.Connection, ids: Iterable[int]) -> dict[int, Known]:
    wanted = sorted(ids)
    if not wanted:
        return {}
    columns = [contact.c[name] for name in COLUMNS]
    # In the order of ids, as everybody locks contacts.
    query = sa.select(contact.c.id, contact.c.opted_out_at, *columns).where(contact.c.id.in_(wanted))
    found = {
        row[0]: Known(dict(zip(COLUMNS, row[2:], strict=True)), {}, set(), row[1] is not None)
        for row in connection.execute(query.order_by(contact.c.id).with_for_update(key_share=True))
    }
    values = sa.select(field_value.c.contact_id, field_value.c.field_id, field_value.c.value)
    for contact_id, field_id, value in connection.execute(values.where(field_value.c.contact_id.in_(wanted))):
        found[contact_id].fields[field_id] = value
    tags = sa.select(contact_tag.c.contact_id, contact_tag.c.tag_id)
    for contact_id, tag_id in connection.execute(tags.where(contact_tag.c.contact_id.in_(wanted))):
        found[contact_id].tags.add(tag_id)
    return found


def _unknown(work: _Work) -> list[list[Any]]:
    """The first row of each number that nobody has."""
    first: dict[str, list[Any]] = {}
    for row in work.step.rows:
        if len(row) > 2 and row[1] not in work.owners:
            first.setdefault(row[1], row)
    return list(first.values())


def _create(connection: sa.Connection, work: _Work, rows: list[list[Any]]) -> None:
    """Contacts for new numbers. Whoever was faster with a number in the same moment keeps it."""
    # Always in the same order, so that two who insert the same numbers wait for each other instead of for ever.
    rows = sorted(rows, key=lambda row: row[1])
    if not rows:
        return
    created = connection.execute(
        contact.insert().returning(contact.c.id, sort_by_parameter_order=True),
        [_new_contact(row, work) for row in rows],
    )
    ids = [contact_id for (contact_id,) in created]
    connection.execute(
        insert_ignore(connection, contact_address),
        [
            {"contact_id": contact_id, "kind": AddressKind.PHONE, "value": row[1], "created_at": work.now}
            for contact_id, row in zip(ids, rows, strict=True)
        ],
    )
    owners = {row[1]: contact_id for contact_id, row in zip(ids, rows, strict=True)}
    if connection.dialect.name != "sqlite":  # nobody else writes meanwhile there
        owners = _owners(connection, list(owners))
        lost = sorted(set(ids) - set(owners.values()))
        if lost:
            connection.execute(contact.delete().where(contact.c.id.in_(lost)))
            others = set(owners.values()) - set(ids)
            work.known |= _known(connection, others) if work.step.policy != "skip" else {}
    work.owners |= owners
    work.new |= set(ids) & set(owners.values())


def _new_contact(row: list[Any], work: _Work) -> dict[str, Any]:
    values = {name: row[2].get(name, "") for name in COLUMNS}
    values["source"] = values["source"] or work.step.source
    return values | {
        "profile_name": "",
        "username": "",
        "opted_out_at": work.now if row[5] else None,
        "created_at": work.now,
        "updated_at": work.now,
    }


def _take(work: _Work, row: list[Any]) -> None:
    """Decide about one row, in the order of the file."""
    counts = work.counts
    if len(row) == 2:
        counts.wrong += 1
        return
    contact_id = work.owners[row[1]]
    fields, tags = _of_row(work.step, row)
    if contact_id in work.new and contact_id not in work.changes:
        work.changes[contact_id] = Change.of_new(fields, tags, out=row[5])
        work.known[contact_id] = Known(_new_columns(row, work), dict(fields), set(tags), row[5])
        counts.created += 1
        return
    if work.step.policy == "skip":
        counts.skipped += 1
        return
    known = work.known[contact_id]
    change = difference(known, row[2], fields, tags, out=row[5], fills_only=work.step.policy == "fill")
    if change.is_empty:
        counts.unchanged += 1
        return
    counts.updated += 1
    known.take(change)
    earlier = work.changes.get(contact_id)
    work.changes[contact_id] = change if earlier is None else earlier.then(change)


def _new_columns(row: list[Any], work: _Work) -> dict[str, str]:
    values = _new_contact(row, work)
    return {name: values[name] for name in COLUMNS}


def _of_row(step: Step, row: list[Any]) -> tuple[dict[int, str], list[int]]:
    fields = {step.fields[target][0]: value for target, value in row[3].items() if target in step.fields}
    tags = [step.tags[key] for key in row[4] if key in step.tags]
    return fields, list(dict.fromkeys([*tags, *step.all_tags]))


def _write(connection: sa.Connection, work: _Work) -> None:
    changes = dict(sorted(work.changes.items()))
    _write_columns(connection, work, changes)
    _write_fields(connection, work, changes)
    tags = [
        {"contact_id": contact_id, "tag_id": tag_id, "by_id": None, "at": work.now}
        for contact_id, change in changes.items()
        for tag_id in change.tags
    ]
    if tags:
        connection.execute(insert_ignore(connection, contact_tag), tags)
    _write_events(connection, work, changes)
    _remember(connection, work, changes)


def _write_columns(connection: sa.Connection, work: _Work, changes: dict[int, Change]) -> None:
    rows = []
    for contact_id, change in changes.items():
        if contact_id in work.new and not change.columns and not change.turned_out:
            continue
        known = work.known[contact_id]
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


def _write_fields(connection: sa.Connection, work: _Work, changes: dict[int, Change]) -> None:
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


def _write_events(connection: sa.Connection, work: _Work, changes: dict[int, Change]) -> None:
    detail = {"import_id": work.step.import_id}
    rows = [
        {"contact_id": contact_id, "kind": kind, "at": work.now, "by_id": None, "detail": detail}
        for contact_id, change in changes.items()
        for kind in _kinds(change)
    ]
    if rows:
        connection.execute(contact_event.insert(), rows)


def _kinds(change: Change) -> list[ContactEventKind]:
    return [ContactEventKind.IMPORTED] + ([ContactEventKind.OPTED_OUT] if change.turned_out else [])


def _remember(connection: sa.Connection, work: _Work, changes: dict[int, Change]) -> None:
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


def _move_on(connection: sa.Connection, work: _Work) -> None:
    table, step, counts = contact_import, work.step, work.counts
    connection.execute(
        table.update()
        .where(table.c.id == step.import_id)
        .values(
            position=table.c.position + len(step.rows),
            place=step.next_place,
            created=table.c.created + counts.created,
            updated=table.c.updated + counts.updated,
            unchanged=table.c.unchanged + counts.unchanged,
            skipped=table.c.skipped + counts.skipped,
            wrong=table.c.wrong + counts.wrong,
        )
    )


def _upsert(connection: sa.Connection, table: sa.Table) -> Any:
    return (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(table)
