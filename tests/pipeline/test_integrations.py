"""Connected numbers in open tabs; Meta is the sandbox, asked over HTTP."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
from reflex.utils.format import json_dumps
from sqlmodel import col, select

from integrations.sandbox.config import SandboxConfig
from integrations.sandbox.sandbox import Sandbox
from state.base import Feedback
from state.inbox import InboxList, OpenConversation
from state.integrations import Integrations
from state.shell import Shell
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from tests.pipeline.rows import ACCESS_TOKEN, APP_SECRET, VERIFY_TOKEN, workspace
from wapto_app.db import Database, touch
from wapto_app.models import Account, Channel, ChannelStatus, LoginSession, OneTimeLink
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import channels
from wapto_app.services.errors import DomainError

META = "http://meta.test"
PAGES = ("/inbox", "/integrations", "/integrations/connect", "/profile", "/admin/accounts")


@pytest.fixture
async def sandbox(runtime: Runtime) -> AsyncIterator[Sandbox]:
    """Meta's stand-in, where ours finds Meta."""
    async with Sandbox(SandboxConfig(seed_customers=False, seed_templates=False)) as running:
        await runtime.http.aclose()
        runtime.http = httpx.AsyncClient(transport=httpx.ASGITransport(app=running.app), base_url=META)
        runtime.settings.graph_base_url = META
        yield running


def filled_in(sandbox: Sandbox, **changes: str) -> dict[str, str]:
    config = sandbox.config
    return {
        "phone_number_id": config.phone_number_id,
        "waba_id": config.waba_id,
        "access_token": config.token,
        "app_secret": config.app_secret,
        "verify_token": "mine",
    } | changes


def seen(tab: Tab) -> dict[str, Any]:
    return tab.vars(Integrations)


def notices(tab: Tab) -> list[str]:
    return [notice["text"] for notice in tab.vars(Feedback).get("notices", [])]


async def attempt(tab: Tab, *events: Any) -> None:
    with suppress(DomainError):
        await tab.send(*events)


async def saved(db: Database) -> list[Channel]:
    async with db.read() as session:
        return list(await session.exec(select(Channel)))


async def load(tab: Tab) -> None:
    tab.path = "/integrations"
    await tab.send(Integrations.load)


async def test_a_number_is_connected_and_shown_in_every_tab(
    open_tab: OpenTab, owner: Actor, admin: Actor, sandbox: Sandbox, db: Database
) -> None:
    tab, other = await open_tab(owner), await open_tab(admin)
    for each in (tab, other):
        await load(each)
    assert seen(tab)["webhook_url"] == "http://testserver/webhooks/whatsapp"
    await tab.send(Integrations.connect(filled_in(sandbox)))
    assert seen(tab)["connecting"] is False
    assert tab.redirects == ["/integrations"]
    assert notices(tab) == ["The number is connected."]
    for each in (tab, other):
        await each.until(lambda each=each: len(seen(each)["numbers"]) == 1)  # type: ignore[misc]
        [number] = seen(each)["numbers"]
        assert (number["status"], number["name"]) == ("connected", "Harbour Homes")
        assert number["verify_token"] == "mine"
        assert {row["key"]: row["state"] for row in number["health"]}["token"] == "good"
    told = json_dumps([update.delta for each in (tab, other) for update in each.updates])
    assert sandbox.config.token not in told
    assert sandbox.config.app_secret not in told
    assert len(await saved(db)) == 1


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone_number_id", ""),
        ("phone_number_id", "+1 650 555 0100"),
        ("phone_number_id", "999999999999999"),
        ("waba_id", "abc"),
        ("waba_id", "999999999999999"),
        ("access_token", ""),
        ("access_token", "two words"),
        ("access_token", "EAAwrong"),
        ("access_token", "EAA" + "x" * 2000),
        ("app_secret", ""),
        ("app_secret", "0123456789abcdef"),
        ("verify_token", "x" * 256),
    ],
)
async def test_a_wrong_value_is_refused_beside_its_field_and_nothing_is_saved(
    tab: Tab, sandbox: Sandbox, db: Database, field: str, value: str
) -> None:
    await load(tab)
    await attempt(tab, Integrations.connect(filled_in(sandbox, **{field: value})))
    await tab.until(lambda: set(tab.vars(Feedback).get("errors", {})) == {field})
    assert seen(tab)["connecting"] is False
    assert tab.redirects == []
    assert await saved(db) == []
    is_secret = bool(value) and field in ("access_token", "app_secret")
    assert not is_secret or value not in json_dumps([update.delta for update in tab.updates])


