"""A tag for the people of a campaign, as its list shows them, with how far that is."""

from __future__ import annotations

import time
from typing import Any

import reflex as rx

from state.base import actor_of, success
from state.campaigns.recipients import CampaignPeople
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import tags
from wapto_app.services.campaigns import recipients
from wapto_app.services.campaigns.recipients import RecipientFilter
from wapto_app.services.campaigns.tagging import tag_people
from wapto_app.services.errors import NotFound

_SHOWN_AFTER = 1.0
"""Seconds after which progress is shown."""


class CampaignTagging(rx.State):
    """``tag`` is the name of the tag that waits for a confirmation, for ``total`` people; ``done`` of them while it
    takes long (``slow``). A new tag has no id yet: it is made when it is confirmed.
    """

    tag: str = ""
    total: int = 0
    slow: bool = False
    done: int = 0
    _tag_id: int = 0
    _busy: bool = False
    _stopped: bool = False

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def choose(self, tag_id: int, _worn: bool) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            named = {each["id"]: each["name"] for each in await tags.choices(session, actor)}
        if tag_id not in named:
            raise NotFound("tag")
        await self._ask(named[tag_id], tag_id)

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def choose_new(self, name: str) -> None:
        await self._ask(" ".join(name[:200].split()), 0)

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def dismiss(self) -> None:
        self.tag = ""

    @rx.event
    @requires(Permission.CONTACTS_DO)
    async def stop(self) -> None:
        """What is done stays done."""
        self._stopped = True

    @rx.event(background=True)
    @requires(Permission.CONTACTS_DO)
    async def run(self) -> Any:
        async with self:
            name, self.tag = self.tag, ""
            if self._busy or not name:
                return None
            self._busy, self._stopped, self.slow, self.done = True, False, False, 0
        try:
            changed = await self._work(name)
        finally:
            async with self:
                self._busy, self.slow = False, False
        return success(_told(name, changed))

    async def _work(self, name: str) -> int:
        process, began, changed = runtime.get(), time.monotonic(), 0
        async with self:
            actor, (campaign_id, wanted) = await actor_of(self), await self._shown()
            tag_id = self._tag_id
        if not tag_id:
            async with process.db.write() as session:
                [tag_id] = await tags.ensure(session, actor, [name])
        async for some in tag_people(process.db, actor, campaign_id, wanted, tag_id):
            changed += some.changed
            async with self:
                # Asked again each time: the permission may be taken away meanwhile.
                (await actor_of(self)).require(Permission.CONTACTS_DO)
                self.done += some.seen
                self.slow = time.monotonic() - began > _SHOWN_AFTER
                if self._stopped:
                    break
        return changed

    async def _ask(self, name: str, tag_id: int) -> None:
        actor, (campaign_id, wanted) = await actor_of(self), await self._shown()
        async with runtime.get().db.read() as session:
            self.total = await recipients.contacts_of(session, actor, campaign_id, wanted)
        self.tag, self._tag_id = name, tag_id

    async def _shown(self) -> tuple[int, RecipientFilter]:
        """The campaign and the filter of the list."""
        page = await self.get_state(CampaignPeople)
        return page.campaign_id, page.wanted


def _told(name: str, n: int) -> str:
    if not n:
        return f"All of them had the tag “{name}” already."
    return f"1 person has the tag “{name}” now." if n == 1 else f"{n:,} people have the tag “{name}” now."
