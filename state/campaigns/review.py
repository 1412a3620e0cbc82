"""The last step: everything in words, and the button that sends."""

from __future__ import annotations

from typing import Any, TypedDict

import reflex as rx
from reflex.event import EventSpec

from state.base import actor_of, success
from state.campaigns.audience import Reason, counted, templates_of
from state.campaigns.timing import limits_of
from state.campaigns.wizard import PATH, STEPS, CampaignWizard
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services.campaigns import choosing, lifecycle, prices
from wapto_app.services.campaigns.prices import Estimate


class Missing(TypedDict):
    """What keeps it from being sent, and the step in which it is mended. ``card`` counts from 1; ``gap`` is what stands
    in the braces of the template, or its ``button``, which counts from 1 too.
    """

    step: str
    card: int
    gap: str
    button: int
    words: str


class Sheet(TypedDict):
    """The campaign as it would be sent. ``templates`` are names with their language; ``rate`` 0 is the most.

    ``tier`` is how many people may be written to in 24 hours, 0 for no limit; ``used`` of them were in the last 24.
    """

    people: int
    sendable: int
    skipped: list[Reason]
    number: str
    templates: list[str]
    run_at: str
    time_zone: str
    is_local: bool
    quiet_from: str
    quiet_until: str
    late_policy: str
    rate: float
    most: int
    tier: int
    used: int
    test_share: int
    winner_by: str
    decide_after: int


_NO_ESTIMATE = Estimate(has_prices=False, currency="", total="", lines=[], unpriced=0, missing=[], free=0)
_BLANK = Sheet(
    people=0, sendable=0, skipped=[], number="", templates=[], run_at="", time_zone="", is_local=False, quiet_from="",
    quiet_until="", late_policy="send", rate=0, most=80, tier=0, used=0, test_share=0, winner_by="", decide_after=0,
)  # fmt: skip


class ReviewStep(rx.State):
    """``missing`` is empty when it can be sent. ``confirming``: the dialog before it is."""

    loaded: bool = False
    sheet: Sheet = _BLANK
    missing: list[Missing] = []
    estimate: Estimate = _NO_ESTIMATE
    confirming: bool = False

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def load(self) -> None:
        self.confirming = False
        wizard = await self.get_state(CampaignWizard)
        await self._read(wizard)
        self.missing = [
            _missing(step, field, words)
            for step in STEPS
            for field, words in wizard.problems.get(step, {}).items()
        ]
        self.loaded = True

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def confirm(self, open_it: bool) -> None:
        self.confirming = open_it and not self.missing

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def send(self) -> list[EventSpec]:
        """Now, or at its time."""
        wizard, actor = await self.get_state(CampaignWizard), await actor_of(self)
        self.confirming, is_later = False, bool(self.sheet["run_at"])
        async with runtime.get().db.write() as session:
            act = lifecycle.schedule if is_later else lifecycle.start
            await act(session, actor, wizard.campaign_id)
        name = wizard.name
        said = success(f"“{name}” is scheduled.") if is_later else success(f"“{name}” is on its way.")
        return [said, rx.redirect(f"{PATH}/{wizard.campaign_id}")]

    async def _read(self, wizard: CampaignWizard) -> None:
        draft, actor = wizard._draft, await actor_of(self)
        if draft is None:
            return
        first, others = templates_of(draft)
        async with runtime.get().db.read() as session:
            people = await counted(session, actor, draft)
            numbers = await choosing.numbers(session, actor)
            may = await limits_of(session, actor, draft["channel_id"])
            forms = [await choosing.template(session, actor, each) for each in (first, *others) if each]
            self.estimate = await prices.estimate(session, actor, draft["id"]) if first else _NO_ESTIMATE
        same: Any = {name: draft[name] for name in _SAME}  # type: ignore[literal-required]
        self.sheet = Sheet(
            people=people["people"],
            sendable=people["sendable"],
            skipped=[Reason(**each) for each in people["skipped"]],
            number=next((each["name"] for each in numbers if each["id"] == draft["channel_id"]), ""),
            templates=list(dict.fromkeys(f"{each['name']} ({each['language']})" for each in forms)),
            most=int(may["per_second"]),
            tier=may["tier"],
            used=may["used_24h"],
            **same,
        )


def _missing(step: str, field: str, words: str) -> Missing:
    """``field`` such as ``A.body.first_name``, ``A.cards.0.button.1`` or ``A.cards.0.media``."""
    parts = field.split(".")[1:]
    card = 0
    if parts[:1] == ["cards"]:
        card, parts = int(parts[1]) + 1, parts[2:]
    name = ".".join(parts[1:] or [each for each in parts if each == "offer"])
    is_button = parts[:1] == ["button"]
    return Missing(
        step=step,
        card=card,
        gap="" if is_button else name,
        button=int(name) + 1 if is_button else 0,
        words=words,
    )


_SAME = (
    *("run_at", "time_zone", "is_local", "quiet_from", "quiet_until", "late_policy", "rate"),
    *("test_share", "winner_by", "decide_after"),
)
