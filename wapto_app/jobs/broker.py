"""Hands work out: to this process, or through Redis to whichever ``wapto worker`` is free.

A task is an ordinary async function marked with ``@task("name")``; it reaches the database with ``runtime.get()``.
Nothing may depend on a task being carried out, or carried out once: the tables are the truth, and the next tick finds
what was lost. So hand out ids, never facts.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Generic, ParamSpec

from taskiq import AsyncBroker, InMemoryBroker, TaskiqMessage, TaskiqMiddleware, TaskiqResult
from taskiq.receiver import Receiver
from taskiq_redis import RedisStreamBroker

from wapto_app import telemetry
from wapto_app.log import get_logger
from wapto_app.runtime import Runtime
from wapto_app.settings import Settings

log = get_logger(__name__)
logging.getLogger("taskiq").setLevel(logging.WARNING)

Parameters = ParamSpec("Parameters")

AT_ONCE = 50
"""Tasks that one process carries out at the same time."""
FINISH_SECONDS = 3.0
"""How long a task that has begun may go on when the process stops."""
_QUEUE = "wapto:tasks"
_KEPT = 10_000
# A task whose worker died is given to another one after this time.
_ABANDONED_MS = 5 * 60 * 1000

_tasks: dict[str, Task[Any]] = {}
_broker: AsyncBroker | None = None


@dataclass(frozen=True, slots=True)
class Task(Generic[Parameters]):
    """A function that may run elsewhere. Arguments must survive JSON."""

    name: str
    function: Callable[Parameters, Awaitable[None]]

    async def __call__(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        """Do it here and now."""
        await self.function(*args, **kwargs)

    async def later(self, *args: Parameters.args, **kwargs: Parameters.kwargs) -> None:
        """Hand it out.

        Raises:
            RuntimeError: outside ``handing_out``.
        """
        registered = _broker.find_task(self.name) if _broker else None
        if registered is None:
            raise RuntimeError("Nobody hands out work in this process.")
        await registered.kiq(*args, **kwargs)


def task(name: str) -> Callable[[Callable[Parameters, Awaitable[None]]], Task[Parameters]]:
    """Mark a function as a task. The name is on the wire: keep it when the function moves."""

    def mark(function: Callable[Parameters, Awaitable[None]]) -> Task[Parameters]:
        made = Task(name, function)
        if name in _tasks:
            raise ValueError(f"There are two tasks named {name}.")
        _tasks[name] = made
        return made

    return mark


class _Counting(TaskiqMiddleware):
    """Counts tasks and logs the ones that failed."""

    def post_execute(self, message: TaskiqMessage, result: TaskiqResult[Any]) -> None:
        outcome = "failed" if result.is_err else "done"
        telemetry.TASKS.labels(message.task_name, outcome).inc()
        if result.error is not None:
            log.error("task.failed", task=message.task_name, exc_info=result.error)


def make_broker(settings: Settings) -> AsyncBroker:
    """In memory on the default install, Redis streams when there is a Redis; the same tasks either way."""
    broker: AsyncBroker
    if settings.redis_url:
        broker = RedisStreamBroker(
            settings.redis_url,
            queue_name=_QUEUE,
            consumer_group_name=_QUEUE,
            consumer_id="0",
            maxlen=_KEPT,
            xread_block=1000,
            idle_timeout=_ABANDONED_MS,
            unacknowledged_lock_timeout=60,
        )
    else:
        broker = InMemoryBroker(max_async_tasks=AT_ONCE)
    broker.add_middlewares(_Counting())
    for each in _tasks.values():
        broker.register_task(each.function, task_name=each.name)
    return broker


@asynccontextmanager
async def handing_out(runtime: Runtime) -> AsyncIterator[None]:
    """Let tasks be handed out, and carry out our share of them, as long as the block lasts."""
    global _broker
    broker = make_broker(runtime.settings)
    await broker.startup()
    _broker = broker
    try:
        async with _carrying_out(broker):
            yield
    finally:
        _broker = None
        await broker.shutdown()


@asynccontextmanager
async def _carrying_out(broker: AsyncBroker) -> AsyncIterator[None]:
    if isinstance(broker, InMemoryBroker):
        yield
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(broker.wait_all(), FINISH_SECONDS)
        return
    stop = asyncio.Event()
    worker = asyncio.create_task(_receive(broker, stop), name="task-receiver")
    try:
        yield
    finally:
        stop.set()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(worker, FINISH_SECONDS)


async def _receive(broker: AsyncBroker, stop: asyncio.Event) -> None:
    broker.is_worker_process = True
    with ThreadPoolExecutor(max_workers=1) as executor:
        while not stop.is_set():
            receiver = Receiver(
                broker,
                executor,
                max_async_tasks=AT_ONCE,
                run_startup=False,
                wait_tasks_timeout=FINISH_SECONDS,
            )
            try:
                await receiver.listen(stop)
            except Exception as error:
                log.warning("tasks.redis_lost", reason=str(error))
                await asyncio.sleep(1)
