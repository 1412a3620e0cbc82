"""Choosing whose message the preview shows."""

from __future__ import annotations

import reflex as rx

from state.base import actor_of
from state.campaigns.content import ContentStep
from state.campaigns.wizard import CampaignWizard
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services.campaigns import preview_people
from wapto_app.services.campaigns.preview_people import PreviewPerson


class PreviewPeople(rx.State):
    """``found`` are some of the audience whom ``search`` fits."""

    is_open: bool = False
    search: str = ""
    found: list[PreviewPerson] = []

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def start(self) -> None:
        self.is_open, self.search = True, ""
        await self._find()

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def close(self) -> None:
        self.is_open, self.found = False, []

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def find(self, text: str) -> None:
        self.search = text[:100]
        await self._find()

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def choose(self, contact_id: int, row_id: int) -> None:
        chosen = [each for each in self.found if (each["contact_id"], each["row_id"]) == (contact_id, row_id)]
        self.is_open, self.found = False, []
        if chosen:
            await (await self.get_state(ContentStep))._look_at(chosen[0])

    async def _find(self) -> None:
        actor, wizard = await actor_of(self), await self.get_state(CampaignWizard)
        async with runtime.get().db.read() as session:
            self.found = await preview_people.find(session, actor, wizard.campaign_id, self.search)
