"""Fixed ticks in exactly one process of the install: APScheduler for the clock, a lease for the leader.

No business fact lives in the scheduler. A tick is one idempotent "do what is due"; a missed or doubled one loses and
repeats nothing. The lease is held by the operating system (a file lock) or by PostgreSQL (an advisory lock on a
connection of its own), so that it is free the moment its holder dies.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import logging
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import psycopg
from apscheduler.schedulers.asyncio import AsyncIOScheduler
from sqlalchemy.engine import make_url

from wapto_app import telemetry
from wapto_app.log import get_logger
from wapto_app.runtime import Runtime
from wapto_app.services import leases
from wapto_app.settings import Settings

log = get_logger(__name__)

LEADER = "leader"
"""Name of the lease row that other processes read to know that somebody leads."""
ELECTION_SECONDS = 1.0
HEARTBEAT_SECONDS = 3.0
FINISH_SECONDS = 3.0
"""How long a tick that has begun may go on when the process stops."""
# Any number that is ours alone: PostgreSQL keeps advisory locks apart by number.
_ADVISORY_KEY = 7_716_002
_ANSWER_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Tick:
    """Something to do every ``seconds``; never twice at once, and not while it is still running."""

    name: str
    seconds: float
    run: Callable[[Runtime], Awaitable[None]]


class Leadership(Protocol):
    """The right to run the ticks."""

    async def acquire(self) -> bool: ...

    async def held(self) -> bool: ...

    async def release(self) -> None: ...


class FileLeadership:
    """One leader per data folder. The kernel frees the lock when its holder dies."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    async def acquire(self) -> bool:
        descriptor = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        return True

    async def held(self) -> bool:
        return self._descriptor is not None

    async def release(self) -> None:
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)


class PostgresLeadership:
    """One leader per database, on any number of machines. PostgreSQL frees the lock when the connection ends."""

    def __init__(self, url: str) -> None:
        self._conninfo = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def acquire(self) -> bool:
        if self._connection is None:
            # Noticed within seconds when the network goes away, here and on the server.
            self._connection = await psycopg.AsyncConnection.connect(
                self._conninfo,
                autocommit=True,
                connect_timeout=5,
                keepalives_idle=5,
                keepalives_interval=2,
                keepalives_count=3,
            )
        return await self._ask("SELECT pg_try_advisory_lock(%s)", _ADVISORY_KEY)

    async def held(self) -> bool:
        return self._connection is not None and await self._ask("SELECT %s::bool", True)

    async def release(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()

    async def _ask(self, query: str, argument: object) -> bool:
        assert self._connection is not None
        try:
            async with asyncio.timeout(_ANSWER_SECONDS):
                cursor = await self._connection.execute(query, (argument,))
                row = await cursor.fetchone()
        except (psycopg.Error, TimeoutError):
            await self.release()
            raise
        return bool(row and row[0])


def leadership(runtime: Runtime) -> Leadership:
    return _leadership(runtime.settings)


def _leadership(settings: Settings) -> Leadership:
    if make_url(settings.database).get_backend_name() == "sqlite":
        return FileLeadership(settings.data_dir / "leader.lock")
    return PostgresLeadership(settings.database)


@contextlib.contextmanager
def alone(settings: Settings) -> Iterator[bool]:
    """Whether no server runs on this data; while the block lasts none can take the lead either."""
    with asyncio.Runner() as runner:
        right = _leadership(settings)
        try:
            yield runner.run(right.acquire())
        finally:
            runner.run(right.release())


@asynccontextmanager
async def leading(runtime: Runtime, ticks: Sequence[Tick]) -> AsyncIterator[None]:
    """Stand for election as long as the block lasts; the elected process runs the ticks."""
    candidate = asyncio.create_task(_stand(runtime, ticks), name="leader-election")
    try:
        yield
    finally:
        candidate.cancel()
        await asyncio.gather(candidate, return_exceptions=True)


async def _stand(runtime: Runtime, ticks: Sequence[Tick]) -> None:
    right = leadership(runtime)
    try:
        while True:
            try:
                if await right.acquire():
                    await _lead(runtime, ticks, right)
            except Exception as error:
                log.warning("scheduler.leadership_lost", reason=str(error))
                await right.release()
            await asyncio.sleep(ELECTION_SECONDS)
    finally:
        await right.release()


async def _lead(runtime: Runtime, ticks: Sequence[Tick], right: Leadership) -> None:
    """Run the ticks until the right is lost; the right is given back only after the last tick has ended."""
    clock = _Clock(runtime, ticks)
    bid = leases.Bid(LEADER, runtime.process_id)
    clock.start()
    telemetry.LEADER.set(1)
    log.info("scheduler.leading", ticks=len(ticks))
    try:
        while await right.held():
            await runtime.writer.run(leases.acquire, bid)
            await asyncio.sleep(HEARTBEAT_SECONDS)
    finally:
        telemetry.LEADER.set(0)
        await clock.stop()
        with contextlib.suppress(Exception):
            await runtime.writer.run(leases.release, bid)
        await right.release()


class _Clock:
    """APScheduler with our ticks, none of which may ever stop it."""

    def __init__(self, runtime: Runtime, ticks: Sequence[Tick]) -> None:
        self._runtime = runtime
        self._running: set[asyncio.Task[None]] = set()
        quiet = logging.getLogger(f"{__name__}.apscheduler")
        # It warns at every interval at which a slow tick is still running; that is what we ask for.
        quiet.setLevel(logging.ERROR)
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            logger=quiet,
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
        )
        for tick in ticks:
            self._scheduler.add_job(
                self._run,
                "interval",
                args=[tick],
                seconds=tick.seconds,
                id=tick.name,
                next_run_time=datetime.now(UTC),
            )

    def start(self) -> None:
        self._scheduler.start()

    async def stop(self) -> None:
        """Let running ticks finish for a moment, then cancel them."""
        self._scheduler.pause()
        if self._running:
            await asyncio.wait(self._running, timeout=FINISH_SECONDS)
        self._scheduler.shutdown(wait=False)
        await asyncio.sleep(0)

    async def _run(self, tick: Tick) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._running.add(task)
        try:
            await tick.run(self._runtime)
            telemetry.TICKS.labels(tick.name, "done").inc()
        except Exception:
            telemetry.TICKS.labels(tick.name, "failed").inc()
            log.exception("scheduler.tick_failed", tick=tick.name)
        finally:
            self._running.discard(task)
