"""The messages that a number may send next."""

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
)
from wapto_app.models.base import table_of
from wapto_app.models.conversations import WAITING, WAITING_IN_LINE
from wapto_app.services import sessions
from wapto_app.services.outbox import card_files

message, conversation, contact = table_of(Message), table_of(Conversation), table_of(Contact)
channel, media_file = table_of(Channel), table_of(MediaFile)

# Spelled exactly as in the partial indexes, or SQLite does not use them.
_IS_WAITING = sa.text(f"message.{WAITING}")
_IS_QUEUED = sa.text("message.status = 'queued'")
# What people write does not wait behind a campaign.
_IS_OF_CAMPAIGN = sa.text("(message.campaign_recipient_id IS NOT NULL)")


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
            card_files.missing(now) == 0,
        )
        .order_by(_IS_OF_CAMPAIGN, message.c.id)
        .limit(sa.bindparam("room"))
    )


# Made once: it is asked fifty times a second.
CANDIDATES = _candidates()
