"""The table of contacts in a workspace of 100,000: each order, the first page and the thousandth, each filter, search.

Timed is what a handler waits for: the page of 50 with tags, custom values and last message, and the count of who
matches. The database is that of ``bench.segments``, made anew in a temporary folder or on a server.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from bench import segments
from bench.common import Report
from bench.inbox import COLUMNS, OWNER, Query, add, opened, timed
from wapto_app.clock import utcnow
from wapto_app.db import make_sync_engine
from wapto_app.models import Contact, Conversation
from wapto_app.models.base import table_of
from wapto_app.services import contacts
from wapto_app.services.contacts import EVERYONE, Cursor, columns
from wapto_app.services.contacts.listing import SORTS
from wapto_app.services.search import following

_FIELD = {"field": "city", "way": "is", "value": "City 7"}
FILTERS: dict[str, dict[str, Any]] = {
    "search: a name": {"search": "maria 99"},
    "search: a number": {"search": "650 209 99"},
    "search: nobody": {"search": "nobody at all"},
    "a common tag": {"tags": [1]},
    "a rare tag": {"tags": [30]},
    "all of two tags": {"tags": [1, 2], "tags_way": "all"},
    "none of two tags": {"tags": [1, 2], "tags_way": "none"},
    "a custom field": {"fields": [_FIELD]},
    "source": {"source": "Fair"},
    "language": {"language": "es"},
    "opted out": {"opt": "out"},
    "blocked": {"blocked": "yes"},
    "created last week": {"created_from": (utcnow() - timedelta(days=7)).date().isoformat()},
    "last message this week": {"last_from": (utcnow() - timedelta(days=7)).date().isoformat()},
}


def build(url: str, people: int) -> None:
    """Contacts differ in what they are sorted and filtered by."""
    segments.build(url, people)
    person, talk = table_of(Contact), table_of(Conversation)
    engine = make_sync_engine(url)
    with engine.begin() as connection:
        for day in range(100):
            at, chosen = utcnow() - timedelta(days=day, minutes=day), person.c.id % 100 == day
            company = {"company": f"Company {day}"} if day % 3 else {}
            given = {
                "source": ("Fair", "Advert", "whatsapp")[day % 3],
                "language": ("en", "es", "pt-BR")[day % 3],
            }
            connection.execute(person.update().where(chosen).values(created_at=at, **given, **company))
            connection.execute(talk.update().where(talk.c.id % 100 == day).values(last_message_at=at))
        connection.execute(person.update().where(person.c.id % 1000 == 0).values(blocked_at=utcnow()))
        while following.follow(connection, [None])[0]:
            pass
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("ANALYZE"))
    engine.dispose()


async def measure(url: str, calls: int, report: Report) -> None:
    async with opened(url) as db:
        for sort in SORTS:
            add(
                report,
                f"first page by {sort}",
                url,
                await timed(db, lambda sort=sort: _page({}, sort), calls),
            )
        for sort in ("name", "-created", "-last"):
            after = await _thousandth(db, sort)
            found = await timed(db, lambda sort=sort, after=after: _page({}, sort, after), calls)
            add(report, f"page 1,000 by {sort}", url, found)
        for name, wanted in FILTERS.items():
            found = await timed(db, lambda wanted=wanted: _page(wanted, "name"), calls)
            add(report, f"page: {name}", url, found)
            counted = await timed(db, lambda wanted=wanted: _count(wanted), calls)
            add(report, f"count: {name}", url, counted)
        add(report, "count of all", url, await timed(db, lambda: _count({}), calls))
        add(
            report,
            "sources and languages",
            url,
            await timed(db, lambda: lambda s: columns.choices(s, OWNER), calls),
        )
        found = await timed(db, lambda: lambda s: contacts.duplicates(s, OWNER), max(3, calls // 10))
        add(report, "duplicates", url, found)


def _filter(wanted: dict[str, Any]) -> Any:
    return {**EVERYONE, **wanted}


def _page(wanted: dict[str, Any], sort: str, after: Cursor | None = None) -> Query:
    return lambda session: contacts.listing(session, OWNER, _filter(wanted), sort=sort, after=after)


def _count(wanted: dict[str, Any]) -> Query:
    return lambda session: contacts.count(session, OWNER, _filter(wanted))


async def _thousandth(db: Any, sort: str) -> Cursor | None:
    """Where it begins: one long page leads there."""
    async with db.read() as session:
        page = await contacts.listing(session, OWNER, EVERYONE, sort=sort, limit=49_950)
    return page.next


@contextmanager
def _databases(options: argparse.Namespace) -> Iterator[list[str]]:
    with tempfile.TemporaryDirectory(prefix="wapto-bench-") as folder:
        urls = [f"sqlite:///{Path(folder) / 'contacts.sqlite3'}"]
        if options.postgres:
            urls.append(segments.on_server(options.postgres, "wapto_bench_contacts"))
        for url in urls:
            build(url, options.contacts)
        yield urls


def main(arguments: Sequence[str] | None = None) -> None:
    options = segments.options_of(arguments, __doc__)
    report = Report("contacts", f"The table of {options.contacts:,} contacts", COLUMNS)
    with _databases(options) as urls:
        for url in urls:
            asyncio.run(measure(url, options.calls, report))
    report.notes.append("A count is read when the filter changes or the list does, not for another page.")
    report.finish(options)


if __name__ == "__main__":
    main()
