"""The mail client against a small SMTP server."""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from email.message import EmailMessage

import pytest

from integrations.mail import BadMailServer, Mail, MailNotSent, MailServer, Trouble
from tests.postbox import PASSWORD, USER, postbox


class Server:
    """Speaks enough SMTP to take a mail; ``refuse`` answers one verb with a 5xx."""

    def __init__(self, refuse: str = "") -> None:
        self.refuse = refuse
        self.mails: list[EmailMessage] = []
        self.envelopes: list[str] = []
        self.logins: list[bytes] = []
        self.port = 0

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 test\r\n")
        while line := (await reader.readline()).decode().strip():
            verb = line.split()[0].upper()
            if verb == self.refuse:
                writer.write(b"550 5.7.1 not wanted here\r\n")
            elif verb == "EHLO":
                writer.write(b"250-test\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 AUTH PLAIN\r\n")
            elif verb == "AUTH":
                self.logins.append(base64.b64decode(line.split()[2]))
                writer.write(b"235 ok\r\n")
            elif verb == "DATA":
                writer.write(b"354 go on\r\n")
                raw = (await reader.readuntil(b"\r\n.\r\n"))[:-5].replace(b"\r\n..", b"\r\n.")
                self.mails.append(email.message_from_bytes(raw, policy=email.policy.default))
                writer.write(b"250 taken\r\n")
            elif verb == "QUIT":
                writer.write(b"221 bye\r\n")
                break
            else:
                self.envelopes.append(line)
                writer.write(b"250 ok\r\n")
        writer.close()


@asynccontextmanager
async def smtp(refuse: str = "") -> AsyncIterator[Server]:
    server = Server(refuse)
    listening = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    server.port = listening.sockets[0].getsockname()[1]
    async with listening:
        yield server


async def test_mail_arrives_whole() -> None:
    async with smtp() as server:
        client = MailServer.from_url(f"smtp://127.0.0.1:{server.port}?from=Wapto <wapto@shop.example>")
        text = "Grüße, Olga!\n.\nhttps://shop.example/x"
        await client.send(Mail("olga@example.com", "Choose a new password", text, message_id="m-7"))
    [mail] = server.mails
    assert (mail["To"], mail["From"]) == ("olga@example.com", "Wapto <wapto@shop.example>")
    assert mail["Subject"] == "Choose a new password"
    assert mail["Message-ID"] == "<m-7@shop.example>"
    assert mail["Date"] is not None
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().replace("\r\n", "\n").strip() == "Grüße, Olga!\n.\nhttps://shop.example/x"
    assert "RCPT TO:<olga@example.com>" in server.envelopes


async def test_user_and_password_are_decoded_and_sent() -> None:
    async with smtp() as server:
        client = MailServer.from_url(f"smtp://olga%40shop.example:p%40ss%2Fword@127.0.0.1:{server.port}")
        await client.send(Mail("ben@example.com", "Hello", "text"))
    assert server.logins == [b"\0olga@shop.example\0p@ss/word"]
    assert server.mails[0]["From"] == "olga@shop.example"


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "AUTH"])
async def test_refusal_gives_the_servers_reason(verb: str) -> None:
    async with smtp(refuse=verb) as server:
        client = MailServer.from_url(f"smtp://a%40b.example:x@127.0.0.1:{server.port}")
        with pytest.raises(MailNotSent, match="not wanted here"):
            await client.send(Mail("ben@example.com", "Hello", "text"))
    assert server.mails == []


async def test_password_is_never_sent_without_the_demanded_encryption() -> None:
    async with smtp() as server:
        client = MailServer.from_url(f"smtp+starttls://a%40b.example:secret@127.0.0.1:{server.port}")
        with pytest.raises(MailNotSent):
            await client.send(Mail("ben@example.com", "Hello", "text"))
    assert server.logins == []


async def test_server_that_is_away_is_told() -> None:
    client = MailServer.from_url("smtp://127.0.0.1:9?from=a@b.example")
    with pytest.raises(MailNotSent):
        await client.send(Mail("ben@example.com", "Hello", "text"))


