"""What helps to write: quick replies, drafts, and messages that leave later."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import BigId, Json, enum_type, partial_index


class QuickReply(SQLModel, table=True):
    """A text that is written once and found by ``/shortcut``. ``owner_id`` is none when everybody has it.

    ``body`` may hold variables such as ``{{name}}``, ``{{agent}}`` or the key of a custom field.
    ``library_file_id`` is a file of the library that goes with it.
    """

    __tablename__ = "quick_reply"
    __table_args__ = (
        sa.UniqueConstraint("owner_id", "shortcut"),
        sa.Index(
            "uq_quick_reply_shared",
            "shortcut",
            unique=True,
            sqlite_where=sa.text("owner_id IS NULL"),
            postgresql_where=sa.text("owner_id IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    owner_id: int | None = Field(default=None, foreign_key="account.id", ondelete="CASCADE")
    shortcut: str = Field(max_length=32)
    title: str = Field(default="", max_length=80)
    body: str = Field(default="", sa_type=sa.Text)
    library_file_id: int | None = Field(
        default=None, foreign_key="library_file.id", ondelete="SET NULL", index=True
    )
    uses: int = 0
    created_at: datetime = Field(default_factory=utcnow)
    updated_at: datetime = Field(default_factory=utcnow)


class MessageDraft(SQLModel, table=True):
    """What somebody began to write in a conversation and did not send; its files are ``DraftFile``."""

    __tablename__ = "message_draft"

    account_id: int = Field(primary_key=True, foreign_key="account.id", ondelete="CASCADE")
    conversation_id: int = Field(
        primary_key=True, foreign_key="conversation.id", ondelete="CASCADE", index=True
    )
    text: str = Field(sa_type=sa.Text)
    updated_at: datetime = Field(default_factory=utcnow)


class DraftFile(SQLModel, table=True):
    """A file that waits in a draft, at its ``position``; see ``inbox.OutgoingFile``."""

    __tablename__ = "draft_file"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["account_id", "conversation_id"],
            ["message_draft.account_id", "message_draft.conversation_id"],
            name="fk_draft_file_message_draft",
            ondelete="CASCADE",
            onupdate="CASCADE",
        ),
    )

    account_id: int = Field(primary_key=True)
    conversation_id: int = Field(primary_key=True)
    media_id: int = Field(
        primary_key=True, foreign_key="media_file.id", ondelete="CASCADE", index=True, sa_type=BigId
    )
    position: int = 0
    caption: str = Field(default="", sa_type=sa.Text)
    voice: bool = False


class ComposerChoice(SQLModel, table=True):
    """How somebody wants the composer to behave; no row for who changed nothing.

    ``undo_send``: a message waits some seconds before it leaves, so that it can be taken back.
    """

    __tablename__ = "composer_choice"

    account_id: int = Field(primary_key=True, foreign_key="account.id", ondelete="CASCADE")
    undo_send: bool = True


class ScheduledState(StrEnum):
    """``FAILED``: its time came and it could not be sent; ``error`` says why, and its author was told."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    CANCELLED = "cancelled"


class ScheduledMessage(SQLModel, table=True):
    """A message that leaves at ``due_at``. The gate is asked again then.

    ``content`` is what the composer handed over; ``fallback`` the template (id and values) that goes out instead when
    the customer service window is closed by then, empty for none.
    """

    __tablename__ = "scheduled_message"
    __table_args__ = (
        partial_index("ix_scheduled_message_due", "due_at", "id", where="state = 'waiting'"),
        sa.Index("ix_scheduled_message_conversation_id_state", "conversation_id", "state", "due_at"),
    )

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", ondelete="CASCADE")
    author_id: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL", index=True)
    due_at: datetime
    content: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    fallback: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    state: ScheduledState = Field(default=ScheduledState.WAITING, sa_type=enum_type(ScheduledState, 16))
    error: str = Field(default="", max_length=500)
    created_at: datetime = Field(default_factory=utcnow)
    settled_at: datetime | None = None


class SavedView(SQLModel, table=True):
    """A set of filters of the inbox under a name. ``owner_id`` is none when everybody has it."""

    __tablename__ = "saved_view"
    __table_args__ = (sa.Index("ix_saved_view_owner_id_position", "owner_id", "position"),)

    id: int | None = Field(default=None, primary_key=True)
    owner_id: int | None = Field(default=None, foreign_key="account.id", ondelete="CASCADE")
    name: str = Field(max_length=50)
    filters: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    position: int = 0
    created_at: datetime = Field(default_factory=utcnow)
