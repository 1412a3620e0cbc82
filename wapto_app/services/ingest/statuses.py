"""Delivery reports: each kept once, applied forward only."""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from integrations.whatsapp import webhooks
from wapto_app.bulk import Bulk, among
from wapto_app.models import Conversation, Direction, Message, MessageStatus, StatusEvent
from wapto_app.models.base import table_of
from wapto_app.services.campaign_changes import note
from wapto_app.services.identity import choose_marketing, insert_ignore
from wapto_app.services.ingest.context import Batch, Item
from wapto_app.services.message_status import advance, reported
from wapto_app.services.outbox.callback import Callback, read_callback
from wapto_app.services.previews import show_ticks

message = table_of(Message)
conversation = table_of(Conversation)
status_event = table_of(StatusEvent)

_USER_STOPPED_MARKETING = 131050
_SAVED = ("wamid", "status", "sent_at", "delivered_at", "read_at", "error_code", "error_detail")


@dataclass(frozen=True, slots=True)
class Report:
    """What Meta says about one of our messages."""

    wamid: str
    status: str
    at: datetime
    error_code: int | None
    error_detail: str
    callback: Callback | None = None


@dataclass(slots=True)
class _Progress:
    """One of our messages while reports about it are applied."""

    id: int
    conversation_id: int
    created_at: datetime
    attempt: int
    wamid: str | None
    status: MessageStatus
    sent_at: datetime | None
    delivered_at: datetime | None
    read_at: datetime | None
    error_code: int | None
    error_detail: str
    campaign_recipient_id: int | None
    changed: bool = False


class _Messages:
    """The messages that a batch of reports is about."""

    def __init__(self, connection: sa.Connection, reports: list[Report]) -> None:
        ids = {report.callback.message_id for report in reports if report.callback}
        wamids = {report.wamid for report in reports}
        rows = connection.execute(_reported(connection.dialect.name), {"ids": ids, "wamids": wamids})
        self.all = [_Progress(*row) for row in rows]
        self._by_id = {progress.id: progress for progress in self.all}
        self._by_wamid = {progress.wamid: progress for progress in self.all if progress.wamid}

    def find(self, report: Report) -> _Progress | None:
        if callback := report.callback:
            progress = self._by_id.get(callback.message_id)
            if progress and callback.stamp == Callback.stamp_of(progress.created_at):
                return progress
        return self._by_wamid.get(report.wamid)

    def save(self, connection: sa.Connection) -> None:
        changed = [progress for progress in self.all if progress.changed]
        if not changed:
            return
        names = ("id", *_SAVED)
        _SAVE.run(connection, [{f"new_{name}": getattr(each, name) for name in names} for each in changed])
        note(connection, [progress.campaign_recipient_id for progress in changed])
        # A campaign does not change what the list shows of a conversation.
        shown = {progress.conversation_id for progress in changed if progress.campaign_recipient_id is None}
        show_ticks(connection, shown)


@functools.cache
def _reported(dialect: str) -> sa.Select[Any]:
    columns = [message.c[name] for name in _Progress.__slots__ if name != "changed"]
    query = sa.select(*columns).where(
        sa.or_(among(dialect, message.c.wamid, "wamids"), among(dialect, message.c.id, "ids")),
        message.c.direction == Direction.OUTBOUND,
    )
    return query.order_by(message.c.id).with_for_update() if dialect == "postgresql" else query


def _save(_dialect: str) -> sa.Update:
    values = {name: sa.bindparam(f"new_{name}", type_=message.c[name].type) for name in _SAVED}
    return message.update().where(message.c.id == sa.bindparam("new_id")).values(values)


_SAVE = Bulk(_save)
_KEEP = Bulk(lambda dialect: insert_ignore(dialect, status_event))


