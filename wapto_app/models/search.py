"""What search finds things by: folded words, kept beside messages and contacts by a job.

Deleting a message or a contact takes its words along. Migration 0012 makes the indexes over the words: two FTS5 tables
each on SQLite, which triggers on these tables fill, and GIN indexes on PostgreSQL. Nothing hangs on ``message`` itself,
so that receiving a message costs nothing more.
"""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import BigId


class MessageSearch(SQLModel, table=True):
    """The words of a message; see ``services.search.words``."""

    __tablename__ = "message_search"

    message_id: int = Field(primary_key=True, foreign_key="message.id", ondelete="CASCADE", sa_type=BigId)
    words: str = Field(sa_type=sa.Text)


class ContactSearch(SQLModel, table=True):
    """The words of a contact: names, username, e-mail, company, and every number as digits.

    ``at`` is the contact's ``updated_at`` of then.
    """

    __tablename__ = "contact_search"

    contact_id: int = Field(primary_key=True, foreign_key="contact.id", ondelete="CASCADE")
    words: str = Field(sa_type=sa.Text)
    at: datetime


class SearchAgain(SQLModel, table=True):
    """A message whose text has changed since. A second change is a second row, so that none is overlooked."""

    __tablename__ = "search_again"

    id: int | None = Field(default=None, primary_key=True, sa_type=BigId)
    message_id: int = Field(sa_type=BigId)


class SearchCursor(SQLModel, table=True):
    """How far the job has come: everything up to ``last_id``, and every change before ``at``, is in."""

    __tablename__ = "search_cursor"

    name: str = Field(primary_key=True, max_length=16)
    last_id: int = Field(default=0, sa_type=BigId)
    at: datetime = Field(default_factory=utcnow)
