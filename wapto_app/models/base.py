"""Column helpers shared by every table."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlmodel import SQLModel

# Set before the first table is declared: named constraints are what SQLite's batch migrations need.
SQLModel.metadata.naming_convention = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Json(sa.TypeDecorator[Any]):
    """JSON on SQLite, JSONB on PostgreSQL, under one name in migrations."""

    impl = sa.JSON
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(postgresql.JSONB())
        return dialect.type_descriptor(sa.JSON())


class BigId(sa.TypeDecorator[int]):
    """A 64-bit key: SQLite counts up only a column that is literally INTEGER."""

    impl = sa.BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: sa.Dialect) -> Any:
        return dialect.type_descriptor(sa.Integer() if dialect.name == "sqlite" else sa.BigInteger())


def enum_type(enum: type[StrEnum], length: int = 32) -> sa.Enum:
    """The enum's value in a plain string column: no ``ALTER TYPE`` when it grows."""
    return sa.Enum(
        enum,
        native_enum=False,
        length=length,
        create_constraint=False,
        values_callable=lambda members: [member.value for member in members],
    )


def partial_index(name: str, *columns: str, where: str) -> sa.Index:
    """An index over the few rows that a job or a filter looks for."""
    condition = sa.text(where)
    return sa.Index(name, *columns, sqlite_where=condition, postgresql_where=condition)


def table_of(model: type[SQLModel]) -> sa.Table:
    """The table behind a model, for statements over many rows at once."""
    return cast(sa.Table, model.__table__)  # type: ignore[attr-defined]
