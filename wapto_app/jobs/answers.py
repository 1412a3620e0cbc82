"""Campaigns learn of answers, a moment later."""

from __future__ import annotations

import asyncio

from wapto_app.runtime import Runtime
from wapto_app.services.campaigns import attribution

_PAUSE = 0.02


async def follow(runtime: Runtime) -> None:
    """Credit what customers wrote to the campaigns that they answer; others may write in between."""
    async with runtime.db.engine.connect() as connection:
        if not await connection.run_sync(attribution.is_due):
            return
    look = await runtime.writer.run(attribution.follow, 0)
    while True:
        if look.campaigns:
            topics = {"campaigns", *(f"campaign:{of}" for of in look.campaigns)}
            runtime.hub.publish(frozenset(topics))
        if not look.reached:
            return
        await asyncio.sleep(_PAUSE)
        look = await runtime.writer.run(attribution.follow, look.reached)
