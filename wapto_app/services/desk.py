"""Records what happens at the desk, in the transaction of the deed.

The conversation's row must be locked by the caller (whoever writes to it has it locked): that is what keeps two replies
at once from both being the first.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.bulk import Bulk, among
from wapto_app.clock import utcnow
from wapto_app.models import Account, Conversation, DeskEvent, DeskKind, DeskState
from wapto_app.models.base import table_of

WINDOW = timedelta(hours=24)
"""Meta: free-form messages only within 24 hours of the customer's last message."""

event, state = table_of(DeskEvent), table_of(DeskState)
conversation, account = table_of(Conversation), table_of(Account)

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Said:
    """A message, and its place in the thread."""

    conversation_id: int
    at: datetime


def arrived(connection: sa.Connection, messages: Sequence[Said]) -> None:
    """Customers wrote, in this order. Costs one look-up when all of them were waiting already."""
    first: dict[int, datetime] = {}
    for message in messages:
        first.setdefault(message.conversation_id, message.at)
    if not first:
        return
    known = {row.of: row for row in connection.execute(_as_found(connection.dialect.name), {"ids": first})}
    begins = {of: at for of, at in first.items() if of not in known or not known[of].waits}
    if not begins:
        return
    people = _in_charge(connection, begins)
    rows: list[dict[str, Any]] = []
    for of, at in begins.items():
        if of in known and known[of].is_done:
            agent = _team_of(connection, known[of].resolved_by, people[of])
            rows.append(_row(DeskKind.REOPENED, of, at, *agent))
        rows.append(_row(DeskKind.INBOUND_STARTED, of, at, *people[of]))
    _NOTE.run(connection, rows)
    _START_WAITING.run(connection, [{"conversation_id": of, "at": at} for of, at in begins.items()])


@functools.cache
def _as_found(dialect: str) -> sa.Select[Any]:
    """Who waits in them already (whose window closed begins to wait anew), and which were resolved."""
    is_done = sa.and_(state.c.opened_at.is_(None), state.c.resolved_at.is_not(None))
    return sa.select(
        state.c.conversation_id.label("of"),
        sa.and_(*_unanswered(state)).label("waits"),
        is_done.label("is_done"),
        state.c.resolved_by,
    ).where(among(dialect, state.c.conversation_id, "ids"))


def _states(connection: sa.Connection, ids: Iterable[int]) -> dict[int, Any]:
    query = sa.select(state).where(state.c.conversation_id.in_(list(ids)))
    return {row.conversation_id: row for row in connection.execute(query)}


def _in_charge(connection: sa.Connection, ids: Iterable[int]) -> dict[int, tuple[int | None, int | None]]:
    """Assignee and team of each conversation; the team is the assignee's, else the conversation's."""
    rows = connection.execute(_holders(connection.dialect.name), {"ids": ids})
    return {of: (assignee_id, team_id) for of, assignee_id, team_id in rows}


@functools.cache
def _holders(dialect: str) -> sa.Select[Any]:
    team = sa.func.coalesce(account.c.team_id, conversation.c.team_id)
    return (
        sa.select(conversation.c.id, conversation.c.assignee_id, team)
        .select_from(conversation.outerjoin(account, account.c.id == conversation.c.assignee_id))
        .where(among(dialect, conversation.c.id, "ids"))
    )


def _team_of(
    connection: sa.Connection, account_id: int | None, otherwise: tuple[int | None, int | None]
) -> tuple[int | None, int | None]:
    """An agent with the team, or who is in charge when there is no such agent."""
    if account_id is None:
        return otherwise
    team_id = connection.execute(sa.select(account.c.team_id).where(account.c.id == account_id)).scalar()
    return account_id, team_id or otherwise[1]


def _row(
    kind: DeskKind,
    conversation_id: int,
    at: datetime,
    account_id: int | None,
    team_id: int | None,
    *,
    seconds: int | None = None,
    by: int | None = None,
) -> dict[str, Any]:
    return {
        "conversation_id": conversation_id,
        "kind": kind,
        "at": at,
        "account_id": account_id,
        "team_id": team_id,
        "seconds": seconds,
        "detail": {} if by is None else {"by": by},
    }


def _upsert(dialect: str) -> Any:
    return (sqlite if dialect == "sqlite" else postgresql).insert(state)


def _start_waiting(dialect: str) -> Any:
    """An unresolved conversation keeps the time at which it was opened, a resolved one is opened by the message."""
    at = sa.bindparam("at", type_=state.c.waiting_since.type)
    insert = _upsert(dialect).values(
        conversation_id=sa.bindparam("conversation_id"), waiting_since=at, opened_at=at
    )
    news = insert.excluded
    return insert.on_conflict_do_update(
        index_elements=["conversation_id"],
        set_={
            # Whose window was missed still waits for an answer to the first message.
            "waiting_since": sa.func.coalesce(state.c.waiting_since, news.waiting_since),
            "missed_at": None,
            "opened_at": sa.func.coalesce(state.c.opened_at, news.opened_at),
            "resolved_at": None,
            "resolved_by": None,
        },
    )


