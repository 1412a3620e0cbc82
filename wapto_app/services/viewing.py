"""Looking at the workspace through somebody else's eyes: an owner through an agent's, an admin through anybody's.

The login session carries it, so it holds for every tab of that browser and for the routes. What the actor is
meanwhile is decided by ``sessions.actor_of_cookie``.
"""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import Account, AuditEntry, LoginSession, SessionView
from wapto_app.security.permissions import Actor, Permission, may_view
from wapto_app.services import audit, sessions
from wapto_app.services.errors import Conflict, Forbidden, NotFound

LASTS = timedelta(minutes=30)
"""Whoever forgets to stop is themselves again after this time."""
_AT_ONCE = 500


async def start(session: AsyncSession, actor: Actor, account_id: int, *, return_to: str = "") -> Actor:
    """Look through the eyes of an account for ``LASTS``; returns what is seen from now on.

    Raises:
        OnlyLooking: for who looks through somebody's eyes already.
        Forbidden: for whose account this actor may not look at.
        NotFound, Conflict: the account is not there, or deactivated.
    """
    actor.require(Permission.SELF_DO)
    other = await _other(session, account_id)
    if actor.session_id is None or not may_view(actor, other):
        raise Forbidden("view")
    now = utcnow()
    await session.exec(sa.delete(SessionView).where(col(SessionView.session_id) == actor.session_id))
    view = SessionView(
        session_id=actor.session_id, account_id=account_id, return_to=return_to[:255], expires_at=now + LASTS
    )
    session.add(view)
    audit.record(session, actor, "view.started", f"account:{account_id}", name=other.name)
    touch(session, sessions.account_topic(actor.account_id))
    return other


async def stop(session: AsyncSession, actor: Actor) -> str:
    """Be oneself again; returns the page where the looking began. Nothing happens when it has ended already."""
    actor.require(Permission.SIGNED_IN)
    ended = await session.exec(
        sa.delete(SessionView)
        .where(col(SessionView.session_id) == actor.session_id)
        .returning(col(SessionView.account_id), col(SessionView.return_to))
    )
    row = ended.first()
    if row is None:
        return ""
    audit.record(session, actor, "view.stopped", f"account:{row[0]}")
    touch(session, sessions.account_topic(actor.viewer_id or actor.account_id))
    return str(row[1])


async def end_expired(session: AsyncSession) -> int:
    """The tick: end what has lasted long enough, so that open tabs learn of it. How many there were."""
    due = (
        sa.select(col(SessionView.session_id)).where(col(SessionView.expires_at) <= utcnow()).limit(_AT_ONCE)
    )
    ended = await session.exec(
        sa.delete(SessionView)
        .where(col(SessionView.session_id).in_(due))
        .returning(col(SessionView.session_id), col(SessionView.account_id))
    )
    viewed: dict[int, int] = dict(map(tuple, ended.all()))
    if not viewed:
        return 0
    viewers = await session.exec(
        select(LoginSession.id, LoginSession.account_id).where(col(LoginSession.id).in_(viewed))
    )
    for session_id, viewer_id in viewers.all():
        session.add(
            AuditEntry(
                account_id=viewer_id, action="view.expired", target=f"account:{viewed[session_id or 0]}"
            )
        )
        touch(session, sessions.account_topic(viewer_id))
    return len(viewed)


async def _other(session: AsyncSession, account_id: int) -> Actor:
    account = await session.get(Account, account_id)
    if account is None:
        raise NotFound("account")
    other = await sessions.actor_of_account(session, account_id)
    if other is None:
        raise Conflict(f"{account.name} is deactivated, and sees nothing.")
    return other
