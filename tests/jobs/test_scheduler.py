"""Exactly one process runs the ticks, and when it dies another one does."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from wapto_app import telemetry
from wapto_app.jobs import scheduler
from wapto_app.jobs.scheduler import FileLeadership, Tick, leadership, leading
from wapto_app.runtime import Runtime
from wapto_app.settings import Settings
from wapto_app.web.health import has_leader

LEAD_FOR_EVER = """
import asyncio, os, sys
from pathlib import Path
from wapto_app.jobs.scheduler import leading, Tick
from wapto_app.runtime import running
from wapto_app.settings import Settings

async def main():
    settings = Settings(_env_file=None, data_dir=Path(sys.argv[1]), database_url=sys.argv[2])
    async def tell(_runtime):
        print("leading", flush=True)
    async with running(settings) as runtime, leading(runtime, [Tick("tell", 60, tell)]):
        await asyncio.sleep(60)

asyncio.run(main())
"""


async def until(condition: Callable[[], Awaitable[bool]], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not await condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        await asyncio.sleep(0.02)


async def _has_more_than(times: list[float], count: int) -> bool:
    return len(times) > count


def counting() -> tuple[list[float], Callable[[Runtime], Awaitable[None]]]:
    times: list[float] = []

    async def count(_runtime: Runtime) -> None:
        times.append(time.monotonic())

    return times, count


async def test_a_tick_runs_at_once_and_then_again_and_again(runtime: Runtime) -> None:
    times, count = counting()
    async with leading(runtime, [Tick("count", 0.2, count)]):
        await until(lambda: _has_more_than(times, 0), 1.5)
        await until(lambda: _has_more_than(times, 4))
    assert times[4] - times[0] > 0.6


async def test_a_slow_tick_is_never_run_twice_at_once(runtime: Runtime) -> None:
    at_once = most = 0

    async def slow(_runtime: Runtime) -> None:
        nonlocal at_once, most
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.25)
        at_once -= 1

    async with leading(runtime, [Tick("slow", 0.05, slow)]):
        await asyncio.sleep(0.7)
    assert most == 1


async def test_a_tick_that_fails_is_counted_and_stops_nothing(runtime: Runtime) -> None:
    times, count = counting()

    async def broken(_runtime: Runtime) -> None:
        raise RuntimeError("no such campaign")

    failed = telemetry.TICKS.labels("broken", "failed")._value.get()
    async with leading(runtime, [Tick("broken", 0.05, broken), Tick("count", 0.05, count)]):
        await until(lambda: _has_more_than(times, 4))
    assert telemetry.TICKS.labels("broken", "failed")._value.get() - failed >= 3


async def test_a_tick_that_has_begun_may_finish_when_the_process_stops(runtime: Runtime) -> None:
    begun, finished = asyncio.Event(), []

    async def slow(_runtime: Runtime) -> None:
        begun.set()
        await asyncio.sleep(0.3)
        finished.append(True)

    async with leading(runtime, [Tick("slow", 60, slow)]):
        await begun.wait()
    assert finished == [True]


async def test_a_tick_that_never_ends_does_not_keep_the_process_alive(
    runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler, "FINISH_SECONDS", 0.1)

    async def endless(_runtime: Runtime) -> None:
        await asyncio.sleep(3600)

    started = time.monotonic()
    async with leading(runtime, [Tick("endless", 60, endless)]):
        await asyncio.sleep(0.1)
    assert time.monotonic() - started < 2


async def test_of_two_candidates_one_leads_and_the_other_takes_over(runtime: Runtime) -> None:
    first, count_first = counting()
    second, count_second = counting()
    async with AsyncExitStack() as later:
        async with leading(runtime, [Tick("first", 0.05, count_first)]):
            await asyncio.sleep(0.2)
            await later.enter_async_context(leading(runtime, [Tick("second", 0.05, count_second)]))
            await asyncio.sleep(1.3)
            assert first
            assert second == []
        ended = len(first)
        await asyncio.sleep(1.3)
        assert second
        assert len(first) == ended


async def test_others_can_see_that_somebody_leads(runtime: Runtime) -> None:
    async def led() -> bool:
        async with runtime.db.read() as session:
            return await has_leader(session)

    assert not await led()
    async with leading(runtime, []):
        await until(led)
    assert not await led()


@pytest.mark.slow
async def test_a_killed_leader_is_followed_by_another_process_within_seconds(
    runtime: Runtime, settings: Settings
) -> None:
    times, count = counting()
    leader = subprocess.Popen(
        [sys.executable, "-c", LEAD_FOR_EVER, str(settings.data_dir), settings.database],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parents[2],
        text=True,
    )
    try:
        assert leader.stdout is not None
        while await asyncio.to_thread(leader.stdout.readline) != "leading\n":
            assert leader.poll() is None, "the other process ended"
        async with leading(runtime, [Tick("count", 0.1, count)]):
            await asyncio.sleep(1.5)
            assert times == []
            os.kill(leader.pid, signal.SIGKILL)
            killed = time.monotonic()
            await until(lambda: _has_more_than(times, 0))
            assert time.monotonic() - killed < 6
    finally:
        leader.kill()
        leader.wait()


@pytest.mark.sqlite_only
async def test_the_file_lock_is_not_inherited_by_a_new_candidate_of_the_same_process(tmp_path: Path) -> None:
    first, second = FileLeadership(tmp_path / "lock"), FileLeadership(tmp_path / "lock")
    assert await first.acquire()
    assert not await second.acquire()
    await first.release()
    assert not await first.held()
    assert await second.acquire()
    await second.release()


@pytest.mark.postgres_only
async def test_a_leader_that_loses_its_connection_steps_down_and_stands_again(runtime: Runtime) -> None:
    import sqlalchemy as sa

    times, count = counting()
    async with leading(runtime, [Tick("count", 0.1, count)]):
        await asyncio.sleep(0.3)
        assert times
        async with runtime.db.engine.connect() as connection:
            # Not those of other databases, in which other tests run.
            query = (
                "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = :key "
                "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
            )
            await connection.execute(sa.text(query), {"key": scheduler._ADVISORY_KEY})
        right = leadership(runtime)
        assert await right.acquire(), "PostgreSQL frees the lock with the connection"
        await asyncio.sleep(scheduler.HEARTBEAT_SECONDS + 0.5)
        stopped_at = len(times)
        await asyncio.sleep(0.5)
        assert len(times) == stopped_at, "who lost the lock must not go on"
        await right.release()
        await until(lambda: _has_more_than(times, stopped_at))
