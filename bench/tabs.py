"""Browser tabs without a browser: they speak the websocket protocol of Reflex 0.10 and hold the state they are sent."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Callable
from typing import Any

import socketio
from reflex.state import State

_NAMESPACE = "/_event"
_VAR = "_rx_state_"
_OPEN_SECONDS = 30.0

Vars = dict[str, Any]
Seen = Callable[[Vars], bool]


class Tab:
    """One tab of one signed-in person, on one page."""

    def __init__(self, url: str, path: str, cookie: str) -> None:
        self.updates = 0
        self._url = url
        self._path = path
        self._headers = {"Cookie": cookie, "Origin": url}
        self._held: dict[str, Vars] = {}
        self._waiting: list[tuple[str, Seen, asyncio.Future[float]]] = []
        self._socket = socketio.AsyncClient(reconnection=False)
        self._socket.on("event", self._update, namespace=_NAMESPACE)

    async def open(self, state: type[State], seen: Seen) -> None:
        """Connect as a browser does, and wait until the page has what it shows.

        Raises:
            TimeoutError: when it does not come.
        """
        shown = self.when(state, seen)
        await self._socket.connect(
            f"{self._url}?token={uuid.uuid4()}",
            socketio_path=_NAMESPACE,
            namespaces=[_NAMESPACE],
            transports=["websocket"],
            auth={"event": self._event(f"{State.get_full_name()}.hydrate_and_load")},
            headers=self._headers,
        )
        await asyncio.wait_for(shown, _OPEN_SECONDS)

    def when(self, state: type[State], seen: Seen) -> asyncio.Future[float]:
        """The time (``perf_counter``) at which an update brings what ``seen`` looks for among the state's vars."""
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting.append((state.get_full_name(), seen, future))
        return future

    async def go(self, path: str) -> None:
        """Follow a link within the page."""
        self._path = path
        await self._emit(f"{State.get_full_name()}.reflex___state____on_load_internal_state.on_load_internal")

    async def close(self) -> None:
        await self._socket.disconnect()

    async def _emit(self, name: str) -> None:
        await self._socket.emit("event", self._event(name), namespace=_NAMESPACE)

    def _event(self, name: str) -> dict[str, Any]:
        return {"name": name, "payload": {}, "router_data": {"pathname": self._path, "asPath": self._path}}

    async def _update(self, update: dict[str, Any]) -> None:
        now = time.perf_counter()
        self.updates += 1
        for state, values in (update.get("delta") or {}).items():
            held = self._held.setdefault(state, {})
            held.update((name.removesuffix(_VAR), value) for name, value in values.items())
            self._tell(state, held, now)
        for event in update.get("events") or ():
            await self._emit(event["name"])

    def _tell(self, changed: str, held: Vars, now: float) -> None:
        for waiting in list(self._waiting):
            state, seen, future = waiting
            if state == changed and (future.done() or seen(held)):
                self._waiting.remove(waiting)
                if not future.done():
                    future.set_result(now)
