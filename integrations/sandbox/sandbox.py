"""The whole stand-in: store, traffic, webhooks and the ASGI app in front of them."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Self

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.routing import Route

from .config import Clock, SandboxConfig
from .control import control_routes
from .dispatcher import Dispatcher
from .faults import Bucket, FaultGate, Faults
from .graph import template_review
from .graph.content import media_links
from .graph.router import GraphApp
from .graph.template_send import Contract
from .hub import Hub
from .links import LinkFetcher
from .models import Message, Token
from .phone import phone_routes
from .store import Store
from .timeline import Timeline
from .traffic import Address, Traffic
from .web import base_of


class Sandbox:
    """One running stand-in for Meta.

    Use `sandbox.app` alone (its lifespan starts everything) or mounted in another app, which then
    calls `start()` and `stop()` itself. `async with Sandbox(config) as sandbox` does both in tests.
    """

    def __init__(
        self, config: SandboxConfig | None = None, *, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self.config = config or SandboxConfig()
        self.clock = Clock()
        self.faults = self._first_faults()
        self.gate = FaultGate(self.faults)
        self.store = Store(self.config, self.clock.now())
        self.timeline = Timeline()
        self.hub = Hub()
        self.dispatcher = Dispatcher(self.config, self.faults, self.clock, self.timeline, transport)
        self.traffic = Traffic(
            self.config, self.store, self.faults, self.clock, self.timeline, self.dispatcher, self.hub
        )
        self.links = LinkFetcher(transport)
        self.link_key = secrets.token_bytes(16)
        self.contracts: dict[str, Contract] = {}
        self.buckets: dict[str, Bucket] = {}
        self._base: str | None = None
        self._running = False
        self.app = self._build_app()

    async def start(self) -> None:
        """Start webhooks and persistence; harmless when already running."""
        if self._running:
            return
        self._running = True
        self.dispatcher.start()
        template_review.resume(self)
        self.traffic.resume()
        if self.store.journal is not None:
            self.store.journal.start()

    async def stop(self) -> None:
        """End streams, stop webhooks and write what is left."""
        if not self._running:
            return
        self._running = False
        self.hub.close()
        self.timeline.clear()
        await self.dispatcher.stop()
        await self.links.close()
        if self.store.journal is not None:
            await self.store.journal.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    async def settle(self, timeout: float = 10.0) -> None:
        """Wait until no status, review or webhook is under way."""
        deadline = time.monotonic() + timeout
        while self.timeline.pending or self.dispatcher.busy or self.links.busy:
            if time.monotonic() > deadline:
                raise TimeoutError("the sandbox still has work under way")
            await asyncio.sleep(0.005)

    def reset(self) -> None:
        """Back to the first day: faults off, chats and changes gone, the same secrets."""
        self.timeline.clear()
        self.dispatcher.reset()
        self.gate.spread.clear()
        for name, value in self._first_faults().as_json().items():
            setattr(self.faults, name, value)
        self.clock.offset = 0.0
        self.store.reset(self.clock.now())
        self.traffic.counts.clear()
        self.contracts.clear()
        self.buckets.clear()
        self.hub.tell({"kind": "reset"})

    def accept(self, message: Message, address: Address, failure: int | None) -> None:
        """Take an accepted send on its way, fetching linked files first as Meta does."""
        links = media_links(message.body) if self.config.fetch_links else []
        if not links:
            self.traffic.accept(message, address, failure=failure)
            return

        def fetched(problem: str | None) -> None:
            self.traffic.accept(message, address, failure=131053 if problem else failure)

        self.links.fetch_all(links, fetched)

    def rotate_token(self, token: str | None = None) -> str:
        """Replace the system user token; the old one is refused from now on."""
        self.store.tokens.pop(self.config.token, None)
        self.config.token = token or f"EAA{secrets.token_hex(24)}"
        self.store.tokens[self.config.token] = Token(self.config.token, "SYSTEM_USER")
        self.store.touch_settings()
        return self.config.token

    def learn_base(self, request: Request) -> None:
        """Remember under which address the business reaches us, for links in webhooks."""
        if self._base is None:
            self._base = base_of(request)

    @property
    def base_url(self) -> str | None:
        """Base of links handed to the business."""
        return self.config.public_url.rstrip("/") if self.config.public_url else self._base

    def _first_faults(self) -> Faults:
        return Faults(
            throughput_per_second=self.config.throughput_per_second, auto_read=self.config.auto_read
        )

    def _build_app(self) -> Starlette:
        @asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            async with self:
                yield

        graph = Route("/v{major:int}.{minor:int}/{rest:path}", GraphApp(self))
        app = Starlette(routes=[graph, *phone_routes(self), *control_routes(self)], lifespan=lifespan)
        app.state.sandbox = self
        return app


def create_app(config: SandboxConfig | None = None) -> Starlette:
    """A ready ASGI app; the sandbox itself is at `app.state.sandbox`."""
    return Sandbox(config).app
