"""The figures of the desk when a reply is taken back before it left.

As in ``desk``, the conversation's row must be locked by the caller.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from wapto_app.models import DeskEvent, DeskKind, DeskState
from wapto_app.models.base import table_of

event, state = table_of(DeskEvent), table_of(DeskState)

_REPLIES = (DeskKind.FIRST_REPLY, DeskKind.REPLY)
_ENDS_WAIT = (*_REPLIES, DeskKind.RESOLVED)


def taken_back(connection: sa.Connection, conversation_id: int, account_id: int, at: datetime) -> None:
    """A person took the message of this time back before it left. When it was the answer to a customer, the next one
    of a person is that now; without one the customer still waits.
    """
    of = event.c.conversation_id == conversation_id
    query = sa.select(event).where(
        of, event.c.account_id == account_id, event.c.at == at, event.c.kind.in_(_REPLIES)
    )
    gone = connection.execute(query.order_by(event.c.id.desc()).limit(1)).first()
    if gone is None:
        return
    connection.execute(event.delete().where(event.c.id == gone.id))
    if gone.kind is not DeskKind.FIRST_REPLY:
        return
    since = _waited_since(gone)
    later = (
        sa.select(event).where(of, event.c.id > gone.id, event.c.kind.in_(_ENDS_WAIT)).order_by(event.c.id)
    )
    after = connection.execute(later.limit(1)).first()
    if after is None:
        _wait_on(connection, gone, since)
    elif after.kind is DeskKind.REPLY:
        seconds = max(0, int((after.at - since).total_seconds()))
        values = {"kind": DeskKind.FIRST_REPLY, "seconds": seconds, "detail": gone.detail}
        connection.execute(event.update().where(event.c.id == after.id).values(values))


def _waited_since(row: Any) -> datetime:
    """To the microsecond for what was noted since there is an undo."""
    text = row.detail.get("since")
    return datetime.fromisoformat(text) if text else row.at - timedelta(seconds=row.seconds or 0)


def _wait_on(connection: sa.Connection, gone: Any, since: datetime) -> None:
    """As if nobody had answered: what the customer wrote meanwhile did not begin a new wait."""
    began_anew = event.c.id > gone.id, event.c.kind == DeskKind.INBOUND_STARTED
    connection.execute(event.delete().where(event.c.conversation_id == gone.conversation_id, *began_anew))
    missed = gone.detail.get("missed")
    connection.execute(
        state.update()
        .where(state.c.conversation_id == gone.conversation_id)
        .values(waiting_since=since, missed_at=datetime.fromisoformat(missed) if missed else None)
    )
