"""Drafts of campaigns: kept step by step, checked as a whole, never overwritten unseen."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine

from tests.services.campaign_desk import (
    at,
    campaign_of,
    choose,
    make_campaign,
    make_person,
    make_tag,
    make_template,
    of_contact,
    say,
    variant,
    version,
    wanted,
)
from tests.services.conftest import message_of
from wapto_app.models import Campaign, CampaignState
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services.campaigns import drafts, mapping, testing
from wapto_app.services.campaigns.drafts import AudienceForm
from wapto_app.services.errors import Conflict, Invalid, NotFound


async def problems(runtime: Runtime, actor: Actor, campaign_id: int) -> dict[str, dict[str, str]]:
    async with runtime.db.read() as session:
        return await drafts.problems(session, actor, campaign_id)


async def test_a_draft_without_a_lack_has_no_problems(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    await make_person(runtime)
    campaign_id = await make_campaign(runtime, owner, channel_id)
    assert await problems(runtime, owner, campaign_id) == {}


async def test_a_new_draft_says_what_is_missing(runtime: Runtime, owner: Actor) -> None:
    async with runtime.db.write() as session:
        campaign_id = await drafts.create(session, owner)
    found = await problems(runtime, owner, campaign_id)
    assert set(found) == {"audience", "content"}
    assert set(found["content"]) == {"channel", "A.template"}


async def test_the_preview_shows_the_message_as_the_contact_reads_it(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    await make_person(runtime, "Ada Lovelace")
    campaign_id = await make_campaign(runtime, owner, channel_id)
    async with runtime.db.read() as session:
        shown = await mapping.preview(session, owner, campaign_id, "A")
    assert shown["body"] == "Hello Ada, a flat in Lisbon is free."
    assert shown["problem"] == ""


async def test_the_later_of_two_editors_learns_who_was_faster(
    runtime: Runtime, owner: Actor, admin: Actor, channel_id: int
) -> None:
    campaign_id = await make_campaign(runtime, owner, channel_id)
    opened = await version(runtime, owner, campaign_id)
    await choose(runtime, admin, campaign_id, everyone=True)
    form = AudienceForm(version=opened, audience=wanted(everyone=True))
    async with runtime.db.write() as session:
        with pytest.raises(Conflict, match=admin.name):
            await drafts.save_audience(session, owner, campaign_id, form)


async def test_two_at_once_cannot_both_save(
    runtime: Runtime, owner: Actor, admin: Actor, channel_id: int
) -> None:
    campaign_id = await make_campaign(runtime, owner, channel_id)
    opened = await version(runtime, owner, campaign_id)

    async def save(actor: Actor) -> bool:
        form = AudienceForm(version=opened, audience=wanted(everyone=True))
        async with runtime.db.write() as session:
            try:
                await drafts.save_audience(session, actor, campaign_id, form)
            except Conflict:
                return False
        return True

    assert sorted(await asyncio.gather(save(owner), save(admin))) == [False, True]


@pytest.mark.parametrize("state", ["scheduled", "building", "running", "paused", "finished", "cancelled"])
async def test_only_a_draft_can_be_changed(
    runtime: Runtime, owner: Actor, channel_id: int, state: str
) -> None:
    campaign_id = await make_campaign(runtime, owner, channel_id)
    async with runtime.db.write() as session:
        await session.exec(sa.update(Campaign).values(state=CampaignState(state)))
    for change in (choose(runtime, owner, campaign_id, everyone=True), at(runtime, owner, campaign_id)):
        with pytest.raises(Conflict):
            await change
    is_over = state in ("finished", "cancelled")
    async with runtime.db.write() as session:
        if is_over:
            assert await drafts.delete(session, owner, campaign_id) == "Spring"
        else:
            with pytest.raises(Conflict):
                await drafts.delete(session, owner, campaign_id)


async def test_times_come_back_as_they_were_written(runtime: Runtime, owner: Actor, channel_id: int) -> None:
    campaign_id = await make_campaign(runtime, owner, channel_id)
    given = {
        "run_at": "2030-07-01T09:30",
        "time_zone": "America/New_York",
        "is_local": True,
        "quiet_from": "21:00",
    }
    await at(runtime, owner, campaign_id, **given, quiet_until="09:00", rate=12.5, late_policy="ask")
    async with runtime.db.read() as session:
        form: Any = await drafts.draft(session, owner, campaign_id)
    assert {name: form[name] for name in given} == given
    assert (form["rate"], form["late_policy"]) == (12.5, "ask")
    run_at = (await campaign_of(runtime, campaign_id)).run_at
    assert run_at == datetime(2030, 7, 1, 13, 30, tzinfo=UTC)
    for wrong in (
        {"time_zone": "Mars"},
        {"run_at": "soon"},
        {"quiet_from": "9"},
        {"rate": -1.0},
        {"late_policy": ""},
    ):
        with pytest.raises(Invalid) as refused:
            await at(runtime, owner, campaign_id, **wrong)
        assert refused.value.field == next(iter(wrong))
    with time_machine.travel(datetime(2031, 1, 1, tzinfo=UTC), tick=False):
        assert "run_at" in (await problems(runtime, owner, campaign_id))["timing"]
    await at(runtime, owner, campaign_id, quiet_from="21:00")
    assert set((await problems(runtime, owner, campaign_id))["timing"]) == {"quiet_until"}


async def test_variants_are_checked_by_their_label(runtime: Runtime, owner: Actor, channel_id: int) -> None:
    template_id = await make_template(runtime)
    await make_person(runtime)
    campaign_id = await make_campaign(runtime, owner, channel_id, template_id)
    half = variant(template_id, share=50)
    with pytest.raises(Invalid) as refused:
        await say(runtime, owner, campaign_id, channel_id, half, variant(template_id, share=49))
    assert refused.value.field == "shares"
    with pytest.raises(Invalid) as refused:
        await say(runtime, owner, campaign_id, channel_id, half, half, test_share=20)
    assert refused.value.field == "winner_by"
    wrong: Any = {"source": "sql", "name": "x", "fallback": ""}
    with pytest.raises(Invalid) as refused:
        await say(
            runtime, owner, campaign_id, channel_id, half, variant(template_id, mapping={"body.1": wrong})
        )
    assert refused.value.field == "B.body.1"
    test = {"test_share": 20, "winner_by": "read", "decide_after": 60}
    missing = variant(template_id, share=50, mapping={"body.1": of_contact("name")})
    await say(runtime, owner, campaign_id, channel_id, half, missing, **test)
    found = await problems(runtime, owner, campaign_id)
    assert set(found["content"]) == {"B.body.2"}
    assert "too few people" in found["audience"]["audience"]


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"status": "PAUSED"}, "A.template"),
        ({"waba_id": "another"}, "A.template"),
        ({"components": [{"type": "HEADER", "format": "GIF"}, {"type": "BODY", "text": "Hi"}]}, "A.template"),
        ({"components": [{"type": "HEADER", "format": "IMAGE"}, {"type": "BODY", "text": "Hi"}]}, "A.media"),
    ],
)
async def test_a_template_that_cannot_be_sent_says_why(
    runtime: Runtime, owner: Actor, channel_id: int, more: dict[str, Any], field: str
) -> None:
    await make_person(runtime)
    template_id = await make_template(runtime, "other", **more)
    campaign_id = await make_campaign(runtime, owner, channel_id, template_id)
    assert set((await problems(runtime, owner, campaign_id))["content"]) == {field}


async def test_a_copy_is_a_draft_of_whoever_made_it(
    runtime: Runtime, owner: Actor, admin: Actor, channel_id: int
) -> None:
    tag = await make_tag(runtime, "vip")
    campaign_id = await make_campaign(runtime, owner, channel_id, tags=[tag])
    async with runtime.db.write() as session:
        copy_id = await drafts.duplicate(session, admin, campaign_id)
        assert await drafts.rename(session, admin, copy_id, "  Summer  ") == "Summer"
    async with runtime.db.read() as session:
        first, second = [await drafts.draft(session, owner, each) for each in (campaign_id, copy_id)]
        with pytest.raises(NotFound):
            await drafts.draft(session, owner, 4_711)
    assert (second["name"], second["edited_by"]) == ("Summer", admin.name)
    assert second["audience"] == first["audience"]
    assert second["variants"] == first["variants"]


async def test_a_test_message_is_an_ordinary_message_of_nobody_s_campaign(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    await make_person(runtime, "Ada Lovelace")
    campaign_id = await make_campaign(runtime, owner, channel_id)
    async with runtime.db.write() as session:
        message_id = await testing.send_test(session, owner, campaign_id, "A", "+49 151 12345678")
        with pytest.raises(Invalid):
            await testing.send_test(session, owner, campaign_id, "A", "none")
    message = await message_of(runtime, message_id)
    assert (message.recipient, message.body) == ("+4915112345678", "Hello Ada, a flat in Lisbon is free.")
    assert message.campaign_recipient_id is None


async def test_hidden_numbers_stay_hidden_in_previews_and_tests(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    await make_person(runtime, "Ada", "+4915112345671")
    template_id = await make_template(runtime)
    campaign_id = await make_campaign(runtime, owner, channel_id, template_id)
    rules = {"body.1": of_contact("phone"), "body.2": of_contact("name")}
    await say(runtime, owner, campaign_id, channel_id, variant(template_id, mapping=rules))
    blind = replace(owner, hide_phone=True)
    async with runtime.db.write() as session:
        shown = await mapping.preview(session, blind, campaign_id, "A")
        message_id = await testing.send_test(session, blind, campaign_id, "A", "+4915112345678")
    assert "12345671" not in str(shown)
    assert "12345671" not in (await message_of(runtime, message_id)).body
