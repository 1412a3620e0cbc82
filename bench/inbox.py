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
from dataclasses import replace
from functools import partial

import sqlalchemy as sa
import time_machine
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url
from sqlmodel.ext.asyncio.session import AsyncSession

from bench import common, rows
from bench.common import RESULTS, Report, percentile
from bench.install import CHANNEL
from bench.webhooks import Traffic
from bench.workspace import AGENTS, ENDS, RARE_TAG, TEAMS, Workspace, order_number
from wapto_app import migrations
from wapto_app.clock import utcnow
from wapto_app.db import Database, fetch, make_sync_engine
from wapto_app.models import Conversation, Message, Role, Visibility
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, permissions_of
from wapto_app.services import contacts, inbox, ingest, leases, outbox, search
from wapto_app.services.inbox import InboxFilter, filters
from wapto_app.services.inbox.listing import Place
from wapto_app.services.outbox import claims

COLUMNS = ("query", "database", "calls", "p50 ms", "p99 ms", "max ms", "CPU ms each")
BUSIEST = 1
OWNER = Actor(1, Role.OWNER, "Owner", permissions=permissions_of(Role.OWNER, is_admin=False))
_CLAIM = 20
_WARM_UP = 5
_DEEP = 999 * inbox.PAGE
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
        self._deep_places: list[Place] = []

    async def look_around(self, db: Database) -> None:
        """Find places to page from in the busiest conversation."""
        table = table_of(Message)
        query = sa.select(table.c.id).where(table.c.conversation_id == BUSIEST).order_by(table.c.id)
        talk = table_of(Conversation)
        deep = sa.select(talk.c.last_message_at, talk.c.id).order_by(
            talk.c.last_message_at.desc(), talk.c.id.desc()
        )
        async with db.read() as session:
            self._places = [row.id for row in await fetch(session, query)]
            beyond = min(_DEEP, self._workspace.conversations // 2)
            self._deep_places = [Place(*row) for row in await fetch(session, deep.offset(beyond).limit(200))]

    def all(self) -> dict[str, Callable[[], Query]]:
        return {
            **self._lists(),
            **self._searches(),
            "counts of the tabs": lambda: lambda session: inbox.workload(session, OWNER),
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

    def _lists(self) -> dict[str, Callable[[], Query]]:
        """Each filter and order by itself, some together, and for agents who see less."""
        chance, every, team = (
            self._chance,
            filters.EVERYTHING,
            replace(OWNER, visibility=Visibility.TEAM, team_id=1),
        )
        agent = partial(chance.randint, 2, AGENTS + 1)
        cases: dict[str, Callable[[], tuple[Actor, InboxFilter]]] = {
            "what there is to do": lambda: (OWNER, InboxFilter()),
            "everything": lambda: (OWNER, every),
            "unread": lambda: (OWNER, replace(every, unread=True)),
            "unreplied": lambda: (OWNER, replace(every, unreplied=True)),
            "unassigned": lambda: (OWNER, InboxFilter(tab=filters.Tab.UNASSIGNED)),
            "one agent": lambda: (OWNER, InboxFilter(agent=agent())),
            "one team": lambda: (OWNER, InboxFilter(team=chance.randint(1, TEAMS))),
            "common tag": lambda: (OWNER, InboxFilter(tags=(1,))),
            "rare tag": lambda: (OWNER, replace(every, tags=(RARE_TAG,))),
            "any of three tags": lambda: (OWNER, InboxFilter(tags=(5, 9, 20))),
            "all of two tags": lambda: (OWNER, replace(every, tags=(2, 7), every_tag=True)),
            "snoozed": lambda: (OWNER, InboxFilter(statuses=("snoozed",))),
            "one number": lambda: (OWNER, InboxFilter(number=CHANNEL)),
            "one week": lambda: (OWNER, replace(every, since="2025-06-02", until="2025-06-08")),
            "window open": lambda: (OWNER, replace(every, window="open")),
            "tag + agent + unread": lambda: (OWNER, InboxFilter(tags=(3,), agent=agent(), unread=True)),
            "waiting longest": lambda: (OWNER, InboxFilter(sort=filters.Sort.WAITING)),
            "closing soonest": lambda: (OWNER, replace(every, sort=filters.Sort.CLOSING)),
            "of a team's agent": lambda: (team, InboxFilter()),
            "of a team's agent, common tag": lambda: (team, InboxFilter(tags=(1,))),
        }
        return {f"list: {name}": partial(self._list, make) for name, make in cases.items()} | {
            "list: page 1,000": self._deep
        }

    def _list(self, make: Callable[[], tuple[Actor, InboxFilter]]) -> Query:
        actor, wanted = make()
        return lambda session: inbox.listing(session, actor, wanted)

    def _deep(self) -> Query:
        """Where the thousandth page begins: conversations are in the order of their newest messages."""
        place = self._chance.choice(self._deep_places)
        return lambda session: inbox.listing(session, OWNER, filters.EVERYTHING, start=place)

    def _searches(self) -> dict[str, Callable[[], Query]]:
        chance, last = self._chance, self._workspace.messages // 10
        words = ("garden", "नमस्ते", "invoice", "saturday")

        def order() -> str:
            return order_number(10 * chance.randint(1, last))

        def customer() -> int:
            return 1 + chance.randrange(self._workspace.conversations)

        texts: dict[str, Callable[[], str]] = {
            "word": lambda: chance.choice(words),
            "two words": lambda: " ".join(chance.sample(words, 2)),
            "prefix": lambda: chance.choice(("gard", "avail", "toda")),
            "short prefix": lambda: chance.choice(("th", "pr", "de")),
            "order number": order,
            "fragment of an order number": lambda: order()[3:8],
            "what is nowhere": lambda: "xyzzy plugh",
        }
        people: dict[str, Callable[[], str]] = {
            "name": lambda: rows.name_of(customer()),
            "common first name": lambda: chance.choice(("maria", "wei")),
            "part of a number": lambda: rows.digits(customer())[-6:],
        }
        return {f"search: {name}": partial(self._search, make) for name, make in texts.items()} | {
            f"search people: {name}": partial(self._find, make) for name, make in people.items()
        }

    def _search(self, make: Callable[[], str]) -> Query:
        text = make()
        return lambda session: search.messages(session, OWNER, text)

    def _find(self, make: Callable[[], str]) -> Query:
        text = make()
        return lambda session: inbox.people(session, OWNER, text)

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
        with time_machine.travel(ENDS):  # the windows of the last day are open
            asyncio.run(measure_queries(url, workspace, options.calls, report))
        measure_writer(url, workspace, options.calls, report)
    report.finish(options)


if __name__ == "__main__":
    main()
