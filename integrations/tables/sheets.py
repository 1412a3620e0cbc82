"""Spreadsheets: XLSX, XLSB, XLS and ODS, by calamine."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import python_calamine as calamine

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
MOST_UNPACKED = 800 * 1024 * 1024


class NoSheet(Exception):
    """Why a spreadsheet cannot be read, in a sentence."""


def is_sheet(path: Path) -> bool:
    """By its first bytes, not by its name."""
    with path.open("rb") as file:
        return file.read(4) in (_ZIP, _OLE)


def open_book(path: Path) -> Any:
    """Raises NoSheet."""
    _refuse_bombs(path)
    try:
        return calamine.CalamineWorkbook.from_path(str(path))
    except calamine.PasswordError:
        raise NoSheet("This file is protected by a password. Save it without one and try again.") from None
    except Exception as error:
        raise NoSheet("This file is no spreadsheet that can be read, or it is damaged.") from error


def _refuse_bombs(path: Path) -> None:
    """A few kilobytes of zeros unpack to gigabytes."""
    if not zipfile.is_zipfile(path):
        return
    with zipfile.ZipFile(path) as archive:
        if sum(entry.file_size for entry in archive.infolist()) > MOST_UNPACKED:
            raise NoSheet("This file unpacks to more than a table of 200,000 rows can need.")


def rows(book: Any, sheet: str) -> Iterator[list[str]]:
    """Every row from the first line of the sheet on, as text. Raises NoSheet."""
    try:
        found = book.get_sheet_by_name(sheet)
        for row in found.iter_rows():
            yield [_text(cell) for cell in row]
    except calamine.CalamineError as error:
        raise NoSheet("This sheet cannot be read; it may be damaged.") from error


def _text(value: Any) -> str:
    """What the cell shows, without the dress of a format."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.isoformat(" ", "seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    return str(value) if isinstance(value, int | timedelta) else ""
