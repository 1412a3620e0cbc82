"""Connected numbers: the list, one number's health, and the form that connects another."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.base import actor_of, success, watch
from wapto_app import demo, runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import channels
from wapto_app.services.channels import ChannelDetail, ConnectForm
from wapto_app.services.errors import Conflict, NotConnected


class Integrations(rx.State):
    """The page *Integrations*."""

    numbers: list[ChannelDetail] = []
    loaded: bool = False
    has_sandbox: bool = False
    connecting: bool = False
    checking: int = 0
    leaving: int = 0
    webhook_url: str = ""

    @rx.event
    @requires(Permission.INTEGRATIONS_SEE)
    async def load(self) -> None:
        settings = runtime.get().settings
        self.webhook_url = f"{settings.base_url}/webhooks/whatsapp"
        self.has_sandbox = settings.demo
        watch(self, Integrations.changed, ["channels"])
        await self._read()

    @rx.event
    @requires(Permission.INTEGRATIONS_SEE)
    async def changed(self) -> None:
        await self._read()

    async def _read(self) -> None:
        actor, process = await actor_of(self), runtime.get()
        async with process.db.read() as session:
            self.numbers = await channels.details(session, actor, process.secrets)
        self.loaded = True

    @rx.event(background=True)
    @requires(Permission.INTEGRATIONS_DO)
    async def connect(self, form: dict[str, str]) -> Any:
        names = ("phone_number_id", "waba_id", "access_token", "app_secret", "verify_token")
        values = {name: form.get(name, "") for name in names}
        async with self:
            actor, self.connecting = await actor_of(self), True
        try:
            process = runtime.get()
            await channels.connect(process.db, actor, process.gateway, ConnectForm(**values))
        finally:
            async with self:
                self.connecting = False
        return [success("The number is connected."), rx.redirect("/integrations")]

    @rx.event(background=True)
    @requires(Permission.INTEGRATIONS_DO)
    async def connect_sandbox(self) -> Any:
        async with self:
            actor, self.connecting = await actor_of(self), True
        try:
            process = runtime.get()
            form = demo.connect_form(process.settings)
            if form is None:
                raise NotConnected
            await channels.connect(process.db, actor, process.gateway, form)
        finally:
            async with self:
                self.connecting = False
        return [success("The sandbox is connected."), rx.redirect("/integrations")]

    @rx.event(background=True)
    @requires(Permission.INTEGRATIONS_SEE)
    async def check(self, channel_id: int) -> Any:
        async with self:
            actor, self.checking = await actor_of(self), channel_id
        try:
            process = runtime.get()
            await channels.refresh(process.db, actor, process.gateway, channel_id)
        finally:
            async with self:
                self.checking = 0
        async with process.db.read() as session:
            numbers = await channels.details(session, actor, process.secrets)
        if any(number["last_error"] for number in numbers if number["id"] == channel_id):
            raise Conflict("The number could not be checked. What went wrong is shown with it.")
        return success("Asked Meta: the health is up to date.")

    @rx.event
    @requires(Permission.INTEGRATIONS_DO)
    def ask_to_disconnect(self, channel_id: int) -> None:
        self.leaving = channel_id

    @rx.event
    @requires(Permission.INTEGRATIONS_SEE)
    def stay_connected(self) -> None:
        self.leaving = 0

    @rx.event(background=True)
    @requires(Permission.INTEGRATIONS_DO)
    async def disconnect(self) -> Any:
        async with self:
            actor, channel_id, self.leaving = await actor_of(self), self.leaving, 0
        process = runtime.get()
        await channels.disconnect(process.db, actor, process.gateway, channel_id)
        return success("The number is disconnected. Its conversations stay.")
