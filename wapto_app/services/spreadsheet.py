"""CSV that a spreadsheet opens as it is meant."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

_RUNS_AS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_BOM = "\ufeff"


def cell(value: object) -> object:
    """Text that a spreadsheet would run gets an apostrophe in front (OWASP: CSV injection); numbers stay numbers."""
    if isinstance(value, str) and value.lstrip(" ").startswith(_RUNS_AS_FORMULA):
        return f"'{value}"
    return "" if value is None else value


def lines(header: Iterable[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """A file line by line, RFC 4180, with the mark by which Excel knows UTF-8."""
    yield _BOM + _line(header)
    yield from records(rows)


def records(rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """Further lines of such a file."""
    for row in rows:
        yield _line(row)


def _line(values: Iterable[object]) -> str:
    text = io.StringIO()
    csv.writer(text).writerow([cell(value) for value in values])
    return text.getvalue()
