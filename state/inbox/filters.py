"""The dialog in which the list is narrowed, and the views that are saved from it."""

from __future__ import annotations

from typing import Any

import reflex as rx
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success, watch
from state.inbox.conversations import InboxList
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services.inbox import views
from wapto_app.services.inbox.chips import Choice, FilterChoices, choices
from wapto_app.services.inbox.filters import InboxFilter, from_params, to_params
from wapto_app.services.inbox.views import ViewRow
from wapto_app.services.tags import TagChip

_STATUSES = ("open", "pending", "snoozed", "resolved")


class FilterForm(TypedDict, total=False):
    """What the form of the dialog hands over; ticks are ``on`` or missing."""

    unread: str
    unreplied: str
    open: str
    pending: str
    snoozed: str
    resolved: str
    agent: str
    team: str
    number: str
    every_tag: str
    since: str
    until: str
    window: str


class InboxFilters(rx.State):
    """``chosen`` is the filter as the form shows it, ``tags`` those that are ticked."""

    is_open: bool = False
    agents: list[Choice] = []
    teams: list[Choice] = []
    numbers: list[Choice] = []
    all_tags: list[TagChip] = []
    tags: list[int] = []
    chosen: dict[str, str] = {}

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def start(self) -> None:
        actor, wanted = await actor_of(self), (await self.get_state(InboxList))._wanted
        async with runtime.get().db.read() as session:
            found = await choices(session, actor)
        self._offer(found, wanted)
        self.is_open = True

    def _offer(self, found: FilterChoices, wanted: InboxFilter) -> None:
        self.agents, self.teams, self.numbers = found["agents"], found["teams"], found["numbers"]
        self.all_tags, self.tags = found["tags"], list(wanted.tags)
        shown = dict.fromkeys(wanted.shown_statuses, "1")
        self.chosen = to_params(wanted) | shown

    @rx.event
    @requires(Permission.INBOX_SEE)
    def close(self) -> None:
        self.is_open = False

    @rx.event
    @requires(Permission.INBOX_SEE)
    def toggle_tag(self, tag_id: int, on: bool) -> None:
        others = [each for each in self.tags if each != tag_id]
        self.tags = [*others, tag_id] if on else others

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def apply(self, form: FilterForm) -> Any:
        listed, given = await self.get_state(InboxList), dict(form)
        params: dict[str, Any] = {
            "tab": listed.tab,
            "sort": listed.sort,
            "status": ",".join(each for each in _STATUSES if given.get(each)),
            "tags": ",".join(map(str, self.tags)),
            **{name: "1" for name in ("unread", "unreplied", "every_tag") if given.get(name)},
            **{name: given.get(name, "") for name in ("agent", "team", "number", "since", "until", "window")},
        }
        self.is_open = False
        return listed._go(from_params(params))


class InboxViews(rx.State):
    """``saving``: the dialog that names a view is open, for a new one when ``renaming`` is 0.

    ``deleting`` is the view that is about to be deleted, 0 for none.
    """

    rows: list[ViewRow] = []
    saving: bool = False
    managing: bool = False
    renaming: int = 0
    deleting: int = 0
    name: str = ""

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def changed(self) -> None:
        await self._read()

    async def _read(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.rows = await views.views(session, actor)

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def offer(self, is_open: bool) -> None:
        if is_open:
            await self._read()

    @rx.event
    @requires(Permission.INBOX_DO)
    def name_new(self) -> Any:
        self.saving, self.renaming, self.name = True, 0, ""
        return Feedback.clear

    @rx.event
    @requires(Permission.INBOX_DO)
    def name_again(self, view_id: int) -> Any:
        names = [row["name"] for row in self.rows if row["id"] == view_id]
        self.saving, self.renaming, self.name = bool(names), view_id, names[0] if names else ""
        return Feedback.clear

    @rx.event
    @requires(Permission.INBOX_DO)
    async def save(self, form: dict[str, str]) -> Any:
        actor, wanted = await actor_of(self), (await self.get_state(InboxList))._wanted
        name, shared = form.get("name", ""), bool(form.get("shared"))
        async with runtime.get().db.write() as session:
            if self.renaming:
                await views.rename(session, actor, self.renaming, name)
            else:
                await views.save(session, actor, name, wanted, shared=shared)
        self.saving = False
        await self._read()
        return success(f"View “{name.strip()}” saved.")

    @rx.event
    @requires(Permission.INBOX_SEE)
    def stop_saving(self) -> None:
        self.saving = False

    @rx.event
    @requires(Permission.INBOX_DO)
    def ask(self, view_id: int) -> None:
        names = [row["name"] for row in self.rows if row["id"] == view_id]
        self.deleting, self.name = view_id if names else 0, names[0] if names else ""

    @rx.event
    @requires(Permission.INBOX_SEE)
    def keep(self) -> None:
        self.deleting = 0

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def manage(self, is_open: bool) -> None:
        self.managing = is_open
        if is_open:
            watch(self, InboxViews.changed, [views.TOPIC])
            await self._read()

    @rx.event
    @requires(Permission.INBOX_DO)
    async def move(self, view_id: int, up: bool) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await views.move(session, actor, view_id, up=up)
        await self._read()

    @rx.event
    @requires(Permission.INBOX_DO)
    async def delete(self, view_id: int) -> Any:
        actor, names = await actor_of(self), {row["id"]: row["name"] for row in self.rows}
        async with runtime.get().db.write() as session:
            await views.delete(session, actor, view_id)
        self.deleting = 0
        await self._read()
        return success(f"View “{names.get(view_id, '')}” deleted.")
