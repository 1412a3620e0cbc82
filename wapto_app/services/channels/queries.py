"""What the pages and the webhook route need to know about numbers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.log import get_logger
from wapto_app.models import Channel, ChannelStatus
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.secrets import SecretBox, SecretsUnreadable
from wapto_app.services.channels.health import HealthRow, health_rows

log = get_logger(__name__)


class ChannelSummary(TypedDict):
    """A number in the top bar and in lists."""

    id: int
    name: str
    number: str
    kind: str
    status: str


class ChannelDetail(ChannelSummary):
    """A number with all that is known about it. Of its secrets only the verify token, for who may connect numbers."""

    phone_number_id: str
    waba_id: str
    verify_token: str
    last_webhook_at: str
    last_checked_at: str
    last_error: str
    health: list[HealthRow]


async def summary(session: AsyncSession, actor: Actor) -> list[ChannelSummary]:
    """Every number that is not disconnected."""
    actor.require(Permission.SIGNED_IN)
    return await _summaries(session, connected_only=True)


async def listing(session: AsyncSession, actor: Actor) -> list[ChannelSummary]:
    """Every number that was ever connected."""
    actor.require(Permission.INTEGRATIONS_SEE)
    return await _summaries(session, connected_only=False)


async def _summaries(session: AsyncSession, *, connected_only: bool) -> list[ChannelSummary]:
    c = Channel
    query = sa.select(
        col(c.id), col(c.verified_name), col(c.display_phone_number), col(c.kind), col(c.status)
    ).order_by(col(c.id))
    if connected_only:
        query = query.where(col(c.status) != ChannelStatus.DISCONNECTED)
    return [
        ChannelSummary(
            id=row.id,
            name=row.verified_name or row.display_phone_number,
            number=row.display_phone_number,
            kind=row.kind.value,
            status=row.status.value,
        )
        for row in await fetch(session, query)
    ]


async def details(session: AsyncSession, actor: Actor, box: SecretBox) -> list[ChannelDetail]:
    """Every number with its health; the verify token only for who may connect numbers."""
    actor.require(Permission.INTEGRATIONS_SEE)
    found = await session.exec(select(Channel).order_by(col(Channel.id)))
    return [_detail(channel, actor, box) for channel in found]


def _detail(channel: Channel, actor: Actor, box: SecretBox) -> ChannelDetail:
    return ChannelDetail(
        id=channel.id or 0,
        name=channel.verified_name or channel.display_phone_number,
        number=channel.display_phone_number,
        kind=channel.kind.value,
        status=channel.status.value,
        phone_number_id=channel.phone_number_id,
        waba_id=channel.waba_id,
        verify_token=_open(box, channel.verify_token) if actor.may(Permission.INTEGRATIONS_DO) else "",
        last_webhook_at=channel.last_webhook_at.isoformat() if channel.last_webhook_at else "",
        last_checked_at=channel.last_checked_at.isoformat() if channel.last_checked_at else "",
        last_error=channel.last_error,
        health=health_rows(channel),
    )


@dataclass(frozen=True, slots=True)
class WebhookKeys:
    """What the webhook route checks against: all app secrets and verify tokens, of disconnected numbers too."""

    app_secrets: tuple[str, ...] = ()
    verify_tokens: tuple[str, ...] = ()


async def webhook_keys(session: AsyncSession, box: SecretBox) -> WebhookKeys:
    rows = (await session.exec(select(Channel.app_secret, Channel.verify_token))).all()
    return WebhookKeys(
        app_secrets=_readable(box, [secret for secret, _token in rows]),
        verify_tokens=_readable(box, [token for _secret, token in rows]),
    )


def _readable(box: SecretBox, sealed: list[str]) -> tuple[str, ...]:
    """Each secret once; those of one number that cannot be read must not shut out the others."""
    found = dict.fromkeys(_open(box, text) for text in sealed)
    return tuple(secret for secret in found if secret)


def _open(box: SecretBox, sealed: str) -> str:
    try:
        return box.open(sealed)
    except SecretsUnreadable as error:
        log.error("channel.secret_unreadable", reason=str(error))
        return ""
