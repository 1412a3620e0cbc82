"""What the desk records, in the transaction of the deed: waits, replies, hand-overs, resolutions, missed windows."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
import time_machine

from tests import meta
from tests.services.conftest import Book, Meta
from tests.services.desk import Desk
from tests.services.test_inbox import plans, scans
from wapto_app.clock import utcnow
from wapto_app.models import Account, Conversation
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import assignment, inbox
from wapto_app.services.errors import NotFound

pytestmark = pytest.mark.usefixtures("channel_id")
START = "2026-11-20T10:00:00Z"


@pytest.fixture
def desk(runtime: Runtime, meta_says: Meta) -> Desk:
    return Desk(runtime, meta_says)


async def test_a_customer_waits_once_however_much_they_write(desk: Desk) -> None:
    with time_machine.travel(START, tick=False) as clock:
        of = await desk.customer(1)
        first = utcnow()
        for _ in range(3):
            clock.shift(60)
            await desk.customer(1)
    assert await desk.kinds(of) == ["inbound_started"]
    assert (await desk.state(of))["waiting_since"] == first
    assert (await desk.events(of))[0]["at"] == first


async def test_the_first_reply_tells_how_long_the_customer_waited_and_the_next_is_only_a_reply(
    desk: Desk, agent: Actor
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        of = await desk.customer(1)
        clock.shift(90)
        await desk.customer(1)
        clock.shift(30)
        await desk.reply(agent, of)
        await desk.reply(agent, of)
    started, first, second = await desk.events(of)
    assert started["account_id"] is None
    assert (first["kind"].value, first["seconds"], first["account_id"]) == (
        "first_reply",
        120,
        agent.account_id,
    )
    assert first["team_id"] == agent.team_id
    assert (second["kind"].value, second["seconds"]) == ("reply", None)
    assert (await desk.state(of))["waiting_since"] is None


async def test_a_message_that_comes_twice_is_one(desk: Desk, meta_says: Meta) -> None:
    document = meta.inbound(meta.message("wamid.same"))
    await meta_says.says(meta.another(document), meta.another(document))
    await meta_says.says(meta.another(document))
    assert await desk.kinds() == ["inbound_started"]


async def test_a_batch_of_many_customers_starts_a_wait_for_each(desk: Desk, meta_says: Meta) -> None:
    documents = [
        meta.inbound(meta.message(f"wamid.{n}.{k}", wa_id=f"1650555{n:04}"))
        for n in range(20)
        for k in range(3)
    ]
    await meta_says.says(*documents)
    assert await desk.kinds() == ["inbound_started"] * 20


async def test_of_two_replies_at_once_only_one_is_the_first(desk: Desk, owner: Actor, agent: Actor) -> None:
    of = await desk.customer(1)
    await asyncio.gather(*(desk.reply(who, of, f"Text {n}") for n in range(4) for who in (owner, agent)))
    kinds = await desk.kinds(of)
    assert sorted(kinds) == ["first_reply", "inbound_started", *["reply"] * 7]


async def test_a_refused_message_leaves_no_trace(desk: Desk, agent: Actor) -> None:
    with time_machine.travel(START, tick=False) as clock:
        of = await desk.customer(1)
        clock.shift(timedelta(hours=25))
        with pytest.raises(Exception, match="24 hours"):
            await desk.reply(agent, of)
    assert await desk.kinds(of) == ["inbound_started"]


async def test_a_reaction_is_no_answer(desk: Desk, runtime: Runtime, agent: Actor, book: Book) -> None:
    of = await desk.customer(1)
    message_id = (await book.rows("message"))[0]["id"]
    async with runtime.db.write() as session:
        await inbox.react(session, agent, of, message_id, "👍")
    assert await desk.kinds(of) == ["inbound_started"]


async def test_what_jobs_send_is_nobodys_answer(desk: Desk) -> None:
    of = await desk.customer(1)
    await desk.reply(Actor.system(), of, "We are closed today.")
    assert await desk.kinds(of) == ["inbound_started"]
    assert (await desk.state(of))["waiting_since"] is not None


async def test_an_answer_from_the_business_phone_ends_the_wait_without_an_agent(
    desk: Desk, meta_says: Meta
) -> None:
    await meta_says.says(meta.inbound(meta.message("wamid.in", at=meta.ago(minutes=5))))
    await meta_says.says(meta.echo("wamid.out"), meta.echo("wamid.out2"))
    started, answered = await desk.events()
    assert answered["kind"].value == "first_reply"
    assert answered["account_id"] is None
    assert 295 <= answered["seconds"] <= 305
    assert (await desk.state(started["conversation_id"]))["waiting_since"] is None


async def test_resolving_counts_from_the_opening_and_the_next_message_opens_it_again(
    desk: Desk, agent: Actor, owner: Actor
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        of = await desk.customer(1)
        clock.shift(600)
        await desk.resolve(agent, of)
        await desk.resolve(agent, of)  # nothing more to do
        clock.shift(60)
        await desk.customer(1)
        clock.shift(30)
        await desk.resolve(owner, of)
    assert not (await desk.events(of))[0]["seconds"]
    assert await desk.kinds(of) == ["inbound_started", "resolved", "reopened", "inbound_started", "resolved"]
    _, resolved, reopened, _, again = await desk.events(of)
    assert (resolved["account_id"], resolved["seconds"]) == (agent.account_id, 600)
    assert (reopened["account_id"], reopened["team_id"]) == (agent.account_id, agent.team_id)
    assert (again["account_id"], again["seconds"]) == (owner.account_id, 30)
    assert again["detail"] == {"by": owner.account_id}


async def test_reopening_by_hand_is_noted_against_who_resolved_it(
    desk: Desk, agent: Actor, owner: Actor
) -> None:
    of = await desk.customer(1)
    await desk.resolve(agent, of)
    await desk.reopen(owner, of)
    await desk.reopen(owner, of)
    events = await desk.events(of)
    assert [event["kind"].value for event in events] == ["inbound_started", "resolved", "reopened"]
    assert events[2]["account_id"] == agent.account_id
    assert not await desk.is_resolved(of)


async def test_the_assignee_gets_the_credit_for_what_somebody_else_closes(
    desk: Desk, agent: Actor, owner: Actor
) -> None:
    of = await desk.customer(1)
    await desk.assign(owner, of, agent.account_id)
    await desk.resolve(owner, of)
    _, assigned, resolved = await desk.events(of)
    assert assigned["account_id"] == resolved["account_id"] == agent.account_id
    assert assigned["detail"] == {"by": owner.account_id}


async def test_a_hand_over_is_noted_for_both_sides(desk: Desk, agent: Actor, owner: Actor) -> None:
    of = await desk.customer(1)
    await desk.assign(owner, of, agent.account_id)
    await desk.assign(owner, of, agent.account_id)
    await desk.assign(owner, of, owner.account_id)
    await desk.assign(owner, of, None)
    noted = [(event["kind"].value, event["account_id"]) for event in await desk.events(of)]
    assert noted[1:] == [
        ("assigned", agent.account_id),
        ("unassigned", agent.account_id),
        ("assigned", owner.account_id),
        ("unassigned", owner.account_id),
    ]


async def test_who_leaves_holds_nothing_any_more(
    desk: Desk, runtime: Runtime, agent: Actor, owner: Actor
) -> None:
    of = await desk.customer(1)
    await desk.assign(owner, of, agent.account_id)
    assert agent.account_id is not None
    await desk.change(Account, agent.account_id, is_active=False)
    async with runtime.db.write() as session:
        await assignment.requeue_all(session, agent.account_id)
    last = (await desk.events(of))[-1]
    assert (last["kind"].value, last["account_id"]) == ("unassigned", agent.account_id)


async def test_a_window_that_closes_unanswered_is_noted_once_at_its_end(desk: Desk, agent: Actor) -> None:
    with time_machine.travel(START, tick=False) as clock:
        of = await desk.customer(1)
        await desk.assign(agent, of, agent.account_id)
        clock.shift(timedelta(hours=23))
        await desk.customer(1)  # keeps the window open for another day
        last = utcnow()
        clock.shift(timedelta(hours=23, minutes=59))
        assert await desk.tick() == 0
        clock.shift(timedelta(minutes=2))
        assert await desk.tick() == 1
        assert await desk.tick() == 0
    missed = (await desk.events(of))[-1]
    assert missed["kind"].value == "window_missed"
    assert missed["account_id"] == agent.account_id
    assert abs(missed["at"] - last - timedelta(hours=24)) < timedelta(seconds=2)


async def test_an_answered_or_resolved_conversation_misses_nothing(desk: Desk, agent: Actor) -> None:
    with time_machine.travel(START, tick=False) as clock:
        answered, resolved = await desk.customer(1), await desk.customer(2)
        await desk.reply(agent, answered)
        await desk.resolve(agent, resolved)
        clock.shift(timedelta(days=3))
        assert await desk.tick() == 0


async def test_who_writes_again_after_a_missed_window_can_be_missed_again(desk: Desk, agent: Actor) -> None:
    with time_machine.travel(START, tick=False) as clock:
        of = await desk.customer(1)
        clock.shift(timedelta(days=2))
        assert await desk.tick() == 1
        await desk.customer(1)
        clock.shift(timedelta(hours=1))
        await desk.reply(agent, of)
        assert await desk.tick() == 0
    events = await desk.events(of)
    kinds = [event["kind"].value for event in events]
    assert kinds == ["inbound_started", "window_missed", "inbound_started", "first_reply"]
    # The customer has waited since the first message, not since the reminder.
    assert events[-1]["seconds"] == 49 * 3600


async def test_two_ticks_at_once_note_a_window_once(desk: Desk) -> None:
    with time_machine.travel(START, tick=False) as clock:
        of = await desk.customer(1)
        clock.shift(timedelta(days=2))
        assert sorted(await asyncio.gather(*(desk.tick() for _ in range(5)))) == [0, 0, 0, 0, 1]
    assert (await desk.kinds(of)).count("window_missed") == 1


async def test_history_from_before_the_connection_is_no_work(desk: Desk, meta_says: Meta) -> None:
    old = meta.message("wamid.old", at=meta.ago(days=90))
    await meta_says.says(meta.history(old))
    assert await desk.events() == []


async def test_what_nobody_may_see_nobody_can_resolve(desk: Desk, agent: Actor) -> None:
    with pytest.raises(NotFound):
        await desk.resolve(agent, 999)
    assert await desk.events() == []


async def test_a_waiting_customer_who_writes_costs_one_look_up(
    desk: Desk, runtime: Runtime, meta_says: Meta
) -> None:
    await desk.customer(1)
    wa_id = "16500000001"
    await meta_says.store(*(meta.inbound(meta.message(f"wamid.x{n}", wa_id=wa_id)) for n in range(30)))
    statements: list[str] = []
    with plans(runtime.writer._engine) as found:
        import sqlalchemy as sa

        def note(_c: object, _cur: object, statement: str, *_rest: object) -> None:
            statements.append(statement)

        sa.event.listen(runtime.writer._engine, "before_cursor_execute", note)
        try:
            await meta_says.apply()
        finally:
            sa.event.remove(runtime.writer._engine, "before_cursor_execute", note)
    touching = [each for each in statements if "desk_" in each and not each.startswith("EXPLAIN")]
    assert len(touching) == 1, touching
    assert touching[0].startswith("SELECT")
    assert all(scans(plan) == [] for plan in found)


async def test_missed_windows_are_found_by_their_index(desk: Desk, runtime: Runtime) -> None:
    with plans(runtime.writer._engine) as found:
        await desk.tick()
    assert "ix_desk_state_waiting" in "\n".join(found)
    assert [line for plan in found for line in scans(plan)] == []


async def test_a_customer_who_is_deleted_leaves_no_events(desk: Desk, runtime: Runtime) -> None:
    of = await desk.customer(1)
    async with runtime.db.write() as session:
        await session.delete(await session.get_one(Conversation, of))
    assert await desk.events() == []
