"""Webhooks: shape, signature, retries and when there are none."""

from __future__ import annotations

import hashlib
import hmac
import json

import httpx
import pytest

from integrations.sandbox import Sandbox, SandboxConfig
from integrations.sandbox.dispatcher import Update, envelope, meta_json, signature

from .conftest import Bench, Business, quick_config


def test_the_signature_matches_metas_reference() -> None:
    raw = b'{"object":"whatsapp_business_account","entry":[]}'
    expected = "99c9e583df383a49a6a002e426eed3bcf111d832dc72b4b256ae2f00fe909922"
    assert signature(raw, "test_secret") == f"sha256={expected}"


def test_json_is_escaped_as_meta_does() -> None:
    assert meta_json({"text": "é/😀"}) == b'{"text":"\\u00e9\\/\\ud83d\\ude00"}'


def test_updates_of_one_number_share_a_change() -> None:
    metadata = {"display_phone_number": "1555", "phone_number_id": "1"}
    made = [
        Update("u", "W", "messages", name, {"id": str(n)}, metadata, {"wa_id": str(n)})
        for n, name in enumerate(["statuses", "messages", "statuses"])
    ]
    changes = envelope(made)["entry"][0]["changes"]
    assert [status["id"] for status in changes[0]["value"]["statuses"]] == ["0", "2"]
    assert [message["id"] for message in changes[1]["value"]["messages"]] == ["1"]
    assert changes[0]["value"]["contacts"] == [{"wa_id": "0"}, {"wa_id": "2"}]


async def test_an_inbound_text_arrives_signed_and_complete(bench: Bench) -> None:
    written = await bench.write(text="Grüße / hello")
    await bench.settle()
    raw, signed = bench.business.raw[0]
    secret = bench.config.app_secret.encode()
    assert signed == "sha256=" + hmac.new(secret, raw, hashlib.sha256).hexdigest()
    assert b"Gr\\u00fc\\u00dfe \\/ hello" in raw
    value = bench.business.values()[0]
    customer = bench.sandbox.store.customers["c1"]
    assert bench.business.posts[0]["entry"][0]["id"] == bench.config.waba_id
    assert value["metadata"] == {"display_phone_number": "16505550100", "phone_number_id": "106540352242922"}
    assert value["contacts"] == [
        {
            "profile": {"name": "Maya Thompson", "username": "maya.t"},
            "wa_id": "12025550143",
            "user_id": customer.user_id,
        }
    ]
    message = value["messages"][0]
    assert message["id"] == written["wamid"]
    assert message["from"] == "12025550143"
    assert message["from_user_id"] == customer.user_id
    assert message["timestamp"].isdecimal()
    assert message["text"] == {"body": "Grüße / hello"}


async def test_a_hidden_number_never_shows(bench: Bench) -> None:
    await bench.write("c6")
    await bench.settle()
    value = bench.business.values()[0]
    assert "from" not in value["messages"][0]
    assert "wa_id" not in value["contacts"][0]
    assert value["messages"][0]["from_user_id"] == value["contacts"][0]["user_id"]
    assert bench.sandbox.store.customers["c6"].number not in json.dumps(value)


async def test_a_send_reports_sent_delivered_and_read_with_its_callback_data(bench: Bench) -> None:
    wamid = (await bench.hello(biz_opaque_callback_data="outbox:7")).json()["messages"][0]["id"]
    await bench.settle()
    assert [status["status"] for status in bench.business.statuses] == ["sent", "delivered"]
    await bench.http.post("phone/customers/c1/open", json={})
    await bench.settle()
    statuses = bench.business.statuses
    assert [status["status"] for status in statuses] == ["sent", "delivered", "read"]
    assert {status["id"] for status in statuses} == {wamid}
    assert {status["biz_opaque_callback_data"] for status in statuses} == {"outbox:7"}
    assert statuses[0]["recipient_id"] == "12025550143"
    assert [status.get("pricing") for status in statuses] == [
        None,
        {"billable": True, "pricing_model": "PMP", "type": "regular", "category": "utility"},
        None,
    ]


async def test_replies_and_open_window_utility_are_free(bench: Bench) -> None:
    await bench.write()
    await bench.send()
    await bench.hello()
    await bench.settle()
    prices = [status["pricing"] for status in bench.business.statuses if status["status"] == "delivered"]
    assert {price["type"] for price in prices} == {"free_customer_service"}
    assert {price["category"] for price in prices} == {"service", "utility"}


