"""What the workspace asks of everybody who signs in."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from state.base import actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import accounts, rules
from wapto_app.services.rules import PersonRow


class SecurityRules(rx.State):
    """The owner's page."""

    loaded: bool = False
    agents_two_factor: bool = False
    people: list[PersonRow] = []

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def load(self) -> None:
        watch(self, SecurityRules.changed, [rules.TOPIC, accounts.TOPIC])
        await self._show()

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.SETTINGS_DO)
    async def ask_agents(self, asked: bool) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await rules.ask_agents_for_two_factor(session, actor, asked=asked)
        self.agents_two_factor = asked
        if asked:
            return success("Agents must use two-factor login from now on.")
        return success("Agents may sign in with the password alone.")

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            found = await rules.load(session, actor)
        self.agents_two_factor, self.people, self.loaded = found["agents_two_factor"], found["people"], True
