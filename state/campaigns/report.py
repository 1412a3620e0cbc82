"""What a campaign brought."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import actor_of, success, watch
from state.campaigns.recipients import retried
from state.campaigns.wizard import campaign_in
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services.campaigns import lifecycle, report
from wapto_app.services.campaigns.report import Answered, Clicked, Country, Failure, Point, Variant
from wapto_app.services.campaigns.retrying import Which
from wapto_app.services.errors import NotFound


class Bar(TypedDict):
    """A span of the chart; ``label`` is when it begins (ISO 8601, UTC)."""

    label: str
    sent: int
    delivered: int
    read: int
    replied: int
    failed: int


class CampaignReport(rx.State):
    loaded: bool = False
    missing: bool = False
    variants: list[Variant] = []
    failures: list[Failure] = []
    bars: list[Bar] = []
    minutes: int = 1
    clicks: list[Clicked] = []
    answers: list[Answered] = []
    countries: list[Country] = []
    campaign_id: int = 0

    @rx.event
    @requires(Permission.CAMPAIGNS_SEE)
    async def load(self) -> None:
        self.campaign_id = campaign_in(str(self.router.url.path))
        watch(self, CampaignReport.changed, [f"campaign:{self.campaign_id}"])
        self.loaded = False
        await self._show()

    @rx.event
    @requires(Permission.CAMPAIGNS_SEE)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def again(self, code: int, reason: str) -> EventSpec:
        """Another message for all who failed for one reason."""
        everybody = not code and not reason
        which = Which(recipients=[], everybody=everybody, code=code, reason=reason)
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            done = await lifecycle.retry(session, actor, self.campaign_id, which)
        return success(retried(done))

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def choose(self, label: str) -> EventSpec:
        """The rest of an A/B campaign gets this version, now."""
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await lifecycle.choose_winner(session, actor, self.campaign_id, label)
        return success(f"The rest gets version {label}.")

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            try:
                self.variants = await report.variants(session, actor, self.campaign_id)
            except NotFound:
                self.missing, self.loaded = True, True
                return
            chart = await report.chart(session, actor, self.campaign_id)
            self.failures = await report.failures(session, actor, self.campaign_id)
            self.clicks = await report.clicks(session, actor, self.campaign_id)
            self.countries = await report.countries(session, actor, self.campaign_id)
            sees_chats = actor.may(Permission.INBOX_SEE)
            self.answers = await report.answers(session, actor, self.campaign_id) if sees_chats else []
        self.bars, self.minutes = [_bar(point) for point in chart["points"]], chart["minutes"]
        self.missing, self.loaded = False, True


def _bar(point: Point) -> Bar:
    return Bar(
        label=point["at"],
        sent=point["sent"],
        delivered=point["delivered"],
        read=point["read"],
        replied=point["replied"],
        failed=point["failed"],
    )
