"""Templates: rules, review, edits, deletion, paging."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Bench, Json

BODY = {
    "type": "body",
    "text": "Hello {{1}}, your viewing is confirmed.",
    "example": {"body_text": [["Maya"]]},
}


def wanted(**more: Any) -> Json:
    base: Json = {"name": "viewing_ok", "language": "en_US", "category": "utility", "components": [BODY]}
    return base | more


async def create(bench: Bench, **more: Any) -> Json:
    answer = await bench.graph.post(f"{bench.config.waba_id}/message_templates", json=wanted(**more))
    body: Json = answer.json()
    return body


async def test_a_new_template_is_reviewed_and_then_sendable(bench: Bench) -> None:
    made = await create(bench)
    assert (made["status"], made["category"]) == ("PENDING", "UTILITY")
    content: Json = {"name": "viewing_ok", "language": {"code": "en_US"}}
    content["components"] = [{"type": "body", "parameters": [{"type": "text", "text": "Jo"}]}]
    assert (await bench.send(kind="template", template=content)).json()["error"]["code"] == 132001
    await bench.settle()
    update = bench.business.values("message_template_status_update")[0]
    assert update["event"] == "APPROVED"
    assert update["message_template_id"] == int(made["id"])
    assert "time" in bench.business.posts[0]["entry"][0]
    assert (await bench.send(kind="template", template=content)).status_code == 200


async def test_a_name_with_reject_is_rejected(bench: Bench) -> None:
    await create(bench, name="please_reject")
    await bench.settle()
    update = bench.business.values("message_template_status_update")[0]
    assert (update["event"], update["reason"]) == ("REJECTED", "INVALID_FORMAT")
    assert update["rejection_info"]["recommendation"]


@pytest.mark.parametrize(
    ("change", "subcode"),
    [
        ({"name": "Bad Name"}, 2388050),
        ({"name": "hello_world"}, 2388024),
        ({"language": "english"}, 2388051),
        ({"components": [BODY | {"text": "{{1}} is first here today"}]}, 2388299),
        ({"components": [BODY | {"text": "Hello {{1}} and bye {{3}} now"}]}, 2388072),
        ({"components": [BODY | {"example": {}}]}, 2388043),
        ({"components": [BODY | {"text": "x" * 1025}]}, 2388040),
        ({"components": [BODY, {"type": "FOOTER", "text": "{{1}}"}]}, 2388073),
        ({"components": [BODY, {"type": "HEADER", "format": "TEXT", "text": "x" * 61}]}, 2388047),
        ({"components": [BODY, {"type": "HEADER", "format": "IMAGE"}]}, 2388043),
        (
            {
                "components": [
                    BODY,
                    {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::x"]}},
                ]
            },
            2388273,
        ),
    ],
)
async def test_a_bad_template_is_refused_with_words_for_the_user(
    bench: Bench, change: Json, subcode: int
) -> None:
    error = (await create(bench, **change))["error"]
    assert (error["code"], error["error_subcode"]) == (100, subcode)
    assert error["error_user_title"]
    assert error["error_user_msg"]


@pytest.mark.parametrize(
    "buttons",
    [
        [{"type": "QUICK_REPLY", "text": "x" * 26}],
        [{"type": "URL", "text": "A", "url": "https://a.example/{{1}}/x", "example": ["b"]}],
        [{"type": "URL", "text": "A", "url": "https://a.example"}] * 3,
        [{"type": "PHONE_NUMBER", "text": "A"}],
        [
            {"type": "QUICK_REPLY", "text": "A"},
            {"type": "URL", "text": "B", "url": "https://a.example"},
            {"type": "QUICK_REPLY", "text": "C"},
        ],
        [{"type": "OTP", "otp_type": "COPY_CODE"}],
    ],
)
async def test_bad_buttons_are_refused(bench: Bench, buttons: list[Json]) -> None:
    components = [BODY, {"type": "BUTTONS", "buttons": buttons}]
    assert (await create(bench, components=components))["error"]["code"] == 100


async def test_authentication_templates_get_metas_own_words(bench: Bench) -> None:
    components = [
        {"type": "BODY", "add_security_recommendation": True},
        {"type": "FOOTER", "code_expiration_minutes": 5},
        {"type": "BUTTONS", "buttons": [{"type": "OTP", "otp_type": "COPY_CODE"}]},
    ]
    made = await create(bench, name="login_code", category="AUTHENTICATION", components=components)
    stored = (await bench.graph.get(made["id"])).json()["components"]
    assert stored[0]["text"].startswith("*{{1}}* is your verification code.")
    assert stored[1]["text"] == "This code expires in 5 minutes."


async def test_an_approved_template_is_edited_once_a_day(bench: Bench) -> None:
    made = await create(bench)
    await bench.settle()
    new = {"components": [BODY | {"text": "Hi {{1}}, your viewing is confirmed."}]}
    assert (await bench.graph.post(made["id"], json=new)).json() == {"success": True}
    assert (await bench.graph.get(made["id"])).json()["status"] == "PENDING"
    await bench.settle()
    assert (await bench.graph.post(made["id"], json=new)).json()["error"]["error_subcode"] == 2388039
    changed = await bench.graph.post(made["id"], json={"category": "MARKETING"})
    assert changed.json()["error"]["error_subcode"] == 2593003


async def test_deleting_by_name_removes_all_languages_and_by_id_only_one(bench: Bench) -> None:
    path = f"{bench.config.waba_id}/message_templates"

    async def languages() -> set[str]:
        found = (await bench.graph.get(path, params={"name": "order_update"})).json()["data"]
        return {template["language"] for template in found}

    spanish = next(t for t in bench.sandbox.store.templates.values() if t.language == "es")
    assert await languages() == {"en_US", "es"}
    await bench.graph.delete(path, params={"name": "order_update", "hsm_id": spanish.id})
    assert await languages() == {"en_US"}
    await bench.graph.delete(path, params={"name": "order_update"})
    assert await languages() == set()


async def test_lists_are_paged_with_cursors_until_next_is_missing(bench: Bench) -> None:
    path = f"{bench.config.waba_id}/message_templates"
    names: list[str] = []
    params: dict[str, str] = {"limit": "4", "fields": "name,status"}
    for _ in range(10):
        body = (await bench.graph.get(path, params=params)).json()
        names += [template["name"] for template in body["data"]]
        if "next" not in body["paging"]:
            break
        assert (await bench.graph.get(body["paging"]["next"])).status_code == 200
        params["after"] = body["paging"]["cursors"]["after"]
    assert len(names) == len(bench.sandbox.store.templates)
    assert set(body["data"][0]) == {"id", "name", "status"}


async def test_filters_and_unknown_fields(bench: Bench) -> None:
    path = f"{bench.config.waba_id}/message_templates"
    paused = (await bench.graph.get(path, params={"status": "PAUSED"})).json()["data"]
    assert [template["name"] for template in paused] == ["flash_sale"]
    wrong = (await bench.graph.get(path, params={"fields": "name,colour"})).json()["error"]["message"]
    assert wrong == "(#100) Tried accessing nonexisting field (colour) on node type (MessageTemplate)"


async def test_reviewers_can_pause_and_the_business_can_unpause(bench: Bench) -> None:
    template = bench.sandbox.store.find_template("hello_world", "en_US")
    assert template is not None
    await bench.http.post(f"control/templates/{template.id}/status", json={"status": "paused"})
    assert (await bench.hello()).json()["error"]["code"] == 132015
    await bench.graph.post(f"{template.id}/unpause")
    assert (await bench.hello()).status_code == 200
    await bench.settle()
    events = [value["event"] for value in bench.business.values("message_template_status_update")]
    assert events == ["PAUSED", "APPROVED"]


async def test_seeded_pictures_can_be_loaded(bench: Bench) -> None:
    template = bench.sandbox.store.find_template("summer_open_house", "en_US")
    assert template is not None
    stored = (await bench.graph.get(template.id)).json()["components"][0]
    picture = await bench.http.get(stored["example"]["header_handle"][0])
    assert picture.headers["content-type"] == "image/jpeg"
