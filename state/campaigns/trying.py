"""A test of the message, to oneself or a colleague."""

from __future__ import annotations

import reflex as rx
from reflex.event import EventSpec
from typing_extensions import TypedDict

from state.base import Feedback, actor_of, success
from state.campaigns.content import ContentStep
from state.campaigns.wizard import CampaignWizard
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services.campaigns import testing


class TestForm(TypedDict):
    phone: str


class TestSend(rx.State):
    """``phone`` is the number of the last test: mostly one's own."""

    is_open: bool = False
    phone: str = ""

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def start(self) -> EventSpec:
        self.is_open = True
        return Feedback.clear()

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def close(self) -> None:
        self.is_open = False

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def send(self, form: TestForm) -> list[EventSpec]:
        actor, wizard = await actor_of(self), await self.get_state(CampaignWizard)
        content = await self.get_state(ContentStep)
        async with runtime.get().db.write() as session:
            await testing.send_test(
                session,
                actor,
                wizard.campaign_id,
                content.label,
                form["phone"],
                like=content._whose(),
            )
        self.phone, self.is_open = form["phone"][:40], False
        return [Feedback.clear(), success(f"The test to {self.phone} is on its way.")]
