"""What time does to the subscription, once a minute: trials end, periods renew, warnings are given and mailed."""

from __future__ import annotations

from wapto_app.runtime import Runtime
from wapto_app.services.plans import renewal, warnings


async def move_on(runtime: Runtime) -> None:
    """The tick. Each step is a transaction of its own, and does again what a kill left undone."""
    for step in (renewal.move_on, warnings.look, warnings.tell):
        async with runtime.db.write() as session:
            await step(session)
