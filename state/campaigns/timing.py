"""The third step: when, and how fast."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import reflex as rx
from sqlmodel.ext.asyncio.session import AsyncSession

from state.base import Feedback, actor_of
from state.campaigns.audience import counted
from state.campaigns.wizard import CampaignWizard
from wapto_app import runtime
from wapto_app.clock import utcnow
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.policy import requires
from wapto_app.services.campaigns import drafts, limits_of_meta, timing
from wapto_app.services.campaigns.drafts import DraftForm, TimingForm
from wapto_app.services.campaigns.limits_of_meta import ChannelLimits
from wapto_app.services.errors import NotFound

_MORNING, _EVENING = "08:00", "21:00"
_PARTS = ("run_at", "time_zone", "quiet_from", "quiet_until", "late_policy")
_LONGEST = 64
USUAL = ChannelLimits(per_second=80, tier=0, tier_known=False, used_24h=0)


class TimingStep(rx.State):
    """``when`` is now, at (one moment for all) or local (that clock in each one's zone). ``run_at`` is a wall clock in
    ``time_zone``; ``note`` says what a change of clocks does to it. ``rate`` is in messages per second, 0 for what the
    number may.
    """

    loaded: bool = False
    when: str = "now"
    run_at: str = ""
    note: str = ""
    time_zone: str = "UTC"
    is_quiet: bool = False
    quiet_from: str = _EVENING
    quiet_until: str = _MORNING
    late_policy: str = "send"
    rate: float = 0
    limits: ChannelLimits = USUAL
    people: int = 0
    problems: dict[str, str] = {}

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def load(self) -> None:
        wizard, actor = await self.get_state(CampaignWizard), await actor_of(self)
        draft = wizard._draft
        if draft is None:
            return
        async with runtime.get().db.read() as session:
            people = await counted(session, actor, draft)
            self.limits = await limits_of(session, actor, draft["channel_id"])
        self.people = people["sendable"]
        self._show(draft, wizard.problems)
        self.loaded = True

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def choose(self, when: str) -> None:
        """A moment is suggested: tomorrow at ten."""
        if when == "now":
            await self._save(run_at="", is_local=False)
        elif when in ("at", "local"):
            await self._save(run_at=self.run_at or _tomorrow(self.time_zone), is_local=when == "local")

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def write(self, part: str, value: str) -> None:
        if part in _PARTS and value:
            await self._save(**{part: value[:_LONGEST]})

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def keep_quiet(self, on: bool) -> None:
        """At night, on each one's own clock, nothing goes out."""
        await self._save(quiet_from=_EVENING if on else "", quiet_until=_MORNING if on else "")

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def slow_down(self, rate: int) -> None:
        await self._save(rate=rate)

    async def _save(self, **parts: Any) -> None:
        wizard = await self.get_state(CampaignWizard)
        draft = wizard._draft
        if draft is None:
            return
        form = {name: draft[name] for name in TimingForm.__annotations__ if name != "version"}  # type: ignore[literal-required]
        wanted = {**form, **parts}
        draft = await wizard._keep(drafts.save_timing, **wanted)
        (await self.get_state(Feedback)).errors = {}
        self._show(draft, wizard.problems)
        # What is kept is a time that there is: a night may leave out what was asked for.
        self.note = _note(wanted["run_at"], draft["time_zone"])

    def _show(self, draft: DraftForm, problems: dict[str, dict[str, str]]) -> None:
        self.run_at, self.time_zone = draft["run_at"], draft["time_zone"]
        self.when = "now" if not draft["run_at"] else "local" if draft["is_local"] else "at"
        self.is_quiet = bool(draft["quiet_from"])
        self.quiet_from, self.quiet_until = draft["quiet_from"] or _EVENING, draft["quiet_until"] or _MORNING
        self.late_policy, self.rate = draft["late_policy"], draft["rate"]
        self.problems = problems.get("timing", {})
        self.note = _note(self.run_at, self.time_zone)


async def limits_of(session: AsyncSession, actor: Actor, channel_id: int) -> ChannelLimits:
    """What Meta lets the chosen number do; the usual while there is none."""
    try:
        return await limits_of_meta.of_channel(session, actor, channel_id) if channel_id else USUAL
    except NotFound:
        return USUAL


def _note(run_at: str, time_zone: str) -> str:
    return timing.clock_note(run_at, timing.zone_of_name(time_zone)) if run_at else ""


def _tomorrow(zone: str) -> str:
    """At ten, on the wall clock of the zone."""
    day = utcnow().astimezone(ZoneInfo(zone)) + timedelta(days=1)
    return f"{day:%Y-%m-%d}T10:00"
