"""Login sessions: who is behind a cookie, and on which devices somebody is signed in.

Whatever ends a session or changes what an account may do touches ``account_topic``: each process then looks
its sessions up again (``security.cookies``), and the account's open tabs are woken.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import fetch, touch
from wapto_app.models import Account, LoginSession, Role, SessionView, Subscription, Team, Visibility
from wapto_app.models.plans import IS_CURRENT, LOCKING
from wapto_app.security.permissions import (
    EVERYBODY,
    WHILE_LOCKED,
    Actor,
    Duty,
    Permission,
    may_view,
    permissions_of,
    through_eyes_of,
)
from wapto_app.security.secrets import new_token, token_hash
from wapto_app.services import audit, devices, rules
from wapto_app.services.errors import NotFound

LIFETIME = timedelta(days=30)
SEEN_EVERY = timedelta(minutes=5)


class SessionRow(TypedDict):
    """One signed-in browser; times are ISO 8601 in UTC."""

    id: int
    device: str
    address: str
    signed_in_at: str
    last_seen_at: str
    is_this: bool


def account_topic(account_id: int | None) -> str:
    """What changes when the account's rights or sessions do."""
    return f"account:{account_id}"


def own_topics(actor: Actor) -> list[str]:
    """What changes when the rights of the actor do, or those of whoever looks through the actor's eyes."""
    return [account_topic(each) for each in (actor.account_id, actor.viewer_id) if each is not None]


async def actor_of_cookie(session: AsyncSession, token: str) -> Actor | None:
    """The actor behind a session cookie, or None when it is unknown, expired or its account deactivated.

    A session that looks through somebody's eyes is that somebody, without the right to change anything.
    """
    now = utcnow()
    found = await session.exec(
        select(LoginSession.id, LoginSession.account_id, SessionView.account_id, Account.must_change_password)
        .join(Account, col(Account.id) == col(LoginSession.account_id))
        .outerjoin(
            SessionView,
            sa.and_(col(SessionView.session_id) == col(LoginSession.id), col(SessionView.expires_at) > now),
        )
        .where(LoginSession.token_hash == token_hash(token), col(LoginSession.expires_at) > now)
    )
    row = found.first()
    if row is None:
        return None
    session_id, account_id, viewed_id, must_change_password = row
    actor = await actor_of_account(session, account_id, session_id)
    if actor is None:
        return None
    duty = await _duty(session, account_id, actor.role, must_change_password=must_change_password)
    if duty:
        return replace(actor, permissions=EVERYBODY, duty=duty)
    if viewed_id is None:
        return actor
    other = await actor_of_account(session, viewed_id)
    return through_eyes_of(other, actor) if other is not None and may_view(actor, other) else actor


async def actor_of_account(
    session: AsyncSession, account_id: int, session_id: int | None = None
) -> Actor | None:
    """An account with all its rights, or None when it is gone or deactivated."""
    found = await fetch(session, _people().where(col(Account.id) == account_id))
    return _actor(found[0], session_id) if found else None


async def colleagues(session: AsyncSession, limit: int) -> list[Actor]:
    """Everybody who works here, with their rights, by name."""
    query = _people().where(col(Account.role) != Role.OPERATOR)
    rows = await fetch(session, query.order_by(sa.func.lower(Account.name), col(Account.id)).limit(limit))
    return [_actor(row, None) for row in rows]


def _people() -> sa.Select[Any]:
    """Active accounts and what their rights are made of."""
    columns: list[Any] = [
        *(col(column) for column in (Account.id, Account.role, Account.name, Account.is_admin)),
        *(col(column) for column in (Account.hide_phone, Account.team_id)),
        *(col(column) for column in (Team.permissions, Team.visibility, Team.may_reassign)),
        is_locked().label("is_locked"),
    ]
    return (
        sa.select(*columns)
        .select_from(Account)
        .outerjoin(Team, sa.and_(col(Team.id) == col(Account.team_id), col(Team.is_active).is_(True)))
        .where(col(Account.is_active).is_(True))
    )


def _actor(row: Any, session_id: int | None) -> Actor:
    """An agent without a team, or whose team is switched off, may do next to nothing and sees what is theirs."""
    permissions = permissions_of(row.role, is_admin=row.is_admin, team=row.permissions or ())
    actor = Actor(
        account_id=row.id,
        role=row.role,
        name=row.name,
        is_admin=row.is_admin,
        permissions=permissions & WHILE_LOCKED if row.is_locked else permissions,
        session_id=session_id,
        is_locked=bool(row.is_locked),
    )
    if row.role is not Role.AGENT:
        return actor
    return replace(
        actor,
        visibility=row.visibility or Visibility.OWN,
        hide_phone=row.hide_phone,
        team_id=row.team_id,
        may_reassign=bool(row.may_reassign),
    )


