"""Recipients follow their messages.

Whoever moves a message of a campaign leaves a note (``campaign_changes``). Here notes are taken in batches: recipients,
counters and the chart move in the transaction that removes the notes, so they are exact, whatever dies when. Many notes
about one recipient cost as much as one.
"""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from wapto_app.bulk import Bulk, among
from wapto_app.clock import utcnow
from wapto_app.models import (
    CampaignChange,
    CampaignMoment,
    CampaignRecipient,
    Message,
    MessageStatus,
    RecipientState,
)
from wapto_app.models.base import table_of
from wapto_app.services.campaigns import tallying

change, recipient = table_of(CampaignChange), table_of(CampaignRecipient)
message, moment = table_of(Message), table_of(CampaignMoment)

AT_ONCE = 500
"""Notes of one transaction: others who write wait for some milliseconds."""

R = RecipientState
_STATE_OF = {
    MessageStatus.QUEUED: R.QUEUED,
    MessageStatus.SENDING: R.QUEUED,
    MessageStatus.UNCONFIRMED: R.UNCONFIRMED,
    MessageStatus.SENT: R.SENT,
    MessageStatus.DELIVERED: R.DELIVERED,
    MessageStatus.READ: R.READ,
    MessageStatus.PLAYED: R.READ,
    MessageStatus.FAILED: R.FAILED,
}
_ARRIVED = frozenset({R.SENT, R.DELIVERED, R.READ})
_FOLLOWS = frozenset({R.QUEUED, R.UNCONFIRMED, R.FAILED}) | _ARRIVED
_TIMES = ("sent_at", "delivered_at", "read_at")
Moments = Counter[tuple[int, datetime, str]]


@dataclass(frozen=True, slots=True)
class Result:
    """A recipient's message was accepted by Meta, or failed (with Meta's code, if it was Meta)."""

    campaign_id: int
    failed: bool
    code: int | None = None


@dataclass(frozen=True, slots=True)
class Followed:
    """``notes`` were taken; 0 when there was none. ``campaigns`` changed; ``results`` in the order of notes."""

    notes: int = 0
    campaigns: frozenset[int] = frozenset()
    results: tuple[Result, ...] = ()


@dataclass(slots=True)
class _Moves:
    """What a batch does beside the recipients."""

    steps: tallying.Steps = field(default_factory=Counter)
    moments: Moments = field(default_factory=Counter)
    results: list[Result] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)
    campaigns: set[int] = field(default_factory=set)


def is_due(connection: sa.Connection) -> bool:
    """Whether there is a note, for the price of a look."""
    return connection.execute(sa.select(change.c.id).limit(1)).first() is not None


def follow(connection: sa.Connection, calls: list[None]) -> Sequence[Followed]:
    """Writer operation: take the next notes."""
    return [_follow(connection), *(Followed() for _ in calls[1:])]


def _follow(connection: sa.Connection) -> Followed:
    oldest = sa.select(change.c.id).order_by(change.c.id).limit(AT_ONCE).with_for_update(skip_locked=True)
    taken = connection.execute(
        change.delete().where(change.c.id.in_(oldest)).returning(change.c.recipient_id)
    )
    ids = taken.scalars().all()
    if not ids:
        return Followed()
    recipients = _locked(connection, set(ids))
    messages = _messages(connection, [row.message_id for row in recipients if row.message_id is not None])
    moves, now = _Moves(), utcnow()
    for row in recipients:
        if (found := messages.get(row.message_id)) is not None:
            _move(row, found, moves, now)
    _write(connection, moves)
    return Followed(len(ids), frozenset(moves.campaigns), tuple(moves.results))


def _locked(connection: sa.Connection, ids: set[int]) -> Sequence[Any]:
    """In the order of their ids, as everybody locks them."""
    return connection.execute(_recipients(connection.dialect.name), {"ids": ids}).all()


@functools.cache
def _recipients(dialect: str) -> sa.Select[Any]:
    names = ("id", "campaign_id", "variant_id", "state", "message_id", *_TIMES)
    query = sa.select(*(recipient.c[name] for name in names)).where(among(dialect, recipient.c.id, "ids"))
    return query.order_by(recipient.c.id).with_for_update()


