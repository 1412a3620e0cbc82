"""One team: its form, with what it may see and do."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import teams
from wapto_app.services.errors import NotFound
from wapto_app.services.teams import Draft, TeamDetails

NO_TEAM = TeamDetails(
    id=0,
    name="",
    description="",
    is_active=True,
    permissions=[],
    visibility="",
    may_reassign=True,
    strategy="",
    takes_new=False,
    grantable=[],
)
_LARGEST_ID = 2**31 - 1


class TeamForm(TypedDict):
    """What the form sends; its ticks and switches are already here."""

    name: str
    description: str
    visibility: str
    strategy: str


class TeamEditor(rx.State):
    """``team`` as it was loaded; ``permissions`` and the switches as they are about to be saved."""

    loaded: bool = False
    missing: bool = False
    team: TeamDetails = NO_TEAM
    permissions: list[str] = []
    may_reassign: bool = True
    takes_new: bool = False
    is_active: bool = True

    @rx.event
    @requires(Permission.TEAMS_SEE)
    async def load(self) -> EventSpec:
        self.loaded = self.missing = False
        actor = await actor_of(self)
        try:
            async with runtime.get().db.read() as session:
                team = await teams.details(session, actor, team_in(str(self.router.url.path)))
        except NotFound:
            self.team, self.missing = NO_TEAM, True
        else:
            self.team, self.permissions = team, team["permissions"]
            self.may_reassign, self.takes_new = team["may_reassign"], team["takes_new"]
            self.is_active = team["is_active"]
        self.loaded = True
        return Feedback.clear()

    @rx.event
    @requires(Permission.TEAMS_DO)
    def grant(self, module: str, deed: str, granted: bool) -> None:
        """Doing includes seeing, so that taking the sight away takes the deed with it."""
        see, do = f"{module}.see", f"{module}.do"
        changed = {see, do} if (deed == "do") == granted else {f"{module}.{deed}"}
        kept = set(self.permissions)
        self.permissions = sorted(kept | changed if granted else kept - changed)

    @rx.event
    @requires(Permission.TEAMS_DO)
    def let_reassign(self, may: bool) -> None:
        self.may_reassign = may

    @rx.event
    @requires(Permission.TEAMS_DO)
    def let_take_new(self, takes: bool) -> None:
        self.takes_new = takes

    @rx.event
    @requires(Permission.TEAMS_DO)
    def set_active(self, active: bool) -> None:
        self.is_active = active

    @rx.event
    @requires(Permission.TEAMS_DO)
    async def save(self, form: TeamForm) -> list[EventSpec]:
        actor = await actor_of(self)
        draft = Draft(
            **form,
            permissions=frozenset(self.permissions),
            may_reassign=self.may_reassign,
            takes_new=self.takes_new,
            is_active=self.is_active,
        )
        async with runtime.get().db.write() as session:
            await teams.save(session, actor, draft, self.team["id"])
        return [Feedback.clear(), success(f"{draft.name.strip()} is saved."), rx.redirect("/teams")]


def team_in(path: str) -> int:
    """The team of ``/teams/<id>``; 0 for ``/teams/new``, and an id that nothing has for anything else."""
    last = path.rstrip("/").rsplit("/", 1)[-1]
    if last == "new":
        return 0
    is_id = last.isascii() and last.isdigit() and 0 < len(last) < 10
    return int(last) or _LARGEST_ID if is_id else _LARGEST_ID
