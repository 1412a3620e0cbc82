"""Campaigns against a Meta that has bad days: everybody gets it once, or it is said why not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col, select

from integrations.sandbox.sandbox import Sandbox
from tests import campaigns as desk
from tests.jobs.conftest import Desk, Eventually, Network, at_work, form_of
from tests.services.library import added, photo
from tests.services.plans import limited
from wapto_app import runtime as process
from wapto_app.jobs import campaigns, dispatch, feeding
from wapto_app.models import (
    CampaignState,
    CampaignVariant,
    Contact,
    Conversation,
    ConversationStatus,
    LibraryFile,
    MediaFile,
    Message,
    MessageStatus,
    RecipientState,
    Template,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import channels
from wapto_app.services.campaigns import causes, lifecycle, listing
from wapto_app.web import webhooks

S, R = CampaignState, RecipientState
pytestmark = pytest.mark.usefixtures("quick")


@pytest.mark.usefixtures("engine")
async def test_everybody_gets_it_once_and_the_figures_follow(
    runtime: Runtime, sandbox: Sandbox, channel_id: int, template_id: int, eventually: Eventually
) -> None:
    people = await desk.new_people(runtime, 30)
    campaign_id = await desk.new_campaign(runtime, channel_id, template_id, people)
    await desk.ends(runtime, campaign_id, eventually)

    async def all_delivered() -> bool:
        return await desk.tallies(runtime, campaign_id) == {"delivered": 30}

    await eventually(all_delivered)
    assert desk.accepted(sandbox) == 30
    await desk.assert_exact(runtime, campaign_id)
    first = (await desk.messages(runtime))[0]
    assert first.body == desk.BODY.replace("{{1}}", "Customer 1").replace("{{2}}", "#1042").replace(
        "{{3}}", "Friday"
    )
    async with runtime.db.read() as session:
        talks = (await session.exec(select(Conversation))).all()
    assert {talk.status for talk in talks} == {ConversationStatus.RESOLVED}
    assert {(talk.unread, talk.last_message_id) for talk in talks} == {(0, None)}


@pytest.mark.usefixtures("engine")
async def test_a_person_s_message_overtakes_a_campaign_and_the_list_stays_as_it_was(
    runtime: Runtime,
    sandbox: Sandbox,
    desk_of_ada: Desk,
    channel_id: int,
    template_id: int,
    eventually: Eventually,
) -> None:
    sandbox.faults.change({"throughput_per_second": 1000, "latency_ms": 20})
    people = await desk.new_people(runtime, 150)
    campaign_id = await desk.new_campaign(runtime, channel_id, template_id, people)

    async def has_begun() -> bool:
        return len(await desk.messages(runtime)) > 20

    await eventually(has_begun)
    await desk_of_ada.writes("Me first")

    async def ours() -> Message | None:
        found = [each for each in await desk_of_ada.messages() if each.body == "Me first"]
        return (
            found[0] if found and found[0].status in (MessageStatus.SENT, MessageStatus.DELIVERED) else None
        )

    mine = await eventually(ours)
    waiting = [each for each in await desk.messages(runtime) if each.status is MessageStatus.QUEUED]
    assert mine is not None
    left = R.WAITING in await desk.states(runtime, campaign_id)
    assert waiting or left
    async with runtime.db.read() as session:
        talk = (
            await session.exec(select(Conversation).where(Conversation.id == desk_of_ada.conversation_id))
        ).one()
    assert talk.preview == "Me first"


@pytest.fixture
def desk_of_ada(desk: Desk) -> Desk:
    return desk


@pytest.mark.usefixtures("engine")
async def test_a_pause_takes_back_what_has_not_left_and_resume_sends_it(
    runtime: Runtime,
    sandbox: Sandbox,
    owner: Actor,
    channel_id: int,
    template_id: int,
    eventually: Eventually,
) -> None:
    people = await desk.new_people(runtime, 80)
    campaign_id = await desk.new_campaign(runtime, channel_id, template_id, people)

    async def has_begun() -> bool:
        return desk.accepted(sandbox) > 5

    await eventually(has_begun)
    async with runtime.db.write() as session:
        taken = await lifecycle.pause(session, owner, campaign_id)
    assert taken["taken_back"] > 0

    async def is_still() -> bool:
        return R.QUEUED not in await desk.states(runtime, campaign_id)

    await eventually(is_still)
    so_far = desk.accepted(sandbox)
    await asyncio.sleep(0.3)
    assert desk.accepted(sandbox) == so_far < 80
    await desk.assert_exact(runtime, campaign_id)
    async with runtime.db.write() as session:
        await lifecycle.resume(session, owner, campaign_id)
    await desk.ends(runtime, campaign_id, eventually)
    assert desk.accepted(sandbox) == 80
    await desk.assert_exact(runtime, campaign_id)


@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("code", "cause"), [(131042, "payment"), (368, "account"), (132015, "template_refused")]
)
async def test_what_meta_says_about_the_account_stops_everything(
    runtime: Runtime,
    sandbox: Sandbox,
    channel_id: int,
    template_id: int,
    eventually: Eventually,
    code: int,
    cause: str,
) -> None:
    sandbox.faults.change({"send_errors": [code]})
    people = await desk.new_people(runtime, 100)
    campaign_id = await desk.new_campaign(runtime, channel_id, template_id, people, rate=20.0)
    await desk.ends(runtime, campaign_id, eventually, S.PAUSED)
    found = await desk.campaign_of(runtime, campaign_id)
    assert found.pause_cause == cause
    assert str(code) in found.pause_detail
    failed = [each for each in await desk.recipients(runtime, campaign_id) if each.state is R.FAILED]
    assert [each.error_code for each in failed] == [code]
    await desk.assert_exact(runtime, campaign_id)


@pytest.mark.usefixtures("engine")
async def test_too_many_errors_pause_it_but_people_whom_whatsapp_spares_do_not_count(
    runtime: Runtime, sandbox: Sandbox, channel_id: int, template_id: int, eventually: Eventually
) -> None:
    sandbox.faults.change({"send_errors": [131049] * 52})
    people = await desk.new_people(runtime, 52)
    spared = await desk.new_campaign(runtime, channel_id, template_id, people)
    await desk.ends(runtime, spared, eventually)
    assert await desk.tallies(runtime, spared) == {"failed": 52}
    sandbox.faults.change({"send_errors": [131026] * 150})
    people = await desk.new_people(runtime, 150, first=1000)
    campaign_id = await desk.new_campaign(runtime, channel_id, template_id, people)
    await desk.ends(runtime, campaign_id, eventually, S.PAUSED)
    found = await desk.campaign_of(runtime, campaign_id)
    assert (found.pause_cause, found.pause_detail) == ("errors", "50 of the last 50")
    assert R.WAITING in await desk.states(runtime, campaign_id)


@pytest.mark.usefixtures("engine")
async def test_two_campaigns_of_one_number_share_it(
    runtime: Runtime, sandbox: Sandbox, channel_id: int, template_id: int, eventually: Eventually
) -> None:
    first = await desk.new_campaign(runtime, channel_id, template_id, await desk.new_people(runtime, 200))
    second = await desk.new_campaign(
        runtime, channel_id, template_id, await desk.new_people(runtime, 20, first=1000)
    )
    await desk.ends(runtime, second, eventually)
    assert (await desk.campaign_of(runtime, first)).state is S.RUNNING


@pytest.mark.usefixtures("engine")
async def test_who_opts_out_after_the_list_was_made_is_skipped_and_deleted_contacts_too(
    runtime: Runtime, sandbox: Sandbox, channel_id: int, template_id: int, eventually: Eventually
) -> None:
    people = await desk.new_people(runtime, 5)
    async with runtime.db.write() as session:
        await session.exec(
            sa.update(Contact).where(col(Contact.id) == people[0]).values(opted_out_at=desk.utcnow())
        )
        await session.exec(
            sa.update(Contact).where(col(Contact.id) == people[1]).values(blocked_at=desk.utcnow())
        )
    campaign_id = await desk.new_campaign(runtime, channel_id, template_id, people)
    async with runtime.db.write() as session:
        await session.exec(sa.delete(Contact).where(col(Contact.id) == people[2]))
    await desk.ends(runtime, campaign_id, eventually)
    found = await desk.recipients(runtime, campaign_id)
    assert [each.reason for each in found] == ["opted_out", "blocked", "deleted", "", ""]
    assert [each.state for each in found[:3]] == [R.SKIPPED] * 3
    assert desk.accepted(sandbox) == 2
    await desk.assert_exact(runtime, campaign_id)


@pytest.mark.usefixtures("engine")
async def test_failed_ones_get_another_message_but_not_who_may_not(
    runtime: Runtime,
    sandbox: Sandbox,
    owner: Actor,
    channel_id: int,
    template_id: int,
    eventually: Eventually,
) -> None:
    sandbox.faults.change({"send_errors": [131026, 131026, 131049]})
    people = await desk.new_people(runtime, 6)
    campaign_id = await desk.new_campaign(runtime, channel_id, template_id, people, rate=20.0)
    await desk.ends(runtime, campaign_id, eventually)
    failed = [each for each in await desk.recipients(runtime, campaign_id) if each.state is R.FAILED]
    assert len(failed) == 3
    async with runtime.db.write() as session:
        await session.exec(
            sa.update(Contact)
            .where(col(Contact.id) == failed[0].contact_id)
            .values(opted_out_at=desk.utcnow())
        )
    which = lifecycle.Which(recipients=[], everybody=True, code=0, reason="")
    async with runtime.db.write() as session:
        retried = await lifecycle.retry(session, owner, campaign_id, which)
    assert retried == {"again": 1, "left_out": 2}
    await desk.ends(runtime, campaign_id, eventually)
    again = [each for each in await desk.recipients(runtime, campaign_id) if each.attempt == 2]
    assert [each.id for each in again] == [failed[1].id]
    assert again[0].state in desk.DONE
    assert desk.accepted(sandbox) == 4
    await desk.assert_exact(runtime, campaign_id)


@pytest.mark.usefixtures("engine")
async def test_from_the_draft_to_the_last_delivery(
    runtime: Runtime,
    sandbox: Sandbox,
    owner: Actor,
    channel_id: int,
    template_id: int,
    eventually: Eventually,
) -> None:
    await desk.new_people(runtime, 12)
    campaign_id = await desk.new_campaign(
        runtime, channel_id, template_id, [], state=S.DRAFT, audience={"everyone": True}
    )
    async with runtime.db.write() as session:
        mapping = desk.MAPPING | {"body.3": {"source": "fixed", "name": "Friday", "fallback": ""}}
        await session.exec(sa.update(CampaignVariant).values(mapping=mapping))
        await lifecycle.start(session, owner, campaign_id)
    await desk.ends(runtime, campaign_id, eventually)
    assert desk.accepted(sandbox) == 12
    await desk.assert_exact(runtime, campaign_id)


@pytest.mark.usefixtures("engine")
async def test_what_is_fed_late_still_respects_quiet_hours(
    runtime: Runtime,
    sandbox: Sandbox,
    owner: Actor,
    channel_id: int,
    template_id: int,
    eventually: Eventually,
) -> None:
    people = await desk.new_people(runtime, 3)
    campaign_id = await desk.new_campaign(
        runtime, channel_id, template_id, people, quiet_from="00:00", quiet_until="23:59"
    )

    async def put_off() -> bool:
        found = await desk.recipients(runtime, campaign_id)
        return all(each.due_at > desk.utcnow() for each in found)

    await eventually(put_off)
    assert desk.accepted(sandbox) == 0
    assert set(await desk.states(runtime, campaign_id)) == {R.WAITING}
    async with runtime.db.read() as session:
        head = await listing.one(session, owner, campaign_id)
    first = min(each.due_at for each in await desk.recipients(runtime, campaign_id))
    assert (head["state"], head["pause_words"], head["next_at"]) == (S.RUNNING, "", first.isoformat())


@pytest.mark.usefixtures("engine")
async def test_it_stops_when_the_plan_s_messages_are_used_up(
    runtime: Runtime,
    sandbox: Sandbox,
    admin: Actor,
    channel_id: int,
    template_id: int,
    eventually: Eventually,
) -> None:
    await limited(runtime.db, admin, messages=7)
    campaign_id = await desk.new_campaign(
        runtime, channel_id, template_id, await desk.new_people(runtime, 10)
    )
    await desk.ends(runtime, campaign_id, eventually, S.PAUSED)
    assert (await desk.campaign_of(runtime, campaign_id)).pause_cause == "plan"
    await desk.assert_exact(runtime, campaign_id)
    assert (await desk.states(runtime, campaign_id)).count(R.WAITING) >= 3


@pytest.mark.usefixtures("engine")
async def test_the_header_s_file_goes_to_meta_once_and_a_missing_one_stops_it(
    runtime: Runtime,
    sandbox: Sandbox,
    owner: Actor,
    channel_id: int,
    template_id: int,
    eventually: Eventually,
) -> None:
    header = {"type": "HEADER", "format": "IMAGE", "example": {"header_handle": ["4::abc"]}}
    components = [header, *desk.COMPONENTS[1:]]
    known = next(each for each in sandbox.store.templates.values() if each.name == "order_update")
    known.components = components
    async with runtime.db.write() as session:
        await session.exec(sa.update(Template).values(components=components))
    file = await added(runtime, owner, photo())
    people = await desk.new_people(runtime, 5)
    campaign_id = await desk.new_campaign(runtime, channel_id, template_id, people, state=S.PAUSED)
    gone = await desk.new_campaign(runtime, channel_id, template_id, people, state=S.PAUSED)
    async with runtime.db.write() as session:
        for each in await session.exec(select(CampaignVariant)):
            each.file_key = file["key"] if each.campaign_id == campaign_id else "0" * 32
            session.add(each)
        await lifecycle.resume(session, owner, campaign_id)
        await lifecycle.resume(session, owner, gone)
    await desk.ends(runtime, campaign_id, eventually)
    await desk.ends(runtime, gone, eventually, S.PAUSED)
    assert (await desk.campaign_of(runtime, gone)).pause_cause == "file"
    assert desk.accepted(sandbox) == 5
    async with runtime.db.read() as session:
        assert len((await session.exec(select(MediaFile))).all()) == 1


async def with_cards(runtime: Runtime, channel_id: int, people: list[int], *keys: str) -> int:
    """A paused campaign with the sandbox's own carousel, whose cards show these files of the library."""
    async with runtime.db.read() as session:
        query = select(Template).where(Template.name == "new_homes_carousel")
        template = (await session.exec(query)).one()
    campaign_id = await desk.new_campaign(runtime, channel_id, template.id or 0, people, state=S.PAUSED)
    files = {f"cards.{at}": key for at, key in enumerate(keys)}
    async with runtime.db.write() as session:
        await session.exec(
            sa.update(CampaignVariant)
            .where(col(CampaignVariant.campaign_id) == campaign_id)
            .values(mapping=desk.CARD_RULES, card_files=files)
        )
    return campaign_id


