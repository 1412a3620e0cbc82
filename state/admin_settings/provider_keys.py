"""Keys of Stripe and of the Meta app: only what may be shown of them. They are typed into forms that routes answer."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from state.base import actor_of, success
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import provider_keys
from wapto_app.services.provider_keys import MetaAppView, StripeView


class StripeSettings(rx.State):
    loaded: bool = False
    keys: StripeView = StripeView(secret_key="", webhook_secret="", is_test=False)
    webhook_url: str = ""
    removing: bool = False

    @rx.event
    @requires(Permission.ADMIN)
    async def load(self) -> None:
        self.webhook_url = f"{runtime.get().settings.base_url}/webhooks/stripe"
        self.removing = False
        await self._read()

    @rx.event
    @requires(Permission.ADMIN)
    async def saved(self) -> EventSpec:
        await self._read()
        return success("The Stripe keys are saved.")

    @rx.event
    @requires(Permission.ADMIN)
    def ask_to_remove(self, removing: bool) -> None:
        self.removing = removing

    @rx.event
    @requires(Permission.ADMIN)
    async def remove(self) -> EventSpec:
        actor, self.removing = await actor_of(self), False
        async with runtime.get().db.write() as session:
            await provider_keys.forget(session, actor, provider_keys.STRIPE)
        await self._read()
        return success("The Stripe keys are removed.")

    async def _read(self) -> None:
        actor, process = await actor_of(self), runtime.get()
        async with process.db.read() as session:
            self.keys = await provider_keys.stripe_view(session, actor, process.secrets)
        self.loaded = True


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
            await provider_keys.forget(session, actor, provider_keys.META_APP)
        await self._read()
        return success("The Meta app is removed.")

    async def _read(self) -> None:
        actor, process = await actor_of(self), runtime.get()
        async with process.db.read() as session:
            self.app = await provider_keys.meta_app_view(session, actor, process.secrets)
        self.loaded = True
