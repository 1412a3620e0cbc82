"""Engine, sessions and the one writer.

Two ways to write, both safe under load:

* ``Database.write()`` is one unit of work of a service: it takes SQLite's write lock at once
  (``BEGIN IMMEDIATE``), so that a read followed by a write can never fail half-way with "database is locked".
* ``Writer`` is for the hot paths (webhooks, send results): one thread that gathers what arrives meanwhile and
  commits it together. A caller is answered only after its rows are on the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import queue
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import groupby, islice
from typing import Any, TypeVar, cast

import orjson
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app import full_disk, telemetry
from wapto_app.log import get_logger

log = get_logger(__name__)

Item = TypeVar("Item")
Result = TypeVar("Result")
Operation = Callable[[sa.Connection, list[Any]], Sequence[Any]]
Publish = Callable[[frozenset[str]], None]

_ASYNC_DRIVERS = {"sqlite": "sqlite+aiosqlite", "postgresql": "postgresql+psycopg"}
_SYNC_DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
_PRAGMAS = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA busy_timeout=10000",
    "PRAGMA cache_size=-20000",
    "PRAGMA temp_store=MEMORY",
    # Pages of the log (32 MB) before they are copied into the file: a busy page is copied once instead of often.
    "PRAGMA wal_autocheckpoint=8000",
)
_TOPICS = "topics"
_WRITES = {"wapto_writes": True}


def _url(url: str, drivers: dict[str, str]) -> str:
    parsed = make_url(url)
    driver = drivers.get(parsed.get_backend_name(), parsed.drivername)
    return parsed.set(drivername=driver).render_as_string(hide_password=False)


def async_url(url: str) -> str:
    return _url(url, _ASYNC_DRIVERS)


def sync_url(url: str) -> str:
    return _url(url, _SYNC_DRIVERS)


def _fold(text: str | None) -> str | None:
    """Small letters of every alphabet, which SQLite's own ``lower`` does not know."""
    return text.lower() if isinstance(text, str) else text