async def test_values_that_are_missing_are_asked_for(tab: Tab, sandbox: Sandbox, db: Database) -> None:
    await load(tab)
    await attempt(tab, Integrations.connect({}))
    await tab.until(lambda: set(tab.vars(Feedback).get("errors", {})) == {"phone_number_id"})
    await attempt(tab, Integrations.connect({"kind": "sandbox", "base_url": "http://evil.example"}))
    assert await saved(db) == []


async def test_where_meta_is_cannot_be_said_by_a_browser(tab: Tab, sandbox: Sandbox, db: Database) -> None:
    more = {"base_url": "http://evil.example", "kind": "sandbox"}
    await tab.send(Integrations.connect(filled_in(sandbox) | more))
    [channel] = await saved(db)
    assert (channel.base_url, channel.kind.value) == ("", "cloud")


async def test_meta_out_of_reach_is_said_and_the_button_works_again(
    tab: Tab, runtime: Runtime, db: Database
) -> None:
    await load(tab)
    form = dict.fromkeys(("phone_number_id", "waba_id"), "123456789012345")
    form |= {"access_token": "EAAtoken", "app_secret": "0123456789abcdef"}
    await attempt(tab, Integrations.connect(form))
    await tab.until(lambda: any("could not be reached" in text for text in notices(tab)))
    assert seen(tab)["connecting"] is False
    assert await saved(db) == []