async def test_mail_with_a_simple_page_has_both_parts() -> None:
    with postbox() as box:
        await MailServer.from_url(box.url).send(Mail("ben@example.com", "Hello", "text", "<p>page</p>"))
    [mail] = box.mails
    assert mail.get_content_type() == "multipart/alternative"
    assert (box.text_of(mail).strip(), box.text_of(mail, "html").strip()) == ("text", "<p>page</p>")


def server_at(port: int, scheme: str = "smtp", *, host: str = "127.0.0.1", login: bool = False) -> MailServer:
    return MailServer(host, port, scheme, USER if login else "", "wrong" if login else "", USER)


async def trouble_of(server: MailServer, to: str = "ben@example.com") -> MailNotSent:
    with pytest.raises(MailNotSent) as caught:
        await server.send(Mail(to, "Hello", "text"))
    return caught.value


async def test_trouble_says_plainly_what_failed() -> None:
    """The name, the connection, TLS, the login, the sender, the recipient: each by itself."""
    with postbox() as open_box, postbox(sign_in=True) as box:
        no_name = await trouble_of(server_at(25, host="no-such-host.invalid"))
        away = await trouble_of(server_at(9))
        no_starttls = await trouble_of(server_at(open_box.port, "smtp+starttls"))
        no_tls = await trouble_of(server_at(open_box.port, "smtps"))
        wrong = await trouble_of(server_at(box.port, login=True))
        open_box.answers[USER] = "550 not yours"
        refused = await trouble_of(server_at(open_box.port))
        open_box.answers = {"ben@example.com": "550 no such user"}
        nobody = await trouble_of(server_at(open_box.port))
    assert (no_name.trouble, "no-such-host.invalid" in str(no_name)) == (Trouble.NAME, True)
    assert (away.trouble, str(away)) == (
        Trouble.CONNECTION,
        "127.0.0.1:9 cannot be reached: Connection refused",
    )
    assert no_starttls.trouble is no_tls.trouble is Trouble.TLS
    assert (wrong.trouble, "user name or password" in str(wrong)) == (Trouble.LOGIN, True)
    assert (refused.trouble, refused.is_final) == (Trouble.SENDER, False)
    assert (nobody.trouble, nobody.is_final) == (Trouble.RECIPIENT, True)
    assert PASSWORD not in str(wrong)


@pytest.mark.parametrize("to", ["ben@example.com\r\nBcc: eve@example.com", "ben", ""])
async def test_recipient_cannot_smuggle_headers(to: str) -> None:
    async with smtp() as server:
        client = MailServer.from_url(f"smtp://127.0.0.1:{server.port}?from=a@b.example")
        with pytest.raises(MailNotSent):
            await client.send(Mail(to, "Hello", "text"))
    assert server.mails == []


@pytest.mark.parametrize(
    ("url", "port", "scheme"),
    [
        ("smtps://u@x.example:p@mail.example", 465, "smtps"),
        ("smtp+starttls://u%40x.example:p@mail.example", 587, "smtp+starttls"),
        ("smtp://mail.example:2525?from=a@b.example", 2525, "smtp"),
    ],
)
def test_ports_follow_the_scheme(url: str, port: int, scheme: str) -> None:
    server = MailServer.from_url(url, default_sender="wapto@shop.example")
    assert (server.port, server.scheme, server.host) == (port, scheme, "mail.example")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "mail.example",
        "http://mail.example",
        "smtp://",
        "smtp://mail.example:x?from=a@b.cd",
        "smtp://mail.example",
    ],
)
def test_bad_url_is_refused_with_advice(url: str) -> None:
    with pytest.raises(BadMailServer):
        MailServer.from_url(url)


def test_password_is_not_shown_in_the_servers_description() -> None:
    server = MailServer.from_url("smtps://u%40x.example:hunter2@mail.example")
    assert "hunter2" not in repr(server)
