"""What customers do to messages that are already there: react, edit, delete."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from integrations.whatsapp import webhooks
from wapto_app.clock import utcnow
from wapto_app.models import Conversation, Message, Reaction
from wapto_app.models.base import table_of
from wapto_app.services.ingest.context import Batch
from wapto_app.services.previews import preview_of

message = table_of(Message)
conversation = table_of(Conversation)
reaction = table_of(Reaction)

_MAY_STILL_COME = timedelta(minutes=10)


def react(batch: Batch, conversation_id: int, parsed: webhooks.InboundMessage) -> None:
    """Put, change or take back the customer's emoji. The message it belongs to may come later."""
    content: dict[str, Any] = dict(parsed.content)
    target = str(content.get("message_id") or "")
    put_reaction(
        batch.connection,
        {
            "conversation_id": conversation_id,
            "target_wamid": target[:255],
            "from_customer": True,
            "emoji": str(content.get("emoji") or "")[:64],
            "at": parsed.timestamp,
        },
    )
    batch.touch_conversation(conversation_id)


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


def edit(batch: Batch, conversation_id: int, parsed: webhooks.InboundMessage) -> None:
    """Show the new wording and keep the first one. Meta: within 15 minutes."""
    found = _original(batch, parsed)
    if found is None:
        return
    message_id, content, body = found
    change: dict[str, Any] = dict(parsed.content)
    news = dict(change.get("content") or {})
    kept = {"edited": True, "first_body": content.get("first_body", body)}
    text = str(change.get("text") or "")
    _rewrite(batch, conversation_id, message_id, text, {**content, **news, **kept})


def revoke(batch: Batch, conversation_id: int, parsed: webhooks.InboundMessage) -> None:
    """The customer deleted a message for everybody: show that, not the message."""
    found = _original(batch, parsed)
    if found is not None:
        _rewrite(batch, conversation_id, found[0], "", {"kind": "revoked"})


def _original(batch: Batch, parsed: webhooks.InboundMessage) -> tuple[int, dict[str, Any], str] | None:
    """The message that is changed; None for one from before the connection.

    Raises:
        OriginalMissing: when the change is so young that the message may still come.
    """
    wamid = dict[str, Any](parsed.content).get("original_message_id")
    if not wamid:
        return None
    query = sa.select(message.c.id, message.c.content, message.c.body).where(message.c.wamid == wamid)
    row = batch.connection.execute(query).first()
    if row is None and utcnow() - parsed.timestamp < _MAY_STILL_COME:
        raise OriginalMissing(f"{wamid} has not arrived yet.")
    return (row.id, dict(row.content), row.body) if row else None


def _rewrite(batch: Batch, conversation_id: int, message_id: int, body: str, content: dict[str, Any]) -> None:
    batch.connection.execute(
        message.update().where(message.c.id == message_id).values(body=body, content=content)
    )
    batch.connection.execute(
        conversation.update()
        .where(conversation.c.id == conversation_id, conversation.c.last_message_id == message_id)
        .values(preview=preview_of(content["kind"], body, content))
    )
    batch.touch_conversation(conversation_id)
