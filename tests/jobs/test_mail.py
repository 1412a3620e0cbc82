"""Mails leave once, survive what goes wrong, and are never sent without the deed they tell of."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine
from pydantic import SecretStr
from sqlmodel import select

from integrations.mail import MailServer
from tests.postbox import Postbox, postbox
from wapto_app.clock import utcnow
from wapto_app.jobs import mail as job
from wapto_app.models import MailLog, MailStatus
from wapto_app.runtime import Runtime
from wapto_app.services import branding, mail
from wapto_app.services.branding import Branding
from wapto_app.services.mail import queue
from wapto_app.services.mail.letters import Letter


@pytest.fixture
def box(runtime: Runtime) -> Iterator[Postbox]:
    with postbox() as running:
        runtime.settings.smtp_url = SecretStr(running.url)
        yield running


@pytest.fixture
async def sending(runtime: Runtime) -> AsyncIterator[None]:
    task = asyncio.create_task(job.run(runtime))
    yield
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def posted(runtime: Runtime, letter: Letter, to: str = "olga@example.com") -> int:
    async with runtime.db.write() as session:
        return await mail.post(session, letter, to=to)


async def row(runtime: Runtime, mail_id: int) -> MailLog:
    async with runtime.db.read() as session:
        return (await session.exec(select(MailLog).where(MailLog.id == mail_id))).one()


async def until_sent(runtime: Runtime, mail_id: int) -> MailLog:
    for _ in range(200):
        found = await row(runtime, mail_id)
        if found.status is not MailStatus.QUEUED:
            return found
        await asyncio.sleep(0.02)
    raise AssertionError("the mail still waits")


async def test_a_posted_mail_goes_out_at_once_and_its_text_is_forgotten(
    runtime: Runtime, box: Postbox, sending: None
) -> None:
    mail_id = await posted(runtime, mail.reset("Olga", "/reset?token=abc"))
    sent = await until_sent(runtime, mail_id)
    assert (sent.status, sent.error, sent.content, sent.attempts) == (MailStatus.SENT, "", {}, 1)
    [arrived] = box.to("olga@example.com")
    assert "http://testserver/reset?token=abc" in box.text_of(arrived)
    assert 'href="http://testserver/reset?token=abc"' in box.text_of(arrived, "html")
    assert arrived["From"] == "Shop <shop@example.com>"


async def test_a_deed_that_is_taken_back_mails_nothing(runtime: Runtime, box: Postbox) -> None:
    async def deed() -> None:
        async with runtime.db.write() as session:
            await mail.post(session, mail.reset("Olga", "/reset?token=abc"), to="olga@example.com")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await deed()
    assert await job.send_due(runtime) == 0
    assert box.mails == []


async def test_without_a_server_the_log_says_so_and_keeps_no_link(runtime: Runtime) -> None:
    mail_id = await posted(runtime, mail.invitation("Ada", "/invite/abc", days=7))
    await job.send_due(runtime)
    found = await row(runtime, mail_id)
    assert (found.status, found.error, found.content) == (MailStatus.FAILED, queue.NO_SERVER, {})


async def test_a_server_that_is_away_is_tried_again_after_growing_pauses_and_given_up_after_a_day(
    runtime: Runtime,
) -> None:
    runtime.settings.smtp_url = SecretStr("smtp://127.0.0.1:9?from=a@b.example")
    with time_machine.travel("2026-11-25T10:00:00Z", tick=False) as clock:
        started = utcnow()
        mail_id = await posted(runtime, mail.invitation("Ada", "/invite/abc", days=7))
        waits: list[timedelta] = []
        while (found := await row(runtime, mail_id)).status is MailStatus.QUEUED:
            clock.move_to(found.next_try_at)
            assert await job.send_due(runtime) == 1
            waits.append((await row(runtime, mail_id)).next_try_at - utcnow())
        assert utcnow() - started < timedelta(days=1)
    assert waits[:-1] == list(queue.PAUSES)
    assert "cannot be reached" in found.error
    assert found.content["path"] == "/invite/abc"  # an admin may still send it by hand


async def test_a_link_that_died_meanwhile_is_not_mailed_later(runtime: Runtime) -> None:
    runtime.settings.smtp_url = SecretStr("smtp://127.0.0.1:9?from=a@b.example")
    with time_machine.travel("2026-11-25T10:00:00Z", tick=False) as clock:
        mail_id = await posted(runtime, mail.reset("Olga", "/reset?token=abc"))
        await job.send_due(runtime)
        with postbox() as box:  # the server is back, after an hour
            runtime.settings.smtp_url = SecretStr(box.url)
            clock.shift(3600)
            await job.send_due(runtime)
            assert box.mails == []
    found = await row(runtime, mail_id)
    assert (found.status, found.error, found.content) == (MailStatus.FAILED, queue.DEAD, {})


async def test_an_address_that_does_not_exist_is_not_tried_again(runtime: Runtime, box: Postbox) -> None:
    box.answers["gone@example.com"] = "550 no such user"
    lost = await posted(runtime, mail.reset("Olga", "/reset?token=abc"), to="gone@example.com")
    fine = await posted(runtime, mail.reset("Olga", "/reset?token=abc"))
    await job.send_due(runtime)
    found = await row(runtime, lost)
    assert (found.status, found.attempts) == (MailStatus.FAILED, 1)
    assert "gone@example.com: 550 no such user" in found.error
    assert (await row(runtime, fine)).status is MailStatus.SENT


async def test_a_full_mailbox_is_tried_again(runtime: Runtime, box: Postbox) -> None:
    box.answers["DATA"] = "452 mailbox full"
    mail_id = await posted(runtime, mail.reset("Olga", "/reset?token=abc"))
    await job.send_due(runtime)
    assert (await row(runtime, mail_id)).status is MailStatus.QUEUED
    box.answers.clear()
    with time_machine.travel(utcnow() + timedelta(minutes=2)):
        await job.send_due(runtime)
    assert (await row(runtime, mail_id)).status is MailStatus.SENT
    assert len(box.mails) == 1


async def test_a_process_that_dies_while_it_sends_repeats_one_mail_at_most_under_the_same_id(
    runtime: Runtime, box: Postbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = [await posted(runtime, mail.reset(name, "/reset?token=abc")) for name in ("A", "B")]
    note = queue.sent

    async def die(*_arguments: Any) -> None:
        raise asyncio.CancelledError

    monkeypatch.setattr(queue, "sent", die)
    with pytest.raises(asyncio.CancelledError):
        await job.send_due(runtime)
    monkeypatch.setattr(queue, "sent", note)
    assert (await row(runtime, first)).status is MailStatus.QUEUED
    await job.send_due(runtime)
    assert (await row(runtime, second)).status is MailStatus.SENT
    assert len(box.mails) == 2  # the first is held back for as long as its process might live
    with time_machine.travel(utcnow() + timedelta(minutes=3)):
        await job.send_due(runtime)
    assert (await row(runtime, first)).status is MailStatus.SENT
    ids = [arrived["Message-ID"] for arrived in box.mails]
    assert ids[0] == ids[2]
    assert len(set(ids)) == 2


async def test_two_processes_never_take_the_same_mail(runtime: Runtime, box: Postbox) -> None:
    for n in range(12):
        await posted(runtime, mail.reset("Olga", "/reset?token=abc"), to=f"p{n}@example.com")
    tried = await asyncio.gather(*(job.send_due(runtime) for _ in range(3)))
    assert sum(tried) == 12
    assert sorted(str(arrived["To"]) for arrived in box.mails) == sorted(
        f"p{n}@example.com" for n in range(12)
    )


async def test_a_mail_of_an_unknown_kind_fails_alone(runtime: Runtime, box: Postbox) -> None:
    mail_id = await posted(runtime, mail.reset("Olga", "/reset?token=abc"))
    async with runtime.db.write() as session:
        found = await session.get_one(MailLog, mail_id)
        found.kind = "of a newer version"
        session.add(found)
    fine = await posted(runtime, mail.reset("Olga", "/reset?token=abc"))
    await job.send_due(runtime)
    assert (await row(runtime, mail_id)).status is MailStatus.FAILED
    assert (await row(runtime, fine)).status is MailStatus.SENT


async def test_branding_is_that_of_the_moment_of_sending(runtime: Runtime, box: Postbox, admin: Any) -> None:
    mail_id = await posted(runtime, mail.invitation("Ada", "/invite/abc", days=7))
    async with runtime.db.write() as session:
        await branding.save(session, admin, name="Harbour <Homes>", accent="#1d5fc2")
    await job.send_due(runtime)
    assert (await row(runtime, mail_id)).status is MailStatus.SENT
    html = box.text_of(box.mails[0], "html")
    assert "Harbour &lt;Homes&gt;" in html
    assert "#1d5fc2" in html


async def test_the_sealed_server_of_the_page_is_used_instead_of_the_environments(
    runtime: Runtime, admin: Any
) -> None:
    runtime.settings.smtp_url = SecretStr("smtp://127.0.0.1:9?from=a@b.example")
    with postbox(sign_in=True) as box:
        form = mail.ServerForm(
            "127.0.0.1", str(box.port), "smtp", "shop@example.com", "a secret of the shop", "shop@example.com"
        )
        async with runtime.db.write() as session:
            await mail.save_server(session, admin, runtime.secrets, form)
        mail_id = await posted(runtime, mail.reset("Olga", "/reset?token=abc"))
        await job.send_due(runtime)
        assert (await row(runtime, mail_id)).status is MailStatus.SENT
        assert len(box.mails) == 1


async def test_what_the_sender_looks_for_has_an_index(runtime: Runtime, box: Postbox) -> None:
    from tests.services.test_inbox import plans, scans

    for n in range(30):
        await posted(runtime, mail.reset("Olga", "/reset?token=abc"), to=f"p{n}@example.com")
    with plans(runtime.db.engine.sync_engine) as found:
        async with runtime.db.write() as session:
            await queue.claim(session)
        async with runtime.db.write() as session:
            await queue.forget_texts(session)
    claim = next(plan for plan in found if "ix_mail_log_due" in plan)
    assert scans(claim) == []
    assert any("ix_mail_log_created_at" in plan for plan in found)


def test_a_server_does_not_show_its_password() -> None:
    server = MailServer.from_url("smtp://u:hunter2@h?from=a@b.cd")
    assert "hunter2" not in repr(server)
    assert Branding().logo_path == "/brand/logo"
