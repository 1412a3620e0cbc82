"""Segments: contacts that fit saved rules, counted whenever somebody asks."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import Json


class Segment(SQLModel, table=True):
    """``rules`` is a tree of groups; its shape is that of ``services.segments.rules``."""

    __tablename__ = "segment"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=80)
    key: str = Field(max_length=160, unique=True)
    rules: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    created_by: int | None = Field(default=None, foreign_key="account.id", ondelete="SET NULL", index=True)
    created_at: datetime = Field(default_factory=utcnow)
    updated_at: datetime = Field(default_factory=utcnow)
