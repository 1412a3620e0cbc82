"""Start the server: one granian worker, watched by this process and gone when this process is gone."""

from __future__ import annotations

import errno
import logging
import os
import signal
import socket
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from functools import partial
from typing import Any

from granian.constants import Interfaces, Loops
from granian.log import LogLevels
from granian.server import MPServer

from wapto_app import bundle
from wapto_app.settings import Settings

STOP_SECONDS = 4
"""How long a stopping worker may finish what it began (``docs/operations.md`` promises 5 s in all)."""
RESPAWN_SECONDS = 1.0
_QUIET: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"_granian": {"handlers": [], "propagate": True}},
}


class PortTaken(Exception):
    """Something else listens where we should, or the address is not ours."""


def check_port(host: str, port: int) -> None:
    """Raises PortTaken when the server could not listen there."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except PermissionError:
            raise PortTaken(f"Port {port} may only be used by root. Choose another with --port.") from None
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                text = f"Port {port} on {host} is already in use. Stop what uses it, or choose another with --port."
            else:
                text = f"Cannot listen on {host}: {error.strerror}. Choose another address with --host."
            raise PortTaken(text) from None


class _Server(MPServer):
    """Granian's, with a hook for after its worker was started: a thread started before would be forked half."""

    when_spawned: Callable[[], None] = staticmethod(lambda: None)

    def startup(self, *arguments: Any) -> None:
        super().startup(*arguments)  # type: ignore[no-untyped-call]
        self.when_spawned()


def run(settings: Settings, ready: Callable[[float], None]) -> int:
    """Serve until SIGTERM or Ctrl-C; returns the exit code. ``ready`` hears once how many seconds it took."""
    os.environ.update(bundle.serving_environment())
    server = _server("wapto_app.app:app", settings.host, settings.port)
    server.when_spawned = partial(_tell_when_ready, settings, time.monotonic(), ready)
    server.serve(target_loader=partial(load_app, os.getpid()), wrap_loader=False)
    return 0


def _server(target: str, host: str, port: int) -> _Server:
    return _Server(
        target,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        workers=1,
        loop=Loops.uvloop,
        factory=True,
        log_level=LogLevels.warning,
        log_dictconfig=_QUIET,
        respawn_failed_workers=True,
        respawn_interval=RESPAWN_SECONDS,
        workers_kill_timeout=STOP_SECONDS,
    )


def load_app(supervisor: int) -> Any:
    """Runs in the worker: make it end with its supervisor, then build the application."""
    from wapto_app import log
    from wapto_app.settings import get_settings

    settings = get_settings()
    log.configure(settings.log_level, settings.log_format)
    _follow(supervisor)
    # Reflex finds its configuration, lock file and assets from the working folder.
    os.chdir(bundle.ROOT)
    sys.path[:0] = [str(bundle.ROOT)]
    from wapto_app.app import served

    return served()


def _follow(supervisor: int) -> None:
    threading.Thread(target=_end_with, args=(supervisor,), name="watch-supervisor", daemon=True).start()


def _end_with(supervisor: int) -> None:
    """A worker that outlives a killed supervisor would keep the port for ever."""
    while os.getppid() == supervisor:
        time.sleep(0.25)
    logging.getLogger(__name__).error("The supervising process is gone; stopping.")
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(STOP_SECONDS)
    os._exit(1)


def _tell_when_ready(settings: Settings, started: float, ready: Callable[[float], None]) -> None:
    def ask() -> None:
        while not is_up(settings):
            time.sleep(0.05)
        ready(time.monotonic() - started)

    threading.Thread(target=ask, name="tell-when-ready", daemon=True).start()


def is_up(settings: Settings) -> bool:
    """Whether a Wapto answers where this one would listen."""
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.host, settings.host)
    try:
        with urllib.request.urlopen(f"http://{host}:{settings.port}/healthz", timeout=1) as response:
            return b"alive" in response.read(100)
    except (OSError, ValueError, urllib.error.URLError):
        return False
