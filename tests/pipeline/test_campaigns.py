"""The list, the wizard and the page of one campaign in open tabs: owner, agent, two at once."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from sqlmodel import select

from state.base import Feedback
from state.campaigns.audience import AudienceStep
from state.campaigns.content import ContentStep
from state.campaigns.listing import Campaigns
from state.campaigns.one import OneCampaign
from state.campaigns.review import ReviewStep
from state.campaigns.timing import TimingStep
from state.campaigns.wizard import CampaignWizard
from state.library_picker import LibraryPicker
from tests.pipeline.conftest import OpenTab
from tests.pipeline.harness import Tab
from tests.pipeline.rows import Workspace, workspace
from tests.services.campaign_desk import make_campaign, make_person, make_tag, make_template
from tests.services.library import added, photo
from tests.services.test_campaign_cards import CAROUSEL
from wapto_app.models import Campaign, CampaignState, CampaignVariant, Channel
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.errors import DomainError


@pytest.fixture
async def work(runtime: Runtime) -> Workspace:
    return await workspace(runtime)


async def template_of(runtime: Runtime, work: Workspace, name: str = "flat", **more: Any) -> int:
    """A template of the number's account."""
    async with runtime.db.read() as session:
        waba_id = (await session.get_one(Channel, work.channel_id)).waba_id
    return await make_template(runtime, name, waba_id=waba_id, **more)


async def campaign(runtime: Runtime, campaign_id: int) -> Campaign:
    async with runtime.db.read() as session:
        return await session.get_one(Campaign, campaign_id)


async def put(runtime: Runtime, name: str, state: CampaignState) -> int:
    made = Campaign(name=name, state=state)
    async with runtime.db.write() as session:
        session.add(made)
    return made.id or 0


def said(tab: Tab) -> list[str]:
    return [notice["text"] for notice in tab.vars(Feedback).get("notices", [])]


async def test_a_campaign_is_made_step_by_step_and_sent(
    runtime: Runtime, owner: Actor, tab: Tab, work: Workspace
) -> None:
    tag = await make_tag(runtime, "VIP", *[await make_person(runtime, name) for name in ("Ada", "Bob")])
    await make_person(runtime, "Cy", phone="-")
    template = await template_of(runtime, work)
    await tab.open("/campaigns/new")
    [page] = tab.redirects
    assert page.endswith("/edit")
    await tab.open(page)
    assert tab.vars(AudienceStep)["summary"]["people"] == 0
    await tab.send(AudienceStep.put("tags", tag, True))
    shown = tab.vars(AudienceStep)
    assert (shown["summary"]["sendable"], shown["counting"]) == (2, False)
    assert [row["name"] for row in shown["chosen"]["tags"]] == ["VIP"]
    await tab.open(f"{page}?step=content")
    assert tab.vars(ContentStep)["channel_id"] == work.channel_id  # the only one there is
    await tab.send(ContentStep.pick("A"), ContentStep.choose_template(template))
    await tab.send(
        ContentStep.fill("body.1", "contact:first_name"), ContentStep.fall_back("body.1", "friend")
    )
    await tab.send(ContentStep.fill("body.2", "fixed"))
    assert [slot["choice"] for slot in tab.vars(ContentStep)["variants"][0]["parts"][0]["slots"]][
        1
    ] == "fixed"
    await tab.send(ContentStep.write("body.2", "Lisbon"))
    content = tab.vars(ContentStep)
    assert content["preview"]["body"] == "Hello Bob, a flat in Lisbon is free."
    await tab.send(ContentStep.step(1))
    assert tab.vars(ContentStep)["preview"]["body"] == "Hello Ada, a flat in Lisbon is free."
    await tab.open(f"{page}?step=timing")
    await tab.send(TimingStep.slow_down(20.0), TimingStep.keep_quiet(True))
    assert (tab.vars(TimingStep)["people"], tab.vars(TimingStep)["rate"]) == (2, 20.0)
    await tab.open(f"{page}?step=review")
    assert tab.vars(ReviewStep)["missing"] == []
    assert tab.vars(ReviewStep)["sheet"]["quiet_from"] == "21:00"
    await tab.send(ReviewStep.confirm(True), ReviewStep.send)
    campaign_id = tab.vars(CampaignWizard)["campaign_id"]
    assert tab.redirects[-1] == f"/campaigns/{campaign_id}"
    assert (await campaign(runtime, campaign_id)).state is not CampaignState.DRAFT
    await tab.open(f"/campaigns/{campaign_id}")
    assert tab.vars(OneCampaign)["head"]["state"] in ("building", "running")


