"""Which state shows which step of the wizard."""

from __future__ import annotations

from typing import Any

from state.campaigns.audience import AudienceStep
from state.campaigns.content import ContentStep
from state.campaigns.review import ReviewStep
from state.campaigns.timing import TimingStep

_LOADERS = {
    "audience": AudienceStep.load,
    "content": ContentStep.load,
    "timing": TimingStep.load,
    "review": ReviewStep.load,
}


def loader_of(step: str) -> Any:
    """The event that reads and shows it."""
    return _LOADERS[step]()
