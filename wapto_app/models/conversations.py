"""Conversations, their messages, reactions and files."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import BigId, Json, enum_type, partial_index


class ConversationStatus(StrEnum):
    OPEN = "open"
    PENDING = "pending"
    SNOOZED = "snoozed"
    RESOLVED = "resolved"


HELD = "status <> 'resolved'"
"""What somebody still has to work on, spelled as in the partial index."""
IS_HELD = sa.text(f"conversation.{HELD}")


class Conversation(SQLModel, table=True):
    """All messages between one contact and one of our numbers.

    The ``preview_*`` columns repeat the newest message, so that the list is one index scan. ``last_inbound_at`` is
    Meta's time of the customer's newest message: the customer service window closes 24 hours after it.
    ``receipt_wamid`` is the inbound message whose read receipt WhatsApp still has to get.
    """

    __tablename__ = "conversation"
    __table_args__ = (
        sa.UniqueConstraint("contact_id", "channel_id"),
        sa.Index("ix_conversation_last_message_at_id", "last_message_at", "id"),
        sa.Index("ix_conversation_assignee_id_last_message_at", "assignee_id", "last_message_at"),
        sa.Index("ix_conversation_team_id_last_message_at", "team_id", "last_message_at"),
        sa.Index("ix_conversation_status_last_message_at", "status", "last_message_at"),
        sa.Index("ix_conversation_last_inbound_at", "last_inbound_at"),
        partial_index("ix_conversation_held", "assignee_id", "status", where=HELD),
        partial_index("ix_conversation_unread_last_message_at", "last_message_at", where="unread > 0"),
        partial_index("ix_conversation_receipt_due", "channel_id", where="receipt_wamid <> ''"),
    )

    id: int | None = Field(default=None, primary_key=True)
    contact_id: int = Field(foreign_key="contact.id", ondelete="CASCADE")
    channel_id: int = Field(foreign_key="channel.id", index=True)
    status: ConversationStatus = Field(default=ConversationStatus.OPEN, sa_type=enum_type(ConversationStatus))
    assignee_id: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    team_id: int | None = Field(default=None, foreign_key="team.id", ondelete="SET NULL")
    unread: int = 0
    preview: str = Field(default="", max_length=160)
    preview_type: str = Field(default="", max_length=32)
    preview_outbound: bool = False
    preview_status: str = Field(default="", max_length=16)
    last_message_id: int | None = Field(default=None, sa_type=BigId)
    last_message_at: datetime = Field(default_factory=utcnow)
    last_inbound_at: datetime | None = None
    receipt_wamid: str = Field(default="", max_length=255)
    created_at: datetime = Field(default_factory=utcnow)


class Direction(StrEnum):
    """``NOTE`` is for the team only: it never leaves, and no figure counts it."""

    INBOUND = "in"
    OUTBOUND = "out"
    NOTE = "note"


class MessageStatus(StrEnum):
    """Life of a message; see ``services.outbox`` for who moves it.

    ``UNCONFIRMED``: handed to Meta without hearing back. It is never resent silently: the customer may have it.
    """

    RECEIVED = "received"
    QUEUED = "queued"
    SENDING = "sending"
    UNCONFIRMED = "unconfirmed"
    SENT = "sent"
    DELIVERED = "delivered"
    READ = "read"
    PLAYED = "played"
    FAILED = "failed"


WAITING = "status IN ('queued', 'sending')"
"""What the sender still has to deal with, spelled as in the partial indexes."""
WAITING_IN_LINE = "lower(status) IN ('queued', 'sending')"
"""The same, spelled so that only the index of a conversation's line fits.

