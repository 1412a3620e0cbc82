"""Putting a backup back: everything is unpacked, checked and migrated beside the old data, which moves away last."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import sqlite3
import tempfile
from dataclasses import dataclass
from pathlib import Path

from wapto_app import migrations
from wapto_app.security.secrets import KEY_FILE
from wapto_app.services.backup import archive, database
from wapto_app.services.backup.archive import BadBackup, Content, Head
from wapto_app.services.backup.create import Report, readable_bytes, sync_folder
from wapto_app.settings import Settings


class NotRestored(Exception):
    """Nothing was changed; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Restored:
    """``parked`` messages waited to be sent and are now for a person to decide."""

    head: Head
    files: int
    parked: int
    has_key: bool


def restore(
    settings: Settings, source: Path, *, replace: bool, report: Report = lambda _what, _share: None
) -> Restored:
    """Put the backup in the place of what is there. No server may run meanwhile; see ``jobs.scheduler.alone``.

    Raises:
        BadBackup, NotRestored, database.DatabaseNotCopied: with the old data untouched.
    """
    head = archive.head_of(source)
    _check_fits(settings, head)
    _check_empty(settings, replace=replace)
    _check_room(settings, head)
    try:
        with tempfile.TemporaryDirectory(prefix=".restore-", dir=settings.data_dir) as folder:
            stage = Path(folder)
            content = archive.unpack(source, stage, _share(report, head.bytes))
            report("database", 0)
            return _put_in_place(settings, stage, content)
    except OSError as error:
        raise NotRestored(
            f"The backup was not restored: {error.strerror or error} ({error.filename})."
        ) from None


def _put_in_place(settings: Settings, stage: Path, content: Content) -> Restored:
    if content.head.backend == "sqlite":
        parked = _replace_sqlite(settings, stage)
    else:
        with database.replacing_postgres(settings.database, stage / archive.POSTGRES):
            migrations.upgrade(settings.database)
            parked = database.settle(settings.database)
            _swap(_files(settings, stage))
    files = sum(name.startswith(archive.MEDIA) for name in content.files)
    return Restored(content.head, files, parked, archive.KEY in content.files)


def _replace_sqlite(settings: Settings, stage: Path) -> int:
    staged = stage / archive.SQLITE
    database.check_sqlite(staged)
    url = f"sqlite:///{staged}"
    migrations.upgrade(url)
    parked = database.settle(url)
    database.check_sqlite(staged)
    _fold_log(staged)
    target = database.sqlite_file(settings.database)
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    near = target.with_name(f".restore-{secrets.token_hex(4)}.sqlite3")
    try:
        shutil.move(staged, near)  # the database may be on another disk than the folder
        _swap([*_with_logs(near, target), *_files(settings, stage)])
    finally:
        near.unlink(missing_ok=True)
    return parked


def _fold_log(path: Path) -> None:
    """Migrating has left a write-ahead log beside it; the file must be whole by itself."""
    with contextlib.closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("PRAGMA journal_mode=DELETE")
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


Move = tuple[Path | None, Path]
"""What comes (None: nothing) and the place that it takes."""


def _with_logs(new: Path, target: Path) -> list[Move]:
    return [(new, target), *((None, target.with_name(f"{target.name}{end}")) for end in ("-wal", "-shm"))]


def _files(settings: Settings, stage: Path) -> list[Move]:
    media = stage / "media"
    media.mkdir(mode=0o700, exist_ok=True)
    moves: list[Move] = [(media, settings.media_dir)]
    sandbox = stage / archive.SANDBOX
    if sandbox.exists():
        moves += _with_logs(sandbox, settings.data_dir / archive.SANDBOX)
    key = stage / archive.KEY
    if key.exists():
        moves.append((key, settings.data_dir / KEY_FILE))
    return moves


def _swap(moves: list[Move]) -> None:
    """Old things step aside, new ones in; when that fails half-way, all of it is taken back."""
    mark = secrets.token_hex(4)
    done: list[tuple[Path | None, Path, Path | None]] = []
    try:
        for new, target in moves:
            aside = target.with_name(f".before-restore-{mark}-{target.name}")
            had_one = target.exists()
            if had_one:
                target.rename(aside)
            done.append((None, target, aside if had_one else None))
            if new is not None:
                new.rename(target)
                done[-1] = (new, target, aside if had_one else None)
        for folder in {target.parent for _new, target in moves}:
            sync_folder(folder)
    except BaseException:
        for came, target, old in reversed(done):
            if came is not None:
                target.rename(came)
            if old is not None:
                old.rename(target)
        raise
    for _came, target, old in done:
        if old is not None:
            _discard(target, old)


def _discard(target: Path, aside: Path) -> None:
    """The old data goes, but never a key: it may be the only one that opens something."""
    if target.name == KEY_FILE:
        if aside.read_bytes() != target.read_bytes():
            aside.rename(target.with_name(f"{KEY_FILE}.before-restore-{secrets.token_hex(4)}"))
            return
        aside.unlink()
    elif aside.is_dir():
        shutil.rmtree(aside, ignore_errors=True)
    else:
        aside.unlink(missing_ok=True)


def _check_fits(settings: Settings, head: Head) -> None:
    ours = "sqlite" if database.is_sqlite(settings.database) else "postgresql"
    names = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
    if head.backend != ours:
        raise NotRestored(
            f"This backup is of {names.get(head.backend, head.backend)}, and WAPTO_DATABASE_URL says {names[ours]}."
        )
    if head.revision not in {script.revision for script in migrations.scripts().walk_revisions()}:
        raise BadBackup(
            f"This backup was made by Wapto {head.version} (revision {head.revision or 'none'}), which this one "
            "does not know. Update Wapto to restore it."
        )


def _check_empty(settings: Settings, *, replace: bool) -> None:
    has_media = settings.media_dir.is_dir() and any(settings.media_dir.iterdir())
    if replace or (database.is_empty(settings.database) and not has_media):
        return
    raise NotRestored(
        f"There is data in {settings.data_dir} already. Add --replace to put the backup in its place; "
        "what is there now is lost then."
    )


def _check_room(settings: Settings, head: Head) -> None:
    free = shutil.disk_usage(settings.data_dir).free
    needed = int(head.bytes * 1.1) + 16 * 2**20
    if free < needed:
        raise NotRestored(
            f"There is not enough room in {settings.data_dir}: about {readable_bytes(needed)} are needed, "
            f"{readable_bytes(free)} are free."
        )


def _share(report: Report, total: int) -> archive.Progress:
    done = 0

    def more(size: int) -> None:
        nonlocal done
        done += size
        report("files", min(done / total, 1.0) if total else 1.0)

    return more
