"""Carries imports out: one task for each, in small transactions, by whoever holds its lease.

How far an import is stands in its row and moves in the transaction of the contacts. A process that is killed leaves
nothing half done; another one goes on from there as soon as the lease has run out.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from itertools import count, islice
from pathlib import Path
from typing import Any

from sqlalchemy.exc import DBAPIError

from wapto_app import runtime as process
from wapto_app.jobs.broker import task
from wapto_app.jobs.waiting import wait
from wapto_app.log import get_logger
from wapto_app.models import ImportState
from wapto_app.runtime import Runtime
from wapto_app.services import leases
from wapto_app.services.contact_names import TOPIC as CONTACTS
from wapto_app.services.errors import Invalid, LimitReached
from wapto_app.services.imports import DUE, batch, prepare, progress, taking_back
from wapto_app.services.imports.folder import files_of
from wapto_app.services.imports.progress import Work
from wapto_app.services.imports.steps import CANCELLED, FULL, Counts, Step
from wapto_app.services.plans.limits import NAMES, Limit

log = get_logger(__name__)

ROWS = 500
"""In one transaction: some tens of milliseconds, after which everybody else who writes has a turn."""
_GROWN_AFTER = (4, 20, 100, 500)
"""Batches after which a table may be many times as large as before."""
_IDLE_SECONDS = 5.0
_BEAT_SECONDS = 1.0
_CONTACTS_SECONDS = 2.0
_TRIES = 6

_at_work: set[int] = set()


async def run(runtime: Runtime) -> None:
    """Hand out what is to be done until cancelled: at once when somebody asks, and what a dead process left."""
    wake = asyncio.Event()
    with runtime.hub.listening(lambda topics: wake.set() if DUE in topics else None):
        while True:
            wake.clear()
            try:
                async with runtime.db.read() as session:
                    due = await progress.busy(session)
                for import_id in due:
                    if import_id not in _at_work:
                        await carry_out.later(import_id)
            except Exception:
                log.exception("imports.not_handed_out")
            await wait(wake, _IDLE_SECONDS)


@task("import")
async def carry_out(import_id: int) -> None:
    """Do whatever is to be done for one import; nothing while somebody else does it."""
    runtime = process.get()
    if import_id in _at_work:
        return
    _at_work.add(import_id)
    bid = leases.Bid(f"import:{import_id}", f"{runtime.process_id[-40:]}:{secrets.token_hex(4)}")
    try:
        if await runtime.writer.run(leases.acquire, bid):
            try:
                await _work_on(runtime, import_id, bid)
            finally:
                await runtime.writer.run(leases.release, bid)
    finally:
        _at_work.discard(import_id)


async def _work_on(runtime: Runtime, import_id: int, bid: leases.Bid) -> None:
    async with runtime.db.read() as session:
        work = await progress.work_of(session, import_id)
    if work is None:
        return
    doing = {ImportState.CHECKING: _check, ImportState.RUNNING: _import, ImportState.UNDOING: _undo}
    deed = doing.get(work.state)
    if deed is None:
        return
    try:
        await deed(runtime, work, bid)
    except Exception:
        log.exception("import.failed", import_id=import_id)
        error = (
            "Something went wrong on our side. What was done until then stays; you can undo it or try again."
        )
        state = ImportState.UPLOADED if work.state is ImportState.CHECKING else ImportState.STOPPED
        async with runtime.db.write() as session:
            await progress.ended(session, work, state, error)


async def _check(runtime: Runtime, work: Work, bid: leases.Bid) -> None:
    """Read every row, and count what would happen."""
    files = files_of(runtime.settings.media_dir, work.key)
    async with runtime.db.read() as session:
        order = await progress.order_of(session, work)
    async with _showing(runtime, work, bid) as shown:
        try:
            summary = await prepare.prepare_apart(files.rows, files.ready, order, work.total, shown.append)
        except Invalid as problem:
            async with runtime.db.write() as session:
                await progress.not_checked(session, work, problem.message)
            return
        await _note_problems(runtime, work, files.ready)
        await _count(runtime, work, bid, files.ready, summary)


async def _note_problems(runtime: Runtime, work: Work, ready: Path) -> None:
    wrong = _wrong(ready)
    first = True
    while True:
        rows = await asyncio.to_thread(lambda: list(islice(wrong, 2_000)))
        if not rows and not first:
            return
        await runtime.writer.run(progress.note_problems, progress.Problems(work.id, rows, first))
        first = False


def _wrong(ready: Path) -> Iterator[tuple[int, str]]:
    return ((row[0], row[1]) for row in prepare.lines(ready) if len(row) == 2)


async def _count(
    runtime: Runtime, work: Work, bid: leases.Bid, ready: Path, summary: prepare.Summary
) -> None:
    async with runtime.db.read() as session:
        names = {**summary.tags, **{f"all:{each}": each for each in work.plan["tags"]}}
        tags, new_tags = await progress.tags_by_key(session, names)
        fields = await progress.meanings(session, work)
    counts, place = Counts(), 0
    while True:
        rows, next_place = await asyncio.to_thread(prepare.batch, ready, place, 2 * ROWS)
        if not rows:
            break
        step = _step(work, bid, rows, place, next_place, fields, tags, None)
        counts.add(await runtime.writer.run(batch.look, step))
        place = next_place
        async with runtime.db.read() as session:
            if not await progress.is_still(session, work):
                return
    async with runtime.db.write() as session:
        await progress.checked(session, work, summary, counts, new_tags)


async def _import(runtime: Runtime, work: Work, bid: leases.Bid) -> None:
    """Batch after batch, from where it stands."""
    ready = files_of(runtime.settings.media_dir, work.key).ready
    async with runtime.db.read() as session:
        fields, most = await progress.meanings(session, work), await progress.room(session)
    place, told = work.place, time.monotonic()
    for number in count(1):
        rows, next_place = await asyncio.to_thread(prepare.batch, ready, place, ROWS)
        if not rows:
            break
        if number in _GROWN_AFTER:
            await runtime.writer.run(batch.notice_growth, None)
        step = _step(work, bid, rows, place, next_place, fields, work.made["tags"], most)
        counts = await _carried_out(runtime, step)
        if counts.stopped:
            await _stop(runtime, work, counts.stopped, most)
            return
        place = next_place
        topics = {work.topic}
        if time.monotonic() - told > _CONTACTS_SECONDS:
            topics.add(CONTACTS)
            told = time.monotonic()
        runtime.hub.publish(frozenset(topics))
    await runtime.writer.run(batch.notice_growth, None)
    async with runtime.db.write() as session:
        await progress.ended(session, work, ImportState.DONE)


def _step(
    work: Work,
    bid: leases.Bid,
    rows: list[list[Any]],
    place: int,
    next_place: int,
    fields: dict[str, tuple[int, str]],
    tags: dict[str, int],
    most: int | None,
) -> Step:
    return Step(
        import_id=work.id,
        bid=bid,
        place=place,
        next_place=next_place,
        rows=rows,
        policy=work.plan["policy"],
        source="import",
        fields=fields,
        tags=tags,
        all_tags=tuple(dict.fromkeys(tag_id for key, tag_id in tags.items() if key.startswith("all:"))),
        file=work.filename,
        most=most,
    )


async def _carried_out(runtime: Runtime, step: Step) -> Counts:
    """Two who meet the same contacts at once may stand in each other's way; the database ends it, and we try again."""
    for tried in range(_TRIES):
        await runtime.writer.run(leases.acquire, step.bid)
        try:
            return await runtime.writer.run(batch.carry_out, step)
        except DBAPIError:
            if tried == _TRIES - 1:
                raise
            await asyncio.sleep(0.05 * 2**tried)
    raise AssertionError


