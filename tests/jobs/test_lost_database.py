"""PostgreSQL drops every connection in the middle of work: nothing is lost, nothing leaves twice."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
import structlog
from sqlalchemy.engine import make_url
from sqlmodel import select

from integrations.sandbox.sandbox import Sandbox
from tests.jobs.conftest import Desk, Eventually, Phone
from wapto_app.db import sync_url
from wapto_app.models import Message, MessageStatus
from wapto_app.runtime import Runtime
from wapto_app.web import webhooks

pytestmark = pytest.mark.postgres_only
DONE = (MessageStatus.SENT, MessageStatus.DELIVERED, MessageStatus.READ)


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Lost connections are told at length; drawing that would take longer than the test."""
    with structlog.testing.capture_logs():
        yield


def cut(runtime: Runtime) -> int:
    """End every connection to the database of this test, as a restart would."""
    engine = sa.create_engine(sync_url(os.environ["WAPTO_TEST_POSTGRES"]), isolation_level="AUTOCOMMIT")
    name = make_url(runtime.settings.database).database
    query = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = :name"
    try:
        with engine.connect() as connection:
            return int(connection.execute(sa.text(query), {"name": name}).scalar_one())
    finally:
        engine.dispose()


@pytest.mark.usefixtures("impatient")
async def test_sending_survives_lost_connections(
    sandbox: Sandbox, desk: Desk, runtime: Runtime, eventually: Eventually
) -> None:
    sandbox.faults.change({"latency_ms": 30})
    await desk.writes(*(f"{number}" for number in range(30)))
    lost = 0
    for _ in range(6):
        await asyncio.sleep(0.3)
        lost += await asyncio.to_thread(cut, runtime)
    assert lost >= 3

    async def settled() -> bool:
        try:
            return await desk.all_are(*DONE, MessageStatus.UNCONFIRMED)
        except sa.exc.DBAPIError:
            return False

    async with asyncio.timeout(30):
        while not await settled():
            await asyncio.sleep(0.1)
    await sandbox.settle(30)
    assert sandbox.store.duplicates == {}
    messages = await desk.messages()
    assert len(messages) == 30
    in_doubt = [message for message in messages if message.status is MessageStatus.UNCONFIRMED]
    assert len(messages) - len(in_doubt) <= sandbox.store.accepted_count <= 30
    assert len(in_doubt) <= 6


async def test_webhooks_are_refused_or_kept_but_never_acknowledged_and_lost(
    sandbox: Sandbox, desk: Desk, phone: Phone, runtime: Runtime, eventually: Eventually
) -> None:
    sandbox.config.webhook_retry_base_seconds = 0.05
    webhooks.keys.forget()
    for number in range(20):
        await phone.says(f"message {number}")
        if number % 4 == 0:
            await asyncio.to_thread(cut, runtime)
        await asyncio.sleep(0.05)

    async def all_there() -> bool:
        try:
            async with runtime.db.read() as session:
                found = (await session.exec(select(Message.body))).all()
        except sa.exc.DBAPIError:
            return False
        return {f"message {number}" for number in range(20)} <= set(found)

    await eventually(all_there)
    async with runtime.db.read() as session:
        bodies = (await session.exec(select(Message.body))).all()
    assert len(bodies) == len(set(bodies)) == 21
