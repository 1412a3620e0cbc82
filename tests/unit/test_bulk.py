"""Statements that are compiled once write what SQLAlchemy writes, and read by the index."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from wapto_app.bulk import Bulk, among
from wapto_app.db import _moment, make_sync_engine
from wapto_app.models import EventState, Lease, Preference, WebhookEvent
from wapto_app.models.base import table_of
from wapto_app.services.identity import insert_ignore

preference, lease, event = table_of(Preference), table_of(Lease), table_of(WebhookEvent)
AT = datetime(2026, 11, 26, 9, 5, 3, 40, tzinfo=UTC)


@pytest.fixture
def connection(database_url: str) -> Iterator[sa.Connection]:
    engine = make_sync_engine(database_url)
    with engine.begin() as made:
        yield made
    engine.dispose()


def preferences(connection: sa.Connection) -> dict[str, Any]:
    return dict(connection.execute(sa.select(preference.c.name, preference.c.value)).tuples().all())


def test_rows_are_written_in_their_types(connection: sa.Connection) -> None:
    keep = Bulk(lambda _dialect: event.insert())
    east = timezone(timedelta(hours=5, minutes=30))
    states = list(EventState)
    rows = [
        {
            "digest": bytes([n]) * 32,
            "body": b"\x00{}\xff",
            "state": state,
            "error": "’ß\U0001f600",
            "attempts": n,
            "retry_at": None if n else AT,
            "received_at": AT.astimezone(east),
        }
        for n, state in enumerate(states)
    ]
    keep.run(connection, rows)
    columns = [event.c[name] for name in rows[0]]
    found = connection.execute(sa.select(*columns).order_by(event.c.attempts)).mappings().all()
    assert [dict(row) for row in found] == rows


def test_nothing_is_done_for_nothing_and_a_second_dialect_gets_a_statement_of_its_own(
    connection: sa.Connection,
) -> None:
    seen: list[str] = []

    def build(dialect: str) -> Any:
        seen.append(dialect)
        return insert_ignore(dialect, preference)

    keep = Bulk(build)
    keep.run(connection, [])
    assert seen == []
    keep.run(connection, [{"name": "a", "value": {"n": 1}}])
    keep.run(connection, [{"name": "b", "value": {"n": 2}}, {"name": "a", "value": {"n": 3}}])
    assert seen == [connection.dialect.name]
    assert preferences(connection) == {"a": {"n": 1}, "b": {"n": 2}}


def test_a_parameter_may_stand_in_several_places_beside_values_of_the_statement(
    connection: sa.Connection,
) -> None:
    table = lease
    until = sa.bindparam("until", type_=table.c.expires_at.type)
    prolong = Bulk(
        lambda _dialect: (
            table.update()
            .where(table.c.name == sa.bindparam("of"), table.c.holder != "nobody")
            .values(expires_at=sa.case((table.c.expires_at < until, until), else_=table.c.expires_at))
        )
    )
    rows = [
        {"name": "early", "holder": "me", "expires_at": AT},
        {"name": "late", "holder": "me", "expires_at": AT + timedelta(days=2)},
        {"name": "free", "holder": "nobody", "expires_at": AT},
    ]
    connection.execute(table.insert(), rows)
    prolong.run(connection, [{"of": row["name"], "until": AT + timedelta(days=1)} for row in rows])
    found = connection.execute(sa.select(table.c.name, table.c.expires_at)).tuples().all()
    days = {"early": 1, "late": 2, "free": 0}
    assert dict(found) == {name: AT + timedelta(days=more) for name, more in days.items()}


def test_a_row_without_a_value_is_refused_not_written_as_nothing(connection: sa.Connection) -> None:
    keep = Bulk(lambda _dialect: preference.insert())
    with pytest.raises(KeyError):
        keep.run(connection, [{"name": "a", "value": {}}, {"name": "b"}])
    assert preferences(connection) == {}


def test_a_default_that_would_be_forgotten_is_refused(connection: sa.Connection) -> None:
    row = {"digest": b"x", "body": b"", "error": "", "attempts": 0, "received_at": AT}
    with pytest.raises(TypeError, match="state"):
        Bulk(lambda _dialect: event.insert()).run(connection, [row])


WORDS = ["", "'", '"', "a,b", "[1]", "\\", "नमस्ते", "null", "x" * 300]


@pytest.mark.parametrize("wanted", [[], ["a"], WORDS, ["nobody"], WORDS * 100])
def test_among_finds_the_texts_that_are_named(connection: sa.Connection, wanted: list[str]) -> None:
    known = [word[:64] for word in [*WORDS, "a", "other"]]
    connection.execute(preference.insert(), [{"name": word, "value": {}} for word in known])
    query = sa.select(preference.c.name).where(among(connection.dialect.name, preference.c.name, "names"))
    found = set(connection.execute(query, {"names": wanted}).scalars())
    assert found == set(wanted) & set(known)
    assert connection.execute(query, {"names": {"a"}}).scalars().all() == ["a"]


def test_among_finds_numbers_up_to_the_largest(connection: sa.Connection) -> None:
    ids = [1, 2, 2**53 + 1, 2**63 - 1]
    rows = [
        {
            "id": of,
            "digest": bytes([n]),
            "body": b"",
            "state": "new",
            "error": "",
            "attempts": 0,
            "received_at": AT,
        }
        for n, of in enumerate(ids)
    ]
    connection.execute(event.insert(), [row | {"state": EventState.NEW} for row in rows])
    query = (
        sa.select(event.c.id).where(among(connection.dialect.name, event.c.id, "ids")).order_by(event.c.id)
    )
    assert connection.execute(query, {"ids": [2**63 - 1, 7, 2**53 + 1]}).scalars().all() == ids[2:]


@pytest.mark.sqlite_only
def test_among_reads_by_the_index(connection: sa.Connection) -> None:
    query = sa.select(event.c.id).where(
        among("sqlite", event.c.digest, "some"), among("sqlite", event.c.id, "ids")
    )
    plan = connection.exec_driver_sql(
        f"EXPLAIN QUERY PLAN {query.compile(dialect=connection.dialect)}", ("[]", "[]")
    ).all()
    assert any(row[3].startswith("SEARCH webhook_event USING") for row in plan), plan


@given(st.datetimes(timezones=st.just(UTC)))
def test_moments_are_written_as_sqlalchemy_writes_them(moment: datetime) -> None:
    written = sa.dialects.sqlite.DATETIME().bind_processor(sa.dialects.sqlite.dialect())
    assert written is not None
    assert _moment(moment) == written(moment)
    assert _moment(moment.replace(tzinfo=None)) == written(moment)
