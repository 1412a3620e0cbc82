"""A campaign for the contacts that are marked in their table."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec

from state.base import actor_of
from state.campaigns.wizard import PATH
from state.contacts import ContactList
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services.campaigns import starting
from wapto_app.services.campaigns.audience import MOST_PICKED
from wapto_app.services.contacts import ContactFilter
from wapto_app.services.contacts.listing import ids_after
from wapto_app.services.errors import Conflict


class CampaignForContacts(rx.State):
    """Holds nothing: what is marked stands in ``ContactList``."""

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def begin(self) -> EventSpec:
        """The marked ones, or all that match; so many that nobody could look through them need a tag or a segment."""
        page, actor = await self.get_state(ContactList), await actor_of(self)
        async with runtime.get().db.write() as session:
            ids = list(page.marked)
            if page.all_marked:
                wanted = ContactFilter(**page.filter)  # type: ignore[typeddict-item]
                ids = await ids_after(session, actor, wanted, 0, MOST_PICKED + 1)
            if len(ids) > MOST_PICKED:
                raise Conflict(f"These are more than {MOST_PICKED:,}. Give them a tag, and choose that tag.")
            campaign_id = await starting.start(session, actor, contacts=ids)
        return rx.redirect(f"{PATH}/{campaign_id}/edit")
