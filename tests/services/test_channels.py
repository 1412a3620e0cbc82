"""Connecting numbers: every value is checked with Meta, nothing half-done is kept, no secret is ever shown."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import sqlalchemy as sa
import stamina
from sqlmodel import select

from integrations.sandbox.graph import apps
from integrations.sandbox.sandbox import Sandbox
from tests import meta
from tests.jobs.conftest import META, Network, form_of
from wapto_app.models import AuditEntry, Channel, ChannelStatus
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.security.secrets import SecretBox
from wapto_app.services import channels
from wapto_app.services.channels import health_rows
from wapto_app.services.errors import Conflict, Forbidden, Invalid, NotFound

Connect = Callable[..., Awaitable[int]]
SECRETS = ("access_token", "app_secret", "verify_token")


@pytest.fixture(autouse=True)
def without_pauses() -> Iterator[None]:
    with stamina.set_testing(True):
        yield


@pytest.fixture
def connect(runtime: Runtime, owner: Actor, sandbox: Sandbox, network: Network) -> Connect:
    async def go(**more: str) -> int:
        return await channels.connect(runtime.db, owner, runtime.gateway, form_of(sandbox, **more))

    return go


async def rows(runtime: Runtime) -> list[Channel]:
    async with runtime.db.read() as session:
        return list((await session.exec(select(Channel))).all())


async def test_connecting_keeps_what_meta_says_and_subscribes(
    runtime: Runtime, sandbox: Sandbox, connect: Connect, owner: Actor
) -> None:
    seen: list[frozenset[str]] = []
    runtime.hub.listen(seen.append)
    channel_id = await connect()
    (channel,) = await rows(runtime)
    assert (channel.id, channel.status, channel.verified_name) == (
        channel_id,
        ChannelStatus.CONNECTED,
        "Harbour Homes",
    )
    assert channel.display_phone_number == "+1 650-555-0100"
    assert channel.health["quality"] == "GREEN"
    assert sandbox.store.subscription["subscribed"] is True
    assert "channels" in seen[0]
    async with runtime.db.read() as session:
        entry = (await session.exec(select(AuditEntry))).one()
    assert (entry.action, entry.account_id) == ("channel.connected", owner.account_id)


async def test_secrets_are_sealed_and_appear_nowhere(
    runtime: Runtime,
    sandbox: Sandbox,
    connect: Connect,
    owner: Actor,
    caplog: pytest.LogCaptureFixture,
    capsys: Any,
) -> None:
    caplog.set_level(logging.DEBUG)
    await connect()
    (channel,) = await rows(runtime)
    clear = [getattr(sandbox.config, {"access_token": "token"}.get(name, name)) for name in SECRETS]
    assert [runtime.secrets.open(getattr(channel, name)) for name in SECRETS] == clear
    async with runtime.db.read() as session:
        shown = repr(await channels.details(session, owner, runtime.secrets))
        shown += repr(await channels.summary(session, owner)) + repr(await channels.listing(session, owner))
        shown += repr((await session.exec(select(AuditEntry))).all())
    shown += (
        repr(form_of(sandbox))
        + repr(runtime.gateway.credentials(channel))
        + repr(runtime.gateway.number(channel).graph)
    )
    shown += repr(channel) + caplog.text + "".join(capsys.readouterr())
    token, app_secret, verify_token = clear
    assert token not in shown
    assert app_secret not in shown
    assert shown.count(verify_token) == 1, "only in the details, for who may connect numbers"


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("access_token", "EAAwrong", "access token"),
        ("phone_number_id", "999999999999999", "phone number id"),
        ("waba_id", "999999999999999", "business account"),
        ("app_secret", "00000000000000000000000000000000", "does not belong to the app"),
        ("phone_number_id", "", "number of about 15 digits"),
        ("phone_number_id", "12345; DROP TABLE channel", "digits"),
        ("phone_number_id", "١٢٣٤٥", "digits"),
        ("waba_id", "../me", "digits"),
        ("access_token", "two\nlines", "one line"),
        ("access_token", "x" * 2000, "one line"),
        ("app_secret", "", "app secret"),
        ("verify_token", "x" * 256, "255"),
    ],
)
async def test_a_wrong_value_is_named_and_nothing_is_saved(
    runtime: Runtime, sandbox: Sandbox, connect: Connect, field: str, value: str, words: str
) -> None:
    with pytest.raises(Invalid) as refused:
        await connect(**{field: value})
    assert refused.value.field == field
    assert words in refused.value.message
    assert sandbox.config.token not in refused.value.message
    assert await rows(runtime) == []
    assert sandbox.store.subscription["subscribed"] is False


async def test_a_number_of_another_account_is_refused(
    runtime: Runtime, sandbox: Sandbox, connect: Connect
) -> None:
    sandbox.store.numbers.pop(sandbox.config.second_phone_number_id)
    with pytest.raises(Invalid) as refused:
        await connect(phone_number_id=sandbox.config.second_phone_number_id)
    assert refused.value.field == "phone_number_id"


async def test_a_token_without_the_permissions_is_refused(
    runtime: Runtime, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps, "SCOPES", ["whatsapp_business_messaging", "public_profile"])
    with pytest.raises(Invalid, match="whatsapp_business_management"):
        await connect()
    assert await rows(runtime) == []


async def test_an_app_that_demands_the_proof_can_be_connected(
    runtime: Runtime, network: Network, connect: Connect
) -> None:
    """Meta: "Require app secret" in the app's settings."""
    whole = network.inner

    class Strict(httpx.AsyncBaseTransport):
        async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
            if "appsecret_proof" in str(request.url):
                return await whole.handle_async_request(request)
            text = "API calls from the server require an appsecret_proof argument"
            return httpx.Response(400, json={"error": {"code": 100, "message": text}}, request=request)

    network.inner = Strict()
    await connect()
    with pytest.raises(Invalid):
        await connect(app_secret="0" * 32)
    assert len(await rows(runtime)) == 1