async def _duty(session: AsyncSession, account_id: int, role: Role, *, must_change_password: bool) -> Duty:
    """A first password is replaced by one's own; then comes what the workspace asks for."""
    if must_change_password:
        return Duty.PASSWORD
    if await rules.lacks_two_factor(session, account_id, role):
        return Duty.TWO_FACTOR
    return Duty.NONE


def is_locked() -> sa.ColumnElement[bool]:
    """Whether the workspace has no plan that works, as a part of a query."""
    current = sa.select(sa.literal(1)).where(IS_CURRENT, col(Subscription.status).in_(LOCKING))
    return current.exists()


async def open_session(session: AsyncSession, account_id: int, *, address: str, user_agent: str) -> str:
    """Start a session and return the secret for its cookie; only its hash is stored."""
    token = new_token()
    session.add(
        LoginSession(
            account_id=account_id,
            token_hash=token_hash(token),
            address=address[:64],
            user_agent=user_agent[:255],
            expires_at=utcnow() + LIFETIME,
        )
    )
    touch(session, account_topic(account_id))
    await session.flush()
    return token


async def close_session(session: AsyncSession, token: str) -> None:
    """End the session of this cookie, if there is one."""
    await _end(session, col(LoginSession.token_hash) == token_hash(token))


async def list_sessions(session: AsyncSession, actor: Actor) -> list[SessionRow]:
    """Where the actor is signed in: this browser first, then the most recently seen.

    Whoever looks through somebody's eyes does not learn where that person is.
    """
    actor.require(Permission.SIGNED_IN)
    if actor.is_looking:
        return []
    found = await session.exec(
        select(  # type: ignore[call-overload]  # typed up to four columns
            LoginSession.id,
            LoginSession.user_agent,
            LoginSession.address,
            LoginSession.created_at,
            LoginSession.last_seen_at,
        )
        .where(LoginSession.account_id == actor.account_id, col(LoginSession.expires_at) > utcnow())
        .order_by(
            sa.case((col(LoginSession.id) == actor.session_id, 0), else_=1),
            col(LoginSession.last_seen_at).desc(),
        )
        .limit(50)
    )
    return [
        SessionRow(
            id=session_id or 0,
            device=devices.describe(user_agent),
            address=address,
            signed_in_at=created_at.isoformat(),
            last_seen_at=last_seen_at.isoformat(),
            is_this=session_id == actor.session_id,
        )
        for session_id, user_agent, address, created_at, last_seen_at in found
    ]


async def end_own_session(session: AsyncSession, actor: Actor, session_id: int) -> None:
    """Sign one of the actor's browsers out.

    Raises:
        NotFound: when it is nobody's or somebody else's.
    """
    actor.require(Permission.SELF_DO)
    ended = await _end(
        session, col(LoginSession.id) == session_id, col(LoginSession.account_id) == actor.account_id
    )
    if not ended:
        raise NotFound("session")
    audit.record(session, actor, "session.ended", f"session:{session_id}")


async def end_own_sessions(session: AsyncSession, actor: Actor) -> None:
    """Sign the actor out everywhere, here too."""
    actor.require(Permission.SELF_DO)
    ended = await _end(session, col(LoginSession.account_id) == actor.account_id)
    audit.record(session, actor, "session.ended_everywhere", f"account:{actor.account_id}", count=len(ended))


async def end_sessions_of(session: AsyncSession, account_id: int, *, keep: int | None = None) -> None:
    """End an account's sessions, except the one with the id ``keep``."""
    where = [col(LoginSession.account_id) == account_id]
    if keep is not None:
        where.append(col(LoginSession.id) != keep)
    await _end(session, *where)
    touch(session, account_topic(account_id))


async def delete_expired(session: AsyncSession) -> None:
    """Remove sessions that nobody can use any more; run it daily."""
    await session.exec(sa.delete(LoginSession).where(col(LoginSession.expires_at) < utcnow()))


def note_seen(connection: sa.Connection, session_ids: list[int]) -> Sequence[None]:
    """An operation of the writer: these sessions were used just now."""
    now = utcnow()
    connection.execute(
        sa.update(LoginSession)
        .where(col(LoginSession.id).in_(session_ids), col(LoginSession.last_seen_at) <= now - SEEN_EVERY)
        .values(last_seen_at=now)
    )
    return [None] * len(session_ids)


async def _end(session: AsyncSession, *where: sa.ColumnElement[bool]) -> list[int]:
    """Whose sessions were ended, one entry for each."""
    ended = await session.exec(sa.delete(LoginSession).where(*where).returning(col(LoginSession.account_id)))
    account_ids = [account_id for (account_id,) in ended.all()]
    touch(session, *map(account_topic, account_ids))
    return account_ids
