"""Leases: the right to do something alone, lost when its holder stops renewing it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.models import Lease
from wapto_app.models.base import table_of

lease = table_of(Lease)

_FORGOTTEN_AFTER = timedelta(days=1)
LIFETIME = timedelta(seconds=10)
"""Renew at least three times in this time."""


@dataclass(frozen=True, slots=True)
class Bid:
    name: str
    holder: str


def acquire(connection: sa.Connection, bids: list[Bid]) -> Sequence[bool]:
    """Writer operation: take or renew each lease; False while somebody else holds it."""
    return [_acquire(connection, bid) for bid in bids]


def is_held(connection: sa.Connection, bid: Bid) -> bool:
    """Whether the lease is still the bidder's."""
    held = sa.select(lease.c.name).where(
        lease.c.name == bid.name, lease.c.holder == bid.holder, lease.c.expires_at > _now(connection)
    )
    return connection.execute(held).first() is not None


def held(connection: sa.Connection) -> list[Bid]:
    """All leases that somebody holds at the moment."""
    alive = sa.select(lease.c.name, lease.c.holder).where(lease.c.expires_at > _now(connection))
    return [Bid(row.name, row.holder) for row in connection.execute(alive)]


def _now(connection: sa.Connection) -> datetime:
    """The database's time: the clocks of two machines may differ by more than a lease lives."""
    if connection.dialect.name == "sqlite":
        return utcnow()
    now: datetime = connection.execute(sa.select(sa.func.clock_timestamp())).scalar_one()
    return now


def _acquire(connection: sa.Connection, bid: Bid) -> bool:
    now = _now(connection)
    insert = (sqlite if connection.dialect.name == "sqlite" else postgresql).insert(lease)
    taken = connection.execute(
        insert.values(name=bid.name, holder=bid.holder, expires_at=now + LIFETIME)
        .on_conflict_do_update(
            index_elements=["name"],
            set_={"holder": bid.holder, "expires_at": now + LIFETIME},
            where=sa.or_(lease.c.holder == bid.holder, lease.c.expires_at < now),
        )
        .returning(lease.c.holder)
    )
    return taken.scalar() == bid.holder


async def forget_old(session: AsyncSession) -> None:
    """Remove those of processes that died long ago."""
    await session.exec(sa.delete(Lease).where(col(Lease.expires_at) < utcnow() - _FORGOTTEN_AFTER))


def release(connection: sa.Connection, bids: list[Bid]) -> Sequence[None]:
    """Writer operation: give leases back, so that the next holder need not wait."""
    for bid in bids:
        connection.execute(lease.delete().where(lease.c.name == bid.name, lease.c.holder == bid.holder))
    return [None] * len(bids)
