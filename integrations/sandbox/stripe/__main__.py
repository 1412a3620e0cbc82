"""``python -m integrations.sandbox.stripe``: the stand-in on its own, without the product."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server

from .config import StripeConfig
from .sandbox import StripeSandbox


def main(arguments: list[str] | None = None) -> int:
    """Run until interrupted."""
    options = _parser().parse_args(arguments)
    config = StripeConfig(webhook_url=options.webhook_url, public_url=options.public_url)
    config.secret_key = options.secret_key or config.secret_key
    config.webhook_secret = options.webhook_secret or config.webhook_secret
    sandbox = StripeSandbox(config)
    sys.stdout.write(
        f"  Stripe API base  http://{options.host}:{options.port}\n"
        f"  Secret key       {config.secret_key}\n"
        f"  Webhook secret   {config.webhook_secret}\n"
        f"  Webhooks go to   {config.webhook_url or 'nowhere yet: create an endpoint over the API'}\n"
    )
    sys.stdout.flush()
    asyncio.run(_serve(sandbox, options.host, options.port))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m integrations.sandbox.stripe",
        description="A stand-in for Stripe with a page to pay on.",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="address to listen on (default: this machine only)"
    )
    parser.add_argument("--port", type=int, default=8910, help="port to listen on (default: 8910)")
    parser.add_argument("--webhook-url", default="", help="endpoint that hears every event")
    parser.add_argument("--public-url", default="", help="base of links, when it is not http://HOST:PORT")
    parser.add_argument("--secret-key", default="", help="secret key (default: made up)")
    parser.add_argument("--webhook-secret", default="", help="signing secret (default: made up)")
    return parser


async def _serve(sandbox: StripeSandbox, host: str, port: int) -> None:
    server = Server(
        sandbox.app, address=host, port=port, interface=Interfaces.ASGI, log_level=LogLevels.error
    )
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, server.stop)
    await server.serve()


if __name__ == "__main__":
    sys.exit(main())
