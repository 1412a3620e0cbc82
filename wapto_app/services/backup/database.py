"""The database as one file, copied while it is written to, and put back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from wapto_app import migrations
from wapto_app.clock import utcnow
from wapto_app.db import make_sync_engine
from wapto_app.models import Lease, MailLog, MailStatus, Message, MessageStatus
from wapto_app.models.base import table_of

PARKED = "Restored from a backup."
_OLD = "wapto_before_restore"
_BUSY_SECONDS = 60
# Left out of a dump that is put back, and made anew: the dump names the extension's schema, which is another one while
# the old tables are kept, and the server may not have the extension at all (see migration 0013).
_LEFT_OUT = ("EXTENSION pg_trgm", "EXTENSION - pg_trgm", "_fragments_search ")
_FRAGMENTS = """
DO $$ BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm;
  CREATE INDEX IF NOT EXISTS ix_message_fragments_search ON message_search USING gin (words gin_trgm_ops);
  CREATE INDEX IF NOT EXISTS ix_contact_fragments_search ON contact_search USING gin (words gin_trgm_ops);
EXCEPTION WHEN OTHERS THEN NULL; END $$
"""


class DatabaseNotCopied(Exception):
    """The database could not be copied or put back; the message says why."""


def is_sqlite(url: str) -> bool:
    return make_url(url).get_backend_name() == "sqlite"


def sqlite_file(url: str) -> Path:
    return Path(make_url(url).database or "").absolute()


def size(url: str) -> int:
    """About how many bytes a copy takes."""
    if is_sqlite(url):
        path = sqlite_file(url)
        return path.stat().st_size if path.exists() else 0
    with _connected(url) as connection:
        return int(connection.execute(sa.text("SELECT pg_database_size(current_database())")).scalar_one())


def is_empty(url: str) -> bool:
    """Whether there is nothing that could be lost."""
    if is_sqlite(url):
        path = sqlite_file(url)
        return not path.exists() or path.stat().st_size == 0
    with _connected(url) as connection:
        return sa.inspect(connection).get_table_names() == []


def copy_out(url: str, target: Path) -> None:
    """One moment of the database as a file, without holding up who writes to it.

    Raises:
        DatabaseNotCopied: saying why.
    """
    if is_sqlite(url):
        copy_sqlite(sqlite_file(url), target)
    else:
        _postgres(
            "pg_dump",
            url,
            "--format=custom",
            "--compress=0",
            "--no-owner",
            "--no-privileges",
            f"--file={target}",
        )
    target.chmod(0o600)


def copy_sqlite(source: Path, target: Path) -> None:
    """A checked copy of an SQLite file that others may be writing to."""
    try:
        with closing(
            sqlite3.connect(f"file:{source}?mode=rw", uri=True, timeout=_BUSY_SECONDS)
        ) as connection:
            connection.execute("VACUUM INTO ?", (str(target),))
    except sqlite3.Error as error:
        raise DatabaseNotCopied(f"The database {source} could not be copied: {error}.") from None
    check_sqlite(target)


def check_sqlite(path: Path) -> None:
    """Raises DatabaseNotCopied when SQLite finds the file damaged."""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=rw", uri=True)) as connection:
            (answer,) = connection.execute("PRAGMA quick_check").fetchone()
    except sqlite3.Error as error:
        answer = str(error)
    if answer != "ok":
        raise DatabaseNotCopied(f"The database {path.name} is damaged: {answer}.")


def settle(url: str) -> int:
    """What waited to be sent when the backup was made may have been sent since: park it for a person to decide.

    Returns how many messages were parked.
    """
    message, mail = table_of(Message), table_of(MailLog)
    waiting = (MessageStatus.QUEUED, MessageStatus.SENDING)
    with _connected(url) as connection:
        parked = connection.execute(
            message.update()
            .where(message.c.status.in_(waiting))
            .values(status=MessageStatus.UNCONFIRMED, error_detail=PARKED)
        )
        connection.execute(
            mail.update()
            .where(mail.c.status == MailStatus.QUEUED)
            .values(status=MailStatus.FAILED, error=PARKED, next_try_at=utcnow())
        )
        connection.execute(table_of(Lease).delete())
        connection.commit()
        return parked.rowcount


@contextmanager
def replacing_postgres(url: str, dump: Path) -> Iterator[None]:
    """Put the dump in the place of what is there; whatever fails within the block brings the old tables back.

    Raises:
        DatabaseNotCopied: when PostgreSQL refuses the dump.
    """
    script = _script_of(dump)
    _sql(url, f"ALTER SCHEMA public RENAME TO {_OLD}", "CREATE SCHEMA public")
    try:
        _postgres(
            "psql",
            url,
            "--quiet",
            "--no-psqlrc",
            "--single-transaction",
            "--set=ON_ERROR_STOP=1",
            f"--file={script}",
        )
        yield
    except BaseException:
        _sql(url, "DROP SCHEMA IF EXISTS public CASCADE", f"ALTER SCHEMA {_OLD} RENAME TO public")
        raise
    _sql(url, f"DROP SCHEMA {_OLD} CASCADE", _FRAGMENTS)


def _script_of(dump: Path) -> Path:
    """The dump as SQL."""
    script, contents = dump.with_suffix(".sql"), dump.with_suffix(".list")
    _postgres("pg_restore", "", "--list", f"--file={contents}", str(dump))
    entries = contents.read_text().splitlines(keepends=True)
    contents.write_text("".join(line for line in entries if not any(part in line for part in _LEFT_OUT)))
    options = ("--no-owner", "--no-privileges", f"--use-list={contents}")
    _postgres("pg_restore", "", *options, f"--file={script}", str(dump))
    return script


def revision(url: str) -> str:
    return migrations.current(url) or ""


@contextmanager
def _connected(url: str) -> Iterator[sa.Connection]:
    engine = make_sync_engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    except (sa.exc.DBAPIError, sqlite3.Error) as error:
        reason = str(getattr(error, "orig", None) or error).strip().splitlines()[0]
        raise DatabaseNotCopied(f"The database answered: {reason}.") from None
    finally:
        engine.dispose()


def _sql(url: str, *statements: str) -> None:
    with _connected(url) as connection:
        for statement in statements:
            connection.execute(sa.text(statement))
        connection.commit()


def _postgres(tool: str, url: str, *arguments: str) -> None:
    """Run one of PostgreSQL's own tools; the password goes through the environment, where no other user sees it."""
    if shutil.which(tool) is None:
        raise DatabaseNotCopied(
            f"{tool} is missing. Install PostgreSQL's tools of the server's version: apt-get install postgresql-client"
        )
    environment = dict(os.environ)
    target: list[str] = []
    if url:
        parsed = make_url(url).set(drivername="postgresql")
        environment["PGPASSWORD"] = str(parsed.password or environment.get("PGPASSWORD", ""))
        target = ["--dbname", parsed.set(password=None).render_as_string(hide_password=False)]
    done = subprocess.run(
        [tool, *target, *arguments], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = [line for line in done.stderr.strip().splitlines() if line] or ["no reason given"]
        raise DatabaseNotCopied(f"{tool} failed: {said[0]}")
