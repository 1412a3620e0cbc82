"""Fixtures: a stand-in for Meta and a client that talks to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import stamina

from integrations.whatsapp import GraphClient, new_http_client
from tests.integrations.whatsapp.fake_meta import TOKEN, FakeMeta, answer


@pytest.fixture
async def meta() -> AsyncIterator[FakeMeta]:
    fake = FakeMeta(script=[answer({"success": True})])
    server = await asyncio.start_server(fake.serve, "127.0.0.1", 0)
    fake.port = server.sockets[0].getsockname()[1]
    yield fake
    server.close()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with new_http_client(connect_timeout=2, read_timeout=0.3) as client:
        yield client


@pytest.fixture
def graph(meta: FakeMeta, http: httpx.AsyncClient) -> GraphClient:
    return GraphClient(TOKEN, http=http, base_url=meta.url)


@pytest.fixture(autouse=True)
def no_pauses() -> Iterator[None]:
    """Retries happen, but without waiting."""
    with stamina.set_testing(True, attempts=3):
        yield
