"""What the workspace asks of everybody who signs in."""

from __future__ import annotations

from typing import Any, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import fetch, touch
from wapto_app.models import Account, Preference, Role, TwoFactor
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit

TOPIC = "sign-in-rules"
_NAME = "sign_in"
_AGENTS = "agents_two_factor"
_SHOWN = 500


class PersonRow(TypedDict):
    """Somebody who may sign in, and whether a code is asked for."""

    id: int
    name: str
    email: str
    role: str
    two_factor: bool


class Rules(TypedDict):
    """``agents_two_factor``: an agent without it may, after the password, only set it up."""

    agents_two_factor: bool
    people: list[PersonRow]


async def needs_two_factor(session: AsyncSession, role: Role) -> bool:
    """Whether the workspace asks for two-factor login from people of this role."""
    if role is not Role.AGENT:
        return False
    found = await session.exec(select(Preference.value).where(Preference.name == _NAME))
    return bool((found.first() or {}).get(_AGENTS))


async def lacks_two_factor(session: AsyncSession, account_id: int, role: Role) -> bool:
    """Whether the workspace asks for two-factor login and this account has none."""
    if not await needs_two_factor(session, role):
        return False
    on = await session.exec(
        select(TwoFactor.account_id).where(
            TwoFactor.account_id == account_id, col(TwoFactor.confirmed_at).is_not(None)
        )
    )
    return on.first() is None


async def load(session: AsyncSession, actor: Actor) -> Rules:
    """The rules, and everybody who may sign in, those without two-factor login first."""
    actor.require(Permission.SETTINGS_DO)
    on = sa.exists().where(
        col(TwoFactor.account_id) == col(Account.id), col(TwoFactor.confirmed_at).is_not(None)
    )
    columns: list[Any] = [col(Account.id), col(Account.name), col(Account.email), col(Account.role)]
    query = (
        sa.select(*columns, on.label("on"))
        .where(col(Account.is_active).is_(True), col(Account.role) != Role.OPERATOR)
        .order_by(sa.text("5"), sa.func.lower(col(Account.name)), col(Account.id))
        .limit(_SHOWN)
    )
    people = [
        PersonRow(id=row.id, name=row.name, email=row.email, role=row.role.value, two_factor=row.on)
        for row in await fetch(session, query)
    ]
    return Rules(agents_two_factor=await needs_two_factor(session, Role.AGENT), people=people)


async def ask_agents_for_two_factor(session: AsyncSession, actor: Actor, *, asked: bool) -> None:
    """Change the rule; agents without two-factor login can do nothing but set it up, at once."""
    actor.require(Permission.SETTINGS_DO)
    preference = await session.get(Preference, _NAME) or Preference(name=_NAME)
    preference.value = {**preference.value, _AGENTS: asked}
    session.add(preference)
    audit.record(session, actor, "rules.agents_two_factor", "", asked=asked)
    agents = await session.exec(select(Account.id).where(Account.role == Role.AGENT))
    touch(session, TOPIC, *(f"account:{account_id}" for account_id in agents))
