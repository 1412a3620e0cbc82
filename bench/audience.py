"""Who gets a campaign: counted while somebody chooses, written down when it starts, and filled in for the sender.

Counts are what a handler waits for, over contacts that each have a number and some tags, one in ten opted out. Building
writes one row for each of them. The database is made anew in a temporary folder (SQLite), or on a server.
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import sqlalchemy as sa
from sqlmodel import col

from bench import segments as made
from bench.common import Report
from bench.inbox import COLUMNS, OWNER, Query, add, opened, timed
from wapto_app.clock import utcnow
from wapto_app.db import Database
from wapto_app.models import Campaign, CampaignRecipient, CampaignState, CampaignVariant, Segment, Template
from wapto_app.services.campaigns import audience, building
from wapto_app.services.campaigns.audience import Audience
from wapto_app.services.campaigns.filler import Filler

_AGENT = made._AGENT
_RULES = {
    "body.1": {"source": "contact", "name": "first_name", "fallback": "friend"},
    "body.2": {"source": "field", "name": "city", "fallback": "town"},
    "body.3": {"source": "fixed", "name": "Friday", "fallback": ""},
}
AUDIENCES: dict[str, dict[str, Any]] = {
    "everybody": {"everyone": True},
    "everybody, none of them lately": {"everyone": True, "not_within_days": 7},
    "a common tag": {"tags": [1]},
    "three tags without a fourth": {"tags": [1, 2, 3], "without_tags": [4]},
    "a segment and a tag": {"segments": [1], "tags": [5]},
}


def _audience(**parts: Any) -> Audience:
    return audience.read({**audience.nobody(), **parts})


def prepare(url: str, contacts: int) -> None:
    made.build(url, contacts)
    engine = made.make_sync_engine(url)
    with engine.begin() as connection:
        waba = connection.execute(sa.text("SELECT waba_id FROM channel")).scalar_one()
    engine.dispose()
    asyncio.run(_add_template(url, waba))


async def _add_template(url: str, waba: str) -> None:
    async with opened(url) as db, db.write() as session:
        text = "Hello {{1}}, there is news in {{2}} until {{3}}."
        session.add(
            Template(
                id=1,
                waba_id=waba,
                name="news",
                language="en",
                status="APPROVED",
                category="MARKETING",
                components=[{"type": "BODY", "text": text}],
            )
        )
        session.add(Segment(id=1, name="Rich", key="rich", rules=made.RULES["budget above"]))


async def measure(url: str, options: argparse.Namespace, report: Report) -> None:
    async with opened(url) as db:
        campaign_id = await _build(db, url, report, "now")
        await _fill(db, url, report, campaign_id)
        for name, parts in AUDIENCES.items():
            wanted = _audience(**parts)
            add(
                report,
                f"count: {name}",
                url,
                await timed(db, lambda w=wanted: _count(w, OWNER), options.calls),
            )
        wanted = _audience(**AUDIENCES["a common tag"])
        for name, actor in (("an agent of a team", _AGENT),):
            add(
                report,
                f"the same for {name}",
                url,
                await timed(db, lambda a=actor: _count(wanted, a), options.calls),
            )
        await _build(db, url, report, "at each recipient's 9:00, quiet nights", is_local=True, quiet=True)


def _count(wanted: Audience, actor: Any) -> Query:
    return lambda session: audience.summary(session, actor, wanted, 1)


async def _build(
    db: Database, url: str, report: Report, name: str, *, is_local: bool = False, quiet: bool = False
) -> int:
    row = Campaign(
        name=name,
        state=CampaignState.BUILDING,
        channel_id=1,
        audience=dict(_audience(everyone=True)),
        started_at=utcnow(),
        run_at=utcnow() if is_local else None,
        is_local=is_local,
        quiet_from="21:00" if quiet else "",
        quiet_until="09:00" if quiet else "",
    )
    async with db.write() as session:
        session.add(row)
        await session.flush()
        session.add(CampaignVariant(campaign_id=row.id or 0, label="A", template_id=1, mapping=_RULES))
    began, used = time.perf_counter(), time.process_time()
    await building.build(db, row.id or 0)
    took, used = time.perf_counter() - began, time.process_time() - used
    async with db.read() as session:
        query = sa.select(sa.func.count()).where(col(CampaignRecipient.campaign_id) == row.id)
        count = (await session.exec(query)).one()[0]  # type: ignore[call-overload]
    report.notes.append(
        f"{_kind(url)}: {count:,} recipients built in {took:.1f} s, {used:.1f} s of processor ({name})."
    )
    print(report.notes[-1], flush=True)
    return row.id or 0


async def _fill(db: Database, url: str, report: Report, campaign_id: int) -> None:
    """As the feeder does it: a hundred at a time."""
    async with db.read() as session:
        columns = [CampaignRecipient.id, CampaignRecipient.contact_id, CampaignRecipient.variant_id]
        query = (
            sa.select(*map(col, columns)).where(col(CampaignRecipient.variant_id).is_not(None)).limit(10_000)
        )
        people = [SimpleNamespace(**row._mapping, columns={}) for row in (await session.exec(query)).all()]
        filler = await Filler.of(session, campaign_id)
        began, used = time.perf_counter(), time.process_time()
        for start in range(0, len(people), 100):
            await filler.fill(session, people[start : start + 100])
        took, used = time.perf_counter() - began, time.process_time() - used
        each = 1e6 / max(1, len(people))
    report.notes.append(
        f"{_kind(url)}: {len(people):,} messages filled, {took * each:.0f} µs each with their queries, "
        f"{used * each:.0f} µs of processor."
    )


def _kind(url: str) -> str:
    return "SQLite" if url.startswith("sqlite") else "PostgreSQL"


@contextmanager
def _databases(options: argparse.Namespace) -> Iterator[list[str]]:
    with tempfile.TemporaryDirectory(prefix="wapto-bench-") as folder:
        urls = [f"sqlite:///{Path(folder) / 'audience.sqlite3'}"]
        if options.postgres:
            urls.append(made.on_server(options.postgres, "wapto_bench_audience"))
        for url in urls:
            prepare(url, options.contacts)
        yield urls


def main(arguments: Sequence[str] | None = None) -> None:
    options = made.options_of(arguments, __doc__)
    report = Report("audience", f"Audiences of campaigns over {options.contacts:,} contacts", COLUMNS)
    with _databases(options) as urls:
        for url in urls:
            asyncio.run(measure(url, options, report))
    report.finish(options)


if __name__ == "__main__":
    main()
