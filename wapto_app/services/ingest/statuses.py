"""Delivery reports: each kept once, applied forward only."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from integrations.whatsapp import webhooks
from wapto_app.clock import utcnow
from wapto_app.models import Contact, Conversation, Direction, Message, MessageStatus, StatusEvent
from wapto_app.models.base import table_of
from wapto_app.services.identity import insert_ignore
from wapto_app.services.ingest.context import Batch, Item
from wapto_app.services.message_status import advance, reported

message = table_of(Message)
conversation = table_of(Conversation)
contact = table_of(Contact)
status_event = table_of(StatusEvent)

# What ``services.outbox.callback_data`` writes: our message id and the attempt.
_CALLBACK = re.compile(r"m(\d{1,18})\.\d+")
_USER_STOPPED_MARKETING = 131050


@dataclass(slots=True)
class _Progress:
    """One of our messages while a batch of reports about it is applied."""

    id: int
    conversation_id: int
    wamid: str | None
    status: MessageStatus
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    error_code: int | None
    error_detail: str
    changed: bool = False


def apply(batch: Batch, items: list[Item]) -> None:
    updates = [item.event for item in items if isinstance(item.event, webhooks.StatusUpdate)]
    by_id, by_wamid = _load(batch.connection, updates)
    rows: list[dict[str, Any]] = []
    for update in updates:
        progress = by_id.get(_message_id(update) or 0) or by_wamid.get(update.wamid)
        rows.append(_row(update, progress))
        if progress is not None:
            _advance(progress, update)
    batch.connection.execute(insert_ignore(batch.connection, status_event), rows)
    _save(batch, [progress for progress in by_id.values() if progress.changed])


def _message_id(update: webhooks.StatusUpdate) -> int | None:
    found = _CALLBACK.fullmatch(update.callback_data or "")
    return int(found[1]) if found else None


def _load(
    connection: sa.Connection, updates: Iterable[webhooks.StatusUpdate]
) -> tuple[dict[int, _Progress], dict[str, _Progress]]:
    ids = {found for update in updates if (found := _message_id(update))}
    wamids = {update.wamid for update in updates}
    columns = [message.c[name] for name in _Progress.__slots__ if name != "changed"]
    query = sa.select(*columns).where(
        sa.or_(message.c.wamid.in_(wamids), message.c.id.in_(ids)), message.c.direction == Direction.OUTBOUND
    )
    if connection.dialect.name == "postgresql":
        query = query.order_by(message.c.id).with_for_update()
    loaded = [_Progress(*row) for row in connection.execute(query)]
    return {p.id: p for p in loaded}, {p.wamid: p for p in loaded if p.wamid}


def _row(update: webhooks.StatusUpdate, progress: _Progress | None) -> dict[str, Any]:
    code, detail = _error(update)
    return {
        "wamid": update.wamid[:255],
        "status": update.status[:16],
        "at": update.timestamp,
        "message_id": progress.id if progress else None,
        "error_code": code,
        "error_detail": detail,
        "pricing": asdict(update.pricing) if update.pricing else {},
    }


def _error(update: webhooks.StatusUpdate) -> tuple[int | None, str]:
    if not update.errors:
        return None, ""
    first = update.errors[0]
    return first.code, (first.details or first.message or first.title)[:500]


def _advance(progress: _Progress, update: webhooks.StatusUpdate) -> None:
    news = reported(update.status)
    if news is None:
        return
    if progress.wamid is None:
        progress.wamid, progress.changed = update.wamid, True
    _note_time(progress, news, update.timestamp)
    status = advance(progress.status, news)
    if status is progress.status:
        return
    progress.status, progress.changed = status, True
    progress.error_code, progress.error_detail = (
        _error(update) if status is MessageStatus.FAILED else (None, "")
    )


def _note_time(progress: _Progress, news: MessageStatus, at: datetime) -> None:
    column = {
        MessageStatus.SENT: "sent_at",
        MessageStatus.DELIVERED: "delivered_at",
        MessageStatus.READ: "read_at",
    }.get(news)
    if column and getattr(progress, column) is None:
        setattr(progress, column, at)
        progress.changed = True


def _save(batch: Batch, changed: list[_Progress]) -> None:
    if not changed:
        return
    names = ("wamid", "status", "sent_at", "delivered_at", "read_at", "error_code", "error_detail")
    batch.connection.execute(
        message.update()
        .where(message.c.id == sa.bindparam("message_id"))
        .values({name: sa.bindparam(f"new_{name}") for name in names}),
        [{"message_id": p.id, **{f"new_{name}": getattr(p, name) for name in names}} for p in changed],
    )
    show_in_preview(batch.connection, [(p.id, p.conversation_id, p.status) for p in changed])
    _stop_marketing(batch.connection, [p for p in changed if p.error_code == _USER_STOPPED_MARKETING])
    for progress in changed:
        batch.touch_conversation(progress.conversation_id)


def show_in_preview(connection: sa.Connection, changed: list[tuple[int, int, MessageStatus]]) -> None:
    """Let the tick in the conversation list follow its newest message: (message, conversation, status)."""
    if not changed:
        return
    connection.execute(
        conversation.update()
        .where(
            conversation.c.id == sa.bindparam("of"), conversation.c.last_message_id == sa.bindparam("message")
        )
        .values(preview_status=sa.bindparam("news")),
        [{"of": of, "message": message_id, "news": status.value} for message_id, of, status in changed],
    )


def _stop_marketing(connection: sa.Connection, refused: list[_Progress]) -> None:
    for progress in refused:
        owner = sa.select(conversation.c.contact_id).where(conversation.c.id == progress.conversation_id)
        connection.execute(
            contact.update()
            .where(contact.c.id == owner.scalar_subquery(), contact.c.marketing_stopped_at.is_(None))
            .values(marketing_stopped_at=utcnow())
        )
