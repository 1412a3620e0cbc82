"""The inbox's own queries in a workspace of 100,000 conversations and 1,000,000 messages.

Timed is what a handler waits for: session, query, rows for the screen. The steps of the writer are timed without their
commit, in a transaction that is rolled back. The database is built once and kept in ``bench/results/``.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial

import sqlalchemy as sa
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url
from sqlmodel.ext.asyncio.session import AsyncSession

from bench import common, rows
from bench.common import RESULTS, Report, percentile
from bench.install import CHANNEL
from bench.webhooks import Traffic
from bench.workspace import Workspace
from wapto_app import migrations
from wapto_app.clock import utcnow
from wapto_app.db import Database, fetch, make_sync_engine
from wapto_app.models import Conversation, Message, Role
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, permissions_of
from wapto_app.services import contacts, inbox, ingest, leases, outbox
from wapto_app.services.outbox import claims

COLUMNS = ("query", "database", "calls", "p50 ms", "p99 ms", "max ms", "CPU ms each")
BUSIEST = 1
OWNER = Actor(1, Role.OWNER, "Owner", permissions=permissions_of(Role.OWNER, is_admin=False))
_CLAIM = 20
_WARM_UP = 5
_BID = leases.Bid(f"sender:{CHANNEL}", "bench")

Query = Callable[[AsyncSession], Awaitable[object]]
Step = Callable[[], None]
Taken = tuple[float, float]
"""Milliseconds on the wall clock, and of processor time in all threads."""


class RollBack(Exception):
    """Leave the database as it was."""


def build(url: str, workspace: Workspace) -> None:
    migrations.upgrade(url)
    engine = make_sync_engine(url)
    with engine.begin() as connection:
        workspace.build(connection, Fernet.generate_key().decode())
    engine.dispose()


def sqlite_url(workspace: Workspace) -> str:
    """The kept database, built when it is missing or of another revision."""
    RESULTS.mkdir(exist_ok=True)
    name = f"inbox-{workspace.conversations}-{workspace.messages}-{migrations.head()}.sqlite3"
    path = RESULTS / name
    if not path.exists():
        unfinished = RESULTS / f"unfinished-{name}"
        for old in RESULTS.glob(f"unfinished-{name}*"):
            old.unlink()
        build(f"sqlite:///{unfinished}", workspace)
        unfinished.rename(path)
    return f"sqlite:///{path}"


def postgresql_url(server: str, workspace: Workspace) -> str:
    """The kept database on a server on which databases may be made."""
    name = f"wapto_bench_{workspace.conversations}_{workspace.messages}_{migrations.head()}"
    url = make_url(server).set(database=name).render_as_string(hide_password=False)
    engine = sa.create_engine(
        make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    try:
        with engine.connect() as connection:
            known = connection.execute(
                sa.text("SELECT 1 FROM pg_database WHERE datname = :name"), {"name": name}
            )
            if known.first():
                return url
            connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
            try:
                build(url, workspace)
            except BaseException:
                connection.execute(sa.text(f'DROP DATABASE "{name}" WITH (FORCE)'))
                raise
    finally:
        engine.dispose()
    return url


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[Database]:
    db = Database(url)
    try:
        yield db
    finally:
        await db.close()


async def timed(db: Database, make: Callable[[], Query], calls: int) -> list[Taken]:
    """How long each call took, after a few that warm up."""
    taken: list[Taken] = []
    for number in range(calls + _WARM_UP):
        query = make()
        started = _now()
        async with db.read() as session:
            await query(session)
        if number >= _WARM_UP:
            taken.append(_since(started))
    return taken


class Questions:
    """What the pages ask, each about something else at every call."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._chance = random.Random(2)
        self._places: list[int] = []

    async def look_around(self, db: Database) -> None:
        """Find places to page from in the busiest conversation."""
        table = table_of(Message)
        query = sa.select(table.c.id).where(table.c.conversation_id == BUSIEST).order_by(table.c.id)
        async with db.read() as session:
            self._places = [row.id for row in await fetch(session, query)]

    def all(self) -> dict[str, Callable[[], Query]]:
        return {
            "list: newest 50": lambda: partial(_listing, limit=inbox.PAGE),
            "list: newest 500": lambda: partial(_listing, limit=500),
            "list: unread 50": lambda: partial(_listing, unread_only=True),
            "badge: unread conversations": lambda: lambda session: inbox.unread_total(session, OWNER),
            "open any conversation": lambda: self._open(
                1 + self._chance.randrange(self._workspace.conversations)
            ),
            "open the busiest": lambda: self._open(BUSIEST),
            "page up, deep in the busiest": self._older,
            "re-read after paging up": self._after,
            "contact panel": self._card,
            "outbox depth (metrics)": lambda: outbox.depth,
        }

    def _open(self, conversation: int) -> Query:
        async def ask(session: AsyncSession) -> object:
            head = await inbox.header(session, OWNER, conversation)
            return head, await inbox.recent(session, OWNER, conversation)

        return ask

    def _older(self) -> Query:
        place = self._chance.choice(self._places[inbox.PAGE :])
        return lambda session: inbox.older(session, OWNER, BUSIEST, before_id=place)

    def _after(self) -> Query:
        place = self._places[-self._chance.randint(50, 200)]
        return lambda session: inbox.recent(session, OWNER, BUSIEST, after_id=place)

    def _card(self) -> Query:
        contact = 1 + self._chance.randrange(self._workspace.conversations)
        return lambda session: contacts.card(session, OWNER, contact)


