"""Whose eyes a login session looks through."""

from __future__ import annotations

from datetime import datetime

from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow


class SessionView(SQLModel, table=True):
    """While it lasts, the session sees what ``account_id`` sees, and changes nothing.

    ``return_to`` is the page where it began, to go back to.
    """

    __tablename__ = "session_view"

    session_id: int = Field(primary_key=True, foreign_key="login_session.id", ondelete="CASCADE")
    account_id: int = Field(foreign_key="account.id", ondelete="CASCADE", index=True)
    return_to: str = Field(default="", max_length=255)
    started_at: datetime = Field(default_factory=utcnow)
    expires_at: datetime = Field(index=True)
