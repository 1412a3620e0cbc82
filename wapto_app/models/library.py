"""The media library: files that the team keeps to send them again and again."""

from __future__ import annotations

from datetime import datetime

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import partial_index


class LibraryFolder(SQLModel, table=True):
    """A folder; ``parent_id`` is none at the top. Two of one name do not stand side by side."""

    __tablename__ = "library_folder"
    __table_args__ = (
        sa.UniqueConstraint("parent_id", "key"),
        sa.Index(
            "uq_library_folder_top",
            "key",
            unique=True,
            sqlite_where=sa.text("parent_id IS NULL"),
            postgresql_where=sa.text("parent_id IS NULL"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    parent_id: int | None = Field(default=None, foreign_key="library_folder.id", ondelete="CASCADE")
    name: str = Field(max_length=80)
    key: str = Field(max_length=160)
    created_at: datetime = Field(default_factory=utcnow)


class LibraryFile(SQLModel, table=True):
    """A file of the library. Its bytes are shared with the ``media_file`` rows of messages by ``path``.

    ``key`` is what pages and addresses call it. ``sha256`` of what is stored is unique: the same file is kept once.
    ``search`` is the name and the words, folded, by which it is found and sorted.
    ``original_size`` is the size before it was made smaller, the same as ``size`` when it was not. ``thumbnail`` is a
    path too, empty when there is none; ``width`` and ``height`` are pixels, 0 when unknown.
    """

    __tablename__ = "library_file"
    __table_args__ = (
        sa.Index("ix_library_file_folder_id_created_at", "folder_id", "created_at", "id"),
        sa.Index("ix_library_file_created_at_id", "created_at", "id"),
        sa.Index("ix_library_file_kind_created_at", "kind", "created_at", "id"),
        sa.Index("ix_library_file_search_id", "search", "id"),
        sa.Index("ix_library_file_size_id", "size", "id"),
        partial_index("ix_library_file_path", "path", where="path <> ''"),
    )

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(max_length=32, unique=True)
    folder_id: int | None = Field(default=None, foreign_key="library_folder.id", ondelete="SET NULL")
    name: str = Field(max_length=255)
    search: str = Field(default="", max_length=600)
    kind: str = Field(max_length=16)
    mime_type: str = Field(max_length=127)
    size: int
    original_size: int
    sha256: str = Field(max_length=64, unique=True)
    path: str = Field(max_length=255)
    thumbnail: str = Field(default="", max_length=255)
    width: int = 0
    height: int = 0
    uploaded_by: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL", index=True)
    created_at: datetime = Field(default_factory=utcnow)


class LibraryTag(SQLModel, table=True):
    """A word that a file of the library is found by."""

    __tablename__ = "library_tag"
    __table_args__ = (sa.Index("ix_library_tag_word_file_id", "word", "file_id"),)

    file_id: int = Field(primary_key=True, foreign_key="library_file.id", ondelete="CASCADE")
    word: str = Field(primary_key=True, max_length=50)
