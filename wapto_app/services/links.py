"""Links that work once: set-up, password reset, invitation. Only the hash of a link's token is stored."""

from __future__ import annotations

from datetime import timedelta

import sqlalchemy as sa
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.clock import utcnow
from wapto_app.models import LinkPurpose, OneTimeLink
from wapto_app.security.secrets import new_token, token_hash
from wapto_app.services import preferences
from wapto_app.services.errors import Conflict

LIFETIME = {
    LinkPurpose.SETUP: timedelta(days=1),
    LinkPurpose.RESET: timedelta(hours=1),
    LinkPurpose.INVITE: timedelta(days=7),
}
REGISTRATION = "registration"
"""Name of the preference that may say otherwise for invitations: ``{"invite_days": 7}``."""
_PATH = {
    LinkPurpose.SETUP: "/setup?token=",
    LinkPurpose.RESET: "/reset?token=",
    LinkPurpose.INVITE: "/invite/",
}


class LinkDead(Conflict):
    """The link was used, has expired, was replaced by a newer one, or never existed: which, is not told."""


class SetupLinkDead(LinkDead):
    def __init__(self) -> None:
        super().__init__("This set-up link was used or has expired. Restart the server: it prints a new one.")


class ResetLinkDead(LinkDead):
    def __init__(self) -> None:
        super().__init__("This link was used or has expired. Ask for a new one.")


class InvitationDead(LinkDead):
    def __init__(self) -> None:
        super().__init__("This invitation was used or has expired. Ask whoever invited you for a new one.")


_DEAD = {
    LinkPurpose.SETUP: SetupLinkDead,
    LinkPurpose.RESET: ResetLinkDead,
    LinkPurpose.INVITE: InvitationDead,
}


def dead(purpose: LinkPurpose) -> LinkDead:
    """The refusal for a link of this purpose, with what to do next."""
    return _DEAD[purpose]()


def path(purpose: LinkPurpose, token: str) -> str:
    """Where the link leads, without the host."""
    return _PATH[purpose] + token


async def issue(session: AsyncSession, purpose: LinkPurpose, account_id: int | None = None) -> str:
    """Make a link's token; an earlier unused link of the same purpose and account stops working."""
    await withdraw(session, purpose, account_id)
    token = new_token()
    session.add(
        OneTimeLink(
            purpose=purpose,
            token_hash=token_hash(token),
            account_id=account_id,
            expires_at=utcnow() + await lifetime(session, purpose),
        )
    )
    await session.flush()
    return token


async def lifetime(session: AsyncSession, purpose: LinkPurpose) -> timedelta:
    """How long a new link works."""
    if purpose is LinkPurpose.INVITE:
        chosen = await preferences.read(session, REGISTRATION)
        if days := chosen.get("invite_days"):
            return timedelta(days=days)
    return LIFETIME[purpose]


async def bearer(session: AsyncSession, purpose: LinkPurpose, token: str) -> int | None:
    """Whose link this is, without using it; None for the set-up link, which is nobody's.

    Raises:
        LinkDead: when it does not work (any more).
    """
    found = await session.exec(select(OneTimeLink.account_id).where(*_alive(purpose, token)))
    row = found.all()
    if not row:
        raise dead(purpose)
    return row[0]


async def use(session: AsyncSession, purpose: LinkPurpose, token: str) -> int | None:
    """Use the link up and return whose it is. Of two that try at once, one succeeds.

    Raises:
        LinkDead: when it does not work (any more).
    """
    statement = (
        sa.update(OneTimeLink)
        .where(*_alive(purpose, token))
        .values(used_at=utcnow())
        .returning(col(OneTimeLink.account_id))
    )
    row = (await session.exec(statement)).all()
    if not row:
        raise dead(purpose)
    account_id: int | None = row[0][0]
    return account_id


async def withdraw(session: AsyncSession, purpose: LinkPurpose, account_id: int | None = None) -> None:
    """Unused links of this purpose and account stop working."""
    await session.exec(
        sa.delete(OneTimeLink).where(
            col(OneTimeLink.purpose) == purpose,
            col(OneTimeLink.account_id).is_not_distinct_from(account_id),
            col(OneTimeLink.used_at).is_(None),
        )
    )


async def delete_expired(session: AsyncSession) -> None:
    """Remove links that nobody can use any more; run it daily."""
    await session.exec(
        sa.delete(OneTimeLink).where(col(OneTimeLink.expires_at) < utcnow() - timedelta(days=30))
    )


def _alive(purpose: LinkPurpose, token: str) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        col(OneTimeLink.token_hash) == token_hash(token),
        col(OneTimeLink.purpose) == purpose,
        col(OneTimeLink.used_at).is_(None),
        col(OneTimeLink.expires_at) > utcnow(),
    )
