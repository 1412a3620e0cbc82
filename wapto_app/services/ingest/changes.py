"""What is done to messages that are already there: reactions, edits, deletions."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from wapto_app.clock import utcnow
from wapto_app.models import Conversation, Message, Reaction
from wapto_app.models.base import table_of
from wapto_app.services import search
from wapto_app.services.ingest.context import Arrival, Batch
from wapto_app.services.previews import preview_of

message = table_of(Message)
conversation = table_of(Conversation)
reaction = table_of(Reaction)

_MAY_STILL_COME = timedelta(minutes=10)


def react(batch: Batch, arrival: Arrival) -> None:
    """Put, change or take back an emoji. The message it belongs to may come later."""
    content: dict[str, Any] = dict(arrival.parsed.content)
    put_reaction(
        batch.connection,
        {
            "conversation_id": arrival.conversation_id,
            "target_wamid": str(content.get("message_id") or "")[:255],
            "from_customer": not arrival.outbound,
            "emoji": str(content.get("emoji") or "")[:64],
            "at": arrival.parsed.timestamp,
        },
    )
    batch.touch_conversation(arrival.conversation_id)


def put_reaction(connection: sa.Connection, row: dict[str, Any]) -> None:
    """Store the newer of two reactions of one side; an empty emoji is one taken back."""
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(reaction).values(**row)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["target_wamid", "from_customer"],
            set_={"emoji": insert.excluded.emoji, "at": insert.excluded.at},
            where=reaction.c.at <= insert.excluded.at,
        )
    )


class OriginalMissing(Exception):
    """A change overtook the message it changes; it is tried again."""


def edit(batch: Batch, arrival: Arrival) -> None:
    """Show the newest wording and keep the first one. Meta: within 15 minutes."""
    original = _original(batch, arrival)
    if original is None:
        return
    change: dict[str, Any] = dict(arrival.parsed.content)
    news: dict[str, Any] = dict(change.get("content") or {})
    old: dict[str, Any] = dict(original.content)
    at = arrival.parsed.timestamp.isoformat()
    is_readable = news.get("kind") not in (None, "unsupported")
    if old.get("kind") == "revoked" or at < old.get("edited_at", "") or not is_readable:
        return
    news = {name: value for name, value in news.items() if value is not None}
    kept = {"edited": True, "edited_at": at, "first_body": old.get("first_body", original.body)}
    _rewrite(batch, original, str(change.get("text") or ""), {**old, **news, **kept})


def revoke(batch: Batch, arrival: Arrival) -> None:
    """A message was deleted for everybody: show that, not the message."""
    original = _original(batch, arrival)
    if original is not None:
        _rewrite(batch, original, "", {"kind": "revoked"})


def _original(batch: Batch, arrival: Arrival) -> Any:
    """The message that is changed; None for one from before the connection.

    Raises:
        OriginalMissing: when the change has come so recently that the message may still come.
    """
    wamid = dict[str, Any](arrival.parsed.content).get("original_message_id")
    if not wamid:
        return None
    columns = (message.c.id, message.c.conversation_id, message.c.type, message.c.content, message.c.body)
    found = batch.connection.execute(sa.select(*columns).where(message.c.wamid == wamid)).first()
    if found is None and _is_recent(arrival.received_at):
        raise OriginalMissing(f"{wamid} has not arrived yet.")
    return found


def _is_recent(received_at: datetime) -> bool:
    return utcnow() - received_at < _MAY_STILL_COME


def _rewrite(batch: Batch, original: Any, body: str, content: dict[str, Any]) -> None:
    batch.connection.execute(
        message.update().where(message.c.id == original.id).values(body=body, content=content)
    )
    search.changed(batch.connection, original.id)
    batch.connection.execute(
        conversation.update()
        .where(conversation.c.last_message_id == original.id, conversation.c.id == original.conversation_id)
        .values(preview=preview_of(original.type, body, content))
    )
    batch.touch_conversation(original.conversation_id)
