"""Live updates to open phone pages."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import orjson

from .models import Json

_PAUSE = 0.12


class Hub:
    """Tells every open page what changed; pages re-read what they show.

    A page that sleeps loses nothing: equal notices collapse while they wait.
    """

    def __init__(self) -> None:
        self._listeners: set[Listener] = set()

    def tell(self, notice: Json) -> None:
        """Queue a notice for every open page."""
        if not self._listeners:
            return
        raw = orjson.dumps(notice)
        for listener in self._listeners:
            listener.put(raw)

    def listen(self) -> Listener:
        """Open a new stream."""
        listener = Listener(self._listeners)
        self._listeners.add(listener)
        return listener

    def close(self) -> None:
        """End all streams so that the server can stop."""
        for listener in list(self._listeners):
            listener.end()


class Listener:
    """One page's stream of server-sent events."""

    def __init__(self, listeners: set[Listener]) -> None:
        self._listeners = listeners
        self._waiting: dict[bytes, None] = {}
        self._wake = asyncio.Event()
        self._ended = False

    def put(self, raw: bytes) -> None:
        """Add a notice."""
        self._waiting[raw] = None
        self._wake.set()

    def end(self) -> None:
        """Finish the stream."""
        self._ended = True
        self._wake.set()

    async def stream(self) -> AsyncIterator[bytes]:
        """The `text/event-stream` body."""
        try:
            yield b'retry: 1500\ndata: {"kind":"hello"}\n\n'
            while not self._ended:
                yield await self._next()
        finally:
            self._listeners.discard(self)

    async def _next(self) -> bytes:
        try:
            await asyncio.wait_for(self._wake.wait(), timeout=20)
        except TimeoutError:
            return b": still here\n\n"
        # A burst of a thousand statuses becomes a handful of refreshes.
        await asyncio.sleep(_PAUSE)
        self._wake.clear()
        waiting, self._waiting = self._waiting, {}
        return b"".join(b"data: " + raw + b"\n\n" for raw in waiting) or b": nothing\n\n"
