"""What stands behind the bell, and what an open browser shows on the desktop."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple, TypedDict

import sqlalchemy as sa
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import fetch
from wapto_app.models import Account, Contact, Conversation, Notification, NotificationKind
from wapto_app.models.base import table_of
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.contacts import shown_name
from wapto_app.services.inbox.conversations import phone_column, visible_text
from wapto_app.services.masking import Mask, Masks, masks
from wapto_app.services.notifications.choices import Way, wants
from wapto_app.services.visibility import readable

PAGE = 30
MOST = 300
COUNTED = 100
"""The bell says "99+" above."""
_ALERTS = 3
_ARGS = ("by", "title", "name", "what", "percent", "plan", "days", "created", "updated", "wrong")
# Spelled exactly as in the partial indexes, or SQLite does not use them.
_UNREAD = sa.text("notification.read_at IS NULL")
_HAS_UNREAD = sa.text("conversation.unread > 0")
_table = table_of(Notification)


class NotificationRow(TypedDict):
    """One line. ``customer`` is empty when there is none, or the reader may not see the conversation (any more)."""

    id: int
    kind: str
    args: dict[str, str]
    customer: str
    href: str
    at: str
    read: bool


class Alert(TypedDict):
    """What a browser shows on the desktop; ``customer`` and ``text`` are those of an inbound message."""

    id: str
    kind: str
    args: dict[str, str]
    customer: str
    text: str
    href: str


class Seen(NamedTuple):
    """Up to where a browser has shown what happened."""

    notification_id: int
    inbound_at: datetime


async def unread_count(session: AsyncSession, actor: Actor) -> int:
    """How many the actor has not read, counted up to ``COUNTED``."""
    actor.require(Permission.SIGNED_IN)
    unread = sa.select(_table.c.id).where(_table.c.account_id == actor.account_id, _UNREAD).limit(COUNTED)
    found = await fetch(session, sa.select(sa.func.count()).select_from(unread.subquery()))
    return int(found[0][0])


async def listing(session: AsyncSession, actor: Actor, *, limit: int = PAGE) -> list[NotificationRow]:
    """The actor's newest ones."""
    actor.require(Permission.SIGNED_IN)
    query = _rows(actor).order_by(_table.c.id.desc()).limit(min(limit, MOST))
    found = await fetch(session, query)
    hidden = await _masks(session, actor, found)
    return [_row(hidden, row) for row in found]


async def seen_so_far(session: AsyncSession, actor: Actor) -> Seen:
    """Where a browser that opens now begins: what is there already is not shouted."""
    actor.require(Permission.SIGNED_IN)
    newest = sa.select(sa.func.max(_table.c.id)).where(_table.c.account_id == actor.account_id)
    found = await fetch(session, newest)
    return Seen(found[0][0] or 0, utcnow())


async def alerts(session: AsyncSession, actor: Actor, seen: Seen) -> tuple[list[Alert], Seen]:
    """What has happened since, for who wants it on the desktop: the newest few, oldest first."""
    actor.require(Permission.SIGNED_IN)
    stored = await _stored(session, actor)
    if not stored.get("desktop"):
        return [], seen
    query = _rows(actor).where(_table.c.id > seen.notification_id, _UNREAD)
    rows = await fetch(session, query.order_by(_table.c.id.desc()).limit(_ALERTS))
    inbound = await _inbound(session, actor, stored, seen.inbound_at)
    hidden = await _masks(session, actor, [*rows, *inbound])
    told = [_alert(_row(hidden, row)) for row in rows if wants(stored, row.kind, Way.DESKTOP)]
    next_seen = Seen(
        max([seen.notification_id, *(row.id for row in rows)]),
        max([seen.inbound_at, *(row.last_inbound_at for row in inbound)]),
    )
    return [
        *reversed(told),
        *(_inbound_alert(hidden.of(row.contact_id), row) for row in reversed(inbound)),
    ], next_seen