async def test_without_meta_nothing_is_saved(runtime: Runtime, network: Network, connect: Connect) -> None:
    network.is_down = True
    with pytest.raises(Conflict, match="could not be reached"):
        await connect()
    assert await rows(runtime) == []


async def test_trouble_at_meta_is_not_blamed_on_the_form(
    runtime: Runtime, sandbox: Sandbox, connect: Connect
) -> None:
    sandbox.faults.change({"error_rate": 1})
    with pytest.raises(Conflict, match="Try again"):
        await connect()
    assert await rows(runtime) == []


async def test_connecting_again_replaces_the_credentials(
    runtime: Runtime, sandbox: Sandbox, connect: Connect
) -> None:
    first = await connect()
    async with runtime.db.write() as session:
        await session.exec(
            sa.update(Channel).values(
                status=ChannelStatus.RECONNECT, last_error="x", connected_at=meta.ago(days=3)
            )
        )
    new = sandbox.rotate_token()
    assert await connect(access_token=new, verify_token="") == first
    (channel,) = await rows(runtime)
    assert (channel.status, channel.last_error) == (ChannelStatus.CONNECTED, "")
    assert channel.connected_at > meta.ago(minutes=1)
    assert runtime.secrets.open(channel.access_token) == new
    assert runtime.secrets.open(channel.verify_token) == sandbox.config.verify_token, "Meta knows it already"


async def test_without_a_verify_token_one_is_made(runtime: Runtime, connect: Connect) -> None:
    await connect(verify_token="")
    (channel,) = await rows(runtime)
    assert len(runtime.secrets.open(channel.verify_token)) >= 32


async def test_several_numbers_live_side_by_side(
    runtime: Runtime, sandbox: Sandbox, connect: Connect, owner: Actor
) -> None:
    await connect()
    second = await connect(phone_number_id=sandbox.config.second_phone_number_id)
    async with runtime.db.read() as session:
        names = [row["name"] for row in await channels.summary(session, owner)]
    assert names == ["Harbour Homes", "Harbour Homes Rentals"]
    await channels.disconnect(runtime.db, owner, runtime.gateway, second)
    assert sandbox.store.subscription["subscribed"] is True, "the other number still needs the webhooks"
    await channels.disconnect(runtime.db, owner, runtime.gateway, second - 1)
    assert sandbox.store.subscription["subscribed"] is False


async def test_a_disconnected_number_is_kept_and_its_webhooks_are_still_trusted(
    runtime: Runtime, sandbox: Sandbox, connect: Connect, owner: Actor
) -> None:
    channel_id = await connect()
    await channels.disconnect(runtime.db, owner, runtime.gateway, channel_id)
    async with runtime.db.read() as session:
        assert await channels.summary(session, owner) == []
        assert [row["status"] for row in await channels.listing(session, owner)] == ["disconnected"]
        keys = await channels.webhook_keys(session, runtime.secrets)
    assert keys.app_secrets == (sandbox.config.app_secret,)


async def test_disconnecting_works_without_meta(
    runtime: Runtime, network: Network, connect: Connect, owner: Actor
) -> None:
    channel_id = await connect()
    network.is_down = True
    await channels.disconnect(runtime.db, owner, runtime.gateway, channel_id)
    assert (await rows(runtime))[0].status is ChannelStatus.DISCONNECTED


async def test_agents_neither_connect_nor_see_what_is_connected(
    runtime: Runtime, sandbox: Sandbox, network: Network, connect: Connect, agent: Actor
) -> None:
    channel_id = await connect()
    with pytest.raises(Forbidden):
        await channels.connect(runtime.db, agent, runtime.gateway, form_of(sandbox))
    with pytest.raises(Forbidden):
        await channels.disconnect(runtime.db, agent, runtime.gateway, channel_id)
    with pytest.raises(Forbidden):
        await channels.refresh(runtime.db, agent, runtime.gateway, channel_id)
    async with runtime.db.read() as session:
        for query in (channels.listing(session, agent), channels.details(session, agent, runtime.secrets)):
            with pytest.raises(Forbidden):
                await query


async def test_a_number_that_is_not_there_is_not_found(
    runtime: Runtime, network: Network, owner: Actor
) -> None:
    for deed in (channels.refresh, channels.disconnect):
        with pytest.raises(NotFound):
            await deed(runtime.db, owner, runtime.gateway, 99)


