"""The queries of the review page over 1,000,000 events of a year, by 20 agents in four teams.

Timed is what a handler waits for: session, queries, percentiles, rows. Recording is timed as what it adds to applying
messages: per customer who begins to wait, and per message of one who waits already.
"""

from __future__ import annotations

import argparse
import asyncio
import random
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from bench import common, rows
from bench.common import RESULTS, Report
from bench.inbox import COLUMNS, OWNER, Query, Taken, add, duration, opened, rolled_back, timed
from wapto_app import migrations
from wapto_app.clock import utcnow
from wapto_app.db import make_sync_engine
from wapto_app.models import Account, Channel, Contact, Conversation, DeskEvent, DeskKind, Role, Team
from wapto_app.services import desk, review
from wapto_app.services.review import Figure, Period

_CONVERSATIONS = 100_000
_AGENTS, _TEAMS = 20, 4
_SHARES = {
    DeskKind.INBOUND_STARTED: 20,
    DeskKind.FIRST_REPLY: 20,
    DeskKind.REPLY: 30,
    DeskKind.ASSIGNED: 12,
    DeskKind.RESOLVED: 12,
    DeskKind.REOPENED: 5,
    DeskKind.WINDOW_MISSED: 1,
}
_TIMED = (DeskKind.FIRST_REPLY, DeskKind.RESOLVED)


def build(url: str, events: int, days: int) -> None:
    migrations.upgrade(url)
    engine = make_sync_engine(url)
    with engine.begin() as connection:
        _people(connection)
        rows.insert(connection, DeskEvent, _events(events, days))
        connection.execute(sa.text("ANALYZE"))
    engine.dispose()


def _people(connection: sa.Connection) -> None:
    rows.insert(
        connection,
        Channel,
        [{"id": 1, "phone_number_id": "1", "waba_id": "1", "display_phone_number": "+1"} | _CHANNEL],
    )
    rows.insert(connection, Team, ({"id": n, "name": f"Team {n}"} | _TEAM for n in range(1, _TEAMS + 1)))
    rows.insert(connection, Account, map(_account, range(1, _AGENTS + 2)))
    now = utcnow()
    contacts = ({"name": f"Customer {n}", "created_at": now} | _CONTACT for n in range(_CONVERSATIONS))
    rows.insert(connection, Contact, contacts)
    talks = range(1, _CONVERSATIONS + 1)
    about = _CONVERSATION | {"last_message_at": now, "created_at": now}
    rows.insert(connection, Conversation, (about | {"contact_id": n} for n in talks))


def _account(n: int) -> dict[str, Any]:
    role = Role.OWNER if n == 1 else Role.AGENT
    account = Account(
        id=n,
        email=f"agent{n}@example.com",
        name=f"Agent {n}",
        password_hash="!",
        role=role,
        team_id=None if n == 1 else 1 + n % _TEAMS,
    )
    return account.model_dump()


_CHANNEL = Channel(phone_number_id="", waba_id="", display_phone_number="").model_dump(
    exclude={"id", "phone_number_id", "waba_id", "display_phone_number"}
)
_TEAM = Team(name="").model_dump(exclude={"id", "name"})
_CONTACT = Contact(name="").model_dump(exclude={"id", "name", "created_at"})
_CONVERSATION = Conversation(contact_id=0, channel_id=1).model_dump(
    exclude={"id", "contact_id", "last_message_at", "created_at"}
)


def _events(count: int, days: int) -> Iterator[dict[str, Any]]:
    chance, now = random.Random(1), utcnow()
    kinds, weights = list(_SHARES), list(_SHARES.values())
    for n in range(count):
        kind, agent = chance.choices(kinds, weights)[0], chance.randint(2, _AGENTS + 1)
        is_nobodys = kind is DeskKind.INBOUND_STARTED
        yield {
            "conversation_id": chance.randint(1, _CONVERSATIONS),
            "kind": kind,
            "at": now - timedelta(days=days * (count - n) / count),
            "account_id": None if is_nobodys else agent,
            "team_id": 1 + agent % _TEAMS,
            "seconds": int(chance.lognormvariate(6, 1.5)) if kind in _TIMED else None,
            "detail": {},
        }


def sqlite_url(events: int, days: int) -> str:
    """The kept database, built when it is missing or of another revision."""
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"review-{events}-{days}-{migrations.head()}.sqlite3"
    if not path.exists():
        unfinished = RESULTS / f"unfinished-{path.name}"
        for old in Path(RESULTS).glob(f"{unfinished.name}*"):
            old.unlink()
        build(f"sqlite:///{unfinished}", events, days)
        unfinished.rename(path)
    return f"sqlite:///{path}"


def _period(days: int) -> Period:
    today = utcnow().date()
    return Period(today - timedelta(days=days - 1), today, ZoneInfo("UTC"))


def questions(chance: random.Random) -> dict[str, Callable[[], Query]]:
    found: dict[str, Callable[[], Query]] = {}
    for days in (1, 7, 30, 90):
        during = _period(days)
        board = partial(_board, during)
        found[f"figures of all agents, {days} days"] = lambda board=board: board
        bars = partial(_bars, during)
        found[f"chart, {days} days"] = lambda bars=bars: bars
    month = _period(30)
    found["figures of all teams, 30 days"] = lambda: partial(_teams, month)
    found["behind a figure, 30 days"] = lambda: partial(_behind, month, chance.randint(2, _AGENTS + 1))
    return found


async def _board(during: Period, session: Any) -> object:
    return await review.board(session, OWNER, during)


async def _bars(during: Period, session: Any) -> object:
    return await review.bars(session, OWNER, during)


async def _teams(during: Period, session: Any) -> object:
    return await review.teams_board(session, OWNER, during)


async def _behind(during: Period, agent: int, session: Any) -> object:
    return await review.conversations(session, OWNER, during, Figure.FIRST_REPLY, agent_id=agent)


async def measure(url: str, calls: int, report: Report) -> None:
    async with opened(url) as db:
        for name, make in questions(random.Random(2)).items():
            add(report, name, url, await timed(db, make, calls))


def measure_recording(url: str, calls: int, report: Report) -> None:
    """200 messages at once, as a batch of ingest has them."""
    with rolled_back(url) as connection:
        begins: list[Taken] = []
        waits: list[Taken] = []
        for n in range(calls):
            said = [desk.Said(1 + (200 * n + k) % _CONVERSATIONS, utcnow()) for k in range(200)]
            begins.append(duration(partial(desk.arrived, connection, said)))
            waits.append(duration(partial(desk.arrived, connection, said)))
    add(report, "200 customers begin to wait", url, begins)
    add(report, "200 messages of those who wait", url, waits)


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = common.parser(__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--days", type=int, default=365, help="over which they are spread")
    parser.add_argument("--calls", type=int, default=100, help="of each query")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    url = sqlite_url(options.events, options.days)
    report = Report("review", f"Review page over {options.events:,} events of {options.days} days", COLUMNS)
    asyncio.run(measure(url, options.calls, report))
    measure_recording(url, min(options.calls, 100), report)
    report.finish(options)


if __name__ == "__main__":
    main()
