"""How it stands with one's own second factor, and what an admin does for who lost theirs."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from state.base import actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.policy import requires
from wapto_app.services import two_factor
from wapto_app.services.sessions import own_topics


class TwoFactor(rx.State):
    """The secret and the recovery codes are not here: routes show them once."""

    loaded: bool = False
    on: bool = False
    since: str = ""
    codes_left: int = 0
    required: bool = False

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def load(self) -> None:
        actor = await actor_of(self)
        watch(self, TwoFactor.changed, own_topics(actor))
        await self._show(actor)

    @rx.event
    @requires(Permission.SIGNED_IN)
    async def changed(self) -> None:
        await self._show(await actor_of(self))

    @rx.event
    @requires(Permission.SELF_DO)
    async def switched_off(self) -> EventSpec:
        return success("Two-factor login is off.")

    async def _show(self, actor: Actor) -> None:
        async with runtime.get().db.read() as session:
            own = await two_factor.status(session, actor)
        self.on, self.since = own["on"], own["since"]
        self.codes_left, self.required = own["codes_left"], own["required"]
        self.loaded = True


class LostFactor(rx.State):
    """The admin's dialog on the accounts page."""

    account_id: int = 0
    name: str = ""

    @rx.event
    @requires(Permission.ADMIN)
    async def ask(self, account_id: int, name: str) -> None:
        self.account_id, self.name = account_id, name

    @rx.event
    @requires(Permission.ADMIN)
    async def leave(self) -> None:
        self.account_id, self.name = 0, ""

    @rx.event
    @requires(Permission.ADMIN)
    async def switch_off(self, account_id: int) -> EventSpec:
        self.account_id, self.name = 0, ""
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            name = await two_factor.switch_off_for(session, actor, account_id)
        return success(f"Two-factor login of {name} is off.")
