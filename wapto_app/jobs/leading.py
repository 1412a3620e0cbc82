"""Taking a lease so that several processes share the work."""

from __future__ import annotations

import asyncio

from wapto_app.runtime import Runtime
from wapto_app.services import leases

_COURTESY_SECONDS = 0.2
"""For each lease that a process has already: one that has fewer bids first."""


async def lead(runtime: Runtime, bid: leases.Bid) -> bool:
    """Take or renew a lease; False while another process holds it."""
    if bid.name not in runtime.leading:
        await asyncio.sleep(_COURTESY_SECONDS * len(runtime.leading))
    leads = await runtime.writer.run(leases.acquire, bid)
    (runtime.leading.add if leads else runtime.leading.discard)(bid.name)
    return leads


async def release(runtime: Runtime, bid: leases.Bid) -> None:
    """Give a lease back, so that another process need not wait for its end."""
    runtime.leading.discard(bid.name)
    await runtime.writer.run(leases.release, bid)
