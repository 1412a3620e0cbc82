"""Sending: what Meta accepts, what it refuses and with which code."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Bench


def code(answer: Any) -> int:
    return int(answer.json()["error"]["code"])


async def test_a_template_is_accepted_with_metas_answer_shape(bench: Bench) -> None:
    answer = await bench.hello("+1 (202) 555-0143")
    assert answer.status_code == 200
    body = answer.json()
    assert body["contacts"] == [{"input": "+1 (202) 555-0143", "wa_id": "12025550143"}]
    assert body["messages"][0]["id"].startswith("wamid.")
    assert body["messages"][0]["message_status"] == "accepted"


async def test_free_text_needs_an_open_window(bench: Bench) -> None:
    refused = await bench.send()
    assert code(refused) == 131047
    assert refused.json()["error"]["message"] == "(#131047) Re-engagement message"
    await bench.write()
    assert (await bench.send()).status_code == 200


async def test_the_window_closes_after_24_hours_of_the_sandbox_clock(bench: Bench) -> None:
    await bench.write()
    await bench.faults(clock_offset_seconds=24 * 3600 + 1)
    assert code(await bench.send()) == 131047


async def test_reactions_and_button_taps_open_the_window_too(bench: Bench) -> None:
    sent = (await bench.hello()).json()["messages"][0]["id"]
    await bench.write(type="button", text="Yes", reply_to=sent)
    assert (await bench.send()).status_code == 200


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"kind": "text", "text": {"body": "x" * 4097}}, 100),
        ({"kind": "text", "text": {}}, 131008),
        ({"kind": "poll"}, 100),
        ({"kind": "order", "order": {}}, 131051),
        ({"kind": "image", "image": {}}, 131008),
        ({"kind": "image", "image": {"id": "4711"}}, 131009),
        ({"kind": "audio", "audio": {"link": "https://x.example/a.ogg", "caption": "no"}}, 100),
        ({"kind": "location", "location": {"latitude": 91, "longitude": 0}}, 131009),
        ({"kind": "contacts", "contacts": [{"name": {"formatted_name": "A"}}]}, 131009),
        ({"kind": "reaction", "reaction": {"message_id": "wamid.nope", "emoji": "👍"}}, 131009),
        ({"to": "abc"}, 131009),
        ({"to": ""}, 100),
        ({"to": "+1 650 555 0100"}, 131021),
        ({"to": "+12025999999"}, 131026),
        ({"kind": "text", "biz_opaque_callback_data": "x" * 513}, 100),
        ({"recipient_type": "crowd"}, 100),
    ],
)
async def test_a_wrong_message_is_refused_with_metas_code(
    bench: Bench, body: dict[str, Any], expected: int
) -> None:
    await bench.write()
    assert code(await bench.send(**body)) == expected


async def test_messaging_product_is_required(bench: Bench) -> None:
    answer = await bench.graph.post(f"{bench.config.phone_number_id}/messages", json={"to": "+12025550143"})
    assert answer.json()["error"]["message"] == "(#100) The parameter messaging_product is required."


@pytest.mark.parametrize(
    "interactive",
    [
        {"type": "button", "body": {"text": "?"}, "action": {"buttons": []}},
        {
            "type": "button",
            "body": {"text": "?"},
            "action": {
                "buttons": [{"type": "reply", "reply": {"id": str(n), "title": str(n)}} for n in range(4)]
            },
        },
        {
            "type": "button",
            "body": {"text": "?"},
            "action": {"buttons": [{"type": "reply", "reply": {"id": "1", "title": "x" * 21}}]},
        },
        {
            "type": "list",
            "body": {"text": "?"},
            "action": {
                "button": "Choose",
                "sections": [{"title": "A", "rows": [{"id": str(n), "title": "t"} for n in range(11)]}],
            },
        },
        {"type": "list", "header": {"type": "image"}, "body": {"text": "?"}, "action": {}},
        {"type": "cta_url", "body": {"text": "?"}, "action": {"name": "cta_url"}},
        {
            "type": "flow",
            "body": {"text": "?"},
            "action": {
                "name": "flow",
                "parameters": {"flow_message_version": "3", "flow_cta": "Go", "flow_id": "1"},
            },
        },
    ],
)
async def test_interactive_limits_hold(bench: Bench, interactive: dict[str, Any]) -> None:
    await bench.write()
    assert code(await bench.send(kind="interactive", interactive=interactive)) in (100, 131008, 131009)


async def test_valid_interactive_messages_are_accepted(bench: Bench) -> None:
    await bench.write()
    buttons = {"buttons": [{"type": "reply", "reply": {"id": "y", "title": "Yes"}}]}
    rows = {"button": "Choose", "sections": [{"rows": [{"id": "1", "title": "One"}]}]}
    link = {"name": "cta_url", "parameters": {"display_text": "Open", "url": "https://x.example"}}
    for kind, action in (("button", buttons), ("list", rows), ("cta_url", link)):
        message = {"type": kind, "body": {"text": "?"}, "action": action}
        assert (await bench.send(kind="interactive", interactive=message)).status_code == 200


def template(name: str, language: str, *components: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "language": {"code": language}, "components": list(components)}


def texts(kind: str, *values: str) -> dict[str, Any]:
    return {"type": kind, "parameters": [{"type": "text", "text": value} for value in values]}


LINK = {"type": "button", "sub_type": "url", "index": "0", "parameters": [{"type": "text", "text": "1042"}]}


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (template("nothing_here", "en_US"), 132001),
        (template("hello_world", "de"), 132001),
        (template("free_money", "en_US"), 132001),
        (template("flash_sale", "en_US"), 132015),
        (template("order_update", "en_US", texts("body", "A", "B"), LINK), 132000),
        (template("order_update", "en_US", texts("body", "A", "B", "C\nD"), LINK), 132012),
        (template("order_update", "en_US", texts("body", "A", "B", "C")), 131008),
        (template("summer_open_house", "en_US", texts("body", "A", "B", "C")), 132012),
        (template("viewing_reminder", "en", texts("body", "A", "B", "C")), 100),
        (template("new_homes_carousel", "en_US", texts("body", "A")), 132012),
    ],
)
async def test_a_template_send_must_fit_its_definition(
    bench: Bench, content: dict[str, Any], expected: int
) -> None:
    assert code(await bench.send(kind="template", template=content)) == expected


async def test_a_complete_template_send_is_accepted_and_rendered(bench: Bench) -> None:
    content = template("order_update", "en_US", texts("body", "Maya", "#7", "Friday"), LINK)
    assert (await bench.send(kind="template", template=content)).status_code == 200
    await bench.settle()
    view = (await bench.thread())[-1]["view"]
    assert view["text"].startswith("Hello Maya, your order #7 is on its way and arrives on Friday")
    assert view["title"] == "Order update"
    assert view["buttons"][0]["url"] == "https://harbourhomes.example/o/1042"


async def test_named_parameters_are_matched_by_name(bench: Bench) -> None:
    names = {"first_name": "Jo", "home": "Quay 1", "day": "Monday"}
    parameters = [{"type": "text", "parameter_name": name, "text": text} for name, text in names.items()]
    content = template("viewing_reminder", "en", {"type": "body", "parameters": parameters})
    assert (await bench.send(kind="template", template=content)).status_code == 200
    await bench.settle()
    assert "*Quay 1* on Monday" in (await bench.thread())[-1]["view"]["text"]


async def test_one_time_codes_need_a_phone_number(bench: Bench) -> None:
    hidden = bench.sandbox.store.customers["c6"]
    button = {
        "type": "button",
        "sub_type": "url",
        "index": "0",
        "parameters": [{"type": "text", "text": "1"}],
    }
    content = template("otp_code", "en_US", texts("body", "123456"), button)
    assert (
        code(await bench.send(to="", recipient=hidden.user_id, kind="template", template=content)) == 131062
    )
    assert (await bench.send(kind="template", template=content)).status_code == 200


async def test_a_hidden_customer_is_reached_by_user_id(bench: Bench) -> None:
    await bench.write("c6")
    hidden = bench.sandbox.store.customers["c6"]
    answer = await bench.send(to="", recipient=hidden.user_id)
    assert answer.json()["contacts"] == [{"input": hidden.user_id, "user_id": hidden.user_id}]
    await bench.settle()
    assert "recipient_id" not in bench.business.statuses[-1]
    assert bench.business.statuses[-1]["recipient_user_id"] == hidden.user_id


async def test_regional_spellings_reach_the_same_person(bench: Bench) -> None:
    for dialled, wa_id in (("+5531991234567", "553191234567"), ("+525555501234", "5215555501234")):
        answer = await bench.hello(dialled)
        assert answer.json()["contacts"][0]["wa_id"] == wa_id


async def test_an_unknown_number_becomes_a_customer_on_the_phone(bench: Bench) -> None:
    await bench.hello("+447911123456")
    await bench.settle()
    people = (await bench.http.get("phone/customers")).json()["customers"]
    assert people[0]["number"] == "+447911123456"
    assert people[0]["stranger"] is True
    assert people[0]["unread"] == 1


async def test_test_numbers_reach_only_their_list(bench: Bench) -> None:
    bench.config.allowed_recipients = frozenset({"491713920005"})
    assert code(await bench.hello()) == 131030
    assert (await bench.hello("+491713920005")).status_code == 200


async def test_marking_as_read_covers_everything_before(bench: Bench) -> None:
    await bench.write(text="one")
    second = await bench.write(text="two")
    body = {"messaging_product": "whatsapp", "status": "read", "message_id": second["wamid"]}
    path = f"{bench.config.phone_number_id}/messages"
    answer = await bench.graph.post(path, json=body | {"typing_indicator": {"type": "text"}})
    assert answer.json() == {"success": True}
    assert [message["status"] for message in await bench.thread()] == ["read", "read"]
    assert code(await bench.graph.post(path, json=body | {"message_id": "wamid.x"})) == 100


async def test_a_reaction_can_be_marked_as_read_too(bench: Bench) -> None:
    wamid = (await bench.hello()).json()["messages"][0]["id"]
    reaction = await bench.write(type="reaction", message_id=wamid, emoji="👍")
    body = {"messaging_product": "whatsapp", "status": "read", "message_id": reaction["wamid"]}
    answer = await bench.graph.post(f"{bench.config.phone_number_id}/messages", json=body)
    assert answer.json() == {"success": True}


async def test_a_blocked_customer_is_not_written_to_and_not_heard(bench: Bench) -> None:
    await bench.write()
    path = f"{bench.config.phone_number_id}/block_users"
    body = {"messaging_product": "whatsapp", "block_users": [{"user": "+12025550143"}]}
    added = (await bench.graph.post(path, json=body)).json()["block_users"]["added_users"]
    assert added == [{"input": "+12025550143", "wa_id": "12025550143"}]
    assert code(await bench.send()) == 130403
    await bench.settle()
    heard = len(bench.business.messages)
    await bench.write()
    await bench.settle()
    assert len(bench.business.messages) == heard
    assert (await bench.graph.get(path)).json()["data"][0]["wa_id"] == "12025550143"
    await bench.graph.request("DELETE", path, json=body)
    assert (await bench.send()).status_code == 200
