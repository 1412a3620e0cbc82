"""Opens a draft and the step of it that the address names, and follows what others change in it."""

from __future__ import annotations

from typing import Any

import reflex as rx

from state.base import Feedback, actor_of, watch
from state.campaigns.audience import AudienceStep
from state.campaigns.content import ContentStep
from state.campaigns.review import ReviewStep
from state.campaigns.timing import TimingStep
from state.campaigns.wizard import PATH, CampaignWizard, campaign_in
from wapto_app import runtime
from wapto_app.security.permissions import Permission
from wapto_app.security.policy import requires
from wapto_app.services.campaigns import drafts
from wapto_app.services.errors import NotFound

_LOADERS: dict[str, Any] = {
    "audience": AudienceStep.load,
    "content": ContentStep.load,
    "timing": TimingStep.load,
    "review": ReviewStep.load,
}


class OpenDraft(rx.State):
    """Holds nothing: the draft stands in ``CampaignWizard``, each step in a state of its own."""

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def load(self) -> Any:
        wizard = await self.get_state(CampaignWizard)
        step = str(self.router.url.query_parameters.get("step", ""))
        wizard._turn_to(campaign_in(str(self.router.url.path)), step)
        watch(self, OpenDraft.changed, [f"campaign:{wizard.campaign_id}"])
        return await _shown(wizard)

    @rx.event
    @requires(Permission.CAMPAIGNS_DO)
    async def changed(self) -> Any:
        """Somebody else may have changed it; what this tab saved itself is known already."""
        wizard, actor = await self.get_state(CampaignWizard), await actor_of(self)
        try:
            async with runtime.get().db.read() as session:
                draft = await drafts.draft(session, actor, wizard.campaign_id)
        except NotFound:
            return await _shown(wizard)
        known = wizard._draft or {}
        is_known = all(draft[name] == known.get(name) for name in ("version", "state", "name"))  # type: ignore[literal-required]
        return None if is_known else await _shown(wizard)


async def _shown(wizard: CampaignWizard) -> Any:
    """Have the step show itself; what is no draft any more has a page of its own."""
    if await wizard._open():
        return [Feedback.clear(), _LOADERS[wizard.step]()]
    return None if wizard.missing else rx.redirect(f"{PATH}/{wizard.campaign_id}", replace=True)
