"""Telling people, and what they do with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import fetch, touch
from wapto_app.models import Account, Notification, NotificationKind, Role
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import NotFound
from wapto_app.services.identity import insert_ignore
from wapto_app.services.notifications.choices import Way, wants

KEPT = timedelta(days=90)
_AT_ONCE = 5_000
_VALUE_MAX = 300
_UNREAD = sa.text("notification.read_at IS NULL")
_table = table_of(Notification)


def topic(account_id: int | None) -> str:
    """What changes when somebody is told something, or has read it."""
    return f"notifications:{account_id}"


async def notify(
    session: AsyncSession,
    account_ids: Iterable[int | None],
    kind: NotificationKind,
    *,
    href: str = "",
    key: str = "",
    conversation_id: int | None = None,
    **args: str | int,
) -> list[int]:
    """Tell these accounts, within the caller's transaction; returns whom.

    Whoever is deactivated or has switched the kind off is left out. With a ``key`` nobody is told twice. Name a
    customer only by ``conversation_id``: the name is looked up for a reader who may see it. ``args`` fill the kind's
    sentence: ``by`` (a colleague), ``title`` (of a task), ``name`` (of a number), ``what``, ``percent``, ``plan``,
    ``days``, the counts of an import (``created``, ``updated``, ``wrong``), and
    ``why`` a template was rejected.
    """
    news = [
        News(each, kind, href=href, key=key, conversation_id=conversation_id, args=args)
        for each in dict.fromkeys(account_ids)
        if each is not None
    ]
    connection = await session.connection()
    told = await connection.run_sync(notify_many, news)
    touch(session, *map(topic, told))
    return told


@dataclass(frozen=True, slots=True)
class News:
    """Something that one account is told; the fields are those of ``notify``."""

    account_id: int
    kind: NotificationKind
    href: str = ""
    key: str = ""
    conversation_id: int | None = None
    args: Mapping[str, str | int] = field(default_factory=dict)


def notify_many(connection: sa.Connection, news: Sequence[News]) -> list[int]:
    """The same for many at once, as a plain function for the writer's thread: two statements whatever their number.

    Returns who was told, once for each; publish ``topic`` of them after the commit.
    """
    wanted = {each.account_id for each in news}
    if not wanted:
        return []
    people = connection.execute(
        sa.select(col(Account.id), col(Account.notifications)).where(
            col(Account.id).in_(wanted), col(Account.is_active).is_(True)
        )
    )
    choices = {person.id: person.notifications for person in people}
    now = utcnow()
    rows = [
        row
        for each in news
        if each.account_id in choices and (row := _row(each, choices[each.account_id], now))
    ]
    if not rows:
        return []
    statement = insert_ignore(connection.dialect.name, _table).values(rows).returning(_table.c.account_id)
    return [row.account_id for row in connection.execute(statement)]


def _row(news: News, stored: Mapping[str, Any], now: datetime) -> dict[str, Any] | None:
    """None for what this person does not want to know."""
    shown, mailed = (wants(stored, news.kind, way) for way in (Way.APP, Way.MAIL))
    if not (shown or mailed):
        return None
    return {
        "account_id": news.account_id,
        "kind": news.kind,
        "href": news.href,
        "key": news.key,
        "conversation_id": news.conversation_id,
        "args": {name: str(value)[:_VALUE_MAX] for name, value in news.args.items()},
        "created_at": now,
        "shown": shown,
        "mail_due": mailed,
        "read_at": None if shown else now,
    }


async def owners(session: AsyncSession) -> list[int]:
    """Whom the workspace's own affairs concern."""
    found = await session.exec(
        select(Account.id).where(Account.role == Role.OWNER, col(Account.is_active).is_(True))
    )
    return [account_id for account_id in found if account_id is not None]


async def mark_read(session: AsyncSession, actor: Actor, notification_id: int) -> None:
    """The actor has seen one. Raises NotFound for what is not theirs."""
    actor.require(Permission.SELF_DO)
    own = sa.and_(_table.c.id == notification_id, _table.c.account_id == actor.account_id)
    changed = await session.exec(sa.update(_table).where(own, _UNREAD).values(read_at=utcnow()))
    if changed.rowcount:
        touch(session, topic(actor.account_id))
    elif not await fetch(session, sa.select(_table.c.id).where(own)):
        raise NotFound("notification")


async def mark_all_read(session: AsyncSession, actor: Actor) -> int:
    """The actor has seen all of them; how many were unread."""
    actor.require(Permission.SELF_DO)
    changed = await session.exec(
        sa.update(_table).where(_table.c.account_id == actor.account_id, _UNREAD).values(read_at=utcnow())
    )
    touch(session, topic(actor.account_id))
    return int(changed.rowcount)


async def delete_old(session: AsyncSession) -> None:
    """Remove what is older than ``KEPT``, read or not; run it often."""
    old = sa.select(_table.c.id).where(_table.c.created_at < utcnow() - KEPT).limit(_AT_ONCE)
    await session.exec(sa.delete(_table).where(_table.c.id.in_(old)))