def _messages(connection: sa.Connection, ids: list[int]) -> dict[int, Any]:
    """Read after the recipients were locked: whoever was faster has not seen anything newer."""
    rows = connection.execute(_state_of_messages(connection.dialect.name), {"ids": ids})
    return {row.id: row for row in rows}


@functools.cache
def _state_of_messages(dialect: str) -> sa.Select[Any]:
    names = ("id", "status", *_TIMES, "error_code", "error_detail")
    return sa.select(*(message.c[name] for name in names)).where(among(dialect, message.c.id, "ids"))


def _move(row: Any, found: Any, moves: _Moves, now: datetime) -> None:
    state = _state(row.state, _STATE_OF.get(found.status))
    times = _times(row, found)
    if state is R.QUEUED and found.error_detail:
        # It waits for another try: nothing moves, but the page says why.
        moves.campaigns.add(row.campaign_id)
    if state is row.state and times == {name: getattr(row, name) for name in _TIMES}:
        return
    is_failure = state is R.FAILED
    moves.campaigns.add(row.campaign_id)
    moves.rows.append(
        {
            "of": row.id,
            "new": state,
            "code": found.error_code if is_failure else None,
            "why": found.error_detail if is_failure else "",
            **{f"new_{name}": times[name] for name in _TIMES},
        }
    )
    _count(row, found, state, times, moves, now)


def _state(before: RecipientState, news: RecipientState | None) -> RecipientState:
    """Where the message is. Whoever waits for another try is settled only by the news that the last one arrived."""
    if news is None or before is news:
        return before
    if before is R.WAITING:
        return news if news in _ARRIVED else before
    return news if before in _FOLLOWS else before


def _times(row: Any, found: Any) -> dict[str, datetime | None]:
    """What was read has been delivered, and what was delivered has been sent, even if nobody told us."""
    read = row.read_at or found.read_at
    delivered = row.delivered_at or found.delivered_at or read
    return {"sent_at": row.sent_at or found.sent_at or delivered, "delivered_at": delivered, "read_at": read}


def _count(
    row: Any,
    found: Any,
    state: RecipientState,
    times: dict[str, datetime | None],
    moves: _Moves,
    now: datetime,
) -> None:
    for name in _TIMES:
        if getattr(row, name) is None and (at := times[name]) is not None:
            moves.moments[row.campaign_id, _minute(at), name.removesuffix("_at")] += 1
    if state is row.state:
        return
    moves.steps[row.campaign_id, row.variant_id, row.state, state] += 1
    if state is R.FAILED:
        moves.moments[row.campaign_id, _minute(now), "failed"] += 1
        moves.results.append(Result(row.campaign_id, True, found.error_code))
    elif state in _ARRIVED and row.state not in _ARRIVED:
        moves.results.append(Result(row.campaign_id, False))


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)


def _moving(_dialect: str) -> sa.Update:
    return (
        recipient.update()
        .where(recipient.c.id == sa.bindparam("of"))
        .values(
            state=sa.bindparam("new", type_=recipient.c.state.type),
            reason=sa.literal_column("''"),
            error_code=sa.bindparam("code", type_=recipient.c.error_code.type),
            error_detail=sa.bindparam("why", type_=recipient.c.error_detail.type),
            **{name: sa.bindparam(f"new_{name}", type_=recipient.c[name].type) for name in _TIMES},
        )
    )


_MOVE = Bulk(_moving)


def _write(connection: sa.Connection, moves: _Moves) -> None:
    if not moves.rows:
        return
    _MOVE.run(connection, moves.rows)
    tallying.apply(connection, tallying.changes_of(moves.steps))
    note_moments(connection, moves.moments)


def note_moments(connection: sa.Connection, moments: Moments) -> None:
    """Add to the chart; in the order of the keys, as everybody does."""
    rows = _moment_rows(moments.items())
    if not rows:
        return
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(moment)
    connection.execute(
        insert.on_conflict_do_update(
            index_elements=["campaign_id", "minute", "stage"],
            set_={"count": moment.c.count + insert.excluded.count},
        ),
        rows,
    )


def _moment_rows(moments: Iterable[tuple[tuple[int, datetime, str], int]]) -> list[dict[str, Any]]:
    return [
        {"campaign_id": campaign_id, "minute": minute, "stage": stage, "count": count}
        for (campaign_id, minute, stage), count in sorted(moments)
        if count
    ]
