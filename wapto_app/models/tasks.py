"""What somebody has to do, by when, and for which customer."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import enum_type, partial_index


class TaskPriority(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


class Task(SQLModel, table=True):
    """``reminded_at``: its person was told that it is due; a new date takes that back."""

    __tablename__ = "task"
    __table_args__ = (
        partial_index("ix_task_open_assignee_id", "assignee_id", "due_at", where="done_at IS NULL"),
        partial_index("ix_task_open_due_at", "due_at", where="done_at IS NULL"),
        partial_index("ix_task_to_remind", "due_at", where="done_at IS NULL AND reminded_at IS NULL"),
        partial_index("ix_task_done", "done_at", "id", where="done_at IS NOT NULL"),
    )

    id: int | None = Field(default=None, primary_key=True)
    title: str = Field(max_length=200)
    note: str = Field(default="", sa_type=sa.Text)
    priority: TaskPriority = Field(default=TaskPriority.NORMAL, sa_type=enum_type(TaskPriority, 8))
    due_at: datetime | None = None
    assignee_id: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL", index=True)
    creator_id: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL", index=True)
    conversation_id: int | None = Field(
        default=None, foreign_key="conversation.id", ondelete="SET NULL", index=True
    )
    reminded_at: datetime | None = None
    done_at: datetime | None = None
    created_at: datetime = Field(default_factory=utcnow)
