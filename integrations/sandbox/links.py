"""Fetches `link` media as Meta does: once per address and ten minutes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

import httpx

_LIFE = 600.0
_LIMIT = 100 * 1024 * 1024
_MOST = 200


@dataclass(slots=True)
class Fetched:
    """A fetched file, or why there is none."""

    data: bytes
    mime_type: str
    problem: str | None
    at: float


class LinkFetcher:
    """Downloads in the background and remembers the outcome."""

    def __init__(self, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._transport = transport
        self._cache: dict[str, Fetched] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def busy(self) -> bool:
        """Whether downloads are under way."""
        return bool(self._tasks)

    def cached(self, url: str) -> Fetched | None:
        """A file fetched for a message, while it is remembered."""
        return self._cache.get(url)

    def fetch_all(self, urls: list[str], done: Callable[[str | None], None]) -> None:
        """Fetch every address, then report the first problem or none."""
        task = asyncio.get_running_loop().create_task(self._fetch_all(urls, done))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def close(self) -> None:
        """Give up what is under way."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _fetch_all(self, urls: list[str], done: Callable[[str | None], None]) -> None:
        problem = None
        for url in urls:
            problem = problem or (await self._fetch(url)).problem
        done(problem)

    async def _fetch(self, url: str) -> Fetched:
        known = self._cache.get(url)
        if known is not None and known.problem is None and known.at + _LIFE > time.monotonic():
            return known
        try:
            fetched = await self._download(url)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            fetched = Fetched(b"", "", f"Downloading media from weblink failed: {error}", time.monotonic())
        self._cache[url] = fetched
        while len(self._cache) > _MOST:
            self._cache.pop(next(iter(self._cache)))
        return fetched

    async def _download(self, url: str) -> Fetched:
        async with (
            httpx.AsyncClient(
                transport=self._transport, timeout=10, follow_redirects=True, max_redirects=3, trust_env=False
            ) as client,
            client.stream("GET", url) as response,
        ):
            if response.status_code != 200:
                return self._failed(
                    f"Downloading media from weblink failed with http code {response.status_code}"
                )
            chunks, size = [], 0
            async for chunk in response.aiter_bytes():
                chunks.append(chunk)
                size += len(chunk)
                if size > _LIMIT:
                    return self._failed("The file behind the weblink is too large.")
            mime_type = response.headers.get("content-type", "application/octet-stream")
            return Fetched(b"".join(chunks), mime_type, None, time.monotonic())

    def _failed(self, problem: str) -> Fetched:
        return Fetched(b"", "", problem, time.monotonic())
