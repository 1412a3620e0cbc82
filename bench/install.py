"""An install of Wapto that lives as long as a measurement: data folder, database, a number, people."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet

from bench import processes
from bench.processes import Measured
from wapto_app import bundle, migrations
from wapto_app.db import Database, make_sync_engine
from wapto_app.models import Account, Channel, Role
from wapto_app.models.base import table_of
from wapto_app.security.cookies import COOKIE
from wapto_app.security.secrets import SecretBox
from wapto_app.services import sessions
from wapto_app.settings import Settings

APP_SECRET = "0123456789abcdef0123456789abcdef"
ACCESS_TOKEN = "EAA" + "b" * 60
PHONE_NUMBER_ID = "106540352242922"
"""The number that the sandbox has, too."""
WABA_ID = "102290129340398"
CHANNEL = 1
NOWHERE = "http://127.0.0.1:9"
"""Refuses a connection at once: no measurement may reach the world outside."""
_WAPTO = "from wapto_app.cli import main; main()"


@dataclass(frozen=True)
class Install:
    """Where it is and how to reach it."""

    folder: Path
    port: int
    key: str
    database_url: str
    graph_url: str = NOWHERE

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @cached_property
    def settings(self) -> Settings:
        return Settings(
            _env_file=None,
            data_dir=self.folder,
            database_url=self.database_url,
            secret_key=self.key,
            port=self.port,
            graph_base_url=self.graph_url,
            stripe_api_base=NOWHERE,
            log_level="warning",
        )

    def environment(self) -> dict[str, str]:
        """For its processes."""
        return processes.environment() | {
            "WAPTO_DATA_DIR": str(self.folder),
            "WAPTO_DATABASE_URL": self.database_url,
            "WAPTO_SECRET_KEY": self.key,
            "WAPTO_PORT": str(self.port),
            "WAPTO_GRAPH_BASE_URL": self.graph_url,
            "WAPTO_STRIPE_API_BASE": NOWHERE,
            "WAPTO_LOG_LEVEL": "info",
        }

    @contextlib.contextmanager
    def connection(self) -> Iterator[sa.Connection]:
        """One transaction, with our pragmas."""
        engine = make_sync_engine(self.database_url)
        try:
            with engine.begin() as connection:
                yield connection
        finally:
            engine.dispose()

    def wapto(self, *arguments: str) -> list[str]:
        return processes.python("-c", _WAPTO, *arguments)

    @contextlib.contextmanager
    def serving(self) -> Iterator[Measured]:
        """``wapto run``: the whole server, as an operator starts it."""
        bundle.build()
        log = self.folder / "server.log"
        with processes.running(self.wapto("run"), self.environment(), log, f"{self.url}/healthz") as server:
            yield server

    async def sign_in(self, count: int) -> list[str]:
        """Make that many owners; the Cookie header of each."""
        db = Database(self.database_url)
        try:
            async with db.write() as session:
                people = [
                    Account(
                        name=f"Owner {n}", email=f"owner{n}@bench.example", password_hash="!", role=Role.OWNER
                    )
                    for n in range(count)
                ]
                session.add_all(people)
                await session.flush()
                tokens = [
                    await sessions.open_session(
                        session, person.id or 0, address="127.0.0.1", user_agent="bench"
                    )
                    for person in people
                ]
        finally:
            await db.close()
        return [f"{COOKIE}={token}" for token in tokens]


@contextlib.contextmanager
def new_install(
    *, graph_url: str = NOWHERE, throughput: str = "HIGH", database_url: str = ""
) -> Iterator[Install]:
    """A migrated install with one connected number, in a temporary folder; on SQLite unless told otherwise."""
    with tempfile.TemporaryDirectory(prefix="wapto-bench-") as name:
        folder = Path(name)
        install = Install(
            folder=folder,
            port=processes.free_port(),
            key=Fernet.generate_key().decode(),
            database_url=database_url or f"sqlite:///{folder / 'wapto.sqlite3'}",
            graph_url=graph_url,
        )
        migrations.upgrade(install.database_url)
        with install.connection() as connection:
            connection.execute(table_of(Channel).insert(), [channel_row(install.key, throughput)])
        yield install


def channel_row(key: str, throughput: str) -> dict[str, Any]:
    box = SecretBox([key])
    channel = Channel(
        id=CHANNEL,
        phone_number_id=PHONE_NUMBER_ID,
        waba_id=WABA_ID,
        display_phone_number="+1 650-555-0100",
        verified_name="Bench",
        access_token=box.seal(ACCESS_TOKEN),
        app_secret=box.seal(APP_SECRET),
        health={"throughput": throughput},
    )
    return channel.model_dump()
