"""What is made of the people of a campaign: a tag, a segment; and a file of people with its country."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from state.base import Feedback
from state.campaigns import audience as audience_state
from state.campaigns.audience import AudienceStep
from state.campaigns.recipients import CampaignPeople
from state.campaigns.review import ReviewStep
from state.campaigns.tagging import CampaignTagging
from state.segment_editor import SegmentEditor
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from tests.pipeline.rows import Workspace, workspace
from tests.services.campaign_desk import make_tag
from tests.services.campaign_rows import Campaigns
from wapto_app.models import Channel, RecipientState
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import tags
from wapto_app.services.campaigns import uploads
from wapto_app.services.errors import Forbidden

READ, DELIVERED = RecipientState.READ, RecipientState.DELIVERED


@pytest.fixture
async def work(runtime: Runtime) -> Workspace:
    return await workspace(runtime)


@pytest.fixture
async def offer(runtime: Runtime, work: Workspace) -> int:
    """Four who did not read it, and two who did."""
    states = {n: DELIVERED if n < 5 else READ for n in range(1, 7)}
    campaign_id, _people = await Campaigns(runtime, work.channel_id).add("Offer", states)
    return campaign_id


async def worn(runtime: Runtime, actor: Actor) -> dict[str, int]:
    async with runtime.db.read() as session:
        return {row["name"]: row["contacts"] for row in await tags.all_tags(session, actor)}


def said(tab: Tab) -> str:
    return str(tab.vars(Feedback)["notices"][-1]["text"])


async def test_those_who_did_not_read_it_get_a_tag_once_that_is_confirmed(
    runtime: Runtime, owner: Actor, tab: Tab, offer: int
) -> None:
    vip = await make_tag(runtime, "Unread")
    await tab.open(f"/campaigns/{offer}/recipients?state=delivered")
    await tab.send(CampaignPeople.load)
    assert len(tab.vars(CampaignPeople)["rows"]) == 4
    await tab.send(CampaignTagging.choose(vip, False))
    asked = tab.vars(CampaignTagging)
    assert (asked["tag"], asked["total"]) == ("Unread", 4)
    await tab.send(CampaignTagging.dismiss)
    await tab.send(CampaignTagging.run)
    assert await worn(runtime, owner) == {"Unread": 0}
    await tab.send(CampaignTagging.choose(vip, False))
    await tab.send(CampaignTagging.run)
    assert await worn(runtime, owner) == {"Unread": 4}
    assert said(tab) == "4 people have the tag “Unread” now."
    assert tab.vars(CampaignTagging)["tag"] == ""
    await tab.send(CampaignTagging.choose(vip, False))
    await tab.send(CampaignTagging.run)
    assert said(tab) == "All of them had the tag “Unread” already."


async def test_a_new_tag_is_made_when_it_is_confirmed_and_not_before(
    runtime: Runtime, owner: Actor, tab: Tab, offer: int
) -> None:
    await tab.open(f"/campaigns/{offer}/recipients?state=read")
    await tab.send(CampaignPeople.load)
    await tab.send(CampaignTagging.choose_new("  Has   read "))
    assert tab.vars(CampaignTagging)["tag"] == "Has read"
    assert await worn(runtime, owner) == {}
    await tab.send(CampaignTagging.run)
    assert await worn(runtime, owner) == {"Has read": 2}


async def test_a_segment_begins_with_the_rule_of_the_list(
    open_tab: OpenTab, owner: Actor, offer: int
) -> None:
    tab = await open_tab(owner, f"/segments/new?campaign={offer}&fate=unread")
    await tab.send(SegmentEditor.load)
    shown = tab.vars(SegmentEditor)
    assert shown["rules"]["rules"] == [{"field": "campaign", "op": "unread", "items": [offer]}]
    assert (shown["count"], shown["problems"]) == (4, {})
    assert [each["name"] for each in shown["words"]["campaigns"]] == ["Offer"]


@pytest.mark.parametrize(
    "query", ["campaign=x&fate=unread", "campaign=1&fate=drop", "campaign=1", "fate=read"]
)
async def test_an_address_that_asks_for_nonsense_begins_as_always(
    open_tab: OpenTab, owner: Actor, query: str
) -> None:
    tab = await open_tab(owner, f"/segments/new?{query}")
    await tab.send(SegmentEditor.load)
    assert tab.vars(SegmentEditor)["rules"]["rules"][0]["field"] == "tags"


async def _file(runtime: Runtime, actor: Actor, text: str) -> str:
    folder: Path = runtime.settings.media_dir
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "upload").write_text(text)
    return (await uploads.keep(runtime.db, actor, folder / "upload", "fair.csv", opted_in=True))["key"]


async def test_a_file_has_a_country_and_its_bad_lines_are_read_on(
    runtime: Runtime, owner: Actor, tab: Tab, work: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PAGE", 2)
    key = await _file(runtime, owner, "Phone,Name\n+4915112345671,Ada\n015112345672,Bob\nx,C\ny,D\nz,E\n")
    await tab.open("/campaigns/new")
    await tab.open(tab.redirects[0])
    await tab.send(AudienceStep.uploaded(key))
    await tab.send(AudienceStep.country(key, ""))
    assert (file := tab.vars(AudienceStep)["files"][0])["usable"] == 1
    await tab.send(AudienceStep.country(key, "DE"))
    file = tab.vars(AudienceStep)["files"][0]
    assert (file["region"], file["usable"], file["bad_rows"]) == ("DE", 2, 3)
    await tab.send(AudienceStep.show_problems(key))
    shown = tab.vars(AudienceStep)
    assert ([row["text"] for row in shown["problems"]], shown["more_problems"]) == (["x", "y"], True)
    await tab.send(AudienceStep.next_problems)
    shown = tab.vars(AudienceStep)
    assert ([row["text"] for row in shown["problems"]], shown["more_problems"]) == (["x", "y", "z"], False)
    monkeypatch.setattr(audience_state, "_MOST_PROBLEMS", 2)
    await tab.send(AudienceStep.show_problems(key))
    assert tab.vars(AudienceStep)["more_problems"] is False


async def test_the_review_says_how_much_of_the_limit_is_used(
    runtime: Runtime, tab: Tab, work: Workspace, offer: int
) -> None:
    async with runtime.db.write() as session:
        number = await session.get_one(Channel, work.channel_id)
        number.health = {**number.health, "messaging_limit": "TIER_2K"}
        session.add(number)
    await tab.open("/campaigns/new")
    page = tab.redirects[0]
    await tab.open(f"{page}?step=content")
    await tab.open(f"{page}?step=review")
    sheet: Any = tab.vars(ReviewStep)["sheet"]
    assert (sheet["tier"], sheet["used"]) == (2_000, 6)


async def test_who_may_not_see_campaigns_tags_none_of_their_people(
    runtime: Runtime, owner: Actor, agent: Actor, open_tab: OpenTab, offer: int
) -> None:
    vip = await make_tag(runtime, "Unread")
    tab = await open_tab(agent, f"/campaigns/{offer}/recipients")
    for asked in (CampaignTagging.choose(vip, False), CampaignTagging.choose_new("Mine")):
        with pytest.raises(Forbidden):
            await tab.send(asked)
    await tab.send(CampaignTagging.run)
    assert await worn(runtime, owner) == {"Unread": 0}
