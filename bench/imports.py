"""Importing contacts: rows per second, peak memory, and how long somebody else who writes meanwhile waits.

The real way from the file to the contacts: read, checked, imported in the background of a process that also takes
webhooks in. PostgreSQL is measured too when there is one (``scripts/with_services.py``).
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import resource
import secrets
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from bench import common
from bench.common import Report, percentile
from bench.install import Install, new_install
from wapto_app import migrations, runtime
from wapto_app.jobs.imports import carry_out
from wapto_app.models import Contact, ContactAddress
from wapto_app.models.base import table_of
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import imports, ingest
from wapto_app.services.imports import PlanForm, Target

COLUMNS = (
    "import",
    "rows",
    "read s",
    "check s",
    "import s",
    "rows/s in all",
    "rows/s import",
    "memory MiB",
    "reader MiB",
    "others wait p99 ms",
    "others wait max ms",
)
_CITIES = ("Porto", "Köln", "Győr", "São Paulo", "Lyon", "Kraków")
_BETWEEN_SECONDS = 0.01


class Wrong(Exception):
    """The contacts are not those of the file."""


def write_file(path: Path, rows: int, *, changed: bool) -> None:
    """Name, number, address, company, city (a new field) and tags; ``changed``: another company for everybody."""
    company = "Other Ltd" if changed else "Harbour Homes"
    with path.open("w", encoding="utf-8") as file:
        file.write("Name,Phone,Email,Company,City,Tags\n")
        for i in range(rows):
            city, tag = _CITIES[i % len(_CITIES)], ("VIP", "Lead")[i % 2]
            file.write(f"Person Number {i},0151 {i:08d},person{i}@example.com,{company},{city},{tag}\n")


async def import_file(process: Runtime, path: Path, policy: str) -> tuple[float, float, float]:
    """Seconds of reading, checking and importing."""
    actor, media_dir = Actor.system(), process.settings.media_dir
    began = time.perf_counter()
    key, found = await imports.read(actor, media_dir, path)
    async with process.db.write() as session:
        import_id = await imports.keep(session, actor, key, "people.csv", 1, found)
        shown = await imports.detail(session, actor, import_id)
    read = time.perf_counter()
    targets = [Target(target=each["target"], label="", kind="") for each in shown["columns"]]
    if not targets[4]["target"]:
        targets[4] = Target(target="new:4", label="City", kind="text")
    async with process.db.write() as session:
        form = PlanForm(targets=targets, region="DE", policy=policy, tags=[])
        await imports.plan(session, actor, import_id, form)
    await carry_out(import_id)
    checked = time.perf_counter()
    async with process.db.write() as session:
        await imports.start(session, actor, import_id)
    await carry_out(import_id)
    done = time.perf_counter()
    async with process.db.read() as session:
        row = await imports.head(session, actor, import_id)
    if row["state"] != "done" or row["created"] + row["updated"] != row["total"]:
        raise Wrong(f"The import ended as {row}.")
    return read - began, checked - read, done - checked


@contextlib.asynccontextmanager
async def others(process: Runtime) -> AsyncIterator[list[float]]:
    """Webhooks that are stored meanwhile; milliseconds that each waited for its answer."""
    waits: list[float] = []

    async def write() -> None:
        for number in range(10**9):
            began = time.perf_counter()
            await process.writer.run(ingest.store, ingest.RawEvent(b'{"n":%d}' % number))
            waits.append((time.perf_counter() - began) * 1000)
            await asyncio.sleep(_BETWEEN_SECONDS)

    writing = asyncio.create_task(write())
    try:
        yield waits
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)


async def measure(install: Install, name: str, rows: int, report: Report) -> None:
    async with runtime.running(install.settings) as process:
        for label, policy in ((f"{name}, new contacts", "skip"), (f"{name}, all updated", "update")):
            path = install.folder / "people.csv"
            await asyncio.to_thread(write_file, path, rows, changed=policy == "update")
            async with others(process) as waits:
                read, check, done = await import_file(process, path, policy)
            report.add(
                label,
                rows,
                read,
                check,
                done,
                rows / (read + check + done),
                rows / done,
                _peak(resource.RUSAGE_SELF),
                _peak(resource.RUSAGE_CHILDREN),
                percentile(waits, 99),
                max(waits),
            )
    _check(install, rows)


def _peak(whose: int) -> float:
    return resource.getrusage(whose).ru_maxrss / 1024


def _check(install: Install, rows: int) -> None:
    with install.connection() as connection:
        for model in (Contact, ContactAddress):
            count = connection.execute(sa.select(sa.func.count()).select_from(table_of(model))).scalar()
            if count != rows:
                raise Wrong(f"{count} rows of {model.__name__}, expected {rows}.")


@contextlib.contextmanager
def _fresh_database(server: str) -> Iterator[str]:
    """An empty database on this server, gone afterwards."""
    name = f"wapto_bench_{secrets.token_hex(4)}"
    url = make_url(server).set(drivername="postgresql+psycopg")
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        yield make_url(server).set(database=name).render_as_string(hide_password=False)
        with engine.connect() as connection:
            connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        engine.dispose()


def options_of(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = common.parser(__doc__)
    known = os.environ.get("WAPTO_TEST_POSTGRES", "")
    parser.add_argument("--postgres", default=known, help="also measure on this server (postgresql://…)")
    parser.add_argument("--rows", type=int, default=100_000, help="rows of the file")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str] | None = None) -> None:
    options = options_of(arguments)
    report = Report("imports", "Importing contacts", COLUMNS)
    with new_install() as install:
        common.run(measure(install, "SQLite", options.rows, report))
        if options.postgres:
            with _fresh_database(options.postgres) as url:
                migrations.upgrade(url)
                other = replace(install, database_url=url)
                common.run(measure(other, "PostgreSQL", options.rows, report))
    report.notes.append(
        "memory: the most that the process had; reader: the most of a process that read or checked."
    )
    report.finish(options)


if __name__ == "__main__":
    main()
