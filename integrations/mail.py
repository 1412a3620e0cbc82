"""Sends mails through an SMTP server (RFC 5321, submission per RFC 6409)."""

from __future__ import annotations

import os
import socket
import ssl
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, localtime, make_msgid, parseaddr
from enum import StrEnum
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

TIMEOUT = 20.0
PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}
"""What a scheme means: no TLS, TLS demanded after the greeting (RFC 3207), TLS from the start (RFC 8314)."""


class BadMailServer(ValueError):
    """The URL of the mail server cannot be used; the message says how to write it."""


class Trouble(StrEnum):
    """At which step a mail got stuck."""

    NAME = "name"
    CONNECTION = "connection"
    TLS = "tls"
    LOGIN = "login"
    SENDER = "sender"
    RECIPIENT = "recipient"
    OTHER = "other"


class MailNotSent(Exception):
    """The server could not be reached, or refused the mail; the message says what failed, and its own words."""

    def __init__(self, message: str, trouble: Trouble = Trouble.OTHER, *, is_final: bool = False) -> None:
        """``is_final``: the same mail would be refused again."""
        super().__init__(message)
        self.trouble = trouble
        self.is_final = is_final


@dataclass(frozen=True, slots=True)
class Mail:
    """What is sent. A mail that is tried again keeps its ``message_id``, so that a mailbox can drop a repetition."""

    to: str
    subject: str
    text: str
    html: str = ""
    message_id: str = ""


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where and as whom to send."""

    host: str
    port: int
    scheme: str
    username: str
    password: str = field(repr=False)
    sender: str

    @classmethod
    def from_url(cls, url: str, default_sender: str = "") -> MailServer:
        """Read ``smtp+starttls://user:password@host:587?from=shop@example.com``.

        Schemes: ``smtps`` (TLS from the start, port 465), ``smtp+starttls`` (TLS demanded, port 587),
        ``smtp`` (no TLS, port 25: a server on the same machine). Special characters in user and password are
        percent-encoded. The sender is ``from``, else the user when it is an address, else ``default_sender``.

        Raises:
            BadMailServer: when it cannot be used.
        """
        parts = urlsplit(url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise BadMailServer(
                "Write the mail server as smtp+starttls://user:password@host:587 or smtps://…"
            )
        username = unquote(parts.username or "")
        sender = parse_qs(parts.query).get("from", [username if "@" in username else default_sender])[0]
        if "@" not in parseaddr(sender)[1]:
            raise BadMailServer(
                "Say who mails come from: add ?from=shop@example.com to the mail server's URL."
            )
        try:
            port = parts.port or PORTS[parts.scheme]
        except ValueError:
            raise BadMailServer("The port of the mail server must be a number up to 65535.") from None
        return cls(parts.hostname, port, parts.scheme, username, unquote(parts.password or ""), sender)

    async def send(self, mail: Mail) -> None:
        """Hand one mail over to the server.

        Raises:
            MailNotSent: when it did not take it.
        """
        try:
            await aiosmtplib.send(
                self._message(mail),
                hostname=self.host,
                port=self.port,
                username=self.username or None,
                password=self.password or None,
                use_tls=self.scheme == "smtps",
                start_tls=self.scheme == "smtp+starttls",
                timeout=TIMEOUT,
            )
        except (aiosmtplib.SMTPException, OSError, ValueError, IndexError, MessageError) as error:
            raise self._explained(error) from error

    def _message(self, mail: Mail) -> EmailMessage:
        message = EmailMessage()
        name, sender = parseaddr(self.sender)
        message["From"] = Address(display_name=name, addr_spec=sender)
        message["To"] = Address(addr_spec=mail.to)
        message["Subject"] = mail.subject
        message["Date"] = format_datetime(localtime())
        domain = sender.rpartition("@")[2]
        message["Message-ID"] = (
            f"<{mail.message_id}@{domain}>" if mail.message_id else make_msgid(domain=domain)
        )
        # Tells out-of-office robots not to answer (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(mail.text)
        if mail.html:
            message.add_alternative(mail.html, subtype="html")
        return message

    def _explained(self, error: Exception) -> MailNotSent:
        """What failed in plain words, with what the server itself said."""
        cause = _deepest(error)
        where = f"{self.host}:{self.port}"
        if isinstance(cause, socket.gaierror):
            return MailNotSent(f"No server is called {self.host}. Check its name.", Trouble.NAME)
        if isinstance(cause, ssl.SSLError):
            return MailNotSent(f"{where} speaks no TLS that can be trusted: {_said(cause)}", Trouble.TLS)
        if isinstance(error, aiosmtplib.SMTPRecipientsRefused | aiosmtplib.SMTPResponseException):
            return self._refusal(error)
        if isinstance(cause, TimeoutError):
            return MailNotSent(f"{where} does not answer. Check host and port.", Trouble.CONNECTION)
        if "STARTTLS" in str(error):
            return MailNotSent(f"{where} offers no STARTTLS. Choose another kind of TLS.", Trouble.TLS)
        if "AUTH" in str(error):
            return MailNotSent(f"{where} offers no sign-in here. Choose TLS, or no user name.", Trouble.LOGIN)
        if isinstance(error, aiosmtplib.SMTPConnectError) or not isinstance(error, ValueError | MessageError):
            return MailNotSent(f"{where} cannot be reached: {_said(cause)}", Trouble.CONNECTION)
        return MailNotSent(f"This mail cannot be written: {_said(error)}", is_final=True)

    def _refusal(
        self, error: aiosmtplib.SMTPRecipientsRefused | aiosmtplib.SMTPResponseException
    ) -> MailNotSent:
        match error:
            case aiosmtplib.SMTPRecipientsRefused():
                first = error.recipients[0]
                text = f"The server does not take mail for {first.recipient}: {_said(first)}"
                return MailNotSent(text, Trouble.RECIPIENT, is_final=first.code >= 500)
            case aiosmtplib.SMTPAuthenticationError():
                return MailNotSent(f"The server refused user name or password: {_said(error)}", Trouble.LOGIN)
            case aiosmtplib.SMTPSenderRefused():
                text = f"The server does not take mail from {self.sender}: {_said(error)}"
                return MailNotSent(text, Trouble.SENDER)
        return MailNotSent(f"The server refused: {_said(error)}", is_final=error.code in _FINAL)


# RFC 5321: the content itself is refused (too large, policy).
_FINAL = frozenset({552, 554})


def _deepest(error: BaseException) -> BaseException:
    while (below := error.__cause__ or error.__context__) is not None:
        error = below
    return error


def _said(error: BaseException) -> str:
    """The server's own words on one line."""
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return " ".join(f"{error.code} {error.message}".split())[:200]
    text = getattr(error, "verify_message", "") or str(error)
    if isinstance(error, OSError) and error.errno and not isinstance(error, ssl.SSLError):
        text = os.strerror(error.errno)  # asyncio puts its own words in the place of the system's
    return " ".join((text or type(error).__name__).split())[:200]
