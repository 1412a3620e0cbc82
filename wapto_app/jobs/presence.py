"""Tells the database every minute who has a tab open in this process, and at once who has just come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from wapto_app.db import WriterStopped
from wapto_app.log import get_logger
from wapto_app.runtime import Runtime
from wapto_app.security import cookies
from wapto_app.services import presence

log = get_logger(__name__)

Tabs = Callable[[], frozenset[str]]
"""The Cookie headers of the open tabs of this process."""
LOOK_SECONDS = 2.0
"""How soon somebody who comes is online for the others."""


@asynccontextmanager
async def noting(runtime: Runtime, tabs: Tabs) -> AsyncIterator[None]:
    """Keep the spans of who is here growing as long as the block lasts."""
    task = asyncio.create_task(_keep(runtime, tabs), name="presence")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _keep(runtime: Runtime, tabs: Tabs) -> None:
    known: frozenset[str] = frozenset()
    last = float("-inf")
    now = asyncio.get_running_loop().time
    while True:
        here = tabs()
        try:
            if here - known or now() - last >= presence.HEARTBEAT_SECONDS:
                await note(runtime, here)
                last = now()
            known = here
        except WriterStopped:
            return
        except Exception:  # the database is away: it is told at the next look
            log.exception("presence.not_noted")
        await asyncio.sleep(LOOK_SECONDS)


async def note(runtime: Runtime, tabs: frozenset[str]) -> None:
    """One heartbeat. Who looks through somebody else's eyes makes neither of them present."""
    actors = [await cookies.actor_of(header) for header in tabs]
    accounts = frozenset(
        actor.account_id
        for actor in actors
        if actor is not None and actor.account_id is not None and not actor.is_looking
    )
    if accounts and await runtime.writer.run(presence.beat, accounts):
        runtime.hub.publish(frozenset({presence.TOPIC}))