async def _stop(runtime: Runtime, work: Work, why: str, most: int | None) -> None:
    """Cancelled or full; one that is lost belongs to somebody else now."""
    if why not in (CANCELLED, FULL):
        return
    error = LimitReached(NAMES[Limit.CONTACTS], most or 0).message if why == FULL else ""
    async with runtime.db.write() as session:
        await progress.ended(session, work, ImportState.STOPPED, error)


async def _undo(runtime: Runtime, work: Work, bid: leases.Bid) -> None:
    while True:
        await runtime.writer.run(leases.acquire, bid)
        taken = await runtime.writer.run(taking_back.take_back, taking_back.Back(work.id, bid))
        if taken.lost:
            return
        runtime.hub.publish(frozenset({work.topic}))
        if not taken.more:
            break
    async with runtime.db.write() as session:
        await progress.remove_made(session, work)
        await progress.ended(session, work, ImportState.UNDONE)


@asynccontextmanager
async def _showing(runtime: Runtime, work: Work, bid: leases.Bid) -> AsyncIterator[list[int]]:
    """Keep the lease, and show how many rows are read, as long as the block lasts."""
    shown: list[int] = []

    async def beat() -> None:
        before = 0
        while True:
            await asyncio.sleep(_BEAT_SECONDS)
            await runtime.writer.run(leases.acquire, bid)
            if shown and shown[-1] != before:
                before = shown[-1]
                async with runtime.db.write() as session:
                    await progress.show_position(session, work, before)

    beating = asyncio.create_task(beat())
    try:
        yield shown
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating
