"""Sleep that an event can end."""

from __future__ import annotations

import asyncio
import contextlib


async def wait(event: asyncio.Event, seconds: float) -> None:
    """Until the event is set, at most ``seconds``.

    Not ``asyncio.wait_for``: before Python 3.12 it swallows a cancellation that comes together with the event, and the
    loop around it would never end.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
