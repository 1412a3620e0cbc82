"""What happens at the desk: who waits, who answers, who is online, and how the work is judged.

Figures are read from these events, written in the same transaction as the deed, never from a scan of all messages.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import BigId, Json, enum_type, partial_index


class DeskKind(StrEnum):
    """``seconds`` of an event: of a first reply since the customer began to wait, of a resolution since the
    conversation was opened. A message of a person is a first reply or a reply, never both.
    """

    INBOUND_STARTED = "inbound_started"
    FIRST_REPLY = "first_reply"
    REPLY = "reply"
    ASSIGNED = "assigned"
    UNASSIGNED = "unassigned"
    RESOLVED = "resolved"
    REOPENED = "reopened"
    PENDING = "pending"
    SNOOZED = "snoozed"
    WOKEN = "woken"
    WINDOW_MISSED = "window_missed"


SHOWN_IN_THREAD = "kind NOT IN ('inbound_started', 'first_reply', 'reply')"
"""What stands between the messages as a line of its own, spelled as in the partial index. The rest are messages."""


class DeskEvent(SQLModel, table=True):
    """Appended only. ``account_id`` is the agent whom it is about, ``team_id`` the agent's team then, else the
    conversation's; both may be nobody.

    The first two indexes hold everything that a figure needs, so that the table itself is not read.
    """

    __tablename__ = "desk_event"
    __table_args__ = (
        sa.Index("ix_desk_event_agent", "account_id", "kind", "at", "team_id", "seconds", "conversation_id"),
        sa.Index("ix_desk_event_team", "team_id", "kind", "at", "account_id", "seconds", "conversation_id"),
        sa.Index("ix_desk_event_kind_at", "kind", "at"),
        sa.Index("ix_desk_event_conversation_id_id", "conversation_id", "id"),
        partial_index("ix_desk_event_thread", "conversation_id", "at", "id", where=SHOWN_IN_THREAD),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    conversation_id: int = Field(foreign_key="conversation.id", ondelete="CASCADE")
    kind: DeskKind = Field(sa_type=enum_type(DeskKind, 16))
    at: datetime = Field(default_factory=utcnow)
    account_id: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    team_id: int | None = Field(default=None, foreign_key="team.id", ondelete="SET NULL")
    seconds: int | None = None
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class DeskState(SQLModel, table=True):
    """How a conversation stands, one row each, so that recording need not search.

    ``waiting_since``: the customer's first message that nobody has answered. ``missed_at``: their window closed over
    it. ``opened_at``: since when the conversation is open, ``resolved_at`` and ``resolved_by`` while it is not.
    ``snoozed_until``: when a snoozed conversation comes back by itself.
    """

    __tablename__ = "desk_state"
    __table_args__ = (
        partial_index(
            "ix_desk_state_waiting", "waiting_since", where="waiting_since IS NOT NULL AND missed_at IS NULL"
        ),
        partial_index(
            "ix_desk_state_unreplied", "waiting_since", "conversation_id", where="waiting_since IS NOT NULL"
        ),
        partial_index("ix_desk_state_snoozed", "snoozed_until", where="snoozed_until IS NOT NULL"),
    )

    conversation_id: int = Field(primary_key=True, foreign_key="conversation.id", ondelete="CASCADE")
    waiting_since: datetime | None = None
    missed_at: datetime | None = None
    opened_at: datetime | None = None
    resolved_at: datetime | None = None
    resolved_by: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL", index=True)
    snoozed_until: datetime | None = None


class OnlineSpan(SQLModel, table=True):
    """A time with an open tab; a heartbeat moves ``ended_at``. Spans of one account do not overlap."""

    __tablename__ = "online_span"
    __table_args__ = (
        sa.Index("ix_online_span_account_id_started_at", "account_id", "started_at"),
        sa.Index("ix_online_span_ended_at", "ended_at"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    account_id: int = Field(foreign_key="account.id", ondelete="CASCADE")
    started_at: datetime
    ended_at: datetime


class Review(SQLModel, table=True):
    """Somebody judged how an agent handled a conversation.

    ``rubric`` is a copy of the criteria (key, name, weight) as they were, ``scores`` are by key, 1 to 5, and ``total``
    is their weighted mean in hundredths.
    """

    __tablename__ = "review"
    __table_args__ = (
        sa.Index("ix_review_agent_id_created_at", "agent_id", "created_at"),
        sa.Index("ix_review_created_at", "created_at"),
        sa.Index("ix_review_conversation_id_id", "conversation_id", "id"),
        sa.Index("ix_review_reviewer_id", "reviewer_id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    conversation_id: int = Field(foreign_key="conversation.id", ondelete="CASCADE")
    agent_id: int = Field(foreign_key="account.id", ondelete="CASCADE")
    reviewer_id: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    scores: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    rubric: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    total: int
    note: str = Field(default="", sa_type=sa.Text)
    created_at: datetime = Field(default_factory=utcnow)
    edited_at: datetime | None = None
