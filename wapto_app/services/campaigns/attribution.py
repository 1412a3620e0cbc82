"""Which campaign an answer belongs to: found a moment later, by a job that follows what customers write.

A message that quotes a campaign's message, or taps its button, answers that one; any other answers the newest campaign
message that the contact got in the 72 hours before. The first answer counts, and the first tap.

On PostgreSQL, what was written lately is looked at again each time: transactions do not end in the order of their ids
there. To look twice counts once: a recipient's ``replied_at`` is set only where there is none. Batch, counters and
cursor are one transaction.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from wapto_app.clock import utcnow
from wapto_app.models import (
    Campaign,
    CampaignCursor,
    CampaignRecipient,
    Conversation,
    Direction,
    Message,
    RecipientState,
)
from wapto_app.models.base import table_of
from wapto_app.services.campaigns import tallying
from wapto_app.services.campaigns.following import note_moments
from wapto_app.services.identity import insert_ignore

ANSWERS_FOR = timedelta(hours=72)
AT_ONCE = 500
"""Messages of one transaction: others who write wait for milliseconds."""
MAY_STILL_COME = timedelta(seconds=15)
"""Longer than any transaction that stores messages on PostgreSQL; on SQLite they end one after the other."""

campaign, recipient, cursor = table_of(Campaign), table_of(CampaignRecipient), table_of(CampaignCursor)
message, conversation = table_of(Message), table_of(Conversation)

_NEVER_LEFT = (
    RecipientState.SKIPPED,
    RecipientState.HELD,
    RecipientState.WAITING,
    RecipientState.FAILED,
    RecipientState.CANCELLED,
)
_BUTTON_MOST = 80
_OF_CARD = re.compile(r"Card \d{1,2}: ")
"""How ``templates.filling.tapped`` begins."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a customer wrote. ``button`` is the text of the quick reply that was tapped, empty for other messages."""

    contact_id: int
    at: datetime
    quotes: str
    button: str


@dataclass(frozen=True, slots=True)
class _Sent:
    """A recipient who may have answered."""

    id: int
    campaign_id: int
    variant_id: int
    contact_id: int
    queued_at: datetime
    wamid: str


@dataclass(frozen=True, slots=True)
class Look:
    """What a look at a batch found. ``reached`` is the last message of it, 0 when there are no more."""

    campaigns: frozenset[int]
    reached: int = 0


def follow(connection: sa.Connection, afters: list[int]) -> Sequence[Look]:
    """Writer operation: look at the batch behind each of these messages; 0 is for where the last look ended."""
    return [_follow(connection, after) for after in afters]


def is_due(connection: sa.Connection) -> bool:
    """Whether there may be something to do, for the price of a look."""
    newest = connection.execute(sa.select(sa.func.max(message.c.id))).scalar() or 0
    return newest > _place(connection)


def _follow(connection: sa.Connection, after: int) -> Look:
    if not _answerable(connection):
        _move(connection, connection.execute(sa.select(sa.func.max(message.c.id))).scalar() or 0)
        return Look(frozenset())
    found = connection.execute(_WRITTEN, {"after": max(after, _place(connection))}).all()
    answered = _credit(connection, [_answer(row) for row in found])
    _advance(connection, found)
    return Look(answered, found[-1].id if len(found) == AT_ONCE else 0)


def _answerable(connection: sa.Connection) -> bool:
    """Whether a campaign has sent anything that could be answered now."""
    lately = utcnow() - ANSWERS_FOR
    over = sa.and_(campaign.c.finished_at.is_not(None), campaign.c.finished_at < lately)
    query = sa.select(campaign.c.id).where(campaign.c.started_at.is_not(None), ~over)
    return connection.execute(query.order_by(campaign.c.created_at.desc()).limit(1)).first() is not None


def _written() -> sa.Select[Any]:
    columns = ("id", "at", "type", "body", "content", "reply_to_wamid", "created_at")
    return (
        sa.select(*(message.c[name] for name in columns), conversation.c.contact_id)
        .join(conversation, conversation.c.id == message.c.conversation_id)
        .where(message.c.id > sa.bindparam("after"), message.c.direction == Direction.INBOUND)
        .order_by(message.c.id)
        .limit(AT_ONCE)
    )


_WRITTEN = _written()


def _answer(row: Any) -> Answer:
    content = row.content or {}
    button = row.body or str(content.get("text") or "") if row.type == "button" else ""
    payload = str(content.get("payload") or "")
    if button and _OF_CARD.fullmatch(payload.removesuffix(button)):
        button = payload  # which card it was; all have the same buttons
    return Answer(row.contact_id, row.at, row.reply_to_wamid, button[:_BUTTON_MOST])