async def test_what_is_missing_is_named_with_its_step_and_nothing_can_be_sent(
    tab: Tab, runtime: Runtime
) -> None:
    await tab.open("/campaigns/new")
    page = tab.redirects[0]
    await tab.open(f"{page}?step=review")
    steps = {each["step"] for each in tab.vars(ReviewStep)["missing"]}
    assert steps == {"audience", "content"}
    await tab.send(ReviewStep.confirm(True))
    assert tab.vars(ReviewStep).get("confirming", False) is False
    with suppress(DomainError):
        await tab.send(ReviewStep.send)
    assert (await campaign(runtime, tab.vars(CampaignWizard)["campaign_id"])).state is CampaignState.DRAFT


async def test_cards_are_filled_in_one_by_one(
    runtime: Runtime, owner: Actor, tab: Tab, work: Workspace
) -> None:
    await make_person(runtime, "Ada")
    first, second = [(await added(runtime, owner, photo(seed=seed)))["key"] for seed in (1, 2)]
    template_id = await template_of(
        runtime, work, "homes", components=CAROUSEL, sample_files={"cards.0": first}
    )
    await tab.open(f"/campaigns/new?template={template_id}")
    page = tab.redirects[0]
    await tab.open(f"{page}?step=content")
    message, *cards = tab.vars(ContentStep)["variants"][0]["parts"]
    assert [slot["key"] for slot in message["slots"]] == ["body.1"]
    assert [(each["card"], [slot["key"] for slot in each["slots"]]) for each in cards] == [
        (1, ["cards.0.body.1", "cards.0.button.1"]),
        (2, ["cards.1.body.1", "cards.1.body.2", "cards.1.button.1"]),
    ]
    assert [each["files"][0]["key"] for each in cards] == [first, ""]
    assert cards[1]["files"][0]["error"] == "Choose the picture of card 2."
    await tab.open(f"{page}?step=review")
    missing = [each for each in tab.vars(ReviewStep)["missing"] if each["step"] == "content"]
    assert {(each["card"], each["gap"], each["button"]) for each in missing} == {
        *((0, "1", 0), (1, "1", 0), (1, "", 2), (2, "1", 0), (2, "2", 0), (2, "", 2)),
        (2, "", 0),  # its file
    }
    await tab.open(f"{page}?step=content")
    await tab.send(ContentStep.ask_file("cards.1", "image"))
    assert tab.vars(LibraryPicker)["opened"]
    await tab.send(ContentStep.attach([second]), LibraryPicker.close)
    for slot in (slot for part in (message, *cards) for slot in part["slots"]):
        await tab.send(ContentStep.fill(slot["key"], "fixed"), ContentStep.write(slot["key"], "x"))
    content = tab.vars(ContentStep)
    assert [each["file_key"] for each in content["preview"]["cards"]] == [first, second]
    assert [each["body"] for each in content["preview"]["cards"]] == ["For x", "Only x in x"]
    assert "content" not in tab.vars(CampaignWizard)["problems"]
    # Another template, and nothing of the one before is left.
    await tab.send(
        ContentStep.pick("A"), ContentStep.choose_template(await template_of(runtime, work, "flat"))
    )
    async with runtime.db.read() as session:
        [row] = (await session.exec(select(CampaignVariant))).all()
    assert (row.card_files, row.mapping) == ({}, {})


