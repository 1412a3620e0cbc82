"""Whether the database's disk was full when somebody wrote lately: then nothing can be written down, not even that."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable

import sqlalchemy as sa

_FRESH_SECONDS = 10.0
"""Somebody writes every second. A small write may succeed on a full disk, so that one success says nothing."""
_POSTGRES_DISK_FULL = "53100"


def says_so(error: BaseException) -> bool:
    """Whether a database refused to write because its disk is full, or what went wrong after it did."""
    seen: BaseException | None = error
    while seen is not None:
        if _is_full(seen.orig if isinstance(seen, sa.exc.DBAPIError) else seen):
            return True
        # SQLite ends the transaction, so that going back to a savepoint fails too and hides the reason.
        seen = seen.__cause__ or seen.__context__
    return False


def _is_full(error: BaseException | None) -> bool:
    return (
        getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
        or getattr(error, "sqlstate", None) == _POSTGRES_DISK_FULL
    )


class DiskWatch:
    """What this process has seen; every process of a workspace writes, and sees it by itself."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen_at = float("-inf")

    def notice(self, error: BaseException) -> None:
        """Look at what went wrong with a write."""
        if says_so(error):
            self._seen_at = self._clock()

    @property
    def is_full(self) -> bool:
        return self._clock() - self._seen_at < _FRESH_SECONDS