@pytest.mark.usefixtures("engine")
async def test_cards_have_their_files_which_go_to_meta_once(
    runtime: Runtime, sandbox: Sandbox, owner: Actor, channel_id: int, eventually: Eventually
) -> None:
    first, second = [(await added(runtime, owner, photo(seed=seed)))["key"] for seed in (1, 2)]
    people = await desk.new_people(runtime, 25)
    campaign_id = await with_cards(runtime, channel_id, people, first, second, first)
    async with runtime.db.write() as session:
        await lifecycle.resume(session, owner, campaign_id)
    await desk.ends(runtime, campaign_id, eventually)

    async def all_delivered() -> bool:
        return await desk.tallies(runtime, campaign_id) == {"delivered": 25}

    await eventually(all_delivered)
    assert desk.accepted(sandbox) == 25
    assert len(sandbox.store.media) == 2
    await desk.assert_exact(runtime, campaign_id)
    async with runtime.db.read() as session:
        files = {each.sha256: each for each in (await session.exec(select(MediaFile))).all()}
        kept = {each.key: each.sha256 for each in (await session.exec(select(LibraryFile))).all()}
    meta = [files[kept[key]].meta_id for key in (first, second, first)]
    got = [each.body for each in sandbox.store.messages.values() if each.type == "template"]
    said = {each["components"][0]["parameters"][0]["text"]: each for each in got}
    assert len(said) == 25
    for name in ("Customer 1", "Customer 25"):
        assert said[name]["components"] == [
            {"type": "body", "parameters": [{"type": "text", "text": name}]},
            {
                "type": "carousel",
                "cards": [
                    card_of(0, meta[0], "Home 1"),
                    card_of(1, meta[1], "Home 2"),
                    card_of(2, meta[2], name),
                ],
            },
        ]
    thread = (await desk.messages(runtime))[0].content["shown"]["cards"]
    assert [each["file"] for each in thread] == [files[kept[key]].key for key in (first, second, first)]

    # The next campaign finds them there.
    again = await with_cards(runtime, channel_id, people[:5], second, second, first)
    async with runtime.db.write() as session:
        await lifecycle.resume(session, owner, again)
    await desk.ends(runtime, again, eventually)
    assert (desk.accepted(sandbox), len(sandbox.store.media)) == (30, 2)


