"""Who works on the open conversation."""

from __future__ import annotations

import reflex as rx

from state.base import actor_of
from state.inbox import OpenConversation
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import assignment
from wapto_app.services.assignment import AgentChoice, TeamChoice


class Assignment(rx.State):
    """To whom it can be given; read anew whenever the menu opens."""

    agents: list[AgentChoice] = []
    teams: list[TeamChoice] = []

    @rx.event
    @requires(Permission.INBOX_DO)
    async def offer(self, is_open: bool) -> None:
        if not is_open:
            return
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            found = await assignment.choices(session, actor)
        self.agents, self.teams = found["agents"], found["teams"]

    @rx.event
    @requires(Permission.INBOX_DO)
    async def to_agent(self, agent_id: int) -> None:
        await self._assign(agent_id=agent_id)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def to_team(self, team_id: int) -> None:
        await self._assign(team_id=team_id)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def put_back(self) -> None:
        await self._assign()

    async def _assign(self, *, agent_id: int | None = None, team_id: int | None = None) -> None:
        actor, header = await actor_of(self), (await self.get_state(OpenConversation)).header
        async with runtime.get().db.write() as session:
            await assignment.assign(
                session,
                actor,
                header["id"],
                agent_id=agent_id,
                team_id=team_id,
                held_by=header["assignee_id"],
            )
