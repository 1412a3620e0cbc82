"""Who is online: an account with an open tab, in any process. A heartbeat tells, so a crash loses a minute at most."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.models import Account, OnlineSpan
from wapto_app.models.base import table_of

HEARTBEAT_SECONDS = 60.0
GRACE = timedelta(seconds=100)
"""Whose last heartbeat is older than this has left. A reload, or one lost heartbeat, is no absence."""
LONGEST = timedelta(hours=6)
"""A span that gets longer goes on in a new one, so that nobody has to look far back for the start of one."""
TOPIC = "presence"

span, account = table_of(OnlineSpan), table_of(Account)


def beat(connection: sa.Connection, calls: list[frozenset[int]]) -> Sequence[frozenset[int]]:
    """Writer operation: these accounts have a tab open here; which of them have just come online."""
    present = sorted(frozenset().union(*calls))
    came = _beat(connection, present) if present else frozenset()
    return [came & ids for ids in calls]


def _beat(connection: sa.Connection, present: list[int]) -> frozenset[int]:
    now = utcnow()
    # Another process may report the same people at this moment: one after the other, or their spans would overlap.
    locked = sa.select(account.c.id).where(account.c.id.in_(present)).order_by(account.c.id)
    known = {of for (of,) in connection.execute(locked.with_for_update(key_share=True))}
    going_on = {row.span_id: row.account_id for row in connection.execute(_newest(known, now))}
    if going_on:
        connection.execute(
            span.update().where(span.c.id.in_(going_on), span.c.ended_at < now).values(ended_at=now)
        )
    online = set(going_on.values())
    came = known - online
    new = [
        {"account_id": of, "started_at": now, "ended_at": now}
        for of in sorted(came | _too_long(connection, going_on, now))
    ]
    if new:
        connection.execute(span.insert(), new)
    return frozenset(came)


def _newest(ids: Iterable[int], now: datetime) -> sa.Select[int, int]:
    """The span of each account that is going on."""
    return (
        sa.select(sa.func.max(span.c.id).label("span_id"), span.c.account_id)
        .where(span.c.account_id.in_(list(ids)), span.c.ended_at >= now - GRACE)
        .group_by(span.c.account_id)
    )


def _too_long(connection: sa.Connection, spans: Iterable[int], now: datetime) -> set[int]:
    query = sa.select(span.c.account_id).where(span.c.id.in_(list(spans)), span.c.started_at <= now - LONGEST)
    return {of for (of,) in connection.execute(query)}


async def online_accounts(session: AsyncSession) -> frozenset[int]:
    """Who has a tab open. For services; what a person may see of it is for the caller to decide."""
    # No DISTINCT: SQLite would read the whole index of the accounts for its sake.
    found = await session.exec(
        select(OnlineSpan.account_id).where(col(OnlineSpan.ended_at) >= utcnow() - GRACE)
    )
    return frozenset(found.all())


def online_among(connection: sa.Connection, account_ids: Sequence[int]) -> set[int]:
    """Who of these has a tab open; a plain function, for the writer's thread."""
    query = sa.select(span.c.account_id).where(
        span.c.account_id.in_(account_ids), span.c.ended_at >= utcnow() - GRACE
    )
    return {of for (of,) in connection.execute(query)} if account_ids else set()


def seconds_online(start: datetime, end: datetime, accounts: list[int]) -> sa.Select[int, int]:
    """``account_id`` and whole ``seconds`` online between two times."""

    def epoch(at: sa.ColumnElement[datetime]) -> sa.ColumnElement[int]:
        return sa.cast(sa.extract("epoch", at), sa.BigInteger)

    moment = span.c.started_at.type
    first, last = sa.literal(start, moment), sa.literal(end, moment)
    begins = sa.case((span.c.started_at < first, first), else_=span.c.started_at)
    ends = sa.case((span.c.ended_at > last, last), else_=span.c.ended_at)
    seconds = sa.func.sum(epoch(ends) - epoch(begins))
    return (
        sa.select(span.c.account_id, sa.cast(seconds, sa.BigInteger).label("seconds"))
        .where(
            span.c.account_id.in_(accounts),
            # No span is longer than this.
            span.c.started_at > sa.literal(start - LONGEST - GRACE, moment),
            span.c.started_at < last,
            span.c.ended_at > first,
        )
        .group_by(span.c.account_id)
    )
