"""What is shown of imports."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import fetch
from wapto_app.models import Account, ContactImport, ImportProblem, ImportState
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, spreadsheet
from wapto_app.services.errors import NotFound
from wapto_app.services.imports.folder import files_of
from wapto_app.services.imports.prepare import lines
from wapto_app.services.imports.rules import allow
from wapto_app.services.imports.targets import NEW, Target

PAGE = 20
KEPT = timedelta(days=30)
"""How long an import can be undone, and its problems downloaded."""
_PART = 2_000


class ImportRow(TypedDict):
    """One line of the history, and the head of the page of one."""

    id: int
    filename: str
    state: str
    by: str
    total: int
    position: int
    created: int
    updated: int
    unchanged: int
    skipped: int
    wrong: int
    undone: int
    kept: int
    error: str
    cancelled: bool
    created_at: str
    finished_at: str
    can_undo: bool
    has_problems: bool


class Reason(TypedDict):
    """Why rows are wrong: how many, and the first one."""

    reason: str
    count: int
    row: int


class ColumnRow(TypedDict):
    """A column, what it is taken for, and what stands in its first rows."""

    index: int
    name: str
    samples: list[str]
    target: str
    label: str
    kind: str


class ImportDetail(TypedDict):
    """An import that is being prepared. The counts are those of the check."""

    columns: list[ColumnRow]
    region: str
    policy: str
    tags: list[str]
    encoding: str
    delimiter: str
    sheet: str
    sheets: list[str]
    header: bool
    created: int
    updated: int
    unchanged: int
    skipped: int
    wrong: int
    repeated: int
    reasons: list[Reason]
    new_tags: list[str]
    new_fields: list[str]


async def listing(session: AsyncSession, actor: Actor, *, limit: int = PAGE) -> list[ImportRow]:
    """The newest imports; of those that were not begun only one's own."""
    allow(actor)
    is_theirs = col(ContactImport.account_id) == actor.account_id
    begun = col(ContactImport.state).not_in([ImportState.UPLOADED, ImportState.CHECKING, ImportState.CHECKED])
    query = (
        _query()
        .where(sa.or_(begun, is_theirs))
        .order_by(col(ContactImport.created_at).desc(), col(ContactImport.id).desc())
        .limit(limit)
    )
    return [_row(row) for row in await fetch(session, query)]


async def head(session: AsyncSession, actor: Actor, import_id: int) -> ImportRow:
    """How far one is; read with every batch. Raises NotFound."""
    allow(actor)
    rows = await fetch(session, _query().where(col(ContactImport.id) == import_id))
    if not rows:
        raise NotFound("import")
    return _row(rows[0])


def _query() -> sa.Select[Any]:
    names = [name for name in ImportRow.__annotations__ if name not in ("by", "can_undo", "has_problems")]
    columns: list[Any] = [getattr(ContactImport, name) for name in [*names, "files_removed_at"]]
    return sa.select(*columns, col(Account.name).label("by")).outerjoin(
        Account, col(Account.id) == col(ContactImport.account_id)
    )


def _row(row: Any) -> ImportRow:
    is_over = row.state in (ImportState.DONE, ImportState.STOPPED)
    is_kept = row.files_removed_at is None
    return ImportRow(
        id=row.id,
        filename=row.filename,
        state=row.state.value,
        by=row.by or "",
        total=row.total,
        position=row.position,
        created=row.created,
        updated=row.updated,
        unchanged=row.unchanged,
        skipped=row.skipped,
        wrong=row.wrong,
        undone=row.undone,
        kept=row.kept,
        error=row.error,
        cancelled=row.cancelled,
        created_at=row.created_at.isoformat(),
        finished_at=row.finished_at.isoformat() if row.finished_at else "",
        can_undo=is_over and is_kept and row.created + row.updated > 0,
        has_problems=row.wrong > 0 and is_kept,
    )


async def detail(session: AsyncSession, actor: Actor, import_id: int) -> ImportDetail:
    """Columns, choices and what the check found. Raises NotFound."""
    allow(actor)
    row = (await session.exec(select(ContactImport).where(ContactImport.id == import_id))).first()
    if row is None:
        raise NotFound("import")
    found, plan, outlook = row.found, row.plan, row.outlook
    shown = found["shown"]

    def counted(name: str) -> int:
        return int(outlook.get(name, 0))

    return ImportDetail(
        columns=[_column(i, name, shown, plan["targets"][i]) for i, name in enumerate(found["columns"])],
        region=plan["region"],
        policy=plan["policy"],
        tags=plan["tags"],
        encoding=found["encoding"],
        delimiter=found["delimiter"],
        sheet=found["sheet"],
        sheets=found["sheets"],
        header=found["header"],
        created=counted("created"),
        updated=counted("updated"),
        unchanged=counted("unchanged"),
        skipped=counted("skipped"),
        wrong=counted("wrong"),
        repeated=counted("repeated"),
        reasons=[Reason(reason=why, count=n, row=first) for why, n, first in outlook.get("reasons", ())],
        new_tags=outlook.get("new_tags", []),
        new_fields=[each["label"] for each in plan["targets"] if each["target"].startswith(NEW)],
    )


def _column(i: int, name: str, shown: list[list[str]], target: Target) -> ColumnRow:
    samples = [line[i] for line in shown[:3] if i < len(line)]
    return ColumnRow(
        index=i,
        name=name,
        samples=samples,
        target=target["target"],
        label=target["label"],
        kind=target["kind"],
    )


class ProblemFile(TypedDict):
    """A CSV to stream."""

    name: str
    lines: AsyncIterator[str]


async def problems(session: AsyncSession, actor: Actor, media_dir: Path, import_id: int) -> ProblemFile:
    """The rows that were not taken, as they stood in the file, with a first column that says why.

    Raises:
        NotFound: there is no such import, or its file is gone.
    """
    allow(actor)
    actor.require_own_eyes(Permission.CONTACTS_DO)
    row = (await session.exec(select(ContactImport).where(ContactImport.id == import_id))).first()
    if row is None or row.files_removed_at is not None:
        raise NotFound("file")
    files = await asyncio.to_thread(files_of, media_dir, row.key)
    if not await asyncio.to_thread(files.rows.is_file):
        raise NotFound("file")
    query = select(ImportProblem.row, ImportProblem.reason).where(ImportProblem.import_id == import_id)
    reasons = dict((await session.exec(query)).all())
    audit.record(session, actor, "import.problems_downloaded", f"import:{import_id}")
    header = ["Problem", *row.found["columns"]]
    written = spreadsheet.lines(header, _with_reasons(files.rows, reasons))
    name = row.filename.rsplit(".", 1)[0][:80].replace('"', "") or "import"
    return ProblemFile(name=f"{name} - problems.csv", lines=_streamed(written))


def _with_reasons(rows: Path, reasons: dict[int, str]) -> Iterator[list[object]]:
    for number, *cells in lines(rows):
        if number in reasons:
            yield [f"Row {number}: {reasons[number]}", *cells]


async def _streamed(written: Iterator[str]) -> AsyncIterator[str]:
    """A part at a time, each read in a thread."""

    def part() -> str:
        return "".join(line for _count, line in zip(range(_PART), written, strict=False))

    while text := await asyncio.to_thread(part):
        yield text


def kept_until() -> Any:
    """Before this time an import that is over is too old."""
    return utcnow() - KEPT
