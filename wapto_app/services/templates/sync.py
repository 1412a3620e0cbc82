"""Templates as Meta has them: asked for page by page, by a tick and by a button."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
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
from wapto_app.services.identity import insert_ignore
from wapto_app.services.templates import changing
from wapto_app.services.templates.drafts import DRAFT
from wapto_app.services.templates.restoring import restored
from wapto_app.services.templates.submitting import texts_of
from wapto_app.services.templates.topic import TOPIC

log = get_logger(__name__)

_AT_ONCE = 200
_SAID = (
    "status",
    "category",
    "quality",
    "rejected_reason",
    "components",
    "parameter_format",
    "previous_category",
    "correct_category",
)
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
        connection = await session.connection()
        for start in range(0, len(listed), _AT_ONCE):
            some = listed[start : start + _AT_ONCE]
            touch(session, *await connection.run_sync(_store, channel.waba_id, some, began))
        gone = await _mark_gone(session, channel.waba_id, began)
        touch(session, TOPIC)
    return Synced(len(listed), gone)


def _store(connection: sa.Connection, waba_id: str, listed: Sequence[AtMeta], began: datetime) -> set[str]:
    """Bring our rows to what Meta listed; the topics to publish."""
    names = [each.name for each in listed]
    query = sa.select(template).where(template.c.waba_id == waba_id, template.c.name.in_(names))
    known = {(row.name, row.language): row for row in connection.execute(query.with_for_update())}
    rows = {(each.name[:512], each.language[:16]): _row(waba_id, each, began) for each in listed}
    new = [row for key, row in rows.items() if key not in known]
    if new:
        connection.execute(insert_ignore(connection.dialect.name, template), new)
    topics: set[str] = set()
    for key, row in rows.items():
        if key in known:
            topics |= _follow(connection, known[key], row, began)
    return topics


def _follow(connection: sa.Connection, known: Any, row: dict[str, Any], began: datetime) -> set[str]:
    values: dict[str, Any] = {"meta_id": row["meta_id"], "synced_at": began, "gone_at": None}
    if known.status == DRAFT:
        values |= _adopted(known, row)
    elif known.updated_at > began:
        # What a webhook said while the pages came is newer than the pages.
        row = {}
    if known.submitting_at is not None and known.submitting_at < began:
        values |= {"submitting_at": None, "submitted_at": known.submitting_at}
    values |= {name: row[name] for name in _SAID if name in row and not _says_less(known, name, row[name])}
    if _is_other(known, values):
        values["updated_at"] = began
    if known.status == "PAUSED" and values.get("status", "PAUSED") != "PAUSED":
        values["paused_until"] = None
    return changing.apply(connection, known, values, began, row.get("rejected_reason", ""))


def _says_less(known: Any, name: str, said: Any) -> bool:
    """A webhook brings sentences where the list has one word, and the category of before, which the list forgets."""
    if name == "rejected_reason":
        return bool(said) and str(known.rejected_reason).startswith(said)
    return name == "previous_category" and not said


def _is_other(known: Any, values: dict[str, Any]) -> bool:
    """Meta's links to samples are new ones in every list: those are no change."""
    plain = [name for name in _SAID if name in values and name != "components"]
    if any(getattr(known, name) != values[name] for name in plain):
        return True
    category = known.category
    return "components" in values and (
        restored(known.components, category) != restored(values["components"], category)
    )


def _adopted(known: Any, row: dict[str, Any]) -> dict[str, Any]:
    """Meta has a template of the name of a draft: ours, whose answer was lost, or one that was made elsewhere. Then
    the draft waits as an edit of it.
    """
    if known.submitting_at is not None or texts_of(known.components) == texts_of(row["components"]):
        return {"draft_components": None, "submitted_at": known.submitting_at}
    return {"draft_components": known.components}


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
        "previous_category": (at_meta.previous_category or "")[:32],
        "correct_category": (at_meta.correct_category or "")[:32],
        "synced_at": began,
        "created_at": began,
        "updated_at": began,
    }


async def _mark_gone(session: AsyncSession, waba_id: str, began: datetime) -> int:
    """What Meta did not list. A draft was never there, and one that was submitted meanwhile came too late."""
    t = template.c
    gone = t.waba_id == waba_id, t.gone_at.is_(None), t.synced_at < began, t.status != DRAFT
    connection = await session.connection()
    marked = await connection.execute(template.update().where(*gone).values(gone_at=began))
    return int(marked.rowcount)
