"""Composition root: the only module that knows every page, route and task."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import reflex as rx
from starlette.applications import Starlette

from pages import login
from state import base
from wapto_app import bundle, runtime
from wapto_app.jobs import background
from wapto_app.security.policy import EventPolicy
from wapto_app.settings import get_settings
from wapto_app.web import headers, health, limits, metrics

_public_url = get_settings().public_url

app = rx.App(
    # Each wraps what stands before it: the last one sees every request first.
    api_transformer=[
        Starlette(routes=[*health.routes, *metrics.routes]),
        limits.NoReflexUploads,
        partial(limits.BodyLimit, larger={"/webhooks/": 8 * limits.MEBIBYTE}),
        partial(limits.SameOrigin, public_url=_public_url),
        partial(
            headers.SecurityHeaders,
            pages=headers.BuiltPages(bundle.client_dir()),
            https=_public_url.startswith("https://"),
        ),
        metrics.Observed,
    ],
    backend_exception_handler=base.on_error,
    toaster=None,
    app_wraps={},
)
app.add_middleware(EventPolicy(base.refuse))


@asynccontextmanager
async def _serve() -> AsyncIterator[None]:
    async with runtime.running(get_settings()) as process:
        process.hub.deliver = base.deliver_to(app)
        async with background.working(process), metrics.watching_the_loop():
            yield


app.register_lifespan_task(_serve)
app.add_page(login.login, route="/login", title="Sign in · Wapto")
