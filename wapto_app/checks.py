"""Can Wapto start here? The same questions for ``wapto run`` (stop at the first no) and ``wapto doctor`` (ask all)."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import make_url

from wapto_app import bundle, migrations, serve
from wapto_app.db import make_sync_engine
from wapto_app.models import Account, Channel, ChannelStatus
from wapto_app.security.secrets import KEY_FILE, load_box
from wapto_app.settings import BadSettings, Settings

GIBIBYTE = 1024**3
LOW_SPACE = 1 * GIBIBYTE


class DataFolderUnusable(Exception):
    """We may not write where ``WAPTO_DATA_DIR`` points."""


class KeyMissing(Exception):
    """The database holds encrypted credentials, and the key that opens them is gone."""


class RedisUnreachable(Exception):
    """``WAPTO_REDIS_URL`` is set, and nothing answers there."""


def check_data_folder(settings: Settings) -> str:
    """Make the data folder and write to it.

    Raises:
        DataFolderUnusable: saying why.
    """
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=settings.data_dir):
            pass
    except OSError as error:
        raise DataFolderUnusable(
            f"Cannot write to the data folder {settings.data_dir}: {error.strerror}. "
            "Choose another with WAPTO_DATA_DIR, or give this user the right to write there."
        ) from None
    return str(settings.data_dir)


def check_database(settings: Settings) -> str:
    """The database's revision, once it is clear that this code can use it.

    Raises:
        BadSettings, migrations.DatabaseUnreachable, migrations.DatabaseTooNew: see there.
    """
    try:
        backend = make_url(settings.database).get_backend_name()
    except sa.exc.ArgumentError:
        backend = ""
    if backend not in ("sqlite", "postgresql"):
        raise BadSettings("WAPTO_DATABASE_URL: must start with sqlite:/// or postgresql://")
    return migrations.check(settings.database) or "empty"


def check_key(settings: Settings) -> str:
    """Open one stored secret with the key that we have.

    Raises:
        KeyMissing, BadKey, SecretsUnreadable: see there.
    """
    configured = settings.secret_key.get_secret_value()
    file = settings.data_dir / KEY_FILE
    sealed = _stored_secret(settings)
    if sealed and not configured and not file.exists():
        raise KeyMissing(
            f"The key {file} is missing, and the database holds WhatsApp credentials encrypted with it. "
            "Put the file back from your backup, or set WAPTO_SECRET_KEY to its content."
        )
    if configured or file.exists():
        load_box(configured, settings.data_dir).open(sealed)
    return "from WAPTO_SECRET_KEY" if configured else str(file)


def has_accounts(settings: Settings) -> bool:
    """Whether anybody may sign in yet."""
    account: sa.Table = Account.__table__  # type: ignore[attr-defined]
    return _first(settings, sa.select(account.c.id).limit(1)) is not None


def _stored_secret(settings: Settings) -> str:
    channel: sa.Table = Channel.__table__  # type: ignore[attr-defined]
    query = sa.select(channel.c.access_token).where(channel.c.access_token != "").limit(1)
    return str(_first(settings, query) or "")


def _first(settings: Settings, query: sa.Select[Any]) -> Any:
    found = _all(settings, query)
    return found[0][0] if found else None


def _all(settings: Settings, query: sa.Select[Any]) -> Sequence[sa.Row[Any]]:
    """The rows of a query; none also when the database has no such tables yet."""
    engine = make_sync_engine(settings.database)
    try:
        with engine.connect() as connection:
            tables = {table.name for table in query.get_final_froms() if isinstance(table, sa.Table)}
            if not tables <= set(sa.inspect(connection).get_table_names()):
                return []
            return connection.execute(query).all()
    finally:
        engine.dispose()


def check_redis(settings: Settings) -> str:
    """Raises RedisUnreachable when a Redis is configured and does not answer."""
    import redis

    if not settings.redis_url:
        return "not used"
    try:
        with redis.Redis.from_url(settings.redis_url, socket_connect_timeout=3) as client:
            client.ping()
    except (redis.RedisError, ValueError, OSError) as error:
        raise RedisUnreachable(
            f"WAPTO_REDIS_URL: Redis does not answer: {error}. Start it, or unset the variable."
        ) from None
    return "answers"


def check_port(settings: Settings) -> str:
    serve.check_port(settings.host, settings.port)
    return f"{settings.host}:{settings.port} is free"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of ``wapto doctor``. ``fix`` is empty when all is well."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Ask everything; a failed check never hides the next one."""
    checks: list[tuple[str, Callable[[Settings], str]]] = [
        ("Data folder", check_data_folder),
        ("Database", _check_database_current),
        ("Secret key", check_key),
        ("Numbers", _check_numbers),
        ("Redis", check_redis),
        ("Port", _check_port),
        ("Disk space", _check_disk),
        ("Python", _check_python),
        ("Node.js", _check_node),
        ("Page", _check_page),
        ("Files", _check_files),
    ]
    return [_finding(name, check, settings) for name, check in checks]


