"""Connected WhatsApp numbers."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Field, SQLModel

from wapto_app.clock import utcnow
from wapto_app.models.base import Json, enum_type


class ChannelKind(StrEnum):
    CLOUD = "cloud"
    SANDBOX = "sandbox"


class ChannelStatus(StrEnum):
    """``RECONNECT``: Meta refused the token. A time-out alone never leads there."""

    CONNECTED = "connected"
    RECONNECT = "reconnect"
    DISCONNECTED = "disconnected"


class Channel(SQLModel, table=True):
    """One business phone number and the credentials to use it, encrypted at rest.

    ``health`` is Meta's last word about the number (quality, tier, name status, blocks) as the health panel shows it.
    """

    __tablename__ = "channel"

    id: int | None = Field(default=None, primary_key=True)
    kind: ChannelKind = Field(default=ChannelKind.CLOUD, sa_type=enum_type(ChannelKind))
    status: ChannelStatus = Field(default=ChannelStatus.CONNECTED, sa_type=enum_type(ChannelStatus))
    phone_number_id: str = Field(max_length=32, unique=True)
    waba_id: str = Field(max_length=32, index=True)
    display_phone_number: str = Field(default="", max_length=32)
    verified_name: str = Field(default="", max_length=255)
    base_url: str = Field(default="", max_length=255)
    access_token: str = ""
    app_secret: str = ""
    verify_token: str = ""
    token_expires_at: datetime | None = None
    health: dict[str, Any] = Field(default_factory=dict, sa_type=Json)
    last_error: str = Field(default="", max_length=500)
    last_checked_at: datetime | None = None
    last_webhook_at: datetime | None = None
    created_at: datetime = Field(default_factory=utcnow)
    connected_at: datetime = Field(default_factory=utcnow)
    disconnected_at: datetime | None = None
