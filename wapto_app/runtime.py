"""What one running process shares: settings, database, writer, live hub, HTTP pool and keys."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import os
import secrets
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from integrations.whatsapp.network import new_http_client
from wapto_app.attention import Attention
from wapto_app.db import Database, Writer
from wapto_app.live import LiveHub, RedisRelay, SharedReads
from wapto_app.security.secrets import SecretBox, load_box
from wapto_app.services import opt_words
from wapto_app.services.billing import Till
from wapto_app.services.gateway import Gateway
from wapto_app.settings import Settings

_current: Runtime | None = None


@dataclass
class Runtime:
    """Open it with ``runtime.running``; reach it with ``runtime.get`` from routes, states and jobs.

    ``leading``: the duties that this process has (``jobs.duties``), ``wanted_duty`` the one that another shall have.
    """

    settings: Settings
    db: Database
    writer: Writer
    hub: LiveHub
    secrets: SecretBox
    http: httpx.AsyncClient
    inbox_reads: SharedReads
    attention: Attention
    redis: Any = None
    leading: set[str] = field(default_factory=set)
    wanted_duty: str = ""
    process_id: str = field(
        default_factory=lambda: f"{socket.gethostname()[:32]}:{os.getpid()}:{secrets.token_hex(4)}"
    )

    @property
    def gateway(self) -> Gateway:
        """Opens connected numbers."""
        return Gateway(
            http=self.http,
            secrets=self.secrets,
            base_url=self.settings.graph_base_url,
            version=self.settings.graph_version,
        )

    @property
    def till(self) -> Till:
        """Opens the Stripe account."""
        return Till(http=self.http, secrets=self.secrets, settings=self.settings)


def get() -> Runtime:
    """The runtime of this process.

    Raises:
        RuntimeError: before the server has started or after it has stopped.
    """
    if _current is None:
        raise RuntimeError("Wapto is not running in this process.")
    return _current


def collect_seldom() -> None:
    """Let the garbage collector leave alone what is loaded by now, and look for the rest seldom.

    For a process that is ready for its work. Everything that was imported would be walked through again and again: a
    quarter of the processor time of a campaign's message.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def _open(settings: Settings) -> Runtime:
    settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    hub = LiveHub()
    hub.listen(opt_words.heard)
    return Runtime(
        settings=settings,
        db=Database(settings.database, publish=hub.publish),
        writer=Writer(settings.database),
        hub=hub,
        secrets=load_box(settings.secret_key.get_secret_value(), settings.data_dir),
        http=new_http_client(),
        inbox_reads=SharedReads(hub, "inbox"),
        attention=Attention(hub),
        redis=_redis(settings),
    )


def _redis(settings: Settings) -> Any:
    if not settings.redis_url:
        return None
    from redis.asyncio import Redis

    return Redis.from_url(settings.redis_url, decode_responses=True)


@asynccontextmanager
async def running(settings: Settings) -> AsyncIterator[Runtime]:
    """Open everything, serve, then finish what was begun and close in the opposite order."""
    global _current
    runtime = _current = _open(settings)
    runtime.writer.start()
    tasks = [asyncio.create_task(runtime.hub.run(), name="live-hub")]
    if runtime.redis is not None:
        relay = RedisRelay(runtime.hub, runtime.redis, runtime.process_id)
        tasks.append(asyncio.create_task(relay.run(), name="live-relay"))
    try:
        yield runtime
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await runtime.writer.stop()
        await runtime.http.aclose()
        await runtime.db.close()
        if runtime.redis is not None:
            with contextlib.suppress(Exception):
                await runtime.redis.aclose()
        _current = None