async def _listing(session: AsyncSession, *, limit: int = inbox.PAGE, unread_only: bool = False) -> object:
    return await inbox.listing(session, OWNER, unread_only=unread_only, limit=limit)


async def measure_queries(url: str, workspace: Workspace, calls: int, report: Report) -> None:
    questions = Questions(workspace)
    async with opened(url) as db:
        await questions.look_around(db)
        for name, make in questions.all().items():
            add(report, name, url, await timed(db, make, calls))


def measure_writer(url: str, workspace: Workspace, calls: int, report: Report) -> None:
    """The writer's operations, without the commit that many of them share."""
    for name, steps in (
        ("apply a report", partial(_applying, kind=b'"statuses"', at_once=1)),
        ("apply a message", partial(_applying, kind=b'"messages":[', at_once=1)),
        ("apply 200 deliveries", partial(_applying, kind=b"", at_once=200)),
        (f"claim {_CLAIM} messages", _claiming),
    ):
        with rolled_back(url) as connection:
            taken = [duration(step) for step in steps(connection, workspace, calls)]
        add(report, name, url, taken[len(taken) // 20 :])


@contextmanager
def rolled_back(url: str) -> Iterator[sa.Connection]:
    engine = make_sync_engine(url)
    try:
        with engine.begin() as connection:
            yield connection
            raise RollBack
    except RollBack:
        engine.dispose()


def duration(step: Step) -> Taken:
    started = _now()
    step()
    return _since(started)


def _now() -> Taken:
    return time.perf_counter() * 1000, time.process_time() * 1000


def _since(started: Taken) -> Taken:
    now = _now()
    return now[0] - started[0], now[1] - started[1]


def _applying(
    connection: sa.Connection, workspace: Workspace, calls: int, *, kind: bytes, at_once: int
) -> Iterator[Step]:
    """Reports about messages that are there, and messages of customers that are known."""
    count = calls if at_once == 1 else max(10, calls // 10)
    total = count * at_once * (4 if kind else 1)
    traffic = Traffic(total, workspace.conversations, utcnow(), first_message=workspace.messages + 1)
    traffic.seed(connection)
    rows.go_on_after(connection, Message)
    bodies = [body for body in traffic.bodies() if kind in body]
    for start in range(0, count * at_once, at_once):
        _store(connection, bodies[start : start + at_once])
        yield lambda: _must(ingest.apply_pending(connection, [None])[0].applied == at_once)


def _store(connection: sa.Connection, bodies: list[bytes]) -> None:
    ingest.store(connection, [ingest.RawEvent(body) for body in bodies])


def _claiming(connection: sa.Connection, workspace: Workspace, calls: int) -> Iterator[Step]:
    """From a queue that is longer than what is taken, in conversations with an open window."""
    now = utcnow()
    count = min(calls * _CLAIM * 2, workspace.conversations)
    connection.execute(table_of(Conversation).update().values(last_inbound_at=now))
    row = rows.text_message(now, body="queued")
    queued = (row | {"conversation_id": n, "recipient": f"+{rows.digits(n)}"} for n in range(1, count + 1))
    rows.insert(connection, Message, queued)
    wanted = claims.Claim(CHANNEL, _CLAIM, _BID)
    for _ in range(min(calls, count // _CLAIM // 2)):
        _must(leases.acquire(connection, [_BID])[0])
        yield lambda: _must(len(claims.claim(connection, [wanted])[0].claimed) == _CLAIM)


def _must(is_right: bool) -> None:
    if not is_right:
        raise RuntimeError("The measured operation did not do its work.")


def add(report: Report, name: str, url: str, taken: list[Taken]) -> None:
    kind = "PostgreSQL" if url.startswith("postgresql") else "SQLite"
    wall = [each[0] for each in taken]
    cpu = sum(each[1] for each in taken) / len(taken)
    report.add(name, kind, len(taken), percentile(wall, 50), percentile(wall, 99), max(wall), cpu)


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = common.parser(__doc__)
    parser.add_argument("--conversations", type=int, default=100_000, help="as many customers")
    parser.add_argument("--messages", type=int, default=1_000_000, help="in all of them together")
    parser.add_argument("--calls", type=int, default=300, help="of each query")
    known = os.environ.get("WAPTO_TEST_POSTGRES", "")
    parser.add_argument("--postgres", default=known, help="also measure on this server (postgresql://…)")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    workspace = Workspace(options.conversations, options.messages)
    urls = [sqlite_url(workspace)]
    if options.postgres:
        urls.append(postgresql_url(options.postgres, workspace))
    title = f"Inbox with {options.conversations:,} conversations and {options.messages:,} messages"
    report = Report("inbox", title, COLUMNS)
    for url in urls:
        asyncio.run(measure_queries(url, workspace, options.calls, report))
        measure_writer(url, workspace, options.calls, report)
    report.finish(options)


if __name__ == "__main__":
    main()
