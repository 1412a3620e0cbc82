"""The one gate in front of every send: asked when a message is written, and again when it leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from wapto_app.models import ChannelStatus
from wapto_app.services.desk import WINDOW
from wapto_app.services.errors import (
    Blocked,
    MarketingStopped,
    NeedsReconnect,
    NotConnected,
    OptedOut,
    TemplateUnavailable,
    WindowClosed,
    WorkspaceLocked,
)

_ALLOWED_ANY_TIME = frozenset({"template"})


@dataclass(frozen=True, slots=True)
class TemplateFacts:
    """What Meta says about a template; ``status`` is its word, or ``GONE`` for what it does not list any more."""

    name: str
    status: str
    category: str

    @property
    def is_marketing(self) -> bool:
        return self.category == "MARKETING"


@dataclass(frozen=True, slots=True)
class Facts:
    """What decides whether a message may leave."""

    channel_status: ChannelStatus
    channel_name: str
    last_inbound_at: datetime | None
    opted_out: bool
    blocked: bool
    locked: bool = False
    marketing_stopped: bool = False
    template: TemplateFacts | None = None
    """None for what is no template, and for one that we do not know: then Meta decides."""


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
        TemplateUnavailable, MarketingStopped: not this template, or not to this customer.
    """
    if facts.locked:
        raise WorkspaceLocked
    if facts.channel_status is ChannelStatus.DISCONNECTED:
        raise NotConnected
    if facts.channel_status is ChannelStatus.RECONNECT:
        raise NeedsReconnect(facts.channel_name)
    if facts.blocked:
        raise Blocked
    if facts.opted_out:
        raise OptedOut
    _check_template(facts)
    closes_at = window_closes_at(facts.last_inbound_at)
    if message_type not in _ALLOWED_ANY_TIME and (closes_at is None or closes_at <= now):
        raise WindowClosed


def _check_template(facts: Facts) -> None:
    template = facts.template
    if template is None:
        return
    if template.status != "APPROVED":
        raise _unavailable(template.name, template.status)
    if template.is_marketing and facts.marketing_stopped:
        raise MarketingStopped


def _unavailable(name: str, status: str) -> TemplateUnavailable:
    """Why, in plain words, and what to do."""
    if status == "PAUSED":
        return TemplateUnavailable(
            f"WhatsApp paused the template “{name}” because customers rated it badly. Choose another one, or wait "
            "until WhatsApp ends the pause."
        )
    if status == "DISABLED":
        return TemplateUnavailable(f"WhatsApp disabled the template “{name}” for good. Choose another one.")
    if status == "REJECTED":
        return TemplateUnavailable(f"WhatsApp rejected the template “{name}”. Choose another one.")
    if status == "PENDING":
        return TemplateUnavailable(f"WhatsApp is still reviewing the template “{name}”. Choose another one.")
    if status == "GONE":
        return TemplateUnavailable(
            f"The template “{name}” does not exist at WhatsApp any more. Choose another one."
        )
    return TemplateUnavailable(
        f"WhatsApp does not accept the template “{name}” at the moment. Choose another one."
    )
