"""Files of recipients: read like any table, their numbers in the one spelling, line by line into the database."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import sqlalchemy as sa
from sqlmodel import col

from integrations.tables import Options, Unreadable, convert_apart
from wapto_app.db import Database, fetch
from wapto_app.models import CampaignUploadRow
from wapto_app.models.base import table_of
from wapto_app.services.errors import Invalid
from wapto_app.services.imports.prepare import Order, batch, prepare_apart
from wapto_app.services.imports.targets import PHONE, Target, guess

CELL_MAX = 2_000
"""As much as the longest value of a template."""
HEADING_MAX = 80
REPEATED = "This number stands in an earlier line."
_SPEAKABLE = str.maketrans({'"': "'", "\\": "/"})
_AT_ONCE = 2_000
_PROBLEM_MAX = 120

row_table = table_of(CampaignUploadRow)
Line = tuple[int, list[str]]
"""Its number in the file, and its cells."""


@asynccontextmanager
async def folder(beside: Path | None = None) -> AsyncIterator[Path]:
    """A place for what is only needed while a file is read."""
    place = await asyncio.to_thread(tempfile.TemporaryDirectory, dir=beside)
    try:
        yield Path(place.name)
    finally:
        await asyncio.to_thread(place.cleanup)


async def converted(source: Path, rows: Path, region: str | None) -> tuple[list[str], int, int | None]:
    """The file as lines in ``rows``: its headings, how many lines, and which column seems to hold the numbers.

    Raises:
        Invalid: it is no table, or too large.
    """
    try:
        found = await convert_apart(source, rows, Options())
    except Unreadable as problem:
        raise Invalid("file", str(problem)) from None
    targets = [each["target"] for each in guess(found.columns, found.shown, {}, region)]
    column = targets.index(PHONE) if PHONE in targets else None
    return unique(found.columns), found.rows, column


def unique(names: Sequence[str]) -> list[str]:
    """Headings that differ (a second "Name" becomes "Name (2)"), without what would end a path in SQL."""
    found: list[str] = []
    for name in names:
        base, number = name[:HEADING_MAX].translate(_SPEAKABLE), 1
        while (heading := base if number == 1 else f"{base} ({number})") in found:
            number += 1
        found.append(heading)
    return found


async def numbered(
    rows: Path, ready: Path, column: int | None, width: int, region: str | None, count: int
) -> None:
    """Write the number of each line, or what is wrong with it, to ``ready``; large files in a process of their own."""
    if column is None:
        return
    targets = [Target(target=PHONE if i == column else "", label="", kind="") for i in range(width)]
    await prepare_apart(
        rows, ready, Order(targets=targets, region=region, fields={}), count, lambda _done: None
    )


async def store(
    db: Database, upload_id: int, headings: Sequence[str], rows: Path, ready: Path
) -> tuple[int, int]:
    """Put the lines into the table, some at a time; how many there are, and how many are of no use."""
    place, done, total, bad = 0, 0, 0, 0
    has_numbers = await asyncio.to_thread(ready.is_file)
    while True:
        lines, place = await asyncio.to_thread(batch, rows, place, _AT_ONCE)
        if not lines:
            return total, bad
        found: list[Any] = [[line[0], ""] for line in lines]
        if has_numbers:
            found, done = await asyncio.to_thread(batch, ready, done, _AT_ONCE)
        made = [_row(upload_id, headings, *pair) for pair in zip(lines, found, strict=True)]
        total, bad = total + len(made), bad + sum(bool(each["problem"]) for each in made)
        async with db.write() as session:
            await (await session.connection()).execute(row_table.insert(), made)


def _row(
    upload_id: int, headings: Sequence[str], line: Sequence[Any], found: Sequence[Any]
) -> dict[str, Any]:
    number, problem = read_number(found)
    cells = {name: cell[:CELL_MAX] for name, cell in zip(headings, line[1:], strict=False) if cell}
    return {"upload_id": upload_id, "line": line[0], "number": number, "problem": problem, "cells": cells}


def read_number(found: Sequence[Any]) -> tuple[str, str]:
    """The number and the problem of a prepared line, one of them empty."""
    if len(found) == 2:
        return "", str(found[1])[:_PROBLEM_MAX]
    return ("", REPEATED) if found[6] else (found[1], "")


async def dump(db: Database, upload_id: int, headings: Sequence[str], rows: Path) -> None:
    """The stored lines as a file again."""
    async for lines in stored_lines(db, upload_id):
        made = ([line, *(cells.get(name, "") for name in headings)] for line, cells, _problem in lines)
        await asyncio.to_thread(_append, rows, b"".join(orjson.dumps(each) + b"\n" for each in made))


def _append(path: Path, written: bytes) -> None:
    with path.open("ab") as file:
        file.write(written)


async def stored_lines(
    db: Database, upload_id: int, *, only_bad: bool = False
) -> AsyncIterator[list[tuple[int, dict[str, str], str]]]:
    """Line number, cells and problem, some thousands at a time, in the order of the file."""
    r, after = CampaignUploadRow, -1
    while True:
        query = (
            sa.select(col(r.line), col(r.cells), col(r.problem))
            .where(col(r.upload_id) == upload_id, col(r.line) > after)
            .order_by(col(r.line))
            .limit(_AT_ONCE)
        )
        async with db.read() as session:
            rows = await fetch(session, query.where(col(r.problem) != "") if only_bad else query)
        if not rows:
            return
        after = rows[-1].line
        yield [(row.line, row.cells, row.problem) for row in rows]


async def renumber(db: Database, upload_id: int, ready: Path) -> int:
    """Give the stored lines their numbers anew; how many are of no use now."""
    place, bad = 0, 0
    change = row_table.update().where(
        row_table.c.upload_id == upload_id, row_table.c.line == sa.bindparam("at")
    )
    change = change.values(number=sa.bindparam("as_number"), problem=sa.bindparam("why"))
    while True:
        found, place = await asyncio.to_thread(batch, ready, place, _AT_ONCE)
        if not found:
            return bad
        numbers = [(each[0], *read_number(each)) for each in found]
        bad += sum(bool(problem) for _line, _number, problem in numbers)
        async with db.write() as session:
            values = [{"at": line, "as_number": number, "why": problem} for line, number, problem in numbers]
            await (await session.connection()).execute(change, values)


async def remove_lines(db: Database, upload_id: int) -> None:
    """A little at a time: whoever waits for the writer must not wait for two hundred thousand lines."""
    some = sa.select(row_table.c.id).where(row_table.c.upload_id == upload_id).limit(_AT_ONCE)
    more = True
    while more:
        async with db.write() as session:
            connection = await session.connection()
            gone = await connection.execute(row_table.delete().where(row_table.c.id.in_(some)))
            more = gone.rowcount == _AT_ONCE
        await asyncio.sleep(0)
