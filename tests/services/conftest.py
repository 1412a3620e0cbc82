"""A connected number and a short way to let Meta say something about it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from tests import meta
from tests.jobs.conftest import config, network, phones, sandbox  # noqa: F401  Meta's stand-in
from wapto_app.models import (
    Channel,
    Contact,
    ContactAddress,
    Conversation,
    Direction,
    MediaFile,
    Message,
    MessageStatus,
    Reaction,
    Team,
    WebhookEvent,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import inbox, ingest

Rows = list[dict[str, Any]]
_TABLES = {
    "contact": Contact,
    "address": ContactAddress,
    "conversation": Conversation,
    "message": Message,
    "reaction": Reaction,
    "media": MediaFile,
    "webhook": WebhookEvent,
    "channel": Channel,
}


@dataclass
class Meta:
    """Delivers webhooks and applies them at once."""

    runtime: Runtime

    async def store(self, *documents: Any) -> None:
        bodies = [document if isinstance(document, bytes) else meta.raw(document) for document in documents]
        run = self.runtime.writer.run
        await asyncio.gather(*(run(ingest.store, ingest.RawEvent(body)) for body in bodies))

    async def apply(self) -> tuple[int, int]:
        """How many were applied and how many failed."""
        applied = failed = 0
        more = True
        while more:
            outcome = await self.runtime.writer.run(ingest.apply_pending, None)
            applied, failed, more = applied + outcome.applied, failed + outcome.failed, outcome.more
        return applied, failed

    async def says(self, *documents: Any) -> tuple[int, int]:
        await self.store(*documents)
        return await self.apply()

    async def replays(self) -> tuple[int, int]:
        await self.runtime.writer.run(ingest.replay, None)
        return await self.apply()


@dataclass
class Book:
    """Reads whole tables, in the order of their keys."""

    runtime: Runtime

    async def rows(self, name: str) -> Rows:
        table = _TABLES[name].__table__  # type: ignore[attr-defined]
        async with self.runtime.db.read() as session:
            connection = await session.connection()
            found = await connection.execute(sa.select(table).order_by(table.c.id))
            return [dict(row) for row in found.mappings()]

    async def only(self, name: str) -> dict[str, Any]:
        (row,) = await self.rows(name)
        return row

    async def count(self, name: str) -> int:
        return len(await self.rows(name))

    async def texts(self) -> list[str]:
        return [row["body"] for row in await self.rows("message")]


@pytest.fixture
def meta_says(runtime: Runtime) -> Meta:
    return Meta(runtime)


@pytest.fixture
def book(runtime: Runtime) -> Book:
    return Book(runtime)


NewChannel = Callable[..., Awaitable[int]]


@pytest.fixture
def new_channel(runtime: Runtime) -> NewChannel:
    async def make(pnid: str, **more: Any) -> int:
        values = {
            "phone_number_id": pnid,
            "waba_id": meta.WABA,
            "display_phone_number": "+1 555-078-3881",
            "verified_name": "Harbour Homes",
            "access_token": runtime.secrets.seal("EAAtoken"),
            "app_secret": runtime.secrets.seal(meta.APP_SECRET),
            "verify_token": runtime.secrets.seal("a-verify-token"),
        }
        channel = Channel(**(values | more))
        async with runtime.db.write() as session:
            session.add(channel)
        assert channel.id is not None
        return channel.id

    return make


@pytest.fixture
async def channel_id(new_channel: NewChannel) -> int:
    return await new_channel(meta.PNID)


@pytest.fixture
async def conversation_id(channel_id: int, meta_says: Meta, book: Book) -> int:
    """Ada wrote a minute ago."""
    assert await meta_says.says(meta.inbound(meta.message("wamid.first", at=meta.ago(minutes=1)))) == (1, 0)
    found: int = (await book.only("conversation"))["id"]
    return found


@pytest.fixture
def sends(runtime: Runtime, owner: Actor, conversation_id: int) -> Callable[[str], Awaitable[int]]:
    """The owner writes to Ada; the id of the queued message."""

    async def send(text: str) -> int:
        async with runtime.db.write() as session:
            return await inbox.send_text(session, owner, conversation_id, text)

    return send


@pytest.fixture
def others_take_all(runtime: Runtime) -> Callable[[], Awaitable[None]]:
    """Another team gets every conversation."""

    async def take() -> None:
        async with runtime.db.write() as session:
            team = Team(name="Others")
            session.add(team)
            await session.flush()
            await session.exec(sa.update(Conversation).values(team_id=team.id))

    return take


async def change_message(runtime: Runtime, message_id: int, **values: Any) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(Message).where(col(Message.id) == message_id).values(**values))


async def sent_as(runtime: Runtime, message_id: int, wamid: str) -> None:
    """As if the sender had handed it over and heard back."""
    await change_message(runtime, message_id, status=MessageStatus.SENT, wamid=wamid, attempt=1)


async def message_of(runtime: Runtime, message_id: int) -> Message:
    async with runtime.db.read() as session:
        return (await session.exec(select(Message).where(Message.id == message_id))).one()


def of_direction(rows: Iterable[dict[str, Any]], direction: Direction) -> Rows:
    return [row for row in rows if row["direction"] == direction]
