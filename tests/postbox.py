"""A real SMTP server (aiosmtpd) in a thread of its own, for tests of everything that sends mail."""

from __future__ import annotations

import asyncio
import email
import email.policy
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

USER, PASSWORD = "shop@example.com", "a secret of the shop"


@dataclass
class Postbox:
    """What has arrived; ``answers`` says what the server says instead of "ok" to an address (or to ``DATA``)."""

    port: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    mails: list[EmailMessage] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"smtp://127.0.0.1:{self.port}?from=Shop <{USER}>"

    def to(self, address: str) -> list[EmailMessage]:
        return [mail for mail in self.mails if mail["To"] == address]

    def text_of(self, mail: EmailMessage, kind: str = "plain") -> str:
        part = mail.get_body((kind,))
        assert part is not None
        return str(part.get_content())

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        envelope.mail_from = address
        return self.answers.get(address, "250 OK")

    async def handle_RCPT(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        answer = self.answers.get(address, "250 OK")
        if answer.startswith("250"):
            envelope.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        answer = self.answers.get("DATA", "250 OK")
        if answer.startswith("250"):
            content = envelope.content
            assert isinstance(content, bytes)
            self.mails.append(email.message_from_bytes(content, policy=email.policy.default))  # type: ignore[arg-type]
        return answer


def _authenticate(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: Any
) -> AuthResult:
    right = isinstance(given, LoginPassword) and (given.login, given.password) == (
        USER.encode(),
        PASSWORD.encode(),
    )
    return AuthResult(success=right, handled=right)


@contextmanager
def postbox(*, sign_in: bool = False) -> Iterator[Postbox]:
    """Take mails for as long as the block lasts; with ``sign_in`` only from who knows the password."""
    box, loop = Postbox(), asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()

    async def listen() -> asyncio.Server:
        def session() -> SMTP:
            warnings.filterwarnings("ignore", "Requiring AUTH")  # there is no certificate for 127.0.0.1
            return SMTP(
                box,
                enable_SMTPUTF8=True,
                hostname="postbox",
                loop=loop,
                authenticator=_authenticate if sign_in else None,
                auth_required=sign_in,
                auth_require_tls=False,
            )

        return await loop.create_server(session, "127.0.0.1", 0)

    server = asyncio.run_coroutine_threadsafe(listen(), loop).result(5)
    box.port = server.sockets[0].getsockname()[1]
    try:
        yield box
    finally:
        loop.call_soon_threadsafe(server.close)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(5)
