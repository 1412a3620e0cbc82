"""Hears what is written into the database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import sqlalchemy as sa

from wapto_app.db import Database

_WRITE = re.compile(r"\s*(INSERT INTO|UPDATE|DELETE FROM)\s+(\S+)", re.IGNORECASE)


@contextmanager
def heard(db: Database) -> Iterator[list[str]]:
    """Every statement that changes rows, as long as the block lasts: ``UPDATE conversation``."""
    written: list[str] = []

    def listen(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if found := _WRITE.match(statement):
            written.append(f"{found[1].upper()} {found[2]}")

    engine = db.engine.sync_engine
    sa.event.listen(engine, "before_cursor_execute", listen)
    try:
        yield written
    finally:
        sa.event.remove(engine, "before_cursor_execute", listen)
