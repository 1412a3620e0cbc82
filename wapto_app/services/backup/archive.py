"""The file that a backup is: a gzipped tar, written and read as a stream, with a checksum of everything in it.

First stands ``head.json`` (what this is, of which version), then the database, then the files, last ``manifest.json``
with the size and SHA-256 of each: a file that was cut off has none, and so is not mistaken for a whole one.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import re
import tarfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

FORMAT = 1
HEAD, MANIFEST = "head.json", "manifest.json"
SQLITE, POSTGRES = "database/wapto.sqlite3", "database/wapto.pgdump"
SANDBOX, KEY, MEDIA = "sandbox.sqlite3", "secret.key", "media/"
_OURS = re.compile(
    r"database/wapto\.(sqlite3|pgdump)|sandbox\.sqlite3|secret\.key|media(/[^/\\\x00-\x1f]{1,255}){1,8}"
)
_CHUNK = 1024 * 1024
_MOST_JSON = 512 * 1024 * 1024

Progress = Callable[[int], None]
"""Hears how many bytes more were done; may raise to break off."""


class BadBackup(Exception):
    """The file is no backup, damaged, or of a newer Wapto; the message says which."""


@dataclass(frozen=True, slots=True)
class Head:
    """What is known before anything else is read. ``bytes`` is about what unpacking takes."""

    backend: str
    version: str
    revision: str
    made_at: str
    bytes: int
    format: int = FORMAT


@dataclass(frozen=True, slots=True)
class Entry:
    """A file and its name in the archive."""

    name: str
    path: Path


@dataclass(frozen=True, slots=True)
class Content:
    """What an archive holds: sizes and checksums by name."""

    head: Head
    files: dict[str, tuple[int, str]]

    @property
    def bytes(self) -> int:
        return sum(size for size, _digest in self.files.values())


def write(target: Path, head: Head, entries: Iterable[Entry], progress: Progress) -> Content:
    """Write a new file with these entries. A file that is gone when its turn comes is left out: only what is not
    needed any more is ever removed."""
    files: dict[str, tuple[int, str]] = {}
    with target.open("xb") as raw, gzip.GzipFile("", "wb", 1, raw, 0) as packed:
        target.chmod(0o600)
        with tarfile.open(fileobj=packed, mode="w|", format=tarfile.PAX_FORMAT) as tar:
            _add_json(tar, HEAD, asdict(head))
            for entry in entries:
                if (added := _add(tar, entry, progress)) is not None:
                    files[entry.name] = added
            _add_json(tar, MANIFEST, {"files": files})
        packed.close()
        raw.flush()
        os.fsync(raw.fileno())
    return Content(head, files)


def _add(tar: tarfile.TarFile, entry: Entry, progress: Progress) -> tuple[int, str] | None:
    try:
        file = entry.path.open("rb")
    except FileNotFoundError:
        return None
    with file:
        info = tarfile.TarInfo(entry.name)
        info.size = os.fstat(file.fileno()).st_size
        reader = _Hashing(file, progress)
        tar.addfile(info, reader)
    return info.size, reader.digest.hexdigest()


class _Hashing:
    """Reads a file and knows the checksum of what was read."""

    def __init__(self, file: IO[bytes], progress: Progress) -> None:
        self._file = file
        self._progress = progress
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self.digest.update(data)
        self._progress(len(data))
        return data


def _add_json(tar: tarfile.TarFile, name: str, value: Any) -> None:
    data = json.dumps(value).encode()
    info = tarfile.TarInfo(name)
    info.size = len(data)
    tar.addfile(info, io.BytesIO(data))


def head_of(path: Path) -> Head:
    """What the file says about itself.

    Raises:
        BadBackup: when it is none of ours, or newer than this code.
    """
    with _reading(path) as members:
        return _head(members)


def check(path: Path, progress: Progress = lambda _n: None) -> Content:
    """Read the whole file and compare every checksum.

    Raises:
        BadBackup: when anything is missing, changed or not ours.
    """
    return _read(path, None, progress)


def unpack(path: Path, into: Path, progress: Progress = lambda _n: None) -> Content:
    """The same, and write what is in it below the folder ``into``, which must be empty."""
    return _read(path, into, progress)


def _read(path: Path, into: Path | None, progress: Progress) -> Content:
    found: dict[str, tuple[int, str]] = {}
    with _reading(path) as members:
        head = _head(members)
        for info, data in members:
            if info.name == MANIFEST:
                listed = {name: tuple(entry) for name, entry in _json(info, data)["files"].items()}
                _exhaust(members)
                break
            if not info.isreg() or not is_ours(info.name) or info.name in found:
                raise BadBackup(f"{path.name} is no backup that Wapto made: it holds {info.name!r}.")
            found[info.name] = _take(info, data, into, progress)
        else:
            raise BadBackup(f"{path.name} is cut off: its end is missing.")
    if listed != found:
        wrong = sorted(name for name in listed.keys() | found.keys() if listed.get(name) != found.get(name))
        raise BadBackup(f"{path.name} is damaged: {wrong[0]} is not what was saved.")
    return Content(head, found)


def is_ours(name: str) -> bool:
    """A name that leads nowhere but to where it belongs."""
    return bool(_OURS.fullmatch(name)) and not {".", ".."} & set(name.split("/"))


def _take(info: tarfile.TarInfo, data: IO[bytes], into: Path | None, progress: Progress) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    out: IO[bytes] | None = None
    if into is not None:
        target = into / info.name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        out = os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb")
    try:
        while chunk := data.read(_CHUNK):
            digest.update(chunk)
            size += len(chunk)
            progress(len(chunk))
            if out is not None:
                out.write(chunk)
        if out is not None:
            out.flush()
            os.fsync(out.fileno())
    finally:
        if out is not None:
            out.close()
    return size, digest.hexdigest()


Members = Iterator[tuple[tarfile.TarInfo, IO[bytes]]]


@contextmanager
def _reading(path: Path) -> Iterator[Members]:
    """The members one after another; whatever is wrong with the file comes out as BadBackup."""
    try:
        with path.open("rb") as raw, gzip.GzipFile(fileobj=raw, mode="rb") as packed:
            with tarfile.open(fileobj=packed, mode="r|") as tar:
                yield _members(tar)
            while packed.read(_CHUNK):  # to the end, where gzip keeps its own checksum
                pass
    except FileNotFoundError:
        raise BadBackup(f"There is no file {path}.") from None
    except (tarfile.TarError, gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise BadBackup(f"{path.name} is damaged or no backup: {error}.") from None
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError) as error:
        raise BadBackup(f"{path.name} is no backup that Wapto made ({type(error).__name__}).") from None


def _members(tar: tarfile.TarFile) -> Members:
    for info in tar:
        data = tar.extractfile(info) if info.isreg() else io.BytesIO()
        assert data is not None
        yield info, data


def _exhaust(members: Members) -> None:
    for info, _data in members:
        raise BadBackup(f"This is no backup that Wapto made: {info.name!r} stands after its end.")


def _head(members: Members) -> Head:
    info, data = next(members, (None, None))
    if info is None or data is None or info.name != HEAD:
        raise BadBackup("This is no backup that Wapto made.")
    values = _json(info, data)
    if values.get("format", 0) > FORMAT:
        raise BadBackup(f"This backup was made by Wapto {values.get('version')}. Update Wapto to restore it.")
    head = Head(**values)
    if not isinstance(head.bytes, int) or not all(isinstance(text, str) for text in _texts(head)):
        raise ValueError("not a head")
    return head


def _texts(head: Head) -> tuple[str, ...]:
    return head.backend, head.version, head.revision, head.made_at


def _json(info: tarfile.TarInfo, data: IO[bytes]) -> dict[str, Any]:
    if info.size > _MOST_JSON:
        raise ValueError("too large")
    value: dict[str, Any] = json.loads(data.read())
    return value
