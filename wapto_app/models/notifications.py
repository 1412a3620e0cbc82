"""What people are told of while they look elsewhere."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import BigId, Json, enum_type, partial_index


class NotificationKind(StrEnum):
    """``INBOUND_MESSAGE`` is never stored: only an open browser shows it."""

    ASSIGNED = "assigned"
    TASK_ASSIGNED = "task_assigned"
    TASK_DUE = "task_due"
    LIMIT_WARNING = "limit_warning"
    TRIAL_ENDING = "trial_ending"
    TRIAL_ENDED = "trial_ended"
    PAYMENT_FAILED = "payment_failed"
    PLAN_CHANGED = "plan_changed"
    REVIEW_RECEIVED = "review_received"
    NUMBER_PROBLEM = "number_problem"
    INBOUND_MESSAGE = "inbound_message"
    MENTIONED = "mentioned"
    SCHEDULED_FAILED = "scheduled_failed"
    IMPORT_ENDED = "import_ended"
    CAMPAIGN_STARTED = "campaign_started"
    CAMPAIGN_FINISHED = "campaign_finished"
    CAMPAIGN_STOPPED = "campaign_stopped"
    CAMPAIGN_ASKS = "campaign_asks"
    TEMPLATE_NEWS = "template_news"


class Notification(SQLModel, table=True):
    """One line of one person's list. Its sentence is made of ``kind`` and ``args`` when it is read.

    A non-empty ``key`` is told once per person. ``shown``: it stands in the list (else it was only to be mailed).
    The customer's name is no argument: it is looked up in the conversation, if the reader may see that.
    """

    __tablename__ = "notification"
    __table_args__ = (
        sa.Index("ix_notification_account_id_id", "account_id", "id"),
        sa.Index(
            "uq_notification_account_id_key",
            "account_id",
            "key",
            unique=True,
            sqlite_where=sa.text("key <> ''"),
            postgresql_where=sa.text("key <> ''"),
        ),
        partial_index("ix_notification_unread", "account_id", where="read_at IS NULL"),
        partial_index("ix_notification_mail_due", "id", where="mail_due"),
    )

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    account_id: int = Field(foreign_key="account.id", ondelete="CASCADE")
    kind: NotificationKind = Field(sa_type=enum_type(NotificationKind))
    args: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    href: str = Field(default="", max_length=255)
    key: str = Field(default="", max_length=128)
    conversation_id: int | None = Field(
        default=None, foreign_key="conversation.id", ondelete="CASCADE", index=True
    )
    shown: bool = True
    mail_due: bool = False
    created_at: datetime = Field(default_factory=utcnow, index=True)
    read_at: datetime | None = None
