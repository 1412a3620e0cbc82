"""What is removed by itself, and what is not."""

from __future__ import annotations

from datetime import timedelta

from sqlmodel import select

from wapto_app.clock import utcnow
from wapto_app.db import Database
from wapto_app.models import EventState, WebhookEvent
from wapto_app.services import housekeeping


def _event(name: str, days: int, state: EventState) -> WebhookEvent:
    received_at = utcnow() - timedelta(days=days)
    return WebhookEvent(digest=name.encode(), body=name.encode(), state=state, received_at=received_at)


async def test_only_old_webhooks_that_were_applied_are_removed(db: Database) -> None:
    async with db.write() as session:
        session.add(_event("old", 20, EventState.DONE))
        session.add(_event("young", 3, EventState.DONE))
        session.add(_event("old but failed", 20, EventState.FAILED))
        session.add(_event("old but new", 20, EventState.NEW))
    async with db.write() as session:
        await housekeeping.clean_up(session)
    async with db.read() as session:
        left = set((await session.exec(select(WebhookEvent.body))).all())
    assert left == {b"young", b"old but failed", b"old but new"}
