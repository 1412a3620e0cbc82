"""Two-factor login: a code of an authenticator app (TOTP, RFC 6238) after the password, recovery codes beside it.

Ask for the password before everything that changes it; the routes do.
"""

from __future__ import annotations

import hmac
import secrets
from typing import NamedTuple, TypedDict

import pyotp
import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.db import touch
from wapto_app.models import Account, RecoveryCode, TwoFactor
from wapto_app.models.base import table_of
from wapto_app.security import tickets
from wapto_app.security.permissions import Actor, Permission
from wapto_app.security.secrets import SecretBox, token_hash
from wapto_app.security.tickets import TicketDead
from wapto_app.services import audit, mail, rules, sessions
from wapto_app.services.errors import Conflict, Invalid, NotFound, SignedOut
from wapto_app.services.identity import insert_ignore

STEP_SECONDS = 30
# RFC 6238, 5.2: one step to either side for clocks that differ and people who type slowly.
_STEPS = (0, -1, 1)
RECOVERY_CODES = 10
# Without what is read wrongly; 16 of them are 79 bits.
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
_ISSUER = "Wapto"


class Status(TypedDict):
    """What the actor's own page shows. ``required``: the workspace asks for it."""

    on: bool
    since: str
    codes_left: int
    required: bool


class Setup(NamedTuple):
    """What the authenticator app needs: the secret to type, or the address that the QR code holds."""

    secret: str
    address: str


class WrongCode(Invalid):
    """The code is wrong, too old or used already: which, is not told."""

    def __init__(self) -> None:
        super().__init__("code", "This code is not right. Wait for the next one in your app and type that.")


async def is_on(session: AsyncSession, account_id: int) -> bool:
    """Whether an account must show a code after its password."""
    found = await session.exec(
        select(TwoFactor.account_id).where(
            TwoFactor.account_id == account_id, col(TwoFactor.confirmed_at).is_not(None)
        )
    )
    return found.first() is not None


async def status(session: AsyncSession, actor: Actor) -> Status:
    """How it stands with the actor's own."""
    actor.require(Permission.SIGNED_IN)
    own = await session.get(TwoFactor, actor.account_id)
    since = own.confirmed_at if own else None
    return Status(
        on=since is not None,
        since=since.isoformat() if since else "",
        codes_left=await _codes_left(session, actor.account_id or 0) if since else 0,
        required=await rules.needs_two_factor(session, actor.role),
    )