def apply(batch: Batch, items: list[Item]) -> None:
    updates = [item.event for item in items if isinstance(item.event, webhooks.StatusUpdate)]
    reports = [_report(update) for update in updates]
    messages = _Messages(batch.connection, reports)
    rows: list[dict[str, Any]] = []
    for update, report in zip(updates, reports, strict=True):
        progress = messages.find(report)
        rows.append(_row(update, report, progress))
        if progress is not None:
            _advance(progress, report)
            if report.error_code == _USER_STOPPED_MARKETING:
                _stop_marketing(batch, progress, report)
    _KEEP.run(batch.connection, rows)
    messages.save(batch.connection)
    for progress in messages.all:
        if progress.changed:
            batch.touch_conversation(progress.conversation_id)


def catch_up(connection: sa.Connection, wamids: Iterable[str]) -> None:
    """Apply the reports that were faster than the messages with these ids."""
    rows = connection.execute(_early(connection.dialect.name), {"wamids": set(wamids)})
    reports = [Report(*row) for row in rows]
    if not reports:
        return
    messages = _Messages(connection, reports)
    for report in reports:
        if progress := messages.find(report):
            _advance(progress, report)
    messages.save(connection)
    connection.execute(
        status_event.update()
        .where(status_event.c.wamid == sa.bindparam("of"), status_event.c.message_id.is_(None))
        .values(message_id=sa.bindparam("message")),
        [{"of": progress.wamid, "message": progress.id} for progress in messages.all],
    )


@functools.cache
def _early(dialect: str) -> sa.Select[Any]:
    columns = [status_event.c[name] for name in Report.__slots__ if name != "callback"]
    return sa.select(*columns).where(
        among(dialect, status_event.c.wamid, "wamids"), status_event.c.message_id.is_(None)
    )


def _report(update: webhooks.StatusUpdate) -> Report:
    code, detail = None, ""
    if update.errors:
        first = update.errors[0]
        code, detail = first.code, (first.details or first.message or first.title)[:500]
    callback = read_callback(update.callback_data or "")
    return Report(update.wamid, update.status, update.timestamp, code, detail, callback)


def _row(update: webhooks.StatusUpdate, report: Report, progress: _Progress | None) -> dict[str, Any]:
    return {
        "wamid": report.wamid[:255],
        "status": report.status[:16],
        "at": report.at,
        "message_id": progress.id if progress else None,
        "error_code": report.error_code,
        "error_detail": report.error_detail,
        "pricing": _pricing(update.pricing),
    }


def _pricing(pricing: webhooks.Pricing | None) -> dict[str, Any]:
    if pricing is None:
        return {}
    names = ("billable", "model", "type", "category")
    return {name: getattr(pricing, name) for name in names}


def _advance(progress: _Progress, report: Report) -> None:
    news = reported(report.status)
    if news is None or (news is MessageStatus.FAILED and _is_outdated(progress, report)):
        return
    if progress.wamid is None:
        progress.wamid, progress.changed = report.wamid, True
    _note_time(progress, news, report.at)
    status = advance(progress.status, news)
    if status is progress.status:
        return
    progress.status, progress.changed = status, True
    is_failure = status is MessageStatus.FAILED
    progress.error_code = report.error_code if is_failure else None
    progress.error_detail = report.error_detail if is_failure else ""


def _is_outdated(progress: _Progress, report: Report) -> bool:
    """A failure of an earlier try says nothing about the one that a person asked for since."""
    if progress.status is MessageStatus.QUEUED:
        return True
    return report.callback is not None and report.callback.attempt < progress.attempt


def _note_time(progress: _Progress, news: MessageStatus, at: datetime) -> None:
    column = {
        MessageStatus.SENT: "sent_at",
        MessageStatus.DELIVERED: "delivered_at",
        MessageStatus.READ: "read_at",
    }.get(news)
    if column and getattr(progress, column) is None:
        setattr(progress, column, at)
        progress.changed = True


def _stop_marketing(batch: Batch, progress: _Progress, report: Report) -> None:
    owner = sa.select(conversation.c.contact_id).where(conversation.c.id == progress.conversation_id)
    contact_id = batch.connection.execute(owner).scalar_one()
    choose_marketing(batch.connection, contact_id, stops=True, at=report.at)
    batch.topics.add(f"contact:{contact_id}")