def _configure_sqlite(connection: Any, _record: Any) -> None:
    # The driver must not open transactions on its own: it would always open a deferred one.
    connection.isolation_level = None
    connection.create_function("wapto_fold", 1, _fold, deterministic=True)
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin_sqlite(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("wapto_writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


class _Moment(sqlite.DATETIME):
    """SQLAlchemy's text for a moment, made in a fifth of the time: every row of the hot paths holds several."""

    def bind_processor(self, _dialect: sa.Dialect) -> Any:
        return _moment

    # Its own reader is fast already.


def _moment(value: Any) -> str | None:
    # The offset, which stands at the end, is always UTC's.
    return None if value is None else value.isoformat(" ", "microseconds")[:26]


def _listen(engine: sa.Engine) -> None:
    if engine.dialect.name == "sqlite":
        engine.dialect.colspecs = {**engine.dialect.colspecs, sa.DateTime: _Moment}
        event.listen(engine, "connect", _configure_sqlite)
        event.listen(engine, "begin", _begin_sqlite)


def _to_json(value: Any) -> str:
    try:
        return orjson.dumps(value).decode()
    except TypeError:  # whole numbers beyond 64 bits, which Python's own writer can do
        return json.dumps(value)


def _from_json(text: str | bytes) -> Any:
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError:  # half of a surrogate pair, as Python's own writer leaves it
        return json.loads(text)


def make_engine(url: str) -> AsyncEngine:
    """The async engine. No overflow: it would open and close a connection for every burst query."""
    # Parameters are customers' words and sealed secrets: not for error messages, which end up in logs.
    options: dict[str, Any] = {
        "pool_size": 10,
        "max_overflow": 0,
        "hide_parameters": True,
        "json_serializer": _to_json,
        "json_deserializer": _from_json,
    }
    if make_url(url).get_backend_name() == "postgresql":
        options["pool_pre_ping"] = True
    engine = create_async_engine(async_url(url), **options)
    _listen(engine.sync_engine)
    return engine


def make_sync_engine(url: str) -> sa.Engine:
    """One synchronous connection, for the writer's thread and for migrations."""
    engine = sa.create_engine(
        sync_url(url),
        pool_size=1,
        max_overflow=1,
        hide_parameters=True,
        json_serializer=_to_json,
        json_deserializer=_from_json,
    )
    _listen(engine)
    return engine


def touch(session: AsyncSession, *topics: str) -> None:
    """Note what changed; whoever watches these topics is woken after the commit."""
    session.info.setdefault(_TOPICS, set()).update(topics)


async def take_turns(session: AsyncSession, key: int) -> None:
    """Let those who do the same at once do it one after the other, each until the end of its transaction.

    ``key`` is any number that nothing else takes. SQLite's writers take turns in any case.
    """
    if session.get_bind().dialect.name == "postgresql":
        connection = await session.connection()
        await connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": key})


def in_parts(items: Iterable[Item], size: int = 500) -> Iterator[list[Item]]:
    """Parts of a long list of values, few enough for one statement."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


async def fetch(
    session: AsyncSession, query: sa.Select[*tuple[Any, ...]], parameters: Mapping[str, Any] | None = None
) -> Sequence[Any]:
    """The rows of a query over columns; SQLModel's own ``select`` types at most four of them."""
    result: Any = await session.exec(query, params=parameters)  # type: ignore[call-overload]
    return cast(Sequence[Any], result.all())


class Database:
    """The engine and its sessions; ``publish`` receives the touched topics after each commit."""

    def __init__(self, url: str, publish: Publish | None = None) -> None:
        self.url = url
        self.engine = make_engine(url)
        self.publish: Publish = publish or (lambda _topics: None)
        self._readers = async_sessionmaker(self.engine, class_=AsyncSession, expire_on_commit=False)
        self._writers = async_sessionmaker(
            self.engine.execution_options(**_WRITES), class_=AsyncSession, expire_on_commit=False
        )

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A consistent view for queries; nothing is committed."""
        async with self._readers() as session:
            yield session

    @asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """One unit of work: commit and publish on success, roll back on error."""
        async with self._writers() as session:
            async with session.begin():
                yield session
            topics = session.info.pop(_TOPICS, None)
        if topics:
            self.publish(frozenset(topics))

    async def close(self) -> None:
        await self.engine.dispose()


@dataclass(slots=True)
class _Job:
    operation: Operation
    item: Any
    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]


class WriterStopped(RuntimeError):
    """The process is shutting down; the caller's rows were not written."""


class _Failed(Exception):
    """An operation raised."""


class Writer:
    """Group commit: one thread, one connection, one transaction for everything that waits.

    An *operation* is a plain function ``(connection, items) -> results`` that writes many items at once. When one
    raises, all that was in its transaction is done again, and its own items one by one, so that a poisoned item fails
    alone.
    """

    MAX_BATCH = 500
    LINGER_SECONDS = 0.002
    """How long to wait for company, once several came together: a commit costs one as much as many."""
    MANY = 8
    LONG_LINGER_SECONDS = 0.005
    """The same, once so many came together that the time of the processor is what is short."""
    SWITCH_SECONDS = 0.001
    """How long a thread may keep the interpreter. The writer lets go of it at every row that SQLite handles, and under
    load waited five times as long (Python's default) to get it back."""

    def __init__(self, url: str) -> None:
        self._engine = make_sync_engine(url).execution_options(**_WRITES)
        self._queue: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._last_batch = 0
        self.disk = full_disk.DiskWatch()

    def start(self) -> None:
        self._thread = threading.Thread(target=self._run, name="wapto-writer", daemon=True)
        self._thread.start()

    async def stop(self) -> None:
        """Finish what is queued, then close the connection."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        self._queue.put(None)
        await asyncio.to_thread(thread.join)

    async def run(
        self, operation: Callable[[sa.Connection, list[Item]], Sequence[Result]], item: Item
    ) -> Result:
        """Write one item and return its result once it is durable.

        Raises:
            WriterStopped: when the process is shutting down.
        """
        if self._thread is None:
            raise WriterStopped("The server is shutting down.")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Any] = loop.create_future()
        self._queue.put(_Job(cast(Operation, operation), item, loop, future))
        return cast(Result, await future)

    def _run(self) -> None:
        sys.setswitchinterval(self.SWITCH_SECONDS)
        stopping = False
        while not stopping:
            jobs, stopping = self._gather()
            if jobs:
                self._commit(jobs)
        self._engine.dispose()

    def _gather(self) -> tuple[list[_Job], bool]:
        first = self._queue.get()
        if first is None:
            return [], True
        if self._last_batch > 1:
            time.sleep(self.LINGER_SECONDS if self._last_batch < self.MANY else self.LONG_LINGER_SECONDS)
        jobs = [first]
        while len(jobs) < self.MAX_BATCH:
            try:
                job = self._queue.get_nowait()
            except queue.Empty:
                return jobs, False
            if job is None:
                return jobs, True
            jobs.append(job)
        return jobs, False

    def _commit(self, jobs: list[_Job]) -> None:
        self._last_batch = len(jobs)
        telemetry.WRITER_BATCH.observe(len(jobs))
        groups = [(operation, list(group)) for operation, group in groupby(jobs, lambda job: job.operation)]
        try:
            outcomes = self._write(groups, _run) or self._write(groups, _apply)
        except Exception as error:
            log.exception("writer.commit_failed", jobs=len(jobs))
            outcomes = [error] * len(jobs)
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                self.disk.notice(outcome)
        for loop in {job.loop for job in jobs}:
            _answer(loop, [pair for pair in zip(jobs, outcomes, strict=True) if pair[0].loop is loop])

    def _write(self, groups: list[tuple[Operation, list[_Job]]], run: Callable[..., list[Any]]) -> list[Any]:
        """Results in the order of the jobs, committed; none, and nothing is written, when an operation raised."""
        outcomes: list[Any] = []
        with contextlib.suppress(_Failed), self._engine.begin() as connection:
            outcomes = [outcome for operation, jobs in groups for outcome in run(connection, operation, jobs)]
        return outcomes


def _run(connection: sa.Connection, operation: Operation, jobs: list[_Job]) -> list[Any]:
    """Nearly always nothing fails, and savepoints would cost as much as the writing.

    Raises:
        _Failed: the transaction is to be taken back.
    """
    try:
        return list(operation(connection, [job.item for job in jobs]))
    except Exception as error:
        raise _Failed from error


def _apply(connection: sa.Connection, operation: Operation, jobs: list[_Job]) -> list[Any]:
    """Results in the order of the jobs; an exception stands in for a failed one.

    Raises:
        Exception: the disk is full. SQLite has taken back the whole transaction, other jobs' rows too, and what
            would be written now would be in none.
    """
    try:
        with connection.begin_nested():
            return list(operation(connection, [job.item for job in jobs]))
    except Exception as error:
        if full_disk.says_so(error):
            raise
        if len(jobs) == 1:
            return [error]
        # Slow but right: said aloud, or an operation that never works for many would go unnoticed.
        log.warning(
            "writer.batch_failed", operation=operation.__qualname__, jobs=len(jobs), reason=str(error)[:300]
        )
        return [outcome for job in jobs for outcome in _apply(connection, operation, [job])]


def _answer(loop: asyncio.AbstractEventLoop, outcomes: list[tuple[_Job, Any]]) -> None:
    """All callers of a loop at once: every call from another thread wakes it up."""

    def settle() -> None:
        for job, outcome in outcomes:
            if job.future.done():
                continue
            if isinstance(outcome, Exception):
                job.future.set_exception(outcome)
            else:
                job.future.set_result(outcome)

    try:
        loop.call_soon_threadsafe(settle)
    except RuntimeError:  # the callers' loop is gone: the rows are written, nobody waits
        return
