"""The backups that lie in the data folder: made one at a time, listed, downloaded, deleted."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypedDict

from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.log import get_logger
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit
from wapto_app.services.backup import create
from wapto_app.services.backup.create import Made, NotMade
from wapto_app.services.backup.database import DatabaseNotCopied
from wapto_app.services.backup.schedule import TOPIC
from wapto_app.services.errors import Conflict, NotFound
from wapto_app.settings import Settings

log = get_logger(__name__)

MANUAL, DAILY = "manual", "daily"
Publish = Callable[[frozenset[str]], None]

_NAME = re.compile(r"wapto-(\d{8}-\d{6})-(manual|daily)\.tar\.gz")


class BackupRow(TypedDict):
    """One backup; ``kind`` is manual or daily, ``made_at`` ISO 8601, ``size`` in words."""

    name: str
    kind: str
    made_at: str
    size: str


class Progress(TypedDict):
    """What is going on in this process: ``what`` is database, files or checking, empty for nothing; percent 0 to 100.
    ``error`` is why the last one that somebody asked for was not made."""

    what: str
    percent: int
    error: str


_now = Progress(what="", percent=0, error="")
_tasks: set[asyncio.Task[None]] = set()


def folder_of(settings: Settings) -> Path:
    return settings.data_dir / "backups"


async def listed(actor: Actor, settings: Settings) -> list[BackupRow]:
    """Newest first."""
    actor.require(Permission.ADMIN)
    return await asyncio.to_thread(_listed, folder_of(settings))


def progress(actor: Actor) -> Progress:
    actor.require(Permission.ADMIN)
    return Progress(**_now)


def file_of(actor: Actor, settings: Settings, name: str) -> Path:
    """Where a backup lies.

    Raises:
        NotFound: when there is none of this name.
    """
    actor.require(Permission.ADMIN)
    path = folder_of(settings) / name
    if not _NAME.fullmatch(name) or not path.is_file():
        raise NotFound("backup")
    return path


async def note_download(session: AsyncSession, actor: Actor, name: str) -> None:
    """Whoever has a backup has everything: who took it is worth a line."""
    actor.require(Permission.ADMIN)
    audit.record(session, actor, "backup.downloaded", name)


async def delete(session: AsyncSession, actor: Actor, settings: Settings, name: str) -> None:
    """Raises NotFound."""
    path = file_of(actor, settings, name)
    audit.record(session, actor, "backup.deleted", name)
    await asyncio.to_thread(path.unlink, missing_ok=True)
    touch(session, TOPIC)


def begin(actor: Actor, settings: Settings, publish: Publish) -> None:
    """Start making one and return at once; ``progress`` and the topic tell how it goes.

    Raises:
        Conflict: when one is being made.
    """
    actor.require(Permission.ADMIN)
    if _now["what"]:
        raise Conflict("A backup is being made already. Wait until it is there.")
    _now.update(Progress(what="database", percent=0, error=""))
    task = asyncio.create_task(_in_background(settings, publish))
    _tasks.add(task)
    task.add_done_callback(_tasks.discard)


async def _in_background(settings: Settings, publish: Publish) -> None:
    try:
        await make(settings, MANUAL, publish)
    except (NotMade, DatabaseNotCopied) as error:
        _now["error"] = str(error)
    except Exception:
        log.exception("backup.failed")
        _now["error"] = "The backup was not made. The log of the server says why."
    finally:
        publish(frozenset({TOPIC}))


async def make(settings: Settings, kind: str, publish: Publish, keep: int | None = None) -> Made:
    """Make one in the data folder, and with ``keep`` remove the oldest of its kind beyond that many.

    Raises:
        NotMade, DatabaseNotCopied: saying why.
    """
    stop = _Stop(asyncio.get_running_loop(), publish)
    try:
        made = await asyncio.shield(
            thread := asyncio.create_task(asyncio.to_thread(_make, settings, kind, stop))
        )
    except asyncio.CancelledError:
        stop.wanted = True
        with contextlib.suppress(Exception):
            await thread
        raise
    finally:
        _now["what"], _now["percent"] = "", 0
    if keep is not None:
        await asyncio.to_thread(_thin_out, folder_of(settings), kind, keep)
    publish(frozenset({TOPIC}))
    return made


class _Stopped(Exception):
    """The server stops."""


class _Stop:
    """Hears of progress in the thread that copies; tells the pages, and breaks off when the server stops."""

    def __init__(self, loop: asyncio.AbstractEventLoop, publish: Publish) -> None:
        self._loop = loop
        self._publish = publish
        self.wanted = False

    def report(self, what: str, share: float) -> None:
        if self.wanted:
            raise _Stopped
        percent = int(share * 100)
        if (what, percent) != (_now["what"], _now["percent"]):
            _now["what"], _now["percent"] = what, percent
            with contextlib.suppress(RuntimeError):  # the loop is gone: nobody looks
                self._loop.call_soon_threadsafe(self._publish, frozenset({TOPIC}))


def _make(settings: Settings, kind: str, stop: _Stop) -> Made:
    folder = folder_of(settings)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _one_at_a_time(folder):
        made = create.make(settings, _new_name(folder, kind), report=stop.report)
    log.info("backup.made", name=made.path.name, bytes=made.bytes, files=made.files)
    return made


def _new_name(folder: Path, kind: str) -> Path:
    """Named after the second; two in the same one stay in their order."""
    at = utcnow()
    while (path := folder / f"wapto-{at:%Y%m%d-%H%M%S}-{kind}.tar.gz").exists():
        at += timedelta(seconds=1)
    return path


@contextlib.contextmanager
def _one_at_a_time(folder: Path) -> Iterator[None]:
    """Of all processes on this folder."""
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise NotMade("A backup is being made already. Wait until it is there.") from None
        yield


def _listed(folder: Path) -> list[BackupRow]:
    rows = [_row(path) for path in folder.glob("wapto-*.tar.gz") if _NAME.fullmatch(path.name)]
    return sorted(rows, key=lambda row: row["made_at"], reverse=True)


def _row(path: Path) -> BackupRow:
    found = _NAME.fullmatch(path.name)
    assert found is not None
    made_at = datetime.strptime(found[1], "%Y%m%d-%H%M%S").replace(tzinfo=UTC)
    size = create.readable_bytes(path.stat().st_size)
    return BackupRow(name=path.name, kind=found[2], made_at=made_at.isoformat(), size=size)


def _thin_out(folder: Path, kind: str, keep: int) -> None:
    of_kind = [row for row in _listed(folder) if row["kind"] == kind]
    for row in of_kind[keep:]:
        (folder / row["name"]).unlink(missing_ok=True)
