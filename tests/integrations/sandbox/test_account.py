"""Numbers, account, tokens, signup, flows."""

from __future__ import annotations

import hashlib
import hmac

import pytest

from .conftest import Bench, Json


async def code_of(bench: Bench, method: str, path: str, **more: object) -> int:
    answer = await bench.graph.request(method, path, **more)  # type: ignore[arg-type]
    return int(answer.json()["error"]["code"])


async def test_numbers_are_listed_with_the_asked_fields(bench: Bench) -> None:
    path = f"{bench.config.waba_id}/phone_numbers"
    fields = "id,display_phone_number,quality_rating,throughput,health_status"
    data = (await bench.graph.get(path, params={"fields": fields})).json()["data"]
    assert [number["id"] for number in data] == ["106540352242922", "106540352242923"]
    assert data[0]["throughput"] == {"level": "STANDARD"}
    assert data[0]["health_status"]["can_send_message"] == "AVAILABLE"


async def test_a_new_number_is_verified_and_registered(bench: Bench) -> None:
    wanted = {"cc": "1", "phone_number": "6505550177", "verified_name": "Annex"}
    number = (await bench.graph.post(f"{bench.config.waba_id}/phone_numbers", json=wanted)).json()["id"]
    pin = {"messaging_product": "whatsapp", "pin": "123456"}
    assert await code_of(bench, "POST", f"{number}/register", json=pin) == 133006
    ask = {"code_method": "SMS", "language": "en_US"}
    assert (await bench.graph.post(f"{number}/request_code", data=ask)).json() == {"success": True}
    shown = (await bench.http.get("phone/customers")).json()["numbers"][-1]["code"]
    assert await code_of(bench, "POST", f"{number}/verify_code", json={"code": "x"}) == 136025
    assert (await bench.graph.post(f"{number}/verify_code", json={"code": shown})).json() == {"success": True}
    assert (await bench.graph.post(f"{number}/register", json=pin)).json() == {"success": True}
    assert await code_of(bench, "POST", f"{number}/register", json=pin | {"pin": "654321"}) == 133005
    status = (await bench.graph.get(number, params={"fields": "status,is_pin_enabled"})).json()
    assert (status["status"], status["is_pin_enabled"]) == ("CONNECTED", True)


async def test_a_deregistered_number_cannot_send(bench: Bench) -> None:
    number = bench.config.phone_number_id
    await bench.graph.post(f"{number}/deregister")
    assert (await bench.hello()).json()["error"]["code"] == 133010
    health = (await bench.graph.get(number, params={"fields": "health_status"})).json()["health_status"]
    assert health["can_send_message"] == "BLOCKED"


async def test_registering_is_limited_to_ten_in_72_hours(bench: Bench) -> None:
    path = f"{bench.config.phone_number_id}/register"
    pin = {"messaging_product": "whatsapp", "pin": "111111"}
    for _ in range(10):
        assert (await bench.graph.post(path, json=pin)).status_code == 200
    assert await code_of(bench, "POST", path, json=pin) == 133016


async def test_changing_the_pin_sends_the_security_event(bench: Bench) -> None:
    assert (await bench.graph.post(bench.config.phone_number_id, json={"pin": "222222"})).status_code == 200
    assert await code_of(bench, "POST", bench.config.phone_number_id, json={"pin": "22"}) == 100
    await bench.settle()
    assert bench.business.values("security")[0]["event"] == "PIN_CHANGED"


async def test_the_account_answers_nested_fields(bench: Bench) -> None:
    fields = "name,account_review_status,phone_numbers{id,verified_name}"
    account = (await bench.graph.get(bench.config.waba_id, params={"fields": fields})).json()
    assert account["phone_numbers"]["data"][0] == {"id": "106540352242922", "verified_name": "Harbour Homes"}
    assert account["account_review_status"] == "APPROVED"


