"""The way out: every outgoing message is a row first, passes one gate, and is handed to Meta at most once knowingly.

``commands`` is for people and automations, ``claims`` for the sender in ``jobs.dispatch``.
"""

from wapto_app.services.outbox.commands import Draft, conversation_facts, enqueue, retry, show_in_list
from wapto_app.services.outbox.depth import depth
from wapto_app.services.outbox.gate import Facts, check, window_closes_at
from wapto_app.services.outbox.undo import (
    HOLD,
    TakenBack,
    choose_undo,
    hold_of,
    newest_shown,
    take_back,
    undo_choice,
)

__all__ = [
    "HOLD",
    "Draft",
    "Facts",
    "TakenBack",
    "check",
    "choose_undo",
    "conversation_facts",
    "depth",
    "enqueue",
    "hold_of",
    "newest_shown",
    "retry",
    "show_in_list",
    "take_back",
    "undo_choice",
    "window_closes_at",
]