async def start(session: AsyncSession, actor: Actor, box: SecretBox) -> Setup:
    """Make a new secret; it counts once a code of it was shown (``confirm``).

    Raises:
        Conflict: when two-factor login is on already.
    """
    actor.require(Permission.SELF_DO)
    account = await _account(session, actor.account_id)
    secret = pyotp.random_base32()
    values = {"secret": box.seal(secret), "created_at": utcnow()}
    first = insert_ignore(session.get_bind().dialect.name, table_of(TwoFactor))
    await session.exec(first.values(account_id=account.id, last_used_step=0, **values))
    replaced = await session.exec(
        sa.update(TwoFactor)
        .where(col(TwoFactor.account_id) == account.id, col(TwoFactor.confirmed_at).is_(None))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if replaced.rowcount == 0:
        raise Conflict("Two-factor login is on already. Switch it off first to move it to another app.")
    return Setup(secret, pyotp.TOTP(secret).provisioning_uri(name=account.email, issuer_name=_ISSUER))


async def confirm(session: AsyncSession, actor: Actor, box: SecretBox, code: str) -> list[str]:
    """Switch it on with a first code of the app; returns the recovery codes, to be shown once.

    Whoever is signed in elsewhere with the password alone is signed out.

    Raises:
        WrongCode: when the code does not fit the secret of ``start``.
        Conflict: when there is none, or it is on already.
    """
    actor.require(Permission.SELF_DO)
    account_id = actor.account_id or 0
    own = await session.get(TwoFactor, account_id)
    if own is None or own.confirmed_at is not None:
        raise Conflict("Begin again: this set-up is not open any more.")
    if not await _use_step(session, own, box, _plain(code)):
        raise WrongCode
    await session.exec(
        sa.update(TwoFactor).where(col(TwoFactor.account_id) == account_id).values(confirmed_at=utcnow())
    )
    codes = await _new_codes(session, account_id)
    await sessions.end_sessions_of(session, account_id, keep=actor.session_id)
    audit.record(session, actor, "two_factor.switched_on", f"account:{account_id}")
    return codes


async def renew_codes(session: AsyncSession, actor: Actor) -> list[str]:
    """New recovery codes; the earlier ones stop working.

    Raises:
        Conflict: when two-factor login is off.
    """
    actor.require(Permission.SELF_DO)
    account_id = actor.account_id or 0
    if not await is_on(session, account_id):
        raise Conflict("Two-factor login is off. Set it up first.")
    codes = await _new_codes(session, account_id)
    audit.record(session, actor, "two_factor.codes_renewed", f"account:{account_id}")
    touch(session, sessions.account_topic(account_id))
    return codes


async def switch_off(session: AsyncSession, actor: Actor) -> None:
    """Sign in with the password alone again.

    Raises:
        Conflict: when the workspace asks for it.
    """
    actor.require(Permission.SELF_DO)
    if await rules.needs_two_factor(session, actor.role):
        raise Conflict("Your workspace asks for two-factor login. Only its owner can change that.")
    await _remove(session, actor.account_id or 0)
    audit.record(session, actor, "two_factor.switched_off", f"account:{actor.account_id}")


async def switch_off_for(session: AsyncSession, actor: Actor, account_id: int) -> str:
    """Help somebody who lost both the app and the codes, and tell them by mail; returns their name.

    Raises:
        Conflict: when it is off, or one's own.
    """
    actor.require(Permission.ADMIN)
    if account_id == actor.account_id:
        raise Conflict("Switch your own two-factor login off in your profile.")
    account = await _account(session, account_id)
    if not await is_on(session, account_id):
        raise Conflict(f"{account.name} does not use two-factor login.")
    await _remove(session, account_id)
    audit.record(session, actor, "two_factor.switched_off_by_admin", f"account:{account_id}")
    await mail.post(session, mail.two_factor_off(account.name), to=account.email, locale=account.locale)
    return account.name


async def challenge(session: AsyncSession, box: SecretBox, account_id: int) -> str | None:
    """After the right password: a ticket for whoever must show a code, None for who need not."""
    if not await is_on(session, account_id):
        return None
    account = await session.get_one(Account, account_id)
    return tickets.issue(box, account_id, account.password_hash)


async def answer(session: AsyncSession, box: SecretBox, ticket: str, code: str) -> tuple[int, int | None]:
    """Take the code of whoever holds the ticket.

    Returns:
        The account, and how many recovery codes are left when one was used (else None).

    Raises:
        TicketDead: when the ticket does not (or no longer) fit the account.
        WrongCode: when the code does not.
    """
    account_id = tickets.holder(box, ticket)
    account = await session.get(Account, account_id)
    if account is None or not account.is_active:
        raise TicketDead
    own = await session.get(TwoFactor, account_id)
    if own is None or own.confirmed_at is None:
        raise TicketDead  # switched off meanwhile: the password alone will do
    if not tickets.fits(box, ticket, account_id, account.password_hash):
        raise TicketDead
    plain = _plain(code)
    if await _use_step(session, own, box, plain):
        return account_id, None
    if await _use_recovery_code(session, account_id, plain):
        return account_id, await _codes_left(session, account_id)
    raise WrongCode


def _plain(code: str) -> str:
    """As people type it: with blanks and dashes, in any case."""
    return "".join(code.split()).replace("-", "").lower()


async def _use_step(session: AsyncSession, own: TwoFactor, box: SecretBox, code: str) -> bool:
    """Use the code up. Of two who show the same one at once, one succeeds."""
    totp = pyotp.TOTP(box.open(own.secret), interval=STEP_SECONDS)
    now = int(utcnow().timestamp()) // STEP_SECONDS
    fitting = [
        step
        for step in (now + offset for offset in _STEPS)
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode())
    ]
    if not fitting:
        return False
    used = await session.exec(
        sa.update(TwoFactor)
        .where(col(TwoFactor.account_id) == own.account_id, col(TwoFactor.last_used_step) < fitting[0])
        .values(last_used_step=fitting[0])
        .execution_options(synchronize_session=False)
    )
    return used.rowcount == 1


async def _use_recovery_code(session: AsyncSession, account_id: int, code: str) -> bool:
    used = await session.exec(
        sa.update(RecoveryCode)
        .where(
            col(RecoveryCode.account_id) == account_id,
            col(RecoveryCode.code_hash) == token_hash(code),
            col(RecoveryCode.used_at).is_(None),
        )
        .values(used_at=utcnow())
        .execution_options(synchronize_session=False)
    )
    return used.rowcount == 1


async def _new_codes(session: AsyncSession, account_id: int) -> list[str]:
    await session.exec(sa.delete(RecoveryCode).where(col(RecoveryCode.account_id) == account_id))
    codes = ["".join(secrets.choice(_ALPHABET) for _ in range(16)) for _ in range(RECOVERY_CODES)]
    session.add_all(RecoveryCode(account_id=account_id, code_hash=token_hash(code)) for code in codes)
    return ["-".join(code[at : at + 4] for at in range(0, 16, 4)) for code in codes]


async def _codes_left(session: AsyncSession, account_id: int) -> int:
    found = await session.exec(
        select(sa.func.count()).where(
            RecoveryCode.account_id == account_id, col(RecoveryCode.used_at).is_(None)
        )
    )
    return found.one()


async def _remove(session: AsyncSession, account_id: int) -> None:
    await session.exec(sa.delete(RecoveryCode).where(col(RecoveryCode.account_id) == account_id))
    await session.exec(sa.delete(TwoFactor).where(col(TwoFactor.account_id) == account_id))
    touch(session, sessions.account_topic(account_id), "accounts")


async def _account(session: AsyncSession, account_id: int | None) -> Account:
    account = await session.get(Account, account_id) if account_id else None
    if account is None:
        raise NotFound("account") if account_id else SignedOut
    return account