def card_of(index: int, media_id: str, text: str) -> dict[str, Any]:
    """As Meta wants a card (cloud-api.md, 3.7)."""

    def texts(*values: str) -> list[dict[str, str]]:
        return [{"type": "text", "text": value} for value in values]

    payload = {"type": "payload", "payload": f"Card {index + 1}: Book a viewing"}
    tap = {"type": "button", "sub_type": "quick_reply", "index": "0", "parameters": [payload]}
    link = {"type": "button", "sub_type": "url", "index": "1", "parameters": texts(f"home {index + 1}")}
    return {
        "card_index": index,
        "components": [
            {"type": "header", "parameters": [{"type": "image", "image": {"id": media_id}}]},
            {"type": "body", "parameters": texts(text, f"price {index + 1}")},
            tap,
            link,
        ],
    }


@pytest.mark.usefixtures("engine")
async def test_a_card_whose_file_is_gone_stops_it_and_says_which(
    runtime: Runtime, sandbox: Sandbox, owner: Actor, channel_id: int, eventually: Eventually
) -> None:
    key = (await added(runtime, owner, photo()))["key"]
    people = await desk.new_people(runtime, 3)
    campaign_id = await with_cards(runtime, channel_id, people, key, "0" * 32, key)
    async with runtime.db.write() as session:
        await lifecycle.resume(session, owner, campaign_id)
    await desk.ends(runtime, campaign_id, eventually, S.PAUSED)

    async def has_stopped() -> str:
        return (await desk.campaign_of(runtime, campaign_id)).pause_cause

    assert await eventually(has_stopped) == "card_file"
    told = causes.told("card_file", (await desk.campaign_of(runtime, campaign_id)).pause_detail)
    assert told["words"] == "The file of the template's card 2 is not there any more."
    assert desk.accepted(sandbox) == 0
    assert await desk.states(runtime, campaign_id) == [R.WAITING] * 3


