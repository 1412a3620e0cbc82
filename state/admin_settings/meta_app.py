"""The Meta app: only what may be shown of it. Its secret is typed into a form that a route answers."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from state.base import actor_of, success
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import meta_app
from wapto_app.services.meta_app import MetaAppView


class MetaAppSettings(rx.State):
    loaded: bool = False
    app: MetaAppView = MetaAppView(app_id="", config_id="", app_secret="")
    removing: bool = False

    @rx.event
    @requires(Permission.ADMIN)
    async def load(self) -> None:
        self.removing = False
        await self._read()

    @rx.event
    @requires(Permission.ADMIN)
    async def saved(self) -> EventSpec:
        await self._read()
        return success("The Meta app is saved.")

    @rx.event
    @requires(Permission.ADMIN)
    def ask_to_remove(self, removing: bool) -> None:
        self.removing = removing

    @rx.event
    @requires(Permission.ADMIN)
    async def remove(self) -> EventSpec:
        actor, self.removing = await actor_of(self), False
        async with runtime.get().db.write() as session:
            await meta_app.forget(session, actor)
        await self._read()
        return success("The Meta app is removed.")

    async def _read(self) -> None:
        actor, process = await actor_of(self), runtime.get()
        async with process.db.read() as session:
            self.app = await meta_app.load(session, actor, process.secrets)
        self.loaded = True
