"""Templates as Meta has them: asked for page by page, by a tick and by a button."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from integrations.whatsapp.errors import GraphError, WhatsAppError
from integrations.whatsapp.templates import Template as AtMeta
from wapto_app.clock import utcnow
from wapto_app.db import Database, touch
from wapto_app.log import get_logger
from wapto_app.models import Channel, ChannelStatus, Template
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.secrets import SecretsUnreadable
from wapto_app.services.errors import Conflict, NotConnected
from wapto_app.services.gateway import Gateway
from wapto_app.services.templates.topic import TOPIC

log = get_logger(__name__)

_AT_ONCE = 200
template = table_of(Template)


@dataclass(frozen=True, slots=True)
class Synced:
    """How many templates Meta listed, and how many of ours it does not list any more."""

    listed: int
    gone: int


async def sync(db: Database, actor: Actor, gateway: Gateway) -> Synced:
    """Ask Meta for the templates of every connected account, now.

    Raises:
        NotConnected: there is no number to ask with.
        Conflict: Meta did not answer, or refused; what was known stays as it is.
    """
    actor.require(Permission.INBOX_DO)
    channels = await _channels(db)
    if not channels:
        raise NotConnected
    results = []
    for channel in channels:
        try:
            results.append(await _sync_account(db, gateway, channel))
        except (WhatsAppError, SecretsUnreadable) as error:
            raise _refusal(error) from error
    return Synced(sum(each.listed for each in results), sum(each.gone for each in results))


async def sync_all(db: Database, gateway: Gateway) -> None:
    """The tick: the same, and an account that fails does not keep the others waiting."""
    for channel in await _channels(db):
        try:
            await _sync_account(db, gateway, channel)
        except (WhatsAppError, SecretsUnreadable) as error:
            log.warning("templates.sync_failed", waba=channel.waba_id, reason=str(error)[:200])
        except Exception:
            log.exception("templates.sync_failed", waba=channel.waba_id)


def _refusal(error: Exception) -> Conflict:
    if isinstance(error, GraphError):
        meaning = error.info.meaning
        return Conflict(f"WhatsApp refused to list the templates: {meaning}")
    if isinstance(error, SecretsUnreadable):
        return Conflict("The access token cannot be read. Reconnect the number under Integrations.")
    return Conflict("WhatsApp could not be reached. Try again in a minute.")


async def _channels(db: Database) -> list[Channel]:
    """One connected number of each account."""
    async with db.read() as session:
        found = await session.exec(
            select(Channel).where(Channel.status == ChannelStatus.CONNECTED).order_by(col(Channel.id))
        )
        by_account: dict[str, Channel] = {}
        for channel in found:
            by_account.setdefault(channel.waba_id, channel)
    return list(by_account.values())


async def _sync_account(db: Database, gateway: Gateway, channel: Channel) -> Synced:
    """Nothing is written before the last page is here: half a list would look like deleted templates."""
    began = utcnow()
    graph = gateway.number(channel).graph
    listed = [each async for each in graph.all_templates(channel.waba_id)]
    async with db.write() as session:
        for start in range(0, len(listed), _AT_ONCE):
            await _store(session, channel.waba_id, listed[start : start + _AT_ONCE], began)
        gone = await _mark_gone(session, channel.waba_id, began)
        touch(session, TOPIC)
    return Synced(len(listed), gone)


async def _store(session: AsyncSession, waba_id: str, listed: Sequence[AtMeta], began: datetime) -> None:
    rows = {(each.name, each.language): _row(waba_id, each, began) for each in listed}
    if not rows:
        return
    connection = await session.connection()
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(template)
    said = ("status", "category", "quality", "rejected_reason", "components", "parameter_format")
    # What a webhook said while the pages came is newer than the pages.
    is_newer = template.c.updated_at <= began
    news: dict[str, Any] = {
        name: sa.case((is_newer, insert.excluded[name]), else_=template.c[name])
        for name in (*said, "updated_at")
    }
    news |= {"meta_id": insert.excluded.meta_id, "synced_at": insert.excluded.synced_at, "gone_at": None}
    await connection.execute(
        insert.on_conflict_do_update(index_elements=["waba_id", "name", "language"], set_=news),
        list(rows.values()),
    )


def _row(waba_id: str, at_meta: AtMeta, began: datetime) -> dict[str, Any]:
    return {
        "waba_id": waba_id,
        "meta_id": at_meta.id[:32],
        "name": at_meta.name[:512],
        "language": at_meta.language[:16],
        "category": at_meta.category[:32],
        "status": at_meta.status[:32],
        "quality": (at_meta.quality or "")[:16],
        "parameter_format": at_meta.parameter_format[:16],
        "components": list(at_meta.components),
        "rejected_reason": (at_meta.rejected_reason or "")[:500],
        "synced_at": began,
        "created_at": began,
        "updated_at": began,
    }


async def _mark_gone(session: AsyncSession, waba_id: str, began: datetime) -> int:
    of_account = (
        template.c.waba_id == waba_id,
        template.c.gone_at.is_(None),
        template.c.synced_at < began,
        template.c.status != "DRAFT",
    )
    connection = await session.connection()
    marked = await connection.execute(template.update().where(*of_account).values(gone_at=began))
    return int(marked.rowcount)
