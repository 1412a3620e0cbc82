"""Fault switches: each one does exactly what its name says."""

from __future__ import annotations

import httpx
import pytest

from integrations.sandbox.faults import Bucket, Spread

from .conftest import Bench


def test_a_share_is_spread_evenly() -> None:
    spread = Spread()
    assert [spread.hit("x", 0.25) for _ in range(8)] == [False, False, False, True] * 2
    assert sum(spread.hit("tenth", 0.1) for _ in range(1000)) == 100


def test_a_bucket_holds_its_rate() -> None:
    bucket = Bucket(80, 0.0)
    taken = sum(bucket.take(80, 80, second / 1000) for second in range(0, 10_000, 2))
    assert 80 * 10 <= taken <= 80 * 11 + 1


async def test_every_nth_send_is_throttled(bench: Bench) -> None:
    await bench.faults(throttle_every=3)
    codes = [(await bench.hello()).status_code for _ in range(6)]
    assert codes == [200, 200, 400, 200, 200, 400]
    assert (await bench.hello()).status_code == 200


async def test_throughput_is_enforced_for_each_number(bench: Bench) -> None:
    await bench.faults(throughput_per_second=5)
    answers = [await bench.hello() for _ in range(7)]
    codes = [answer.json().get("error", {}).get("code") for answer in answers]
    assert codes[:5] == [None] * 5
    assert codes[-1] == 130429


async def test_the_pair_limit_allows_a_burst_of_45(bench: Bench) -> None:
    await bench.faults(pair_limit=True)
    answers = [await bench.hello() for _ in range(46)]
    assert answers[44].status_code == 200
    assert answers[45].json()["error"]["code"] == 131056
    assert (await bench.hello("+491713920005")).status_code == 200


async def test_a_time_out_after_acceptance_still_sends_the_message(bench: Bench) -> None:
    await bench.faults(timeout_after_accept_next=1)
    with pytest.raises(httpx.TransportError):
        await bench.hello(biz_opaque_callback_data="outbox:1")
    await bench.settle()
    assert bench.business.statuses[0]["biz_opaque_callback_data"] == "outbox:1"
    accepted = (await bench.http.get("control/accepted", params={"callback": "outbox:1"})).json()
    assert accepted["count"] == 1
    assert (await bench.hello()).status_code == 200


async def test_a_hanging_answer_ends_in_a_broken_connection(bench: Bench) -> None:
    await bench.faults(timeout_after_accept_next=1, timeout_mode="hang")
    with pytest.raises(httpx.TransportError):
        await bench.hello()


async def test_a_dropped_request_was_never_accepted(bench: Bench) -> None:
    await bench.faults(drop_before_accept=1)
    with pytest.raises(httpx.TransportError):
        await bench.hello()
    assert (await bench.http.get("control/accepted")).json()["count"] == 0


async def test_sending_twice_is_noticed(bench: Bench) -> None:
    for _ in range(2):
        await bench.hello(biz_opaque_callback_data="outbox:9")
    await bench.hello(biz_opaque_callback_data="outbox:10")
    accepted = (await bench.http.get("control/accepted")).json()
    assert accepted["count"] == 3
    assert accepted["duplicates"] == {"outbox:9": 2}
    assert [row["callback"] for row in accepted["messages"]] == ["outbox:9", "outbox:9", "outbox:10"]


async def test_server_errors_come_as_json_and_as_html(bench: Bench) -> None:
    await bench.faults(error_next=2, error_kind="mixed")
    first, second, third = [await bench.hello() for _ in range(3)]
    assert (first.status_code, first.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert (second.status_code, second.json()["error"]["code"]) == (500, 131000)
    assert third.status_code == 200


async def test_scripted_codes_are_answered_in_order(bench: Bench) -> None:
    await bench.faults(send_errors=[131048, 368], status_errors=[131049])
    assert [(await bench.hello()).json()["error"]["code"] for _ in range(2)] == [131048, 368]
    await bench.hello()
    await bench.settle()
    assert bench.business.statuses[0]["errors"][0]["code"] == 131049


async def test_refusals_can_arrive_as_failed_status(bench: Bench) -> None:
    await bench.faults(errors_as_status=True)
    assert (await bench.send()).status_code == 200
    await bench.settle()
    assert bench.business.statuses[0]["status"] == "failed"
    assert bench.business.statuses[0]["errors"][0]["code"] == 131047


async def test_duplicated_webhooks_carry_the_same_update_twice(bench: Bench) -> None:
    await bench.faults(duplicate_webhooks=1)
    written = await bench.write()
    await bench.settle()
    assert [message["id"] for message in bench.business.messages] == [written["wamid"]] * 2
    assert len(bench.business.posts) == 2


async def test_reordered_webhooks_overtake_each_other(bench: Bench) -> None:
    await bench.faults(reorder_webhooks=0.5, reorder_hold_ms=150)
    for index in range(4):
        await bench.write(text=str(index))
    await bench.settle()
    texts = [message["text"]["body"] for message in bench.business.messages]
    assert texts == ["0", "2", "1", "3"]


async def test_lost_and_delayed_webhooks(bench: Bench) -> None:
    await bench.faults(lose_webhooks=1)
    await bench.write()
    await bench.settle()
    assert bench.business.messages == []
    await bench.faults(lose_webhooks=0, delay_webhooks_ms=30)
    await bench.write()
    assert bench.sandbox.timeline.pending == 1
    await bench.settle()
    assert len(bench.business.messages) == 1


async def test_a_revoked_token_is_code_190(bench: Bench) -> None:
    await bench.faults(revoked_token=True)
    answer = await bench.hello()
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 190)
    assert answer.json()["error"]["error_subcode"] == 460


async def test_a_rotated_token_replaces_the_old_one(bench: Bench) -> None:
    token = (await bench.http.post("control/rotate-token")).json()["token"]
    assert (await bench.hello()).json()["error"]["code"] == 190
    bench.graph.headers["Authorization"] = f"Bearer {token}"
    assert (await bench.hello()).status_code == 200


async def test_the_clock_stamps_messages(bench: Bench) -> None:
    await bench.write()
    await bench.faults(clock_offset_seconds=-7200)
    await bench.write()
    await bench.settle()
    first, second = (int(message["timestamp"]) for message in bench.business.messages)
    assert 7190 <= first - second <= 7200


@pytest.mark.parametrize(
    "wrong",
    [{"latency": 1}, {"error_rate": 2}, {"error_kind": "xml"}, {"latency_ms": "soon"}, {"latency_ms": -1}],
)
async def test_unknown_or_senseless_faults_are_refused(bench: Bench, wrong: dict[str, object]) -> None:
    answer = await bench.http.post("control/faults", json=wrong)
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == 100


async def test_a_reset_brings_back_the_first_day(bench: Bench) -> None:
    await bench.faults(latency_ms=1, auto_read=True, clock_offset_seconds=50)
    await bench.hello("+447911123456")
    await bench.http.post("control/reset")
    state = (await bench.http.get("control/state")).json()
    assert state["accepted"] == 0
    assert state["faults"]["latency_ms"] == 0
    assert state["faults"]["auto_read"] is False
    assert state["token"] == bench.config.token
    assert len((await bench.http.get("phone/customers")).json()["customers"]) == 6
    assert (await bench.hello()).status_code == 200


async def test_foreign_websites_cannot_push_the_buttons(bench: Bench) -> None:
    answer = await bench.http.post("control/reset", headers={"sec-fetch-site": "cross-site"})
    assert answer.status_code == 403
