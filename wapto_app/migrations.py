"""Bring the database to the tables that this code knows, and say clearly when that cannot be done."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from wapto_app.db import make_sync_engine

ROOT = Path(__file__).resolve().parent.parent
# Alembic tells at every look which kind of database it found.
logging.getLogger("alembic").setLevel(logging.WARNING)


class DatabaseTooNew(Exception):
    """The database was migrated by a newer Wapto than this one."""

    def __init__(self, revision: str) -> None:
        super().__init__(
            f"The database is of a newer Wapto (revision {revision}). "
            "Start that version again, or restore a backup made before the update."
        )
        self.revision = revision


class DatabaseUnreachable(Exception):
    """The database cannot be opened; the message gives the driver's reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"The database cannot be opened: {reason}. Check WAPTO_DATABASE_URL.")


def config(url: str) -> Config:
    """Alembic's configuration for this database URL."""
    made = Config(str(ROOT / "alembic.ini"))
    made.attributes["url"] = url
    return made


def head() -> str | None:
    """The newest revision that this code knows."""
    return scripts().get_current_head()


def current(url: str) -> str | None:
    """The revision of the database; None when it has no tables yet.

    Raises:
        DatabaseUnreachable: when it cannot be opened.
    """
    engine = make_sync_engine(url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        raise DatabaseUnreachable(_reason(error)) from error
    finally:
        engine.dispose()


def check(url: str) -> str | None:
    """The revision of the database.

    Raises:
        DatabaseTooNew: when this code does not know it.
        DatabaseUnreachable: when the database cannot be opened.
    """
    revision = current(url)
    if revision is not None and revision not in {script.revision for script in scripts().walk_revisions()}:
        raise DatabaseTooNew(revision)
    return revision


def upgrade(url: str) -> bool:
    """Migrate to the newest revision; True when something was changed. All of it or nothing.

    Raises:
        DatabaseTooNew, DatabaseUnreachable: see ``check``.
    """
    before = check(url)
    if before == head():
        return False
    command.upgrade(config(url), "head")
    return True


def scripts() -> ScriptDirectory:
    """The revisions that this code knows."""
    return ScriptDirectory.from_config(Config(str(ROOT / "alembic.ini")))


def without_cascades(connection: sa.Connection) -> None:
    """Let a batch migration replace a table: with foreign keys on, dropping the old one deletes its children."""
    driver = connection.connection.driver_connection
    if connection.dialect.name == "sqlite" and driver is not None:
        driver.execute("PRAGMA foreign_keys=OFF")


def is_generated(_item: object, name: str | None, kind: str, _reflected: bool, _other: object) -> bool:
    """Structures for search and order are written by hand, in the migrations that made them."""
    text = name or ""
    return "_fts" not in text and not (kind in ("column", "index") and text.endswith(("search", "_sorted")))


def _reason(error: sa.exc.DBAPIError | sqlite3.Error) -> str:
    driver_error = getattr(error, "orig", None) or error
    return str(driver_error).strip().splitlines()[0].rstrip(".")
