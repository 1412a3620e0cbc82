"""Who is online: heartbeats of several processes become spans that do not overlap."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
import time_machine

from tests.services.test_inbox import plans, scans
from wapto_app.clock import utcnow
from wapto_app.jobs import presence as job
from wapto_app.models import Account, OnlineSpan, Role
from wapto_app.models.base import table_of
from wapto_app.runtime import Runtime
from wapto_app.security import cookies
from wapto_app.security.permissions import Actor
from wapto_app.services import presence, viewing

START = "2026-11-20T10:00:00Z"
SignIn = Callable[[Actor], Awaitable[str]]


async def beat(runtime: Runtime, *actors: Actor) -> frozenset[int]:
    return await runtime.writer.run(presence.beat, frozenset(actor.account_id or 0 for actor in actors))


async def spans(runtime: Runtime) -> list[Any]:
    table = table_of(OnlineSpan)
    async with runtime.db.read() as session:
        connection = await session.connection()
        return list((await connection.execute(sa.select(table).order_by(table.c.id))).all())


async def online(runtime: Runtime) -> frozenset[int]:
    async with runtime.db.read() as session:
        return await presence.online_accounts(session)


async def seconds(runtime: Runtime, actor: Actor, start: Any, end: Any) -> int:
    async with runtime.db.read() as session:
        connection = await session.connection()
        query = presence.seconds_online(start, end, [actor.account_id or 0])
        row = (await connection.execute(query)).first()
        return row.seconds if row else 0


async def test_heartbeats_are_one_span_until_they_stop(runtime: Runtime, agent: Actor) -> None:
    with time_machine.travel(START, tick=False) as clock:
        start = utcnow()
        assert await beat(runtime, agent) == {agent.account_id}
        for _ in range(5):
            clock.shift(60)
            assert await beat(runtime, agent) == frozenset()
        assert await online(runtime) == {agent.account_id}
        clock.shift(101)
        assert await online(runtime) == frozenset()
        clock.shift(60)
        assert await beat(runtime, agent) == {agent.account_id}
    first, second = await spans(runtime)
    assert (first.started_at, first.ended_at) == (start, start + timedelta(minutes=5))
    assert second.started_at > first.ended_at


async def test_two_processes_make_one_span(runtime: Runtime, agent: Actor, owner: Actor) -> None:
    with time_machine.travel(START, tick=False) as clock:
        for _ in range(10):
            await asyncio.gather(beat(runtime, agent), beat(runtime, agent, owner))
            clock.shift(30)
    assert [span.account_id for span in await spans(runtime)] == [agent.account_id, owner.account_id]


async def test_of_two_who_tell_at_once_one_says_that_somebody_came(runtime: Runtime, agent: Actor) -> None:
    came = await asyncio.gather(*(beat(runtime, agent) for _ in range(6)))
    assert len(await spans(runtime)) == 1
    assert frozenset().union(*came) == {agent.account_id}


async def test_a_long_day_is_cut_into_spans_that_follow_each_other(runtime: Runtime, agent: Actor) -> None:
    with time_machine.travel(START, tick=False) as clock:
        start = utcnow()
        for _ in range(16 * 60 + 1):
            await beat(runtime, agent)
            clock.shift(60)
        end = start + timedelta(hours=16)
        assert await seconds(runtime, agent, start, utcnow()) == 16 * 3600
        assert await seconds(runtime, agent, end - timedelta(hours=1), utcnow()) == 3600
        assert await seconds(runtime, agent, start + timedelta(hours=2), start + timedelta(hours=3)) == 3600
    found = await spans(runtime)
    assert len(found) == 3
    assert [span.started_at for span in found[1:]] == [span.ended_at for span in found[:-1]]


async def test_online_time_is_found_by_an_index(runtime: Runtime, agent: Actor) -> None:
    await beat(runtime, agent)
    with plans(runtime.db.engine.sync_engine) as found:
        await seconds(runtime, agent, utcnow() - timedelta(days=7), utcnow() + timedelta(minutes=1))
        await online(runtime)
    assert "ix_online_span_account_id_started_at" in found[0]
    assert "ix_online_span_ended_at" in found[1]
    assert [line for plan in found for line in scans(plan)] == []


async def test_a_tab_makes_its_account_present_and_tells_who_watches(
    runtime: Runtime, agent: Actor, sign_in: SignIn
) -> None:
    cookie, heard = await sign_in(agent), []
    runtime.hub.listen(heard.append)
    await job.note(runtime, frozenset({cookie, "", "wapto_session=forged"}))
    assert await online(runtime) == {agent.account_id}
    assert [topics for topics in heard if presence.TOPIC in topics] != []
    heard.clear()
    await job.note(runtime, frozenset({cookie}))
    assert [topics for topics in heard if presence.TOPIC in topics] == []


async def test_nobody_is_present_after_being_deactivated(
    runtime: Runtime, agent: Actor, sign_in: SignIn
) -> None:
    cookie = await sign_in(agent)
    async with runtime.db.write() as session:
        account = await session.get_one(Account, agent.account_id)
        account.is_active = False
    await job.note(runtime, frozenset({cookie}))
    assert await online(runtime) == frozenset()


async def test_the_loop_notes_who_comes_and_survives_a_failure(
    runtime: Runtime, agent: Actor, sign_in: SignIn, monkeypatch: Any
) -> None:
    monkeypatch.setattr(job, "LOOK_SECONDS", 0.01)
    tabs: set[str] = set()
    failures = [RuntimeError("away")]

    async def note(process: Runtime, here: frozenset[str]) -> None:
        if failures and here:
            raise failures.pop()
        await original(process, here)

    original = job.note
    monkeypatch.setattr(job, "note", note)
    async with job.noting(runtime, lambda: frozenset(tabs)):
        await asyncio.sleep(0.05)
        assert await online(runtime) == frozenset()
        tabs.add(await sign_in(agent))
        async with asyncio.timeout(5):
            while not await online(runtime):
                await asyncio.sleep(0.01)
    assert failures == []


async def test_an_account_that_is_gone_is_skipped(
    runtime: Runtime, agent: Actor, new_account: Callable[..., Awaitable[Actor]]
) -> None:
    gone = await new_account("Gone", Role.AGENT)
    async with runtime.db.write() as session:
        await session.delete(await session.get_one(Account, gone.account_id))
    await beat(runtime, agent, gone)
    assert [span.account_id for span in await spans(runtime)] == [agent.account_id]


async def test_who_looks_through_another_persons_eyes_makes_neither_present(
    runtime: Runtime, owner: Actor, agent: Actor, sign_in: SignIn
) -> None:
    cookie = await sign_in(owner)
    viewer = await cookies.actor_of(cookie)
    assert viewer is not None
    async with runtime.db.write() as session:
        await viewing.start(session, viewer, agent.account_id or 0)
    cookies.forget()
    await job.note(runtime, frozenset({cookie}))
    assert await online(runtime) == frozenset()
