"""Accounts: how they come to be (set-up, registration, invitation, command line) and who may use them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple, TypedDict

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import take_turns, touch
from wapto_app.models import Account, AuditEntry, LinkPurpose, LoginSession, Role
from wapto_app.security.passwords import UNUSABLE
from wapto_app.security.permissions import Actor, Permission, permissions_of
from wapto_app.services import assignment, audit, links, sessions
from wapto_app.services.account_fields import clean_email, clean_locale, clean_name, clean_time_zone
from wapto_app.services.errors import Conflict, Invalid, NotFound
from wapto_app.services.plans import Limit, ensure_room, trial

TOPIC = "accounts"
# Any number that nothing else locks; PostgreSQL keeps these apart by number alone.
_LOCK = 0x77617074


class Person(NamedTuple):
    """Somebody who gets an account; check and hash the password with ``security.passwords``."""

    name: str
    email: str
    password_hash: str
    time_zone: str = "UTC"
    locale: str = "en"


class Access(TypedDict):
    """What a visitor without an account can do here."""

    setup_needed: bool
    registration_open: bool


class RegistrationClosed(Conflict):
    """There is an owner already, or the install is not set up yet."""

    def __init__(self) -> None:
        super().__init__("Registration is closed. Ask the owner of this workspace for an invitation.")


async def access(session: AsyncSession) -> Access:
    """Before the first account only the set-up link opens the house; then one owner may register."""
    return Access(setup_needed=not await _any_account(session), registration_open=await _needs_owner(session))


async def ensure_setup_link(session: AsyncSession) -> str | None:
    """The path of a fresh set-up link, or None when somebody has an account. Earlier links stop working."""
    if await _any_account(session):
        return None
    return links.path(LinkPurpose.SETUP, await links.issue(session, LinkPurpose.SETUP))


async def set_up(session: AsyncSession, token: str, person: Person, *, runs_business: bool) -> int:
    """Make the first account with the printed link: the admin, who may be the owner as well.

    Raises:
        LinkDead: when the link does not work.
        Conflict: when somebody was faster.
    """
    await alone(session)
    await links.use(session, LinkPurpose.SETUP, token)
    if await _any_account(session):
        raise Conflict("This install is already set up. Sign in.")
    return await create_admin(session, person, runs_business=runs_business)


async def create_admin(session: AsyncSession, person: Person, *, runs_business: bool = True) -> int:
    """Make an admin without a link: for whoever has a shell on the server.

    Raises:
        Invalid: when a field is wrong or the e-mail address is taken.
    """
    await alone(session)
    role = Role.OWNER if runs_business else Role.OPERATOR
    await links.withdraw(session, LinkPurpose.SETUP)
    return await _add(session, person, role, is_admin=True)


async def register(session: AsyncSession, person: Person) -> int:
    """Make the first owner. Of two that register at the same moment, one succeeds.

    Raises:
        RegistrationClosed: when there is an owner, or no operator yet.
    """
    await alone(session)
    if not await _needs_owner(session):
        raise RegistrationClosed
    account_id = await _add(session, person, Role.OWNER)
    await trial.start_for_first_owner(session, await _get(session, account_id))
    return account_id


async def invite(session: AsyncSession, actor: Actor, email: str) -> str:
    """Make an owner's account that waits for its person; returns the path of the invitation.

    Inviting the same address again replaces the link. Agents are invited by ``services.agents``.

    Raises:
        Invalid: when the address is none, or belongs to somebody who has joined already.
    """
    actor.require(Permission.ADMIN)
    await alone(session)
    account = await waiting_account(session, clean_email(email))
    account.role, account.team_id = Role.OWNER, None
    return await hand_out_invitation(session, actor, account)


async def waiting_account(session: AsyncSession, email: str) -> Account:
    """The account of somebody who is or will be invited, to be filled in.

    Raises:
        Invalid: when the address belongs to somebody who has joined already, or is deactivated.
    """
    account = (await session.exec(select(Account).where(Account.email == email))).first()
    if account is not None and account.password_hash != UNUSABLE:
        raise taken()
    if account is not None and not account.is_active:
        raise Invalid("email", "This person is deactivated. Activate the account first.")
    return account or Account(name=email[:120], email=email, password_hash=UNUSABLE)


async def hand_out_invitation(session: AsyncSession, actor: Actor, account: Account) -> str:
    """Store the account and make its link; earlier ones stop working. Callers have asked for the permission."""
    actor.require(Permission.SELF_DO)
    session.add(account)
    await session.flush()
    detail = {"email": account.email, "role": account.role.value}
    audit.record(session, actor, "account.invited", f"account:{account.id}", **detail)
    touch(session, TOPIC)
    return links.path(LinkPurpose.INVITE, await links.issue(session, LinkPurpose.INVITE, account.id))


def taken() -> Invalid:
    return Invalid("email", "Somebody with this e-mail address is already here.")


async def withdraw_invitation(session: AsyncSession, actor: Actor, account_id: int) -> None:
    """Remove an account that nobody has joined yet; its link stops working.

    Raises:
        Conflict: when the person has joined meanwhile.
    """
    actor.require(Permission.ADMIN)
    await alone(session)
    account = await _get(session, account_id)
    if account.password_hash != UNUSABLE:
        raise Conflict(f"{account.name} has joined meanwhile. Deactivate the account instead.")
    await session.delete(account)
    audit.record(session, actor, "account.invitation_withdrawn", f"account:{account_id}", email=account.email)
    touch(session, TOPIC)


async def invited(session: AsyncSession, token: str) -> str:
    """The e-mail address that an invitation is for. Raises LinkDead."""
    account = await _bearer(session, LinkPurpose.INVITE, token)
    return account.email


async def accept_invitation(session: AsyncSession, token: str, person: Person) -> int:
    """Join: the invited account gets its name and password. The address stays the invited one.

    Raises:
        LinkDead: when the invitation does not work.
    """
    await alone(session)
    account = await _bearer(session, LinkPurpose.INVITE, token)
    await links.use(session, LinkPurpose.INVITE, token)
    account.name = clean_name(person.name)
    account.password_hash = person.password_hash
    account.time_zone = clean_time_zone(person.time_zone)
    account.locale = clean_locale(person.locale)
    session.add(account)
    audit.record(session, as_actor(account), "account.joined", f"account:{account.id}")
    await trial.start_for_first_owner(session, account)
    touch(session, TOPIC, sessions.account_topic(account.id))
    return account.id or 0


async def access_link(session: AsyncSession, actor: Actor, account_id: int) -> str:
    """The path of a link that an admin hands over: a new password, or the invitation again.

    Raises:
        Conflict: when the account is deactivated.
    """
    actor.require(Permission.ADMIN)
    account = await _get(session, account_id)
    if not account.is_active:
        raise Conflict(f"{account.name} is deactivated. Activate the account first.")
    purpose = LinkPurpose.INVITE if account.password_hash == UNUSABLE else LinkPurpose.RESET
    audit.record(session, actor, f"account.{purpose.value}_issued", f"account:{account_id}")
    return links.path(purpose, await links.issue(session, purpose, account_id))


async def access_link_of(session: AsyncSession, actor: Actor, email: str) -> str:
    """The same for an e-mail address (command line). Raises NotFound, Conflict."""
    return await access_link(session, actor, await id_of(session, actor, email))


async def id_of(session: AsyncSession, actor: Actor, email: str) -> int:
    """Whose e-mail address this is (command line). Raises NotFound."""
    actor.require(Permission.ADMIN)
    found = await session.exec(select(Account.id).where(Account.email == clean_email(email)))
    account_id = found.first()
    if account_id is None:
        raise NotFound("account")
    return account_id


async def set_active(session: AsyncSession, actor: Actor, account_id: int, *, active: bool) -> str:
    """Let somebody in again, or out: their sessions end at once. Returns their name.

    Raises:
        Conflict: for the actor's own account, and for the last admin.
    """
    actor.require(Permission.ADMIN)
    if account_id == actor.account_id:
        raise Conflict("You cannot deactivate your own account.")
    account = await _get(session, account_id)
    await (let_in if active else let_out)(session, actor, account)
    return account.name


async def let_in(session: AsyncSession, actor: Actor, account: Account) -> None:
    """Callers have asked for the permission. Raises LimitReached when the plan has no seat left."""
    actor.require(Permission.SELF_DO)
    if account.is_active:
        return
    if account.role is Role.AGENT:
        await ensure_room(session, Limit.SEATS)
    account.is_active = True
    session.add(account)
    audit.record(session, actor, "account.activated", f"account:{account.id}")
    touch(session, TOPIC, sessions.account_topic(account.id))


async def let_out(session: AsyncSession, actor: Actor, account: Account) -> None:
    """Sign somebody out and give what they worked on to others; callers have asked for the permission."""
    actor.require(Permission.SELF_DO)
    account_id = account.id or 0
    if account.is_admin:
        await alone(session)
        await _keep_an_admin(session, account_id)
    await assignment.lock_held_by(session, account_id)
    account.is_active = False
    session.add(account)
    await session.flush()
    await links.withdraw(session, LinkPurpose.RESET, account_id)
    await sessions.end_sessions_of(session, account_id)
    await assignment.requeue_all(session, account_id)
    audit.record(session, actor, "account.deactivated", f"account:{account_id}")
    touch(session, TOPIC, sessions.account_topic(account_id))


async def set_admin(session: AsyncSession, actor: Actor, account_id: int, *, admin: bool) -> str:
    """Make somebody an admin, or an admin no admin any more. Returns their name.

    Raises:
        Conflict: for the actor's own account, for who has not joined or is deactivated, and for the last admin.
    """
    actor.require(Permission.ADMIN)
    await alone(session)
    account = await _get(session, account_id)
    if account_id == actor.account_id:
        raise Conflict("Ask another admin to change whether you are one.")
    if admin and (not account.is_active or account.password_hash == UNUSABLE):
        raise Conflict(f"{account.name} cannot sign in yet, and so cannot be an admin.")
    if not admin:
        await _keep_an_admin(session, account_id)
    account.is_admin = admin
    session.add(account)
    deed = "account.made_admin" if admin else "account.unmade_admin"
    audit.record(session, actor, deed, f"account:{account_id}")
    touch(session, TOPIC, sessions.account_topic(account_id))
    return account.name


async def _keep_an_admin(session: AsyncSession, leaving_id: int) -> None:
    """Raises Conflict when nobody else runs the install; of two admins who remove each other one stays."""
    others = await session.exec(
        select(Account.id)
        .where(col(Account.is_admin).is_(True), col(Account.is_active).is_(True), Account.id != leaving_id)
        .where(Account.password_hash != UNUSABLE)
        .limit(1)
    )
    if others.first() is None:
        raise Conflict("This is the last admin. Make somebody else an admin first.")


def as_actor(account: Account) -> Actor:
    """Somebody who has just proved who they are, for the audit log."""
    permissions = permissions_of(account.role, is_admin=account.is_admin)
    return Actor(account.id, account.role, account.name, account.is_admin, permissions)


async def alone(session: AsyncSession) -> None:
    """Two who make, rename or withdraw accounts at once take turns. SQLite's write transactions already do."""
    await take_turns(session, _LOCK)