def _credit(connection: sa.Connection, answers: list[Answer]) -> frozenset[int]:
    """Give each answer to its recipient, and count."""
    if not answers:
        return frozenset()
    sent = _candidates(connection, answers)
    replied: dict[int, datetime] = {}
    clicked: dict[int, Answer] = {}
    for answer in sorted(answers, key=lambda each: each.at):
        target = _target(answer, sent.get(answer.contact_id, []))
        if target is not None:
            replied.setdefault(target.id, answer.at)
            if answer.button:
                clicked.setdefault(target.id, answer)
    by_id = {each.id: each for group in sent.values() for each in group}
    new_replies = _mark(connection, {of: {"replied_at": at} for of, at in replied.items()}, "replied_at")
    taps = {of: {"clicked_at": answer.at, "clicked": answer.button} for of, answer in clicked.items()}
    new_taps = _mark(connection, taps, "clicked_at")
    _count(connection, [by_id[of] for of in new_replies], "replied")
    _count(connection, [by_id[of] for of in new_taps], "clicked")
    note_moments(
        connection, Counter((by_id[of].campaign_id, _minute(replied[of]), "replied") for of in new_replies)
    )
    return frozenset(by_id[of].campaign_id for of in {*new_replies, *new_taps})


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _candidates(connection: sa.Connection, answers: list[Answer]) -> dict[int, list[_Sent]]:
    """What these people got lately, the newest first."""
    since = min(answer.at for answer in answers) - ANSWERS_FOR
    lately = sa.and_(
        recipient.c.contact_id.in_({answer.contact_id for answer in answers}),
        recipient.c.queued_at >= since,
    )
    query = _sent(connection, lately)
    found = {row.id: row for row in query}
    if quoted := {answer.quotes for answer in answers if answer.quotes}:
        # A quoted message counts however old it is.
        ids = sa.select(message.c.campaign_recipient_id).where(
            message.c.wamid.in_(quoted), message.c.campaign_recipient_id.is_not(None)
        )
        found |= {row.id: row for row in _sent(connection, recipient.c.id.in_(ids))}
    groups: dict[int, list[_Sent]] = {}
    for row in sorted(found.values(), key=lambda each: (each.queued_at, each.id), reverse=True):
        groups.setdefault(row.contact_id, []).append(row)
    return groups


def _sent(connection: sa.Connection, which: sa.ColumnElement[bool]) -> Iterable[_Sent]:
    names = ("id", "campaign_id", "variant_id", "contact_id", "queued_at")
    query = (
        sa.select(*(recipient.c[name] for name in names), message.c.wamid)
        .join(message, message.c.id == recipient.c.message_id)
        .where(which, recipient.c.state.not_in(_NEVER_LEFT), recipient.c.queued_at.is_not(None))
    )
    for row in connection.execute(query):
        yield _Sent(
            row.id, row.campaign_id, row.variant_id or 0, row.contact_id, row.queued_at, row.wamid or ""
        )


def _target(answer: Answer, sent: list[_Sent]) -> _Sent | None:
    if answer.quotes:
        for each in sent:
            if each.wamid == answer.quotes:
                return each
    before = (each for each in sent if answer.at - ANSWERS_FOR <= each.queued_at <= answer.at)
    return next(before, None)


def _mark(connection: sa.Connection, rows: dict[int, dict[str, Any]], once: str) -> list[int]:
    """Set the columns of recipients who have no such time yet; which they were."""
    if not rows:
        return []
    free = sa.select(recipient.c.id).where(recipient.c.id.in_(rows), recipient.c[once].is_(None))
    if connection.dialect.name == "postgresql":
        free = free.order_by(recipient.c.id).with_for_update()
    ids = list(connection.execute(free).scalars())
    if ids:
        names = list(rows[ids[0]])
        connection.execute(
            recipient.update()
            .where(recipient.c.id == sa.bindparam("of"))
            .values({name: sa.bindparam(f"new_{name}", type_=recipient.c[name].type) for name in names}),
            [{"of": of, **{f"new_{name}": rows[of][name] for name in names}} for of in ids],
        )
    return ids


def _count(connection: sa.Connection, sent: Iterable[_Sent], what: str) -> None:
    tallying.apply(connection, Counter((each.campaign_id, each.variant_id, what) for each in sent))


# --- how far it has come


def _place(connection: sa.Connection) -> int:
    return connection.execute(sa.select(cursor.c.last_id).where(cursor.c.name == "answers")).scalar() or 0


def _move(connection: sa.Connection, last_id: int) -> None:
    moved = connection.execute(
        cursor.update().where(cursor.c.name == "answers", cursor.c.last_id < last_id).values(last_id=last_id)
    )
    if not moved.rowcount:
        connection.execute(
            insert_ignore(connection.dialect.name, cursor), {"name": "answers", "last_id": last_id}
        )


def _advance(connection: sa.Connection, found: Sequence[Any]) -> None:
    """Up to what is old enough that nothing below it can still appear."""
    in_order = connection.dialect.name == "sqlite"
    settled = utcnow() - MAY_STILL_COME
    if len(found) == AT_ONCE:
        old = [row.id for row in found if in_order or row.created_at < settled]
        _move(connection, max(old, default=0))
        return
    newest = connection.execute(sa.select(sa.func.max(message.c.id))).scalar() or 0
    if not in_order:
        above = sa.select(message.c.id).where(
            message.c.id > _place(connection), message.c.created_at >= settled
        )
        first = connection.execute(above.order_by(message.c.id).limit(1)).scalar()
        newest = first - 1 if first else newest
    _move(connection, newest)
