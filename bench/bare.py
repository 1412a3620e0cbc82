"""The yardstick of ``bench.ingest``: a route with the same signature check and the same group commit, and no more."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from bench.install import APP_SECRET
from integrations.whatsapp.webhooks import verify_signature
from wapto_app import runtime
from wapto_app.db import Writer
from wapto_app.services import ingest


def create() -> Starlette:
    """For granian's ``--factory``; the database is in ``WAPTO_DATABASE_URL``."""
    writer = Writer(os.environ["WAPTO_DATABASE_URL"])

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        writer.start()
        runtime.collect_seldom()
        yield
        await writer.stop()

    async def deliver(request: Request) -> Response:
        body = await request.body()
        if not verify_signature(body, request.headers.get("x-hub-signature-256"), (APP_SECRET,)):
            return PlainTextResponse("Wrong signature", 401)
        await writer.run(ingest.store, ingest.RawEvent(body))
        return PlainTextResponse("OK")

    return Starlette(routes=[Route("/webhooks/whatsapp", deliver, methods=["POST"])], lifespan=lifespan)