async def _add(session: AsyncSession, person: Person, role: Role, *, is_admin: bool = False) -> int:
    email = clean_email(person.email)
    if (await session.exec(select(Account.id).where(Account.email == email))).first() is not None:
        raise taken()
    account = Account(
        name=clean_name(person.name),
        email=email,
        password_hash=person.password_hash,
        time_zone=clean_time_zone(person.time_zone),
        locale=clean_locale(person.locale),
        role=role,
        is_admin=is_admin,
    )
    session.add(account)
    await session.flush()
    detail = {"role": role.value, "is_admin": is_admin}
    audit.record(session, as_actor(account), "account.created", f"account:{account.id}", **detail)
    touch(session, TOPIC)
    return account.id or 0


async def _get(session: AsyncSession, account_id: int) -> Account:
    account = await session.get(Account, account_id)
    if account is None:
        raise NotFound("account")
    return account


async def _bearer(session: AsyncSession, purpose: LinkPurpose, token: str) -> Account:
    """The account that a link belongs to, if it may still come in."""
    account = await session.get(Account, await links.bearer(session, purpose, token))
    if account is None or not account.is_active:
        raise links.dead(purpose)
    return account


async def _any_account(session: AsyncSession) -> bool:
    return (await session.exec(select(Account.id).limit(1))).first() is not None


