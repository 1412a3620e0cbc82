"""Stripe's keys: only what may be shown of them. They are typed into a form that a route answers."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from state.base import actor_of, success
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services.billing import keys
from wapto_app.services.billing.keys import CheckRow, KeysRow

NO_KEYS = KeysRow(source="", secret_key_end="", webhook_secret_end="", is_live=False, webhook_url="")
UNCHECKED = CheckRow(account="", is_live=False, problem="")


class StripeSettings(rx.State):
    """``checked`` is what Stripe said of the key when it was last asked."""

    loaded: bool = False
    keys: KeysRow = NO_KEYS
    checked: CheckRow = UNCHECKED
    checking: bool = False
    removing: bool = False

    @rx.event
    @requires(Permission.ADMIN)
    async def load(self) -> None:
        self.removing, self.checked = False, UNCHECKED
        await self._read()

    @rx.event
    @requires(Permission.ADMIN)
    async def saved(self) -> list[EventSpec]:
        await self._read()
        return [success("The Stripe keys are saved."), StripeSettings.check]

    @rx.event(background=True)
    @requires(Permission.ADMIN)
    async def check(self) -> None:
        async with self:
            actor, self.checking = await actor_of(self), True
        process = runtime.get()
        async with process.db.read() as session:
            known = await keys.read(session, process.secrets, process.settings)
        found = await keys.check(actor, process.http, process.settings, known.secret_key)
        async with self:
            self.checked, self.checking = found, False

    @rx.event
    @requires(Permission.ADMIN)
    def ask_to_remove(self, removing: bool) -> None:
        self.removing = removing

    @rx.event
    @requires(Permission.ADMIN)
    async def remove(self) -> EventSpec:
        actor, self.removing, self.checked = await actor_of(self), False, UNCHECKED
        async with runtime.get().db.write() as session:
            await keys.remove(session, actor)
        await self._read()
        return success("The Stripe keys are removed.")

    async def _read(self) -> None:
        actor, process = await actor_of(self), runtime.get()
        async with process.db.read() as session:
            self.keys = await keys.load(session, actor, process.secrets, process.settings)
        self.loaded = True
