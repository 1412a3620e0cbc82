"""Scored reviews and what reviewers look at: who may judge whom, and that old reviews keep their criteria."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import select

from tests.services.conftest import Meta
from tests.services.desk import Desk
from tests.services.test_inbox import plans, scans
from wapto_app.models import Account, AuditEntry, Contact, Conversation, Review, Role, Visibility
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import review
from wapto_app.services.errors import Conflict, Forbidden, Invalid, NotFound
from wapto_app.services.review import Criterion

pytestmark = pytest.mark.usefixtures("channel_id")
REPORTS = {Permission.REPORTS_SEE, Permission.REPORTS_DO}
GOOD = {"tone": 5, "understanding": 4, "solution": 3}


@pytest.fixture
def desk(runtime: Runtime, meta_says: Meta) -> Desk:
    return Desk(runtime, meta_says)


@pytest.fixture
async def answered(desk: Desk, agent: Actor) -> int:
    """A conversation that the agent answered."""
    conversation = await desk.customer(1)
    await desk.reply(agent, conversation)
    return conversation


@pytest.fixture
async def lead(new_account: Callable[..., Awaitable[Actor]]) -> Actor:
    """A colleague of the agent who may write reviews."""
    actor = await new_account("Lea Lead", Role.AGENT)
    return replace(actor, permissions=actor.permissions | REPORTS)


async def write(runtime: Runtime, actor: Actor, conversation: int, agent: Actor, **more: Any) -> int:
    scores, note = more.get("scores", GOOD), more.get("note", "")
    async with runtime.db.write() as session:
        return await review.write_review(session, actor, conversation, agent.account_id or 0, scores, note)


async def edit(
    runtime: Runtime, actor: Actor, review_id: int, scores: dict[str, int], note: str = ""
) -> None:
    async with runtime.db.write() as session:
        await review.edit_review(session, actor, review_id, scores, note)


async def delete(runtime: Runtime, actor: Actor, review_id: int) -> None:
    async with runtime.db.write() as session:
        await review.delete_review(session, actor, review_id)


async def of_conversation(runtime: Runtime, actor: Actor, conversation: int) -> Any:
    async with runtime.db.read() as session:
        return await review.reviews_of_conversation(session, actor, conversation)


async def of_agent(runtime: Runtime, actor: Actor, agent: Actor) -> Any:
    async with runtime.db.read() as session:
        during = await review.period(session, actor, "7")
        return await review.reviews_of_agent(session, actor, agent.account_id or 0, during)


async def save_rubric(runtime: Runtime, actor: Actor, *criteria: Criterion) -> None:
    async with runtime.db.write() as session:
        await review.save_rubric(session, actor, list(criteria))


async def rubric(runtime: Runtime, actor: Actor) -> list[Criterion]:
    async with runtime.db.read() as session:
        return await review.rubric(session, actor)


async def test_points_are_weighted_and_count_in_the_figures(
    runtime: Runtime, owner: Actor, agent: Actor, lead: Actor, answered: int
) -> None:
    await write(runtime, lead, answered, agent, note="  Kind.\x00  ")
    await write(runtime, owner, answered, agent, scores=dict.fromkeys(GOOD, 1))
    newest, first = await of_conversation(runtime, owner, answered)
    assert (first["total"], first["note"], first["reviewer"]) == (375, "Kind.", "Lea Lead")
    assert (newest["total"], newest["is_mine"]) == (100, True)
    async with runtime.db.read() as session:
        during = await review.period(session, owner, "7")
        board = await review.board(session, owner, during)
        teams = await review.teams_board(session, owner, during)
    row = next(row for row in board["agents"] if row["id"] == agent.account_id)
    assert row["score"] == board["total"]["score"] == teams[0]["score"] == 238
    assert [each["total"] for each in await of_agent(runtime, owner, agent)] == [100, 375]


@pytest.mark.parametrize(
    "scores",
    [
        {},
        {"tone": 5},
        {**GOOD, "more": 3},
        {**GOOD, "tone": 0},
        {**GOOD, "tone": 6},
        {**GOOD, "tone": -1},
    ],
)
async def test_every_criterion_gets_one_to_five_points(
    runtime: Runtime, owner: Actor, agent: Actor, answered: int, scores: dict[str, int]
) -> None:
    with pytest.raises(Invalid) as refusal:
        await write(runtime, owner, answered, agent, scores=scores)
    assert refusal.value.field == "scores"
    assert await of_conversation(runtime, owner, answered) == []


async def test_a_note_has_an_end(runtime: Runtime, owner: Actor, agent: Actor, answered: int) -> None:
    with pytest.raises(Invalid, match="2,000"):
        await write(runtime, owner, answered, agent, note="x" * 2001)


async def test_nobody_reviews_their_own_work_or_somebody_who_had_no_part(
    runtime: Runtime, desk: Desk, owner: Actor, agent: Actor, lead: Actor, answered: int
) -> None:
    await desk.reply(lead, answered)
    with pytest.raises(Conflict, match="own work"):
        await write(runtime, lead, answered, lead)
    with pytest.raises(Conflict, match="no part"):
        await write(runtime, lead, answered, owner)
    async with runtime.db.read() as session:
        choices = await review.agents_of(session, lead, answered)
    assert [choice["label"] for choice in choices] == ["Ben Agent"]


async def test_what_one_may_not_see_one_may_not_review(
    runtime: Runtime, desk: Desk, owner: Actor, agent: Actor, lead: Actor, answered: int
) -> None:
    mine = await write(runtime, owner, answered, agent, note="Between us")
    own = replace(lead, visibility=Visibility.OWN)
    await desk.change(Conversation, answered, assignee_id=agent.account_id)
    for attempt in (
        write(runtime, own, answered, agent),
        of_conversation(runtime, own, answered),
        of_agent(runtime, own, agent),
        edit(runtime, own, mine, GOOD),
        delete(runtime, own, mine),
        write(runtime, owner, 9999, agent),
        write(runtime, owner, answered, replace(agent, account_id=9999)),
    ):
        with pytest.raises(NotFound):
            await attempt


async def test_a_review_of_a_conversation_that_moved_away_is_listed_without_its_customer(
    runtime: Runtime, desk: Desk, owner: Actor, agent: Actor, lead: Actor, answered: int
) -> None:
    await write(runtime, owner, answered, agent, note="Fine")
    await desk.change(Conversation, answered, assignee_id=owner.account_id)
    own_team = replace(agent, permissions=lead.permissions, visibility=Visibility.OWN)
    (row,) = await of_agent(runtime, own_team, agent)
    assert (row["customer"], row["conversation_id"], row["note"]) == ("", 0, "Fine")


async def test_only_the_reviewer_changes_a_review_and_an_owner_may_delete_it(
    runtime: Runtime, owner: Actor, agent: Actor, lead: Actor, answered: int
) -> None:
    theirs = await write(runtime, lead, answered, agent)
    with pytest.raises(NotFound):
        await edit(runtime, owner, theirs, GOOD)
    colleague = replace(agent, permissions=lead.permissions)
    with pytest.raises(Forbidden):
        await delete(runtime, colleague, theirs)
    (row,) = await of_conversation(runtime, colleague, answered)
    assert (row["is_mine"], row["may_delete"]) == (False, False)
    await edit(runtime, lead, theirs, {**GOOD, "solution": 5}, "Better than I thought.")
    (row,) = await of_conversation(runtime, lead, answered)
    assert (row["total"], row["is_edited"], row["may_delete"]) == (475, True, True)
    await delete(runtime, owner, theirs)
    with pytest.raises(NotFound):
        await delete(runtime, owner, theirs)
    async with runtime.db.read() as session:
        actions = (await session.exec(select(AuditEntry.action).order_by(AuditEntry.id))).all()  # type: ignore[arg-type]
    assert [each for each in actions if each.startswith("review.")] == [
        "review.written",
        "review.edited",
        "review.deleted",
    ]


async def test_old_reviews_keep_their_criteria_when_these_change(
    runtime: Runtime, owner: Actor, agent: Actor, answered: int
) -> None:
    old = await write(runtime, owner, answered, agent)
    await save_rubric(runtime, owner, Criterion(key="", name="Follows  up", weight=1))
    (criterion,) = await rubric(runtime, owner)
    assert criterion["name"] == "Follows up"
    with pytest.raises(Invalid):
        await write(runtime, owner, answered, agent)
    new = await write(runtime, owner, answered, agent, scores={criterion["key"]: 2})
    await edit(runtime, owner, old, dict.fromkeys(GOOD, 2))
    found = {row["id"]: row for row in await of_conversation(runtime, owner, answered)}
    assert [score["name"] for score in found[old]["scores"]] == [
        "Friendly and clear",
        "Understood the question",
        "Solved it",
    ]
    assert (found[old]["total"], found[new]["total"]) == (200, 200)


@pytest.mark.parametrize(
    "criteria",
    [
        [],
        [Criterion(key="", name=" ", weight=1)],
        [Criterion(key="", name="x" * 61, weight=1)],
        [Criterion(key="", name="A", weight=0)],
        [Criterion(key="", name="A", weight=11)],
        [Criterion(key="a", name="A", weight=1), Criterion(key="b", name="a", weight=1)],
        [Criterion(key="a", name="A", weight=1), Criterion(key="a", name="B", weight=1)],
        [Criterion(key="", name=str(n), weight=1) for n in range(11)],
    ],
)
async def test_criteria_that_make_no_sense_are_refused(
    runtime: Runtime, owner: Actor, criteria: list[Criterion]
) -> None:
    before = await rubric(runtime, owner)
    with pytest.raises(Invalid):
        await save_rubric(runtime, owner, *criteria)
    assert await rubric(runtime, owner) == before


async def test_two_who_save_the_first_criteria_at_once_both_succeed(
    runtime: Runtime, owner: Actor, lead: Actor
) -> None:
    await asyncio.gather(
        *(save_rubric(runtime, who, Criterion(key="", name=who.name, weight=1)) for who in (owner, lead))
    )
    (criterion,) = await rubric(runtime, owner)
    assert criterion["name"] in ("Olga Owner", "Lea Lead")


async def test_a_number_in_a_note_is_hidden_and_comes_back_when_the_note_is_saved(
    runtime: Runtime, agent: Actor, lead: Actor, answered: int
) -> None:
    note = "Call +1 650-000-0001 again."
    mine = await write(runtime, lead, answered, agent, note=note)
    hiding = replace(lead, hide_phone=True)
    async with runtime.db.write() as session:
        await session.exec(sa.update(Contact).values(name="", profile_name=""))  # type: ignore[call-overload]
    (row,) = await of_conversation(runtime, hiding, answered)
    assert "000-0001" not in str(row)
    assert "6500000001" not in str(row)
    await edit(runtime, hiding, mine, GOOD, row["note"] + " Soon.")
    (row,) = await of_conversation(runtime, lead, answered)
    assert row["note"] == note + " Soon."


async def test_an_account_that_is_gone_leaves_its_reviews(
    runtime: Runtime, owner: Actor, agent: Actor, lead: Actor, answered: int
) -> None:
    await write(runtime, lead, answered, agent)
    async with runtime.db.write() as session:
        await session.delete(await session.get_one(Account, lead.account_id))
    (row,) = await of_conversation(runtime, owner, answered)
    assert (row["reviewer"], row["is_mine"], row["total"]) == ("", False, 375)


async def test_reviews_are_found_by_an_index(
    runtime: Runtime, owner: Actor, agent: Actor, answered: int
) -> None:
    async with runtime.db.write() as session:
        for n in range(300):
            session.add(
                Review(
                    conversation_id=answered,
                    agent_id=agent.account_id if n % 2 else owner.account_id,
                    total=300,
                    rubric={"criteria": []},
                )
            )
    with plans(runtime.db.engine.sync_engine) as found:
        await of_conversation(runtime, owner, answered)
        await of_agent(runtime, owner, agent)
    text = "\n".join(found)
    assert "ix_review_conversation_id_id" in text
    assert "ix_review_agent_id_created_at" in text
    assert [line for plan in found for line in scans(plan) if "review" in line] == []
