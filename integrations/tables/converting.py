"""Any table into lines of JSON."""

from __future__ import annotations

import asyncio
import contextlib
import csv
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import orjson

from integrations.tables import sheets, text
from integrations.tables.header import looks_like_header, named

MOST_ROWS = 200_000
MOST_BYTES = 50 * 1024 * 1024
MOST_COLUMNS = 200
MOST_WRITTEN = 512 * 1024 * 1024
"""Bytes of the rows: a workbook can name one long text in a million cells, and would fill the disk with it."""
SHOWN_ROWS = 8
_SHOWN_CHARACTERS = 120
# A smaller CSV is read while a process would still be starting.
_SMALL = 256 * 1024
_SECONDS = 180


class Unreadable(Exception):
    """Why a file cannot be taken: a sentence for whoever chose it."""


@dataclass(frozen=True, slots=True)
class Options:
    """What somebody knows better than the guess; empty, or None, leaves it to the guess."""

    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    header: bool | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """What a file holds. ``shown`` are its first rows; ``rows`` counts those with anything in them."""

    columns: list[str]
    rows: int
    shown: list[list[str]]
    header: bool
    encoding: str = ""
    delimiter: str = ""
    sheet: str = ""
    sheets: list[str] = field(default_factory=list)


def convert(source: Path, target: Path, options: Options) -> Found:
    """Write ``[number of the row in the file, cell, cell …]`` a line; the header is not among them.

    Raises:
        Unreadable: it is no table, or larger than allowed.
    """
    if source.stat().st_size > MOST_BYTES:
        raise Unreadable(f"A file may have at most {MOST_BYTES // 2**20} MB.")
    try:
        return (
            _of_sheet(source, target, options)
            if sheets.is_sheet(source)
            else _of_text(source, target, options)
        )
    except sheets.NoSheet as error:
        raise Unreadable(str(error)) from error
    except csv.Error as error:
        raise Unreadable(
            "This file is no table: one of its cells never ends. Look for a quotation mark without its partner."
        ) from error


def _of_sheet(source: Path, target: Path, options: Options) -> Found:
    book = sheets.open_book(source)
    names = list(book.sheet_names)
    if not names:
        raise Unreadable("This file has no sheet.")
    sheet = options.sheet if options.sheet in names else names[0]
    return _write(sheets.rows(book, sheet), target, options.header, sheet=sheet, sheets=names[:100])


def _of_text(source: Path, target: Path, options: Options) -> Found:
    encoding = options.encoding if options.encoding in text.ENCODINGS else text.encoding_of(source)
    if encoding == "utf-16" and options.encoding:
        encoding = _with_or_without_mark(source)
    known = text.DELIMITERS.values()
    delimiter = options.delimiter if options.delimiter in known else text.delimiter_of(source, encoding)
    rows = text.rows(source, encoding, delimiter)
    return _write(rows, target, options.header, encoding=_shown_encoding(encoding), delimiter=delimiter)


def _with_or_without_mark(source: Path) -> str:
    found = text.encoding_of(source)
    return found if found.startswith("utf-16") else "utf-16-le"


def _shown_encoding(encoding: str) -> str:
    return "utf-8" if encoding == "utf-8-sig" else "utf-16" if encoding.startswith("utf-16") else encoding


def _write(rows: Iterator[list[str]], target: Path, header: bool | None, **more: Any) -> Found:
    numbered = _filled(rows)
    first = next(numbered, None)
    if first is None:
        raise Unreadable("There is nothing in this file.")
    has_header = looks_like_header(first[1]) if header is None else header
    shown: list[list[str]] = [] if has_header else [first[1]]
    count, width = 0, len(first[1])
    with target.open("wb") as file:
        if not has_header:
            count = _append(file, *first)
        for number, row in numbered:
            count += _append(file, number, row)
            if file.tell() > MOST_WRITTEN:
                raise Unreadable("This file unpacks to more than a table of contacts can need.")
            if count > MOST_ROWS:
                raise Unreadable(f"A file may have at most {MOST_ROWS:,} rows. Split it into several.")
            if len(shown) < SHOWN_ROWS:
                shown.append(row)
                width = max(width, len(row))
    if not count:
        raise Unreadable("There is only a header in this file, and no row below it.")
    names = named(first[1] if has_header else [], min(width, MOST_COLUMNS))
    clipped = [[cell[:_SHOWN_CHARACTERS] for cell in _padded(row, len(names))] for row in shown]
    return Found(columns=names, rows=count, shown=clipped, header=has_header, **more)


def _filled(rows: Iterator[list[str]]) -> Iterator[tuple[int, list[str]]]:
    """Rows with anything in them, and where they stand, counted as a spreadsheet counts."""
    for number, row in enumerate(rows, 1):
        cells = [cell.strip() for cell in row]
        if any(cells):
            if len(cells) > MOST_COLUMNS:
                while cells and not cells[-1]:
                    cells.pop()
                if len(cells) > MOST_COLUMNS:
                    raise Unreadable(f"Row {number:,} has more than {MOST_COLUMNS} columns.")
            yield number, cells


def _append(file: Any, number: int, row: Sequence[str]) -> int:
    # Half a surrogate pair, as some programs cut them, is no text that could be stored.
    try:
        line = orjson.dumps([number, *row])
    except orjson.JSONEncodeError:
        line = orjson.dumps([number, *(cell.encode(errors="replace").decode() for cell in row)])
    file.write(line + b"\n")
    return 1


def _padded(row: list[str], width: int) -> list[str]:
    return (row + [""] * (width - len(row)))[:width]


def _is_small(source: Path) -> bool:
    return source.stat().st_size <= _SMALL and not sheets.is_sheet(source)


async def convert_apart(source: Path, target: Path, options: Options) -> Found:
    """``convert`` without holding up or filling up this process. Raises Unreadable."""
    if await asyncio.to_thread(_is_small, source):
        return await asyncio.to_thread(convert, source, target, options)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "integrations.tables",
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2],
    )  # fmt: skip
    order = json.dumps({"source": str(source), "target": str(target), "options": asdict(options)}).encode()
    try:
        answer, _errors = await asyncio.wait_for(process.communicate(order), _SECONDS)
    except TimeoutError:
        answer = b""
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if not answer:
        raise Unreadable("This file takes more memory or time to read than a table needs.")
    result = json.loads(answer)
    if "refused" in result:
        raise Unreadable(result["refused"])
    return Found(**result)
