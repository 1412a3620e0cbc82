"""The ground of every test: a data folder, a migrated database, a running process and people who are signed in.

SQLite by default; ``--backend postgresql`` runs those that use a database once more on PostgreSQL and Redis
(``make test`` does both).
``WAPTO_TEST_POSTGRES`` is the URL of a server on which databases may be made and dropped, ``WAPTO_TEST_REDIS`` that
of a Redis whose databases may be emptied.
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import pytest
import sqlalchemy as sa
from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from tests.postgres import SharedDatabase
from wapto_app import db as database
from wapto_app import migrations
from wapto_app import runtime as process
from wapto_app.db import Database, sync_url
from wapto_app.live import RedisRelay
from wapto_app.models import Account, Role, Team
from wapto_app.runtime import Runtime
from wapto_app.security import cookies
from wapto_app.security.permissions import Actor, permissions_of
from wapto_app.services import sessions
from wapto_app.settings import Settings

# How fast a machine makes up examples says nothing about what they are to show.
hypothesis.settings.register_profile(
    "wapto", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("wapto")

# A refused connection at once, should a test forget to point the client at a sandbox.
NOWHERE = "http://127.0.0.1:9"
TEAM = "Support"
TEAM_PERMISSIONS = ("inbox.see", "inbox.do", "contacts.see", "contacts.do")
SignIn = Callable[[Actor], Awaitable[str]]
NewClient = Callable[..., httpx.AsyncClient]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--backend", choices=("sqlite", "postgresql"), default="sqlite")


_AS_SHIPPED = database._PRAGMAS
# In memory, where there is enough of it: every commit waits for the disk, which is most of what many tests take.
_MEMORY, _ENOUGH = Path("/dev/shm"), 4 * 2**30


def _work_in_memory() -> None:
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _ENOUGH:
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(_MEMORY))


def pytest_configure(config: pytest.Config) -> None:
    _work_in_memory()
    # What the tests write is thrown away: as on PostgreSQL, durability would only cost time.
    database._PRAGMAS = (*_AS_SHIPPED, "PRAGMA synchronous=OFF")
    if config.getoption("--backend") == "postgresql" and not os.environ.get("WAPTO_TEST_POSTGRES"):
        raise pytest.UsageError("--backend postgresql needs WAPTO_TEST_POSTGRES (make test starts one).")
    for name in [
        name
        for name in os.environ
        if name.startswith("WAPTO_") and not name.startswith(("WAPTO_TEST_", "WAPTO_KILL_"))
    ]:
        del os.environ[name]  # the developer's own settings must not decide whether a test passes


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    other = "postgres_only" if config.getoption("--backend") == "sqlite" else "sqlite_only"
    for item in items:
        if item.get_closest_marker(other):
            item.add_marker(pytest.mark.skip(reason=f"{other.removesuffix('_only')} only"))
    if other == "sqlite_only":
        _leave_out_what_needs_no_database(config, items)


def _leave_out_what_needs_no_database(config: pytest.Config, items: list[pytest.Item]) -> None:
    """They have passed on the SQLite run and would do the same again (unless nothing else was asked for)."""
    needed = [item for item in items if "backend" in getattr(item, "fixturenames", ())]
    if needed:
        kept = set(needed)
        config.hook.pytest_deselected(items=[item for item in items if item not in kept])
        items[:] = needed


@pytest.fixture
def durable(monkeypatch: pytest.MonkeyPatch) -> None:
    """A commit waits for the disk, as it does where Wapto is used."""
    monkeypatch.setattr(database, "_PRAGMAS", _AS_SHIPPED)


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> str:
    return str(request.config.getoption("--backend"))


@pytest.fixture(scope="session")
def worker_number() -> int:
    """Which of the processes of pytest-xdist this is."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def _admin(sql: str) -> None:
    engine = sa.create_engine(sync_url(os.environ["WAPTO_TEST_POSTGRES"]), isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(sa.text(sql))
    finally:
        engine.dispose()


def _postgres_url(name: str) -> str:
    return (
        make_url(os.environ["WAPTO_TEST_POSTGRES"]).set(database=name).render_as_string(hide_password=False)
    )


@pytest.fixture(scope="session")
def template(backend: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated, empty database that each test gets a copy of: a file's path, or a database's name."""
    if backend == "sqlite":
        path = tmp_path_factory.mktemp("template") / "wapto.sqlite3"
        migrations.upgrade(f"sqlite:///{path}")
        yield str(path)
        return
    name = f"wapto_template_{secrets.token_hex(4)}"
    _admin(f"CREATE DATABASE {name}")
    migrations.upgrade(_postgres_url(name))
    yield name
    _admin(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database_url(
    backend: str, template: str, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[str]:
    """A fresh, migrated database of this test's own."""
    if backend == "sqlite":
        copy = tmp_path / "wapto.sqlite3"
        shutil.copyfile(template, copy)
        yield f"sqlite:///{copy}"
        return
    if request.node.get_closest_marker("own_database"):
        with _copy_of(template) as name:
            yield _postgres_url(name)
        return
    shared: SharedDatabase = request.getfixturevalue("shared_database")
    yield shared.url
    shared.clean()


@contextmanager
def _copy_of(template: str) -> Iterator[str]:
    name = f"wapto_{secrets.token_hex(6)}"
    _admin(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    yield name
    _admin(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def shared_database(template: str) -> Iterator[SharedDatabase]:
    """The database of this process: emptying it costs a tenth of making another."""
    with _copy_of(template) as name, SharedDatabase(_postgres_url(name)) as shared:
        yield shared


@pytest.fixture
def empty_database_url(backend: str, tmp_path: Path) -> Iterator[str]:
    """A database without tables."""
    if backend == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite3'}"
        return
    name = f"wapto_{secrets.token_hex(6)}"
    _admin(f"CREATE DATABASE {name}")
    yield _postgres_url(name)
    _admin(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def redis_url(backend: str, worker_number: int, monkeypatch: pytest.MonkeyPatch) -> str:
    """An emptied Redis database on the PostgreSQL run, or an empty text: most installs have none."""
    server = os.environ.get("WAPTO_TEST_REDIS", "")
    if backend == "sqlite" or not server:
        return ""
    import redis

    url = f"{server.rstrip('/')}/{worker_number}"
    with redis.Redis.from_url(url) as client:
        client.flushdb()
    # Channels are shared by all databases of a Redis server.
    monkeypatch.setattr(RedisRelay, "CHANNEL", f"wapto:live:{worker_number}")
    return url


@pytest.fixture
def settings(tmp_path: Path, database_url: str, redis_url: str) -> Settings:
    """Settings of an install of its own that cannot reach the world outside."""
    data_dir = tmp_path / "data"
    data_dir.mkdir()
    return Settings(
        _env_file=None,  # type: ignore[call-arg]
        data_dir=data_dir,
        database_url=database_url,
        redis_url=redis_url,
        secret_key=Fernet.generate_key().decode(),
        public_url="http://testserver",
        graph_base_url=NOWHERE,
        stripe_api_base=NOWHERE,
    )


@pytest.fixture
async def runtime(settings: Settings) -> AsyncIterator[Runtime]:
    """The running process that routes, states and jobs find with ``runtime.get()``."""
    cookies.forget()
    async with process.running(settings) as running:
        cookies.listen(running.hub)  # as the composition root does
        yield running
    cookies.forget()


@pytest.fixture
def db(runtime: Runtime) -> Database:
    return runtime.db


async def _team_of_all_agents(session: AsyncSession) -> int:
    team = (await session.exec(select(Team).where(Team.name == TEAM))).first()
    if team is None:
        team = Team(name=TEAM, permissions=list(TEAM_PERMISSIONS))
        session.add(team)
        await session.flush()
    return team.id or 0


@pytest.fixture
def new_account(db: Database) -> Callable[..., Awaitable[Actor]]:
    """Make an account and return its actor, as a signed-in request would carry it."""

    async def make(name: str, role: Role = Role.AGENT, *, is_admin: bool = False) -> Actor:
        email = f"{name.lower().replace(' ', '.')}.{secrets.token_hex(3)}@example.com"
        account = Account(name=name, email=email, password_hash="!", role=role, is_admin=is_admin)
        async with db.write() as session:
            if role is Role.AGENT:
                account.team_id = await _team_of_all_agents(session)
            session.add(account)
        permissions = permissions_of(role, is_admin=is_admin, team=TEAM_PERMISSIONS)
        return Actor(
            account.id,
            role,
            name=name,
            is_admin=is_admin,
            permissions=permissions,
            team_id=account.team_id,
        )

    return make


@pytest.fixture
async def owner(new_account: Callable[..., Awaitable[Actor]]) -> Actor:
    return await new_account("Olga Owner", Role.OWNER)


@pytest.fixture
async def admin(new_account: Callable[..., Awaitable[Actor]]) -> Actor:
    return await new_account("Ada Admin", Role.OWNER, is_admin=True)


@pytest.fixture
async def agent(new_account: Callable[..., Awaitable[Actor]]) -> Actor:
    return await new_account("Ben Agent", Role.AGENT)


@pytest.fixture
def sign_in(db: Database) -> SignIn:
    """Open a login session for an actor and return its Cookie header."""

    async def open_session(actor: Actor) -> str:
        assert actor.account_id is not None
        async with db.write() as session:
            token = await sessions.open_session(
                session, actor.account_id, address="127.0.0.1", user_agent="tests"
            )
        return f"{cookies.COOKIE}={token}"

    return open_session


@pytest.fixture
async def new_client() -> AsyncIterator[NewClient]:
    """A client of the given routes (or of a whole ASGI app), without a socket in between."""
    async with AsyncExitStack() as stack:

        def make(target: Sequence[BaseRoute] | Any, *, cookie: str = "", **options: Any) -> httpx.AsyncClient:
            app = Starlette(routes=list(target)) if isinstance(target, Sequence) else target
            transport = httpx.ASGITransport(app=app, raise_app_exceptions=True, **options)
            headers = {"cookie": cookie} if cookie else {}
            client = httpx.AsyncClient(transport=transport, base_url="http://testserver", headers=headers)
            stack.push_async_callback(client.aclose)
            return client

        yield make