async def test_a_campaign_is_scheduled_and_taken_back(
    runtime: Runtime, owner: Actor, tab: Tab, work: Workspace
) -> None:
    await make_person(runtime)
    campaign_id = await make_campaign(runtime, owner, work.channel_id, await template_of(runtime, work))
    page = f"/campaigns/{campaign_id}/edit"
    await tab.open(f"{page}?step=timing")
    await tab.send(TimingStep.choose("local"))
    timing = tab.vars(TimingStep)
    assert timing["when"] == "local"
    assert timing["run_at"].endswith("T10:00")
    # A time that the night leaves out is said, and so is one that comes twice; any other is not.
    suggested = timing["run_at"]
    for asked, kept, said in (
        ("2027-03-28T02:30", "2027-03-28T03:30", "It goes out at 03:30."),
        ("2027-10-31T02:30", "2027-10-31T02:30", "comes twice"),
        (suggested, suggested, ""),
    ):
        await tab.send(TimingStep.write("time_zone", "Europe/Berlin"), TimingStep.write("run_at", asked))
        assert tab.vars(TimingStep)["run_at"] == kept
        assert said in tab.vars(TimingStep)["note"]
    assert tab.vars(TimingStep)["note"] == ""
    await tab.open(f"{page}?step=review")
    await tab.send(ReviewStep.confirm(True), ReviewStep.send)
    assert (await campaign(runtime, campaign_id)).state is CampaignState.SCHEDULED
    await tab.open(page)  # it is no draft any more
    assert tab.redirects[-1] == f"/campaigns/{campaign_id}"
    await tab.open("/campaigns?state=scheduled")
    assert [row["name"] for row in tab.vars(Campaigns)["rows"]] == ["Spring"]
    await tab.send(Campaigns.unschedule(campaign_id))
    assert (await campaign(runtime, campaign_id)).state is CampaignState.DRAFT


async def test_two_variants_are_made_of_one_and_one_again(
    runtime: Runtime, owner: Actor, tab: Tab, work: Workspace
) -> None:
    await make_person(runtime)
    campaign_id = await make_campaign(runtime, owner, work.channel_id, await template_of(runtime, work))
    other = await template_of(runtime, work, "flat_b", components=[{"type": "BODY", "text": "Come and see!"}])
    await tab.open(f"/campaigns/{campaign_id}/edit?step=content")
    await tab.send(ContentStep.test(True), ContentStep.choose_template(other), ContentStep.split("70"))
    await tab.send(ContentStep.rule_test("winner_by", "reply"), ContentStep.rule_test("decide_after", "60"))
    shown = tab.vars(ContentStep)
    assert [(row["label"], row["name"], row["share"]) for row in shown["variants"]] == [
        ("A", "flat", 70),
        ("B", "flat_b", 30),
    ]
    assert (shown["winner_by"], shown["decide_after"], shown["test_share"]) == ("reply", 60, 20)
    await tab.send(ContentStep.look("A"))
    assert "flat in Lisbon" in tab.vars(ContentStep)["preview"]["body"]
    await tab.send(ContentStep.test(False))
    assert [row["share"] for row in tab.vars(ContentStep)["variants"]] == [100]


async def test_the_second_of_two_editors_is_told_and_sees_what_the_first_chose(
    runtime: Runtime, owner: Actor, open_tab: OpenTab
) -> None:
    ada = await make_person(runtime)
    vip, lead = await make_tag(runtime, "VIP", ada), await make_tag(runtime, "Lead")
    first = await open_tab(owner, "/campaigns/new")
    page = first.redirects[0]
    await first.open(page)
    second = await open_tab(owner, page)
    await first.send(AudienceStep.put("tags", vip, True))
    await second.until(lambda: [row["id"] for row in second.vars(AudienceStep)["chosen"]["tags"]] == [vip])
    await second.send(AudienceStep.put("tags", lead, True))
    await first.until(lambda: len(first.vars(AudienceStep)["chosen"]["tags"]) == 2)


