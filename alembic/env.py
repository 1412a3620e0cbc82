"""Migrations on the product's own engine, the same on SQLite and PostgreSQL; see ``wapto_app/migrations.py``."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import context
from alembic.script import ScriptDirectory
from sqlmodel import SQLModel
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

import wapto_app.models  # noqa: F401  registers every table
from wapto_app.db import make_sync_engine
from wapto_app.migrations import is_generated, without_cascades
from wapto_app.models.base import BigId, Json
from wapto_app.settings import get_settings

# Any number that is ours alone: two processes that start together migrate one after the other.
ADVISORY_LOCK = 7_716_001


def _render(kind: str, item: Any, render: Any) -> str | bool:
    """Write our column types as plain SQLAlchemy, so that a migration does not depend on today's code."""
    if kind != "type":
        return False
    if isinstance(item, Json):
        render.imports.add("from sqlalchemy.dialects import postgresql")
        return 'sa.JSON().with_variant(postgresql.JSONB(), "postgresql")'
    if isinstance(item, BigId):
        return 'sa.BigInteger().with_variant(sa.Integer(), "sqlite")'
    if isinstance(item, UTCDateTime):
        return "sa.DateTime(timezone=True)"
    if isinstance(item, AutoString):
        return _string(item.impl)
    return _string(item) if isinstance(item, sa.Enum) else False


def _string(item: Any) -> str:
    return f"sa.String(length={item.length})" if item.length else "sa.String()"


def _number(_context: Any, _revision: Any, directives: list[Any]) -> None:
    """Count revisions (0001, 0002 …) instead of drawing random names."""
    scripts = ScriptDirectory.from_config(context.config)
    directives[0].rev_id = f"{len(list(scripts.walk_revisions())) + 1:04d}"


def _run(connection: sa.Connection) -> None:
    sqlite = connection.dialect.name == "sqlite"
    context.configure(
        connection=connection,
        target_metadata=SQLModel.metadata,
        render_as_batch=sqlite,
        # Alembic assumes that SQLite cannot roll back DDL; it can, once the driver leaves transactions to us.
        transactional_ddl=True,
        compare_type=True,
        compare_server_default=True,
        render_item=_render,
        include_object=is_generated,
        process_revision_directives=_number,
    )
    with context.begin_transaction():
        if not sqlite:
            connection.execute(sa.text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK})
        context.run_migrations()


def _migrate() -> None:
    url = context.config.attributes.get("url") or get_settings().database
    engine = make_sync_engine(url).execution_options(wapto_writes=True)
    try:
        with engine.connect() as connection:
            without_cascades(connection)
            _run(connection)
    finally:
        engine.dispose()


if (shared := context.config.attributes.get("connection")) is not None:
    _run(shared)
else:
    _migrate()
