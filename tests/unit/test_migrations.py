"""The migrations make exactly the tables of the models, in both directions, on both databases."""

from __future__ import annotations

import sqlite3
from datetime import UTC, date, datetime
from itertools import pairwise
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlmodel import SQLModel

import wapto_app.models  # noqa: F401  registers every table
from wapto_app import migrations
from wapto_app.db import make_sync_engine
from wapto_app.migrations import DatabaseTooNew, DatabaseUnreachable

pytestmark = [
    pytest.mark.own_database,
    # What sorts contacts is an index over an expression, which SQLite cannot give back.
    pytest.mark.filterwarnings("ignore:Skipped unsupported reflection of expression-based index"),
]
BY_HAND = {
    "ix_contact_name_sorted",
    "ix_contact_company_sorted",
    "ix_contact_email_sorted",
    "ix_message_waiting_sorted",
}


def tables(url: str) -> set[str]:
    engine = make_sync_engine(url)
    try:
        return set(sa.inspect(engine).get_table_names())
    finally:
        engine.dispose()


def differences(url: str) -> list[object]:
    engine = make_sync_engine(url)
    try:
        with engine.connect() as connection:
            options = {
                "compare_type": True,
                "compare_server_default": True,
                "include_object": migrations.is_generated,
            }
            context = MigrationContext.configure(connection, opts=options)
            found = compare_metadata(context, SQLModel.metadata)
            return [each for each in found if each[0] != "remove_index" or each[1].name not in BY_HAND]
    finally:
        engine.dispose()


def test_migrating_an_empty_database_makes_every_table(empty_database_url: str) -> None:
    assert migrations.check(empty_database_url) is None
    assert migrations.upgrade(empty_database_url) is True
    assert tables(empty_database_url) >= set(SQLModel.metadata.tables)
    assert migrations.current(empty_database_url) == migrations.head()


def test_models_and_migrations_agree(database_url: str) -> None:
    assert differences(database_url) == []
    command.check(migrations.config(database_url))


def test_what_is_made_by_hand_is_there(database_url: str) -> None:
    engine = make_sync_engine(database_url)
    names = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index'",
        "postgresql": "SELECT indexname FROM pg_indexes",
    }[engine.dialect.name]
    with engine.connect() as connection:
        assert set(connection.execute(sa.text(names)).scalars()) >= BY_HAND
    engine.dispose()


def test_an_up_to_date_database_is_left_alone(database_url: str) -> None:
    assert migrations.upgrade(database_url) is False


def filled(column: sa.Column[object], connection: sa.Connection) -> object:
    """Any value that the column takes; None where nothing fits but a row that is not there yet."""
    if column.foreign_keys:
        target = next(iter(column.foreign_keys)).column
        return None if target.table is column.table else connection.scalar(sa.select(target).limit(1))
    if isinstance(column.type, sa.JSON):
        return {}
    days = {datetime: datetime(2026, 1, 2, tzinfo=UTC), date: date(2026, 1, 2)}
    python = column.type.python_type
    return days[python] if python in days else python(1)


def rows(connection: sa.Connection) -> dict[str, int]:
    """How many rows each table has."""
    names = [name for name in sa.inspect(connection).get_table_names() if "_fts" not in name]
    counts = {
        name: sa.select(sa.func.count()).select_from(sa.table(name)).scalar_subquery() for name in names
    }
    found = connection.execute(sa.select(*counts.values())).one()
    return {name: count for name, count in zip(names, found, strict=True) if name != "alembic_version"}


def fill(connection: sa.Connection) -> None:
    """Put a row into each table that has none."""
    empty = [name for name, count in rows(connection).items() if not count]
    found = sa.MetaData()
    found.reflect(connection, only=empty)
    for table in found.sorted_tables:
        if table.name in empty:
            values = {column.name: filled(column, connection) for column in table.columns}
            # A role that no version knows would be no account.
            values |= {"role": "agent"} if table.name == "account" else {}
            given = {name: value for name, value in values.items() if value is not None}
            connection.execute(table.insert().values(given))


def test_every_revision_keeps_the_rows_on_the_way_up_and_down(empty_database_url: str) -> None:
    """Each table has a row from the version on that makes it, and so in every version that changes it."""
    url, engine = empty_database_url, make_sync_engine(empty_database_url)
    numbers = sorted(script.revision for script in migrations.scripts().walk_revisions())
    held: dict[str, dict[str, int]] = {"base": {}}
    for before, number in pairwise(["base", *numbers]):
        command.upgrade(migrations.config(url), number)
        with engine.begin() as connection:
            fill(connection)
            held[number] = rows(connection)
        assert all(held[number].values())
        assert held[before].items() <= held[number].items(), number
    for number in reversed(["base", *numbers[:-1]]):
        command.downgrade(migrations.config(url), number)
        with engine.begin() as connection:
            assert rows(connection) == held[number], number
    engine.dispose()
    assert migrations.upgrade(url) is True
    assert differences(url) == []


