"""Work is handed out the same way in memory and through Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from wapto_app import telemetry
from wapto_app.jobs import broker
from wapto_app.jobs.broker import Task, handing_out, task
from wapto_app.runtime import Runtime

done: list[tuple[int, str]] = []


@task("tests.note")
async def note(number: int, *, word: str = "") -> None:
    done.append((number, word))


@task("tests.slow")
async def slow(seconds: float) -> None:
    await asyncio.sleep(seconds)
    done.append((0, "slow"))


@task("tests.broken")
async def broken() -> None:
    raise RuntimeError("this task is broken")


@pytest.fixture(autouse=True)
def _nothing_done() -> None:
    done.clear()


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        await asyncio.sleep(0.02)


async def test_a_task_is_carried_out_later_with_its_arguments(runtime: Runtime) -> None:
    async with handing_out(runtime):
        await note.later(7, word="hello")
        await until(lambda: done == [(7, "hello")])


async def test_a_task_called_directly_runs_here_and_now() -> None:
    await note(1, word="now")
    assert done == [(1, "now")]


async def test_many_tasks_run_side_by_side(runtime: Runtime) -> None:
    started = time.monotonic()
    async with handing_out(runtime):
        for _ in range(20):
            await slow.later(0.2)
        await until(lambda: len(done) == 20)
    assert time.monotonic() - started < 3


async def test_a_task_that_fails_is_counted_and_the_next_one_runs(runtime: Runtime) -> None:
    failed = telemetry.TASKS.labels("tests.broken", "failed")._value.get()
    async with handing_out(runtime):
        await broken.later()
        await note.later(2)
        await until(lambda: done == [(2, "")])
        await until(lambda: telemetry.TASKS.labels("tests.broken", "failed")._value.get() == failed + 1)


async def test_a_task_that_has_begun_may_finish_when_the_process_stops(runtime: Runtime) -> None:
    async with handing_out(runtime):
        await slow.later(0.5)
        await asyncio.sleep(0.2)
    assert done == [(0, "slow")]


async def test_outside_of_a_working_process_nothing_is_handed_out() -> None:
    with pytest.raises(RuntimeError, match="hands out"):
        await note.later(1)


def test_two_tasks_cannot_share_a_name() -> None:
    async def other() -> None: ...

    with pytest.raises(ValueError, match=r"tests\.note"):
        task("tests.note")(other)
    assert isinstance(note, Task)


@pytest.mark.postgres_only
async def test_a_task_handed_out_while_nobody_works_is_carried_out_by_the_next_worker(
    runtime: Runtime,
) -> None:
    sender = broker.make_broker(runtime.settings)
    await sender.startup()
    found = sender.find_task("tests.note")
    assert found is not None
    await found.kiq(5, word="waiting")
    await sender.shutdown()
    assert done == []
    async with handing_out(runtime):
        await until(lambda: done == [(5, "waiting")])


@pytest.mark.postgres_only
async def test_each_task_goes_to_one_worker_only(runtime: Runtime) -> None:
    stop = asyncio.Event()
    other = broker.make_broker(runtime.settings)
    await other.startup()
    second_worker = asyncio.create_task(broker._receive(other, stop))
    async with handing_out(runtime):
        for number in range(50):
            await note.later(number)
        await until(lambda: len(done) >= 50)
        await asyncio.sleep(0.3)
    stop.set()
    await second_worker
    await other.shutdown()
    assert sorted(number for number, _word in done) == list(range(50))
