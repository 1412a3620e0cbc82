"""Applies Stripe's webhooks, and looks after what none came for."""

from __future__ import annotations

from wapto_app.runtime import Runtime
from wapto_app.services import billing


async def apply_events(runtime: Runtime) -> None:
    """The tick: what is new, and what failed and is due again."""
    await billing.apply_due(runtime.db, runtime.till)


async def look_after(runtime: Runtime) -> None:
    """The tick: lock what stayed unpaid."""
    async with runtime.db.write() as session:
        await billing.lock_overdue(session)


async def reconcile(runtime: Runtime) -> None:
    """The tick: ask Stripe how things are."""
    await billing.reconcile(runtime.db, runtime.till)
    await billing.delete_old(runtime.db)
