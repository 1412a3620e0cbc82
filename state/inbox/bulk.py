"""Several conversations at once: which are marked, and what is done with them."""

from __future__ import annotations

from typing import TypedDict

import reflex as rx

from state.base import actor_of
from state.inbox.conversations import InboxList
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services import assignment, inbox
from wapto_app.services.assignment import AgentChoice, TeamChoice
from wapto_app.services.errors import Invalid
from wapto_app.services.inbox import bulk
from wapto_app.services.inbox.bulk import Deed, Kind, Outcome
from wapto_app.services.inbox.conditions import zone_of
from wapto_app.services.inbox.status import snooze_until


class Told(TypedDict):
    """A part of what became of a deed. ``what``: the deed, ``unchanged`` or ``skipped``, which has a reason."""

    what: str
    count: int
    reason: str


class InboxBulk(rx.State):
    """``picked`` are marked; ``undo`` those that were resolved last, ``said`` what became of the last deed."""

    picking: bool = False
    picked: list[int] = []
    agents: list[AgentChoice] = []
    teams: list[TeamChoice] = []
    said: list[Told] = []
    undo: list[int] = []

    @rx.event
    @requires(Permission.INBOX_SEE)
    def pick(self, ids: list[int], on: bool) -> None:
        others = [each for each in self.picked if each not in set(ids)]
        self.picked = [*others, *ids][: bulk.MOST] if on else others
        self.picking, self.said, self.undo = True, [], []

    @rx.event
    @requires(Permission.INBOX_SEE)
    async def pick_all(self) -> None:
        actor, wanted = await actor_of(self), (await self.get_state(InboxList))._wanted
        async with runtime.get().db.read() as session:
            self.picked = await inbox.matching_ids(session, actor, wanted, limit=bulk.MOST)
        self.picking, self.said, self.undo = True, [], []

    @rx.event
    @requires(Permission.INBOX_SEE)
    def start(self) -> None:
        self.picking, self.picked, self.said, self.undo = True, [], [], []

    @rx.event
    @requires(Permission.INBOX_SEE)
    def stop(self) -> None:
        self.picking, self.picked, self.said, self.undo = False, [], [], []

    @rx.event
    @requires(Permission.INBOX_DO)
    async def offer(self, is_open: bool) -> None:
        if not is_open:
            return
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            found = await assignment.choices(session, actor)
        self.agents, self.teams = found["agents"], found["teams"]

    @rx.event
    @requires(Permission.INBOX_DO)
    async def do(self, kind: str, of: int) -> None:
        if kind not in set(Kind) or kind == Kind.SNOOZE:
            raise Invalid("kind", "Choose what to do from the bar.")
        await self._do(Deed(Kind(kind), of))

    @rx.event
    @requires(Permission.INBOX_DO)
    async def tag(self, tag_id: int, on: bool) -> None:
        await self._do(Deed(Kind.TAG if on else Kind.UNTAG, tag_id), keep=True)

    @rx.event
    @requires(Permission.INBOX_DO)
    async def snooze(self, choice: str) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            until = snooze_until(choice, await zone_of(session, actor))
        await self._do(Deed(Kind.SNOOZE, until=until))

    async def _do(self, deed: Deed, *, keep: bool = False) -> None:
        actor = await actor_of(self)
        outcome = await bulk.carry_out(runtime.get().db, actor, list(self.picked), deed)
        self.said = told(deed.kind, outcome)
        self.undo = outcome.changed if deed.kind is Kind.RESOLVE else []
        if not keep:
            self.picked, self.picking = [], False

    @rx.event
    @requires(Permission.INBOX_DO)
    async def take_back(self) -> None:
        actor = await actor_of(self)
        outcome = await bulk.carry_out(runtime.get().db, actor, list(self.undo), Deed(Kind.REOPEN))
        self.said, self.undo = told(Kind.REOPEN, outcome), []


def told(kind: Kind, outcome: Outcome) -> list[Told]:
    """What became of a deed; the page makes words of it."""
    parts = [Told(what=kind.value, count=len(outcome.changed), reason="")]
    if outcome.unchanged:
        parts.append(Told(what="unchanged", count=outcome.unchanged, reason=""))
    skipped = outcome.skipped.most_common()
    return parts + [Told(what="skipped", count=number, reason=reason) for reason, number in skipped]
