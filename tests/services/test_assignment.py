"""Who gets a conversation: by hand, by a team's strategy, after its agent is gone; and who may decide it."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
import time_machine
from sqlmodel import col, select

from tests.meta import inbound, message
from tests.services.conftest import Book, Meta
from wapto_app.clock import utcnow
from wapto_app.models import (
    Account,
    AssignmentStrategy,
    Conversation,
    ConversationStatus,
    Role,
    Team,
    Visibility,
)
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import assignment, ingest, notifications, presence
from wapto_app.services.errors import Conflict, Forbidden, Invalid, NotFound

NewTeam = Callable[..., Awaitable[int]]
NewAgent = Callable[..., Awaitable[Actor]]
ROUND_ROBIN, LEAST_BUSY = AssignmentStrategy.ROUND_ROBIN, AssignmentStrategy.LEAST_BUSY


@pytest.fixture
def new_team(runtime: Runtime) -> NewTeam:
    async def make(name: str, **more: Any) -> int:
        team = Team(**({"name": name, "permissions": ["inbox.see", "inbox.do"]} | more))
        async with runtime.db.write() as session:
            session.add(team)
        assert team.id is not None
        return team.id

    return make


@pytest.fixture
def new_agent(runtime: Runtime, new_account: NewAgent) -> NewAgent:
    """Somebody of this team, as a signed-in request would carry them."""

    async def make(name: str, team_id: int, **more: Any) -> Actor:
        actor = await new_account(name)
        await update(runtime, Account, actor.account_id, team_id=team_id)
        return replace(actor, team_id=team_id, **more)

    return make


async def update(runtime: Runtime, table: Any, row_id: int | None, **values: Any) -> None:
    async with runtime.db.write() as session:
        await session.exec(sa.update(table).where(table.id == row_id).values(**values))


async def assign(runtime: Runtime, actor: Actor, conversation_id: int, **to: Any) -> None:
    async with runtime.db.write() as session:
        await assignment.assign(session, actor, conversation_id, **to)


async def holder(runtime: Runtime, conversation_id: int) -> int | None:
    async with runtime.db.read() as session:
        query = select(Conversation.assignee_id).where(Conversation.id == conversation_id)
        return (await session.exec(query)).one()


def write_in(number: int, text: str = "Hello") -> dict[str, Any]:
    wa_id = f"1650555{number:04}"
    return inbound(message(f"wamid.{number}.{text}", wa_id=wa_id, body=text), name=f"Customer {number}")


async def holders(book: Book) -> list[int | None]:
    return [row["assignee_id"] for row in await book.rows("conversation")]


# --- by hand


async def test_an_agent_takes_puts_back_and_hands_on(
    runtime: Runtime, conversation_id: int, new_team: NewTeam, new_agent: NewAgent, book: Book
) -> None:
    sales, care = await new_team("Sales"), await new_team("Care")
    ann, bob = await new_agent("Ann", sales), await new_agent("Bob", care)
    await assign(runtime, ann, conversation_id, agent_id=ann.account_id)
    row = await book.only("conversation")
    assert (row["assignee_id"], row["team_id"]) == (ann.account_id, sales)
    await assign(runtime, ann, conversation_id)
    row = await book.only("conversation")
    assert (row["assignee_id"], row["team_id"]) == (None, sales), "it stays in the team's queue"
    await assign(runtime, ann, conversation_id, agent_id=bob.account_id)
    row = await book.only("conversation")
    assert (row["assignee_id"], row["team_id"]) == (bob.account_id, care), "the team follows the agent"
    await assign(runtime, ann, conversation_id, team_id=sales)
    row = await book.only("conversation")
    assert (row["assignee_id"], row["team_id"]) == (None, sales)


async def test_an_owner_takes_one_and_its_team_stays(
    runtime: Runtime, owner: Actor, conversation_id: int, new_team: NewTeam, book: Book
) -> None:
    sales = await new_team("Sales")
    await assign(runtime, owner, conversation_id, team_id=sales)
    await assign(runtime, owner, conversation_id, agent_id=owner.account_id)
    row = await book.only("conversation")
    assert (row["assignee_id"], row["team_id"]) == (owner.account_id, sales)


async def test_of_two_who_take_the_same_conversation_at_once_one_has_it(
    runtime: Runtime, conversation_id: int, new_team: NewTeam, new_agent: NewAgent
) -> None:
    team_id = await new_team("Sales")
    both = [await new_agent("Ann", team_id), await new_agent("Bob", team_id)]
    takes = (assign(runtime, each, conversation_id, agent_id=each.account_id, held_by=0) for each in both)
    outcomes = await asyncio.gather(*takes, return_exceptions=True)
    (refusal,) = [outcome for outcome in outcomes if outcome is not None]
    assert isinstance(refusal, Conflict)
    (winner,) = [each for each, outcome in zip(both, outcomes, strict=True) if outcome is None]
    assert await holder(runtime, conversation_id) == winner.account_id
    assert winner.name in refusal.message


async def test_what_was_put_back_meanwhile_is_not_taken_from_nobody(
    runtime: Runtime, owner: Actor, conversation_id: int
) -> None:
    with pytest.raises(Conflict, match="put back"):
        await assign(runtime, owner, conversation_id, agent_id=owner.account_id, held_by=7)


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ({"is_active": False}, Account),
        ({"password_hash": ""}, Account),
        ({"team_id": None}, Account),
        ({"role": Role.OPERATOR}, Account),
        ({"is_active": False}, Team),
        ({"permissions": ["inbox.see"]}, Team),
    ],
)
async def test_who_cannot_answer_is_given_nothing(
    runtime: Runtime,
    owner: Actor,
    conversation_id: int,
    new_team: NewTeam,
    new_agent: NewAgent,
    change: dict[str, Any],
    table: Any,
) -> None:
    team_id = await new_team("Sales")
    ann = await new_agent("Ann", team_id)
    await update(runtime, table, ann.account_id if table is Account else team_id, **change)
    with pytest.raises(Conflict, match="Ann"):
        await assign(runtime, owner, conversation_id, agent_id=ann.account_id)
    async with runtime.db.read() as session:
        assert [each["name"] for each in (await assignment.choices(session, owner))["agents"]] == [
            "Olga Owner"
        ]


async def test_what_does_not_exist_is_refused(runtime: Runtime, owner: Actor, conversation_id: int) -> None:
    for wrong in ({"agent_id": 2**31 - 1}, {"team_id": 2**31 - 1}):
        with pytest.raises(NotFound):
            await assign(runtime, owner, conversation_id, **wrong)
    with pytest.raises(NotFound):
        await assign(runtime, owner, 2**31 - 1, agent_id=owner.account_id)
    with pytest.raises(Invalid):
        await assign(runtime, owner, conversation_id, agent_id=owner.account_id, team_id=1)


async def test_a_team_that_is_switched_off_takes_nothing(
    runtime: Runtime, owner: Actor, conversation_id: int, new_team: NewTeam
) -> None:
    team_id = await new_team("Sales", is_active=False)
    with pytest.raises(Conflict, match="Sales"):
        await assign(runtime, owner, conversation_id, team_id=team_id)
    async with runtime.db.read() as session:
        assert (await assignment.choices(session, owner))["teams"] == []


# --- who may


async def test_without_the_permission_nothing_is_assigned_resolved_or_shown(
    runtime: Runtime, agent: Actor, conversation_id: int
) -> None:
    reader = replace(agent, permissions=frozenset({Permission.INBOX_SEE}))
    async with runtime.db.write() as session:
        for deed in (
            assignment.assign(session, reader, conversation_id, agent_id=reader.account_id),
            assignment.resolve(session, reader, conversation_id),
            assignment.reopen(session, reader, conversation_id),
            assignment.choices(session, reader),
        ):
            with pytest.raises(Forbidden):
                await deed


async def test_an_agent_whose_team_does_not_reassign_takes_what_is_free_and_puts_back_their_own(
    runtime: Runtime, owner: Actor, conversation_id: int, new_team: NewTeam, new_agent: NewAgent
) -> None:
    team_id, other = await new_team("Sales"), await new_team("Care")
    ann = await new_agent("Ann", team_id, may_reassign=False)
    bob = await new_agent("Bob", team_id)
    await assign(runtime, ann, conversation_id, agent_id=ann.account_id)
    for to in ({"agent_id": bob.account_id}, {"team_id": other}, {"team_id": team_id}):
        with pytest.raises(Conflict, match="hand conversations on"):
            await assign(runtime, ann, conversation_id, **to)
    await assign(runtime, ann, conversation_id)
    for to in ({"agent_id": bob.account_id}, {"team_id": other}):
        with pytest.raises(Conflict):
            await assign(runtime, ann, conversation_id, **to)
    await assign(runtime, owner, conversation_id, agent_id=bob.account_id)
    for to in ({"agent_id": ann.account_id}, {}):
        with pytest.raises(Conflict):
            await assign(runtime, ann, conversation_id, **to)
    assert await holder(runtime, conversation_id) == bob.account_id
    async with runtime.db.read() as session:
        offered = await assignment.choices(session, ann)
    assert ([each["name"] for each in offered["agents"]], offered["teams"]) == (["Ann"], [])


@pytest.mark.parametrize("visibility", [Visibility.TEAM, Visibility.OWN])
async def test_a_conversation_of_others_can_neither_be_taken_nor_closed(
    runtime: Runtime,
    owner: Actor,
    conversation_id: int,
    new_team: NewTeam,
    new_agent: NewAgent,
    visibility: Visibility,
) -> None:
    sales, care = await new_team("Sales"), await new_team("Care")
    ann = await new_agent("Ann", sales, visibility=visibility)
    await assign(runtime, owner, conversation_id, team_id=care)
    async with runtime.db.write() as session:
        for deed in (
            assignment.assign(session, ann, conversation_id, agent_id=ann.account_id),
            assignment.resolve(session, ann, conversation_id),
            assignment.reopen(session, ann, conversation_id),
        ):
            with pytest.raises(NotFound):
                await deed
    assert await holder(runtime, conversation_id) is None


# --- resolved and opened again


async def test_a_resolved_conversation_opens_again_when_the_customer_writes_and_keeps_its_agent(
    runtime: Runtime, owner: Actor, conversation_id: int, book: Book, meta_says: Meta
) -> None:
    await assign(runtime, owner, conversation_id, agent_id=owner.account_id)
    async with runtime.db.write() as session:
        await assignment.resolve(session, owner, conversation_id)
    assert (await book.only("conversation"))["status"] is ConversationStatus.RESOLVED
    await meta_says.says(inbound(message("wamid.again")))
    row = await book.only("conversation")
    assert (row["status"], row["assignee_id"]) == (ConversationStatus.OPEN, owner.account_id)


@pytest.mark.parametrize("by", ["customer", "owner"])
async def test_who_is_gone_does_not_get_it_back_when_it_opens_again(
    runtime: Runtime,
    owner: Actor,
    conversation_id: int,
    book: Book,
    meta_says: Meta,
    new_team: NewTeam,
    new_agent: NewAgent,
    by: str,
) -> None:
    team_id = await new_team("Sales", strategy=ROUND_ROBIN)
    ann = await new_agent("Ann", team_id)
    await assign(runtime, owner, conversation_id, agent_id=ann.account_id)
    async with runtime.db.write() as session:
        await assignment.resolve(session, owner, conversation_id)
    await update(runtime, Account, ann.account_id, is_active=False)
    bob = await new_agent("Bob", team_id)
    if by == "customer":
        await meta_says.says(inbound(message("wamid.again")))
    else:
        async with runtime.db.write() as session:
            await assignment.reopen(session, owner, conversation_id)
    row = await book.only("conversation")
    assert (row["status"], row["assignee_id"]) == (ConversationStatus.OPEN, bob.account_id)


async def test_resolving_and_opening_wakes_the_tabs_once(
    runtime: Runtime, owner: Actor, conversation_id: int
) -> None:
    heard: list[frozenset[str]] = []
    with runtime.hub.listening(heard.append):
        for deed in (assignment.resolve, assignment.resolve, assignment.reopen, assignment.reopen):
            async with runtime.db.write() as session:
                await deed(session, owner, conversation_id)
    assert heard == [frozenset({"inbox", f"conversation:{conversation_id}"})] * 2


# --- by strategy


async def test_new_customers_come_to_the_team_that_takes_them(
    channel_id: int, meta_says: Meta, book: Book, new_team: NewTeam
) -> None:
    await meta_says.says(write_in(1))
    team_id = await new_team("Sales", takes_new=True)
    await meta_says.says(write_in(2))
    assert [row["team_id"] for row in await book.rows("conversation")] == [None, team_id]
    assert await holders(book) == [None, None], "it hands them out by itself"


async def test_a_team_that_is_switched_off_takes_no_new_customers(
    channel_id: int, meta_says: Meta, book: Book, new_team: NewTeam
) -> None:
    await new_team("Sales", takes_new=True, is_active=False)
    await meta_says.says(write_in(1))
    assert (await book.only("conversation"))["team_id"] is None


async def test_agents_take_turns(
    channel_id: int, meta_says: Meta, book: Book, new_team: NewTeam, new_agent: NewAgent
) -> None:
    team_id = await new_team("Sales", takes_new=True, strategy=ROUND_ROBIN)
    three = [(await new_agent(name, team_id)).account_id for name in ("Ann", "Bob", "Cy")]
    await meta_says.says(*(write_in(number) for number in range(4)))
    await meta_says.says(write_in(4))
    await meta_says.says(write_in(5))
    assert await holders(book) == [*three, *three]


async def test_the_least_busy_agent_is_next_and_what_is_resolved_does_not_count(
    runtime: Runtime,
    owner: Actor,
    channel_id: int,
    meta_says: Meta,
    book: Book,
    new_team: NewTeam,
    new_agent: NewAgent,
) -> None:
    team_id = await new_team("Sales", takes_new=True, strategy=LEAST_BUSY)
    ann, bob = await new_agent("Ann", team_id), await new_agent("Bob", team_id)
    await meta_says.says(*(write_in(number) for number in range(3)))
    assert await holders(book) == [ann.account_id, bob.account_id, ann.account_id]
    first = (await book.rows("conversation"))[0]["id"]
    for closed in (first, first + 2):
        async with runtime.db.write() as session:
            await assignment.resolve(session, owner, closed)
    await meta_says.says(write_in(3))
    assert (await holders(book))[-1] == ann.account_id


async def test_only_active_agents_who_have_joined_and_may_answer_take_turns(
    runtime: Runtime,
    channel_id: int,
    meta_says: Meta,
    book: Book,
    new_team: NewTeam,
    new_agent: NewAgent,
) -> None:
    team_id = await new_team("Sales", takes_new=True, strategy=ROUND_ROBIN)
    for name, change in (("Gone", {"is_active": False}), ("Invited", {"password_hash": ""})):
        gone = await new_agent(name, team_id)
        await update(runtime, Account, gone.account_id, **change)
    await meta_says.says(write_in(1))
    assert await holders(book) == [None]
    ann = await new_agent("Ann", team_id)
    await meta_says.says(write_in(1, "Is anybody there?"))
    assert await holders(book) == [ann.account_id], "the customer still waits"
    await update(runtime, Team, team_id, permissions=["inbox.see"])
    await meta_says.says(write_in(2))
    assert await holders(book) == [ann.account_id, None]


async def test_a_conversation_given_to_a_team_is_dealt_out_at_once(
    runtime: Runtime, owner: Actor, conversation_id: int, new_team: NewTeam, new_agent: NewAgent
) -> None:
    team_id = await new_team("Sales", strategy=ROUND_ROBIN)
    ann = await new_agent("Ann", team_id)
    await assign(runtime, owner, conversation_id, team_id=team_id)
    assert await holder(runtime, conversation_id) == ann.account_id


async def test_history_from_before_the_connection_keeps_nobody_busy(
    runtime: Runtime, conversation_id: int, new_team: NewTeam, new_agent: NewAgent, meta_says: Meta
) -> None:
    team_id = await new_team("Sales", strategy=ROUND_ROBIN)
    await new_agent("Ann", team_id)
    await update(runtime, Conversation, conversation_id, team_id=team_id)
    old = message("wamid.system", "system", {"type": "user_changed_user_id", "body": "Ada changed"})
    await meta_says.says(inbound(old))
    assert await holder(runtime, conversation_id) is None


async def test_two_who_deal_at_once_give_each_conversation_to_exactly_one_and_keep_turns(
    runtime: Runtime,
    owner: Actor,
    channel_id: int,
    meta_says: Meta,
    book: Book,
    new_team: NewTeam,
    new_agent: NewAgent,
) -> None:
    await meta_says.says(*(write_in(number) for number in range(12)))
    team_id = await new_team("Sales", takes_new=True, strategy=ROUND_ROBIN)
    agents = [(await new_agent(f"Agent {number}", team_id)).account_id for number in range(4)]
    by_hand = (assign(runtime, owner, row["id"], team_id=team_id) for row in await book.rows("conversation"))
    await asyncio.gather(meta_says.says(*(write_in(number) for number in range(20, 32))), *by_hand)
    got = Counter(await holders(book))
    assert got == dict.fromkeys(agents, 6)


# --- an agent leaves


async def test_open_conversations_of_who_leaves_are_dealt_to_the_others_and_history_stays(
    runtime: Runtime,
    owner: Actor,
    channel_id: int,
    meta_says: Meta,
    book: Book,
    new_team: NewTeam,
    new_agent: NewAgent,
) -> None:
    team_id = await new_team("Sales", takes_new=True, strategy=ROUND_ROBIN)
    ann = await new_agent("Ann", team_id)
    await meta_says.says(*(write_in(number) for number in range(3)))
    first = (await book.rows("conversation"))[0]["id"]
    async with runtime.db.write() as session:
        await assignment.resolve(session, owner, first)
    bob = await new_agent("Bob", team_id)
    heard: list[frozenset[str]] = []
    with runtime.hub.listening(heard.append):
        async with runtime.db.write() as session:
            await session.exec(
                sa.update(Account).where(col(Account.id) == ann.account_id).values(is_active=False)
            )
            assert await assignment.requeue_all(session, ann.account_id or 0) == 2
    assert await holders(book) == [ann.account_id, bob.account_id, bob.account_id]
    told = f"notifications:{bob.account_id}"
    assert heard == [{"inbox", f"conversation:{first + 1}", f"conversation:{first + 2}", told}]


# --- who is there


async def comes_online(runtime: Runtime, *agents: Actor) -> None:
    await runtime.writer.run(presence.beat, frozenset(each.account_id or 0 for each in agents))


@pytest.mark.parametrize("strategy", [ROUND_ROBIN, LEAST_BUSY])
async def test_who_is_online_gets_it_and_while_nobody_is_anybody(
    runtime: Runtime,
    channel_id: int,
    new_team: NewTeam,
    new_agent: NewAgent,
    meta_says: Meta,
    book: Book,
    strategy: AssignmentStrategy,
) -> None:
    team_id = await new_team("Sales", takes_new=True, strategy=strategy)
    ann, bob, cat = [await new_agent(name, team_id) for name in ("Ann", "Bob", "Cat")]
    await comes_online(runtime, bob, cat)
    await meta_says.says(*(write_in(number) for number in range(4)))
    online = Counter({bob.account_id: 2, cat.account_id: 2})
    assert Counter(await holders(book)) == online, "however few Ann has"
    with time_machine.travel(utcnow() + presence.GRACE + timedelta(seconds=1), tick=False):
        await meta_says.says(*(write_in(number) for number in range(10, 12)))
    assert Counter(await holders(book))[ann.account_id] >= 1


async def test_whom_the_strategy_chose_is_told_of_each_once(
    runtime: Runtime, channel_id: int, new_team: NewTeam, new_agent: NewAgent, meta_says: Meta, book: Book
) -> None:
    team_id = await new_team("Sales", takes_new=True, strategy=ROUND_ROBIN)
    ann = await new_agent("Ann", team_id)
    outcomes: set[str] = set()
    await meta_says.store(*(write_in(number) for number in range(3)))
    outcomes |= (await runtime.writer.run(ingest.apply_pending, None)).topics
    assert f"notifications:{ann.account_id}" in outcomes
    await meta_says.says(write_in(1, "Again"))
    async with runtime.db.read() as session:
        told = await notifications.listing(session, ann)
    ids = [row["id"] for row in await book.rows("conversation")]
    assert sorted(each["href"] for each in told) == [f"/inbox/{each}" for each in ids]
    assert {(each["kind"], each["args"]["by"]) for each in told} == {("assigned", "")}
