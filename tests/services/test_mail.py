"""What Wapto mails, and that a broken mail server breaks nothing else."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from integrations.mail import MailNotSent, MailServer
from wapto_app.services import mail
from wapto_app.services.sign_in import Reset
from wapto_app.settings import Settings

RESET = Reset("Olga", "olga@example.com", "/reset?token=abc")


def test_reset_mail_leads_to_the_page_and_reassures() -> None:
    made = mail.reset(RESET, "https://chat.example.com")
    assert made.to == "olga@example.com"
    assert "\nhttps://chat.example.com/reset?token=abc\n" in made.text
    assert "within an hour" in made.text
    assert "do nothing" in made.text


def test_invitation_says_who_invites_and_where() -> None:
    made = mail.invitation("ben@example.com", "/invite/abc", "https://chat.example.com", "Olga Owner")
    assert made.subject == "Olga Owner invites you to Wapto"
    assert "https://chat.example.com/invite/abc" in made.text


def test_mail_is_off_without_a_server(settings: Settings) -> None:
    assert mail.server_of(settings) is None


def test_unusable_url_turns_mail_off_instead_of_breaking(settings: Settings) -> None:
    settings.smtp_url = SecretStr("nonsense")
    assert mail.server_of(settings) is None


def test_sender_falls_back_to_the_site(settings: Settings) -> None:
    settings.smtp_url = SecretStr("smtp://127.0.0.1")
    settings.public_url = "https://chat.example.com"
    server = mail.server_of(settings)
    assert server is not None
    assert server.sender == "Wapto <wapto@chat.example.com>"


@pytest.mark.parametrize("works", [True, False])
async def test_failure_is_told_and_not_raised(monkeypatch: pytest.MonkeyPatch, works: bool) -> None:
    sent: list[str] = []

    async def send(_self: MailServer, to: str, _subject: str, _text: str) -> None:
        if not works:
            raise MailNotSent("no")
        sent.append(to)

    monkeypatch.setattr(MailServer, "send", send)
    server = MailServer.from_url("smtp://127.0.0.1?from=a@b.example")
    assert await mail.send(server, mail.reset(RESET, "http://x")) is works
    assert sent == (["olga@example.com"] if works else [])
