"""Imports of contacts from files: how far one is, what was wrong in it, and what taking it back needs."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import BigId, Json, enum_type, partial_index


class ImportState(StrEnum):
    """``UPLOADED`` waits for its columns to be named, ``CHECKED`` for somebody to say go. ``STOPPED`` was cancelled or
    could not go on; what it did until then stays, and can be undone like that of a ``DONE`` one.
    """

    UPLOADED = "uploaded"
    CHECKING = "checking"
    CHECKED = "checked"
    RUNNING = "running"
    DONE = "done"
    STOPPED = "stopped"
    UNDOING = "undoing"
    UNDONE = "undone"


BUSY = "state IN ('checking', 'running', 'undoing')"
"""What some process works on, or has to take up again, spelled as in the partial index."""


class ContactImport(SQLModel, table=True):
    """One file. ``key`` names its files in the folder of imports.

    ``found`` is what the reader saw in the file, ``plan`` what each column means and what happens to known contacts,
    ``outlook`` what the check counted, ``made`` the ids of the tags and fields that were created for it.
    ``position`` and ``place`` are how far it is: rows done, and the byte at which the next one begins. They change in
    the transaction of the rows, so that a process that dies loses and doubles nothing. Who works on it holds the lease
    ``import:<id>``.
    """

    __tablename__ = "contact_import"
    __table_args__ = (
        partial_index("ix_contact_import_busy", "id", where=BUSY),
        sa.Index("ix_contact_import_created_at_id", "created_at", "id"),
    )

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(max_length=32, unique=True)
    filename: str = Field(max_length=255)
    size: int = 0
    state: ImportState = Field(default=ImportState.UPLOADED, sa_type=enum_type(ImportState, 16))
    account_id: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL", index=True)
    found: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    plan: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    outlook: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    made: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    total: int = 0
    position: int = 0
    place: int = Field(default=0, sa_type=BigId)
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    skipped: int = 0
    wrong: int = 0
    undone: int = 0
    kept: int = 0
    error: str = Field(default="", max_length=500)
    cancelled: bool = False
    created_at: datetime = Field(default_factory=utcnow)
    started_at: datetime | None = None
    finished_at: datetime | None = None
    files_removed_at: datetime | None = None


class ImportProblem(SQLModel, table=True):
    """A row that was not taken, by its number in the file, and why."""

    __tablename__ = "import_problem"

    import_id: int = Field(primary_key=True, foreign_key="contact_import.id", ondelete="CASCADE")
    row: int = Field(primary_key=True)
    reason: str = Field(max_length=300)


class ImportChange(SQLModel, table=True):
    """What an import did to one contact. ``at`` is the time that it wrote everywhere, so that later deeds show.

    ``before``: ``{"columns": {name: [old, new]}, "fields": {id: [old or none, new]}, "tags": [ids put on]}``.
    """

    __tablename__ = "import_change"

    import_id: int = Field(primary_key=True, foreign_key="contact_import.id", ondelete="CASCADE")
    contact_id: int = Field(primary_key=True, foreign_key="contact.id", ondelete="CASCADE", index=True)
    is_new: bool = False
    at: datetime
    before: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
