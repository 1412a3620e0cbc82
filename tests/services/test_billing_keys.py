"""The keys to Stripe: sealed, checked, replaced without a gap."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import time_machine
from pydantic import SecretStr

from tests.stripe_desk import Desk, opened
from wapto_app.clock import utcnow
from wapto_app.models import AuditEntry, Preference
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services.billing import keys
from wapto_app.services.billing.keys import Keys
from wapto_app.services.errors import Forbidden, Invalid


async def _read(runtime: Runtime) -> Keys:
    async with runtime.db.read() as session:
        return await keys.read(session, runtime.secrets, runtime.settings)


async def _save(runtime: Runtime, actor: Actor, secret_key: str = "", webhook_secret: str = "") -> None:
    async with runtime.db.write() as session:
        await keys.save(session, actor, runtime.secrets, secret_key=secret_key, webhook_secret=webhook_secret)


async def test_the_environments_keys_count_until_the_page_has_some(runtime: Runtime, admin: Actor) -> None:
    runtime.settings.stripe_secret_key = SecretStr("sk_test_env")
    runtime.settings.stripe_webhook_secret = SecretStr("whsec_a, whsec_b")
    assert await _read(runtime) == Keys("sk_test_env", ("whsec_a", "whsec_b"))
    await _save(runtime, admin, "sk_test_page", "whsec_page")
    assert await _read(runtime) == Keys("sk_test_page", ("whsec_page",))
    async with runtime.db.write() as session:
        await keys.remove(session, admin)
    assert (await _read(runtime)).secret_key == "sk_test_env"


async def test_nothing_in_clear_is_stored_noted_or_shown(runtime: Runtime, admin: Actor) -> None:
    await _save(runtime, admin, "sk_live_verysecret1234", "whsec_alsosecret5678")
    async with runtime.db.read() as session:
        stored = await session.get_one(Preference, keys.PREFERENCE)
        from sqlmodel import select

        noted = [str(entry.detail) for entry in await session.exec(select(AuditEntry))]
        row = await keys.load(session, admin, runtime.secrets, runtime.settings)
    for text in (str(stored.value), *noted, str(row), repr(await _read(runtime))):
        assert "verysecret" not in text
        assert "alsosecret" not in text
    assert (row["source"], row["secret_key_end"], row["is_live"]) == ("page", "1234", True)
    assert row["webhook_url"] == "http://testserver/webhooks/stripe"


async def test_the_old_webhook_secret_counts_for_another_day(runtime: Runtime, admin: Actor) -> None:
    await _save(runtime, admin, "sk_test_1", "whsec_old")
    await _save(runtime, admin, webhook_secret="whsec_new")
    assert await _read(runtime) == Keys("sk_test_1", ("whsec_new", "whsec_old"))
    await _save(runtime, admin, webhook_secret="whsec_new")
    assert (await _read(runtime)).webhook_secrets == ("whsec_new", "whsec_old")
    with time_machine.travel(utcnow() + timedelta(hours=25)):
        assert (await _read(runtime)).webhook_secrets == ("whsec_new",)


@pytest.mark.parametrize(
    ("secret_key", "webhook_secret", "field", "words"),
    [
        ("pk_test_1", "", "secret_key", "publishable"),
        ("hello", "", "secret_key", "begins with"),
        ("", "", "secret_key", "Put in"),
        ("sk_test_1", "we_123", "webhook_secret", "whsec_"),
        ("sk_test_a b", "", "secret_key", "spaces"),
        ("sk_test_" + "x" * 300, "", "secret_key", "not a key"),
    ],
)
async def test_what_is_no_key_is_refused(
    runtime: Runtime, admin: Actor, secret_key: str, webhook_secret: str, field: str, words: str
) -> None:
    with pytest.raises(Invalid, match=words) as caught:
        await _save(runtime, admin, secret_key, webhook_secret)
    assert caught.value.field == field


async def test_only_an_admin_sees_or_changes_them(runtime: Runtime, owner: Actor) -> None:
    with pytest.raises(Forbidden):
        await _save(runtime, owner, "sk_test_1", "whsec_1")
    async with runtime.db.read() as session:
        with pytest.raises(Forbidden):
            await keys.load(session, owner, runtime.secrets, runtime.settings)
    with pytest.raises(Forbidden):
        await keys.check(owner, runtime.http, runtime.settings, "sk_test_1")


@pytest.fixture
async def desk(runtime: Runtime, owner: Actor) -> AsyncIterator[Desk]:
    async with opened(runtime, owner) as made:
        yield made


async def test_the_check_names_the_account_or_what_is_wrong(desk: Desk, admin: Actor) -> None:
    process = desk.runtime

    async def check(key: str) -> keys.CheckRow:
        return await keys.check(admin, process.http, process.settings, key)

    good = await check(desk.sandbox.config.secret_key)
    assert good == {"account": "Harbour Homes", "is_live": False, "problem": ""}
    assert "not a valid key" in (await check("sk_test_wrong"))["problem"]
    assert (await check(""))["problem"] == "No secret key is set."
    desk.network.is_down = True
    assert "does not answer" in (await check(desk.sandbox.config.secret_key))["problem"]
    desk.network.is_down = False
    desk.sandbox.config.secret_key = "sk_live_1"
    assert "https" in (await check("sk_live_1"))["problem"]