async def test_auto_read_reports_read_by_itself(bench: Bench) -> None:
    await bench.faults(auto_read=True)
    await bench.hello()
    await bench.settle()
    assert bench.business.statuses[-1]["status"] == "read"


async def test_reactions_of_the_business_only_report_sent(bench: Bench) -> None:
    written = await bench.write()
    await bench.send(kind="reaction", reaction={"message_id": written["wamid"], "emoji": "👍"})
    await bench.settle()
    assert [status["status"] for status in bench.business.statuses] == ["sent"]
    assert (await bench.thread())[0]["business_reaction"] == "👍"


async def test_a_customer_who_blocks_the_business_leaves_it_on_one_tick(bench: Bench) -> None:
    await bench.http.post("phone/customers/c1/block")
    await bench.hello()
    await bench.settle()
    assert [status["status"] for status in bench.business.statuses] == ["sent"]


@pytest.mark.parametrize(("number", "expected"), [("+12025999049", 131049), ("+12025999026", 131026)])
async def test_some_numbers_fail_later(bench: Bench, number: str, expected: int) -> None:
    assert (await bench.hello(number)).status_code == 200
    await bench.settle()
    assert [status["status"] for status in bench.business.statuses] == ["failed"]
    assert bench.business.statuses[0]["errors"][0]["code"] == expected


async def test_a_failed_delivery_is_retried_until_it_succeeds(bench: Bench) -> None:
    bench.business.answers = [500, 503, 200]
    written = await bench.write()
    await bench.settle()
    assert [message["id"] for message in bench.business.messages] == [written["wamid"]]
    log = (await bench.http.get("control/webhooks")).json()["data"]
    assert [(line["attempt"], line["status"]) for line in log] == [(3, 200), (2, 503), (1, 500)]
    assert len({raw for raw, _ in bench.business.raw}) == 1


async def test_updates_are_batched_under_load(bench: Bench) -> None:
    for index in range(150):
        bench.sandbox.traffic.announce("account_review_update", {"decision": "APPROVED", "n": index})
    await bench.settle()
    sizes = [len(post["entry"][0]["changes"]) for post in bench.business.posts]
    assert sum(sizes) == 150
    assert max(sizes) == bench.config.webhook_batch


@pytest.fixture
def unsubscribed() -> SandboxConfig:
    return quick_config(subscribed=False, webhook_url=None)


async def test_nothing_is_sent_until_the_app_is_subscribed(unsubscribed: SandboxConfig) -> None:
    business = Business(unsubscribed.verify_token)
    async with Sandbox(unsubscribed, transport=httpx.ASGITransport(app=business.app)) as sandbox:
        bench = Bench(sandbox, business)
        written = await bench.write()
        assert written["message"]["status"] == "sent"
        app = {"Authorization": f"Bearer {bench.config.app_id}|{bench.config.app_secret}"}
        wanted = {
            "object": "whatsapp_business_account",
            "callback_url": "http://business/hook",
            "verify_token": "wrong",
            "fields": "messages",
        }
        path = f"{bench.config.app_id}/subscriptions"
        refused = await bench.graph.post(path, data=wanted, headers=app)
        assert refused.json()["error"]["code"] == 2200
        wanted["verify_token"] = business.verify_token
        assert (await bench.graph.post(path, data=wanted)).json()["error"]["code"] == 15
        assert (await bench.graph.post(path, data=wanted, headers=app)).json() == {"success": True}
        await bench.write()
        await bench.settle()
        assert business.messages == []
        assert (await bench.graph.post(f"{bench.config.waba_id}/subscribed_apps")).json() == {"success": True}
        await bench.write()
        await bench.settle()
        assert len(business.messages) == 1


async def test_overrides_win_number_before_account_before_app(bench: Bench) -> None:
    async def urls() -> list[str]:
        await bench.write()
        await bench.settle()
        return [line.url for line in bench.sandbox.dispatcher.log]

    override = {"override_callback_uri": "http://account/hook", "verify_token": bench.config.verify_token}
    await bench.graph.post(f"{bench.config.waba_id}/subscribed_apps", json=override)
    assert (await urls())[-1] == "http://account/hook"
    own = {"webhook_configuration": override | {"override_callback_uri": "http://number/hook"}}
    await bench.graph.post(bench.config.phone_number_id, json=own)
    assert (await urls())[-1] == "http://number/hook"
    await bench.graph.post(
        bench.config.phone_number_id, json={"webhook_configuration": {"override_callback_uri": ""}}
    )
    await bench.graph.delete(f"{bench.config.waba_id}/subscribed_apps")
    before = len(bench.sandbox.dispatcher.log)
    assert len(await urls()) == before
