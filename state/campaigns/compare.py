"""Two campaigns side by side."""

from __future__ import annotations

import reflex as rx

from state.base import actor_of, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services.campaigns import comparing, listing, topics
from wapto_app.services.campaigns.comparing import Compared
from wapto_app.services.campaigns.listing import CampaignRow
from wapto_app.services.errors import NotFound

_LONGEST = 9


class CompareCampaigns(rx.State):
    loaded: bool = False
    missing: bool = False
    first: CampaignRow = listing.NONE
    second: CampaignRow = listing.NONE
    rows: list[Compared] = []

    @rx.event
    @requires(Permission.CAMPAIGNS_SEE)
    async def load(self) -> None:
        watch(self, CompareCampaigns.changed, [topics.LIST])
        self.loaded = False
        await self._show()

    @rx.event
    @requires(Permission.CAMPAIGNS_SEE)
    async def changed(self) -> None:
        await self._show()

    async def _show(self) -> None:
        wanted = self.router.url.query_parameters
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            try:
                ids = (_id(str(wanted.get(name, ""))) for name in ("a", "b"))
                found = await comparing.compare(session, actor, *ids)
            except NotFound:
                self.missing, self.loaded = True, True
                return
        self.first, self.second, self.rows = found["first"], found["second"], found["rows"]
        self.missing, self.loaded = False, True


def _id(text: str) -> int:
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST else 0
