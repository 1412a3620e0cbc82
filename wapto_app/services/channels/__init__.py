"""Connected numbers: connect, watch their health, disconnect."""

from wapto_app.services.channels.commands import ConnectForm, connect, disconnect, refresh, refresh_all
from wapto_app.services.channels.health import HealthRow, health_rows
from wapto_app.services.channels.queries import (
    ChannelDetail,
    ChannelSummary,
    WebhookKeys,
    details,
    listing,
    summary,
    webhook_keys,
)

__all__ = [
    "ChannelDetail",
    "ChannelSummary",
    "ConnectForm",
    "HealthRow",
    "WebhookKeys",
    "connect",
    "details",
    "disconnect",
    "health_rows",
    "listing",
    "refresh",
    "refresh_all",
    "summary",
    "webhook_keys",
]
