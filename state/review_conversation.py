"""One conversation under review: what was written, and how it is judged."""

from __future__ import annotations

import re
from typing import Any

import reflex as rx
from reflex.event import EventSpec

from state.base import Feedback, actor_of, success, watch
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import inbox, review
from wapto_app.services.errors import Forbidden, NotFound
from wapto_app.services.inbox import MessageRow
from wapto_app.services.review import Choice, ReviewRow, Score

# PostgreSQL refuses to look for a larger one.
_LARGEST_ID = 2**31 - 1
_PATH = re.compile(r"^/review/(\d{1,10})/?$")


class ReviewedConversation(rx.State):
    """``points`` is the form; ``editing_id`` the review that it changes, 0 for a new one."""

    selected: int = 0
    missing: bool = False
    name: str = ""
    messages: list[MessageRow] = []
    has_older: bool = False
    agents: list[Choice] = []
    agent: str = ""
    reviews: list[ReviewRow] = []
    points: list[Score] = []
    note: str = ""
    editing_id: int = 0
    deleting_id: int = 0

    @rx.event
    @requires(Permission.REPORTS_SEE)
    async def load(self) -> EventSpec:
        self._start(_wanted(str(self.router.url.path)))
        watch(self, ReviewedConversation.changed, [review.TOPIC, f"conversation:{self.selected}"])
        await self._read()
        await self._begin(str(self.router.url.query_parameters.get("agent", "")))
        return Feedback.clear()

    @rx.event
    @requires(Permission.REPORTS_SEE)
    async def changed(self) -> None:
        await self._read()

    @rx.event
    @requires(Permission.REPORTS_SEE)
    async def load_older(self) -> None:
        if not self.has_older or not self.messages:
            return
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            page = await inbox.older(session, actor, self.selected, before_id=self.messages[0]["id"])
        self.messages, self.has_older = [*page["messages"], *self.messages], page["has_older"]

    @rx.event
    @requires(Permission.REPORTS_DO)
    def choose_agent(self, agent: str) -> None:
        self.agent = agent

    @rx.event
    @requires(Permission.REPORTS_DO)
    def give(self, key: str, points: int) -> None:
        self.points = [
            Score(**{**row, "points": points}) if row["key"] == key else row for row in self.points
        ]

    @rx.event
    @requires(Permission.REPORTS_DO)
    def write_note(self, note: str) -> None:
        self.note = note[:5_000]

    @rx.event
    @requires(Permission.REPORTS_DO)
    async def save(self) -> EventSpec:
        actor, scores = await actor_of(self), {row["key"]: row["points"] for row in self.points}
        async with runtime.get().db.write() as session:
            if self.editing_id:
                await review.edit_review(session, actor, self.editing_id, scores, self.note)
            else:
                agent_id = int(self.agent) if self.agent.isdecimal() else 0
                await review.write_review(session, actor, self.selected, agent_id, scores, self.note)
        await self._begin(self.agent)
        return success("The review is saved.")

    @rx.event
    @requires(Permission.REPORTS_DO)
    async def edit(self, review_id: int) -> EventSpec:
        for row in self.reviews:
            if row["id"] == review_id and row["is_mine"]:
                self.editing_id, self.agent = review_id, str(row["agent_id"])
                self.points, self.note = row["scores"], row["note"]
        return Feedback.clear()

    @rx.event
    @requires(Permission.REPORTS_DO)
    async def stop_editing(self) -> EventSpec:
        await self._begin(self.agent)
        return Feedback.clear()

    @rx.event
    @requires(Permission.REPORTS_DO)
    def ask_to_delete(self, review_id: int) -> None:
        self.deleting_id = review_id

    @rx.event
    @requires(Permission.REPORTS_DO)
    def do_not_delete(self) -> None:
        self.deleting_id = 0

    @rx.event
    @requires(Permission.REPORTS_DO)
    async def delete(self) -> EventSpec:
        actor, review_id = await actor_of(self), self.deleting_id
        self.deleting_id = 0
        async with runtime.get().db.write() as session:
            await review.delete_review(session, actor, review_id)
        if self.editing_id == review_id:
            await self._begin(self.agent)
        return success("The review is deleted.")

    def _start(self, conversation_id: int) -> None:
        self.selected, self.missing, self.name = conversation_id, False, ""
        self.messages, self.reviews, self.agents = [], [], []
        self.agent, self.has_older, self.deleting_id = "", False, 0

    async def _begin(self, agent: str) -> None:
        """An empty form for this agent, or for the only one."""
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            rubric = await review.rubric(session, actor)
        known = [option["value"] for option in self.agents]
        self.agent = agent if agent in known else (known[0] if len(known) == 1 else "")
        self.points, self.note, self.editing_id = [Score(**row, points=0) for row in rubric], "", 0

    async def _read(self) -> None:
        actor = await actor_of(self)
        try:
            async with runtime.get().db.read() as session:
                header = await inbox.header(session, actor, self.selected)
                self.agents = await review.agents_of(session, actor, self.selected)
                self.reviews = await review.reviews_of_conversation(session, actor, self.selected)
                if not self.messages:
                    self._show(await inbox.recent(session, actor, self.selected))
        except (NotFound, Forbidden):
            self._start(self.selected)
            self.missing = True
            return
        self.name, self.missing = header["name"], False

    def _show(self, thread: Any) -> None:
        self.messages, self.has_older = thread["messages"], thread["has_older"]


def _wanted(path: str) -> int:
    found = _PATH.match(path)
    number = int(found.group(1)) if found else 0
    return number if number <= _LARGEST_ID else 0
