"""One writer, honest commits, and wake-ups only for what is really there."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Sequence

import pytest
import sqlalchemy as sa
from sqlmodel import select

from wapto_app.clock import utcnow
from wapto_app.db import Database, Writer, WriterStopped, async_url, sync_url, touch
from wapto_app.models import Lease, Preference

preference = Preference.__table__  # type: ignore[attr-defined]


@pytest.fixture
async def published(database_url: str) -> AsyncIterator[tuple[Database, list[frozenset[str]]]]:
    topics: list[frozenset[str]] = []
    database = Database(database_url, publish=topics.append)
    yield database, topics
    await database.close()


@pytest.fixture
async def writer(database_url: str) -> AsyncIterator[Writer]:
    made = Writer(database_url)
    made.start()
    yield made
    await made.stop()


def insert(connection: sa.Connection, names: list[str]) -> Sequence[int]:
    connection.execute(preference.insert(), [{"name": name, "value": {}} for name in names])
    return [len(names)] * len(names)


async def names(database: Database) -> list[str]:
    async with database.read() as session:
        return list((await session.exec(select(Preference.name).order_by(Preference.name))).all())


@pytest.mark.parametrize(
    ("url", "driver"),
    [
        ("sqlite:////tmp/x.db", "sqlite+aiosqlite:////tmp/x.db"),
        (
            "postgresql://u:p%40ss@host/db?sslmode=require",
            "postgresql+psycopg://u:p%40ss@host/db?sslmode=require",
        ),
    ],
)
def test_any_way_to_write_the_url_reaches_our_driver(url: str, driver: str) -> None:
    assert async_url(url) == driver
    assert sync_url(url) == driver.replace("sqlite+aiosqlite", "sqlite")


async def test_topics_are_published_after_the_commit_and_once(
    published: tuple[Database, list[frozenset[str]]],
) -> None:
    database, topics = published
    async with database.write() as session:
        session.add(Preference(name="a"))
        touch(session, "inbox", "contact:1")
        touch(session, "inbox")
        assert topics == []
    assert topics == [frozenset({"inbox", "contact:1"})]
    assert await names(database) == ["a"]


async def test_a_unit_of_work_that_fails_writes_and_publishes_nothing(
    published: tuple[Database, list[frozenset[str]]],
) -> None:
    database, topics = published

    async def fail() -> None:
        async with database.write() as session:
            session.add(Preference(name="a"))
            touch(session, "inbox")
            await session.flush()
            raise ValueError("changed my mind")

    with pytest.raises(ValueError, match="changed my mind"):
        await fail()
    assert topics == []
    assert await names(database) == []


async def test_many_units_that_read_before_they_write_neither_fail_nor_lose_a_count(
    published: tuple[Database, list[frozenset[str]]],
) -> None:
    """SQLite answers "database is locked" at once when a read transaction turns into a write."""
    database, _topics = published
    async with database.write() as session:
        session.add(Preference(name="counter", value={"n": 0}))

    async def increment() -> None:
        async with database.write() as session:
            query = select(Preference).where(Preference.name == "counter").with_for_update()
            row = (await session.exec(query)).one()
            await asyncio.sleep(0.001)
            row.value = {"n": row.value["n"] + 1}
            session.add(row)

    await asyncio.gather(*(increment() for _ in range(30)))
    async with database.read() as session:
        row = (await session.exec(select(Preference))).one()
    assert row.value == {"n": 30}


async def test_times_come_back_aware_and_in_utc(published: tuple[Database, list[frozenset[str]]]) -> None:
    database, _topics = published
    now = utcnow()
    async with database.write() as session:
        session.add(Lease(name="x", holder="me", expires_at=now))
    async with database.read() as session:
        assert (await session.exec(select(Lease.expires_at))).one() == now


async def test_what_was_written_is_answered_only_when_another_connection_can_see_it(
    writer: Writer, published: tuple[Database, list[frozenset[str]]]
) -> None:
    await writer.run(insert, "a")
    assert await names(published[0]) == ["a"]


async def test_what_arrives_meanwhile_shares_one_commit(writer: Writer) -> None:
    gate = threading.Event()

    def hold(_connection: sa.Connection, items: list[None]) -> Sequence[None]:
        gate.wait(5)
        return items

    held = asyncio.create_task(writer.run(hold, None))
    await asyncio.sleep(0.05)
    waiting = [asyncio.create_task(writer.run(insert, f"n{number:03d}")) for number in range(100)]
    await asyncio.sleep(0.05)
    gate.set()
    await held
    assert set(await asyncio.gather(*waiting)) == {100}


async def test_a_poisoned_item_fails_alone(
    writer: Writer, published: tuple[Database, list[frozenset[str]]]
) -> None:
    results = await asyncio.gather(
        *(writer.run(insert, name) for name in ("a", "b", "b", "c")), return_exceptions=True
    )
    assert await names(published[0]) == ["a", "b", "c"]
    assert sum(isinstance(result, sa.exc.IntegrityError) for result in results) == 1


async def test_what_shares_a_transaction_with_a_failure_is_written_once(
    writer: Writer, published: tuple[Database, list[frozenset[str]]]
) -> None:
    gate = threading.Event()
    calls: list[str] = []

    def hold(_connection: sa.Connection, items: list[None]) -> Sequence[None]:
        gate.wait(5)
        return items

    def noted(connection: sa.Connection, items: list[str]) -> Sequence[int]:
        calls.extend(items)
        return insert(connection, items)

    def fails(connection: sa.Connection, items: list[str]) -> Sequence[int]:
        insert(connection, items)
        raise ValueError(items[0])

    held = asyncio.create_task(writer.run(hold, None))
    await asyncio.sleep(0.05)
    company = [
        asyncio.create_task(writer.run(operation, name))
        for operation, name in ((noted, "a"), (fails, "ghost"), (fails, "spirit"), (noted, "b"))
    ]
    await asyncio.sleep(0.05)
    gate.set()
    await held
    results = await asyncio.gather(*company, return_exceptions=True)
    assert [type(result) for result in results] == [int, ValueError, ValueError, int]
    assert await names(published[0]) == ["a", "b"]
    assert calls == ["a", "a", "b"]


@pytest.mark.sqlite_only
async def test_on_a_full_disk_nothing_of_a_transaction_is_written_and_nobody_is_told_that_it_was(
    writer: Writer, published: tuple[Database, list[frozenset[str]]]
) -> None:
    """SQLite then ends the transaction by itself: what comes after would stand in none, and be written alone."""
    gate = threading.Event()

    def fill(connection: sa.Connection, items: list[None]) -> Sequence[None]:
        gate.wait(5)
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 1}")
        return items

    def make_room(connection: sa.Connection, items: list[None]) -> Sequence[None]:
        connection.exec_driver_sql("PRAGMA max_page_count = 1073741823")
        return items

    def large(connection: sa.Connection, items: list[str]) -> Sequence[int]:
        connection.execute(sa.text("CREATE TABLE large AS SELECT zeroblob(1000000) AS room"))
        return [0 for _item in items]

    first = asyncio.create_task(writer.run(fill, None))
    await asyncio.sleep(0.05)
    waiting = [
        asyncio.create_task(writer.run(operation, name))
        for operation, name in ((insert, "before"), (large, "large"), (insert, "after"))
    ]
    await asyncio.sleep(0.05)
    gate.set()
    await first
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, sa.exc.OperationalError) for result in results), results
    assert await names(published[0]) == []
    assert writer.disk.is_full
    await writer.run(make_room, None)
    await writer.run(insert, "again")
    assert await names(published[0]) == ["again"]


async def test_different_operations_keep_their_order(
    writer: Writer, published: tuple[Database, list[frozenset[str]]]
) -> None:
    def rename(connection: sa.Connection, pairs: list[tuple[str, str]]) -> Sequence[int]:
        return [
            connection.execute(preference.update().where(preference.c.name == old).values(name=new)).rowcount
            for old, new in pairs
        ]

    first = asyncio.create_task(writer.run(insert, "a"))
    second = asyncio.create_task(writer.run(rename, ("a", "b")))
    third = asyncio.create_task(writer.run(insert, "a"))
    assert [await first, await second, await third] == [1, 1, 1]
    assert await names(published[0]) == ["a", "b"]


async def test_stopping_finishes_what_was_accepted_and_refuses_the_rest(
    database_url: str, published: tuple[Database, list[frozenset[str]]]
) -> None:
    writer = Writer(database_url)
    writer.start()
    accepted = [asyncio.create_task(writer.run(insert, f"n{number}")) for number in range(20)]
    await asyncio.sleep(0)
    await writer.stop()
    await asyncio.gather(*accepted)
    assert len(await names(published[0])) == 20
    with pytest.raises(WriterStopped):
        await writer.run(insert, "late")


@pytest.mark.sqlite_only
@pytest.mark.usefixtures("durable")
async def test_sqlite_is_durable_enforces_references_and_waits_for_locks(
    published: tuple[Database, list[frozenset[str]]],
) -> None:
    pragmas = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 10000}
    async with published[0].engine.connect() as connection:
        found = {name: (await connection.exec_driver_sql(f"PRAGMA {name}")).scalar() for name in pragmas}
    assert found == pragmas
