"""The review page: the figures, what is behind them, and what reviewers look at."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import presence, review
from wapto_app.services.review import Bar, Choice, Criterion, Figure, ReviewRow
from wapto_app.services.review.shown import (
    SORTS,
    ChatLine,
    FiguresRow,
    chat_line,
    figures_row,
    in_order,
)

NO_FIGURES = FiguresRow(
    id=0,
    name="",
    team="",
    is_active=True,
    is_online=False,
    conversations=0,
    first_median="",
    first_p90="",
    resolution_median="",
    resolution_p90="",
    messages=0,
    resolved=0,
    reopened=0,
    missed=0,
    online="",
    score="",
)


class Days(TypedDict):
    """What the form of an own range sends."""

    first: str
    last: str


class Review(rx.State):
    """``by`` is what a line of the table stands for: an agent or a team."""

    loaded: bool = False
    range: str = "7"
    first: str = ""
    last: str = ""
    team: str = ""
    teams: list[Choice] = []
    by: str = "agents"
    sort: str = "-conversations"
    total: FiguresRow = NO_FIGURES
    rows: list[FiguresRow] = []
    bars: list[Bar] = []
    step: str = "day"
    zone: str = ""
    choosing: bool = False
    _raw: list[Any] = []

    @rx.var(initial_value="")
    def export_path(self) -> str:
        asked = {"range": self.range, "team": self.team, "by": self.by}
        days = {"first": self.first, "last": self.last} if self.range == review.CUSTOM else {}
        return f"/exports/review.csv?{urlencode(asked | days)}"

    @rx.event
    @requires(Permission.REPORTS_SEE)
    async def load(self) -> None:
        watch(self, Review.changed, [review.TOPIC, presence.TOPIC])
        self.choosing = False
        (await self.get_state(Rubric)).open = False
        await self._show()

    @rx.event
    @requires(Permission.REPORTS_SEE)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.REPORTS_SEE)
    async def choose_range(self, name: str) -> None:
        self.range = name if name in review.LAST else review.CUSTOM
        if name in review.LAST:
            self.first = self.last = ""
        await self._show()

    @rx.event
    @requires(Permission.REPORTS_SEE)
    async def choose_days(self, days: Days) -> EventSpec:
        before = self.range, self.first, self.last
        self.range, self.first, self.last = review.CUSTOM, days["first"], days["last"]
        try:
            await self._show()
        except Exception:
            self.range, self.first, self.last = before
            raise
        self.choosing = False
        return Feedback.clear()

    @rx.event
    @requires(Permission.REPORTS_SEE)
    def ask_for_days(self) -> EventSpec:
        self.choosing = True
        return Feedback.clear()

    @rx.event
    @requires(Permission.REPORTS_SEE)
    def do_not_choose_days(self) -> None:
        self.choosing = False

    @rx.event
    @requires(Permission.REPORTS_SEE)
    async def choose_team(self, team: str) -> None:
        self.team = team if team.isdecimal() else ""
        await self._show()

    @rx.event
    @requires(Permission.REPORTS_SEE)
    async def choose_by(self, by: str) -> None:
        self.by = "teams" if by == "teams" else "agents"
        await self._show()

    @rx.event
    @requires(Permission.REPORTS_SEE)
    def sort_by(self, by: str) -> None:
        if by.removeprefix("-") in SORTS:
            self.sort = by
            self._line_up()

    async def _show(self) -> None:
        actor, team_id = await actor_of(self), int(self.team or 0)
        async with runtime.get().db.read() as session:
            during = await review.period(session, actor, self.range, self.first, self.last)
            board = await review.board(session, actor, during, team_id)
            self.bars = await review.bars(session, actor, during, team_id)
            self.teams = await review.teams(session, actor)
            by_team = self.by == "teams"
            self._raw = await review.teams_board(session, actor, during) if by_team else board["agents"]
        self.total, self.step, self.zone = figures_row(board["total"]), during.step, during.zone.key
        self.first, self.last = during.first.isoformat(), during.last.isoformat()
        self._line_up()
        self.loaded = True

    def _line_up(self) -> None:
        self.rows = [figures_row(row) for row in in_order(self._raw, self.sort)]


class Behind(rx.State):
    """The panel with the conversations behind a figure of one agent or team."""

    agent_id: int = 0
    team_id: int = 0
    name: str = ""
    figure: str = Figure.HANDLED.value
    chats: list[ChatLine] = []
    reviews: list[ReviewRow] = []
    has_more: bool = False
    loaded: bool = False

    @rx.event
    @requires(Permission.REPORTS_SEE)
    async def load(self) -> None:
        self._close()

    @rx.event
    @requires(Permission.REPORTS_SEE)
    async def open(self, row_id: int, name: str) -> None:
        page = await self.get_state(Review)
        by_team = page.by == "teams"
        self.agent_id, self.team_id = (0, row_id) if by_team else (row_id, int(page.team or 0))
        self.name, self.figure, self.loaded = name[:200], Figure.HANDLED.value, False
        await self._show()

    @rx.event
    @requires(Permission.REPORTS_SEE)
    async def choose(self, figure: str) -> None:
        if self.agent_id or self.team_id:
            self.figure = figure if figure in {*Figure, "reviews"} else Figure.HANDLED.value
            await self._show()

    @rx.event
    @requires(Permission.REPORTS_SEE)
    async def close(self) -> None:
        self._close()

    def _close(self) -> None:
        self.agent_id = self.team_id = 0
        self.chats, self.reviews, self.loaded = [], [], False

    async def _show(self) -> None:
        actor, page = await actor_of(self), await self.get_state(Review)
        self.chats, self.reviews, self.has_more = [], [], False
        async with runtime.get().db.read() as session:
            during = await review.period(session, actor, page.range, page.first, page.last)
            if self.figure == "reviews":
                self.reviews = await review.reviews_of_agent(session, actor, self.agent_id, during)
            elif actor.may(Permission.INBOX_SEE):
                whose = {"agent_id": self.agent_id, "team_id": self.team_id}
                found = await review.conversations(session, actor, during, Figure(self.figure), **whose)
                self.chats, self.has_more = list(map(chat_line, found["rows"])), found["has_more"]
        self.loaded = True


class Rubric(rx.State):
    """The editor of the criteria; what is typed stays here until it is saved."""

    open: bool = False
    rows: list[Criterion] = []

    @rx.event
    @requires(Permission.REPORTS_DO)
    async def start(self) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            self.rows = await review.rubric(session, actor)
        self.open = True
        return Feedback.clear()

    @rx.event
    @requires(Permission.REPORTS_DO)
    def stop(self) -> None:
        self.open = False

    @rx.event
    @requires(Permission.REPORTS_DO)
    def add(self) -> None:
        self.rows = [*self.rows, Criterion(key="", name="", weight=1)]

    @rx.event
    @requires(Permission.REPORTS_DO)
    def remove(self, place: int) -> None:
        self.rows = [row for n, row in enumerate(self.rows) if n != place]

    @rx.event
    @requires(Permission.REPORTS_DO)
    def rename(self, place: int, name: str) -> None:
        self._change(place, {"name": name[:200]})

    @rx.event
    @requires(Permission.REPORTS_DO)
    def weigh(self, place: int, weight: str) -> None:
        self._change(place, {"weight": int(weight) if weight.isdecimal() else 0})

    @rx.event
    @requires(Permission.REPORTS_DO)
    async def save(self) -> EventSpec:
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            await review.save_rubric(session, actor, self.rows)
        self.open = False
        return success("The criteria are saved. Reviews that are written already keep theirs.")

    def _change(self, place: int, values: dict[str, Any]) -> None:
        self.rows = [Criterion(**{**row, **values}) if n == place else row for n, row in enumerate(self.rows)]
