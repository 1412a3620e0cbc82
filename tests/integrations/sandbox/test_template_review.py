"""What becomes of a template after it was submitted: reasons, categories, quality, pauses, names that stay blocked."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from .conftest import Bench, Json
from .test_templates import BODY, create


def said(bench: Bench) -> list[tuple[str, str]]:
    """What the business was told of the status, with the title of a pause."""
    updates = bench.business.values("message_template_status_update")
    return [(each["event"], each.get("other_info", {}).get("title", "")) for each in updates]


async def approved(bench: Bench, **more: Any) -> str:
    made = await create(bench, **more)
    await bench.settle()
    return str(made["id"])


async def decide(bench: Bench, template_id: str, what: str, **values: str) -> Json:
    answer = await bench.http.post(f"control/templates/{template_id}/{what}", json=values)
    assert answer.status_code == 200, answer.text
    body: Json = answer.json()
    await bench.settle()
    return body


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Please send us your credit card number today.", "SCAM"),
        ("Come to our casino tonight, dear guest.", "ABUSIVE_CONTENT"),
        ("Lorem ipsum dolor sit amet, my friend.", "INVALID_FORMAT"),
    ],
)
async def test_reviewers_reject_with_a_reason_and_a_recommendation(
    bench: Bench, text: str, reason: str
) -> None:
    await create(bench, components=[{"type": "body", "text": text}])
    await bench.settle()
    [update] = bench.business.values("message_template_status_update")
    assert (update["event"], update["reason"]) == ("REJECTED", reason)
    assert update["rejection_info"]["recommendation"]


async def test_what_promotes_is_marketing_from_the_first_answer_on(bench: Bench) -> None:
    made = await create(bench, components=[{"type": "body", "text": "Our spring sale begins, come by."}])
    assert (made["status"], made["category"]) == ("PENDING", "MARKETING")
    assert bench.business.values("template_category_update") == []


async def test_an_edit_that_promotes_moves_the_category_with_an_event(bench: Bench) -> None:
    template_id = await approved(bench)
    text = BODY | {"text": "Hello {{1}}, 20% off everything today and tomorrow."}
    assert (await bench.graph.post(template_id, json={"components": [text]})).status_code == 200
    await bench.settle()
    [update] = bench.business.values("template_category_update")
    assert (update["previous_category"], update["new_category"]) == ("UTILITY", "MARKETING")
    assert said(bench) == [("APPROVED", ""), ("APPROVED", "")]


async def test_low_quality_pauses_for_three_and_six_hours_and_then_disables(bench: Bench) -> None:
    template_id = await approved(bench)
    template = bench.sandbox.store.templates[template_id]
    for number, hours in ((1, 3), (2, 6)):
        assert (await decide(bench, template_id, "quality", quality="red"))["status"] == "PAUSED"
        left = template.paused_until - bench.sandbox.clock.now()
        assert hours * 3600 - 5 < left <= hours * 3600
        content: Json = {"name": template.name, "language": {"code": "en_US"}}
        assert (await bench.send(kind="template", template=content)).json()["error"]["code"] == 132015
        await bench.faults(clock_offset_seconds=number * 7 * 3600)
        await bench.settle()
        assert template.status == "APPROVED"
        await decide(bench, template_id, "quality", quality="GREEN")
    assert (await decide(bench, template_id, "quality", quality="RED"))["status"] == "DISABLED"
    told = [each for each in said(bench) if each[1]]
    assert told == [
        ("PAUSED", "FIRST_PAUSE"),
        ("APPROVED", "UNPAUSE"),
        ("PAUSED", "SECOND_PAUSE"),
        ("APPROVED", "UNPAUSE"),
        ("DISABLED", "DISABLED"),
    ]
    scores = [each["new_quality_score"] for each in bench.business.values("message_template_quality_update")]
    assert scores == ["RED", "GREEN", "RED", "GREEN", "RED"]


async def test_a_pause_ends_by_itself(bench: Bench) -> None:
    bench.config.template_pause_seconds = (0.03, 0.03)
    template_id = await approved(bench)
    await decide(bench, template_id, "status", status="PAUSED")
    template = bench.sandbox.store.templates[template_id]
    for _ in range(100):
        if template.status == "APPROVED":
            break
        await bench.http.get("control/state")
        await asyncio.sleep(0.01)
    assert template.status == "APPROVED"


async def test_warnings_change_nothing(bench: Bench) -> None:
    template_id = await approved(bench)
    assert (await decide(bench, template_id, "status", status="FLAGGED"))["status"] == "APPROVED"
    assert said(bench)[-1] == ("FLAGGED", "")


async def test_the_name_of_a_deleted_template_is_blocked_for_30_days(bench: Bench) -> None:
    await approved(bench)
    path = f"{bench.config.waba_id}/message_templates"
    assert (await bench.graph.delete(path, params={"name": "viewing_ok"})).status_code == 200
    assert (await create(bench))["error"]["error_subcode"] == 2388023
    await bench.faults(clock_offset_seconds=31 * 86_400)
    assert (await create(bench))["status"] == "PENDING"


async def test_the_desk_lists_what_waits_first(bench: Bench) -> None:
    bench.config.template_review_seconds = 60
    made = await create(bench)
    rows = (await bench.http.get("control/templates")).json()["data"]
    assert (rows[0]["id"], rows[0]["status"]) == (made["id"], "PENDING")
    assert "viewing is confirmed" in rows[0]["text"]
    for what, values in (("quality", {"quality": "BLUE"}), ("status", {"status": "LOVED"})):
        assert (
            await bench.http.post(f"control/templates/{made['id']}/{what}", json=values)
        ).status_code == 400
    assert (await bench.http.post("control/templates/7/quality", json={"quality": "RED"})).status_code == 404