def test_rows_of_the_first_version_survive_every_later_one(empty_database_url: str) -> None:
    command.upgrade(migrations.config(empty_database_url), "0001")
    engine = make_sync_engine(empty_database_url)
    first = sa.MetaData()
    first.reflect(engine)
    now = datetime.now(UTC)
    account = {
        "locale": "en",
        "time_zone": "UTC",
        "avatar": "",
        "notifications": "{}",
        "is_admin": False,
        "is_active": True,
        "password_hash": "!",
        "created_at": now,
        "password_changed_at": now,
    }
    people = [{"email": f"{role}@example.com", "name": role, "role": role} for role in ("owner", "agent")]
    with engine.begin() as connection:
        for person in people:
            connection.execute(first.tables["account"].insert().values(**account, **person))
    assert migrations.upgrade(empty_database_url) is True
    with engine.connect() as connection:
        found = connection.execute(
            sa.text("SELECT a.name, t.name FROM account a LEFT JOIN team t ON t.id = a.team_id ORDER BY a.id")
        ).all()
    command.downgrade(migrations.config(empty_database_url), "0001")
    with engine.connect() as connection:
        assert connection.execute(sa.text("SELECT count(*) FROM account")).scalar() == 2
    engine.dispose()
    assert [tuple(row) for row in found] == [("owner", None), ("agent", "Support")]


def test_there_is_one_line_of_revisions() -> None:
    scripts = migrations.scripts()
    assert len(scripts.get_heads()) == 1
    numbers = sorted(script.revision for script in scripts.walk_revisions())
    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)]


def test_a_migration_that_fails_half_way_leaves_nothing_behind(
    empty_database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = sa.schema.CreateTable

    def break_at_the_third(*arguments: object, **options: object) -> object:
        calls.append(arguments)
        if len(calls) == 3:
            raise RuntimeError("out of disk")
        return original(*arguments, **options)  # type: ignore[arg-type]

    calls: list[object] = []
    monkeypatch.setattr("alembic.ddl.impl.schema.CreateTable", break_at_the_third)
    with pytest.raises(RuntimeError, match="out of disk"):
        migrations.upgrade(empty_database_url)
    assert tables(empty_database_url) == set()


def test_a_database_of_a_newer_version_is_refused_untouched(database_url: str) -> None:
    engine = make_sync_engine(database_url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    with pytest.raises(DatabaseTooNew, match="newer Wapto"):
        migrations.upgrade(database_url)
    assert migrations.current(database_url) == "9999"


@pytest.mark.sqlite_only
def test_a_file_that_is_no_database_is_named_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("this is not a database, however long it may be" * 100)
    with pytest.raises(DatabaseUnreachable, match="not a database") as caught:
        migrations.check(f"sqlite:///{tmp_path / 'notes.txt'}")
    assert "\n" not in str(caught.value)


@pytest.mark.sqlite_only
def test_a_server_that_does_not_answer_is_named_in_one_line() -> None:
    with pytest.raises(DatabaseUnreachable) as caught:
        migrations.check("postgresql://nobody@127.0.0.1:1/wapto")
    assert "\n" not in str(caught.value)


@pytest.mark.sqlite_only
def test_replacing_a_table_does_not_delete_what_refers_to_it(database_url: str) -> None:
    """SQLite's batch migrations drop the old table; with foreign keys on that would cascade."""
    path = database_url.removeprefix("sqlite:///")
    with sqlite3.connect(path) as raw:
        raw.execute("PRAGMA foreign_keys=OFF")
        raw.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        raw.execute("CREATE TABLE child (id INTEGER REFERENCES parent(id) ON DELETE CASCADE)")
        raw.execute("INSERT INTO parent VALUES (1)")
        raw.execute("INSERT INTO child VALUES (1)")
    engine = make_sync_engine(database_url)
    with engine.connect() as connection:
        migrations.without_cascades(connection)
        with connection.begin():
            connection.execute(sa.text("DROP TABLE parent"))
            assert connection.execute(sa.text("SELECT count(*) FROM child")).scalar() == 1
    engine.dispose()