PostgreSQL's statistics know nothing of a campaign that was queued a minute ago. It takes the index of the number for
just as good then, and goes through the whole queue to find the next message of one conversation.
"""
UNCONFIRMED = "status = 'unconfirmed'"
HAS_FILE = "media_id IS NOT NULL"
"""The gallery of a conversation, spelled as in the partial index."""


class Message(SQLModel, table=True):
    """One message in either direction.

    ``at`` orders the thread: arrival for what came live, Meta's time for what came late. ``content`` is the typed
    payload (``integrations.whatsapp``), ``body`` the text to show in lists and to search. ``recipient`` is the
    address an outbound message goes to: ``+E.164`` or a business-scoped user id. ``attempt`` counts how often it was
    handed to Meta, ``refusals`` how often Meta answered with an error that passes. ``campaign_recipient_id`` is whom a
    message of a campaign is for. ``template_id`` is the template of a message that is no campaign's, to count them:
    campaigns have their own figures.

    The index ``ix_message_waiting_sorted`` over what a number still has to send, people's messages first, is made by
    hand in migration 0020.
    """

    __tablename__ = "message"
    __table_args__ = (
        sa.Index("ix_message_conversation_id_at_id", "conversation_id", "at", "id"),
        partial_index("ix_message_waiting_conversation", "conversation_id", "id", where=WAITING_IN_LINE),
        partial_index("ix_message_unconfirmed", "channel_id", "id", where=UNCONFIRMED),
        partial_index("ix_message_template_id_at", "template_id", "at", where="template_id IS NOT NULL"),
        partial_index("ix_message_files", "conversation_id", "at", "id", where=HAS_FILE),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    conversation_id: int = Field(foreign_key="conversation.id", ondelete="CASCADE")
    channel_id: int = Field(foreign_key="channel.id")
    direction: Direction = Field(sa_type=enum_type(Direction, 8))
    type: str = Field(max_length=32)
    body: str = Field(default="", sa_type=sa.Text)
    content: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    wamid: str | None = Field(default=None, max_length=255, unique=True)
    reply_to_wamid: str = Field(default="", max_length=255)
    recipient: str = Field(default="", max_length=160)
    status: MessageStatus = Field(sa_type=enum_type(MessageStatus, 16))
    at: datetime = Field(default_factory=utcnow)
    created_at: datetime = Field(default_factory=utcnow)
    sent_at: datetime | None = None
    delivered_at: datetime | None = None
    read_at: datetime | None = None
    author_id: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    media_id: int | None = Field(
        default=None, foreign_key="media_file.id", ondelete="SET NULL", index=True, sa_type=BigId
    )
    attempt: int = 0
    refusals: int = 0
    campaign_recipient_id: int | None = Field(default=None, sa_type=BigId)
    template_id: int | None = None
    not_before: datetime | None = None
    sending_since: datetime | None = None
    error_code: int | None = None
    error_detail: str = Field(default="", max_length=500)


class MessageFile(SQLModel, table=True):
    """A file of a message beside the one in ``media_id``: that of a card; ``place`` is ``cards.0`` and so on."""

    __tablename__ = "message_file"

    message_id: int = Field(primary_key=True, foreign_key="message.id", ondelete="CASCADE", sa_type=BigId)
    place: str = Field(primary_key=True, max_length=16)
    media_id: int = Field(foreign_key="media_file.id", ondelete="CASCADE", index=True, sa_type=BigId)


class StatusEvent(SQLModel, table=True):
    """Every status Meta reported, once. Appended only: prices and late or early statuses are read back from here."""

    __tablename__ = "status_event"
    __table_args__ = (sa.UniqueConstraint("wamid", "status"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    wamid: str = Field(max_length=255)
    status: str = Field(max_length=16)
    at: datetime
    message_id: int | None = Field(default=None, sa_type=BigId)
    error_code: int | None = None
    error_detail: str = Field(default="", max_length=500)
    pricing: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class Reaction(SQLModel, table=True):
    """The emoji that one side put on a message; it may arrive before the message itself."""

    __tablename__ = "reaction"
    __table_args__ = (sa.UniqueConstraint("target_wamid", "from_customer"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    conversation_id: int = Field(foreign_key="conversation.id", ondelete="CASCADE", index=True)
    target_wamid: str = Field(max_length=255)
    from_customer: bool
    emoji: str = Field(max_length=64)
    at: datetime


class MediaState(StrEnum):
    """``PENDING``: known by Meta's id only, still to be fetched."""

    PENDING = "pending"
    STORED = "stored"
    FAILED = "failed"


class MediaFile(SQLModel, table=True):
    """A file of a message. ``path`` is relative to the media folder and never comes from outside.

    Several rows may name the same bytes by their path, files of the library too (``services.media.shared``).
    """

    __tablename__ = "media_file"
    __table_args__ = (
        partial_index("ix_media_file_pending", "id", where="state = 'pending'"),
        partial_index("ix_media_file_stored", "created_at", where="state = 'stored'"),
        partial_index("ix_media_file_path_size", "path", "size", where="path <> ''"),
        # Nothing was ever sent with them: a number is set when a message takes the file.
        partial_index("ix_media_file_unsent", "id", where="channel_id IS NULL"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    key: str = Field(max_length=32, unique=True)
    channel_id: int | None = Field(default=None, foreign_key="channel.id")
    meta_id: str = Field(default="", max_length=64)
    state: MediaState = Field(default=MediaState.PENDING, sa_type=enum_type(MediaState, 16))
    mime_type: str = Field(default="", max_length=127)
    filename: str = Field(default="", max_length=255)
    size: int = 0
    sha256: str = Field(default="", max_length=64)
    path: str = Field(default="", max_length=255)
    meta_expires_at: datetime | None = None
    attempt: int = 0
    refusals: int = 0
    retry_at: datetime | None = None
    error: str = Field(default="", max_length=255)
    uploaded_by: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    created_at: datetime = Field(default_factory=utcnow)
