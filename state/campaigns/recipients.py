"""Who a campaign goes to, and what became of each message."""

from __future__ import annotations

from urllib.parse import urlencode

import reflex as rx
from reflex.event import EventSpec

from state.base import actor_of, success, watch
from state.campaigns.wizard import PATH, campaign_in
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services.campaigns import lifecycle, recipients
from wapto_app.services.campaigns.recipients import EVERYBODY, MARKS, STATES, RecipientFilter, RecipientRow
from wapto_app.services.campaigns.retrying import Retried, Which
from wapto_app.services.errors import NotFound


class CampaignPeople(rx.State):
    """``asked`` is the dialog that is open: ``again`` for the marked ones, ``unconfirmed`` for those whose fate
    nobody knows. ``query`` is the filter as the address and the file of it have it.
    ``is_split`` tells whether there is more than one version.
    """

    rows: list[RecipientRow] = []
    loaded: bool = False
    missing: bool = False
    state: str = ""
    reason: str = ""
    text: str = ""
    page: int = 0
    has_next: bool = False
    marked: list[int] = []
    asked: str = ""
    query: str = ""
    is_split: bool = False
    campaign_id: int = 0
    _starts: list[int] = [0]
    _next: int = 0

    @property
    def wanted(self) -> RecipientFilter:
        """What the list is narrowed down to."""
        return {**EVERYBODY, "state": self.state, "reason": self.reason, "text": self.text}

    @rx.event
    @requires(Permission.CAMPAIGNS_SEE)
    async def load(self) -> None:
        self.campaign_id = campaign_in(str(self.router.url.path))
        watch(self, CampaignPeople.changed, [f"campaign:{self.campaign_id}"])
        wanted = self.router.url.query_parameters
        state = str(wanted.get("state", ""))
        self.state = state if state in (*STATES, *MARKS) else ""
        self.reason, self.text = str(wanted.get("reason", ""))[:32], str(wanted.get("q", ""))[:100]
        self.marked, self.asked, self._starts, self.loaded = [], "", [0], False
        await self._show()

    @rx.event
    @requires(Permission.CAMPAIGNS_SEE)
    async def changed(self) -> None:
        await self._show()

    @rx.event
    @requires(Permission.CAMPAIGNS_SEE)
    async def look(self, state: str) -> EventSpec:
        return self._address(state, "", self.text)

    @rx.event
    @requires(Permission.CAMPAIGNS_SEE)
    async def find(self, text: str) -> EventSpec:
        return self._address(self.state, self.reason, text[:100])

    @rx.event
    @requires(Permission.CAMPAIGNS_SEE)
    async def next(self) -> None:
        if self._next:
            self._starts, self.marked = [*self._starts, self._next], []
            await self._show()

    @rx.event
    @requires(Permission.CAMPAIGNS_SEE)
    async def previous(self) -> None:
        self._starts, self.marked = self._starts[:-1] or [0], []
        await self._show()

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def mark(self, recipient_id: int) -> None:
        rest = [each for each in self.marked if each != recipient_id]
        self.marked = rest if len(rest) < len(self.marked) else [*rest, recipient_id]

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def mark_page(self, on: bool) -> None:
        self.marked = [row["id"] for row in self.rows] if on else []

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def ask(self, what: str) -> None:
        self.asked = what

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def dismiss(self) -> None:
        self.asked = ""

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def again(self) -> EventSpec:
        """Another message for the marked ones; for those of unknown fate too when that was asked for."""
        also, self.asked = self.asked == "unconfirmed", ""
        which = Which(recipients=list(self.marked[: recipients.PAGE]), everybody=False, code=0, reason="")
        actor = await actor_of(self)
        async with runtime.get().db.write() as session:
            done = await lifecycle.retry(session, actor, self.campaign_id, which, also_unconfirmed=also)
        self.marked = []
        return success(retried(done))

    async def _show(self) -> None:
        actor = await actor_of(self)
        async with runtime.get().db.read() as session:
            try:
                found = await recipients.recipients(
                    session, actor, self.campaign_id, self.wanted, self._starts[-1]
                )
                self.rows, self._next, self.missing = found.rows, found.next, False
            except NotFound:
                self.rows, self._next, self.missing = [], 0, True
        self.is_split = any(row["variant"] not in ("", "A") for row in self.rows)
        self.has_next, self.page = bool(self._next), (len(self._starts) - 1) * recipients.PAGE
        self.query, self.loaded = _query(self.state, self.reason, self.text), True

    def _address(self, state: str, reason: str, text: str) -> EventSpec:
        """The list as the address says it, so that it can be kept and sent to somebody."""
        page = f"{PATH}/{self.campaign_id}/recipients"
        return rx.redirect(page + _query(state, reason, text), replace=True)


def _query(state: str, reason: str, text: str) -> str:
    given = (("state", state), ("reason", reason), ("q", text))
    said = urlencode({name: value for name, value in given if value})
    return f"?{said}" if said else ""


def retried(done: Retried) -> str:
    """What became of "send again", in a sentence."""
    if not done["again"]:
        return "Nobody of them may get another message now."
    again = "1 person gets" if done["again"] == 1 else f"{done['again']:,} people get"
    if not done["left_out"]:
        return f"{again} another message."
    return f"{again} another message; {done['left_out']:,} may not be written to (yet)."
