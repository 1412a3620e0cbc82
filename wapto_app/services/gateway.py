"""The one interface to a connected number: send, mark read, files. Services know numbers, never vendors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from integrations.whatsapp.graph import GraphClient, SendResult
from integrations.whatsapp.media import MediaInfo
from wapto_app.models import Channel
from wapto_app.security.secrets import SecretBox


@dataclass(frozen=True, slots=True)
class Credentials:
    """What it takes to act for a number, in clear; never stored, logged or shown."""

    phone_number_id: str
    waba_id: str
    access_token: str
    app_secret: str
    base_url: str = ""

    def __repr__(self) -> str:
        return f"Credentials(phone_number_id={self.phone_number_id!r})"


class Number:
    """A connected business number over the Cloud API (or the sandbox, which speaks the same)."""

    def __init__(self, graph: GraphClient, phone_number_id: str) -> None:
        self.graph = graph
        self.phone_number_id = phone_number_id

    async def send(self, payload: Mapping[str, Any]) -> SendResult:
        """Hand a message to Meta, once. Raises GraphError, NotSent or Ambiguous."""
        return await self.graph.send_message(self.phone_number_id, payload)

    async def mark_read(self, wamid: str, *, typing: bool = False) -> None:
        """Show the customer blue ticks up to this message, and that we are typing an answer."""
        await self.graph.mark_read(self.phone_number_id, wamid, typing=typing)

    async def upload(self, path: Path, mime_type: str, filename: str) -> str:
        """Meta's id for a file. Meta: valid for 30 days."""
        return await self.graph.upload_media(self.phone_number_id, path, mime_type, filename)

    async def media_info(self, meta_id: str) -> MediaInfo:
        return await self.graph.media_info(meta_id, self.phone_number_id)


@dataclass(frozen=True, slots=True)
class Gateway:
    """Opens numbers: the HTTP pool, the keys and where the Graph API is."""

    http: httpx.AsyncClient
    secrets: SecretBox
    base_url: str
    version: str

    def graph(self, credentials: Credentials, *, signed: bool = True) -> GraphClient:
        """A client for these credentials; ``signed`` adds the proof made with the app secret."""
        return GraphClient(
            credentials.access_token,
            http=self.http,
            base_url=credentials.base_url or self.base_url,
            version=self.version,
            app_secret=credentials.app_secret if signed else None,
        )

    def credentials(self, channel: Channel) -> Credentials:
        """Raises SecretsUnreadable when they were sealed with another key."""
        return Credentials(
            phone_number_id=channel.phone_number_id,
            waba_id=channel.waba_id,
            access_token=self.secrets.open(channel.access_token),
            app_secret=self.secrets.open(channel.app_secret),
            base_url=channel.base_url,
        )

    def number(self, channel: Channel) -> Number:
        credentials = self.credentials(channel)
        return Number(self.graph(credentials), channel.phone_number_id)