# --- health


async def test_only_a_refused_token_asks_for_reconnection(
    runtime: Runtime, sandbox: Sandbox, network: Network, connect: Connect, owner: Actor
) -> None:
    channel_id = await connect()

    async def after_refresh() -> Channel:
        await channels.refresh(runtime.db, owner, runtime.gateway, channel_id)
        return (await rows(runtime))[0]

    network.is_down = True
    channel = await after_refresh()
    assert channel.status is ChannelStatus.CONNECTED
    assert channel.last_error
    network.is_down = False
    sandbox.faults.change({"error_rate": 1})
    assert (await after_refresh()).status is ChannelStatus.CONNECTED
    sandbox.faults.change({"error_rate": 0, "revoked_token": True})
    assert (await after_refresh()).status is ChannelStatus.RECONNECT
    sandbox.faults.change({"revoked_token": False})
    channel = await after_refresh()
    assert (channel.status, channel.last_error) == (ChannelStatus.CONNECTED, "")
    assert channel.health["can_send"]


async def test_one_broken_number_does_not_keep_the_others_from_being_checked(
    runtime: Runtime, connect: Connect
) -> None:
    async with runtime.db.write() as session:
        session.add(Channel(phone_number_id="1", waba_id="1", access_token="gAAAAother-key", base_url=META))
    await connect()
    async with runtime.db.write() as session:
        await session.exec(sa.update(Channel).values(last_checked_at=None))
    await channels.refresh_all(runtime.db, runtime.gateway)
    broken, fine = sorted(await rows(runtime), key=lambda channel: channel.id or 0)
    assert fine.last_checked_at
    assert "another key" in broken.last_error


async def test_a_lost_key_shuts_out_neither_other_numbers_nor_a_new_connection(
    runtime: Runtime, sandbox: Sandbox, connect: Connect, owner: Actor
) -> None:
    from cryptography.fernet import Fernet

    await connect()
    await connect(phone_number_id=sandbox.config.second_phone_number_id)
    other = SecretBox([Fernet.generate_key().decode()])
    async with runtime.db.write() as session:
        await session.exec(
            sa.update(Channel)
            .where(sa.text("phone_number_id = :id").bindparams(id=sandbox.config.phone_number_id))
            .values({name: other.seal("lost") for name in SECRETS})
        )
    async with runtime.db.read() as session:
        keys = await channels.webhook_keys(session, runtime.secrets)
        assert keys.app_secrets == (sandbox.config.app_secret,)
        assert (
            next(row["verify_token"] for row in await channels.details(session, owner, runtime.secrets)) == ""
        )
    await connect(verify_token="")
    async with runtime.db.read() as session:
        assert len((await channels.webhook_keys(session, runtime.secrets)).verify_tokens) == 2


NOW = datetime(2026, 3, 1, tzinfo=UTC)


def states(**values: Any) -> dict[str, tuple[str, bool]]:
    """State of each row of the panel, and whether it says how to repair it."""
    fine = {
        "quality": "GREEN",
        "messaging_limit": "TIER_2K",
        "name_status": "APPROVED",
        "number_status": "CONNECTED",
    }
    health = fine | values.pop("health", {})
    channel = Channel(phone_number_id="1", waba_id="1", health=health, last_webhook_at=NOW, **values)
    return {row["key"]: (row["state"], bool(row["fix"])) for row in health_rows(channel, NOW)}


def test_a_healthy_number_has_nothing_to_repair() -> None:
    assert set(states().values()) == {("good", False)}


@pytest.mark.parametrize(
    ("values", "key", "state"),
    [
        ({"status": ChannelStatus.RECONNECT}, "token", "bad"),
        ({"token_expires_at": NOW - timedelta(days=1)}, "token", "bad"),
        ({"token_expires_at": NOW + timedelta(days=3)}, "token", "warning"),
        ({"status": ChannelStatus.DISCONNECTED}, "number", "bad"),
        ({"health": {"can_send": "BLOCKED"}}, "number", "bad"),
        ({"health": {"number_status": "PENDING"}}, "number", "warning"),
        ({"health": {"number_status": "BANNED"}}, "number", "bad"),
        ({"health": {"quality": "YELLOW"}}, "quality", "warning"),
        ({"health": {"quality": "RED"}}, "quality", "bad"),
        ({"health": {"name_status": "DECLINED"}}, "name", "bad"),
    ],
)
def test_everything_that_is_wrong_says_how_to_repair_it(values: dict[str, Any], key: str, state: str) -> None:
    assert states(**values)[key] == (state, True)


def test_silence_is_noticed() -> None:
    channel = Channel(phone_number_id="1", waba_id="1", last_webhook_at=NOW - timedelta(days=4))
    row = next(row for row in health_rows(channel, NOW) if row["key"] == "webhooks")
    assert (row["state"], row["value"]) == ("warning", "Last one 4 days ago")
    channel.last_webhook_at = None
    assert (
        next(row for row in health_rows(channel, NOW) if row["key"] == "webhooks")["value"]
        == "Nothing received yet"
    )
