"""SIGKILL in the middle of an import: it goes on where it stood, and nothing is there twice."""

from __future__ import annotations

import asyncio

import pytest

from tests.kill.conftest import ROUNDS, Victim, at_random_moments
from tests.services.imports_desk import Desk, counts
from wapto_app.models import Contact, ContactAddress, ContactEvent, ImportChange
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120 + 60 * ROUNDS)]
ROWS = 12_000


async def test_a_killed_import_is_finished_by_the_next_process(
    runtime: Runtime, owner: Actor, server: Victim
) -> None:
    desk = Desk(runtime, owner)
    people = "".join(f"P{i},+49151{i:08d},T{i % 5}\n" for i in range(ROWS))
    import_id = await desk.upload("name,phone,tags\n" + people)
    await desk.check(import_id)
    await desk.start(import_id)
    positions: list[int] = []
    with at_random_moments(server, seed=20_004) as rounds:
        async for _number in rounds():
            positions.append((await desk.head(import_id))["position"])
    await server.start()
    async with asyncio.timeout(60):
        while (await desk.head(import_id))["state"] == "running":
            await asyncio.sleep(0.1)
    done = await desk.head(import_id)
    assert (done["state"], counts(done), done["position"]) == ("done", (ROWS, 0, 0, 0, 0), ROWS)
    for model in (Contact, ContactAddress, ContactEvent, ImportChange):
        assert await desk.count(model) == ROWS
    assert positions == sorted(positions)
