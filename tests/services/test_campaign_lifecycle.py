"""What people do with campaigns, what the clock does, and that of two at once one has the effect."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import col, select

from tests import campaigns as desk
from tests.services.campaign_desk import at as set_timing
from tests.services.campaign_desk import make_person, make_template, wanted
from wapto_app.clock import utcnow
from wapto_app.models import (
    AuditEntry,
    Campaign,
    CampaignRecipient,
    CampaignState,
    CampaignVariant,
    Channel,
    Contact,
    LatePolicy,
    RecipientState,
    Template,
    UsageCounter,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import leases, notifications
from wapto_app.services.campaigns import (
    causes,
    firing,
    guarding,
    lifecycle,
    limits_of_meta,
    listing,
    queueing,
    stopping,
    sweeping,
    winner,
)
from wapto_app.services.campaigns.causes import Cause
from wapto_app.services.campaigns.lifecycle import Which
from wapto_app.services.campaigns.queueing import Portion, Ready
from wapto_app.services.campaigns.stopping import Stop
from wapto_app.services.errors import Conflict, Forbidden, Invalid, NotConnected, NotFound

S, R = CampaignState, RecipientState
BID = leases.Bid("sender:1", "ann")
Draft = Callable[..., Awaitable[int]]


@pytest.fixture
def draft(runtime: Runtime, channel_id: int) -> Draft:
    """A draft that may be sent."""

    async def make(**more: Any) -> int:
        template_id = await make_template(runtime)
        await make_person(runtime)
        values: dict[str, Any] = {"name": "Spring", "channel_id": channel_id}
        values["audience"] = wanted(everyone=True)
        async with runtime.db.write() as session:
            campaign = Campaign(**(values | more))
            session.add(campaign)
            await session.flush()
            assert campaign.id is not None
            fixed = {"source": "fixed", "name": "Ada", "fallback": ""}
            mapping = {"body.1": fixed, "body.2": fixed}
            session.add(
                CampaignVariant(campaign_id=campaign.id, label="A", template_id=template_id, mapping=mapping)
            )
        return campaign.id

    return make


async def do(runtime: Runtime, deed: Callable[..., Awaitable[Any]], *args: Any, **more: Any) -> Any:
    async with runtime.db.write() as session:
        return await deed(session, *args, **more)


async def state(runtime: Runtime, campaign_id: int) -> CampaignState:
    return (await desk.campaign_of(runtime, campaign_id)).state


async def used(runtime: Runtime) -> int:
    async with runtime.db.read() as session:
        found = await session.exec(select(UsageCounter.count).where(UsageCounter.metric == "campaigns"))
        return sum(found.all())


# --- starting


async def test_a_draft_starts_once_and_is_counted_once(runtime: Runtime, owner: Actor, draft: Draft) -> None:
    campaign_id = await draft()
    await do(runtime, lifecycle.start, owner, campaign_id)
    assert await state(runtime, campaign_id) is S.BUILDING
    with pytest.raises(Conflict, match="starting"):
        await do(runtime, lifecycle.start, owner, campaign_id)
    assert await used(runtime) == 1
    async with runtime.db.read() as session:
        actions = (await session.exec(select(AuditEntry.action))).all()
    assert actions.count("campaign.started") == 1


async def test_sent_earlier_than_planned_means_now(runtime: Runtime, owner: Actor, draft: Draft) -> None:
    campaign_id = await draft(run_at=utcnow() + timedelta(days=2), is_local=True)
    await do(runtime, lifecycle.schedule, owner, campaign_id)
    await do(runtime, lifecycle.start, owner, campaign_id)
    found = await desk.campaign_of(runtime, campaign_id)
    assert (found.state, found.run_at, found.is_local) == (S.BUILDING, None, False)
    assert await used(runtime) == 1


async def test_of_two_who_press_at_once_one_starts_it(runtime: Runtime, owner: Actor, draft: Draft) -> None:
    campaign_id = await draft()
    presses = [do(runtime, lifecycle.start, owner, campaign_id) for _ in range(4)]
    ended = await asyncio.gather(*presses, return_exceptions=True)
    assert [type(each) for each in ended].count(type(None)) == 1
    assert [type(each) for each in ended].count(Conflict) == 3
    assert await used(runtime) == 1


async def test_what_is_missing_is_named_with_its_step(runtime: Runtime, owner: Actor, draft: Draft) -> None:
    campaign_id = await draft(audience={})
    with pytest.raises(Invalid) as refused:
        await do(runtime, lifecycle.start, owner, campaign_id)
    assert refused.value.field == "audience"
    assert await state(runtime, campaign_id) is S.DRAFT


async def test_a_campaign_does_not_start_on_a_number_that_is_not_connected(
    runtime: Runtime, owner: Actor, draft: Draft
) -> None:
    campaign_id = await draft(state=S.PAUSED)
    async with runtime.db.write() as session:
        await session.exec(sa.update(Channel).values(status="reconnect"))
    with pytest.raises(NotConnected):
        await do(runtime, lifecycle.resume, owner, campaign_id)


async def test_a_campaign_does_not_go_on_with_a_paused_template(
    runtime: Runtime, owner: Actor, draft: Draft
) -> None:
    campaign_id = await draft(state=S.PAUSED)
    async with runtime.db.write() as session:
        await session.exec(sa.update(Template).values(status="PAUSED"))
    with pytest.raises(Conflict, match="rated it badly"):
        await do(runtime, lifecycle.resume, owner, campaign_id)


async def test_a_stranger_may_do_nothing(runtime: Runtime, agent: Actor, draft: Draft) -> None:
    campaign_id = await draft()
    for deed in (lifecycle.start, lifecycle.schedule, lifecycle.pause, lifecycle.resume, lifecycle.cancel):
        with pytest.raises(Forbidden):
            await do(runtime, deed, agent, campaign_id)


async def test_nothing_can_be_done_with_what_is_not_there(runtime: Runtime, owner: Actor) -> None:
    for deed in (lifecycle.start, lifecycle.schedule, lifecycle.pause, lifecycle.resume, lifecycle.cancel):
        with pytest.raises(NotFound):
            await do(runtime, deed, owner, 4711)


# --- the clock


async def fire(runtime: Runtime) -> None:
    await runtime.writer.run(firing.fire, None)


async def test_a_scheduled_campaign_fires_once_at_its_time(
    runtime: Runtime, owner: Actor, draft: Draft
) -> None:
    at = datetime(2027, 3, 1, 9, tzinfo=UTC)
    campaign_id = await draft(run_at=at)
    with time_machine.travel(at - timedelta(hours=1), tick=False) as clock:
        assert await do(runtime, lifecycle.schedule, owner, campaign_id) == at
        await fire(runtime)
        assert await state(runtime, campaign_id) is S.SCHEDULED
        clock.move_to(at + timedelta(seconds=1))
        await asyncio.gather(*(fire(runtime) for _ in range(3)))
        assert await state(runtime, campaign_id) is S.BUILDING
        async with runtime.db.read() as session:
            told = [row["kind"] for row in await notifications.listing(session, owner)]
        assert told.count("campaign_started") == 1


async def test_a_past_moment_is_refused_and_a_schedule_can_be_taken_back(
    runtime: Runtime, owner: Actor, draft: Draft
) -> None:
    past = await draft(run_at=utcnow() - timedelta(minutes=1))
    with pytest.raises(Invalid) as refused:
        await do(runtime, lifecycle.schedule, owner, past)
    assert refused.value.field == "timing"
    later = await draft(run_at=utcnow() + timedelta(hours=1))
    await do(runtime, lifecycle.schedule, owner, later)
    assert await used(runtime) == 1
    await do(runtime, lifecycle.unschedule, owner, later)
    assert (await state(runtime, later), await used(runtime)) == (S.DRAFT, 0)


@pytest.mark.parametrize(
    ("policy", "minutes", "wanted_state"),
    [
        (LatePolicy.ASK, 9, S.BUILDING),
        (LatePolicy.ASK, 11, S.ASKING),
        (LatePolicy.SEND, 600, S.BUILDING),
    ],
)
async def test_after_a_downtime_it_is_sent_or_somebody_is_asked(
    runtime: Runtime, owner: Actor, draft: Draft, policy: LatePolicy, minutes: int, wanted_state: S
) -> None:
    at = datetime(2027, 3, 1, 9, tzinfo=UTC)
    campaign_id = await draft(run_at=at, state=S.SCHEDULED, late_policy=policy)
    with time_machine.travel(at + timedelta(minutes=minutes), tick=False):
        await fire(runtime)
        assert await state(runtime, campaign_id) is wanted_state
        assert await began_late(runtime, owner, campaign_id) is (minutes == 600)


async def began_late(runtime: Runtime, owner: Actor, campaign_id: int) -> bool:
    """What its page says."""
    async with runtime.db.read() as session:
        return (await listing.one(session, owner, campaign_id))["began_late"]


@pytest.mark.parametrize(("send", "after"), [(True, S.BUILDING), (False, S.DRAFT)])
async def test_the_answer_counts_once(
    runtime: Runtime, owner: Actor, draft: Draft, send: bool, after: S
) -> None:
    campaign_id = await draft(state=S.ASKING)
    await do(runtime, lifecycle.answer_late, owner, campaign_id, send=send)
    assert await state(runtime, campaign_id) is after
    with pytest.raises(Conflict):
        await do(runtime, lifecycle.answer_late, owner, campaign_id, send=send)


async def test_what_somebody_let_go_out_late_says_so(runtime: Runtime, owner: Actor, draft: Draft) -> None:
    at = datetime(2027, 3, 1, 9, tzinfo=UTC)
    campaign_id = await draft(run_at=at, state=S.ASKING)
    with time_machine.travel(at + timedelta(hours=2), tick=False):
        await do(runtime, lifecycle.answer_late, owner, campaign_id, send=True)
        assert await began_late(runtime, owner, campaign_id)


@pytest.mark.parametrize(
    ("asked", "goes_out"),
    [
        # Berlin, 29 March 2026: from 2:00 to 3:00. 25 October: 2:00 to 3:00 comes twice.
        ("2026-03-29T02:30", "2026-03-29T01:30+00:00"),
        ("2026-10-25T02:30", "2026-10-25T00:30+00:00"),
    ],
)
async def test_in_a_night_in_which_clocks_change_it_fires_once(
    runtime: Runtime, owner: Actor, draft: Draft, asked: str, goes_out: str
) -> None:
    campaign_id, at = await draft(), datetime.fromisoformat(goes_out)
    with time_machine.travel(at - timedelta(hours=2), tick=False) as clock:
        await set_timing(runtime, owner, campaign_id, run_at=asked, time_zone="Europe/Berlin")
        assert await do(runtime, lifecycle.schedule, owner, campaign_id) == at
        clock.move_to(at - timedelta(seconds=1))
        await fire(runtime)
        assert await state(runtime, campaign_id) is S.SCHEDULED
        clock.move_to(at)
        await fire(runtime)
        assert await state(runtime, campaign_id) is S.BUILDING
        clock.move_to(at + timedelta(hours=1))  # the same hour on the wall, for the second time
        await fire(runtime)
        async with runtime.db.read() as session:
            told = [row["kind"] for row in await notifications.listing(session, owner)]
        assert told.count("campaign_started") == 1


async def test_by_their_own_clocks_it_begins_where_the_day_begins(
    runtime: Runtime, owner: Actor, draft: Draft
) -> None:
    # 9 o'clock in Madrid, on the day on which Spain's clocks change; 9 o'clock in Kiribati is 19:00 UTC the day before.
    at = datetime(2027, 3, 28, 7, tzinfo=UTC)
    campaign_id = await draft(run_at=at, is_local=True, time_zone="Europe/Madrid", state=S.SCHEDULED)
    begins = datetime(2027, 3, 27, 19, tzinfo=UTC)
    with time_machine.travel(begins - timedelta(seconds=1), tick=False) as clock:
        await fire(runtime)
        assert await state(runtime, campaign_id) is S.SCHEDULED
        clock.move_to(begins)
        await fire(runtime)
        assert await state(runtime, campaign_id) is S.BUILDING


# --- running, stopping


@pytest.fixture
async def running(runtime: Runtime, channel_id: int) -> int:
    """A campaign with ten people who wait."""
    template_id = await desk.new_template(runtime, channel_id)
    return await desk.new_campaign(runtime, channel_id, template_id, await desk.new_people(runtime, 10))


async def feed(runtime: Runtime, campaign_id: int, channel_id: int, count: int = 10) -> queueing.Fed:
    await runtime.writer.run(leases.acquire, BID)
    people = [each for each in await desk.recipients(runtime, campaign_id) if each.state is R.WAITING][:count]
    ready = [
        Ready(each.id or 0, each.contact_id or 0, desk.phone(1), "Hello", {"kind": "template"})
        for each in people
    ]
    return await runtime.writer.run(queueing.feed, Portion(campaign_id, channel_id, BID, ready))


async def test_the_same_portion_twice_is_queued_once(runtime: Runtime, running: int, channel_id: int) -> None:
    await runtime.writer.run(leases.acquire, BID)
    people = await desk.recipients(runtime, running)
    ready = [
        Ready(each.id or 0, each.contact_id or 0, desk.phone(1), "Hello", {"kind": "template"})
        for each in people
    ]
    portion = Portion(running, channel_id, BID, ready)
    fed = await asyncio.gather(*(runtime.writer.run(queueing.feed, portion) for _ in range(3)))
    assert sorted(each.queued for each in fed) == [0, 0, 10]
    assert len(await desk.messages(runtime)) == 10
    await desk.assert_exact(runtime, running)


async def test_only_who_holds_the_lease_feeds_and_only_while_it_runs(
    runtime: Runtime, owner: Actor, running: int, channel_id: int
) -> None:
    other = leases.Bid("sender:1", "ben")
    await runtime.writer.run(leases.acquire, BID)
    fed = await runtime.writer.run(queueing.feed, Portion(running, channel_id, other, []))
    assert not fed.is_leading
    await do(runtime, lifecycle.pause, owner, running)
    assert (await feed(runtime, running, channel_id)).queued == 0
    assert await desk.messages(runtime) == []


async def test_who_became_another_contact_meanwhile_waits_for_the_next_portion(
    runtime: Runtime, running: int, channel_id: int
) -> None:
    await runtime.writer.run(leases.acquire, BID)
    first, second = (await desk.recipients(runtime, running))[:2]
    ready = [Ready(first.id or 0, (second.contact_id or 0), desk.phone(1), "Hello", {"kind": "template"})]
    fed = await runtime.writer.run(queueing.feed, Portion(running, channel_id, BID, ready))
    assert fed.queued == 0


async def test_a_pause_takes_everything_back_and_gives_the_plan_its_messages(
    runtime: Runtime, owner: Actor, running: int, channel_id: int
) -> None:
    assert (await feed(runtime, running, channel_id, 6)).queued == 6
    assert await do(runtime, lifecycle.pause, owner, running) == {"taken_back": 6}
    assert await desk.messages(runtime) == []
    assert await desk.tallies(runtime, running) == {"waiting": 10}
    assert {(each.message_id, each.attempt) for each in await desk.recipients(runtime, running)} == {
        (None, 0)
    }
    async with runtime.db.read() as session:
        counted = (await session.exec(select(UsageCounter.count))).all()
    assert sum(counted) == 0


async def test_cancelling_ends_it_for_everybody_who_waits(
    runtime: Runtime, owner: Actor, running: int, channel_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await feed(runtime, running, channel_id, 4)
    monkeypatch.setattr(sweeping, "AT_ONCE", 3)
    assert await do(runtime, lifecycle.cancel, owner, running) == {"taken_back": 4}
    while await runtime.writer.run(sweeping.sweep, None):
        pass
    assert await desk.tallies(runtime, running) == {"cancelled": 10}
    await desk.assert_exact(runtime, running)
    with pytest.raises(Conflict, match="cancelled"):
        await do(runtime, lifecycle.resume, owner, running)


async def test_it_stops_by_itself_once_and_everybody_is_told_once(
    runtime: Runtime, owner: Actor, running: int, channel_id: int
) -> None:
    await feed(runtime, running, channel_id, 5)
    stop = Stop(running, Cause.PAYMENT, "There is a problem (#131042)")
    first, second = await asyncio.gather(*(runtime.writer.run(stopping.stop, stop) for _ in range(2)))
    assert bool(first) != bool(second)
    found = await desk.campaign_of(runtime, running)
    assert (found.state, found.pause_cause) == (S.PAUSED, "payment")
    assert await desk.tallies(runtime, running) == {"waiting": 10}
    async with runtime.db.read() as session:
        told = [row["kind"] for row in await notifications.listing(session, owner)]
    assert told == ["campaign_stopped"]


async def test_waiting_ends_by_itself(runtime: Runtime, running: int) -> None:
    until = utcnow() + timedelta(hours=3)
    await runtime.writer.run(stopping.stop, Stop(running, Cause.SPAM, "", until))
    found = await desk.campaign_of(runtime, running)
    assert (found.state, found.waiting_until, found.pause_cause) == (S.RUNNING, until, "spam")
    assert not await runtime.writer.run(stopping.go_on, running)
    with time_machine.travel(until + timedelta(seconds=1), tick=False):
        assert await runtime.writer.run(stopping.go_on, running)
    found = await desk.campaign_of(runtime, running)
    assert (found.waiting_until, found.pause_cause) == (None, "")


async def test_it_is_finished_when_nobody_is_left_and_not_before(
    runtime: Runtime, running: int, channel_id: int
) -> None:
    await runtime.writer.run(stopping.finish, [running])
    assert await state(runtime, running) is S.RUNNING
    async with runtime.db.write() as session:
        await session.exec(sa.delete(CampaignRecipient))
    # The counters alone do not decide.
    await runtime.writer.run(stopping.finish, [running])
    assert await state(runtime, running) is S.RUNNING
    async with runtime.db.write() as session:
        await session.exec(sa.text("DELETE FROM campaign_tally"))  # type: ignore[call-overload]
    await runtime.writer.run(stopping.finish, [running])
    assert await state(runtime, running) is S.FINISHED


async def test_the_guard_sees_numbers_and_templates(runtime: Runtime, running: int) -> None:
    async def look() -> list[tuple[int, str]]:
        async with runtime.db.read() as session:
            connection = await session.connection()
            return [(each.campaign_id, each.cause.value) for each in await connection.run_sync(guarding.look)]

    assert await look() == []
    for status, cause in [
        ("PAUSED", "template_paused"),
        ("DISABLED", "template_disabled"),
        ("X", "template_gone"),
    ]:
        async with runtime.db.write() as session:
            await session.exec(sa.update(Template).values(status=status))
        assert await look() == [(running, cause)]
    for number, cause in [("reconnect", "token_refused"), ("disconnected", "disconnected")]:
        async with runtime.db.write() as session:
            await session.exec(sa.update(Channel).values(status=number))
        assert await look() == [(running, cause)]


def test_every_cause_has_sentences() -> None:
    for cause in Cause:
        found = causes.told(cause, "detail")
        assert found["words"].endswith((".", "detail"))
        assert found["advice"].endswith(".")
        assert "{" not in found["words"] + found["advice"]
    assert causes.told("") == {"words": "", "advice": ""}


async def test_the_workspace_sets_its_own_limit_of_errors(runtime: Runtime, owner: Actor) -> None:
    await do(runtime, guarding.set_error_limit, owner, {"percent": 5, "results": 100})
    async with runtime.db.read() as session:
        assert await guarding.error_limit(session, owner) == {"percent": 5, "results": 100}
    for wrong in ({"percent": 0, "results": 50}, {"percent": 20, "results": 9}):
        with pytest.raises(Invalid):
            await do(runtime, guarding.set_error_limit, owner, wrong)


# --- trying again


async def settle(runtime: Runtime, campaign_id: int, *found: tuple[R, int | None]) -> list[CampaignRecipient]:
    """The first recipients are in these states, with these codes of Meta."""
    people = await desk.recipients(runtime, campaign_id)
    async with runtime.db.write() as session:
        for each, (new, code) in zip(people, found, strict=False):
            await session.exec(
                sa.update(CampaignRecipient)
                .where(col(CampaignRecipient.id) == each.id)
                .values(state=new, error_code=code, queued_at=utcnow(), attempt=1)
            )
        await session.exec(sa.text("DELETE FROM campaign_tally"))  # type: ignore[call-overload]
        for each in await session.exec(
            sa.select(CampaignRecipient.variant_id, CampaignRecipient.state, sa.func.count()).group_by(  # type: ignore[call-overload]
                col(CampaignRecipient.variant_id), col(CampaignRecipient.state)
            )
        ):
            session.add(
                desk.CampaignTally(
                    campaign_id=campaign_id, variant_id=each[0] or 0, state=each[1].value, count=each[2]
                )
            )
    return people


def which(*ids: int, everybody: bool = False, code: int = 0, reason: str = "") -> Which:
    return Which(recipients=list(ids), everybody=everybody, code=code, reason=reason)


async def test_who_may_be_tried_again_is(runtime: Runtime, owner: Actor, running: int) -> None:
    people = await settle(
        runtime,
        running,
        *[(R.FAILED, 131026), (R.FAILED, 131049), (R.FAILED, 131026), (R.UNCONFIRMED, None), (R.SENT, None)],
    )
    async with runtime.db.write() as session:
        await session.exec(
            sa.update(Contact).where(col(Contact.id) == people[2].contact_id).values(opted_out_at=utcnow())
        )
    nobody = await do(runtime, lifecycle.retry, owner, running, which())
    assert nobody == {"again": 0, "left_out": 0}
    assert await do(runtime, lifecycle.retry, owner, running, which(code=131026)) == {
        "again": 1,
        "left_out": 1,
    }
    assert await do(runtime, lifecycle.retry, owner, running, which(everybody=True)) == {
        "again": 0,
        "left_out": 2,
    }
    with time_machine.travel(utcnow() + timedelta(hours=25), tick=False):
        assert await do(
            runtime, lifecycle.retry, owner, running, which(everybody=True), also_unconfirmed=True
        ) == {"again": 2, "left_out": 1}
    await desk.assert_exact(runtime, running)


async def test_a_finished_campaign_runs_again_for_those_who_failed(
    runtime: Runtime, owner: Actor, running: int
) -> None:
    await settle(runtime, running, *[(R.FAILED, 131026)] * 10)
    await runtime.writer.run(stopping.finish, [running])
    assert await state(runtime, running) is S.FINISHED
    await do(runtime, lifecycle.retry, owner, running, which(code=1))
    assert await state(runtime, running) is S.FINISHED
    await do(runtime, lifecycle.retry, owner, running, which(everybody=True))
    assert await state(runtime, running) is S.RUNNING
    await desk.assert_exact(runtime, running)


# --- A/B


async def tested(runtime: Runtime, channel_id: int, **more: Any) -> tuple[int, int, int]:
    """A campaign with two variants of which ten people each got theirs, and thirty who wait for the winner."""
    template_id = await desk.new_template(runtime, channel_id)
    people = await desk.new_people(runtime, 50)
    values = {"test_share": 40, "winner_by": "read", "decide_after": 60} | more
    campaign_id = await desk.new_campaign(runtime, channel_id, template_id, [], **values)
    async with runtime.db.write() as session:
        a = (await session.exec(select(CampaignVariant))).one()
        b = CampaignVariant(campaign_id=campaign_id, label="B", template_id=template_id, share=50)
        session.add(b)
        await session.flush()
        assert a.id
        assert b.id
        await session.exec(sa.text("DELETE FROM campaign_tally"))  # type: ignore[call-overload]
        now = utcnow()
        await desk.add_recipients(session, campaign_id, a.id, people[:7], now, R.DELIVERED)
        await desk.add_recipients(session, campaign_id, a.id, people[7:10], now, R.READ)
        await desk.add_recipients(session, campaign_id, b.id, people[10:16], now, R.DELIVERED)
        await desk.add_recipients(session, campaign_id, b.id, people[16:20], now, R.READ)
        await desk.add_recipients(session, campaign_id, None, people[20:], now, R.HELD)
    return campaign_id, a.id, b.id


async def test_the_better_variant_goes_to_the_rest_after_its_time(
    runtime: Runtime, channel_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(winner, "AT_ONCE", 12)
    campaign_id, _a, b = await tested(runtime, channel_id)
    now = utcnow()
    with time_machine.travel(now, tick=False) as clock:
        await runtime.writer.run(winner.decide, None)
        found = await desk.campaign_of(runtime, campaign_id)
        assert found.decide_at == now + timedelta(hours=1)
        clock.shift(timedelta(minutes=59))
        await runtime.writer.run(winner.decide, None)
        assert (await desk.campaign_of(runtime, campaign_id)).winner_id is None
        clock.shift(timedelta(minutes=2))
        for _portion in range(3):
            await runtime.writer.run(winner.decide, None)
    assert (await desk.campaign_of(runtime, campaign_id)).winner_id == b
    rest = [each for each in await desk.recipients(runtime, campaign_id) if each.state is R.WAITING]
    assert (len(rest), {each.variant_id for each in rest}) == (30, {b})
    await desk.assert_exact(runtime, campaign_id)


@pytest.mark.parametrize("by", ["read", "reply"])
async def test_when_nobody_is_better_it_is_the_first_and_that_is_written_down(
    runtime: Runtime, channel_id: int, by: str
) -> None:
    campaign_id, a, b = await tested(runtime, channel_id, winner_by=by)
    async with runtime.db.write() as session:
        if by == "read":
            await session.exec(
                sa.text("UPDATE campaign_tally SET count = 5 WHERE state IN ('read', 'delivered')")  # type: ignore[call-overload]
            )
        await session.exec(sa.update(Campaign).values(decide_at=utcnow() - timedelta(seconds=1)))
    await runtime.writer.run(winner.decide, None)
    assert (await desk.campaign_of(runtime, campaign_id)).winner_id == a != b
    async with runtime.db.read() as session:
        entry = (await session.exec(select(AuditEntry).where(AuditEntry.action == "campaign.winner"))).one()
    assert entry.detail["equal"] is True


async def test_somebody_may_choose_but_only_once(runtime: Runtime, owner: Actor, channel_id: int) -> None:
    campaign_id, a, _b = await tested(runtime, channel_id)
    with pytest.raises(Conflict):
        await do(runtime, lifecycle.choose_winner, owner, campaign_id, "Z")
    await do(runtime, lifecycle.choose_winner, owner, campaign_id, "A")
    assert (await desk.campaign_of(runtime, campaign_id)).winner_id == a
    with pytest.raises(Conflict):
        await do(runtime, lifecycle.choose_winner, owner, campaign_id, "B")
    assert await desk.tallies(runtime, campaign_id) == {"delivered": 13, "read": 7, "waiting": 30}


# --- Meta's tier


async def test_people_are_counted_once_over_all_numbers_of_an_account(
    runtime: Runtime, owner: Actor, channel_id: int, running: int
) -> None:
    async with runtime.db.write() as session:
        channel = (await session.exec(select(Channel).where(Channel.id == channel_id))).one()
        channel.health = {"messaging_limit": "TIER_2K", "throughput": "HIGH"}
        session.add(channel)
    await feed(runtime, running, channel_id, 6)
    async with runtime.db.read() as session:
        template_id = (await session.exec(select(Template.id))).one()
        people = [each.contact_id or 0 for each in await desk.recipients(runtime, running)]
    again = await desk.new_campaign(runtime, channel_id, template_id, people[:3])
    await feed(runtime, again, channel_id, 3)
    async with runtime.db.read() as session:
        found = await limits_of_meta.of_channel(session, owner, channel_id)
        assert found == {"per_second": 1000.0, "tier": 2000, "tier_known": True, "used_24h": 6}
        connection = await session.connection()
        assert (await connection.run_sync(limits_of_meta.room, channel_id)).left == 1994
    with time_machine.travel(utcnow() + timedelta(hours=25), tick=False):
        async with runtime.db.read() as session:
            assert (await limits_of_meta.of_channel(session, owner, channel_id))["used_24h"] == 0


@pytest.mark.parametrize(
    ("word", "people"),
    [
        ("TIER_250", 250),
        ("TIER_1K", 1000),
        ("TIER_100K", 100_000),
        ("TIER_2000", 2000),
        ("TIER_UNLIMITED", 0),
        ("TIER_NOT_SET", None),
        ("", None),
    ],
)
def test_meta_s_words_for_tiers(word: str, people: int | None) -> None:
    assert limits_of_meta.tier({"messaging_limit": word}) == people
