"""The messages that a number may send next, and the files of their cards."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from wapto_app.models import (
    Channel,
    ChannelStatus,
    Contact,
    Conversation,
    MediaFile,
    Message,
    MessageFile,
)
from wapto_app.models.base import table_of
from wapto_app.models.conversations import WAITING, WAITING_IN_LINE
from wapto_app.services import sessions

message, conversation, contact = table_of(Message), table_of(Conversation), table_of(Contact)
channel, media_file, message_file = table_of(Channel), table_of(MediaFile), table_of(MessageFile)

# Spelled exactly as in the partial indexes, or SQLite does not use them.
_IS_WAITING = sa.text(f"message.{WAITING}")
_IS_QUEUED = sa.text("message.status = 'queued'")
# What people write does not wait behind a campaign.
_IS_OF_CAMPAIGN = sa.text("(message.campaign_recipient_id IS NOT NULL)")


def files_of(connection: sa.Connection, rows: list[Any]) -> dict[int, dict[str, str]]:
    """Of those that have cards: one query, none when there are no such messages."""
    ids = [row.id for row in rows if row.content.get("files")]
    if not ids:
        return {}
    query = (
        sa.select(message_file.c.message_id, message_file.c.place, media_file.c.meta_id)
        .join(media_file, media_file.c.id == message_file.c.media_id)
        .where(message_file.c.message_id.in_(ids))
    )
    found: dict[int, dict[str, str]] = {}
    for row in connection.execute(query):
        found.setdefault(row.message_id, {})[row.place] = row.meta_id
    return found


def _candidates() -> sa.Select[Any]:
    """Queued, due, its files uploaded, and nothing older of the same conversation still on its way."""
    now = sa.bindparam("now", type_=message.c.not_before.type)
    older = message.alias("older")
    # Not as "no older one exists": PostgreSQL makes a join of that, and goes through the whole queue for each message.
    next_in_line = (
        sa.select(sa.func.min(older.c.id))
        .where(
            older.c.conversation_id == message.c.conversation_id,
            sa.text(WAITING_IN_LINE.replace("status", "older.status")),
        )
        .correlate(message)
        .scalar_subquery()
    )
    file_of_card = media_file.alias("file_of_card")
    waits_for_card = (
        sa.select(sa.literal(1))
        .select_from(message_file)
        .join(file_of_card, file_of_card.c.id == message_file.c.media_id)
        .where(
            message_file.c.message_id == message.c.id,
            ~sa.and_(file_of_card.c.meta_id != "", file_of_card.c.meta_expires_at > now),
        )
        .correlate(message)
    )
    return (
        sa.select(
            message.c.id,
            message.c.conversation_id,
            message.c.type,
            message.c.body,
            message.c.content,
            message.c.recipient,
            message.c.reply_to_wamid,
            message.c.attempt,
            message.c.refusals,
            message.c.created_at,
            message.c.campaign_recipient_id,
            conversation.c.contact_id,
            conversation.c.last_inbound_at,
            contact.c.opted_out_at,
            contact.c.blocked_at,
            contact.c.marketing_stopped_at,
            channel.c.status.label("channel_status"),
            channel.c.verified_name,
            media_file.c.meta_id,
            media_file.c.filename,
        )
        .join(conversation, conversation.c.id == message.c.conversation_id)
        .join(contact, contact.c.id == conversation.c.contact_id)
        .join(channel, channel.c.id == message.c.channel_id)
        .outerjoin(media_file, media_file.c.id == message.c.media_id)
        .where(
            message.c.channel_id == sa.bindparam("channel"),
            _IS_WAITING,
            _IS_QUEUED,
            # While a number waits for a new token, so do its messages; and while the workspace waits for a plan.
            channel.c.status == ChannelStatus.CONNECTED,
            ~sessions.is_locked(),
            sa.or_(message.c.not_before.is_(None), message.c.not_before <= now),
            sa.or_(
                message.c.media_id.is_(None),
                sa.and_(media_file.c.meta_id != "", media_file.c.meta_expires_at > now),
            ),
            message.c.id == next_in_line,
            ~waits_for_card.exists(),
        )
        .order_by(_IS_OF_CAMPAIGN, message.c.id)
        .limit(sa.bindparam("room"))
    )


# Made once: it is asked fifty times a second.
CANDIDATES = _candidates()
