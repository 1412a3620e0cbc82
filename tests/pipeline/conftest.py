"""Tabs of the real app, driven without a browser."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from tests.pipeline.harness import NewTab, Tab, serving
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor

OpenTab = Callable[..., Awaitable[Tab]]


@pytest.fixture
async def new_tab(runtime: Runtime) -> AsyncIterator[NewTab]:
    """Make a tab from a raw Cookie header; empty for somebody who is not signed in."""
    from wapto_app.app import app

    async with serving(app, runtime) as make:
        yield make


@pytest.fixture
def open_tab(new_tab: NewTab, sign_in: Callable[[Actor], Awaitable[str]]) -> OpenTab:
    """Open a tab of an actor, each in a login session of its own; ``None`` is a stranger."""

    async def open_for(actor: Actor | None = None, path: str = "/") -> Tab:
        tab = new_tab(path=path, cookie=await sign_in(actor) if actor else "")
        await tab.open(path)
        return tab

    return open_for


@pytest.fixture
async def tab(open_tab: OpenTab, owner: Actor) -> Tab:
    """A tab of the owner."""
    return await open_tab(owner)
