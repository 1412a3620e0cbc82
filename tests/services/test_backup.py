"""A backup is whole or it is none, and a restore changes everything or nothing."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import io
import json
import os
import random
import sqlite3
import tarfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests.services.library import photo, put
from wapto_app.db import Database, make_sync_engine
from wapto_app.models import Account, AuditEntry, LibraryFile, MailLog, Message, MessageStatus
from wapto_app.models.base import table_of
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.security.secrets import load_box
from wapto_app.services import inbox, mail
from wapto_app.services.backup import archive, create, database
from wapto_app.services.backup import restore as restoring
from wapto_app.services.backup.archive import BadBackup
from wapto_app.services.backup.create import NotMade, make
from wapto_app.services.backup.restore import NotRestored, restore
from wapto_app.settings import Settings

NewInstall = Callable[[str], Settings]
pytestmark = pytest.mark.own_database


@pytest.fixture
def files(settings: Settings) -> dict[str, bytes]:
    """Media of the install, as it lies on the disk."""
    found = {f"{n % 7:02x}/{n:032x}": random.Random(n).randbytes(1000 * n) for n in range(40)}
    for name, content in found.items():
        path = settings.media_dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    found["strange names/Grüße 👍 (1).pdf"] = b"put there by hand"
    (settings.media_dir / "strange names").mkdir()
    (settings.media_dir / "strange names" / "Grüße 👍 (1).pdf").write_bytes(b"put there by hand")
    (settings.media_dir / "incoming").mkdir()
    (settings.media_dir / "incoming" / "half").write_bytes(b"not yet whole")
    return found


@pytest.fixture
def new_install(tmp_path: Path, settings: Settings, empty_database_url: str, backend: str) -> NewInstall:
    """Another data folder on this machine; on PostgreSQL the database is the same empty one."""

    def make_folder(name: str) -> Settings:
        folder = tmp_path / name
        folder.mkdir()
        url = f"sqlite:///{folder / 'wapto.sqlite3'}" if backend == "sqlite" else empty_database_url
        return settings.model_copy(update={"data_dir": folder, "database_url": url})

    return make_folder


def media_of(settings: Settings) -> dict[str, bytes]:
    return {
        str(path.relative_to(settings.media_dir)): path.read_bytes()
        for path in settings.media_dir.rglob("*")
        if path.is_file() and "incoming" not in path.parts
    }


def accounts_of(settings: Settings) -> list[str]:
    engine = make_sync_engine(settings.database)
    try:
        with engine.connect() as connection:
            table = table_of(Account)
            return list(connection.execute(sa.select(table.c.name).order_by(table.c.id)).scalars())
    finally:
        engine.dispose()


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def indexes_of(settings: Settings) -> set[str]:
    """Those of search too, which an extension of PostgreSQL makes possible."""
    engine = make_sync_engine(settings.database)
    sqlite = "SELECT name FROM sqlite_master WHERE type IN ('index', 'trigger')"
    postgres = "SELECT indexname FROM pg_indexes WHERE schemaname = 'public'"
    with engine.connect() as connection:
        found = connection.execute(sa.text(sqlite if engine.dialect.name == "sqlite" else postgres))
        names = set(found.scalars())
    engine.dispose()
    return names


def left_behind(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith(".")]


async def made(settings: Settings, target: Path) -> Path:
    return (await asyncio.to_thread(make, settings, target)).path


async def test_three_times_out_and_in_again_is_the_same(
    runtime: Runtime,
    owner: object,
    agent: object,
    files: dict[str, bytes],
    new_install: NewInstall,
    tmp_path: Path,
) -> None:
    before = accounts_of(runtime.settings)
    source, place = await made(runtime.settings, tmp_path / "b0.tar.gz"), new_install("copy")
    for cycle in range(1, 4):
        await asyncio.to_thread(restore, place, source, replace=cycle > 1)
        assert accounts_of(place) == before
        assert media_of(place) == files
        assert indexes_of(place) == indexes_of(runtime.settings)
        source = await made(place, tmp_path / f"b{cycle}.tar.gz")
    assert left_behind(place.data_dir) == left_behind(tmp_path) == []
    contents = [archive.check(tmp_path / f"b{n}.tar.gz").files for n in range(4)]
    media = [
        {name: entry for name, entry in found.items() if name.startswith("media/")} for found in contents
    ]
    assert media[0] == media[1] == media[2] == media[3]


async def test_files_of_the_library_and_their_previews_are_in_it(
    runtime: Runtime, owner: Actor, new_install: NewInstall, tmp_path: Path
) -> None:
    row = (await put(runtime, owner, photo(), "view.jpg"))["file"]
    source, place = await made(runtime.settings, tmp_path / "b.tar.gz"), new_install("copy")
    await asyncio.to_thread(restore, place, source, replace=False)
    assert media_of(place) == media_of(runtime.settings)
    assert len(media_of(place)) == 2
    engine = make_sync_engine(place.database)
    with engine.connect() as connection:
        table = table_of(LibraryFile)
        found = connection.execute(sa.select(table.c.key, table.c.path, table.c.thumbnail)).one()
    engine.dispose()
    assert found.key == row["key"]
    assert {found.path, found.thumbnail} == set(media_of(place))


async def test_backup_while_others_write_is_one_consistent_moment(
    runtime: Runtime, new_install: NewInstall, tmp_path: Path
) -> None:
    """Two rows that are always written together are there together or not at all, and no writer waits long."""
    stop, waits = asyncio.Event(), list[float]()

    async def write() -> None:
        loop, n = asyncio.get_running_loop(), 0
        while not stop.is_set():
            n, begun = n + 1, loop.time()
            async with runtime.db.write() as session:
                session.add(AuditEntry(action="one", target=str(n), detail={"padding": "x" * 2000}))
                await session.flush()
                session.add(AuditEntry(action="two", target=str(n)))
            waits.append(loop.time() - begun)

    writers = [asyncio.create_task(write()) for _ in range(3)]
    await asyncio.sleep(0.5)
    source = await made(runtime.settings, tmp_path / "b.tar.gz")
    await asyncio.sleep(0.1)
    stop.set()
    await asyncio.gather(*writers)
    place = new_install("copy")
    await asyncio.to_thread(restore, place, source, replace=False)
    copy = Database(place.database)
    async with copy.read() as session:
        found = [
            (await session.exec(select(AuditEntry.target).where(AuditEntry.action == action))).all()
            for action in ("one", "two")
        ]
    await copy.close()
    assert sorted(found[0]) == sorted(found[1])
    assert 20 < len(found[0]) < len(waits)
    assert max(waits) < 5


async def test_what_waited_to_be_sent_is_parked_and_not_sent_twice(
    runtime: Runtime, owner: object, conversation_id: int, new_install: NewInstall, tmp_path: Path
) -> None:
    async with runtime.db.write() as session:
        await inbox.send_text(session, owner, conversation_id, "Parked")  # type: ignore[arg-type]
        await mail.post(session, mail.reset("Olga", "/reset?token=a"), to="olga@example.com")
    source, place = await made(runtime.settings, tmp_path / "b.tar.gz"), new_install("copy")
    done = await asyncio.to_thread(restore, place, source, replace=False)
    assert done.parked == 1
    copy = Database(place.database)
    async with copy.read() as session:
        message = (await session.exec(select(Message).where(Message.body == "Parked"))).one()
        waiting = (await session.exec(select(MailLog))).one()
    await copy.close()
    assert (message.status, message.error_detail) == (MessageStatus.UNCONFIRMED, database.PARKED)
    assert (waiting.status.value, waiting.error) == ("failed", database.PARKED)


def rewritten(source: Path, target: Path, change: Callable[[str, bytes], list[tuple[str, bytes]]]) -> Path:
    """The same archive with some members changed by somebody who knows the format."""
    with tarfile.open(source) as old, tarfile.open(target, "w:gz") as new:
        for info in old:
            member = old.extractfile(info)
            assert member is not None
            for name, content in change(info.name, member.read()):
                changed = tarfile.TarInfo(name)
                changed.size = len(content)
                new.addfile(changed, io.BytesIO(content))
    return target


def newer(name: str, content: bytes) -> list[tuple[str, bytes]]:
    return [
        (
            name,
            json.dumps(json.loads(content) | {"revision": "9999"}).encode()
            if name == "head.json"
            else content,
        )
    ]


def other_format(name: str, content: bytes) -> list[tuple[str, bytes]]:
    return [
        (name, json.dumps(json.loads(content) | {"format": 2}).encode() if name == "head.json" else content)
    ]


def one_byte(name: str, content: bytes) -> list[tuple[str, bytes]]:
    return [(name, content[:-1] + bytes([content[-1] ^ 1]) if name.endswith("f" * 2) else content)]


def without_a_file(name: str, content: bytes) -> list[tuple[str, bytes]]:
    return [] if name.startswith("media/01") else [(name, content)]


def without_manifest(name: str, content: bytes) -> list[tuple[str, bytes]]:
    return [] if name == "manifest.json" else [(name, content)]


def climbing(name: str, content: bytes) -> list[tuple[str, bytes]]:
    return [(name, content), ("media/../../evil", b"x")] if name == "head.json" else [(name, content)]


def absolute(name: str, content: bytes) -> list[tuple[str, bytes]]:
    return [(name, content), ("/tmp/evil", b"x")] if name == "head.json" else [(name, content)]


def no_number(name: str, content: bytes) -> list[tuple[str, bytes]]:
    return [
        (name, json.dumps(json.loads(content) | {"bytes": "1"}).encode() if name == "head.json" else content)
    ]


def list_for_head(name: str, content: bytes) -> list[tuple[str, bytes]]:
    return [(name, b"[]" if name == "head.json" else content)]


def list_for_files(name: str, content: bytes) -> list[tuple[str, bytes]]:
    return [(name, b'{"files": []}' if name == "manifest.json" else content)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (newer, "does not know. Update Wapto"),
        (other_format, "Update Wapto"),
        (one_byte, "is not what was saved|is damaged"),
        (without_a_file, "is not what was saved"),
        (without_manifest, "its end is missing"),
        (climbing, "no backup that Wapto made"),
        (absolute, "no backup that Wapto made"),
        (no_number, "no backup that Wapto made"),
        (list_for_head, "no backup that Wapto made"),
        (list_for_files, "no backup that Wapto made"),
    ],
)
async def test_changed_backups_are_refused_and_nothing_is_touched(
    runtime: Runtime,
    owner: object,
    files: dict[str, bytes],
    new_install: NewInstall,
    tmp_path: Path,
    change: Callable[[str, bytes], list[tuple[str, bytes]]],
    said: str,
) -> None:
    source, place = await made(runtime.settings, tmp_path / "b.tar.gz"), new_install("copy")
    await asyncio.to_thread(restore, place, source, replace=False)
    (settings_file := place.media_dir / "01" / "mine").write_bytes(b"newer than the backup")
    before = digest(place.data_dir)
    bad = rewritten(source, tmp_path / "bad.tar.gz", change)
    if change is one_byte:
        raw = bytearray(source.read_bytes())
        raw[len(raw) // 2] ^= 0xFF
        bad.write_bytes(raw)
    with pytest.raises(BadBackup, match=said):
        await asyncio.to_thread(restore, place, bad, replace=True)
    assert digest(place.data_dir) == before
    assert settings_file.exists()
    assert not (tmp_path / "evil").exists()


async def test_a_link_in_the_archive_leads_nowhere(
    runtime: Runtime, new_install: NewInstall, tmp_path: Path
) -> None:
    source, place = await made(runtime.settings, tmp_path / "b.tar.gz"), new_install("copy")
    bad = tmp_path / "bad.tar.gz"
    with tarfile.open(source) as old, tarfile.open(bad, "w:gz") as new:
        for info in old:
            new.addfile(info, old.extractfile(info))
            if info.name == "head.json":
                link = tarfile.TarInfo("media/aa")
                link.type, link.linkname = tarfile.SYMTYPE, str(tmp_path)
                new.addfile(link)
    with pytest.raises(BadBackup, match="no backup that Wapto made"):
        await asyncio.to_thread(restore, place, bad, replace=True)


async def test_every_cut_is_noticed(
    runtime: Runtime, files: dict[str, bytes], new_install: NewInstall, tmp_path: Path
) -> None:
    source, place = await made(runtime.settings, tmp_path / "b.tar.gz"), new_install("copy")
    whole = source.read_bytes()
    cut = tmp_path / "cut.tar.gz"
    for length in (0, 1, 20, len(whole) // 3, len(whole) - 3000, len(whole) - 8, len(whole) - 1):
        cut.write_bytes(whole[:length])
        with pytest.raises(BadBackup):
            await asyncio.to_thread(restore, place, cut, replace=True)
    for other in (b"hello", gzip.compress(b"hello"), b"\x1f\x8b" + os.urandom(500)):
        cut.write_bytes(other)
        with pytest.raises(BadBackup):
            await asyncio.to_thread(restore, place, cut, replace=True)
    assert list(place.data_dir.iterdir()) == []


async def test_data_that_is_there_is_only_replaced_when_asked(
    runtime: Runtime, owner: object, files: dict[str, bytes], tmp_path: Path
) -> None:
    source = await made(runtime.settings, tmp_path / "b.tar.gz")
    with pytest.raises(NotRestored, match="--replace"):
        await asyncio.to_thread(restore, runtime.settings, source, replace=False)


async def test_a_failure_in_the_middle_brings_everything_back(
    runtime: Runtime,
    owner: object,
    files: dict[str, bytes],
    new_install: NewInstall,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    source, place = await made(runtime.settings, tmp_path / "b.tar.gz"), new_install("copy")
    await asyncio.to_thread(restore, place, source, replace=False)
    (place.media_dir / "mine").write_bytes(b"newer than the backup")
    people = accounts_of(place)
    before = digest(place.data_dir)

    def full(_folder: Path) -> None:
        raise OSError(28, "No space left on device", "x")

    monkeypatch.setattr(restoring, "sync_folder", full)
    with pytest.raises(NotRestored, match="No space left"):
        await asyncio.to_thread(restore, place, source, replace=True)
    assert digest(place.data_dir) == before
    assert accounts_of(place) == people
    assert left_behind(place.data_dir) == []


async def test_a_full_disk_is_refused_before_anything_is_written(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Usage:
        free = 1000

    monkeypatch.setattr(create.shutil, "disk_usage", lambda _path: Usage)
    with pytest.raises(NotMade, match=r"not enough room in .*: about .* MB are needed, 1000 bytes are free"):
        await made(runtime.settings, tmp_path / "b.tar.gz")
    assert not (tmp_path / "b.tar.gz").exists()
    assert left_behind(tmp_path) == []


async def test_backup_never_replaces_a_file(runtime: Runtime, tmp_path: Path) -> None:
    (tmp_path / "b.tar.gz").write_bytes(b"mine")
    with pytest.raises(NotMade, match="is there already"):
        await made(runtime.settings, tmp_path / "b.tar.gz")
    with pytest.raises(NotMade, match="no folder"):
        await made(runtime.settings, tmp_path / "nowhere" / "b.tar.gz")
    assert (tmp_path / "b.tar.gz").read_bytes() == b"mine"


async def test_backup_is_private_and_holds_the_key_only_when_asked(
    runtime: Runtime, settings: Settings, new_install: NewInstall, tmp_path: Path
) -> None:
    with pytest.raises(NotMade, match="WAPTO_SECRET_KEY"):
        await asyncio.to_thread(make, settings, tmp_path / "x.tar.gz", with_key=True)
    settings = settings.model_copy(update={"secret_key": type(settings.secret_key)("")})
    load_box("", settings.data_dir)
    key = (settings.data_dir / "secret.key").read_bytes()
    without = await asyncio.to_thread(make, settings, tmp_path / "a.tar.gz")
    with_key = await asyncio.to_thread(make, settings, tmp_path / "b.tar.gz", with_key=True)
    assert archive.KEY not in archive.check(without.path).files
    assert archive.KEY in archive.check(with_key.path).files
    assert with_key.path.stat().st_mode & 0o777 == 0o600
    place = new_install("copy")
    (place.data_dir / "secret.key").write_bytes(b"another key")
    await asyncio.to_thread(restore, place, with_key.path, replace=False)
    assert (place.data_dir / "secret.key").read_bytes() == key
    [kept] = place.data_dir.glob("secret.key.before-restore-*")
    assert kept.read_bytes() == b"another key"


@pytest.mark.sqlite_only
async def test_sandbox_of_the_demo_goes_along(
    runtime: Runtime, settings: Settings, new_install: NewInstall, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(settings.data_dir / "sandbox.sqlite3")) as connection:
        connection.executescript(
            "PRAGMA journal_mode=WAL; CREATE TABLE item (id TEXT); INSERT INTO item VALUES ('phone')"
        )
        source = await made(settings, tmp_path / "b.tar.gz")
    place = new_install("copy")
    await asyncio.to_thread(restore, place, source, replace=False)
    with closing(sqlite3.connect(place.data_dir / "sandbox.sqlite3")) as connection:
        assert connection.execute("SELECT id FROM item").fetchall() == [("phone",)]


@pytest.mark.sqlite_only
async def test_backup_of_another_kind_of_database_is_told(
    runtime: Runtime, new_install: NewInstall, tmp_path: Path
) -> None:
    source = await made(runtime.settings, tmp_path / "b.tar.gz")
    place = new_install("copy").model_copy(update={"database_url": "postgresql://127.0.0.1:9/x"})
    with pytest.raises(NotRestored, match="of SQLite, and WAPTO_DATABASE_URL says PostgreSQL"):
        await asyncio.to_thread(restore, place, source, replace=True)


@pytest.mark.postgres_only
async def test_missing_tools_are_named(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(database.DatabaseNotCopied, match="apt-get install postgresql-client"):
        await made(runtime.settings, tmp_path / "b.tar.gz")


async def test_a_file_that_retention_removes_meanwhile_is_left_out(
    runtime: Runtime, files: dict[str, bytes], tmp_path: Path
) -> None:
    def remove(what: str, _share: float) -> None:
        if what == "database":
            return
        for path in runtime.settings.media_dir.glob("06/*"):
            path.unlink()

    made_one = await asyncio.to_thread(make, runtime.settings, tmp_path / "b.tar.gz", report=remove)
    assert 30 <= made_one.files < 40


async def test_memory_stays_flat_with_large_files(runtime: Runtime, tmp_path: Path) -> None:
    import tracemalloc

    folder = runtime.settings.media_dir / "aa"
    folder.mkdir(parents=True)
    with (folder / "large").open("wb") as file:
        file.truncate(200 * 2**20)
    tracemalloc.start()
    await made(runtime.settings, tmp_path / "b.tar.gz")
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 30 * 2**20
