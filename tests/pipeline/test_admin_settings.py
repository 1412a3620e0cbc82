"""The admin's settings in an open tab: what admins see, and that nobody else sees or changes anything."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest

from state.admin_settings.backups import Backups
from state.admin_settings.branding import BrandingSettings
from state.admin_settings.mail import MailJournal, MailServerSettings
from state.admin_settings.meta_app import MetaAppSettings
from state.admin_settings.payments import StripeSettings
from state.admin_settings.registration import RegistrationSettings
from state.admin_settings.retention import RetentionSettings
from state.base import Feedback
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from wapto_app.jobs.mail import send_due
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import mail, meta_app, retention
from wapto_app.services.billing import keys
from wapto_app.services.errors import DomainError

PAGES = {
    "/admin/settings": [BrandingSettings],
    "/admin/settings/registration": [RegistrationSettings],
    "/admin/settings/mail": [MailServerSettings, MailJournal],
    "/admin/settings/payments": [StripeSettings],
    "/admin/settings/meta-app": [MetaAppSettings],
    "/admin/settings/retention": [RetentionSettings],
    "/admin/settings/backups": [Backups],
}


async def submit(tab: Tab, state: Any, handler: str, **fields: str) -> None:
    with suppress(DomainError):
        form = {"__reflex_form_data__": [list(pair) for pair in fields.items()]}
        await tab.raw(f"{state.get_full_name()}.{handler}", {"form": form})


@pytest.mark.parametrize("path", PAGES)
async def test_admin_sees_each_page(open_tab: OpenTab, admin: Actor, path: str) -> None:
    tab = await open_tab(admin, path)
    for state in PAGES[path]:
        await tab.send(state.load)
        assert tab.vars(state)["loaded"] is True


@pytest.mark.parametrize("path", PAGES)
async def test_owner_agent_and_stranger_learn_nothing(
    open_tab: OpenTab, owner: Actor, agent: Actor, path: str
) -> None:
    for actor in (owner, agent, None):
        tab = await open_tab(actor, path)
        for state in PAGES[path]:
            tab.clear()
            with suppress(DomainError):
                await tab.send(state.load)
            assert not tab.vars(state).get("loaded", False)


async def test_secrets_never_reach_the_browser(open_tab: OpenTab, admin: Actor, runtime: Runtime) -> None:
    box = runtime.secrets
    server = mail.ServerForm("smtp.example.com", "587", "smtps", "shop", "hunter2-of-mail", "a@b.example")
    async with runtime.db.write() as session:
        await mail.save_server(session, admin, box, server)
        await keys.save(
            session,
            admin,
            box,
            secret_key="sk_live_0123456789abcdefWXYZ",
            webhook_secret="whsec_0123456789ab",
        )
        await meta_app.save(
            session, admin, box, app_id="123456", config_id="654321", app_secret="0123456789abcdef" * 2
        )
    tab = await open_tab(admin, "/admin/settings")
    for state in (MailServerSettings, StripeSettings, MetaAppSettings):
        await tab.send(state.load)
    seen = str(tab.updates)
    assert "smtp.example.com" in seen
    assert tab.vars(StripeSettings)["keys"]["secret_key_end"] == "WXYZ"
    for secret in ("hunter2-of-mail", "abcdefWXYZ", "whsec_", "0123456789abcdef"):
        assert secret not in seen


async def test_invitations_follow_the_chosen_days(open_tab: OpenTab, admin: Actor, runtime: Runtime) -> None:
    tab = await open_tab(admin)
    await submit(tab, RegistrationSettings, "save", invite_days="31")
    await tab.until(lambda: "invite_days" in tab.vars(Feedback).get("errors", {}))
    await submit(tab, RegistrationSettings, "save", invite_days="3")
    assert tab.vars(RegistrationSettings)["invite_days"] == 3


async def test_log_of_mails_is_live(open_tab: OpenTab, admin: Actor, runtime: Runtime) -> None:
    tab = await open_tab(admin)
    await tab.send(MailJournal.load)
    assert tab.vars(MailJournal)["rows"] == []
    async with runtime.db.write() as session:
        await mail.post(session, mail.reset("Olga", "/reset?token=one-time-9"), to="olga@example.com")
    await tab.until(lambda: len(tab.vars(MailJournal)["rows"]) == 1)
    await send_due(runtime)
    await tab.until(lambda: tab.vars(MailJournal)["rows"][0]["status"] == "failed")
    assert tab.vars(MailJournal)["rows"][0]["error"] == "There is no mail server."
    assert "one-time-9" not in str(tab.updates)


async def test_failed_test_says_why_in_its_place(open_tab: OpenTab, admin: Actor) -> None:
    tab = await open_tab(admin)
    await submit(tab, MailServerSettings, "try_out", to="ben@example.com")
    await tab.until(lambda: tab.vars(MailServerSettings).get("trial_error", "") != "")
    assert "no mail server" in tab.vars(MailServerSettings)["trial_error"]
    await submit(tab, MailServerSettings, "try_out", to="ben")
    await tab.until(lambda: "to" in tab.vars(Feedback).get("errors", {}))
    assert tab.vars(MailServerSettings)["trying"] is False


async def test_retention_is_saved_only_after_it_was_counted(
    open_tab: OpenTab, admin: Actor, runtime: Runtime
) -> None:
    form = {"webhooks_days": "14", "media_days": "30", "audit_days": "", "mail_days": "90"}
    tab = await open_tab(admin)
    await submit(tab, RetentionSettings, "count", **form)
    seen = tab.vars(RetentionSettings)
    assert (seen["asking"], seen["counts"]["media"], seen["media_size"]) == (True, 0, "0 bytes")
    async with runtime.db.read() as session:
        assert await retention.rules(session) == retention.DEFAULT
    await tab.send(RetentionSettings.save)
    async with runtime.db.read() as session:
        assert (await retention.rules(session))["media_days"] == 30


async def test_backup_is_watched_and_deleted(open_tab: OpenTab, admin: Actor) -> None:
    tab = await open_tab(admin)
    await tab.send(Backups.load)
    await tab.send(Backups.begin)
    await tab.until(lambda: len(tab.vars(Backups)["rows"]) == 1, 20)
    await tab.until(lambda: tab.vars(Backups)["progress"]["what"] == "")
    name = tab.vars(Backups)["rows"][0]["name"]
    await tab.send(Backups.ask_to_delete(name))
    await tab.send(Backups.delete)
    await tab.until(lambda: tab.vars(Backups)["rows"] == [])


async def test_plan_of_backups_is_kept(open_tab: OpenTab, admin: Actor) -> None:
    tab = await open_tab(admin)
    await submit(tab, Backups, "save", daily="yes", at="25:00", zone="UTC", keep="7")
    await tab.until(lambda: "at" in tab.vars(Feedback).get("errors", {}))
    await submit(tab, Backups, "save", daily="yes", at="04:15", zone="Europe/Madrid", keep="3")
    await tab.until(lambda: tab.vars(Backups).get("plan", {}).get("at") == "04:15")
    assert tab.vars(Backups)["plan"] == {"daily": True, "at": "04:15", "zone": "Europe/Madrid", "keep": 3}
