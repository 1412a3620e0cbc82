"""Writer operation: one batch of prepared rows becomes contacts, or, in a dry run, is only counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from wapto_app.bulk import among
from wapto_app.clock import utcnow
from wapto_app.models import (
    AddressKind,
    Contact,
    ContactAddress,
    ContactImport,
    ContactTag,
    FieldValue,
    ImportState,
)
from wapto_app.models.base import table_of
from wapto_app.services import leases, opt_out_memory
from wapto_app.services.identity import insert_ignore
from wapto_app.services.imports.differences import Change, Known, difference
from wapto_app.services.imports.steps import CANCELLED, FULL, LOST, Counts, Step, Work
from wapto_app.services.imports.targets import COLUMNS
from wapto_app.services.imports.writing import write

contact = table_of(Contact)
contact_address = table_of(ContactAddress)
contact_import = table_of(ContactImport)
contact_tag = table_of(ContactTag)
field_value = table_of(FieldValue)
_GROWING = (contact, contact_address, contact_tag, field_value)


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
    write(connection, work)
    _move_on(connection, work)
    return work.counts


def notice_growth(connection: sa.Connection, calls: list[None]) -> Sequence[None]:
    """Writer operation: PostgreSQL plans as if there were as few contacts as before, until it notices by itself."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"ANALYZE {', '.join(table.name for table in _GROWING)}")
    return [None] * len(calls)


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
            is_skipped = step.policy == "skip" and not row[5]
            work.counts.skipped += is_skipped
            work.counts.updated += not is_skipped
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


def _begin(connection: sa.Connection, step: Step) -> Work:
    numbers = sorted({row[1] for row in step.rows if len(row) > 2})
    owners = _owners(connection, numbers)
    wanted = _changeable(step, owners)
    known = _known(connection, wanted)
    # Somebody may have deleted or merged one of them between the two queries.
    gone = wanted - set(known)
    return Work(step, utcnow(), {number: of for number, of in owners.items() if of not in gone}, known)


def _changeable(step: Step, owners: Mapping[str, int]) -> set[int]:
    """Those of the known contacts that the rows may change: who says no is heard, whatever the policy is."""
    if step.policy != "skip":
        return set(owners.values())
    return {owners[row[1]] for row in step.rows if len(row) > 2 and row[5] and row[1] in owners}


def _owners(connection: sa.Connection, numbers: Sequence[str]) -> dict[str, int]:
    if not numbers:
        return {}
    query = sa.select(contact_address.c.value, contact_address.c.contact_id).where(
        contact_address.c.kind == AddressKind.PHONE,
        among(connection.dialect.name, contact_address.c.value, "numbers"),
    )
    return dict(connection.execute(query, {"numbers": numbers}).tuples().all())


def _known(connection: sa.Connection, ids: Iterable[int]) -> dict[int, Known]:
    wanted, dialect = {"ids": sorted(ids)}, connection.dialect.name
    if not wanted["ids"]:
        return {}
    columns = [contact.c[name] for name in COLUMNS]
    # In the order of ids, as everybody locks contacts.
    query = sa.select(contact.c.id, contact.c.opted_out_at, *columns).where(
        among(dialect, contact.c.id, "ids")
    )
    locked = query.order_by(contact.c.id).with_for_update(key_share=True)
    found = {
        row[0]: Known(dict(zip(COLUMNS, row[2:], strict=True)), {}, set(), row[1] is not None)
        for row in connection.execute(locked, wanted)
    }
    values = sa.select(field_value.c.contact_id, field_value.c.field_id, field_value.c.value)
    values = values.where(among(dialect, field_value.c.contact_id, "ids"))
    for contact_id, field_id, value in connection.execute(values, wanted):
        found[contact_id].fields[field_id] = value
    tags = sa.select(contact_tag.c.contact_id, contact_tag.c.tag_id)
    tags = tags.where(among(dialect, contact_tag.c.contact_id, "ids"))
    for contact_id, tag_id in connection.execute(tags, wanted):
        found[contact_id].tags.add(tag_id)
    return found


def _unknown(work: Work) -> list[list[Any]]:
    """The first row of each number that nobody has."""
    first: dict[str, list[Any]] = {}
    for row in work.step.rows:
        if len(row) > 2 and row[1] not in work.owners:
            first.setdefault(row[1], row)
    return list(first.values())


