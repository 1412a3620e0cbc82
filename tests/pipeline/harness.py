"""Drive Reflex event handlers through the real event pipeline: middleware, per-tab order, chaining and deltas.

A ``Tab`` stands for one open browser tab. Nothing is mocked but the socket.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import reflex as rx
from reflex.event import Event
from reflex.istate.manager.memory import StateManagerMemory
from reflex.state import State, StateUpdate
from reflex_base.event.processor import BaseStateEventProcessor
from sqlalchemy.exc import DataError

from wapto_app.live import Watcher
from wapto_app.runtime import Runtime
from wapto_app.services.errors import DomainError

WAIT = 5.0


class Socket:
    """Stands in for the websocket: keeps what the server emits, by tab."""

    def __init__(self) -> None:
        self.updates: dict[str, list[StateUpdate]] = {}

    async def emit_update(self, update: StateUpdate, token: str) -> None:
        self.updates.setdefault(token, []).append(update)


class Tab:
    """One open browser tab of whoever the cookie belongs to."""

    def __init__(self, processor: BaseStateEventProcessor, socket: Socket, *, path: str, cookie: str) -> None:
        self.token = str(uuid.uuid4())
        self._processor = processor
        self._socket = socket
        self._cookie = cookie
        self.path = path
        socket.updates[self.token] = []

    @property
    def _router(self) -> dict[str, Any]:
        headers = {"cookie": self._cookie, "origin": "http://testserver", "host": "testserver"}
        return {
            "pathname": self.path.partition("?")[0],
            "asPath": self.path,
            "query": {},
            "token": self.token,
            "sid": "test",
            "ip": "127.0.0.1",
            "headers": headers,
        }

    async def send(self, *specs: Any) -> None:
        """Fire events as a click would, and wait until they and whatever they chained have run."""
        for event in Event.from_event_type(list(specs), router_data=self._router):
            future = await self._processor.enqueue(self.token, event)
            await future.wait_all()

    async def raw(self, name: str, payload: dict[str, Any] | None = None) -> None:
        """Fire an event by its full name with any payload, as an attacker would."""
        event = Event(name=name, payload=payload or {}, router_data=self._router)
        future = await self._processor.enqueue(self.token, event)
        await future.wait_all()

    async def open(self, path: str) -> None:
        """Load a page: hydrate the tab and run the page's ``on_load``."""
        self.path = path
        await self.send(State.hydrate_and_load)

    @property
    def updates(self) -> list[StateUpdate]:
        return self._socket.updates[self.token]

    def clear(self) -> None:
        """Forget what was received so far."""
        self.updates.clear()

    def vars(self, state: type[rx.State]) -> dict[str, Any]:
        """What the browser now knows of one state."""
        merged: dict[str, Any] = {}
        for update in self.updates:
            merged.update((update.delta or {}).get(state.get_full_name(), {}))
        return {name.removesuffix("_rx_state_"): value for name, value in merged.items()}

    @property
    def frontend_events(self) -> list[Event]:
        """Events that the browser itself must carry out (redirects, downloads)."""
        return [event for update in self.updates for event in update.events]

    @property
    def redirects(self) -> list[str]:
        return [str(event.payload["path"]) for event in self.frontend_events if event.name == "_redirect"]

    async def until(self, condition: Callable[[], bool], seconds: float = WAIT) -> None:
        """Wait for something that a live update brings; fails loudly when it never comes."""
        deadline = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < deadline, f"nothing came within {seconds} s; last: {self.updates[-1:]}"
            await asyncio.sleep(0.01)


NewTab = Callable[..., Tab]


@asynccontextmanager
async def serving(app: rx.App, runtime: Runtime) -> AsyncIterator[NewTab]:
    """Run the app's event pipeline, live wake-ups included; an unexpected error in a handler fails the test."""
    unexpected: list[Exception] = []
    socket = Socket()

    def on_error(error: Exception) -> Any:
        if not isinstance(error, DomainError | DataError):
            unexpected.append(error)
        return app.backend_exception_handler(error)

    processor = BaseStateEventProcessor(
        middleware=app, backend_exception_handler=on_error, graceful_shutdown_timeout=2
    )
    processor.configure(state_manager=StateManagerMemory(), event_namespace=socket)  # type: ignore[arg-type]

    async def deliver(watcher: Watcher, _topics: frozenset[str]) -> bool:
        token, handler = watcher
        if token not in socket.updates:
            return False
        await processor.enqueue(token, Event(name=handler, payload={}))
        return True

    runtime.hub.deliver = deliver
    async with processor:
        yield lambda *, path="/", cookie="": Tab(processor, socket, path=path, cookie=cookie)
    if unexpected:
        raise unexpected[0]