_NOTE = Bulk(lambda _dialect: event.insert())
_START_WAITING = Bulk(_start_waiting)


def answered_elsewhere(connection: sa.Connection, messages: Sequence[Said]) -> None:
    """The business wrote from its own phone: nobody of ours, but nobody waits any more."""
    if not messages:
        return
    known = _states(connection, {message.conversation_id for message in messages})
    answers: dict[int, datetime] = {}
    for message in messages:
        row = known.get(message.conversation_id)
        # In one batch with what it answers, or with what came after it.
        if row is not None and row.waiting_since is not None and row.waiting_since <= message.at:
            answers.setdefault(message.conversation_id, message.at)
    if not answers:
        return
    people = _in_charge(connection, answers)
    rows = [
        _row(DeskKind.FIRST_REPLY, of, at, None, people[of][1], seconds=_between(known[of], at))
        for of, at in answers.items()
    ]
    connection.execute(event.insert(), rows)
    connection.execute(_stop_waiting().where(state.c.conversation_id.in_(list(answers))))


def asked_for_nothing(connection: sa.Connection, messages: Iterable[Said]) -> None:
    """Customers wrote what no answer is due to: whoever began to wait with it waits for nothing."""
    for message in messages:
        began = state.c.conversation_id == message.conversation_id, state.c.waiting_since == message.at
        connection.execute(_stop_waiting().where(*began))


def _stop_waiting() -> sa.Update:
    return state.update().values(waiting_since=None, missed_at=None)


def _between(row: Any, at: datetime) -> int:
    return max(0, int((at - row.waiting_since).total_seconds()))


async def replied(
    session: AsyncSession,
    conversation_id: int,
    at: datetime,
    *,
    account_id: int | None,
    team_id: int | None,
) -> None:
    """A person, of this team, sent a message. What flows, campaigns and the API send is no reply of anybody."""
    if account_id is not None:
        connection = await session.connection()
        await connection.run_sync(_replied, conversation_id, account_id, team_id, at)


def _replied(
    connection: sa.Connection, conversation_id: int, account_id: int, team_id: int | None, at: datetime
) -> None:
    waiting = _states(connection, [conversation_id]).get(conversation_id)
    team_id = team_id or _in_charge(connection, [conversation_id])[conversation_id][1]
    if waiting is None or waiting.waiting_since is None:
        row = _row(DeskKind.REPLY, conversation_id, at, account_id, team_id)
    else:
        seconds = _between(waiting, at)
        row = _row(DeskKind.FIRST_REPLY, conversation_id, at, account_id, team_id, seconds=seconds)
        # What it takes to undo this (``desk_undo``).
        row["detail"] = {"since": waiting.waiting_since.isoformat()}
        if waiting.missed_at is not None:
            row["detail"]["missed"] = waiting.missed_at.isoformat()
        connection.execute(_stop_waiting().where(state.c.conversation_id == conversation_id))
    connection.execute(event.insert(), [row])


def assigned(
    connection: sa.Connection,
    conversation_id: int,
    before: int | None,
    account_id: int | None,
    team_id: int | None,
    *,
    by: int | None,
) -> None:
    """It went from one agent (or nobody) to another agent, a team, or nobody. ``by`` is who did it, if a person did."""
    now = utcnow()
    rows: list[dict[str, Any]] = []
    if before is not None and before != account_id:
        agent = _team_of(connection, before, (None, None))
        rows.append(_row(DeskKind.UNASSIGNED, conversation_id, now, *agent, by=by))
    if account_id is not None and account_id != before:
        agent = _team_of(connection, account_id, (None, team_id))
        rows.append(_row(DeskKind.ASSIGNED, conversation_id, now, *agent, by=by))
    elif account_id is None and team_id is not None:
        rows.append(_row(DeskKind.ASSIGNED, conversation_id, now, None, team_id, by=by))
    if rows:
        connection.execute(event.insert(), rows)


def dealt(connection: sa.Connection, given: Iterable[tuple[int, int]], team_id: int) -> None:
    """The team's strategy gave these conversations to these agents."""
    now = utcnow()
    rows = [_row(DeskKind.ASSIGNED, of, now, account_id, team_id) for of, account_id in given]
    if rows:
        connection.execute(event.insert(), rows)


def taken_from(connection: sa.Connection, account_id: int, conversation_ids: Iterable[int]) -> None:
    """An agent who leaves holds these no longer."""
    now = utcnow()
    agent = _team_of(connection, account_id, (None, None))
    rows = [_row(DeskKind.UNASSIGNED, of, now, *agent) for of in conversation_ids]
    if rows:
        connection.execute(event.insert(), rows)