class _Advice(Exception):
    """Something to do, though a start would mend it or survive it."""


def _finding(name: str, check: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(name, True, check(settings))
    except Exception as error:
        problem, _, fix = str(error).partition(". ")
        return Finding(name, False, problem.rstrip("."), fix or "See docs/operations.md.")


def _check_database_current(settings: Settings) -> str:
    revision = check_database(settings)
    if revision != migrations.head():
        raise _Advice(f"Revision {revision}, and this Wapto needs {migrations.head()}. Run: wapto migrate")
    return f"reachable, revision {revision}"


def _check_numbers(settings: Settings) -> str:
    """WhatsApp's last word about each connected number; the server asks every quarter of an hour."""
    channel: sa.Table = Channel.__table__  # type: ignore[attr-defined]
    query = sa.select(channel.c.display_phone_number, channel.c.status, channel.c.last_error)
    numbers = _all(settings, query.where(channel.c.status != ChannelStatus.DISCONNECTED))
    for row in numbers:
        if row.status == ChannelStatus.RECONNECT:
            reason = row.last_error.rstrip(".") or "WhatsApp refused the access token"
            raise _Advice(f"{row.display_phone_number}: {reason}. Reconnect it under Integrations.")
    return f"{len(numbers)} connected" if numbers else "none connected yet"


def _check_port(settings: Settings) -> str:
    try:
        return check_port(settings)
    except serve.PortTaken:
        if serve.is_up(settings):
            return f"Wapto runs on {settings.host}:{settings.port}"
        raise


def _check_disk(settings: Settings) -> str:
    free = shutil.disk_usage(settings.data_dir if settings.data_dir.exists() else "/").free
    if free < LOW_SPACE:
        raise _Advice(
            f"Only {free / GIBIBYTE:.1f} GiB free. Make room, or move WAPTO_DATA_DIR to a larger disk."
        )
    return f"{free / GIBIBYTE:.0f} GiB free"


def _check_python(_settings: Settings) -> str:
    return f"{sys.version.split()[0]}, reflex {importlib.metadata.version('reflex')}"


def _check_node(_settings: Settings) -> str:
    node = shutil.which("node", path=bundle.node_path())
    if node is None:
        raise _Advice("Node.js is missing. Install Wapto again: make install")
    result = subprocess.run([node, "--version"], capture_output=True, text=True, timeout=20, check=False)
    if result.returncode != 0:
        raise _Advice("Node.js does not run. Install Wapto again: make install")
    return result.stdout.strip()


def _check_page(_settings: Settings) -> str:
    if not bundle.is_current():
        raise _Advice(
            "Not built for the present sources. The next wapto run builds it (about half a minute)."
        )
    return str(bundle.client_dir())


def _check_files(settings: Settings) -> str:
    key = settings.data_dir / KEY_FILE
    if key.exists() and key.stat().st_mode & 0o077:
        raise _Advice(f"Others may read {key}. Run: chmod 600 {key}")
    return "private"
