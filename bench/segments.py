"""Segments and tags in a workspace of 100,000 contacts: typical rules, counted and sampled as the builder does it.

Timed is what a handler waits for. Each contact has a conversation, three tags and four custom values on average. The
database is made anew in a temporary folder (SQLite), or on a server on which databases may be made.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url

from bench import common, rows
from bench.common import Report
from bench.inbox import COLUMNS, OWNER, Query, add, opened, timed
from bench.install import channel_row
from wapto_app import migrations
from wapto_app.clock import utcnow
from wapto_app.db import make_sync_engine
from wapto_app.models import (
    Account,
    Channel,
    Contact,
    ContactTag,
    Conversation,
    CustomField,
    FieldKind,
    FieldValue,
    Role,
    Tag,
    Visibility,
)
from wapto_app.models.base import table_of
from wapto_app.services import canonical, segments, tags

_TAGS = 30
_CITIES = 200
_FIELDS = (
    ("city", FieldKind.TEXT),
    ("budget", FieldKind.NUMBER),
    ("birthday", FieldKind.DATE),
    ("wish", FieldKind.SELECT),
)
_AGENT = replace(OWNER, account_id=2, role=Role.AGENT, visibility=Visibility.TEAM, team_id=1)


def _every(*asked: Any) -> Any:
    return {"join": "and", "rules": list(asked)}


_RARE = {"field": "tags", "op": "any_of", "items": [30]}
_COMMON = {"field": "tags", "op": "any_of", "items": [1]}
_RICH = {"field": "field:budget", "kind": "number", "op": "greater", "value": "900000"}
_LATELY = {"field": "last_inbound", "op": "last_days", "value": "7"}
_CITY = {"field": "field:city", "kind": "text", "op": "is", "value": "City 7"}
RULES: dict[str, Any] = {
    "a rare tag": _every(_RARE),
    "a common tag": _every(_COMMON),
    "all of two tags": _every({"field": "tags", "op": "all_of", "items": [1, 2]}),
    "none of two tags": _every({"field": "tags", "op": "none_of", "items": [1, 2]}),
    "no tags at all": _every({"field": "tags", "op": "empty"}),
    "a city": _every(_CITY),
    "not that city": _every(_CITY | {"op": "is_not"}),
    "city contains": _every(_CITY | {"op": "contains", "value": "y 19"}),
    "budget above": _every(_RICH),
    "birthday in the next 30 days": _every(
        {"field": "field:birthday", "kind": "date", "op": "next_days", "value": "30"}
    ),
    "name contains": _every({"field": "name", "op": "contains", "value": "maria 99"}),
    "wrote in the last 7 days": _every(_LATELY),
    "last wrote more than 90 days ago": _every({"field": "last_inbound", "op": "older_days", "value": "90"}),
    "tag, city or budget, wrote lately, not opted out": _every(
        _COMMON, {"join": "or", "rules": [_CITY, _RICH]}, _LATELY, {"field": "opted_out", "op": "no"}
    ),
}


def build(url: str, contacts: int) -> None:
    migrations.upgrade(url)
    engine = make_sync_engine(url)
    with engine.begin() as connection:
        rows.insert(connection, Channel, [channel_row(Fernet.generate_key().decode(), "HIGH")])
        owner = Account(id=1, email="owner@bench.example", name="Owner", password_hash="!", role=Role.OWNER)
        rows.insert(connection, Account, [owner.model_dump()])
        rows.customers(connection, contacts, utcnow())
        _spread(connection)
        _fill(connection, contacts)
        if connection.dialect.name == "postgresql":
            connection.execute(sa.text("ANALYZE"))
    engine.dispose()


def _spread(connection: sa.Connection) -> None:
    """Last messages over half a year, a tenth opted out."""
    talks, people = table_of(Conversation), table_of(Contact)
    for days in range(0, 180, 6):
        at = utcnow() - timedelta(days=days)
        connection.execute(talks.update().where(talks.c.id % 30 == days // 6).values(last_inbound_at=at))
    connection.execute(people.update().where(people.c.id % 10 == 0).values(opted_out_at=utcnow()))


def _fill(connection: sa.Connection, contacts: int) -> None:
    chance, now = random.Random(7), utcnow()
    rows.insert(
        connection,
        Tag,
        (Tag(id=n, name=f"Tag {n}", key=f"tag {n}").model_dump() for n in range(1, _TAGS + 1)),
    )
    made = (
        CustomField(id=n, key=key, label=key, kind=kind, position=n)
        for n, (key, kind) in enumerate(_FIELDS, 1)
    )
    rows.insert(connection, CustomField, (field.model_dump() for field in made))
    bearers = (
        {"contact_id": n, "tag_id": tag_id, "by_id": None, "at": now}
        for n in range(1, contacts + 1)
        for tag_id in range(1, _TAGS + 1)
        if chance.random() < 0.8 / tag_id
    )
    rows.insert(connection, ContactTag, bearers)
    rows.insert(
        connection,
        FieldValue,
        (_value(n, each, chance) for n in range(1, contacts + 1) for each in (1, 2, 3, 4)),
    )


def _value(contact_id: int, field_id: int, chance: random.Random) -> dict[str, Any]:
    value = {
        1: f"City {chance.randrange(_CITIES)}",
        2: str(chance.randrange(1_000_000)),
        3: f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}",
        4: chance.choice(("Rent", "Buy", "Office")),
    }[field_id]
    number = float(value) if field_id == 2 else None
    key = canonical.folded(value)
    return FieldValue(
        contact_id=contact_id, field_id=field_id, value=value, key=key, number=number
    ).model_dump()


async def measure(url: str, calls: int, report: Report) -> None:
    async with opened(url) as db:
        for name, asked in RULES.items():
            add(
                report,
                f"preview: {name}",
                url,
                await timed(db, lambda asked=asked: _preview(asked, OWNER), calls),
            )
        asked = RULES["a common tag"]
        add(
            report,
            "the same for an agent of a team",
            url,
            await timed(db, lambda: _preview(asked, _AGENT), calls),
        )
        add(
            report,
            "all tags with counts",
            url,
            await timed(db, lambda: lambda s: tags.all_tags(s, OWNER), calls),
        )
        ids = list(range(1, 51))
        add(report, "chips of 50 contacts", url, await timed(db, lambda: lambda s: tags.chips(s, ids), calls))


def _preview(asked: Any, actor: Any) -> Query:
    return lambda session: segments.preview(session, actor, asked)


@contextmanager
def _databases(options: argparse.Namespace) -> Iterator[list[str]]:
    with tempfile.TemporaryDirectory(prefix="wapto-bench-") as folder:
        urls = [f"sqlite:///{Path(folder) / 'segments.sqlite3'}"]
        if options.postgres:
            urls.append(on_server(options.postgres, "wapto_bench_segments"))
        for url in urls:
            build(url, options.contacts)
        yield urls


def on_server(server: str, name: str) -> str:
    """A new database on a server on which databases may be made."""
    engine = sa.create_engine(
        make_url(server).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        connection.execute(sa.text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))
        connection.execute(sa.text(f'CREATE DATABASE "{name}"'))
    engine.dispose()
    return make_url(server).set(database=name).render_as_string(hide_password=False)


def options_of(arguments: Sequence[str] | None, about: str | None = __doc__) -> argparse.Namespace:
    parser = common.parser(about)
    parser.add_argument("--contacts", type=int, default=100_000)
    parser.add_argument("--calls", type=int, default=30, help="of each query")
    known = os.environ.get("WAPTO_TEST_POSTGRES", "")
    parser.add_argument("--postgres", default=known, help="also measure on this server (postgresql://…)")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    report = Report("segments", f"Segments over {options.contacts:,} contacts", COLUMNS)
    with _databases(options) as urls:
        for url in urls:
            asyncio.run(measure(url, options.calls, report))
    report.notes.append("A preview counts everybody who fits and reads the ten newest of them.")
    report.finish(options)


if __name__ == "__main__":
    main()
