"""What becomes of scheduled messages when their contact may not be written to any more."""

from __future__ import annotations

from collections.abc import Iterable

import sqlalchemy as sa
from sqlmodel import col

from wapto_app.clock import utcnow
from wapto_app.db import in_parts
from wapto_app.models import Conversation, ScheduledMessage, ScheduledState
from wapto_app.models.base import table_of
from wapto_app.services.errors import OptedOut

scheduled = table_of(ScheduledMessage)
# Spelled exactly as in the partial index, or SQLite does not use it.
_IS_WAITING = sa.text("scheduled_message.state = 'waiting'")


def cancel_for(connection: sa.Connection, contact_ids: Iterable[int], why: str = "") -> list[str]:
    """These contacts opted out or are blocked: nothing that waits for them leaves. The topics to publish.

    Part of the transaction that decides it; a plain function, for the writer's thread too. ``why`` is what the
    thread shows beside the message.
    """
    concerned: set[int] = set()
    for some in in_parts(sorted(set(contact_ids))):
        of = sa.select(col(Conversation.id)).where(col(Conversation.contact_id).in_(some))
        cancelled = connection.execute(
            scheduled.update()
            .where(_IS_WAITING, scheduled.c.conversation_id.in_(of))
            .values(
                state=ScheduledState.CANCELLED, error=(why or OptedOut().message)[:500], settled_at=utcnow()
            )
            .returning(scheduled.c.conversation_id)
        )
        concerned.update(cancelled.scalars())
    return [f"conversation:{conversation_id}" for conversation_id in sorted(concerned)]
