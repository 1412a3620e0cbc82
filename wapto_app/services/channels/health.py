"""The health panel: one row per thing that can be wrong with a number, with its cause and its fix."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypedDict

from wapto_app.clock import utcnow
from wapto_app.models import Channel, ChannelStatus

_EXPIRES_SOON = timedelta(days=7)
_SILENT_FOR = timedelta(days=3)
GOOD, WARNING, BAD, UNKNOWN = "good", "warning", "bad", "unknown"


class HealthRow(TypedDict):
    """``state`` is good, warning, bad or unknown; ``fix`` is empty when there is nothing to do."""

    key: str
    label: str
    state: str
    value: str
    fix: str


def _row(key: str, label: str, state: str, value: str, fix: str = "") -> HealthRow:
    return HealthRow(key=key, label=label, state=state, value=value, fix=fix)


def health_rows(channel: Channel, now: datetime | None = None) -> list[HealthRow]:
    """Everything we know about a number, worst things included, in a fixed order."""
    now = now or utcnow()
    return [
        _token(channel, now),
        _webhooks(channel, now),
        _number(channel),
        _quality(channel),
        _limit(channel),
        _name(channel),
    ]


def _token(channel: Channel, now: datetime) -> HealthRow:
    label = "Access token"
    if channel.status is ChannelStatus.RECONNECT:
        return _row(
            "token", label, BAD, "Refused by Meta", "Create a new token and connect the number again."
        )
    expires = channel.token_expires_at
    if expires is None:
        return _row("token", label, GOOD, "Valid, does not expire")
    if expires <= now:
        return _row("token", label, BAD, "Expired", "Create a new token and connect the number again.")
    days = (expires - now).days
    if expires - now < _EXPIRES_SOON:
        return _row(
            "token", label, WARNING, f"Expires in {days} days", "Create a permanent system user token."
        )
    return _row("token", label, GOOD, f"Valid for {days} days")


def _webhooks(channel: Channel, now: datetime) -> HealthRow:
    label = "Webhooks"
    if channel.last_webhook_at is None:
        fix = "Paste the callback URL and the verify token into the Meta app, and subscribe to the field messages."
        return _row("webhooks", label, WARNING, "Nothing received yet", fix)
    if now - channel.last_webhook_at > _SILENT_FOR:
        fix = "Write to the number from a phone. If nothing arrives, check the callback URL in the Meta app."
        return _row(
            "webhooks", label, WARNING, f"Last one {(now - channel.last_webhook_at).days} days ago", fix
        )
    return _row("webhooks", label, GOOD, "Arriving")


def _number(channel: Channel) -> HealthRow:
    label = "Phone number"
    status = str(channel.health.get("number_status") or "")
    can_send = str(channel.health.get("can_send") or "")
    if channel.status is ChannelStatus.DISCONNECTED:
        return _row("number", label, BAD, "Disconnected", "Connect the number again to send and receive.")
    if can_send == "BLOCKED":
        return _row(
            "number", label, BAD, "Meta blocks sending", "Open WhatsApp Manager to see what Meta asks for."
        )
    if status in ("", "CONNECTED"):
        return _row(
            "number", label, GOOD if status else UNKNOWN, "Connected" if status else "Not checked yet"
        )
    if status in ("PENDING", "UNVERIFIED"):
        return _row(
            "number",
            label,
            WARNING,
            "Not registered yet",
            "Verify and register the number in WhatsApp Manager.",
        )
    return _row("number", label, BAD, status.capitalize(), "Open WhatsApp Manager to see what Meta asks for.")


def _quality(channel: Channel) -> HealthRow:
    rating = str(channel.health.get("quality") or "UNKNOWN").upper()
    label = "Quality rating"
    if rating == "GREEN":
        return _row("quality", label, GOOD, "High")
    if rating == "YELLOW":
        return _row(
            "quality",
            label,
            WARNING,
            "Medium",
            "Customers block or report messages. Send fewer, and only wanted ones.",
        )
    if rating == "RED":
        return _row("quality", label, BAD, "Low", "Pause campaigns for some days; Meta may limit the number.")
    return _row("quality", label, UNKNOWN, "Not rated yet")


def _limit(channel: Channel) -> HealthRow:
    tier = str(channel.health.get("messaging_limit") or "").removeprefix("TIER_")
    if not tier:
        return _row("limit", "Messaging limit", UNKNOWN, "Not known yet")
    words = "Unlimited" if tier in ("UNLIMITED", "-1") else f"{tier} customers in 24 hours"
    return _row("limit", "Messaging limit", GOOD, words)


def _name(channel: Channel) -> HealthRow:
    status = str(channel.health.get("name_status") or "")
    label = "Display name"
    if status in ("APPROVED", "AVAILABLE_WITHOUT_REVIEW"):
        return _row("name", label, GOOD, "Approved")
    if status == "PENDING_REVIEW":
        return _row("name", label, WARNING, "In review")
    if status in ("DECLINED", "EXPIRED"):
        return _row(
            "name", label, BAD, status.capitalize(), "Choose another display name in WhatsApp Manager."
        )
    return _row("name", label, UNKNOWN, "Not known yet")
