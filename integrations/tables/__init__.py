"""Reads tables that spreadsheets and other programs write: CSV in any encoding, XLSX, XLS, ODS.

``convert`` turns a file into one JSON array a line, so that whatever works with it later can begin anywhere and holds
one row at a time. Large files are converted in a process of their own (``python -m integrations.tables``): a
spreadsheet is unpacked in memory, and one that was made to do harm unpacks to gigabytes.
"""

from integrations.tables.converting import (
    MOST_BYTES,
    MOST_ROWS,
    Found,
    Options,
    Unreadable,
    convert,
    convert_apart,
)
from integrations.tables.text import DELIMITERS, ENCODINGS

__all__ = [
    "DELIMITERS",
    "ENCODINGS",
    "MOST_BYTES",
    "MOST_ROWS",
    "Found",
    "Options",
    "Unreadable",
    "convert",
    "convert_apart",
]
