"""Everybody who may sign in, for the admin's eyes: searched, filtered, page by page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch
from wapto_app.models import Account, AuditEntry, LoginSession, Role, Team
from wapto_app.security.passwords import UNUSABLE
from wapto_app.security.permissions import Actor, Permission

PAGE = 50
Cursor = tuple[str, int]
"""Name (as the database lowers it) and id of the last account of a page."""


class AccountRow(TypedDict):
    """One line of the table. ``status`` is active, invited or deactivated; times are ISO 8601.

    ``may_view``: the admin may look through this account's eyes.
    """

    id: int
    name: str
    email: str
    role: str
    team: str
    is_admin: bool
    status: str
    last_seen_at: str
    is_me: bool
    may_view: bool


class AccountPage(TypedDict):
    """``next`` is where the next page begins; None on the last one. ``total`` counts what the filter lets through."""

    rows: list[AccountRow]
    next: Cursor | None
    total: int


@dataclass(frozen=True, slots=True)
class Filter:
    """What to show: a part of the name or address, a role (or ``admin``), a status.

    Empty texts let everything through, and so do roles and statuses that do not exist.
    """

    search: str = ""
    role: str = ""
    status: str = ""


async def listing(
    session: AsyncSession, actor: Actor, wanted: Filter | None = None, *, after: Cursor | None = None
) -> AccountPage:
    """A page of accounts by name; ``after`` is the ``next`` of the page before."""
    actor.require(Permission.ADMIN)
    where = _conditions(wanted or Filter())
    total = (await session.exec(select(sa.func.count()).select_from(Account).where(*where))).one()
    name = sa.func.lower(Account.name)
    query = _rows().where(*where).order_by(name, col(Account.id)).limit(PAGE + 1)
    if after is not None:
        query = query.where(
            sa.tuple_(name, col(Account.id)) > sa.tuple_(sa.literal(after[0]), sa.literal(after[1]))
        )
    found = await fetch(session, query)
    rows, last = [_row(row, actor) for row in found[:PAGE]], found[:PAGE][-1:]
    return AccountPage(
        rows=rows, next=(last[0].sort_name, last[0].id) if len(found) > PAGE else None, total=total
    )


def _rows() -> sa.Select[Any]:
    columns: list[Any] = [
        *(col(column) for column in (Account.id, Account.name, Account.email, Account.role)),
        *(col(column) for column in (Account.is_admin, Account.is_active)),
        col(Team.name).label("team"),
        sa.func.lower(Account.name).label("sort_name"),
        _is_invited().label("is_invited"),
        _last_request().label("last_request"),
        _last_deed().label("last_deed"),
    ]
    return sa.select(*columns).outerjoin(Team, col(Team.id) == col(Account.team_id))


def _conditions(wanted: Filter) -> list[sa.ColumnElement[bool]]:
    conditions = []
    if search := wanted.search.strip():
        holds = (col(column).icontains(search, autoescape=True) for column in (Account.name, Account.email))
        conditions.append(sa.or_(*holds))
    if wanted.role == "admin":
        conditions.append(col(Account.is_admin).is_(True))
    elif wanted.role in tuple(Role):
        conditions.append(col(Account.role) == Role(wanted.role))
    if wanted.status in ("active", "invited"):
        conditions += [col(Account.is_active).is_(True), _is_invited() == (wanted.status == "invited")]
    elif wanted.status == "deactivated":
        conditions.append(col(Account.is_active).is_(False))
    return conditions


def _is_invited() -> sa.ColumnElement[bool]:
    return col(Account.password_hash) == UNUSABLE


def _last_request() -> sa.ScalarSelect[datetime]:
    statement = select(sa.func.max(LoginSession.last_seen_at)).where(LoginSession.account_id == Account.id)
    return statement.correlate(Account).scalar_subquery()


def _last_deed() -> sa.ScalarSelect[datetime]:
    """Signing out deletes a session, so the log knows more."""
    statement = select(AuditEntry.at).where(AuditEntry.account_id == Account.id)
    return statement.order_by(col(AuditEntry.id).desc()).limit(1).correlate(Account).scalar_subquery()


def _row(row: Any, actor: Actor) -> AccountRow:
    seen = [at for at in (row.last_request, row.last_deed) if at is not None]
    is_me = row.id == actor.account_id
    return AccountRow(
        id=row.id,
        name=row.name,
        email=row.email,
        role=row.role.value,
        team=row.team or "",
        is_admin=row.is_admin,
        status=_status(row.is_active, row.is_invited),
        last_seen_at=max(seen).isoformat() if seen else "",
        is_me=is_me,
        may_view=row.is_active and not row.is_admin and not is_me,
    )


def _status(is_active: bool, is_invited: bool) -> str:
    if not is_active:
        return "deactivated"
    return "invited" if is_invited else "active"
