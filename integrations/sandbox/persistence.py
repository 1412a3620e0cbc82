"""Write-behind copy of the store in one SQLite file."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import orjson

_SCHEMA = """
CREATE TABLE IF NOT EXISTS item (kind TEXT, id TEXT, body BLOB NOT NULL, PRIMARY KEY (kind, id));
CREATE TABLE IF NOT EXISTS file (id TEXT PRIMARY KEY, data BLOB NOT NULL);
"""

_log = logging.getLogger(__name__)

Key = tuple[str, str]


def _open(path: Path) -> sqlite3.Connection:
    path.parent.mkdir(parents=True, exist_ok=True)
    # The file holds the access token and the app secret.
    path.touch(mode=0o600)
    connection = sqlite3.connect(path, timeout=10)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=NORMAL")
    connection.executescript(_SCHEMA)
    return connection


def read_settings(path: Path) -> dict[str, Any]:
    """The secrets an earlier run made up, so that a connected workspace stays connected."""
    if not path.exists():
        return {}
    with closing(_open(path)) as connection:
        row = connection.execute("SELECT body FROM item WHERE kind = 'settings' AND id = 'all'").fetchone()
    return dict(orjson.loads(row[0])) if row else {}


class Journal:
    """Notes what changed and writes it a moment later, off the event loop.

    The store stays the truth: a kill loses at most the last half second.
    """

    def __init__(self, path: Path, snapshot: Callable[[Key], Any | None]) -> None:
        self._path = path
        self._snapshot = snapshot
        self._dirty: set[Key] = set()
        self._files: dict[str, bytes | None] = {}
        self._wake = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def mark(self, kind: str, key: str) -> None:
        """Remember that this record must be written or removed."""
        self._dirty.add((kind, key))
        self._wake.set()

    def keep_file(self, media_id: str, data: bytes | None) -> None:
        """Store a file's bytes, or forget them."""
        self._files[media_id] = data
        self._wake.set()

    def load(self) -> Iterator[tuple[str, str, Any]]:
        """Every record of the file."""
        with closing(_open(self._path)) as connection:
            for kind, key, body in connection.execute("SELECT kind, id, body FROM item"):
                yield kind, key, orjson.loads(body)

    def load_file(self, media_id: str) -> bytes:
        """A file's bytes, empty when it is gone."""
        with closing(_open(self._path)) as connection:
            row = connection.execute("SELECT data FROM file WHERE id = ?", (media_id,)).fetchone()
        return bytes(row[0]) if row else b""

    def start(self) -> None:
        """Begin writing in the background."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    async def stop(self) -> None:
        """Write what is left and end."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None
        await self.flush()

    async def flush(self) -> None:
        """Write everything noted so far."""
        if not self._dirty and not self._files:
            return
        dirty, self._dirty = self._dirty, set()
        files, self._files = self._files, {}
        rows = [(key, self._encode(key)) for key in dirty]
        try:
            await asyncio.to_thread(self._write, rows, files)
        except sqlite3.Error as problem:
            # A full or locked disk must not end the sandbox: the next round tries again.
            _log.warning("sandbox data file not written: %s", problem)
            self._dirty |= dirty
            self._files = files | self._files

    def _encode(self, key: Key) -> bytes | None:
        record = self._snapshot(key)
        return None if record is None else orjson.dumps(record)

    def _write(self, rows: list[tuple[Key, bytes | None]], files: dict[str, bytes | None]) -> None:
        with closing(_open(self._path)) as connection, connection:
            for (kind, key), body in rows:
                if body is None:
                    connection.execute("DELETE FROM item WHERE kind = ? AND id = ?", (kind, key))
                else:
                    connection.execute("INSERT OR REPLACE INTO item VALUES (?, ?, ?)", (kind, key, body))
            for media_id, data in files.items():
                if data is None:
                    connection.execute("DELETE FROM file WHERE id = ?", (media_id,))
                else:
                    connection.execute("INSERT OR REPLACE INTO file VALUES (?, ?)", (media_id, data))

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            await asyncio.sleep(0.4)
            self._wake.clear()
            await self.flush()
