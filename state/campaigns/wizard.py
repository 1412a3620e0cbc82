"""The frame of the wizard: which draft, which step, and what is still missing."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services.campaigns import drafts, starting
from wapto_app.services.campaigns.drafts import DraftForm
from wapto_app.services.errors import NotFound, NotInPlan

PATH = "/campaigns"
STEPS = ("audience", "content", "timing", "review")
_ID_LENGTH = 9


class NameForm(TypedDict):
    name: str


class CampaignWizard(rx.State):
    """``done`` are the steps in which nothing is missing, ``problems`` the sentences of the others by step and field.

    ``refused`` says why there can be no campaign at all. ``opened`` changes whenever the draft is read anew.
    """

    loaded: bool = False
    missing: bool = False
    campaign_id: int = 0
    name: str = ""
    step: str = ""
    done: list[str] = []
    problems: dict[str, dict[str, str]] = {}
    opened: int = 0
    refused: str = ""
    naming: bool = False
    _draft: Any = None

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def begin(self) -> EventSpec | None:
        """``/campaigns/new``: a draft with what the page before has chosen, and on to its first step."""
        actor, wanted = await actor_of(self), self.router.url.query_parameters
        tag, segment, template = (number_in(wanted.get(name, "")) for name in ("tag", "segment", "template"))
        self.refused = ""
        try:
            async with runtime.get().db.write() as session:
                campaign_id = await starting.start(
                    session, actor, tag=tag, segment=segment, template=template
                )
        except NotInPlan as error:
            self.refused = error.message
            return None
        return rx.redirect(f"{PATH}/{campaign_id}/edit", replace=True)

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def ask_name(self, open_it: bool) -> EventSpec:
        self.naming = open_it
        return Feedback.clear()

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def rename(self, form: NameForm) -> list[EventSpec]:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await drafts.rename(session, actor, self.campaign_id, form["name"])
        await self._read()
        self.naming = False
        return [Feedback.clear(), success(f"“{self.name}” is saved.")]

    def _turn_to(self, campaign_id: int, step: str) -> None:
        """The draft and the step of the address; of another draft nothing is shown before it is read."""
        if campaign_id != self.campaign_id:
            self.loaded, self.problems, self.done = False, {}, []
        self.campaign_id, self.step, self.naming = campaign_id, step if step in STEPS else STEPS[0], False

    async def _open(self) -> bool:
        """Read it; whether it is there and still a draft."""
        try:
            await self._read()
        except NotFound:
            self.missing = self.loaded = True
            return False
        self.opened, self.missing, self.loaded = self.opened + 1, False, True
        return bool(self._draft["state"] == "draft")

    async def _read(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self._draft = await drafts.draft(session, actor, self.campaign_id)
            self.problems = await drafts.problems(session, actor, self.campaign_id)
        self.name = self._draft["name"]
        self.done = [step for step in STEPS if not self.problems.get(step)]

    async def _keep(self, save: Callable[..., Awaitable[Any]], **form: Any) -> DraftForm:
        """Save one step. Raises Conflict when somebody else has changed the draft since it was read."""
        actor, version = await actor_of(self), self._draft["version"] if self._draft else ""
        async with runtime.get().db.write() as session:
            await save(session, actor, self.campaign_id, {"version": version, **form})
        await self._read()
        kept: DraftForm = self._draft
        return kept


def number_in(text: str) -> int:
    """An id out of an address; 0 for nonsense."""
    is_number = text.isascii() and text.isdecimal() and len(text) <= _ID_LENGTH
    return int(text) if is_number else 0


def campaign_in(path: str) -> int:
    """The id in ``/campaigns/7`` and ``/campaigns/7/edit``; 0 for nonsense, which no campaign has."""
    parts = path.strip("/").split("/")
    return number_in(parts[1]) if len(parts) > 1 else 0
