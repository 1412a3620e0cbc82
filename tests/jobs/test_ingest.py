"""Stored webhooks are applied by themselves, and what failed is taken up again."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from integrations.sandbox.sandbox import Sandbox
from tests import meta
from tests.jobs.conftest import Eventually, Network, Phone, at_work, form_of
from wapto_app.db import make_sync_engine
from wapto_app.jobs import ingest as ingest_job
from wapto_app.models import EventState, Message, WebhookEvent
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import channels, ingest


async def store(runtime: Runtime, document: Any) -> None:
    await runtime.writer.run(ingest.store, ingest.RawEvent(meta.raw(document)))


async def states(runtime: Runtime) -> list[EventState]:
    async with runtime.db.read() as session:
        return list((await session.exec(select(WebhookEvent.state).order_by(sa.text("id")))).all())


async def count(runtime: Runtime) -> int:
    async with runtime.db.read() as session:
        return (await session.exec(select(sa.func.count()).select_from(Message))).one()


async def test_what_another_process_stored_is_found_within_a_second(
    runtime: Runtime, channel_id: int, jobs: None, eventually: Eventually
) -> None:
    await store(runtime, meta.inbound(meta.message("wamid.1")))

    async def applied() -> bool:
        return await count(runtime) == 1

    await eventually(applied)


async def test_tabs_hear_of_a_message_once_it_is_committed(
    runtime: Runtime, channel_id: int, jobs: None, phone: Phone, eventually: Eventually
) -> None:
    counts: list[int] = []
    engine = make_sync_engine(runtime.settings.database)

    def listen(topics: frozenset[str]) -> None:
        if "inbox" in topics:
            with engine.connect() as connection:
                counts.append(connection.execute(sa.text("SELECT count(*) FROM message")).scalar_one())

    runtime.hub.listen(listen)
    await phone.says("Hello?")

    async def heard() -> bool:
        return bool(counts)

    await eventually(heard)
    assert counts[0] == 1
    engine.dispose()


async def test_connecting_a_number_takes_up_what_came_before(
    runtime: Runtime, sandbox: Sandbox, network: Network, owner: Actor, jobs: None, eventually: Eventually
) -> None:
    await store(runtime, meta.inbound(meta.message("wamid.1"), pnid=sandbox.config.phone_number_id))

    async def failed() -> bool:
        return await states(runtime) == [EventState.FAILED]

    await eventually(failed)
    await channels.connect(runtime.db, owner, runtime.gateway, form_of(sandbox))

    async def applied() -> bool:
        return await states(runtime) == [EventState.DONE]

    await eventually(applied)
    assert await count(runtime) == 1


async def test_the_tick_takes_up_only_what_is_due(
    runtime: Runtime, channel_id: int, jobs: None, eventually: Eventually
) -> None:
    edit = {"original_message_id": "wamid.1", "message": {"type": "text", "text": {"body": "new"}}}
    await store(runtime, meta.inbound(meta.message("wamid.2", "edit", edit)))

    async def failed() -> bool:
        return await states(runtime) == [EventState.FAILED]

    await eventually(failed)
    await ingest_job.retry_failed(runtime)
    assert await states(runtime) == [EventState.FAILED]
    await store(runtime, meta.inbound(meta.message("wamid.1")))
    async with runtime.db.write() as session:
        await session.exec(sa.update(WebhookEvent).values(retry_at=meta.ago(seconds=1)))

    async def done() -> bool:
        await ingest_job.retry_failed(runtime)
        return await states(runtime) == [EventState.DONE] * 2

    await eventually(done)
    async with runtime.db.read() as session:
        assert (await session.exec(select(Message.body))).one() == "new"


async def test_a_database_that_fails_for_a_moment_stops_nothing(
    runtime: Runtime, channel_id: int, jobs: None, monkeypatch: pytest.MonkeyPatch, eventually: Eventually
) -> None:
    whole, failures = ingest.apply_pending, iter((True, True))

    def hesitant(connection: Any, calls: Any) -> Any:
        if next(failures, False):
            raise RuntimeError("disk is busy")
        return whole(connection, calls)

    monkeypatch.setattr(ingest, "apply_pending", hesitant)
    monkeypatch.setattr(ingest_job, "_IDLE_SECONDS", 0.05)
    await store(runtime, meta.inbound(meta.message("wamid.1")))

    async def applied() -> bool:
        return await count(runtime) == 1

    await eventually(applied)


async def test_two_processes_apply_everything_once(
    runtime: Runtime, network: Network, channel_id: int, eventually: Eventually
) -> None:
    async with at_work(runtime), at_work(runtime):
        await asyncio.gather(*(store(runtime, meta.inbound(meta.message(f"wamid.{n}"))) for n in range(100)))

        async def applied() -> bool:
            return set(await states(runtime)) == {EventState.DONE}

        await eventually(applied)
    assert await count(runtime) == 100


async def test_listeners_go_when_the_job_goes(runtime: Runtime, network: Network) -> None:
    before = len(runtime.hub._listeners)
    async with at_work(runtime):
        await asyncio.sleep(0.05)
        assert len(runtime.hub._listeners) == before + 3
    assert len(runtime.hub._listeners) == before
