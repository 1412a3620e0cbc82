"""What the background writes about an import, and what it needs to know of one. No actor: a person has asked before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import Database, fetch, touch
from wapto_app.models import (
    ContactImport,
    ContactTag,
    CustomField,
    FieldValue,
    ImportChange,
    ImportProblem,
    ImportState,
    NotificationKind,
    Tag,
)
from wapto_app.models.base import table_of
from wapto_app.models.imports import BUSY
from wapto_app.services import fields, plans
from wapto_app.services.contact_names import TOPIC as CONTACTS
from wapto_app.services.imports.folder import files_of
from wapto_app.services.imports.prepare import TAG_KEY, Order, Summary
from wapto_app.services.imports.queries import kept_until
from wapto_app.services.imports.rules import TOPIC
from wapto_app.services.imports.steps import Counts
from wapto_app.services.imports.targets import FIELD, NEW
from wapto_app.services.naming import key_of
from wapto_app.services.notifications import notify
from wapto_app.services.segments import upkeep

_FORGOTTEN = timedelta(days=2)
"""How long a file waits for somebody to name its columns."""
_CLEANED_AT_ONCE = 20
_FORGOTTEN_AT_ONCE = 1_000
_TOLD = ("created", "updated", "wrong")

contact_import = table_of(ContactImport)
import_change = table_of(ImportChange)
import_problem = table_of(ImportProblem)


@dataclass(frozen=True, slots=True)
class Work:
    """An import as the background sees it, apart from any session."""

    id: int
    key: str
    filename: str
    state: ImportState
    total: int
    place: int
    plan: dict[str, Any]
    made: dict[str, Any]
    cancelled: bool

    @property
    def topic(self) -> str:
        return f"import:{self.id}"


async def busy(session: AsyncSession) -> list[int]:
    """Imports that somebody has to work on."""
    found = await session.exec(select(ContactImport.id).where(sa.text(BUSY)).order_by(col(ContactImport.id)))
    return [import_id or 0 for import_id in found]


async def work_of(session: AsyncSession, import_id: int) -> Work | None:
    """None for one that is gone."""
    columns: list[Any] = [getattr(ContactImport, name) for name in Work.__slots__]
    rows = await fetch(session, sa.select(*columns).where(col(ContactImport.id) == import_id))
    return Work(*rows[0]) if rows else None


async def order_of(session: AsyncSession, work: Work) -> Order:
    """How the rows are to be read."""
    known = {each["id"]: each for each in await fields.definitions(session)}
    return Order(work.plan["targets"], work.plan["region"] or None, known)


async def meanings(session: AsyncSession, work: Work) -> dict[str, tuple[int, str]]:
    """Id and kind of the custom field of each target; a field that is still to be made has an id below zero."""
    kinds = {each["id"]: each["kind"] for each in await fields.definitions(session)}
    made = work.made.get("fields", {})
    found: dict[str, tuple[int, str]] = {}
    for i, each in enumerate(work.plan["targets"]):
        target = each["target"]
        if target.startswith(FIELD) and (field_id := int(target.removeprefix(FIELD))) in kinds:
            found[target] = field_id, kinds[field_id]
        elif target.startswith(NEW) and made.get(target, -1 - i) in {-1 - i, *kinds}:
            found[target] = made.get(target, -1 - i), each["kind"]
    return found


async def tags_by_key(session: AsyncSession, names: dict[str, str]) -> tuple[dict[str, int], list[str]]:
    """Ids of the tags by key, below zero for those that are to be made; and the names of these."""
    there = dict((await session.exec(select(Tag.key, Tag.id))).all())
    found: dict[str, int] = {}
    new: dict[str, str] = {}
    for number, (key, name) in enumerate(names.items()):
        folded = key_of(name, TAG_KEY)
        found[key] = there.get(folded) or -1 - number
        if folded not in there:
            new.setdefault(folded, name)
    return found, list(new.values())


async def room(session: AsyncSession) -> int | None:
    """How many contacts the plan allows; None for any number."""
    standing = await plans.current(session)
    return standing.limit(plans.Limit.CONTACTS) if standing else None


async def show_position(session: AsyncSession, work: Work, position: int) -> None:
    await session.exec(
        sa.update(ContactImport)
        .where(col(ContactImport.id) == work.id, col(ContactImport.state) == ImportState.CHECKING)
        .values(position=position)
    )
    touch(session, work.topic)


async def is_still(session: AsyncSession, work: Work) -> bool:
    """Whether nobody cancelled the check, or started another one."""
    row = await session.get(ContactImport, work.id)
    return row is not None and row.state is work.state and row.plan == work.plan


@dataclass(frozen=True, slots=True)
class Problems:
    """Rows of an import that cannot be taken; ``first``: what was found before is forgotten."""

    import_id: int
    rows: list[tuple[int, str]]
    first: bool


def note_problems(connection: sa.Connection, parts: list[Problems]) -> Sequence[None]:
    """Writer operation."""
    for part in parts:
        if part.first:
            connection.execute(import_problem.delete().where(import_problem.c.import_id == part.import_id))
        if part.rows:
            rows = [{"import_id": part.import_id, "row": row, "reason": why} for row, why in part.rows]
            connection.execute(import_problem.insert(), rows)
    return [None] * len(parts)


async def checked(
    session: AsyncSession, work: Work, summary: Summary, counts: Counts, new_tags: list[str]
) -> None:
    """The check is done: show what would happen."""
    outlook: dict[str, Any] = {
        name: getattr(counts, name) for name in ("created", "updated", "unchanged", "skipped", "wrong")
    }
    outlook |= {"reasons": summary.reasons, "tags": summary.tags, "new_tags": new_tags}
    outlook["repeated"] = summary.repeated
    await session.exec(
        sa.update(ContactImport)
        .where(col(ContactImport.id) == work.id, col(ContactImport.state) == ImportState.CHECKING)
        .values(state=ImportState.CHECKED, outlook=outlook, position=work.total, wrong=counts.wrong)
    )
    touch(session, work.topic, TOPIC)


async def not_checked(session: AsyncSession, work: Work, error: str) -> None:
    """The rows cannot be read as planned; the columns are asked for again."""
    await session.exec(
        sa.update(ContactImport)
        .where(col(ContactImport.id) == work.id, col(ContactImport.state) == ImportState.CHECKING)
        .values(state=ImportState.UPLOADED, error=error[:500])
    )
    touch(session, work.topic, TOPIC)


async def ended(session: AsyncSession, work: Work, state: ImportState, error: str = "") -> None:
    """An import, or its undo, is over; whoever started the import is told, unless it was cancelled."""
    changed = await session.exec(
        sa.update(ContactImport)
        .where(col(ContactImport.id) == work.id, col(ContactImport.state) == work.state)
        .values(state=state, error=error[:500], finished_at=utcnow())
    )
    if changed.rowcount and work.state is ImportState.RUNNING and (error or state is ImportState.DONE):
        await _tell(session, work.id)
    touch(session, work.topic, TOPIC, CONTACTS, "tags", "fields")


async def _tell(session: AsyncSession, import_id: int) -> None:
    i = ContactImport
    columns: list[Any] = [getattr(i, name) for name in (*_TOLD, "account_id", "filename", "error")]
    (row,) = await fetch(session, sa.select(*columns).where(col(i.id) == import_id))
    await notify(
        session,
        [row.account_id],
        NotificationKind.IMPORT_ENDED,
        href=f"/contacts/import?id={import_id}",
        title=row.filename,
        what=row.error,
        **{name: getattr(row, name) for name in _TOLD},
    )


async def remove_made(session: AsyncSession, work: Work) -> None:
    """Tags and fields that were made for an import go when nobody has come to use them."""
    for tag_id in work.made.get("new_tags", ()):
        used = sa.exists().where(col(ContactTag.tag_id) == tag_id)
        if not await upkeep.asking_for_tag(session, tag_id):
            await session.exec(sa.delete(Tag).where(col(Tag.id) == tag_id, ~used))
    for field_id in work.made.get("fields", {}).values():
        filled = sa.exists().where(col(FieldValue.field_id) == field_id)
        field = await session.get(CustomField, field_id)
        if field is not None and not await upkeep.asking_for_field(session, field.key):
            await session.exec(sa.delete(CustomField).where(col(CustomField.id) == field_id, ~filled))


async def clean_up(db: Database, media_dir: Path) -> None:
    """Forget files that nobody imported, and after a month what an undo would need. The history stays."""
    async with db.write() as session:
        waiting = col(ContactImport.state).in_([ImportState.UPLOADED, ImportState.CHECKED])
        forgotten = waiting, col(ContactImport.created_at) < utcnow() - _FORGOTTEN
        for row in (
            await session.exec(select(ContactImport).where(*forgotten).limit(_CLEANED_AT_ONCE))
        ).all():
            await asyncio.to_thread(files_of(media_dir, row.key).remove)
            await session.delete(row)
    async with db.read() as session:
        over = col(ContactImport.state).in_([ImportState.DONE, ImportState.STOPPED, ImportState.UNDONE])
        old = (
            over,
            col(ContactImport.finished_at) < kept_until(),
            col(ContactImport.files_removed_at).is_(None),
        )
        query = select(ContactImport.id, ContactImport.key).where(*old).limit(_CLEANED_AT_ONCE)
        due = (await session.exec(query)).all()
    for import_id, key in due:
        await _forget(db, media_dir, import_id or 0, key)


async def _forget(db: Database, media_dir: Path, import_id: int, key: str) -> None:
    """A little at a time: whoever waits for the writer must not wait for a hundred thousand rows."""
    for table, name in ((import_change, "contact_id"), (import_problem, "row")):
        some = sa.select(table.c[name]).where(table.c.import_id == import_id).limit(_FORGOTTEN_AT_ONCE)
        more = True
        while more:
            async with db.write() as session:
                connection = await session.connection()
                gone = table.delete().where(table.c.import_id == import_id, table.c[name].in_(some))
                more = (await connection.execute(gone)).rowcount == _FORGOTTEN_AT_ONCE
            await asyncio.sleep(0)
    await asyncio.to_thread(files_of(media_dir, key).remove)
    # Last, so that what a killed process left is found again.
    async with db.write() as session:
        row = await session.get_one(ContactImport, import_id)
        row.files_removed_at = utcnow()
        session.add(row)
