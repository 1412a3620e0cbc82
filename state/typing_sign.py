"""Whether customers see that somebody is typing, as the owner wants it."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from state.base import actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import typing_sign


class TypingSign(rx.State):
    """The owner's page."""

    loaded: bool = False
    on: bool = True

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def load(self) -> None:
        watch(self, TypingSign.changed, [typing_sign.TOPIC])
        await self._show()

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def choose(self, on: bool) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await typing_sign.choose(session, actor, on=on)
        self.on = on
        return success("Customers see it when you type." if on else "Customers do not see it when you type.")

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.on = await typing_sign.is_on(session, actor)
        self.loaded = True