async def _stored(session: AsyncSession, actor: Actor) -> Mapping[str, Any]:
    found = await fetch(
        session, sa.select(col(Account.notifications)).where(col(Account.id) == actor.account_id)
    )
    return found[0][0] if found else {}


async def _inbound(
    session: AsyncSession, actor: Actor, stored: Mapping[str, Any], since: datetime
) -> list[Any]:
    """Conversations with a new message that wait for the actor, or for anybody; the newest first."""
    wanted = wants(stored, NotificationKind.INBOUND_MESSAGE, Way.DESKTOP)
    if not wanted or not actor.may(Permission.INBOX_SEE):
        return []
    c = Conversation
    columns: list[Any] = [col(c.id), col(c.preview), col(c.preview_type), col(c.last_inbound_at)]
    query = (
        sa.select(*columns, *_names())
        .join(Contact, col(Contact.id) == col(c.contact_id))
        .where(
            _HAS_UNREAD,
            col(c.preview_outbound).is_(False),
            col(c.last_inbound_at) > since,
            sa.or_(col(c.assignee_id).is_(None), col(c.assignee_id) == actor.account_id),
            readable(actor),
        )
        .order_by(col(c.last_message_at).desc())
        .limit(_ALERTS)
    )
    return list(await fetch(session, query))


def _names() -> list[Any]:
    return [
        col(Contact.id).label("contact_id"),
        col(Contact.name).label("contact_name"),
        col(Contact.profile_name),
        col(Contact.username),
        phone_column().label("phone"),
    ]


def _rows(actor: Actor) -> sa.Select[Any]:
    n = _table.c
    own: list[Any] = [n.id, n.kind, n.args, n.href, n.conversation_id, n.created_at, n.read_at]
    sees = readable(actor) if actor.may(Permission.INBOX_SEE) else sa.false()
    visible = sa.and_(col(Conversation.id) == n.conversation_id, sees)
    return (
        sa.select(*own, col(Conversation.id).label("visible_id"), *_names())
        .select_from(_table)
        .outerjoin(Conversation, visible)
        .outerjoin(Contact, col(Contact.id) == col(Conversation.contact_id))
        .where(n.account_id == actor.account_id, n.shown.is_(True))
    )


async def _masks(session: AsyncSession, actor: Actor, rows: Sequence[Any]) -> Masks:
    return await masks(session, actor, [row.contact_id for row in rows if row.contact_id])


def _row(hidden: Masks, row: Any) -> NotificationRow:
    mask = hidden.of(row.contact_id or 0)
    is_hidden = row.conversation_id is not None and row.visible_id is None
    leads_there = row.href.startswith("/inbox")
    return NotificationRow(
        id=row.id,
        kind=NotificationKind(row.kind).value,
        args={name: mask.every(str(row.args.get(name, ""))) for name in _ARGS},
        customer=_customer(mask, row) if row.visible_id is not None else "",
        href="" if is_hidden and leads_there else row.href,
        at=row.created_at.isoformat(),
        read=row.read_at is not None,
    )


def _customer(mask: Mask, row: Any) -> str:
    names = mask.note(row.contact_name), mask.text(row.profile_name), mask.text(row.username)
    return shown_name(*names, mask.phone(row.phone))


def _alert(row: NotificationRow) -> Alert:
    return Alert(
        id=f"n{row['id']}",
        kind=row["kind"],
        args=row["args"],
        customer=row["customer"],
        text="",
        href=row["href"] or "/",
    )


def _inbound_alert(mask: Mask, row: Any) -> Alert:
    return Alert(
        id=f"m{row.id}:{row.last_inbound_at.isoformat()}",
        kind=NotificationKind.INBOUND_MESSAGE.value,
        args=dict.fromkeys(_ARGS, ""),
        customer=_customer(mask, row),
        text=visible_text(mask, row.preview_type, row.preview),
        href=f"/inbox/{row.id}",
    )
