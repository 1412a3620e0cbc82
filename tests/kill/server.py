"""A serving process that is meant to be killed: the webhook route and the jobs, without the page.

    python -m tests.kill.server PORT

One process, so that SIGKILL hits what serves; settings come from the environment as always.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from granian.constants import Interfaces
from granian.log import LogLevels
from granian.server.embed import Server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from wapto_app import runtime
from wapto_app.jobs import background, duties
from wapto_app.services import leases
from wapto_app.settings import get_settings
from wapto_app.web import webhooks

# The next process need not wait long for what a dead one held, nor a new one for its part.
leases.LIFETIME = timedelta(seconds=1.5)
duties._RENEW_SECONDS = duties._LOOK_SECONDS = 0.4
duties._COURTESY_SECONDS = 0.02


async def alive(_request: Request) -> Response:
    return PlainTextResponse("alive")


@asynccontextmanager
async def life(_app: Starlette) -> AsyncIterator[None]:
    async with runtime.running(get_settings()) as process:
        with process.hub.listening(webhooks.follow_channels):
            async with background.working(process):
                yield


async def serve(port: int) -> None:
    app = Starlette(routes=[Route("/alive", alive), *webhooks.routes], lifespan=life)
    server = Server(app, address="127.0.0.1", port=port, interface=Interfaces.ASGI, log_level=LogLevels.error)
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, server.stop)
    await server.serve()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1])))
