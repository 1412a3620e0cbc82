"""Whether the first row names the columns, and what they are called otherwise."""

from __future__ import annotations

import re
from collections.abc import Sequence

_NAME_LENGTH = 80
_DATA = re.compile(r"[+(]?[\d][\d\s().,/:\-+eE]*|\S+@\S+\.\S+", re.ASCII)


def looks_like_header(row: Sequence[str]) -> bool:
    """Names are words, differ, and are no numbers, dates or addresses."""
    names = [cell.casefold() for cell in row if cell]
    if len(names) * 2 < len(row) or len(set(names)) < len(names):
        return False
    return not any(_DATA.fullmatch(name) or len(name) > _NAME_LENGTH for name in names)


def named(row: Sequence[str], width: int) -> list[str]:
    """A name for every column; one without is called by its letter, as in a spreadsheet."""
    return [
        " ".join(row[i].split())[:_NAME_LENGTH] if i < len(row) and row[i] else letter(i)
        for i in range(width)
    ]


def letter(i: int) -> str:
    """A, B … Z, AA, AB …"""
    name = ""
    i += 1
    while i:
        i, rest = divmod(i - 1, 26)
        name = chr(65 + rest) + name
    return name
