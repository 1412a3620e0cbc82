"""What happened to contacts: written in the same transaction as the deed, read by the timeline."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.models import ContactEvent, ContactEventKind
from wapto_app.models.base import table_of

contact_event = table_of(ContactEvent)


def note(
    connection: sa.Connection,
    /,
    contact_ids: Iterable[int],
    kind: ContactEventKind,
    by: int | None = None,
    **detail: Any,
) -> None:
    """One event for each contact; ``by`` is the account of who did it, None for the customer, a rule or an import."""
    now = utcnow()
    rows = [
        {"contact_id": contact_id, "kind": kind, "at": now, "by_id": by, "detail": detail}
        for contact_id in contact_ids
    ]
    if rows:
        connection.execute(contact_event.insert(), rows)


async def record(
    session: AsyncSession,
    contact_ids: Iterable[int],
    kind: ContactEventKind,
    by: int | None = None,
    **detail: Any,
) -> None:
    """The same in a session."""
    connection = await session.connection()
    await connection.run_sync(note, contact_ids, kind, by, **detail)
