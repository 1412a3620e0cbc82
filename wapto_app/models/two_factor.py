"""The second factor of a sign-in: an authenticator app, and recovery codes for who lost it."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow


class TwoFactor(SQLModel, table=True):
    """The secret that an account shares with its authenticator app, sealed.

    It counts from ``confirmed_at`` on. ``last_used_step`` is the newest 30-second step whose code was accepted: it and
    all before it are used up (RFC 6238, 5.2).
    """

    __tablename__ = "two_factor"

    account_id: int = Field(primary_key=True, foreign_key="account.id", ondelete="CASCADE")
    secret: str = Field(sa_type=sa.Text)
    confirmed_at: datetime | None = None
    last_used_step: int = Field(default=0, sa_type=sa.BigInteger)
    created_at: datetime = Field(default_factory=utcnow)


class RecoveryCode(SQLModel, table=True):
    """A code that works once instead of the app. Only its SHA-256 is stored."""

    __tablename__ = "recovery_code"
    __table_args__ = (sa.UniqueConstraint("account_id", "code_hash"),)

    id: int | None = Field(default=None, primary_key=True)
    account_id: int = Field(foreign_key="account.id", ondelete="CASCADE")
    code_hash: str = Field(max_length=64)
    used_at: datetime | None = None