async def _needs_owner(session: AsyncSession) -> bool:
    """An operator is there and nobody owns or is invited to own the workspace."""
    if not await _any_account(session):
        return False
    return (await session.exec(select(Account.id).where(Account.role == Role.OWNER).limit(1))).first() is None


def holds(text: str) -> sa.ColumnElement[bool]:
    return sa.or_(
        col(Account.name).icontains(text, autoescape=True),
        col(Account.email).icontains(text, autoescape=True),
    )


def last_request() -> sa.ScalarSelect[datetime]:
    statement = select(sa.func.max(LoginSession.last_seen_at)).where(LoginSession.account_id == Account.id)
    return statement.correlate(Account).scalar_subquery()


def last_deed() -> sa.ScalarSelect[datetime]:
    """Signing out deletes a session, so the log knows more."""
    statement = select(AuditEntry.at).where(AuditEntry.account_id == Account.id)
    return statement.order_by(col(AuditEntry.id).desc()).limit(1).correlate(Account).scalar_subquery()


def last_seen(row: Any) -> str:
    """ISO 8601, from the columns ``last_request`` and ``last_deed`` of a row; empty for never."""
    seen = [at for at in (row.last_request, row.last_deed) if at is not None]
    return max(seen).isoformat() if seen else ""


def status_of(is_active: bool, is_invited: bool) -> str:
    if not is_active:
        return "deactivated"
    return "invited" if is_invited else "active"
