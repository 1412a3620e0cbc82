"""The phone API: everything a customer can do."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Bench


async def sent(bench: Bench) -> str:
    return str((await bench.hello()).json()["messages"][0]["id"])


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        (
            {"type": "location", "latitude": "1.5", "longitude": 2, "name": "Pier"},
            {"latitude": 1.5, "longitude": 2.0, "name": "Pier"},
        ),
        (
            {
                "type": "order",
                "catalog_id": "7",
                "product_items": [{"product_retailer_id": "a", "quantity": 1}],
            },
            {"catalog_id": "7", "product_items": [{"product_retailer_id": "a", "quantity": 1}]},
        ),
        ({"type": "unsupported", "kind": "poll"}, {"type": "poll"}),
    ],
)
async def test_inbound_types_have_metas_shape(
    bench: Bench, wish: dict[str, Any], expected: dict[str, Any]
) -> None:
    await bench.write(**wish)
    await bench.settle()
    message = bench.business.messages[0]
    assert message["type"] == wish["type"]
    assert message[wish["type"]] == expected


async def test_unsupported_messages_carry_their_error(bench: Bench) -> None:
    await bench.write(type="unsupported", kind="poll")
    await bench.settle()
    assert bench.business.messages[0]["errors"][0]["code"] == 131051


async def test_taps_answer_the_message_they_belong_to(bench: Bench) -> None:
    wamid = await sent(bench)
    await bench.write(type="button_reply", reply_to=wamid, id="y", title="Yes")
    await bench.write(type="list_reply", reply_to=wamid, id="1", title="One", description="first")
    await bench.write(type="button", reply_to=wamid, text="Stop", payload="STOP")
    await bench.settle()
    button, row, quick = bench.business.messages
    assert button["interactive"] == {"type": "button_reply", "button_reply": {"id": "y", "title": "Yes"}}
    assert row["interactive"]["list_reply"]["description"] == "first"
    assert quick["button"] == {"payload": "STOP", "text": "Stop"}
    assert {message["context"]["id"] for message in (button, row, quick)} == {wamid}
    assert button["context"]["from"] == "16505550100"


async def test_a_reaction_is_set_and_taken_back(bench: Bench) -> None:
    wamid = await sent(bench)
    await bench.write(type="reaction", message_id=wamid, emoji="😮")
    assert (await bench.thread())[0]["customer_reaction"] == "😮"
    await bench.write(type="reaction", message_id=wamid, emoji="")
    await bench.settle()
    first, second = (message["reaction"] for message in bench.business.messages)
    assert first == {"message_id": wamid, "emoji": "😮"}
    assert second == {"message_id": wamid}


async def test_a_message_is_edited_for_fifteen_minutes_and_deleted(bench: Bench) -> None:
    wamid = (await bench.write(text="helo"))["wamid"]
    await bench.write(type="edit", message_id=wamid, text="hello")
    edited = (await bench.thread())[0]
    assert (edited["view"]["text"], edited["edited"]) == ("hello", True)
    await bench.write(type="revoke", message_id=wamid)
    await bench.settle()
    _, edit, revoke = bench.business.messages
    inner = {"type": "text", "text": {"body": "hello"}}
    assert edit["edit"] == {"original_message_id": wamid, "message": inner}
    assert revoke["revoke"] == {"original_message_id": wamid}
    assert (await bench.thread())[0]["revoked"] is True
    late = (await bench.write(text="late"))["wamid"]
    await bench.faults(clock_offset_seconds=901)
    wish = {"type": "edit", "message_id": late, "text": "x"}
    assert (await bench.http.post("phone/customers/c1/messages", json=wish)).status_code == 400


async def test_a_new_number_is_announced_by_the_old_one(bench: Bench) -> None:
    await bench.write(type="system", new_number="+1 202 555 0199")
    await bench.settle()
    message = bench.business.messages[0]
    assert message["from"] == "12025550143"
    assert message["system"]["type"] == "user_changed_number"
    assert message["system"]["wa_id"] == "12025550199"
    customer = (await bench.http.get("phone/customers/c1")).json()
    assert customer["user_id"] == message["system"]["user_id"]
    assert (await bench.hello("+12025550199")).json()["contacts"][0]["wa_id"] == "12025550199"


async def test_stopping_offers_is_told_and_honoured(bench: Bench) -> None:
    await bench.http.post("phone/customers/c1/marketing", json={"stop": True})
    await bench.settle()
    preference = bench.business.values("user_preferences")[0]["user_preferences"][0]
    assert (preference["value"], preference["category"]) == ("stop", "marketing_messages")
    assert isinstance(preference["timestamp"], int)
    card: dict[str, Any] = {"type": "text", "text": "Maya"}
    content: dict[str, Any] = {"name": "flash_sale", "language": {"code": "en_US"}}
    content["components"] = [{"type": "body", "parameters": [card]}]
    template = bench.sandbox.store.find_template("flash_sale", "en_US")
    assert template is not None
    template.status = "APPROVED"
    assert (await bench.send(kind="template", template=content)).json()["error"]["code"] == 131050


async def test_unread_counts_until_the_chat_is_opened(bench: Bench) -> None:
    await sent(bench)
    await bench.settle()
    assert (await bench.http.get("phone/customers/c1")).json()["unread"] == 1
    assert (await bench.http.post("phone/customers/c1/open")).json() == {"read": 1}
    assert (await bench.http.get("phone/customers/c1")).json()["unread"] == 0


async def test_chats_with_two_business_numbers_are_separate(bench: Bench) -> None:
    second = bench.config.second_phone_number_id
    await bench.write(phone_number_id=second)
    assert await bench.thread() == []
    await bench.settle()
    assert bench.business.values()[0]["metadata"]["phone_number_id"] == second
    assert (await bench.send()).json()["error"]["code"] == 131047


async def test_a_customer_is_added_with_or_without_a_number_to_show(bench: Bench) -> None:
    made = await bench.http.post("phone/customers", json={"name": "Ada", "number": "+49 171 3920 099"})
    assert made.json()["wa_id"] == "491713920099"
    assert made.json()["user_id"].startswith("DE.")
    again = await bench.http.post("phone/customers", json={"name": "Ada", "number": "+491713920099"})
    assert again.status_code == 409
    nameless = await bench.http.post("phone/customers", json={"name": "X", "hidden": True})
    assert nameless.status_code == 400
    hidden = {"name": "Kim", "hidden": True, "username": "@kim"}
    person = (await bench.http.post("phone/customers", json=hidden)).json()
    await bench.write(person["id"])
    await bench.settle()
    assert "from" not in bench.business.messages[0]
    assert bench.business.values()[0]["contacts"][0]["profile"] == {"name": "Kim", "username": "kim"}


async def test_a_removed_customer_is_gone_with_all_chats(bench: Bench) -> None:
    await bench.write()
    await bench.http.delete("phone/customers/c1")
    assert (await bench.http.get("phone/customers/c1")).status_code == 404
    assert bench.sandbox.store.messages == {}


async def test_full_threads_drop_their_oldest_message(bench: Bench) -> None:
    bench.config.kept_messages = 3
    for index in range(5):
        await bench.write(text=str(index))
    assert [message["body"]["body"] for message in await bench.thread()] == ["2", "3", "4"]
    assert len(bench.sandbox.store.messages) == 3


async def test_strangers_beyond_the_limit_only_get_statuses(bench: Bench) -> None:
    bench.config.kept_strangers = 1
    for number in ("+447911123456", "+447911123457"):
        await bench.hello(number)
    await bench.settle()
    assert len((await bench.http.get("phone/customers")).json()["customers"]) == 7
    assert {status["recipient_id"] for status in bench.business.statuses} == {"447911123456", "447911123457"}
    assert bench.sandbox.traffic.counts["delivered"] == 2


async def test_replies_show_what_they_quote(bench: Bench) -> None:
    wamid = (await bench.write(text="question"))["wamid"]
    await bench.send(context={"message_id": wamid})
    await bench.settle()
    assert (await bench.thread())[-1]["quoted"] == {"wamid": wamid, "text": "question", "direction": "in"}
