"""Search follows what is written, a second later."""

from __future__ import annotations

import asyncio

from wapto_app.runtime import Runtime
from wapto_app.services.search import following

_PAUSE = 0.02


async def follow(runtime: Runtime) -> None:
    """Take in all that is new. A first start takes in everything, and lets others write in between."""
    async with runtime.db.engine.connect() as connection:
        if not await connection.run_sync(following.is_due):
            return
    done = await runtime.writer.run(following.follow, None)
    while done:
        await asyncio.sleep(_PAUSE)
        done = await runtime.writer.run(following.follow, None)
