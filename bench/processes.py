"""Child processes that are measured: started with a port, gone with us."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_SECONDS = 60.0
STOP_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1


class NotStarted(Exception):
    """A process that was to be measured ended or did not answer; the message has its last lines."""


class Measured:
    """A running process and its children."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self.process = process
        self.log = log

    def cpu_seconds(self) -> float:
        """User and system time of all of it so far."""
        spent = [process.cpu_times() for process in self._alive()]
        return float(sum(times.user + times.system for times in spent))

    def memory_mib(self) -> float:
        """Proportional set size: pages that several processes share count once."""
        return float(sum(process.memory_full_info().pss for process in self._alive())) / 2**20

    def stop(self) -> float:
        """SIGTERM; returns the seconds until it was gone."""
        started = time.perf_counter()
        children = self._alive()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        finally:
            for child in children:
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        return time.perf_counter() - started

    def _alive(self) -> list[psutil.Process]:
        parent = psutil.Process(self.process.pid)
        return [parent, *parent.children(recursive=True)]


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def python(*arguments: str) -> list[str]:
    return [sys.executable, *arguments]


def granian(factory: str, port: int) -> list[str]:
    """The server that Wapto itself uses, for another application; nothing of it is in the log but errors."""
    command = python(
        "-m", "granian", "--interface", "asgi", "--factory", "--loop", "uvloop", "--workers", "1"
    )
    return [*command, "--host", "127.0.0.1", "--port", str(port), "--log-level", "error", factory]


def environment() -> dict[str, str]:
    """For child processes: ours, without the developer's own settings of Wapto."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("WAPTO_")}
    return inherited | {"PYTHONPATH": str(ROOT)}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start(command: Sequence[str], environment: Mapping[str, str], log: Path) -> Measured:
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            preexec_fn=_die_with_parent,
        )
    return Measured(process, log)


@contextlib.contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], log: Path, url: str
) -> Iterator[Measured]:
    """Start, wait until ``url`` answers, stop at the end.

    Raises:
        NotStarted: with the end of its log.
    """
    measured = start(command, environment, log)
    try:
        wait_until_answers(measured, url)
        yield measured
    finally:
        if measured.process.poll() is None:
            measured.stop()


def wait_until_answers(measured: Measured, url: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not answers(url):
        if measured.process.poll() is not None or time.monotonic() > deadline:
            tail = "\n".join(measured.log.read_text(errors="replace").splitlines()[-15:])
            raise NotStarted(f"{url} does not answer:\n{tail}")
        time.sleep(0.02)


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2):
            return True
    except urllib.error.HTTPError:
        return True  # any answer shows that somebody listens
    except OSError:
        return False
