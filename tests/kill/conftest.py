"""Processes that are started, killed and started again."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from wapto_app.settings import Settings

ROUNDS = int(os.environ.get("WAPTO_KILL_ROUNDS", "5"))
"""How often the server is killed; ``WAPTO_KILL_ROUNDS=20`` for the long run."""
_ROOT = Path(__file__).resolve().parents[2]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Victim:
    """A process of ours, answering at ``url``."""

    arguments: list[str]
    url: str
    ready_path: str
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = field(default=None)

    async def start(self) -> None:
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self.arguments],
                cwd=_ROOT,
                env=os.environ | self.environment,
                stdout=output,
                stderr=output,
            )
        async with httpx.AsyncClient() as client, asyncio.timeout(90):
            while not await self._answers(client):
                assert self.process.poll() is None, self.log.read_text()
                await asyncio.sleep(0.03)

    async def _answers(self, client: httpx.AsyncClient) -> bool:
        try:
            return (await client.get(f"{self.url}{self.ready_path}")).status_code == 200
        except httpx.TransportError:
            return False

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, number: int) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        process.send_signal(number)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise


NewVictim = Callable[..., Victim]


@pytest.fixture
def new_victim(tmp_path: Path) -> Iterator[NewVictim]:
    made: list[Victim] = []

    def make(name: str, arguments: list[str], port: int, ready_path: str, **environment: str) -> Victim:
        victim = Victim(
            arguments, f"http://127.0.0.1:{port}", ready_path, environment, tmp_path / f"{name}.log"
        )
        made.append(victim)
        return victim

    yield make
    for victim in made:
        victim.kill()


@pytest.fixture
def server(new_victim: NewVictim, settings: Settings) -> Victim:
    """The server, over the database that the test looks into."""
    return _over(settings, new_victim, "server")


@pytest.fixture
def second(new_victim: NewVictim, settings: Settings) -> Victim:
    """Another process of the same install."""
    return _over(settings, new_victim, "second")


def _over(settings: Settings, new_victim: NewVictim, name: str) -> Victim:
    port = free_port()
    return new_victim(
        name,
        ["tests.kill.server", str(port)],
        port,
        "/alive",
        WAPTO_DATA_DIR=str(settings.data_dir),
        WAPTO_DATABASE_URL=settings.database,
        WAPTO_SECRET_KEY=settings.secret_key.get_secret_value(),
        WAPTO_REDIS_URL=settings.redis_url,
        WAPTO_LOG_LEVEL="warning",
    )


@contextmanager
def at_random_moments(*victims: Victim, seed: int) -> Iterator[Callable[[], AsyncIterator[int]]]:
    """Rounds of life and sudden death; of several one dies in each."""
    moments = random.Random(seed)

    async def rounds() -> AsyncIterator[int]:
        for number in range(ROUNDS):
            for victim in victims:
                if victim.process is None:
                    await victim.start()
            yield number
            await asyncio.sleep(moments.uniform(0.05, 1.0))
            moments.choice(victims).kill()

    yield rounds
