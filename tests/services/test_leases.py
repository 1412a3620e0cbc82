"""The right to do something alone."""

from __future__ import annotations

import threading
from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import col, select

from wapto_app.clock import utcnow
from wapto_app.db import make_sync_engine
from wapto_app.models import Lease
from wapto_app.runtime import Runtime
from wapto_app.services import leases
from wapto_app.services.leases import Bid

ANN, BEN = Bid("sender:1", "ann"), Bid("sender:1", "ben")


async def expire(runtime: Runtime) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(Lease).values(expires_at=utcnow() - timedelta(seconds=1)))


async def held(runtime: Runtime, bid: Bid) -> bool:
    return (await runtime.writer.run(lambda c, bids: [leases.is_held(c, each) for each in bids], bid)) is True


async def test_one_holder_at_a_time(runtime: Runtime) -> None:
    assert await runtime.writer.run(leases.acquire, ANN)
    assert not await runtime.writer.run(leases.acquire, BEN)
    assert await runtime.writer.run(leases.acquire, ANN), "renewing is allowed"
    assert await held(runtime, ANN)
    assert not await held(runtime, BEN)


async def test_different_names_do_not_meet(runtime: Runtime) -> None:
    assert await runtime.writer.run(leases.acquire, ANN)
    assert await runtime.writer.run(leases.acquire, Bid("sender:2", "ben"))


async def test_an_expired_lease_is_free_and_its_holder_knows(runtime: Runtime) -> None:
    await runtime.writer.run(leases.acquire, ANN)
    await expire(runtime)
    assert not await held(runtime, ANN)
    assert await runtime.writer.run(leases.acquire, BEN)
    assert not await runtime.writer.run(leases.acquire, ANN)


async def test_a_lease_given_back_is_free_at_once(runtime: Runtime) -> None:
    await runtime.writer.run(leases.acquire, ANN)
    await runtime.writer.run(leases.release, BEN)
    assert not await runtime.writer.run(leases.acquire, BEN), "only the holder gives it back"
    await runtime.writer.run(leases.release, ANN)
    assert await runtime.writer.run(leases.acquire, BEN)


async def test_the_lease_lives_longer_than_three_renewals(runtime: Runtime) -> None:
    from wapto_app.jobs import duties, scheduler

    assert leases.LIFETIME.total_seconds() > 3 * duties._RENEW_SECONDS
    assert leases.LIFETIME.total_seconds() > 3 * scheduler.HEARTBEAT_SECONDS
    await runtime.writer.run(leases.acquire, ANN)
    async with runtime.db.read() as session:
        expires_at = (await session.exec(sa.select(col(Lease.expires_at)))).scalar_one()  # type: ignore[call-overload]
    assert expires_at > utcnow() + leases.LIFETIME / 2


def test_of_many_bidders_exactly_one_wins(runtime: Runtime) -> None:
    start, winners = threading.Barrier(8), []

    def bid(number: int) -> None:
        engine = make_sync_engine(runtime.settings.database).execution_options(wapto_writes=True)
        start.wait()
        with engine.begin() as connection:
            if leases.acquire(connection, [Bid("x", f"holder {number}")])[0]:
                winners.append(number)
        engine.dispose()

    threads = [threading.Thread(target=bid, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(winners) == 1


async def test_leases_of_the_dead_are_forgotten_after_a_day(runtime: Runtime) -> None:
    for bid in (ANN, Bid("process:ben", "ben")):
        assert await runtime.writer.run(leases.acquire, bid)
    async with runtime.db.write() as session:
        old = sa.update(Lease).where(col(Lease.holder) == "ben")
        await session.exec(old.values(expires_at=utcnow() - timedelta(days=2)))
        await leases.forget_old(session)
    async with runtime.db.engine.connect() as connection:
        assert await connection.run_sync(leases.held) == [ANN]
    async with runtime.db.read() as session:
        assert len((await session.exec(select(Lease))).all()) == 1
