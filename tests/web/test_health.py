"""Alive means the process answers; ready means it can do its work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import httpx
import pytest

from wapto_app.jobs.scheduler import leading
from wapto_app.runtime import Runtime
from wapto_app.web import health


async def test_a_process_that_answers_is_alive_even_without_its_database(
    runtime: Runtime, new_client: Callable[..., httpx.AsyncClient]
) -> None:
    await runtime.db.close()
    answer = await new_client(health.routes).get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"alive": True})


async def test_without_a_leader_for_the_ticks_it_is_not_ready(
    runtime: Runtime, new_client: Callable[..., httpx.AsyncClient]
) -> None:
    answer = await new_client(health.routes).get("/readyz")
    assert (answer.status_code, answer.json()) == (503, {"database": True, "leader": False})


async def test_with_database_and_leader_it_is_ready(
    runtime: Runtime, new_client: Callable[..., httpx.AsyncClient]
) -> None:
    client = new_client(health.routes)
    async with leading(runtime, []):
        for _ in range(100):
            answer = await client.get("/readyz")
            if answer.status_code == 200:
                break
            await asyncio.sleep(0.05)
    assert answer.json() == {"database": True, "leader": True}


async def test_a_database_that_hangs_makes_it_unready_within_seconds(
    runtime: Runtime, new_client: Callable[..., httpx.AsyncClient], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.2)
    # All connections are taken, so the next one has to wait.
    taken = [await runtime.db.engine.connect() for _ in range(10)]
    try:
        answer = await asyncio.wait_for(new_client(health.routes).get("/readyz"), 5)
    finally:
        for connection in taken:
            await connection.close()
    assert (answer.status_code, answer.json()["database"]) == (503, False)