async def test_subscribed_apps_can_be_read_and_removed(bench: Bench) -> None:
    path = f"{bench.config.waba_id}/subscribed_apps"
    app = (await bench.graph.get(path)).json()["data"][0]["whatsapp_business_api_data"]
    assert app["id"] == bench.config.app_id
    await bench.graph.delete(path)
    assert (await bench.graph.get(path)).json() == {"data": []}


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [({"Authorization": "Bearer wrong"}, 401, 190), ({"Authorization": ""}, 400, 2500)],
)
async def test_calls_need_a_living_token(
    bench: Bench, headers: dict[str, str], status: int, code: int
) -> None:
    answer = await bench.graph.get(bench.config.phone_number_id, headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["type"] == "OAuthException"
    assert answer.json()["error"]["fbtrace_id"]


async def test_a_wrong_appsecret_proof_is_refused(bench: Bench) -> None:
    good = hmac.new(bench.config.app_secret.encode(), bench.config.token.encode(), hashlib.sha256).hexdigest()
    path = bench.config.phone_number_id
    assert (await bench.graph.get(path, params={"appsecret_proof": good})).status_code == 200
    assert await code_of(bench, "GET", path, params={"appsecret_proof": "0" * 64}) == 100


async def test_a_signup_code_is_exchanged_once_for_a_working_token(bench: Bench) -> None:
    popup = (await bench.http.post("control/signup-code")).json()
    assert popup["session"]["data"]["waba_id"] == bench.config.waba_id
    params = {
        "client_id": bench.config.app_id,
        "client_secret": bench.config.app_secret,
        "code": popup["code"],
    }
    token = (await bench.http.get("v25.0/oauth/access_token", params=params)).json()["access_token"]
    again = (await bench.http.get("v25.0/oauth/access_token", params=params)).json()
    assert again["error"]["code"] == 100
    own = {"Authorization": f"Bearer {token}"}
    assert (await bench.graph.get(bench.config.waba_id, headers=own)).status_code == 200
    app = {"Authorization": f"Bearer {bench.config.app_id}|{bench.config.app_secret}"}
    checked = await bench.graph.get("debug_token", params={"input_token": token}, headers=app)
    data = checked.json()["data"]
    assert data["is_valid"] is True
    assert data["granular_scopes"][0]["target_ids"] == [bench.config.waba_id]


async def test_a_signup_code_lives_thirty_seconds(bench: Bench) -> None:
    popup = (await bench.http.post("control/signup-code")).json()
    await bench.faults(clock_offset_seconds=31)
    params = {
        "client_id": bench.config.app_id,
        "client_secret": bench.config.app_secret,
        "code": popup["code"],
    }
    answer = await bench.http.get("v25.0/oauth/access_token", params=params)
    assert answer.json()["error"]["error_subcode"] == 36007


async def test_unknown_nodes_and_edges_are_told_apart(bench: Bench) -> None:
    unknown = (await bench.graph.get("999")).json()["error"]
    assert (unknown["code"], unknown["error_subcode"], unknown["type"]) == (100, 33, "GraphMethodException")
    assert await code_of(bench, "GET", f"{bench.config.waba_id}/nothing") == 2500


async def test_any_webhook_of_metas_can_be_sent(bench: Bench) -> None:
    value = {"event": "DISABLED_UPDATE", "ban_info": {"waba_ban_state": "DISABLE"}}
    body: Json = {"field": "account_update", "value": value}
    assert (await bench.http.post("control/webhooks", json=body)).json() == {"queued": True}
    await bench.settle()
    assert bench.business.values("account_update") == [value]


async def test_a_new_limit_is_announced(bench: Bench) -> None:
    path = f"control/numbers/{bench.config.phone_number_id}"
    await bench.http.post(path, json={"messaging_limit": "TIER_10K", "quality_rating": "YELLOW"})
    await bench.settle()
    update = bench.business.values("phone_number_quality_update")[0]
    assert (update["old_limit"], update["current_limit"]) == ("TIER_2K", "TIER_10K")


FLOW = '{"version":"7.2","screens":[{"id":"A","terminal":true,"layout":{"type":"SingleColumnLayout","children":[]}}]}'


async def test_a_flow_is_published_sent_and_answered(bench: Bench) -> None:
    wanted = {"name": "Survey", "categories": '["SURVEY"]'}
    flow = (await bench.graph.post(f"{bench.config.waba_id}/flows", data=wanted)).json()["id"]
    assert await code_of(bench, "POST", f"{flow}/publish") == 139002
    files = {"file": ("flow.json", FLOW.encode(), "application/json")}
    form = {"name": "flow.json", "asset_type": "FLOW_JSON"}
    uploaded = await bench.graph.post(f"{flow}/assets", data=form, files=files)
    assert uploaded.json() == {"success": True, "validation_errors": []}
    assert (await bench.graph.post(f"{flow}/publish")).json() == {"success": True}
    await bench.write()
    parameters = {"flow_message_version": "3", "flow_cta": "Open", "flow_id": flow, "flow_token": "tok-1"}
    action = {"name": "flow", "parameters": parameters}
    message = {"type": "flow", "body": {"text": "Please"}, "action": action}
    sent = await bench.send(kind="interactive", interactive=message)
    assert sent.status_code == 200
    wamid = sent.json()["messages"][0]["id"]
    await bench.write(type="nfm_reply", reply_to=wamid, response={"flow_token": "tok-1", "stars": "5"})
    await bench.settle()
    reply = bench.business.messages[-1]
    assert reply["context"]["id"] == wamid
    assert reply["interactive"]["nfm_reply"]["response_json"] == '{"flow_token": "tok-1", "stars": "5"}'
