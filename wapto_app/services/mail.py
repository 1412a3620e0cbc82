"""Mails to people who have an account here."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from integrations.mail import BadMailServer, MailNotSent, MailServer
from wapto_app.log import get_logger
from wapto_app.services.sign_in import Reset
from wapto_app.settings import Settings

log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Mail:
    """One plain-text mail."""

    to: str
    subject: str
    text: str


def server_of(settings: Settings) -> MailServer | None:
    """The mail server to use; None when none is set, or its URL cannot be used (logged once)."""
    host = urlsplit(settings.base_url).hostname or "localhost"
    return _server(settings.smtp_url.get_secret_value(), f"Wapto <wapto@{host}>")


async def send(server: MailServer, mail: Mail) -> bool:
    """Send it; a failure is logged and told by False."""
    try:
        await server.send(mail.to, mail.subject, mail.text)
    except MailNotSent as error:
        log.error("mail.not_sent", subject=mail.subject, reason=str(error))
        return False
    return True


def reset(reset: Reset, base_url: str) -> Mail:
    """The mail with the link to a new password."""
    text = f"""Hello {reset.name},

somebody asked for a new password for your Wapto account. Choose one here within an hour:

{base_url}{reset.path}

If it was not you, do nothing: your password stays as it is.
"""
    return Mail(reset.email, "Choose a new password", text)


def invitation(email: str, path: str, base_url: str, inviter: str) -> Mail:
    """The mail that invites somebody to join."""
    text = f"""Hello,

{inviter} invites you to the Wapto workspace at {base_url}. Join within seven days:

{base_url}{path}
"""
    return Mail(email, f"{inviter} invites you to Wapto", text)


def email_changed(name: str, old: str, new: str) -> Mail:
    """Tells the old address that it does not sign in any more, in case its owner did not want that."""
    text = f"""Hello {name},

your Wapto account now signs in with {new} instead of this address.

If it was not you, ask the person who runs your Wapto for a link to a new password at once.
"""
    return Mail(old, "Your sign-in address has changed", text)


def two_factor_off(name: str, email: str) -> Mail:
    """Tells somebody that an admin has switched off their second factor."""
    text = f"""Hello {name},

the person who runs your Wapto has switched off two-factor login for your account. Your password alone signs you in now.

Set it up again in your profile. If you did not ask for this, tell them, and choose a new password at once.
"""
    return Mail(email, "Two-factor login is off", text)


@lru_cache(maxsize=8)
def _server(url: str, default_sender: str) -> MailServer | None:
    if not url:
        return None
    try:
        return MailServer.from_url(url, default_sender)
    except BadMailServer as error:
        log.error("mail.bad_server", reason=str(error))
        return None