async def test_an_unexpected_error_leaves_no_button_waiting(
    tab: Tab, runtime: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Broken(DomainError):
        pass

    async def broken(*_args: Any) -> None:
        raise Broken("Out of paper.")

    await load(tab)
    monkeypatch.setattr(channels, "connect", broken)
    monkeypatch.setattr(channels, "refresh", broken)
    for event, name in (
        (Integrations.connect({}), "connecting"),
        (Integrations.check(7), "checking"),
    ):
        tab.clear()
        await attempt(tab, event)
        await tab.until(lambda: notices(tab)[-1:] == ["Out of paper."])
        values = [
            update.delta[Integrations.get_full_name()][f"{name}_rx_state_"]
            for update in tab.updates
            if name in str((update.delta or {}).get(Integrations.get_full_name(), {}))
        ]
        assert values in ([True, False], [7, 0])


async def test_connecting_again_replaces_the_values(tab: Tab, sandbox: Sandbox, db: Database) -> None:
    await load(tab)
    await tab.send(Integrations.connect(filled_in(sandbox)))
    await tab.send(Integrations.connect(filled_in(sandbox, verify_token="")))
    assert len(await saved(db)) == 1
    await tab.until(lambda: seen(tab)["numbers"][0]["verify_token"] == "mine")


async def test_a_check_asks_meta_and_a_refused_token_asks_to_reconnect(tab: Tab, sandbox: Sandbox) -> None:
    await load(tab)
    await tab.send(Integrations.connect(filled_in(sandbox)))
    await tab.until(lambda: len(seen(tab)["numbers"]) == 1)
    channel_id = seen(tab)["numbers"][0]["id"]
    await tab.send(Integrations.check(channel_id))
    assert notices(tab)[-1] == "Asked Meta: the health is up to date."
    sandbox.faults.revoked_token = True
    await attempt(tab, Integrations.check(channel_id))
    await tab.until(lambda: seen(tab)["numbers"][0]["status"] == "reconnect")
    await tab.until(lambda: "could not be checked" in notices(tab)[-1])
    assert seen(tab)["numbers"][0]["last_error"]
    assert seen(tab)["checking"] == 0
    sandbox.faults.revoked_token = False
    await tab.send(Integrations.check(channel_id))
    await tab.until(lambda: seen(tab)["numbers"][0]["status"] == "connected")
    assert notices(tab)[-1] == "Asked Meta: the health is up to date."


async def test_a_number_that_is_not_there_can_be_neither_checked_nor_disconnected(tab: Tab) -> None:
    await load(tab)
    await attempt(tab, Integrations.check(4711))
    await tab.until(lambda: len(notices(tab)) == 1)
    assert seen(tab)["checking"] == 0
    await tab.send(Integrations.ask_to_disconnect(4711))
    await attempt(tab, Integrations.disconnect)
    await tab.until(lambda: len(notices(tab)) == 2)
    assert seen(tab)["leaving"] == 0
    assert set(notices(tab)) == {"This number does not exist any more, or you may not see it."}


async def test_disconnecting_asks_first(tab: Tab, sandbox: Sandbox, db: Database) -> None:
    await load(tab)
    await tab.send(Integrations.connect(filled_in(sandbox)))
    await tab.until(lambda: len(seen(tab)["numbers"]) == 1)
    channel_id = seen(tab)["numbers"][0]["id"]
    await tab.send(Integrations.ask_to_disconnect(channel_id))
    assert seen(tab)["leaving"] == channel_id
    await tab.send(Integrations.stay_connected)
    assert seen(tab)["leaving"] == 0
    assert (await saved(db))[0].status is ChannelStatus.CONNECTED
    await tab.send(Integrations.ask_to_disconnect(channel_id))
    await tab.send(Integrations.disconnect)
    await tab.until(lambda: seen(tab)["numbers"][0]["status"] == "disconnected")
    assert seen(tab)["leaving"] == 0
    assert notices(tab)[-1] == "The number is disconnected. Its conversations stay."


async def test_without_the_demo_there_is_no_sandbox_to_connect(tab: Tab, db: Database) -> None:
    await load(tab)
    assert seen(tab)["has_sandbox"] is False
    await attempt(tab, Integrations.connect_sandbox)
    await tab.until(lambda: bool(notices(tab)))
    assert seen(tab)["connecting"] is False
    assert await saved(db) == []


async def test_an_agent_sees_and_does_nothing_here(
    open_tab: OpenTab, agent: Actor, runtime: Runtime, db: Database
) -> None:
    await workspace(runtime)
    tab = await open_tab(agent)
    await load(tab)
    for event in (
        Integrations.connect({"phone_number_id": "1"}),
        Integrations.connect_sandbox,
        Integrations.check(1),
        Integrations.ask_to_disconnect(1),
        Integrations.disconnect,
    ):
        await attempt(tab, event)
        assert "do not have permission" in notices(tab)[-1]
    assert seen(tab)["numbers"] == []
    assert seen(tab)["leaving"] == 0
    assert [channel.status for channel in await saved(db)] == [ChannelStatus.CONNECTED]
    await tab.send(Shell.load)
    assert len(tab.vars(Shell)["numbers"]) == 1
    assert VERIFY_TOKEN not in json_dumps([update.delta for update in tab.updates])


async def _secrets(runtime: Runtime, tab: Tab) -> set[str]:
    """Every value that must never leave the server, as it is kept and in clear."""
    async with runtime.db.write() as session:
        for account in await session.exec(select(Account)):
            account.password_hash = f"$argon2id$hash-of-{account.id}"
        session.add(OneTimeLink(purpose="invite", token_hash="f" * 64, expires_at=_later()))
        touch(session, "accounts")
    columns = [
        col(Channel.access_token),
        col(Channel.app_secret),
        col(Channel.verify_token),
        col(Account.password_hash),
        col(LoginSession.token_hash),
        col(OneTimeLink.token_hash),
    ]
    found = {ACCESS_TOKEN, APP_SECRET, tab._cookie.partition("=")[2]}
    found.add(runtime.settings.secret_key.get_secret_value())
    async with runtime.db.read() as session:
        for column in columns:
            found |= set((await session.exec(sa.select(column))).scalars())
    return found


def _later() -> Any:
    from datetime import timedelta

    from wapto_app.clock import utcnow

    return utcnow() + timedelta(days=1)


async def test_no_state_of_any_page_holds_a_secret(open_tab: OpenTab, admin: Actor, runtime: Runtime) -> None:
    work = await workspace(runtime)
    conversation_id = await work.conversation("Ana")
    tab = await open_tab(admin)
    secret_values = await _secrets(runtime, tab)
    assert len(secret_values) >= 8
    for path in (*PAGES, f"/inbox/{conversation_id}"):
        await tab.open(path)
    await tab.send(Shell.load, Integrations.load, InboxList.load, OpenConversation.load)
    manager = tab._processor._root_context.state_manager  # type: ignore[union-attr]
    held = json_dumps(manager.states[tab.token].dict())
    told = json_dumps([update.delta for update in tab.updates])
    for part in ("Harbour Homes", "Hello from Ana", admin.name, VERIFY_TOKEN):
        assert part in held
        assert part in told
    leaked = [value for value in secret_values if value in held or value in told]
    assert leaked == []
