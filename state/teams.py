"""The list of teams."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from state.base import actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import accounts, teams
from wapto_app.services.teams import TeamRow


class Teams(rx.State):
    """``leaving`` is the team that is about to be deleted."""

    loaded: bool = False
    rows: list[TeamRow] = []
    leaving_id: int = 0
    leaving_name: str = ""

    @rx.event
    @requires(Permission.TEAMS_SEE)
    async def load(self) -> None:
        watch(self, Teams.changed, [teams.TOPIC, accounts.TOPIC])
        self.leaving_id, self.leaving_name = 0, ""
        await self._show()

    @rx.event
    @requires(Permission.TEAMS_SEE)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.TEAMS_DO)
    async def ask_to_delete(self, team_id: int, name: str) -> None:
        self.leaving_id, self.leaving_name = team_id, name

    @rx.event
    @requires(Permission.TEAMS_DO)
    async def do_not_delete(self) -> None:
        self.leaving_id, self.leaving_name = 0, ""

    @rx.event
    @requires(Permission.TEAMS_DO)
    async def delete(self, team_id: int) -> EventSpec:
        self.leaving_id, self.leaving_name = 0, ""
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            name = await teams.delete(session, actor, team_id)
        return success(f"{name} is deleted.")

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.rows = await teams.list_teams(session, actor)
        self.loaded = True
