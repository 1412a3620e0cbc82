"""SIGKILL at random moments under load: nothing acknowledged is lost, nothing is done twice."""

from __future__ import annotations

import asyncio
import collections
import contextlib
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import sqlalchemy as sa

from integrations.sandbox.config import SandboxConfig
from tests import meta
from tests.kill.conftest import ROUNDS, NewVictim, Victim, at_random_moments, free_port
from wapto_app.clock import utcnow
from wapto_app.db import make_sync_engine
from wapto_app.models import Channel, MessageStatus, ScheduledMessage
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import ingest, outbox
from wapto_app.services.outbox import Draft

pytestmark = [pytest.mark.slow, pytest.mark.timeout(120 + 60 * ROUNDS)]


@contextlib.contextmanager
def opened(url: str) -> Iterator[sa.Connection]:
    engine = make_sync_engine(url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def ask(url: str, query: str) -> list[Any]:
    with opened(url) as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


def assert_sound(url: str) -> None:
    """SQLite looks through its file; PostgreSQL keeps its own books."""
    if url.startswith("sqlite"):
        assert ask(url, "PRAGMA integrity_check") == [("ok",)]
        assert ask(url, "PRAGMA foreign_key_check") == []


async def until(url: str, query: str, wanted: Any, seconds: float = 60) -> None:
    async with asyncio.timeout(seconds):
        while (found := ask(url, query)) != wanted:
            assert found is not None
            await asyncio.sleep(0.1)


async def new_channel(runtime: Runtime, **values: Any) -> int:
    sealed = {name: runtime.secrets.seal(values.pop(name)) for name in ("access_token", "app_secret")}
    channel = Channel(**values, **sealed)
    async with runtime.db.write() as session:
        session.add(channel)
    assert channel.id is not None
    return channel.id


class Deliverer:
    """Meta: delivers each webhook again and again until it is answered 200."""

    CUSTOMERS = 25

    def __init__(self, url: str) -> None:
        self.url = f"{url}/webhooks/whatsapp"
        self.acknowledged: dict[bytes, str] = {}
        self.tries = 0
        self._number = 0

    def _next(self) -> tuple[bytes, str]:
        self._number += 1
        wamid = f"wamid.{self._number}"
        customer = f"1650{self._number % self.CUSTOMERS:07d}"
        text = meta.message(wamid, body=f"message {self._number}", wa_id=customer, at=meta.ago(minutes=5))
        return meta.raw(meta.inbound(text, name=customer)), wamid

    async def run(self, client: httpx.AsyncClient) -> None:
        while True:
            body, wamid = self._next()
            await self._deliver(client, body)
            self.acknowledged[ingest.digest_of(body)] = wamid
            if self._number % 10 == 0:
                await self._deliver(client, body)

    async def _deliver(self, client: httpx.AsyncClient, body: bytes) -> None:
        while True:
            self.tries += 1
            with contextlib.suppress(httpx.TransportError):
                answer = await client.post(self.url, content=body, headers=meta.signed(body))
                if answer.status_code == 200:
                    return
            await asyncio.sleep(0.02)


async def test_every_acknowledged_webhook_is_there_once_and_applied_once(
    runtime: Runtime, server: Victim
) -> None:
    url = runtime.settings.database
    await new_channel(
        runtime, phone_number_id=meta.PNID, waba_id=meta.WABA, access_token="EAA", app_secret=meta.APP_SECRET
    )
    meta_side = Deliverer(server.url)
    async with httpx.AsyncClient(timeout=5) as client:
        loads = [asyncio.create_task(meta_side.run(client)) for _ in range(16)]
        with at_random_moments(server, seed=1) as rounds:
            async for _ in rounds():
                pass
        for load in loads:
            load.cancel()
        ended = await asyncio.gather(*loads, return_exceptions=True)
    assert all(isinstance(end, asyncio.CancelledError) for end in ended), ended
    await server.start()
    await until(url, "SELECT count(*) FROM webhook_event WHERE state <> 'done'", [(0,)])
    server.stop()

    stored = collections.Counter(bytes(digest) for (digest,) in ask(url, "SELECT digest FROM webhook_event"))
    assert max(stored.values()) == 1
    assert set(meta_side.acknowledged) <= set(stored), "an acknowledged webhook was lost"
    assert len(meta_side.acknowledged) > 20 * ROUNDS
    wamids = [wamid for (wamid,) in ask(url, "SELECT wamid FROM message")]
    assert len(wamids) == len(set(wamids)) == len(stored)
    assert set(meta_side.acknowledged.values()) <= set(wamids)
    counters = "SELECT id, unread FROM conversation ORDER BY id"
    counted = "SELECT conversation_id, count(*) FROM message GROUP BY 1 ORDER BY 1"
    assert ask(url, counters) == ask(url, counted)
    assert len(ask(url, counters)) == Deliverer.CUSTOMERS == len(ask(url, "SELECT id FROM contact"))
    newest = "SELECT count(*) FROM conversation c JOIN message m ON m.id = c.last_message_id WHERE m.body = c.preview"
    assert ask(url, newest) == [(Deliverer.CUSTOMERS,)]
    assert_sound(url)


async def written(runtime: Runtime, owner: Actor, count: int) -> None:
    """``count`` messages in the outbox, in conversations whose windows are open."""
    people = [f"1650{number:07d}" for number in range(count // 4)]
    for who in people:
        body = meta.raw(
            meta.inbound(
                meta.message(f"wamid.in.{who}", wa_id=who), name=who, pnid=SandboxConfig().phone_number_id
            )
        )
        await runtime.writer.run(ingest.store, ingest.RawEvent(body))
    while (await runtime.writer.run(ingest.apply_pending, None)).more:
        pass
    conversations = [
        row[0] for row in ask(runtime.settings.database, "SELECT id FROM conversation ORDER BY id")
    ]
    async with runtime.db.write() as session:
        for number in range(count):
            draft = Draft("text", f"message {number}", {"kind": "text"})
            await outbox.enqueue(session, owner, conversations[number % len(conversations)], draft)


async def planned(runtime: Runtime, owner: Actor, count: int) -> None:
    """``count`` messages whose time has come, in the same conversations."""
    conversations = [row[0] for row in ask(runtime.settings.database, "SELECT id FROM conversation")]
    rows = [
        ScheduledMessage(
            conversation_id=conversations[number % len(conversations)],
            author_id=owner.account_id,
            due_at=utcnow(),
            content={"text": f"planned {number}", "files": [], "reply_to": 0},
        )
        for number in range(count)
    ]
    async with runtime.db.write() as session:
        session.add_all(rows)


async def test_no_message_is_sent_twice_and_none_is_lost(
    runtime: Runtime, owner: Actor, server: Victim, new_victim: NewVictim
) -> None:
    url, port, config = (
        runtime.settings.database,
        free_port(),
        SandboxConfig(token="EAAkill", app_secret=meta.APP_SECRET),
    )
    arguments = ["integrations.sandbox", "--port", str(port), "--no-window", "--token", config.token]
    arguments += ["--app-secret", config.app_secret, "--webhook-url", f"{server.url}/webhooks/whatsapp"]
    sandbox = new_victim("sandbox", arguments, port, "/control/state")
    await sandbox.start()
    await new_channel(
        runtime,
        phone_number_id=config.phone_number_id,
        waba_id=config.waba_id,
        base_url=sandbox.url,
        access_token=config.token,
        app_secret=config.app_secret,
    )
    count = 60 * ROUNDS
    await written(runtime, owner, count)
    await planned(runtime, owner, count // 3)
    count += count // 3
    async with httpx.AsyncClient(base_url=sandbox.url) as control:
        faults = {
            "latency_ms": 120,
            "latency_jitter_ms": 80,
            "error_rate": 0.03,
            "duplicate_webhooks": 0.1,
            "reorder_webhooks": 0.1,
        }
        (await control.post("/control/faults", json=faults)).raise_for_status()
        with at_random_moments(server, seed=2) as rounds:
            async for _ in rounds():
                await asyncio.sleep(1.6)  # until the lease of the dead one has expired
        await server.start()
        await until(url, "SELECT count(*) FROM scheduled_message WHERE state <> 'sent'", [(0,)])
        await until(
            url, "SELECT count(*) FROM message WHERE status IN ('queued', 'sending')", [(0,)], 60 + count / 10
        )
        accepted = (await control.get("/control/accepted", params={"limit": 100_000})).json()
        assert accepted["count"] == len(accepted["messages"])
        taken = collections.Counter(_message_id(row["callback"]) for row in accepted["messages"])
        await _nothing_on_its_way(control)
        await until(url, "SELECT count(*) FROM webhook_event WHERE state <> 'done'", [(0,)])
    server.stop()

    assert accepted["duplicates"] == {}
    assert max(taken.values()) == 1, "a message was sent twice"
    ours = dict(ask(url, "SELECT id, status FROM message WHERE direction = 'out'"))
    assert len(ours) == count, "a message was lost"
    assert (
        ask(url, "SELECT body FROM message WHERE direction = 'out' GROUP BY body HAVING count(*) > 1") == []
    )
    unconfirmed = {message_id for message_id, status in ours.items() if status == MessageStatus.UNCONFIRMED}
    assert set(ours.values()) <= {"sent", "delivered", "read", "unconfirmed"}
    assert set(ours) - unconfirmed <= set(taken)
    reported = "SELECT DISTINCT message_id FROM status_event"
    assert unconfirmed.isdisjoint({row[0] for row in ask(url, reported)}), (
        "a report did not settle its message"
    )
    behind = "SELECT count(*) FROM status_event s JOIN message m ON m.id = s.message_id"
    behind += (
        " WHERE s.status = 'delivered' AND m.status NOT IN ('delivered', 'read') OR s.message_id IS NULL"
    )
    assert ask(url, behind) == [(0,)]
    _assert_in_order(url, [_message_id(row["callback"]) for row in accepted["messages"]])
    assert_sound(url)


async def _nothing_on_its_way(control: httpx.AsyncClient) -> None:
    """Meta delivers what it could not deliver while the server was dead, with growing pauses."""
    async with asyncio.timeout(180):
        while (await control.get("/control/state")).json()["webhooks"]["busy"]:
            await asyncio.sleep(0.2)


def _message_id(callback: str) -> int:
    found = re.fullmatch(r"m(\d+)\.\d+\.[0-9a-f]{8}", callback)
    assert found, callback
    return int(found[1])


def _assert_in_order(url: str, accepted: list[int]) -> None:
    """Within a conversation Meta got the messages in the order in which they were written."""
    conversation_of = dict(ask(url, "SELECT id, conversation_id FROM message"))
    left: dict[int, list[int]] = collections.defaultdict(list)
    for message_id in accepted:
        left[conversation_of[message_id]].append(message_id)
    assert all(ids == sorted(ids) for ids in left.values())


async def test_a_server_that_is_asked_to_stop_leaves_nothing_half_done(
    runtime: Runtime, owner: Actor, server: Victim, new_victim: NewVictim
) -> None:
    url, port, config = (
        runtime.settings.database,
        free_port(),
        SandboxConfig(token="EAAstop", app_secret=meta.APP_SECRET),
    )
    arguments = ["integrations.sandbox", "--port", str(port), "--no-window", "--token", config.token]
    arguments += ["--app-secret", config.app_secret]
    sandbox = new_victim("sandbox", arguments, port, "/control/state")
    await sandbox.start()
    await new_channel(
        runtime,
        phone_number_id=config.phone_number_id,
        waba_id=config.waba_id,
        base_url=sandbox.url,
        access_token=config.token,
        app_secret=config.app_secret,
    )
    await written(runtime, owner, 200)
    async with httpx.AsyncClient(base_url=sandbox.url) as control:
        (await control.post("/control/faults", json={"latency_ms": 300})).raise_for_status()
        await server.start()
        await until(
            url,
            "SELECT count(*) > 0 FROM message WHERE status = 'sending'",
            [(True,)] if "post" in url else [(1,)],
        )
        loop = asyncio.get_running_loop()
        begun = loop.time()
        await asyncio.to_thread(server.stop)
        assert loop.time() - begun < 5
        accepted = (await control.get("/control/accepted", params={"limit": 100_000})).json()
    statuses = collections.Counter(
        status for (status,) in ask(url, "SELECT status FROM message WHERE direction = 'out'")
    )
    assert set(statuses) <= {"queued", "sent"}
    assert statuses["sent"] == accepted["count"] > 0
    assert ask(url, "SELECT count(*) FROM lease") == [(0,)]
