"""Figures: equal to a slow recomputation from the messages, limited to what the actor may see, and found by indexes."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
import time_machine
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.services.conftest import Meta
from tests.services.desk import Desk
from tests.services.test_inbox import plans, scans
from wapto_app.clock import utcnow
from wapto_app.models import Account, Conversation, Direction, Message, Team, Visibility
from wapto_app.models.base import table_of
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import presence, review
from wapto_app.services.errors import Forbidden, Invalid, NotFound, WindowClosed
from wapto_app.services.review import Figure, Period

pytestmark = pytest.mark.usefixtures("channel_id")
START = "2026-11-20T10:00:00Z"
REPORTS = {Permission.REPORTS_SEE, Permission.REPORTS_DO, Permission.EXPORT_DO}
NewActor = Callable[..., Awaitable[Actor]]


@pytest.fixture
def desk(runtime: Runtime, meta_says: Meta) -> Desk:
    return Desk(runtime, meta_says)


@pytest.fixture
def lead(agent: Actor) -> Actor:
    """An agent whose team may see and write reports."""
    return replace(agent, permissions=agent.permissions | REPORTS)


@pytest.fixture
async def other(runtime: Runtime, desk: Desk, new_account: NewActor) -> Actor:
    """An agent of another team."""
    team = Team(name="Sales", permissions=["inbox.see", "inbox.do"])
    async with runtime.db.write() as session:
        session.add(team)
    actor = await new_account("Zoe Other")
    await desk.change(Account, actor.account_id, team_id=team.id)
    return replace(actor, team_id=team.id)


async def period(runtime: Runtime, actor: Actor, name: str = "7", *dates: str) -> Period:
    async with runtime.db.read() as session:
        return await review.period(session, actor, name, *dates)


async def board(runtime: Runtime, actor: Actor, during: Period | None = None, team_id: int = 0) -> Any:
    during = during or await period(runtime, actor)
    async with runtime.db.read() as session:
        return await review.board(session, actor, during, team_id)


async def chats(runtime: Runtime, actor: Actor, figure: Figure, **whose: int) -> Any:
    during = await period(runtime, actor)
    async with runtime.db.read() as session:
        return await review.conversations(session, actor, during, figure, **whose)


def of(found: Any, actor: Actor) -> Any:
    (row,) = [row for row in found["agents"] if row["id"] == actor.account_id]
    return row


# The obvious way: read every message, follow every conversation.


@dataclass
class Expected:
    conversations: set[int] = field(default_factory=set)
    first: list[int] = field(default_factory=list)
    resolution: list[int] = field(default_factory=list)
    messages: int = 0
    reopened: int = 0


@dataclass
class Deed:
    at: datetime
    name: str
    agent: int | None
    conversation: int


def rank(values: list[int], percent: int) -> int | None:
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1] if values else None


async def messages_as_deeds(runtime: Runtime, conversations: set[int]) -> list[Deed]:
    m = table_of(Message)
    query = sa.select(m).where(m.c.conversation_id.in_(conversations)).order_by(m.c.at, m.c.id)
    async with runtime.db.read() as session:
        rows = (await (await session.connection()).execute(query)).all()
    return [
        Deed(
            row.at,
            "says" if row.direction is Direction.INBOUND else "replies",
            row.author_id,
            row.conversation_id,
        )
        for row in rows
    ]


def recompute(deeds: list[Deed], end: datetime) -> tuple[dict[int | None, Expected], int]:
    """Per agent, and the number of missed windows."""
    found: dict[int | None, Expected] = defaultdict(Expected)
    missed = 0
    for conversation in {deed.conversation for deed in deeds}:
        waiting: datetime | None = None
        opened: datetime | None = None
        last_said: datetime | None = None
        resolver: int | None = None
        is_resolved = False
        for deed in sorted((d for d in deeds if d.conversation == conversation), key=lambda d: d.at):
            if waiting and last_said and deed.at > last_said + timedelta(hours=24):
                missed += 1
                last_said = None
            mine = found[deed.agent]
            if deed.name == "says":
                if is_resolved:
                    found[resolver].reopened += 1
                    opened, is_resolved = None, False
                waiting, opened, last_said = waiting or deed.at, opened or deed.at, deed.at
            elif deed.name == "replies":
                mine.messages += 1
                mine.conversations.add(conversation)
                if waiting:
                    mine.first.append(int((deed.at - waiting).total_seconds()))
                waiting = None
            elif deed.name == "resolves":
                mine.conversations.add(conversation)
                assert opened is not None
                mine.resolution.append(int((deed.at - opened).total_seconds()))
                waiting, opened, resolver, is_resolved = None, None, deed.agent, True
            elif deed.name == "reopens":
                found[resolver].reopened += 1
                opened, is_resolved = deed.at, False
        if waiting and last_said and end > last_said + timedelta(hours=24):
            missed += 1
    return found, missed


steps = st.lists(
    st.tuples(
        st.sampled_from(["says", "says", "replies", "replies", "resolves", "reopens"]),
        st.integers(0, 2),
        st.integers(0, 1),
        st.sampled_from([1, 7, 45, 240, 1500]),
    ),
    min_size=5,
    max_size=40,
)
_example = iter(range(1_000_000))


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(story=steps)
async def test_figures_equal_a_recomputation_from_the_messages(
    runtime: Runtime, desk: Desk, owner: Actor, agent: Actor, story: list[tuple[str, int, int, int]]
) -> None:
    example = next(_example)
    begin = datetime(2030, 1, 1, tzinfo=UTC) + timedelta(days=60 * example)
    known: dict[int, int] = {}
    deeds: list[Deed] = []
    with time_machine.travel(begin, tick=False) as clock:
        for name, customer, who, minutes in story:
            clock.shift(timedelta(minutes=minutes))
            await desk.tick()
            actor, conversation = (owner, agent)[who], known.get(customer)
            if name == "says":
                known[customer] = await desk.customer(example * 10 + customer)
            elif conversation is None:
                continue
            elif name == "replies":
                try:
                    await desk.reply(actor, conversation)
                except WindowClosed:
                    continue
            elif (name == "resolves") is not await desk.is_resolved(conversation):
                await (desk.resolve if name == "resolves" else desk.reopen)(actor, conversation)
                deeds.append(Deed(utcnow(), name, actor.account_id, conversation))
        clock.shift(timedelta(minutes=1))
        await desk.tick()
        end = utcnow()
        during = Period(begin.date(), begin.date() + timedelta(days=59), ZoneInfo("UTC"))
        found = await board(runtime, owner, during)
        bars = await bars_of(runtime, owner, during)
    deeds += await messages_as_deeds(runtime, set(known.values()))
    expected, missed = recompute(deeds, end)
    assert found["total"]["missed"] == missed
    assert found["total"]["messages"] == sum(each.messages for each in expected.values())
    assert found["total"]["messages"] == sum(bar["messages"] for bar in bars)
    for actor in (owner, agent):
        mine = expected[actor.account_id]
        rows = [row for row in found["agents"] if row["id"] == actor.account_id]
        if not rows:
            assert not mine.conversations
            assert not mine.reopened
            continue
        assert {name: rows[0][name] for name in _COMPARED} == {
            "conversations": len(mine.conversations),
            "first_median": rank(mine.first, 50),
            "first_p90": rank(mine.first, 90),
            "resolution_median": rank(mine.resolution, 50),
            "resolution_p90": rank(mine.resolution, 90),
            "messages": mine.messages,
            "resolved": len(mine.resolution),
            "reopened": mine.reopened,
        }


_COMPARED = (
    "conversations",
    "first_median",
    "first_p90",
    "resolution_median",
    "resolution_p90",
    "messages",
    "resolved",
    "reopened",
)


async def bars_of(runtime: Runtime, actor: Actor, during: Period, team_id: int = 0) -> Any:
    async with runtime.db.read() as session:
        return await review.bars(session, actor, during, team_id)


# Who sees what


async def test_everybody_sees_the_agents_that_they_may_see(
    runtime: Runtime, desk: Desk, owner: Actor, lead: Actor, other: Actor
) -> None:
    mine, theirs = await desk.customer(1), await desk.customer(2)
    await desk.reply(lead, mine)
    await desk.reply(other, theirs)
    everything = await board(runtime, owner)
    assert [row["name"] for row in everything["agents"]] == ["Ben Agent", "Zoe Other"]
    assert everything["total"]["conversations"] == 2
    team = await board(runtime, replace(lead, visibility=Visibility.TEAM))
    assert [row["name"] for row in team["agents"]] == ["Ben Agent"]
    assert team["total"]["conversations"] == 1
    own = await board(runtime, replace(other, permissions=lead.permissions, visibility=Visibility.OWN))
    assert [row["name"] for row in own["agents"]] == ["Zoe Other"]
    assert [bar["messages"] for bar in await bars_of(runtime, lead, await period(runtime, lead))][-1] == 2
    for seer in (Visibility.TEAM, Visibility.OWN):
        seen = replace(lead, visibility=seer)
        assert (await bars_of(runtime, seen, await period(runtime, seen)))[-1]["messages"] == 1


async def test_without_the_permission_there_are_no_figures(
    runtime: Runtime, agent: Actor, lead: Actor
) -> None:
    during = await period(runtime, lead)
    blind = replace(lead, permissions=frozenset({Permission.REPORTS_SEE}))
    async with runtime.db.write() as session:
        for ask in (
            review.period(session, agent, "7"),
            review.board(session, agent, during),
            review.teams_board(session, agent, during),
            review.bars(session, agent, during),
            review.teams(session, agent),
            review.rubric(session, agent),
            review.save_rubric(session, blind, []),
            review.export(session, blind, during),
            review.conversations(session, blind, during, Figure.HANDLED, agent_id=lead.account_id or 0),
            review.reviews_of_conversation(session, blind, 1),
            review.agents_of(session, blind, 1),
            review.write_review(session, blind, 1, 1, {}),
            review.edit_review(session, blind, 1, {}, ""),
            review.delete_review(session, blind, 1),
        ):
            with pytest.raises(Forbidden):
                await ask


async def test_a_team_counts_what_its_agents_did_then_and_what_nobody_took(
    runtime: Runtime, desk: Desk, owner: Actor, agent: Actor, other: Actor
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        mine, left = await desk.customer(1), await desk.customer(2)
        await desk.change(Conversation, left, team_id=agent.team_id)
        await desk.reply(agent, mine)
        clock.shift(timedelta(hours=25))
        await desk.tick()
        await desk.change(Account, agent.account_id, team_id=other.team_id)  # afterwards
        during = await period(runtime, owner)
        async with runtime.db.read() as session:
            teams = {row["name"]: row for row in await review.teams_board(session, owner, during)}
        assert teams["Support"]["conversations"] == 1
        assert teams["Support"]["missed"] == 1
        assert teams["Sales"]["conversations"] == teams["Sales"]["missed"] == 0
        filtered = await board(runtime, owner, during, agent.team_id or 0)
        assert of(filtered, agent)["messages"] == 1
        assert filtered["total"]["missed"] == 1
        with pytest.raises(NotFound):
            await board(
                runtime,
                replace(other, permissions=frozenset(REPORTS), visibility=Visibility.TEAM),
                during,
                agent.team_id or 0,
            )


async def test_an_agent_without_work_is_shown_and_one_who_left_only_with_work(
    runtime: Runtime, desk: Desk, owner: Actor, agent: Actor, other: Actor
) -> None:
    await desk.reply(agent, await desk.customer(1))
    for gone in (agent, other):
        await desk.change(Account, gone.account_id, is_active=False)
    found = await board(runtime, owner)
    assert [(row["name"], row["is_active"]) for row in found["agents"]] == [("Ben Agent", False)]


async def test_online_time_and_presence_stand_beside_the_figures(
    runtime: Runtime, owner: Actor, agent: Actor
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        for _ in range(11):
            await runtime.writer.run(presence.beat, frozenset({agent.account_id or 0}))
            clock.shift(60)
        row = of(await board(runtime, owner), agent)
        assert (row["online"], row["is_online"]) == (600, True)
        clock.shift(120)
        assert of(await board(runtime, owner), agent)["is_online"] is False


# Ranges


async def test_a_day_is_a_day_of_the_viewer(runtime: Runtime, desk: Desk, owner: Actor, agent: Actor) -> None:
    await desk.change(Account, owner.account_id, time_zone="Pacific/Auckland")
    # Half past midnight on the 21st in Auckland (UTC+13), still the 20th in UTC.
    with time_machine.travel("2026-11-20T11:30:00Z", tick=False) as clock:
        await desk.reply(agent, await desk.customer(1))
        clock.shift(60)
        today = await period(runtime, owner, "today")
        assert (today.first, today.last) == (date(2026, 11, 21), date(2026, 11, 21))
        assert of(await board(runtime, owner, today), agent)["messages"] == 1
        day_before = await period(runtime, owner, "custom", "2026-11-20", "2026-11-20")
        assert of(await board(runtime, owner, day_before), agent)["messages"] == 0
        hours = await bars_of(runtime, owner, today)
        assert [bar["label"] for bar in hours if bar["messages"]] == ["00:00"]


@pytest.mark.parametrize(
    ("zone", "day", "hours"), [("Europe/Madrid", "2026-03-29", 23), ("Europe/Madrid", "2026-10-25", 25)]
)
async def test_a_day_on_which_the_clock_changes_is_shorter_or_longer(
    runtime: Runtime, desk: Desk, owner: Actor, zone: str, day: str, hours: int
) -> None:
    await desk.change(Account, owner.account_id, time_zone=zone)
    found = await period(runtime, owner, "custom", day, day)
    assert found.end - found.start == timedelta(hours=hours)
    slots = found.slots()
    assert slots[0].start == found.start
    assert slots[-1].end == found.end
    assert all(a.end == b.start for a, b in pairwise(slots))


async def test_the_bars_of_any_range_cover_it_without_a_gap(runtime: Runtime, owner: Actor) -> None:
    for name, dates, count, step in (
        ("7", (), 7, "day"),
        ("30", (), 30, "day"),
        ("90", (), 90, "day"),
        ("custom", ("2026-01-01", "2026-12-31"), 53, "week"),
    ):
        found = await period(runtime, owner, name, *dates)
        slots = found.slots()
        assert (len(slots), found.step) == (count, step)
        assert (slots[0].start, slots[-1].end) == (found.start, found.end)
        assert all(a.end == b.start for a, b in pairwise(slots))


@pytest.mark.parametrize(
    ("name", "first", "last"),
    [
        ("yesterday", "", ""),
        ("custom", "", ""),
        ("custom", "2026-02-30", "2026-03-01"),
        ("custom", "2026-03-02", "2026-03-01"),
        ("custom", "2020-01-01", "2026-03-01"),
        ("custom", "0001-01-01", "0001-01-01"),
        ("custom", "9999-12-31", "9999-12-31"),
        ("custom", "' OR 1=1 --", "2026-03-01"),
    ],
)
async def test_what_is_no_range_is_refused(
    runtime: Runtime, owner: Actor, name: str, first: str, last: str
) -> None:
    with pytest.raises(Invalid):
        await period(runtime, owner, name, first, last)


# Behind the figures


async def test_behind_a_figure_stand_the_conversations_slowest_first(
    runtime: Runtime, desk: Desk, owner: Actor, agent: Actor
) -> None:
    with time_machine.travel(START, tick=False) as clock:
        quick, slow = await desk.customer(1), await desk.customer(2)
        clock.shift(30)
        await desk.reply(agent, quick)
        clock.shift(600)
        await desk.reply(agent, slow)
        clock.shift(60)
        await desk.reply(agent, quick)
        clock.shift(1)
        whose = {"agent_id": agent.account_id or 0}
        first = (await chats(runtime, owner, Figure.FIRST_REPLY, **whose))["rows"]
        assert [(row["id"], row["seconds"]) for row in first] == [(slow, 630), (quick, 30)]
        handled = (await chats(runtime, owner, Figure.HANDLED, **whose))["rows"]
        assert [(row["id"], row["times"], row["seconds"]) for row in handled] == [
            (quick, 2, None),
            (slow, 1, None),
        ]
        assert (await chats(runtime, owner, Figure.REOPENED, **whose))["rows"] == []
        by_team = (await chats(runtime, owner, Figure.HANDLED, team_id=agent.team_id or 0))["rows"]
        assert [row["id"] for row in by_team] == [quick, slow]
        with pytest.raises(Invalid):
            await chats(runtime, owner, Figure.HANDLED)


async def test_nobody_looks_behind_a_figure_into_a_conversation_that_is_not_theirs(
    runtime: Runtime, desk: Desk, lead: Actor, other: Actor
) -> None:
    mine, passed_on = await desk.customer(1), await desk.customer(2)
    for conversation in (mine, passed_on):
        await desk.reply(lead, conversation)
    await desk.change(Conversation, passed_on, team_id=other.team_id, assignee_id=other.account_id)
    narrow = replace(lead, visibility=Visibility.TEAM)
    assert of(await board(runtime, narrow), lead)["conversations"] == 2
    seen = await chats(runtime, narrow, Figure.HANDLED, agent_id=lead.account_id or 0)
    assert [row["id"] for row in seen["rows"]] == [mine]
    with pytest.raises(NotFound):
        await chats(runtime, narrow, Figure.HANDLED, agent_id=other.account_id or 0)
    with pytest.raises(NotFound):
        await chats(runtime, narrow, Figure.HANDLED, team_id=other.team_id or 0)


async def test_hidden_numbers_stay_hidden_behind_a_figure(runtime: Runtime, desk: Desk, lead: Actor) -> None:
    conversation = await desk.customer(1)
    await desk.reply(lead, conversation)
    contact = table_of(Conversation)
    async with runtime.db.write() as session:
        connection = await session.connection()
        await connection.execute(sa.text("UPDATE contact SET name = '', profile_name = ''"))
    assert contact is not None
    hiding = replace(lead, hide_phone=True)
    (row,) = (await chats(runtime, hiding, Figure.HANDLED, agent_id=lead.account_id or 0))["rows"]
    assert "6500000001" not in str(row)
    (row,) = (await chats(runtime, lead, Figure.HANDLED, agent_id=lead.account_id or 0))["rows"]
    assert "6500000001" in row["name"].replace(" ", "").replace("-", "")


# CSV


async def test_the_file_names_its_range_and_runs_no_formula(
    runtime: Runtime, desk: Desk, owner: Actor, agent: Actor
) -> None:
    await desk.change(Account, agent.account_id, name='=HYPERLINK("http://evil","x")')
    await desk.reply(agent, await desk.customer(1))
    during = await period(runtime, owner, "custom", "2026-01-01", "2026-12-31")
    with time_machine.travel(utcnow()):
        during = Period(utcnow().date(), utcnow().date(), ZoneInfo("UTC"))
        async with runtime.db.write() as session:
            file = await review.export(session, owner, during)
    day = during.first.isoformat()
    lines = "".join(file["lines"]).splitlines()
    assert file["name"] == f"review-agents-{day}-to-{day}.csv"
    assert lines[0].startswith("\ufeffFrom,To,Time zone,Agent,Team,Conversations handled")
    assert lines[1].startswith(f"{day},{day},UTC,\"'=HYPERLINK(")
    async with runtime.db.write() as session:
        by_team = await review.export(session, owner, during, by_team=True)
    assert "Support" in "".join(by_team["lines"])


# Speed


async def test_figures_are_read_from_covering_indexes(
    runtime: Runtime, desk: Desk, owner: Actor, agent: Actor
) -> None:
    await desk.reply(agent, await desk.customer(1))
    during = await period(runtime, owner, "30")
    with plans(runtime.db.engine.sync_engine) as found:
        await board(runtime, owner, during)
        async with runtime.db.read() as session:
            await review.teams_board(session, owner, during)
            await review.bars(session, owner, during)
            await review.conversations(session, owner, during, Figure.HANDLED, agent_id=agent.account_id or 0)
    events = [line for plan in found for line in plan.splitlines() if "desk_event" in line]
    assert len(events) > 15
    for line in events:
        assert "SCAN" not in line, line
        assert "Seq Scan" not in line, line
    text = "\n".join(found)
    assert "ix_desk_event_agent" in text
    assert "ix_desk_event_team" in text
    assert "ix_desk_event_kind_at" in text
    if runtime.db.is_sqlite:
        assert (
            text.count("COVERING INDEX ix_desk_event_agent (account_id=? AND kind=? AND at>? AND at<?)") >= 7
        )
        assert text.count("COVERING INDEX ix_desk_event_team (team_id=? AND kind=? AND at>? AND at<?)") >= 7
    assert [line for plan in found for line in scans(plan) if not _IS_SMALL(line)] == []


def _IS_SMALL(line: str) -> bool:  # noqa: N802
    """People, teams, and the bars of the chart."""
    return "CONSTANT ROW" in line or any(
        f"SCAN {name}" in line or f"on {name}" in line for name in ("account", "team", "slot", "anon")
    )
