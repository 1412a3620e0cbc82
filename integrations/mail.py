"""Sends plain-text mails through an SMTP server (RFC 5321, submission per RFC 6409)."""

from __future__ import annotations

from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, localtime, make_msgid, parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

import aiosmtplib

TIMEOUT = 20.0
_PORTS = {"smtp": 25, "smtp+starttls": 587, "smtps": 465}


class BadMailServer(ValueError):
    """The URL of the mail server cannot be used; the message says how to write it."""


class MailNotSent(Exception):
    """The server could not be reached, or refused the mail; the message gives its reason."""


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
        if parts.scheme not in _PORTS or not parts.hostname:
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
            port = parts.port or _PORTS[parts.scheme]
        except ValueError:
            raise BadMailServer("The port of the mail server must be a number up to 65535.") from None
        return cls(parts.hostname, port, parts.scheme, username, unquote(parts.password or ""), sender)

    async def send(self, to: str, subject: str, text: str) -> None:
        """Hand one mail over to the server.

        Raises:
            MailNotSent: when it did not take it.
        """
        try:
            await aiosmtplib.send(
                self._message(to, subject, text),
                hostname=self.host,
                port=self.port,
                username=self.username or None,
                password=self.password or None,
                use_tls=self.scheme == "smtps",
                start_tls=self.scheme == "smtp+starttls",
                timeout=TIMEOUT,
            )
        except (aiosmtplib.SMTPException, OSError, ValueError, IndexError, MessageError) as error:
            raise MailNotSent(str(error)) from error

    def _message(self, to: str, subject: str, text: str) -> EmailMessage:
        message = EmailMessage()
        name, sender = parseaddr(self.sender)
        message["From"] = Address(display_name=name, addr_spec=sender)
        message["To"] = Address(addr_spec=to)
        message["Subject"] = subject
        message["Date"] = format_datetime(localtime())
        message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
        # Tells out-of-office robots not to answer (RFC 3834).
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        return message
