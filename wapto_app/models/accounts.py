"""People who log in, their sessions, one-time links and what they did."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import BigId, Json, enum_type


class Role(StrEnum):
    """Owner is what the guide calls the *User* role; an agent belongs to one team.

    An operator runs the install for somebody else's business and sees nothing of the workspace.
    """

    OWNER = "owner"
    AGENT = "agent"
    OPERATOR = "operator"


class Account(SQLModel, table=True):
    """Somebody who logs in. ``is_admin`` marks the operator and may go with either role.

    Of agents only: ``team_id``, ``hide_phone`` (numbers are masked), ``notes`` (for the owner's eyes), ``assigned_at``
    (when a conversation was last given to them).
    """

    __tablename__ = "account"

    id: int | None = Field(default=None, primary_key=True)
    email: str = Field(max_length=254, unique=True)
    name: str = Field(max_length=120)
    password_hash: str = Field(max_length=255)
    role: Role = Field(default=Role.OWNER, sa_type=enum_type(Role))
    is_admin: bool = False
    is_active: bool = True
    locale: str = Field(default="en", max_length=16)
    time_zone: str = Field(default="UTC", max_length=64)
    avatar: str = Field(default="", max_length=64)
    notifications: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    team_id: int | None = Field(default=None, foreign_key="team.id", index=True)
    phone: str = Field(default="", max_length=32)
    notes: str = Field(default="", sa_type=sa.Text)
    hide_phone: bool = False
    must_change_password: bool = False
    assigned_at: datetime | None = None
    created_at: datetime = Field(default_factory=utcnow)
    password_changed_at: datetime = Field(default_factory=utcnow)


class AccountPreference(SQLModel, table=True):
    """A setting of one account, by name. Each feature owns its own name; see ``services.preferences``."""

    __tablename__ = "account_preference"

    account_id: int = Field(primary_key=True, foreign_key="account.id", ondelete="CASCADE")
    name: str = Field(primary_key=True, max_length=64)
    value: dict[str, Any] = Field(default_factory=dict, sa_type=Json)


class LoginSession(SQLModel, table=True):
    """One logged-in browser. Only the SHA-256 of its cookie is stored."""

    __tablename__ = "login_session"

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", ondelete="CASCADE", index=True)
    token_hash: str = Field(max_length=64, unique=True)
    address: str = Field(default="", max_length=64)
    user_agent: str = Field(default="", max_length=255)
    created_at: datetime = Field(default_factory=utcnow)
    last_seen_at: datetime = Field(default_factory=utcnow)
    expires_at: datetime = Field(index=True)


class LinkPurpose(StrEnum):
    """What a one-time link lets its bearer do."""

    SETUP = "setup"
    RESET = "reset"
    INVITE = "invite"


class OneTimeLink(SQLModel, table=True):
    """A link that works once and expires. Only the SHA-256 of its token is stored."""

    __tablename__ = "one_time_link"

    id: int | None = Field(default=None, primary_key=True)
    purpose: LinkPurpose = Field(sa_type=enum_type(LinkPurpose))
    token_hash: str = Field(max_length=64, unique=True)
    account_id: int | None = Field(default=None, foreign_key="account.id", ondelete="CASCADE", index=True)
    created_at: datetime = Field(default_factory=utcnow)
    expires_at: datetime
    used_at: datetime | None = None


class AuditEntry(SQLModel, table=True):
    """Who did what to which thing; written in the same transaction as the deed."""

    __tablename__ = "audit_entry"
    __table_args__ = (sa.Index("ix_audit_entry_account_id_id", "account_id", "id"),)

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    at: datetime = Field(default_factory=utcnow, index=True)
    account_id: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL")
    action: str = Field(max_length=64)
    target: str = Field(default="", max_length=128)
    detail: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
