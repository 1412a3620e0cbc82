"""Signing in and out, and the way back in for who forgot the password."""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import NamedTuple
from urllib.parse import quote

from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import Account, LinkPurpose, Role
from wapto_app.security.passwords import UNUSABLE
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, links, sessions
from wapto_app.services.accounts import as_actor
from wapto_app.services.errors import DomainError, Invalid

_FIRST_PAGES = (
    (Permission.INBOX_SEE, "/inbox"),
    (Permission.CONTACTS_SEE, "/contacts"),
    (Permission.CAMPAIGNS_SEE, "/campaigns"),
    (Permission.TEAMS_SEE, "/agents"),
    (Permission.REPORTS_SEE, "/review"),
    (Permission.MEDIA_SEE, "/media-library"),
    (Permission.TEMPLATES_SEE, "/templates"),
    (Permission.INTEGRATIONS_SEE, "/integrations"),
    (Permission.ADMIN, "/admin/accounts"),
)


class Door(StrEnum):
    """The two tabs of the sign-in page."""

    USER = "user"
    AGENT = "agent"


class Credentials(NamedTuple):
    """What a sign-in is checked against, read before the password is hashed."""

    account_id: int
    password_hash: str
    role: Role
    is_admin: bool
    is_active: bool


class Reset(NamedTuple):
    """A link to mail to whoever forgot the password."""

    name: str
    email: str
    path: str
    locale: str = "en"


class WrongCredentials(DomainError):
    """Which of the two was wrong is not told, and neither whether the account exists."""

    def __init__(self) -> None:
        super().__init__("The e-mail address or the password is not right.")


def home(permissions: Collection[Permission]) -> str:
    """Where somebody starts after signing in: the first page that they may see, at least their own profile."""
    return next((page for needed, page in _FIRST_PAGES if needed in permissions), "/profile")


def safe_path(path: str) -> str:
    """A page of this site to go to after signing in, or an empty text: nobody may be led elsewhere."""
    is_ours = path.startswith("/") and not path.startswith("//") and "\\" not in path and path.isprintable()
    return path if is_ours else ""


def login_path(wanted: str) -> str:
    """The sign-in page, and back to the wanted page afterwards."""
    is_worth_it = safe_path(wanted) and wanted not in ("/", "/login", "/inbox")
    return f"/login?next={quote(wanted)}" if is_worth_it else "/login"


def code_path(wanted: str) -> str:
    """The page that asks for the second factor, and the wanted page after it."""
    return f"/login/code?next={quote(safe_path(wanted))}" if safe_path(wanted) else "/login/code"


def landing(actor: Actor, wanted: str = "") -> str:
    """Where somebody goes once they are in: to their duty, to the page they wanted, or home."""
    return actor.duty.path or safe_path(wanted) or home(actor.permissions)


async def credentials(session: AsyncSession, email: str) -> Credentials | None:
    """For a clean e-mail address; None when nobody has it."""
    found = await session.exec(
        select(  # type: ignore[call-overload]  # typed up to four columns
            Account.id, Account.password_hash, Account.role, Account.is_admin, Account.is_active
        ).where(Account.email == email)
    )
    row = found.first()
    return Credentials(*row) if row else None


def check_door(known: Credentials, door: Door) -> None:
    """Ask only after the password was right: the hint tells what kind of account it is.

    Raises:
        Invalid: when the account belongs to the other tab.
        DomainError: when it is deactivated.
    """
    if not known.is_active:
        raise DomainError("This account is deactivated. Ask the owner of the workspace to activate it.")
    own = Door.AGENT if known.role is Role.AGENT and not known.is_admin else Door.USER
    if own is door:
        return
    if own is Door.AGENT:
        raise Invalid("door", "This is an agent's account. Choose “Agent login” above and sign in there.")
    raise Invalid("door", "This is not an agent's account. Choose “User login” above and sign in there.")


async def admit(session: AsyncSession, known: Credentials, *, new_hash: str | None) -> None:
    """The password was right. ``new_hash`` replaces an outdated one.

    Raises:
        WrongCredentials: when password or account changed since they were checked.
    """
    account = await session.get(Account, known.account_id)
    if account is None or not account.is_active or account.password_hash != known.password_hash:
        raise WrongCredentials
    if new_hash is not None:
        account.password_hash = new_hash
        session.add(account)
        await session.flush()


async def enter(session: AsyncSession, account_id: int, *, address: str, user_agent: str) -> str:
    """Open a session for somebody who has proved who they are, and note it."""
    account = await session.get_one(Account, account_id)
    audit.record(session, as_actor(account), "account.signed_in", f"account:{account_id}", address=address)
    return await sessions.open_session(session, account_id, address=address, user_agent=user_agent)


async def request_reset(session: AsyncSession, email: str) -> Reset | None:
    """Make a link for a clean e-mail address; None when nobody may reset a password with it."""
    account = (await session.exec(select(Account).where(Account.email == email))).first()
    if account is None or not account.is_active or account.password_hash == UNUSABLE:
        return None
    audit.record(session, as_actor(account), "account.reset_requested", f"account:{account.id}")
    token = await links.issue(session, LinkPurpose.RESET, account.id)
    return Reset(account.name, account.email, links.path(LinkPurpose.RESET, token), account.locale)


async def resetting(session: AsyncSession, token: str) -> tuple[str, str]:
    """Name and e-mail address of whom a reset link is for. Raises LinkDead."""
    account = await _bearer(session, token)
    return account.name, account.email


async def reset_password(session: AsyncSession, token: str, password_hash: str) -> None:
    """Set a new password with a link; every session of the account ends.

    Raises:
        LinkDead: when the link does not work.
    """
    account = await _bearer(session, token)
    await links.use(session, LinkPurpose.RESET, token)
    account.password_hash = password_hash
    account.password_changed_at = utcnow()
    account.must_change_password = False
    session.add(account)
    await sessions.end_sessions_of(session, account.id or 0)
    audit.record(session, as_actor(account), "account.password_reset", f"account:{account.id}")
    touch(session, sessions.account_topic(account.id))


async def _bearer(session: AsyncSession, token: str) -> Account:
    account = await session.get(Account, await links.bearer(session, LinkPurpose.RESET, token))
    if account is None or not account.is_active:
        raise links.dead(LinkPurpose.RESET)
    return account
