"""The list of campaigns, and what can be done from it."""

from __future__ import annotations

from urllib.parse import urlencode

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services.campaigns import drafts, lifecycle, listing, topics
from wapto_app.services.campaigns.listing import CampaignFilter, CampaignRow, Cursor

PATH = "/campaigns"


class RenameForm(TypedDict):
    name: str


class Campaigns(rx.State):
    """``asking``: those that should have gone out while Wapto was off. ``what`` is the dialog that is open: ``cancel``,
    ``delete`` or ``rename``, about the campaign ``about``, of whom ``left`` people have not got it. ``marked`` are
    chosen to be compared.
    """

    rows: list[CampaignRow] = []
    asking: list[CampaignRow] = []
    group: str = ""
    text: str = ""
    page: int = 0
    has_next: bool = False
    loaded: bool = False
    what: str = ""
    about: int = 0
    name: str = ""
    left: int = 0
    marked: list[int] = []
    _starts: list[Cursor | None] = [None]
    _next: Cursor | None = None

    @rx.event
    @requires(Permission.CAMPAIGNS_SEE)
    async def load(self) -> None:
        watch(self, Campaigns.changed, [topics.LIST])
        wanted = self.router.url.query_parameters
        group = str(wanted.get("state", ""))
        self.group, self.text = group if group in listing.GROUPS else "", str(wanted.get("q", ""))[:100]
        self.what, self.marked, self._starts = "", [], [None]
        await self._show()

    @rx.event
    @requires(Permission.CAMPAIGNS_SEE)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.CAMPAIGNS_SEE)
    async def look(self, group: str) -> EventSpec:
        return _address(group, self.text)

    @rx.event
    @requires(Permission.CAMPAIGNS_SEE)
    async def find(self, text: str) -> EventSpec:
        return _address(self.group, text[:100])

    @rx.event
    @requires(Permission.CAMPAIGNS_SEE)
    async def next(self) -> None:
        if self._next is not None:
            self._starts = [*self._starts, self._next]
            await self._show()

    @rx.event
    @requires(Permission.CAMPAIGNS_SEE)
    async def previous(self) -> None:
        self._starts = self._starts[:-1] or [None]
        await self._show()

    @rx.event
    @requires(Permission.CAMPAIGNS_SEE)
    async def mark(self, campaign_id: int) -> None:
        rest = [each for each in self.marked if each != campaign_id]
        self.marked = rest if len(rest) < len(self.marked) else [*rest, campaign_id]

    @rx.event
    @requires(Permission.CAMPAIGNS_SEE)
    async def mark_page(self, on: bool) -> None:
        self.marked = [row["id"] for row in self.rows] if on else []

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def ask(self, what: str, campaign_id: int, name: str, left: int) -> EventSpec:
        self.what, self.about, self.name, self.left = what, campaign_id, name, left
        return Feedback.clear()

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def close(self) -> None:
        self.what = ""

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def pause(self, campaign_id: int) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await lifecycle.pause(session, actor, campaign_id)

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def resume(self, campaign_id: int) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await lifecycle.resume(session, actor, campaign_id)

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def unschedule(self, campaign_id: int) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await lifecycle.unschedule(session, actor, campaign_id)
        return rx.redirect(f"{PATH}/{campaign_id}/edit?step=timing")

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def cancel(self) -> EventSpec:
        actor, self.what = await actor_of(self), ""
        async with runtime.get().db.write() as session:
            await lifecycle.cancel(session, actor, self.about)
        return success(f"“{self.name}” is cancelled. What was sent stays sent.")

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def answer(self, campaign_id: int, send: bool) -> None:
        """What becomes of a campaign whose time passed while Wapto was off."""
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await lifecycle.answer_late(session, actor, campaign_id, send=send)
        await self._show()

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def duplicate(self, campaign_id: int) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            new_id = await drafts.duplicate(session, actor, campaign_id)
        return rx.redirect(f"{PATH}/{new_id}/edit")

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def rename(self, form: RenameForm) -> list[EventSpec]:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await drafts.rename(session, actor, self.about, form["name"])
        self.what = ""
        return [Feedback.clear(), success(f"“{' '.join(form['name'].split())}” is saved.")]

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def delete(self) -> list[EventSpec]:
        actor, self.what = await actor_of(self), ""
        async with runtime.get().db.write() as session:
            await drafts.delete(session, actor, self.about)
        is_here = str(self.router.url.path).rstrip("/") == PATH
        return [success(f"“{self.name}” is deleted."), *([] if is_here else [rx.redirect(PATH)])]

    async def _show(self) -> None:
        actor, wanted = await actor_of(self), CampaignFilter(group=self.group, text=self.text)
        async with runtime.get().db.read() as session:
            found = await listing.listing(session, actor, wanted, self._starts[-1])
            self.asking = await listing.asking(session, actor)
        self.rows, self._next, self.has_next = found.rows, found.next, found.next is not None
        self.page, self.loaded = (len(self._starts) - 1) * listing.PAGE, True


def _address(group: str, text: str) -> EventSpec:
    """The list as the address says it, so that it can be kept and sent to somebody."""
    said = urlencode({name: value for name, value in (("state", group), ("q", text)) if value})
    return rx.redirect(f"{PATH}?{said}" if said else PATH, replace=True)
