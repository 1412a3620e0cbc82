"""Applies stored webhooks as they come, in batches."""

from __future__ import annotations

import asyncio

from wapto_app.jobs.waiting import wait
from wapto_app.log import get_logger
from wapto_app.runtime import Runtime
from wapto_app.services import ingest

log = get_logger(__name__)

_IDLE_SECONDS = 1.0
_GATHER_SECONDS = 0.05


async def run(runtime: Runtime) -> None:
    """Apply until cancelled: at once when a webhook was stored, and every second for what another process stored."""
    wake = asyncio.Event()
    with runtime.hub.listening(lambda topics: wake.set() if ingest.TOPIC in topics else None):
        while True:
            wake.clear()
            try:
                await _drain(runtime)
            except Exception:
                log.exception("ingest.batch_failed")
                await asyncio.sleep(_IDLE_SECONDS)
            # Under load this gathers larger batches; what comes after a pause is applied at once.
            await asyncio.sleep(_GATHER_SECONDS)
            await wait(wake, _IDLE_SECONDS)


async def _drain(runtime: Runtime) -> None:
    more = True
    while more:
        outcome = await runtime.writer.run(ingest.apply_pending, None)
        more = outcome.more
        if outcome.topics:
            runtime.hub.publish(frozenset(outcome.topics))


async def retry_failed(runtime: Runtime) -> None:
    """The tick: what failed is tried again after a while; it may only have come too early."""
    if await runtime.writer.run(ingest.retry_due, None):
        runtime.hub.publish(frozenset({ingest.TOPIC}))
