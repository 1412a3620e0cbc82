"""Making a backup, beside a running server: the database first and the files after it, so that each message finds its
file (files never change once they are there)."""

from __future__ import annotations

import importlib.metadata
import os
import secrets
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from wapto_app.clock import utcnow
from wapto_app.security.secrets import KEY_FILE
from wapto_app.services.backup import archive, database
from wapto_app.services.backup.archive import Entry, Head
from wapto_app.settings import Settings

Report = Callable[[str, float], None]
"""Hears what is being done (database, files, checking) and how far that is, 0 to 1; may raise to break off."""

_SANDBOX = "sandbox.sqlite3"
_MEBIBYTE = 2**20


class NotMade(Exception):
    """There is no backup, and nothing was left behind; the message says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Made:
    """``files`` counts media files; ``bytes`` is the size of the backup."""

    path: Path
    bytes: int
    files: int
    has_key: bool


def make(
    settings: Settings, target: Path, *, with_key: bool = False, report: Report = lambda _what, _share: None
) -> Made:
    """Write a backup, read it again to be sure, and only then give it its name.

    Raises:
        NotMade, database.DatabaseNotCopied: saying why.
    """
    target = target.expanduser().absolute()
    key = _key_file(settings) if with_key else None
    _check_place(target)
    needed = _needed(settings)
    _check_room(settings, target, needed)
    try:
        with tempfile.TemporaryDirectory(prefix=".wapto-backup-", dir=target.parent) as folder:
            return _make(settings, target, Path(folder), key, report)
    except OSError as error:
        raise NotMade(f"{target} could not be written: {error.strerror or error}.") from None


def _make(settings: Settings, target: Path, folder: Path, key: Path | None, report: Report) -> Made:
    report("database", 0)
    copied = _databases(settings, folder)
    media = _media(settings.media_dir)
    entries = [*copied, *([Entry(archive.KEY, key)] if key else []), *media]
    total = sum(_size(entry.path) for entry in entries)
    head = Head(
        backend="sqlite" if database.is_sqlite(settings.database) else "postgresql",
        version=importlib.metadata.version("wapto"),
        revision=_revision(settings, copied[0].path),
        made_at=utcnow().isoformat(),
        bytes=total,
    )
    partial = folder / f"{secrets.token_hex(4)}.part"
    content = archive.write(partial, head, entries, _share(report, "files", total))
    if archive.check(partial, _share(report, "checking", total)) != content:
        raise NotMade("The backup was not the same when it was read again. Is the disk in order?")
    _publish(partial, target)
    files = sum(name.startswith(archive.MEDIA) for name in content.files)
    return Made(target, target.stat().st_size, files, key is not None)


def _revision(settings: Settings, copy: Path) -> str:
    if database.is_sqlite(settings.database):
        return database.revision(f"sqlite:///{copy}")
    return database.revision(settings.database)


def _databases(settings: Settings, folder: Path) -> list[Entry]:
    name = archive.SQLITE if database.is_sqlite(settings.database) else archive.POSTGRES
    copy = folder / Path(name).name
    database.copy_out(settings.database, copy)
    entries = [Entry(name, copy)]
    sandbox = settings.data_dir / _SANDBOX
    if sandbox.exists():
        database.copy_sqlite(sandbox, folder / "sandbox-copy.sqlite3")
        entries.append(Entry(archive.SANDBOX, folder / "sandbox-copy.sqlite3"))
    return entries


def _media(media_dir: Path) -> list[Entry]:
    """Every finished file; what is still coming in belongs to no message that this backup has."""
    found = []
    for folder, folders, names in os.walk(media_dir):
        folders[:] = sorted(name for name in folders if Path(folder) != media_dir or name != "incoming")
        for name in sorted(names):
            path = Path(folder) / name
            if not path.is_symlink():
                found.append(Entry(archive.MEDIA + path.relative_to(media_dir).as_posix(), path))
    for entry in found:
        if not archive.is_ours(entry.name):
            raise NotMade(f"{entry.path!s} has a name that cannot be kept. Rename the file, or take it away.")
    return found


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _key_file(settings: Settings) -> Path:
    if settings.secret_key.get_secret_value():
        raise NotMade(
            "The key is in WAPTO_SECRET_KEY, not in a file. Keep that line yourself, and leave --with-key out."
        )
    path = settings.data_dir / KEY_FILE
    if not path.is_file():
        raise NotMade(f"There is no key {path}. Leave --with-key out.")
    return path


def _check_place(target: Path) -> None:
    if target.exists():
        raise NotMade(f"{target} is there already. Choose another name, or remove it.")
    if not target.parent.is_dir():
        raise NotMade(f"There is no folder {target.parent}. Make it first.")
    if not os.access(target.parent, os.W_OK):
        raise NotMade(f"You may not write to {target.parent}. Choose another folder.")


def _needed(settings: Settings) -> int:
    """The copy of the database, and at worst everything once more, uncompressed."""
    copied = database.size(settings.database)
    return 2 * copied + sum(_size(entry.path) for entry in _media(settings.media_dir)) + 16 * _MEBIBYTE


def _check_room(settings: Settings, target: Path, needed: int) -> None:
    free = shutil.disk_usage(target.parent).free
    if free < needed:
        raise NotMade(
            f"There is not enough room in {target.parent}: about {readable_bytes(needed)} are needed, "
            f"{readable_bytes(free)} are free."
        )


def readable_bytes(size: int) -> str:
    """``3.4 GB``, in powers of 1024."""
    amount = float(size)
    for unit in ("bytes", "kB", "MB", "GB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TB"


def _share(report: Report, what: str, total: int) -> archive.Progress:
    done = 0

    def more(size: int) -> None:
        nonlocal done
        done += size
        report(what, min(done / total, 1.0) if total else 1.0)

    return more


def _publish(partial: Path, target: Path) -> None:
    """Give it its name, and not in the place of another one that appeared meanwhile."""
    try:
        os.link(partial, target)
        partial.unlink()
    except FileExistsError:
        raise NotMade(f"{target} has appeared meanwhile. Choose another name.") from None
    except OSError:  # a file system without hard links
        partial.rename(target)
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Make names durable, not only contents."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
