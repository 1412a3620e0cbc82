"""Run a command beside a PostgreSQL and a Redis of its own, in a temporary folder, on free ports.

    python scripts/with_services.py pytest --backend postgresql

The command finds them in WAPTO_TEST_POSTGRES and WAPTO_TEST_REDIS. Nothing on the machine is touched.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

PATIENCE = 30.0
PR_SET_PDEATHSIG = 1
# The data is thrown away: durability would only cost time.
POSTGRES_OPTIONS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "200",
    "listen_addresses": "127.0.0.1",
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def find(program: str, package: str) -> str:
    """Full path of a program; Debian keeps PostgreSQL's outside of PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{program}"), key=lambda path: int(path.parts[4]))
    found = str(debian[-1]) if debian else shutil.which(program)
    if found is None:
        sys.exit(f"{program} is missing. Install it with: apt-get install {package}")
    return found


def unprivileged() -> dict[str, Any]:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    sys.exit("PostgreSQL refuses to run as root, and there is neither a user postgres nor nobody.")


def die_with_parent() -> None:
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGINT)


def wait_for(what: str, ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit(f"{what} did not start:\n{log.read_text()}")
        time.sleep(0.05)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@contextlib.contextmanager
def running(command: list[str], log: Path, port: int, **options: Any) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            stdout=output,
            stderr=output,
            stdin=subprocess.DEVNULL,
            preexec_fn=die_with_parent,
            **options,
        )
    try:
        wait_for(Path(command[0]).name, lambda: listens(port), process, log)
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
        process.wait()


@contextlib.contextmanager
def postgres(folder: Path) -> Iterator[str]:
    data, port, who = folder / "postgres", free_port(), unprivileged()
    data.mkdir(mode=0o700)
    if who:
        os.chown(data, who["user"], who["group"])
    subprocess.run(
        [
            find("initdb", "postgresql"),
            "-D",
            str(data),
            "-U",
            "wapto",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=data,
        **who,
    )
    command = [find("postgres", "postgresql"), "-D", str(data), "-p", str(port), "-k", str(data)]
    for name, value in POSTGRES_OPTIONS.items():
        command += ["-c", f"{name}={value}"]
    with running(command, folder / "postgres.log", port, cwd=data, **who):
        yield f"postgresql://wapto@127.0.0.1:{port}/postgres"


@contextlib.contextmanager
def redis(folder: Path) -> Iterator[str]:
    port = free_port()
    command = [find("redis-server", "redis-server"), "--port", str(port), "--bind", "127.0.0.1"]
    command += ["--dir", str(folder), "--save", "", "--appendonly", "no"]
    with running(command, folder / "redis.log", port):
        yield f"redis://127.0.0.1:{port}"


def main() -> int:
    if len(sys.argv) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    with tempfile.TemporaryDirectory(prefix="wapto-services-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        os.environ["WAPTO_TEST_POSTGRES"] = stack.enter_context(postgres(folder))
        os.environ["WAPTO_TEST_REDIS"] = stack.enter_context(redis(folder))
        return subprocess.run(sys.argv[1:], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
