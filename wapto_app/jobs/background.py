"""Everything that a process does by itself, beside answering requests: standing for leader and carrying out tasks."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from wapto_app.jobs.broker import handing_out
from wapto_app.jobs.scheduler import Tick, leading
from wapto_app.runtime import Runtime

TICKS: tuple[Tick, ...] = ()
"""Every tick of the product; each job's module defines its own."""


@asynccontextmanager
async def working(runtime: Runtime, ticks: Sequence[Tick] = TICKS) -> AsyncIterator[None]:
    """Work in the background as long as the block lasts; what has begun may finish for some seconds."""
    async with handing_out(runtime), leading(runtime, ticks):
        yield


async def until_stopped(runtime: Runtime) -> None:
    """Work until SIGTERM or Ctrl-C: the whole life of ``wapto worker``."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    async with working(runtime):
        await stop.wait()
