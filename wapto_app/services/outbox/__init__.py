"""The way out: every outgoing message is a row first, passes one gate, and is handed to Meta at most once knowingly.

``commands`` is for people and automations, ``claims`` for the sender in ``jobs.dispatch``.
"""

from wapto_app.services.outbox.commands import Draft, enqueue, retry
from wapto_app.services.outbox.depth import depth
from wapto_app.services.outbox.gate import Facts, check, window_closes_at

__all__ = ["Draft", "Facts", "check", "depth", "enqueue", "retry", "window_closes_at"]
