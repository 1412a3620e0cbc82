"""The list of agents: inviting, editing, deactivating."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import agents, invitations, teams
from wapto_app.services.accounts import TOPIC
from wapto_app.services.agents import AgentRow, Draft
from wapto_app.services.teams import TeamName

NOBODY = AgentRow(
    id=0,
    name="",
    email="",
    team_id=0,
    team="",
    status="",
    hide_phone=False,
    phone="",
    notes="",
    last_seen_at="",
    is_me=False,
)


class InviteForm(TypedDict):
    """What the form of an invitation sends."""

    email: str
    team_id: int


class AgentForm(TypedDict):
    """What the form of an agent sends."""

    team_id: int
    phone: str
    notes: str


class Agents(rx.State):
    """``dialog`` names the open one: invite, create, edit, deactivate or withdraw; ``chosen`` is whom it is about.

    ``link`` is shown once, to be handed over, and forgotten when its dialog closes.
    """

    loaded: bool = False
    rows: list[AgentRow] = []
    team_names: list[TeamName] = []
    search: str = ""
    team_id: int = 0
    dialog: str = ""
    chosen: AgentRow = NOBODY
    hide_phone: bool = False
    link: str = ""
    link_for: str = ""
    link_mailed: bool = False

    @rx.var(initial_value=[])
    def team_options(self) -> list[dict[str, str]]:
        return [{"value": str(each["id"]), "label": each["name"]} for each in self.team_names]

    @rx.event
    @requires(Permission.TEAMS_SEE)
    async def load(self) -> None:
        watch(self, Agents.changed, [TOPIC, teams.TOPIC])
        self.dialog, self.chosen = "", NOBODY
        wanted = self.router.url.query_parameters.get("team", "")
        if wanted.isascii() and wanted.isdigit() and len(wanted) < 10:
            self.team_id = int(wanted)
        await self._show()

    @rx.event
    @requires(Permission.TEAMS_SEE)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.TEAMS_SEE)
    async def find(self, text: str) -> None:
        self.search = text[:200]
        await self._show()

    @rx.event
    @requires(Permission.TEAMS_SEE)
    async def choose_team(self, team_id: int) -> None:
        self.team_id = team_id
        await self._show()

    @rx.event
    @requires(Permission.TEAMS_DO)
    async def ask(self, dialog: str, agent_id: int) -> EventSpec:
        found = [row for row in self.rows if row["id"] == agent_id]
        self.dialog, self.chosen = dialog[:16], found[0] if found else NOBODY
        self.hide_phone = self.chosen["hide_phone"]
        return Feedback.clear()

    @rx.event
    @requires(Permission.TEAMS_DO)
    async def close(self) -> None:
        self.dialog, self.chosen = "", NOBODY

    @rx.event
    @requires(Permission.TEAMS_DO)
    async def hide_numbers(self, hide: bool) -> None:
        self.hide_phone = hide

    @rx.event
    @requires(Permission.TEAMS_DO)
    async def invite(self, form: InviteForm) -> None:
        actor, draft = await actor_of(self), Draft(form["team_id"], hide_phone=self.hide_phone)
        async with runtime.get().db.write() as session:
            path = await agents.invite(session, actor, form["email"], draft)
            mailed = await invitations.mail_link(session, actor, form["email"], path, runtime.get().settings)
        self.dialog = ""
        self._hand_over(path, form["email"].strip())
        self.link_mailed = mailed

    @rx.event
    @requires(Permission.TEAMS_DO)
    async def created(self) -> EventSpec:
        self.dialog = ""
        return success("The agent can sign in through “Agent login”, and chooses an own password there.")

    @rx.event
    @requires(Permission.TEAMS_DO)
    async def save(self, form: AgentForm) -> list[EventSpec]:
        actor = await actor_of(self)
        draft = Draft(**form, hide_phone=self.hide_phone)
        async with runtime.get().db.write() as session:
            name = await agents.update(session, actor, self.chosen["id"], draft)
        self.dialog, self.chosen = "", NOBODY
        return [Feedback.clear(), success(f"{name} is saved.")]

    @rx.event
    @requires(Permission.TEAMS_DO)
    async def make_link(self, agent_id: int, email: str) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            path = await agents.access_link(session, actor, agent_id)
        self._hand_over(path, email)

    @rx.event
    @requires(Permission.TEAMS_DO)
    async def forget_link(self) -> None:
        self.link, self.link_for, self.link_mailed = "", "", False

    @rx.event
    @requires(Permission.TEAMS_DO)
    async def set_active(self, agent_id: int, active: bool) -> EventSpec:
        self.dialog, self.chosen = "", NOBODY
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            name = await agents.set_active(session, actor, agent_id, active=active)
        return success(
            f"{name} can sign in again." if active else f"{name} is signed out and cannot sign in."
        )

    @rx.event
    @requires(Permission.TEAMS_DO)
    async def withdraw(self, agent_id: int) -> EventSpec:
        self.dialog, self.chosen = "", NOBODY
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await agents.withdraw_invitation(session, actor, agent_id)
        return success("The invitation is withdrawn.")

    def _hand_over(self, path: str, email: str) -> None:
        # A link for a person must lead where their browser can go: the public address, else where we are.
        self.link = (runtime.get().settings.public_url or self.router.url.origin) + path
        self.link_for, self.link_mailed = email, False

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.rows = await agents.list_agents(session, actor, self.search, self.team_id)
            self.team_names = await teams.names(session, actor)
        self.loaded = True