async def test_a_second_process_goes_on_where_the_first_one_stopped(
    runtime: Runtime,
    sandbox: Sandbox,
    network: Network,
    channel_id: int,
    template_id: int,
    eventually: Eventually,
) -> None:
    people = await desk.new_people(runtime, 60)
    campaign_id = await desk.new_campaign(runtime, channel_id, template_id, people)
    with runtime.hub.listening(webhooks.follow_channels):
        async with at_work(runtime):

            async def has_begun() -> bool:
                return desk.accepted(sandbox) > 3

            await eventually(has_begun)
        assert desk.accepted(sandbox) < 60
        async with at_work(runtime):
            task = asyncio.create_task(campaigns.run(runtime))
            await desk.ends(runtime, campaign_id, eventually)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert desk.accepted(sandbox) == 60
    assert len(await desk.messages(runtime)) == 60
    await desk.assert_exact(runtime, campaign_id)


@pytest.mark.postgres_only
async def test_two_workers_share_the_campaigns_of_a_workspace(
    runtime: Runtime,
    sandbox: Sandbox,
    network: Network,
    owner: Actor,
    channel_id: int,
    template_id: int,
) -> None:
    other_number = next(each for each in sandbox.store.numbers if each != sandbox.config.phone_number_id)
    form = form_of(sandbox, phone_number_id=other_number)
    second_channel = await channels.connect(runtime.db, owner, runtime.gateway, form)
    people = await desk.new_people(runtime, 25)
    made = [
        await desk.new_campaign(runtime, each, template_id, people) for each in (channel_id, second_channel)
    ]
    second = process._open(runtime.settings)
    second.http = runtime.http
    second.writer.start()
    workers = [runtime, second]
    jobs = [job.run(each) for each in workers for job in (dispatch, campaigns)]
    tasks = [asyncio.create_task(job) for job in jobs]
    try:
        async with asyncio.timeout(40):
            while {(await desk.campaign_of(runtime, each)).state for each in made} != {S.FINISHED}:
                await asyncio.sleep(0.1)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await second.writer.stop()
        await second.db.close()
    assert desk.accepted(sandbox) == 50
    assert len(await desk.messages(runtime)) == 50
    for campaign_id in made:
        await desk.assert_exact(runtime, campaign_id)


def test_shares_are_fair() -> None:
    assert feeding.shares(100, [200, 200]) == [50, 50]
    assert feeding.shares(100, [10, 200]) == [10, 90]
    assert sum(feeding.shares(7, [200, 200, 200])) == 7
    assert feeding.shares(0, [5]) == [0]
    assert feeding.shares(50, []) == []


def test_a_campaign_s_own_rate_is_kept() -> None:
    now = [0.0]
    allowance = feeding.Allowance(10.0, clock=lambda: now[0])
    sent = 0
    for _tenth in range(100):
        count = allowance.available()
        allowance.take(count)
        sent += count
        now[0] += 0.1
    assert 95 <= sent <= 101
