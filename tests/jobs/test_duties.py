"""Several processes share what each may do only alone."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.sandbox.sandbox import Sandbox
from tests import campaigns as desk
from tests.jobs.conftest import Eventually, Network, form_of
from wapto_app import runtime as process
from wapto_app.jobs import campaigns, dispatch, duties, ingest, media
from wapto_app.models import CampaignState, RecipientState
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import channels, leases
from wapto_app.services.leases import Bid
from wapto_app.web import webhooks

ONE_NUMBER = ("campaigns", "feeder:1", "sender:1")


def held(**duties_of: tuple[str, ...]) -> list[Bid]:
    """As in the table: every process is present."""
    present = [Bid(f"process:{name}", name) for name in duties_of]
    return present + [Bid(name, holder) for holder, names in duties_of.items() for name in names]


# --- who gives what


def test_who_is_alone_keeps_everything() -> None:
    assert duties.to_give("ann", held(ann=ONE_NUMBER)) == ""


def test_what_a_second_process_gets_evens_things_out() -> None:
    assert duties.to_give("ann", held(ann=ONE_NUMBER, ben=())) == "campaigns"
    assert duties.to_give("ann", held(ann=("feeder:1", "sender:1"), ben=("campaigns",))) == "feeder:1"
    assert duties.to_give("ann", held(ann=("sender:1",), ben=("campaigns", "feeder:1"))) == ""
    assert duties.to_give("ann", held(ann=(*ONE_NUMBER, "feeder:2", "sender:2"), ben=())) == "sender:1"


def test_nothing_is_given_to_who_is_not_there_any_more() -> None:
    gone = [Bid("sender:2", "ben"), *held(ann=ONE_NUMBER)]
    assert duties.to_give("ann", gone) == ""
    assert duties.to_give("ben", gone) == ""


def test_other_leases_are_no_duties() -> None:
    assert duties.to_give("ann", held(ann=("leader", "import:7"), ben=())) == ""


@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.integers(2, 4))
def test_giving_comes_to_an_end_and_then_nobody_has_much_more(holders: list[int], processes: int) -> None:
    names = ["campaigns", *(f"{kind}:{n}" for n in range(6) for kind in ("sender", "feeder"))]
    of = {f"p{n}": set[str]() for n in range(processes)}
    for name, holder in zip(names, holders, strict=False):
        of[f"p{holder % processes}"].add(name)
    for _ in range(100):
        table = held(**{name: tuple(its) for name, its in of.items()})
        gifts = {name: gift for name in of if (gift := duties.to_give(name, table))}
        if not gifts:
            break
        giver, gift = min(gifts.items())
        of[giver].remove(gift)
        min(of.values(), key=duties._load).add(gift)
    assert not gifts
    loads = [duties._load(its) for its in of.values()]
    assert max(loads) - min(loads) < 2 * 3


# --- processes


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch, quick: None) -> None:
    for name, seconds in {"_RENEW": 0.1, "_COURTESY": 0.02, "_LOOK": 0.1, "_REST": 0.5}.items():
        monkeypatch.setattr(duties, f"{name}_SECONDS", seconds)


@asynccontextmanager
async def another_process(runtime: Runtime) -> AsyncIterator[Runtime]:
    """Of the same install, with the same way to Meta."""
    made = process._open(runtime.settings)
    await made.http.aclose()
    made.http = runtime.http
    made.writer.start()
    try:
        yield made
    finally:
        await made.writer.stop()
        await made.db.close()
        if made.redis is not None:
            await made.redis.aclose()


@asynccontextmanager
async def working(runtime: Runtime) -> AsyncIterator[None]:
    jobs = (ingest, dispatch, media, campaigns)
    work = [duties.share(runtime), *(job.run(runtime) for job in jobs)]
    tasks = [asyncio.create_task(each) for each in work]
    try:
        with runtime.hub.listening(webhooks.follow_channels):
            yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def duties_of(runtime: Runtime) -> set[str]:
    async with runtime.db.engine.connect() as connection:
        found = await connection.run_sync(leases.held)
    return {bid.name for bid in found if bid.holder == runtime.process_id} - {f"process:{runtime.process_id}"}


def has(runtime: Runtime, *kinds: str) -> Callable[[], object]:
    async def is_so() -> bool:
        return sorted(name.partition(":")[0] for name in await duties_of(runtime)) == sorted(kinds)

    return is_so


@pytest.mark.usefixtures("brisk", "network")
async def test_a_process_that_joins_later_gets_its_part_and_gives_it_back_when_it_leaves(
    runtime: Runtime, channel_id: int, eventually: Eventually
) -> None:
    async with another_process(runtime) as other, working(runtime):
        await eventually(has(runtime, "campaigns", "feeder", "sender"))
        async with working(other):
            await eventually(has(other, "campaigns", "feeder"))
            await eventually(has(runtime, "sender"))
        await eventually(has(runtime, "campaigns", "feeder", "sender"))
    assert await duties_of(runtime) == set()


@pytest.mark.usefixtures("brisk", "network")
async def test_a_sender_changes_hands_in_the_middle_and_everybody_gets_it_once(
    runtime: Runtime,
    sandbox: Sandbox,
    channel_id: int,
    template_id: int,
    monkeypatch: pytest.MonkeyPatch,
    eventually: Eventually,
) -> None:
    monkeypatch.setitem(duties._WEIGHTS, "campaigns", 9)  # so that the first gives its sender away
    sandbox.faults.change({"latency_ms": 300})
    people = await desk.new_people(runtime, 120)
    campaign_id = await desk.new_campaign(runtime, channel_id, template_id, people)
    async with another_process(runtime) as other, AsyncExitStack() as stack:
        await stack.enter_async_context(working(runtime))

        async def has_begun() -> bool:
            return desk.accepted(sandbox) > 10

        await eventually(has_begun)
        before = desk.accepted(sandbox)
        await stack.enter_async_context(working(other))
        await eventually(has(other, "feeder", "sender"))
        assert before < 120
        await desk.ends(runtime, campaign_id, eventually)
    assert desk.accepted(sandbox) == 120
    assert RecipientState.UNCONFIRMED not in await desk.states(runtime, campaign_id)
    assert (await desk.campaign_of(runtime, campaign_id)).state is CampaignState.FINISHED
    await desk.assert_exact(runtime, campaign_id)


@pytest.mark.usefixtures("brisk", "network")
async def test_a_duty_that_the_other_process_does_not_take_is_taken_back_and_kept(
    runtime: Runtime, channel_id: int, eventually: Eventually
) -> None:
    """It may have another key, and so no number that it could send through."""
    async with another_process(runtime) as other, working(runtime):
        await eventually(has(runtime, "campaigns", "feeder", "sender"))
        idle = asyncio.create_task(duties.share(other))
        await eventually(has(runtime, "feeder", "sender"))
        await eventually(has(runtime, "campaigns", "feeder", "sender"))
        await asyncio.sleep(1)
        assert "campaigns" in await duties_of(runtime)
        idle.cancel()
        await asyncio.gather(idle, return_exceptions=True)


@pytest.mark.usefixtures("brisk", "network")
async def test_two_numbers_are_shared_by_two_processes(
    runtime: Runtime,
    owner: Actor,
    sandbox: Sandbox,
    network: Network,
    channel_id: int,
    eventually: Eventually,
) -> None:
    second = next(each for each in sandbox.store.numbers if each != sandbox.config.phone_number_id)
    await channels.connect(runtime.db, owner, runtime.gateway, form_of(sandbox, phone_number_id=second))
    async with another_process(runtime) as other, working(runtime), working(other):

        async def one_each() -> bool:
            found = [await duties_of(each) for each in (runtime, other)]
            senders = [sum(name.startswith("sender") for name in names) for names in found]
            return senders == [1, 1] and sum(map(len, found)) == 5

        await eventually(one_each)
