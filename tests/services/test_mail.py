"""What mails say, which server takes them, and what the admin sees of them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import get_args

import pytest
from pydantic import SecretStr
from sqlmodel import select

from tests.postbox import PASSWORD, USER, postbox
from wapto_app.db import Database
from wapto_app.models import AuditEntry, MailLog, MailStatus, Preference
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import mail
from wapto_app.services.branding import Branding
from wapto_app.services.errors import Conflict, Forbidden, Invalid
from wapto_app.services.mail import ServerForm, queue
from wapto_app.services.mail.letters import Letter
from wapto_app.services.mail.server import server
from wapto_app.services.mail.words import CATALOG
from wapto_app.services.mail.writing import write
from wapto_app.ui.i18n import LANGUAGES

AT = datetime(2026, 11, 28, 23, 30, tzinfo=UTC)
LETTERS = [
    mail.invitation("Ada", "/invite/abc", days=7),
    mail.reset("Olga", "/reset?token=abc"),
    mail.email_changed("Olga", "new@example.com"),
    mail.two_factor_off("Olga"),
    mail.trial_ending("Olga", AT, "Europe/Madrid"),
    mail.trial_ended("Olga"),
    mail.payment_failed("Olga", 1999, "EUR"),
    mail.payment_failed("Olga", 1999, "EUR", next_try=AT),
    mail.invoice("Olga", "W-7", 1999, "EUR", "https://pay.example.com/i/7"),
    mail.limit_warning("Olga", "contacts", 900, 1000),
    mail.note("Due now: call Ben", "Due now: call Ben\n\nAt ten.", "/tasks"),
    mail.trial_run(),
]
BRAND = Branding()
BASE = "https://chat.example.com"
FORM = ServerForm("smtp.example.com", "587", "smtp+starttls", "shop", "hunter2!", "Shop <shop@example.com>")


@pytest.mark.parametrize("locale", LANGUAGES)
@pytest.mark.parametrize("letter", LETTERS, ids=lambda letter: letter.kind)
def test_every_mail_can_be_written_in_every_language(letter: Letter, locale: str) -> None:
    written = write(letter, BRAND, locale, BASE)
    assert written.subject
    assert "{" not in written.subject + written.text
    if letter.path:
        target = letter.path if letter.path.startswith("https") else BASE + letter.path
        assert f"\n{target}\n" in written.text
        assert f'href="{target}"' in written.html


def test_catalogs_have_the_same_mails() -> None:
    assert set(CATALOG) == set(LANGUAGES)
    kinds = {letter.kind for letter in LETTERS}
    assert all(set(words) == kinds for words in CATALOG.values())


def test_amounts_and_moments_are_the_readers() -> None:
    failed = mail.payment_failed("Olga", 1999, "EUR", next_try=AT, zone="Europe/Madrid")
    spanish = write(failed, BRAND, "es", BASE).text
    assert "19,99\xa0€" in spanish
    assert "29 noviembre 2026, 00:30" in spanish
    assert "¥1,999" in write(mail.payment_failed("Olga", 1999, "JPY"), BRAND, "en", BASE).text


def test_a_language_that_we_do_not_speak_gets_english() -> None:
    assert write(mail.trial_ended("Olga"), BRAND, "xx-YY", BASE).subject == "Your trial has ended"


def test_names_cannot_write_the_page_or_the_headers() -> None:
    letter = mail.invitation("<b>Eve</b>\r\nBcc: x@y.zz {brand}", "/invite/a", days=7)
    written = write(letter, Branding("A & B <i>"), "en", BASE)
    assert "<b>" not in written.html
    assert "<i>" not in written.html
    assert "\n" not in written.subject
    assert "{brand}" in written.subject


def test_logo_of_the_install_is_linked() -> None:
    html = write(mail.trial_run(), Branding("Shop", "#123456", "ab" * 16), "en", BASE).html
    assert f'src="{BASE}/brand/logo/{"ab" * 16}.png" alt="Shop"' in html


async def test_without_a_server_mail_is_off(runtime: Runtime) -> None:
    async with runtime.db.read() as session:
        assert await server(session, runtime.secrets, runtime.settings) is None
        assert not await mail.is_on(session, runtime.settings)


async def test_unusable_url_turns_mail_off_instead_of_breaking(runtime: Runtime) -> None:
    runtime.settings.smtp_url = SecretStr("nonsense")
    async with runtime.db.read() as session:
        assert not await mail.is_on(session, runtime.settings)


async def test_sender_falls_back_to_the_site(runtime: Runtime) -> None:
    runtime.settings.smtp_url = SecretStr("smtp://127.0.0.1")
    runtime.settings.public_url = "https://chat.example.com"
    async with runtime.db.read() as session:
        found = await server(session, runtime.secrets, runtime.settings)
    assert found is not None
    assert found.sender == "Wapto <wapto@chat.example.com>"


async def save(runtime: Runtime, admin: Actor, form: ServerForm) -> None:
    async with runtime.db.write() as session:
        await mail.save_server(session, admin, runtime.secrets, form)


async def test_password_is_sealed_and_neither_shown_nor_noted(runtime: Runtime, admin: Actor) -> None:
    await save(runtime, admin, FORM)
    async with runtime.db.read() as session:
        stored = (await session.exec(select(Preference.value).where(Preference.name == "mail"))).one()
        noted = (await session.exec(select(AuditEntry))).all()
        view = await mail.server_view(session, admin, runtime.settings)
        found = await server(session, runtime.secrets, runtime.settings)
    assert "hunter2!" not in str(stored) + str(noted) + str(view)
    assert view["has_password"]
    assert found is not None
    assert (found.password, found.port, found.scheme) == ("hunter2!", 587, "smtp+starttls")


async def test_kept_password_goes_to_no_other_server(runtime: Runtime, admin: Actor) -> None:
    await save(runtime, admin, FORM)
    await save(runtime, admin, FORM._replace(password="", sender="other@example.com"))
    for changed in (FORM._replace(host="evil.example"), FORM._replace(username="other")):
        with pytest.raises(Invalid, match="Type the password") as refused:
            await save(runtime, admin, changed._replace(password=""))
        assert refused.value.field == "password"
    async with runtime.db.read() as session:
        found = await server(session, runtime.secrets, runtime.settings)
    assert found is not None
    assert (found.host, found.password) == ("smtp.example.com", "hunter2!")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("host", ""),
        ("host", "a b"),
        ("host", "smtp://x"),
        ("host", "user@host"),
        ("port", "0"),
        ("port", "65536"),
        ("port", "x"),
        ("port", "²"),
        ("port", "9" * 900),
        ("scheme", "http"),
        ("scheme", ""),
        ("sender", ""),
        ("sender", "shop"),
        ("sender", "a@b.cd, c@d.ef"),
        ("sender", "Shop <x"),
    ],
)
async def test_hostile_server_forms_name_the_field(
    runtime: Runtime, admin: Actor, field: str, value: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await save(runtime, admin, FORM._replace(**{field: value}))
    assert refused.value.field == field


@pytest.mark.parametrize(
    "sender", ["shop@example.com", "Büro <shop@example.com>", '"A, B" <shop@example.com>']
)
async def test_sender_may_have_a_name(runtime: Runtime, admin: Actor, sender: str) -> None:
    with postbox() as box:
        await save(runtime, admin, ServerForm("127.0.0.1", str(box.port), "smtp", "", "", sender))
        await mail.try_out(runtime.db, admin, runtime.secrets, runtime.settings, "ben@example.com")
    assert box.mails[0]["From"].addresses[0].addr_spec == "shop@example.com"
    assert (
        box.mails[0]["From"].addresses[0].display_name
        == sender.partition(" <")[0].strip('"').partition("shop@")[0]
    )


async def test_test_button_tells_what_the_server_says(runtime: Runtime, admin: Actor) -> None:
    async def try_out(to: str = "ben@example.com") -> None:
        await mail.try_out(runtime.db, admin, runtime.secrets, runtime.settings, to)

    with pytest.raises(Conflict, match="no mail server"):
        await try_out()
    with postbox(sign_in=True) as box:
        wrong = ServerForm("127.0.0.1", str(box.port), "smtp", USER, "wrong", USER)
        await save(runtime, admin, wrong)
        with pytest.raises(Conflict, match="refused user name or password"):
            await try_out()
        await save(runtime, admin, wrong._replace(password=PASSWORD))
        await try_out()
        with pytest.raises(Invalid, match="not an e-mail address"):
            await try_out("ben")
    assert len(box.mails) == 1


async def post(db: Database, to: str, **values: object) -> int:
    async with db.write() as session:
        mail_id = await mail.post(session, mail.reset("Olga", "/reset?token=a"), to=to)
        found = await session.get_one(MailLog, mail_id)
        for name, value in values.items():
            setattr(found, name, value)
    return mail_id


async def test_log_is_paged_by_key_and_searched(db: Database, admin: Actor) -> None:
    for n in range(60):
        await post(db, f"p{n:02}@example.com")
    async with db.read() as session:
        first = await mail.log_page(session, admin)
        second = await mail.log_page(session, admin, before=first["rows"][-1]["id"])
        third = await mail.log_page(session, admin, before=second["rows"][-1]["id"])
        back = await mail.log_page(session, admin, after=third["rows"][0]["id"])
        found = await mail.log_page(session, admin, search="P07@")
        percent = await mail.log_page(session, admin, search="%")
    assert [len(page["rows"]) for page in (first, second, third)] == [25, 25, 10]
    assert (first["has_newer"], first["has_older"], third["has_older"]) == (False, True, False)
    assert back["rows"] == second["rows"]
    assert [row["to"] for row in found["rows"]] == ["p07@example.com"]
    assert percent["rows"] == []
    assert "token" not in str(first)


async def test_only_what_still_has_its_text_is_sent_again(db: Database, admin: Actor) -> None:
    waiting = await post(db, "a@example.com", attempts=3)
    failed = await post(db, "b@example.com", status=MailStatus.FAILED, attempts=9)
    gone = await post(db, "c@example.com", status=MailStatus.FAILED, content={})
    async with db.write() as session:
        assert await mail.resend(session, admin, waiting) == "a@example.com"
        assert await mail.resend(session, admin, failed) == "b@example.com"
        with pytest.raises(Conflict, match="was not kept"):
            await mail.resend(session, admin, gone)
    async with db.read() as session:
        again = (await session.exec(select(MailLog).where(MailLog.id == failed))).one()
    assert (again.status, again.attempts) == (MailStatus.QUEUED, 0)


async def test_texts_of_old_failures_are_forgotten(db: Database) -> None:
    old = await post(
        db, "a@example.com", status=MailStatus.FAILED, created_at=datetime.now(UTC) - queue.KEPT * 1.5
    )
    young = await post(db, "b@example.com", status=MailStatus.FAILED)
    async with db.write() as session:
        await queue.forget_texts(session)
    async with db.read() as session:
        rows = {row.id: row.content for row in (await session.exec(select(MailLog))).all()}
    assert rows[old] == {}
    assert rows[young]["path"] == "/reset?token=a"


async def test_owner_and_agent_see_and_set_nothing(runtime: Runtime, owner: Actor, agent: Actor) -> None:
    for actor in (owner, agent):
        async with runtime.db.write() as session:
            with pytest.raises(Forbidden):
                await mail.server_view(session, actor, runtime.settings)
            with pytest.raises(Forbidden):
                await mail.save_server(session, actor, runtime.secrets, FORM)
            with pytest.raises(Forbidden):
                await mail.forget_server(session, actor)
            with pytest.raises(Forbidden):
                await mail.log_page(session, actor)
            with pytest.raises(Forbidden):
                await mail.resend(session, actor, 1)
        with pytest.raises(Forbidden):
            await mail.try_out(runtime.db, actor, runtime.secrets, runtime.settings, "a@b.cd")


def test_values_of_letters_are_what_json_keeps() -> None:
    assert {str, int} <= set(get_args(type(LETTERS[0].values["days"]) | str))
    assert all(isinstance(value, str | int | dict) for letter in LETTERS for value in letter.values.values())
