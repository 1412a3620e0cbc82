"""How long invitations work, and the mail that carries one."""

from __future__ import annotations

from sqlmodel.ext.asyncio.session import AsyncSession

from wapto_app.db import touch
from wapto_app.models import LinkPurpose
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import audit, links, mail, preferences, profile
from wapto_app.services.account_fields import clean_email
from wapto_app.services.errors import Invalid
from wapto_app.settings import Settings

TOPIC = "registration"
MOST_DAYS = 30


async def mail_link(session: AsyncSession, actor: Actor, email: str, path: str, settings: Settings) -> bool:
    """Mail an invitation in the language of who invites; False without a mail server, where the link is handed over."""
    actor.require(Permission.SIGNED_IN)
    letter = mail.invitation(actor.name, path, days=await days(session))
    locale = (await profile.load(session, actor))["locale"]
    await mail.post(session, letter, to=clean_email(email), locale=locale)
    return await mail.is_on(session, settings)


async def days(session: AsyncSession) -> int:
    """How many days a new invitation works."""
    return (await links.lifetime(session, LinkPurpose.INVITE)).days


async def set_days(session: AsyncSession, actor: Actor, text: str) -> int:
    """Choose how many days new invitations work; those that are out keep their own time.

    Raises:
        Invalid: when it is no number from 1 to 30.
    """
    actor.require(Permission.ADMIN)
    text = text.strip()
    if not (text.isascii() and text.isdecimal() and len(text) < 4 and 1 <= int(text) <= MOST_DAYS):
        raise Invalid("invite_days", f"Write a number of days from 1 to {MOST_DAYS}.")
    await preferences.write(session, links.REGISTRATION, {"invite_days": int(text)})
    audit.record(session, actor, "registration.changed", invite_days=int(text))
    touch(session, TOPIC)
    return int(text)