async def test_pausing_resuming_and_cancelling_from_the_list(
    runtime: Runtime, owner: Actor, tab: Tab, work: Workspace
) -> None:
    await make_person(runtime)
    campaign_id = await make_campaign(runtime, owner, work.channel_id, await template_of(runtime, work))
    async with runtime.db.write() as session:
        (await session.get_one(Campaign, campaign_id)).state = CampaignState.RUNNING
    await tab.open("/campaigns")
    await tab.send(Campaigns.pause(campaign_id))
    assert (await campaign(runtime, campaign_id)).state is CampaignState.PAUSED
    await tab.until(lambda: tab.vars(Campaigns)["rows"][0]["state"] == "paused")
    await tab.send(Campaigns.resume(campaign_id))
    assert (await campaign(runtime, campaign_id)).state is CampaignState.RUNNING
    await tab.send(Campaigns.ask("cancel", campaign_id, "Spring", 1), Campaigns.cancel)
    assert (await campaign(runtime, campaign_id)).state is CampaignState.CANCELLED
    await tab.send(Campaigns.ask("delete", campaign_id, "Spring", 0), Campaigns.delete)
    await tab.until(lambda: tab.vars(Campaigns)["rows"] == [])
    assert "“Spring” is deleted." in said(tab)


async def test_a_late_campaign_waits_for_somebodys_word(runtime: Runtime, tab: Tab) -> None:
    campaign_id = await put(runtime, "Late", CampaignState.ASKING)
    await tab.open("/campaigns")
    assert [row["name"] for row in tab.vars(Campaigns)["asking"]] == ["Late"]
    await tab.send(Campaigns.answer(campaign_id, False))
    assert (await campaign(runtime, campaign_id)).state is CampaignState.DRAFT
    assert tab.vars(Campaigns)["asking"] == []


async def test_an_agent_who_may_only_look_changes_nothing(
    runtime: Runtime, agent: Actor, open_tab: OpenTab, owner: Actor
) -> None:
    campaign_id = await put(runtime, "Spring", CampaignState.RUNNING)
    async with runtime.db.write() as session:
        from wapto_app.models import Account, Team

        team = Team(name="Readers", permissions=[Permission.CAMPAIGNS_SEE.value])
        session.add(team)
        await session.flush()
        (await session.get_one(Account, agent.account_id)).team_id = team.id
    tab = await open_tab(replace(agent), "/campaigns")
    assert [row["name"] for row in tab.vars(Campaigns)["rows"]] == ["Spring"]
    for event in (Campaigns.pause(campaign_id), Campaigns.duplicate(campaign_id), CampaignWizard.begin):
        with suppress(DomainError):
            await tab.send(event)
    assert (await campaign(runtime, campaign_id)).state is CampaignState.RUNNING
    assert len(tab.vars(Campaigns)["rows"]) == 1


async def test_a_campaign_that_is_gone_says_so(tab: Tab) -> None:
    await tab.open("/campaigns/4711")
    assert tab.vars(OneCampaign)["missing"] is True
    await tab.open("/campaigns/4711/edit")
    assert tab.vars(CampaignWizard)["missing"] is True


async def test_nonsense_from_the_wire_changes_nothing(
    runtime: Runtime, owner: Actor, tab: Tab, work: Workspace
) -> None:
    await make_person(runtime)
    campaign_id = await make_campaign(runtime, owner, work.channel_id, await template_of(runtime, work))
    before = (await campaign(runtime, campaign_id)).updated_at
    await tab.open(f"/campaigns/{campaign_id}/edit?step=content")
    for event in (
        AudienceStep.put("audience", 1, True),
        AudienceStep.choose("tags", "x" * 40),
        AudienceStep.put("tags", -5, True),
        ContentStep.choose_number("²"),
        ContentStep.split("0"),
        ContentStep.rule_test("share", "5"),
        ContentStep.fill("body.1", "secret:token"),
        ContentStep.ask_file("cards.99", "image"),
        ContentStep.attach(["0" * 32]),
        ContentStep.ask_file("../../etc", "image"),
        ContentStep.attach(["0" * 32]),
        TimingStep.write("state", "running"),
        TimingStep.write("time_zone", "Mars/Phobos"),
        TimingStep.slow_down(-1.0),
    ):
        with suppress(DomainError):
            await tab.send(event)
    assert (await campaign(runtime, campaign_id)).updated_at == before