def _create(connection: sa.Connection, work: Work, rows: list[list[Any]]) -> None:
    """Contacts for new numbers. Whoever was faster with a number in the same moment keeps it."""
    # Always in the same order, so that two who insert the same numbers wait for each other instead of for ever.
    rows = sorted(rows, key=lambda row: row[1])
    if not rows:
        return
    ids = reserved(connection, len(rows))
    values = [{"id": of, **_new_contact(row, work)} for of, row in zip(ids, rows, strict=True)]
    connection.execute(contact.insert(), values)
    connection.execute(
        insert_ignore(connection.dialect.name, contact_address),
        [
            {"contact_id": contact_id, "kind": AddressKind.PHONE, "value": row[1], "created_at": work.now}
            for contact_id, row in zip(ids, rows, strict=True)
        ],
    )
    opt_out_memory.recall(connection, [(AddressKind.PHONE, row[1]) for row in rows])
    owners = {row[1]: contact_id for contact_id, row in zip(ids, rows, strict=True)}
    if connection.dialect.name != "sqlite":  # nobody else writes meanwhile there
        owners = _owners(connection, list(owners))
        lost = sorted(set(ids) - set(owners.values()))
        if lost:
            connection.execute(contact.delete().where(contact.c.id.in_(lost)))
            others = {number: of for number, of in owners.items() if of not in set(ids)}
            work.known |= _known(connection, _changeable(work.step, others))
    work.owners |= owners
    work.new |= set(ids) & set(owners.values())
    times = Counter(row[1] for row in work.step.rows if len(row) > 2)
    work.repeated = {owners[row[1]] for row in rows if times[row[1]] > 1}


def reserved(connection: sa.Connection, count: int) -> list[int]:
    """Ids for new contacts: known beforehand, many rows are one statement instead of many."""
    if connection.dialect.name == "sqlite":  # nobody else writes meanwhile, and it counts on from the largest
        largest = connection.execute(sa.select(sa.func.max(contact.c.id))).scalar() or 0
        return list(range(largest + 1, largest + 1 + count))
    query = sa.text("SELECT nextval(pg_get_serial_sequence('contact', 'id')) FROM generate_series(1, :count)")
    return [int(of) for (of,) in connection.execute(query, {"count": count})]


def _new_contact(row: list[Any], work: Work) -> dict[str, Any]:
    values = {name: row[2].get(name, "") for name in COLUMNS}
    values["source"] = values["source"] or work.step.source
    return values | {
        "profile_name": "",
        "username": "",
        "opted_out_at": work.now if row[5] else None,
        "created_at": work.now,
        "updated_at": work.now,
    }


def _take(work: Work, row: list[Any]) -> None:
    """Decide about one row, in the order of the file."""
    counts = work.counts
    if len(row) == 2:
        counts.wrong += 1
        return
    contact_id = work.owners[row[1]]
    fields, tags = _of_row(work.step, row)
    if contact_id in work.new and contact_id not in work.changes:
        work.changes[contact_id] = Change.of_new(fields, tags, out=row[5])
        if contact_id in work.repeated:
            work.known[contact_id] = Known(_new_columns(row, work), dict(fields), set(tags), row[5])
        counts.created += 1
        return
    if work.step.policy == "skip":
        if not row[5] or work.known[contact_id].out:
            counts.skipped += 1
            return
        change = Change(turned_out=True)
    else:
        fills_only = work.step.policy == "fill"
        change = difference(work.known[contact_id], row[2], fields, tags, out=row[5], fills_only=fills_only)
    if change.is_empty:
        counts.unchanged += 1
        return
    counts.updated += 1
    work.known[contact_id].take(change)
    earlier = work.changes.get(contact_id)
    work.changes[contact_id] = change if earlier is None else earlier.then(change)


def _new_columns(row: list[Any], work: Work) -> dict[str, str]:
    values = _new_contact(row, work)
    return {name: values[name] for name in COLUMNS}


def _of_row(step: Step, row: list[Any]) -> tuple[dict[int, str], list[int]]:
    fields = {step.fields[target][0]: value for target, value in row[3].items() if target in step.fields}
    tags = [step.tags[key] for key in row[4] if key in step.tags]
    return fields, list(dict.fromkeys([*tags, *step.all_tags]))


def _move_on(connection: sa.Connection, work: Work) -> None:
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
