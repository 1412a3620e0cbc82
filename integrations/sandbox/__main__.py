"""`python -m integrations.sandbox`: the stand-in on its own, without the product."""

from __future__ import annotations

import argparse
import asyncio
import signal
import socket
import sys
from collections.abc import Coroutine
from pathlib import Path

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from .config import SandboxConfig
from .sandbox import Sandbox


def main(arguments: list[str] | None = None) -> int:
    """Run until interrupted."""
    options = _parser().parse_args(arguments)
    try:
        _check_port(options.host, options.port)
    except OSError as problem:
        sys.stderr.write(f"Cannot listen on {options.host}:{options.port}: {problem.strerror}\n")
        return 1
    sandbox = Sandbox(_config(options))
    sys.stdout.write(_welcome(sandbox.config, options.host, options.port))
    sys.stdout.flush()
    try:
        _run(_serve(sandbox, options.host, options.port))
    except KeyboardInterrupt:
        return 0
    return 0


def _check_port(host: str, port: int) -> None:
    # The server itself would quietly share a port that is taken.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m integrations.sandbox",
        description="A stand-in for Meta's WhatsApp Cloud API with a phone on screen.",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument("--port", type=int, default=8900, help="port to listen on (default: 8900)")
    parser.add_argument("--webhook-url", help="callback URL of the business, subscribed from the start")
    parser.add_argument("--data", type=Path, help="SQLite file that keeps chats over restarts")
    parser.add_argument("--public-url", help="base of links handed out, when it is not http://HOST:PORT")
    parser.add_argument("--token", default="", help="access token (default: made up)")
    parser.add_argument("--app-secret", default="", help="app secret (default: made up)")
    parser.add_argument("--verify-token", default="", help="verify token (default: made up)")
    parser.add_argument("--auto-read", action="store_true", help="customers read everything at once")
    parser.add_argument("--no-window", action="store_true", help="do not enforce the 24-hour window")
    parser.add_argument(
        "--throughput",
        type=float,
        default=0,
        help="messages a second and number before 130429 (default: open)",
    )
    parser.add_argument("--sent-delay", type=int, default=40, help="milliseconds until `sent`")
    parser.add_argument(
        "--delivered-delay", type=int, default=160, help="milliseconds more until `delivered`"
    )
    parser.add_argument("--read-delay", type=int, default=400, help="milliseconds more until `read`")
    return parser


def _config(options: argparse.Namespace) -> SandboxConfig:
    return SandboxConfig(
        token=options.token,
        app_secret=options.app_secret,
        verify_token=options.verify_token,
        webhook_url=options.webhook_url,
        # Who names a callback on the command line wants to see webhooks.
        subscribed=options.webhook_url is not None,
        public_url=options.public_url,
        data=options.data,
        auto_read=options.auto_read,
        enforce_window=not options.no_window,
        throughput_per_second=options.throughput,
        sent_delay_ms=options.sent_delay,
        delivered_delay_ms=options.delivered_delay,
        read_delay_ms=options.read_delay,
    )


def _welcome(config: SandboxConfig, host: str, port: int) -> str:
    shown = "localhost" if host in ("127.0.0.1", "0.0.0.0", "::") else host
    lines = [
        ("Phone (open this)", f"http://{shown}:{port}/"),
        ("Graph base URL", f"http://{shown}:{port}"),
        ("Phone number id", f"{config.phone_number_id}  ({config.display_phone_number})"),
        ("Second number id", f"{config.second_phone_number_id}  ({config.second_display_phone_number})"),
        ("WABA id", config.waba_id),
        ("App id", config.app_id),
        ("App secret", config.app_secret),
        ("Access token", config.token),
        ("Verify token", config.verify_token),
        ("Webhooks go to", config.webhook_url or "nowhere yet: set the callback URL on the phone page"),
    ]
    return "\n".join(f"  {name:<18} {value}" for name, value in lines) + "\n"


def _run(serving: Coroutine[None, None, None]) -> None:
    try:
        import uvloop
    except ImportError:
        asyncio.run(serving)
    else:
        uvloop.run(serving)


async def _serve(sandbox: Sandbox, host: str, port: int) -> None:
    server = Server(
        sandbox.app,
        address=host,
        port=port,
        interface=Interfaces.ASGI,
        log_level=LogLevels.error,
        backlog=1024,  # also bounds the connections at work: a sender keeps some hundred open
    )
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, _stop, sandbox, server)
    await server.serve()


def _stop(sandbox: Sandbox, server: Server) -> None:
    # Open event streams would keep the server waiting for their pages.
    sandbox.hub.close()
    server.stop()  # type: ignore[no-untyped-call]


if __name__ == "__main__":
    sys.exit(main())