def resolved(connection: sa.Connection, conversation_id: int, by: int | None) -> None:
    """It is done: the work of the assignee, else of who resolved it. Who resolves says that no answer is due."""
    now = utcnow()
    assignee, team_id = _in_charge(connection, [conversation_id])[conversation_id]
    agent = _team_of(connection, assignee or by, (None, team_id))
    known = _states(connection, [conversation_id]).get(conversation_id)
    opened_at = known.opened_at if known is not None else None
    seconds = None if opened_at is None else max(0, int((now - opened_at).total_seconds()))
    row = _row(DeskKind.RESOLVED, conversation_id, now, *agent, seconds=seconds, by=by)
    connection.execute(event.insert(), [row])
    done: dict[str, Any] = {"waiting_since": None, "missed_at": None, "opened_at": None}
    done |= {"resolved_at": now, "resolved_by": agent[0], "snoozed_until": None}
    upsert = _upsert(connection.dialect.name).values(conversation_id=conversation_id, **done)
    connection.execute(upsert.on_conflict_do_update(index_elements=["conversation_id"], set_=done))


def reopened(connection: sa.Connection, conversation_id: int, by: int | None) -> None:
    """A person opened it again. When a customer does so by writing, ``arrived`` notes it."""
    now = utcnow()
    known = _states(connection, [conversation_id]).get(conversation_id)
    resolver = known.resolved_by if known is not None else None
    people = _in_charge(connection, [conversation_id])[conversation_id]
    agent = _team_of(connection, resolver, people)
    connection.execute(event.insert(), [_row(DeskKind.REOPENED, conversation_id, now, *agent, by=by)])
    again = {"opened_at": now, "resolved_at": None, "resolved_by": None}
    upsert = _upsert(connection.dialect.name).values(conversation_id=conversation_id, **again)
    connection.execute(upsert.on_conflict_do_update(index_elements=["conversation_id"], set_=again))


def put_aside(
    connection: sa.Connection, conversation_id: int, until: datetime | None, by: int | None
) -> None:
    """It is snoozed until then, or pending without a time. Whoever waits for an answer still does."""
    now = utcnow()
    agent = _in_charge(connection, [conversation_id])[conversation_id]
    kind = DeskKind.PENDING if until is None else DeskKind.SNOOZED
    row = _row(kind, conversation_id, now, *agent, by=by)
    if until is not None:
        row["detail"] |= {"until": until.isoformat()}
    connection.execute(event.insert(), [row])
    aside = {"snoozed_until": until}
    upsert = _upsert(connection.dialect.name).values(conversation_id=conversation_id, **aside)
    connection.execute(upsert.on_conflict_do_update(index_elements=["conversation_id"], set_=aside))


def woken(
    connection: sa.Connection, conversation_ids: Iterable[int], *, why: str, by: int | None = None
) -> list[int]:
    """Snoozed ones are open again because of their ``time``; with ``reply`` or ``person`` pending ones are, too.

    Of two who wake at once one does: with ``time`` only those count that were still asleep, and these are returned.
    """
    ids = sorted(set(conversation_ids))
    if not ids:
        return []
    now = utcnow()
    asleep = state.update().where(state.c.conversation_id.in_(ids), state.c.snoozed_until.is_not(None))
    if why == "time":
        asleep = asleep.where(state.c.snoozed_until <= now)
    up = {
        of
        for (of,) in connection.execute(asleep.values(snoozed_until=None).returning(state.c.conversation_id))
    }
    ids = [of for of in ids if why != "time" or of in up]
    if not ids:
        return []
    people = _in_charge(connection, ids)
    rows = [_row(DeskKind.WOKEN, of, now, *people[of], by=by) for of in ids]
    for row in rows:
        row["detail"] |= {"why": why}
    connection.execute(event.insert(), rows)
    return ids


def note_missed_windows(connection: sa.Connection, calls: list[None]) -> Sequence[int]:
    """Writer operation: note every window that closed without an answer, once; the number of them."""
    noted = [_note_missed(connection)]
    return noted + [0] * (len(calls) - 1)


def _unanswered(table: Any) -> tuple[sa.ColumnElement[bool], ...]:
    return table.c.waiting_since.is_not(None), table.c.missed_at.is_(None)


def _note_missed(connection: sa.Connection) -> int:
    """Who waits has written since: a window that is closed was opened before ``WINDOW`` ago, and so the wait too."""
    before, waiting = utcnow() - WINDOW, state.alias("waiting")
    closed = (
        sa.select(conversation.c.id)
        .where(conversation.c.id == waiting.c.conversation_id, conversation.c.last_inbound_at <= before)
        .exists()
    )
    due = (
        sa.select(waiting.c.conversation_id)
        .where(*_unanswered(waiting), waiting.c.waiting_since <= before, closed)
        .order_by(waiting.c.waiting_since)
        .limit(_AT_ONCE)
    )
    mark = (
        state.update()
        .where(state.c.conversation_id.in_(due), *_unanswered(state))
        .values(missed_at=utcnow())
        .returning(state.c.conversation_id)
    )
    ids = [of for (of,) in connection.execute(mark)]
    if ids:
        people = _in_charge(connection, ids)
        ends = sa.select(conversation.c.id, conversation.c.last_inbound_at).where(conversation.c.id.in_(ids))
        rows = [
            _row(DeskKind.WINDOW_MISSED, of, last + WINDOW, *people[of])
            for of, last in connection.execute(ends)
        ]
        connection.execute(event.insert(), rows)
    return len(ids)
