"""The way out: every outgoing message is a row first, passes one gate, and is handed to Meta at most once knowingly.

``commands`` is for people and automations, ``claims`` for the sender in ``jobs.dispatch``.
"""

from wapto_app.services.outbox.commands import Draft, enqueue, retry
from wapto_app.services.outbox.depth import depth
from wapto_app.services.outbox.gate import Facts, check, window_closes_at
from wapto_app.services.outbox.undo import HOLD, TakenBack, choose_undo, hold_of, take_back, undo_choice

__all__ = [
    "HOLD",
    "Draft",
    "Facts",
    "TakenBack",
    "check",
    "choose_undo",
    "depth",
    "enqueue",
    "hold_of",
    "retry",
    "take_back",
    "undo_choice",
    "window_closes_at",
]
