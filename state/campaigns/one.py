"""The page of one campaign: how far it is."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.base import actor_of, watch
from state.campaigns.listing import Campaigns
from state.campaigns.wizard import PATH, campaign_in
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services.campaigns import listing
from wapto_app.services.campaigns.listing import CampaignRow
from wapto_app.services.errors import NotFound


class OneCampaign(rx.State):
    """Its head; what can be done about it is done by ``Campaigns``."""

    loaded: bool = False
    missing: bool = False
    head: CampaignRow = listing.NONE
    _id: int = 0

    @rx.event
    @requires(Permission.CAMPAIGNS_SEE)
    async def load(self) -> Any:
        campaign_id = campaign_in(str(self.router.url.path))
        if campaign_id != self._id:
            self.loaded, self.head = False, listing.NONE
        self._id = campaign_id
        watch(self, OneCampaign.changed, [f"campaign:{campaign_id}"])
        (await self.get_state(Campaigns)).what = ""
        await self._show()
        is_draft = self.head["state"] == "draft" and (await actor_of(self)).may(Permission.CAMPAIGNS_DO)
        return rx.redirect(f"{PATH}/{campaign_id}/edit", replace=True) if is_draft else None

    @rx.event
    @requires(Permission.CAMPAIGNS_SEE)
    async def changed(self) -> None:
        await self._show()

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            try:
                is_full = runtime.get().writer.disk.is_full
                self.head = await listing.one(session, actor, self._id, has_full_disk=is_full)
                self.missing = False
            except NotFound:
                self.head, self.missing = listing.NONE, True
        self.loaded = True
