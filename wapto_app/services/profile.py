"""What people change about their own account."""

from __future__ import annotations

from typing import TypedDict

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import Account, LinkPurpose
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, links, sessions
from wapto_app.services.account_fields import clean_email, clean_locale, clean_name, clean_time_zone
from wapto_app.services.accounts import TOPIC, alone
from wapto_app.services.errors import Invalid, SignedOut


class Profile(TypedDict):
    """The actor's own account."""

    name: str
    email: str
    role: str
    is_admin: bool
    locale: str
    time_zone: str


async def load(session: AsyncSession, actor: Actor) -> Profile:
    """The actor's own account."""
    account = await _own(session, actor)
    return Profile(
        name=account.name,
        email=account.email,
        role=account.role.value,
        is_admin=account.is_admin,
        locale=account.locale,
        time_zone=account.time_zone,
    )


async def update(session: AsyncSession, actor: Actor, *, name: str, locale: str, time_zone: str) -> None:
    """Change what needs no password.

    Raises:
        Invalid: naming the field.
    """
    actor.require(Permission.SELF_DO)
    account = await _own(session, actor)
    account.name = clean_name(name)
    account.locale = clean_locale(locale)
    account.time_zone = clean_time_zone(time_zone)
    session.add(account)
    audit.record(session, actor, "account.profile_changed", f"account:{account.id}")
    touch(session, TOPIC, sessions.account_topic(account.id))


async def password_hash(session: AsyncSession, actor: Actor) -> tuple[str, tuple[str, str]]:
    """The hash to check the current password against, and the words that a new one must not be made of."""
    actor.require(Permission.SELF_DO)
    account = await _own(session, actor)
    return account.password_hash, (account.name, account.email)


async def change_email(session: AsyncSession, actor: Actor, email: str) -> None:
    """Change the address to sign in with; ask for the password first.

    Raises:
        Invalid: when it is no address, or somebody else's.
    """
    actor.require(Permission.SELF_DO)
    await alone(session)
    account = await _own(session, actor)
    email = clean_email(email)
    other = await session.exec(select(Account.id).where(Account.email == email, Account.id != account.id))
    if other.first() is not None:
        raise Invalid("email", "Somebody else here signs in with this e-mail address.")
    audit.record(
        session, actor, "account.email_changed", f"account:{account.id}", old=account.email, new=email
    )
    account.email = email
    session.add(account)
    await links.withdraw(session, LinkPurpose.RESET, account.id)
    touch(session, TOPIC, sessions.account_topic(account.id))


async def change_password(session: AsyncSession, actor: Actor, new_hash: str) -> None:
    """Change the password; ask for the current one first. The actor's other sessions end."""
    actor.require(Permission.SELF_DO)
    account = await _own(session, actor)
    account.password_hash = new_hash
    account.password_changed_at = utcnow()
    session.add(account)
    await links.withdraw(session, LinkPurpose.RESET, account.id)
    await sessions.end_sessions_of(session, account.id or 0, keep=actor.session_id)
    audit.record(session, actor, "account.password_changed", f"account:{account.id}")


async def _own(session: AsyncSession, actor: Actor) -> Account:
    actor.require(Permission.SIGNED_IN)
    account = await session.get(Account, actor.account_id) if actor.account_id else None
    if account is None:
        raise SignedOut
    return account
