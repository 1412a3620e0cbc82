"""Teams: what their agents may see and do."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import sqlalchemy as sa
from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import Json, enum_type


class Visibility(StrEnum):
    """Which conversations an agent may see: all, those of the team and of nobody, or only their own."""

    ALL = "all"
    TEAM = "team"
    OWN = "own"


class AssignmentStrategy(StrEnum):
    """Who gets a conversation that comes to a team."""

    MANUAL = "manual"
    ROUND_ROBIN = "round_robin"
    LEAST_BUSY = "least_busy"


class Team(SQLModel, table=True):
    """Every agent belongs to exactly one. ``permissions`` are values of ``security.permissions.Permission``.

    ``takes_new``: conversations of customers who write for the first time come to this team; at most one does.
    """

    __tablename__ = "team"
    __table_args__ = (
        sa.Index(
            "uq_team_takes_new",
            "takes_new",
            unique=True,
            sqlite_where=sa.text("takes_new"),
            postgresql_where=sa.text("takes_new"),
        ),
    )

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(max_length=80, unique=True)
    description: str = Field(default="", max_length=300)
    is_active: bool = True
    permissions: list[str] = Field(default_factory=list, sa_type=Json)
    visibility: Visibility = Field(default=Visibility.ALL, sa_type=enum_type(Visibility, 16))
    may_reassign: bool = True
    strategy: AssignmentStrategy = Field(
        default=AssignmentStrategy.MANUAL, sa_type=enum_type(AssignmentStrategy, 16)
    )
    takes_new: bool = False
    created_at: datetime = Field(default_factory=utcnow)
