"""Drafts of campaigns: kept step by step, checked as a whole, never overwritten unseen."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from tests.services.campaign_desk import (
    choose,
    make_campaign,
    make_person,
    version,
    wanted,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services.campaigns import drafts, mapping
from wapto_app.services.campaigns.drafts import AudienceForm
from wapto_app.services.errors import Conflict

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)


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
    with pytest.raises(Conflict, match=admin.name):
        async with runtime.db.write() as session:
            form = AudienceForm(version=opened, audience=wanted(everyone=True))
            await drafts.save_audience(session, owner, campaign_id, form)
