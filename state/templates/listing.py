"""The table of templates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypedDict
from urllib.parse import urlencode

import reflex as rx
from reflex.event import EventSpec

from state.base import actor_of, success, watch
from state.templates.closing import close_dialogs
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import templates
from wapto_app.services.templates import ListedTemplate, Standing, TemplateFilter

FILTERS = ("search", "status", "category", "language", "quality", "sort")
_MOST = 500


class Filter(TypedDict):
    """What the filters show; empty for all."""

    search: str
    status: str
    category: str
    language: str
    quality: str
    sort: str


NO_FILTER = Filter(search="", status="", category="", language="", quality="", sort="")


class TemplateList(rx.State):
    """The filters stand in the address, so that a link and the way back keep them."""

    loaded: bool = False
    rows: list[ListedTemplate] = []
    total: int = 0
    has_more: bool = False
    filter: Filter = NO_FILTER
    languages: list[str] = []
    overall: Standing | None = None
    syncing: bool = False
    _pages: int = 1

    @rx.var(initial_value=0)
    def filters(self) -> int:
        """How many are set, the search too."""
        return sum(1 for name in FILTERS if name != "sort" and self.filter[name])  # type: ignore[literal-required]

    @rx.event
    @requires(Permission.TEMPLATES_SEE)
    async def load(self) -> None:
        watch(self, TemplateList.changed, [templates.TOPIC])
        wanted = self.router.url.query_parameters
        self.filter = Filter(**{name: str(wanted.get(name) or "")[:100] for name in FILTERS})  # type: ignore[typeddict-item]
        self.syncing, self._pages = False, 1
        await close_dialogs(self)
        await self._show()

    @rx.event
    @requires(Permission.TEMPLATES_SEE)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.TEMPLATES_SEE)
    async def choose(self, name: str, value: str) -> EventSpec | None:
        if name not in FILTERS:
            return None
        chosen = {**self.filter, name: value[:100]}
        return rx.redirect(_address(chosen), replace=True)

    @rx.event
    @requires(Permission.TEMPLATES_SEE)
    async def clear_filters(self) -> EventSpec:
        return rx.redirect(_address({"sort": self.filter["sort"]}), replace=True)

    @rx.event
    @requires(Permission.TEMPLATES_SEE)
    async def more(self) -> None:
        if self.has_more:
            self._pages += 1
            await self._show()

    @rx.event(background=True)
    @requires(Permission.INBOX_DO)
    async def sync(self) -> EventSpec | None:
        """Ask Meta now."""
        async with self:
            if self.syncing:
                return None
            self.syncing, actor = True, await actor_of(self)
        process = runtime.get()
        try:
            listed = (await templates.sync(process.db, actor, process.gateway)).listed
        finally:
            async with self:
                self.syncing = False
        return success(f"WhatsApp lists {listed} templates.")

    async def _show(self) -> None:
        actor, wanted, after = await actor_of(self), _filter_of(self.filter), ""
        rows: list[ListedTemplate] = []
        async with runtime.get().db.read() as session:
            for _page in range(self._pages):
                page = await templates.listing(session, actor, wanted, after)
                rows, after = [*rows, *page["rows"]], page["end"]
                if not after:
                    break
            self.overall = await templates.standing(session, actor)
            self.languages = [code for code, _name in await templates.languages_used(session, actor)]
        self.rows, self.total, self.loaded = rows, page["total"], True
        self.has_more = bool(after) and len(rows) < _MOST


def _address(chosen: Mapping[str, object]) -> str:
    query = urlencode({name: value for name, value in chosen.items() if value})
    return f"/templates?{query}" if query else "/templates"


def _filter_of(chosen: Filter) -> TemplateFilter:
    def one(value: str) -> list[str]:
        return [value] if value else []

    return TemplateFilter(
        search=chosen["search"],
        statuses=one(chosen["status"]),
        categories=one(chosen["category"]),
        languages=one(chosen["language"]),
        qualities=one(chosen["quality"]),
        sort=chosen["sort"],
    )
