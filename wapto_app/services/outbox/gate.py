"""The one gate in front of every send: asked when a message is written, and again when it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wapto_app.models import ChannelStatus
from wapto_app.services.desk import WINDOW
from wapto_app.services.errors import (
    Blocked,
    NeedsReconnect,
    NotConnected,
    OptedOut,
    WindowClosed,
    WorkspaceLocked,
)

_ALLOWED_ANY_TIME = frozenset({"template"})


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides whether a message may leave.

    ``confirms_opt_out``: it is the answer to STOP, the one message that may leave to who opted out.
    """

    channel_status: ChannelStatus
    channel_name: str
    last_inbound_at: datetime | None
    opted_out: bool
    blocked: bool
    locked: bool = False
    confirms_opt_out: bool = False


def window_closes_at(last_inbound_at: datetime | None) -> datetime | None:
    """When the customer service window closes; None when the customer never wrote."""
    return last_inbound_at + WINDOW if last_inbound_at else None


def check(facts: Facts, message_type: str, now: datetime) -> None:
    """Let a message pass.

    Raises:
        WorkspaceLocked: the trial or the subscription is over; what is queued waits until there is one again.
        NotConnected, NeedsReconnect: the number cannot send.
        OptedOut, Blocked: the contact may not be written to.
        WindowClosed: only a template may be sent now.
    """
    if facts.locked:
        raise WorkspaceLocked
    if facts.channel_status is ChannelStatus.DISCONNECTED:
        raise NotConnected
    if facts.channel_status is ChannelStatus.RECONNECT:
        raise NeedsReconnect(facts.channel_name)
    if facts.blocked:
        raise Blocked
    if facts.opted_out and not facts.confirms_opt_out:
        raise OptedOut
    closes_at = window_closes_at(facts.last_inbound_at)
    if message_type not in _ALLOWED_ANY_TIME and (closes_at is None or closes_at <= now):
        raise WindowClosed
