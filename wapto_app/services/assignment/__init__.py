"""Who works on a conversation: given by a person or by the team's strategy, resolved, opened again."""

from wapto_app.services.assignment.choices import AgentChoice, Choices, TeamChoice, choices
from wapto_app.services.assignment.commands import assign, reopen, requeue_all, resolve
from wapto_app.services.assignment.strategy import Given, bring_in, team_for_new

__all__ = [
    "AgentChoice",
    "Choices",
    "Given",
    "TeamChoice",
    "assign",
    "bring_in",
    "choices",
    "reopen",
    "requeue_all",
    "resolve",
    "team_for_new",
]
