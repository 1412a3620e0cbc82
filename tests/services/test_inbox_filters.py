"""The filters of the list: each leaves exactly what it says, in every order, page by page, found by an index."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
import time_machine
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col

from tests.services.test_inbox import crowded, plans, scans  # noqa: F401
from wapto_app.clock import utcnow
from wapto_app.models import (
    Account,
    Contact,
    ContactTag,
    Conversation,
    ConversationStatus,
    DeskState,
    MessageDraft,
    Tag,
    Team,
    Visibility,
)
from wapto_app.models.base import table_of
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import inbox
from wapto_app.services.inbox import conditions
from wapto_app.services.inbox.chips import chips, choices
from wapto_app.services.inbox.filters import (
    ACTIVE,
    EVERYTHING,
    InboxFilter,
    Sort,
    Tab,
    from_params,
    to_params,
    to_query,
    without,
)

COUNT = 240
NOW = utcnow()


@pytest.fixture(autouse=True)
def _now() -> Iterator[None]:
    """However slowly the tests run: a window that is open in the oracle is open in the product."""
    with time_machine.travel(NOW, tick=False):
        yield


@dataclass
class Row:
    """A conversation as the oracle knows it."""

    id: int
    status: str
    agent: int | None
    team: int | None
    unread: int
    at: datetime
    inbound_at: datetime | None
    waiting: datetime | None
    tags: set[int]


@dataclass
class Crowd:
    rows: list[Row]
    tags: list[int]
    teams: list[int]
    agents: list[int]

    def ids(self, keep: Callable[[Row], bool], sort: Sort = Sort.NEWEST) -> list[int]:
        kept = [row for row in self.rows if keep(row)]
        if sort is Sort.NEWEST:
            kept.sort(key=lambda row: (row.at, row.id), reverse=True)
        elif sort is Sort.WAITING:
            kept = sorted((row for row in kept if row.waiting), key=lambda row: (row.waiting, row.id))
        else:
            kept = sorted((row for row in kept if _is_open(row)), key=lambda row: (row.inbound_at, row.id))
        return [row.id for row in kept]


def _is_open(row: Row) -> bool:
    return row.inbound_at is not None and row.inbound_at > NOW - timedelta(hours=24)


@pytest.fixture
async def crowd(runtime: Runtime, owner: Actor, agent: Actor, channel_id: int) -> Crowd:
    """Conversations of every kind; always the same ones."""
    chance = random.Random(7)
    tags = [Tag(name=name, key=name) for name in ("vip", "lead", "rare")]
    other = Team(name="Others")
    async with runtime.db.write() as session:
        session.add_all([*tags, other])
        await session.flush()
        tag_ids, team_ids = [tag.id or 0 for tag in tags], [agent.team_id or 0, other.id or 0]
        people = [owner.account_id, agent.account_id, None]
        rows = [_row(chance, of, people, team_ids, tag_ids) for of in range(1, COUNT + 1)]
        connection = await session.connection()
        await connection.run_sync(_fill, rows, channel_id)
    return Crowd(rows, tag_ids, team_ids, [of for of in people if of])


def _row(chance: random.Random, of: int, people: list[Any], teams: list[int], tags: list[int]) -> Row:
    at = NOW - timedelta(minutes=chance.randrange(5_000))
    return Row(
        id=of,
        status=chance.choice(["open", "open", "pending", "snoozed", "resolved"]),
        agent=chance.choice(people),
        team=chance.choice([*teams, None]),
        unread=chance.choice([0, 0, 2]),
        at=at,
        inbound_at=chance.choice([at - timedelta(minutes=3), None]),
        waiting=at - timedelta(minutes=chance.randrange(60)) if chance.random() < 0.4 else None,
        tags={tag for tag in tags[:2] if chance.random() < 0.5} | ({tags[2]} if of % 20 == 0 else set()),
    )


def _fill(connection: sa.Connection, rows: list[Row], channel_id: int) -> None:
    shown = {"unread": 0, "preview": "Hi", "preview_type": "text", "preview_outbound": False}
    shown |= {"preview_status": "", "receipt_wamid": "", "created_at": NOW, "channel_id": channel_id}
    person = Contact(created_at=NOW, updated_at=NOW).model_dump()
    connection.execute(
        table_of(Contact).insert(), [person | {"id": row.id, "profile_name": f"N{row.id}"} for row in rows]
    )
    connection.execute(
        table_of(Conversation).insert(),
        [
            shown
            | {
                "id": row.id,
                "contact_id": row.id,
                "status": ConversationStatus(row.status),
                "assignee_id": row.agent,
                "team_id": row.team,
                "unread": row.unread,
                "last_message_at": row.at,
                "last_inbound_at": row.inbound_at,
            }
            for row in rows
        ],
    )
    states = [{"conversation_id": row.id, "waiting_since": row.waiting} for row in rows]
    connection.execute(table_of(DeskState).insert(), states)
    bears = [{"contact_id": row.id, "tag_id": tag, "at": NOW} for row in rows for tag in sorted(row.tags)]
    connection.execute(table_of(ContactTag).insert(), bears)


async def listed(runtime: Runtime, actor: Actor, wanted: InboxFilter, **more: Any) -> list[int]:
    async with runtime.db.read() as session:
        return [row["id"] for row in await inbox.listing(session, actor, wanted, **more)]


Case = tuple[InboxFilter, Callable[[Row], bool]]


def cases(crowd: Crowd) -> Iterator[Case]:
    """Every filter by itself, and some together."""
    vip, lead, rare = crowd.tags
    agent, team, every = crowd.agents[1], crowd.teams[0], EVERYTHING
    day = (NOW - timedelta(days=1)).date()
    yield InboxFilter(), lambda row: row.status in ACTIVE
    yield every, lambda _row: True
    for status in ("open", "pending", "snoozed", "resolved"):
        yield InboxFilter(statuses=(status,)), lambda row, status=status: row.status == status
    yield replace(every, unread=True), lambda row: row.unread > 0
    yield replace(every, unreplied=True), lambda row: row.waiting is not None
    yield replace(every, agent=agent), lambda row: row.agent == agent
    yield replace(every, team=team), lambda row: row.team == team
    yield replace(every, tab=Tab.MINE), lambda row: row.agent == crowd.agents[0]
    yield replace(every, tab=Tab.UNASSIGNED), lambda row: row.agent is None
    yield replace(every, tags=(vip, lead)), lambda row: bool(row.tags & {vip, lead})
    yield replace(every, tags=(vip, lead), every_tag=True), lambda row: row.tags >= {vip, lead}
    yield replace(every, tags=(rare,)), lambda row: rare in row.tags
    yield replace(every, tags=(999,)), lambda _row: False
    yield replace(every, number=1), lambda _row: True
    yield replace(every, number=2), lambda _row: False
    yield replace(every, since=day.isoformat()), lambda row: row.at.date() >= day
    yield replace(every, until=day.isoformat()), lambda row: row.at.date() <= day
    yield replace(every, window="open"), _is_open
    closing = NOW - timedelta(hours=22)
    yield (
        replace(every, window="closing"),
        lambda row: _is_open(row) and row.inbound_at is not None and row.inbound_at <= closing,
    )
    yield (
        InboxFilter(tab=Tab.UNASSIGNED, unread=True, tags=(vip,), team=team, unreplied=True),
        lambda row: (
            row.status in ACTIVE
            and row.agent is None
            and row.unread > 0
            and vip in row.tags
            and row.team == team
            and row.waiting is not None
        ),
    )


@pytest.mark.parametrize("few", [2_000, 5], ids=["few start", "many pass"])
async def test_each_filter_leaves_exactly_what_it_says_in_every_order(
    runtime: Runtime, owner: Actor, crowd: Crowd, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(conditions, "FEW", few)
    for wanted, keep in cases(crowd):
        for sort in Sort:
            shown = await listed(runtime, owner, replace(wanted, sort=sort), limit=COUNT)
            assert shown == crowd.ids(keep, sort), (to_query(wanted), sort)


@pytest.mark.parametrize("few", [2_000, 5], ids=["few start", "many pass"])
@pytest.mark.parametrize("visibility", [Visibility.TEAM, Visibility.OWN])
async def test_no_filter_shows_what_may_not_be_seen(
    runtime: Runtime,
    agent: Actor,
    crowd: Crowd,
    visibility: Visibility,
    few: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(conditions, "FEW", few)
    viewer = replace(agent, visibility=visibility)

    def may_see(row: Row) -> bool:
        is_own = row.agent == agent.account_id
        return is_own or (visibility is Visibility.TEAM and row.team in (agent.team_id, None))

    for wanted, keep in cases(crowd):
        if wanted.tab is Tab.MINE:
            keep = lambda row: row.agent == agent.account_id  # noqa: E731
        for sort in Sort:
            shown = await listed(runtime, viewer, replace(wanted, sort=sort), limit=COUNT)
            expected = crowd.ids(lambda row, keep=keep: keep(row) and may_see(row), sort)
            assert shown == expected, (to_query(wanted), sort)


@pytest.mark.parametrize("sort", list(Sort))
async def test_a_stretch_is_walked_down_and_up_again_without_gap_or_repetition(
    runtime: Runtime, owner: Actor, crowd: Crowd, sort: Sort
) -> None:
    wanted = replace(EVERYTHING, sort=sort)
    whole = crowd.ids(lambda _row: True, sort)
    async with runtime.db.read() as session:
        rows = await inbox.listing(session, owner, wanted, limit=COUNT)
        start = inbox.place_of(rows[20], sort)
        assert [
            row["id"] for row in await inbox.listing(session, owner, wanted, start=start, limit=30)
        ] == whole[20:50]
        above = await inbox.listing(session, owner, wanted, before=start, limit=15)
        assert [row["id"] for row in above] == whole[5:20]
        top = await inbox.listing(session, owner, wanted, before=inbox.place_of(rows[3], sort), limit=15)
        assert [row["id"] for row in top] == whole[:3]
        assert await inbox.matching_ids(session, owner, wanted, limit=12) == whole[:12]


async def test_the_tabs_count_what_there_is_to_do(
    runtime: Runtime, owner: Actor, agent: Actor, crowd: Crowd
) -> None:
    active = [row for row in crowd.rows if row.status in ACTIVE]
    async with runtime.db.read() as session:
        assert inbox.counts_of(owner, await inbox.workload(session, owner)) == {
            "mine": sum(row.agent == owner.account_id for row in active),
            "unassigned": sum(row.agent is None for row in active),
            "all": len(active),
        }
        limited = replace(agent, visibility=Visibility.OWN)
        own = inbox.counts_of(limited, await inbox.workload(session, limited))
    assert own["all"] == own["mine"] == sum(row.agent == agent.account_id for row in active)
    assert own["unassigned"] == 0


async def test_the_counts_are_read_from_indexes_alone(runtime: Runtime, owner: Actor, crowd: Crowd) -> None:
    with plans(runtime.db.engine.sync_engine) as found:
        async with runtime.db.read() as session:
            await inbox.workload(session, owner)
            await inbox.drafted(session, owner, [row.id for row in crowd.rows[:50]])
    for plan in found:
        assert scans(plan) == [], plan
    assert "ix_conversation_held" in found[1]


async def test_a_row_shows_its_tags_and_who_waits(runtime: Runtime, owner: Actor, crowd: Crowd) -> None:
    bearers = [row for row in crowd.rows if len(row.tags) == 3]
    async with runtime.db.read() as session:
        rows = {row["id"]: row for row in await inbox.listing(session, owner, limit=COUNT)}
    assert bearers
    for each in crowd.rows:
        shown = rows[each.id]
        assert len(shown["tags"]) == min(2, len(each.tags))
        assert shown["more_tags"] == max(0, len(each.tags) - 2)
        assert bool(shown["waiting_since"]) == (each.waiting is not None)


async def test_drafts_are_found_for_each_who_began_one(
    runtime: Runtime, owner: Actor, agent: Actor, crowd: Crowd
) -> None:
    async with runtime.db.write() as session:
        session.add(MessageDraft(account_id=owner.account_id or 0, conversation_id=3, text="Dear"))
        session.add(MessageDraft(account_id=agent.account_id or 0, conversation_id=4, text="Dear"))
    async with runtime.db.read() as session:
        found = await inbox.drafted(session, owner, [1, 2, 3, 4])
    assert found == {owner.account_id: [3], agent.account_id: [4]}


async def test_days_are_those_of_the_reader(runtime: Runtime, owner: Actor, crowd: Crowd) -> None:
    tokyo = ZoneInfo("Asia/Tokyo")
    async with runtime.db.write() as session:
        mine = sa.update(Account).where(col(Account.id) == owner.account_id)
        await session.exec(mine.values(time_zone="Asia/Tokyo"))
    day = NOW.astimezone(tokyo).date() - timedelta(days=1)
    shown = await listed(
        runtime, owner, replace(EVERYTHING, since=day.isoformat(), until=day.isoformat()), limit=COUNT
    )
    assert shown == crowd.ids(lambda row: row.at.astimezone(tokyo).date() == day)


async def test_chips_name_what_is_chosen_and_what_is_gone_has_no_name(
    runtime: Runtime, owner: Actor, crowd: Crowd
) -> None:
    wanted = InboxFilter(
        unread=True, agent=crowd.agents[1], tags=(crowd.tags[0], 999), statuses=("resolved",), window="open"
    )
    async with runtime.db.read() as session:
        shown = [
            (chip["kind"], chip["name"] or chip["value"]) for chip in await chips(session, owner, wanted)
        ]
        offered = await choices(session, owner)
    assert shown == [
        ("unread", "1"),
        ("agent", "Ben Agent"),
        ("tags", "vip"),
        ("tags", "999"),
        ("statuses", "resolved"),
        ("window", "open"),
    ]
    assert [tag["name"] for tag in offered["tags"]] == ["lead", "rare", "vip"]
    assert without(wanted, "tags", "999").tags == (crowd.tags[0],)
    assert without(without(wanted, "agent"), "unread").agent == 0


# --- how they are found


@pytest.mark.usefixtures("crowded")
async def test_every_filter_and_order_is_found_by_an_index(
    runtime: Runtime, owner: Actor, agent: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    base = EVERYTHING
    filters = [
        InboxFilter(),
        replace(base, unread=True),
        replace(base, unreplied=True),
        replace(base, agent=1),
        replace(base, team=1),
        replace(base, tab=Tab.UNASSIGNED),
        replace(base, tags=(1,)),
        replace(base, tags=(1, 2), every_tag=True),
        InboxFilter(statuses=("resolved",)),
        replace(base, number=1),
        replace(base, since="2026-01-01", until="2026-02-01"),
        replace(base, window="closing"),
    ]
    for few in (2_000, 0):
        monkeypatch.setattr(conditions, "FEW", few)
        for viewer in (owner, replace(agent, visibility=Visibility.TEAM)):
            for wanted in filters:
                for sort in Sort:
                    with plans(runtime.db.engine.sync_engine) as found:
                        await listed(runtime, viewer, replace(wanted, sort=sort))
                    slow = [plan for plan in found if [line for line in scans(plan) if " tag" not in line]]
                    assert slow == [], (few, to_query(wanted), sort, slow)


@pytest.mark.usefixtures("crowded")
async def test_the_thousandth_page_reads_no_more_than_the_first(runtime: Runtime, owner: Actor) -> None:
    deep = inbox.place_of((await rows_of(runtime, owner))[-1], Sort.NEWEST)
    with plans(runtime.db.engine.sync_engine) as found:
        await listed(runtime, owner, EVERYTHING, start=deep)
        await listed(runtime, owner, EVERYTHING, before=deep)
    assert "ix_conversation_last_message_at_id" in found[0]
    ids = [plan for plan in found if "contact" not in plan]
    assert len(ids) == 2
    assert not [plan for plan in ids if "TEMP B-TREE" in plan or "Sort" in plan]


async def rows_of(runtime: Runtime, actor: Actor) -> list[inbox.ConversationRow]:
    async with runtime.db.read() as session:
        return await inbox.listing(session, actor, EVERYTHING, limit=500)


# --- in the address

_FILTERS = st.builds(
    InboxFilter,
    tab=st.sampled_from(Tab),
    unread=st.booleans(),
    unreplied=st.booleans(),
    agent=st.integers(0, 10_000),
    team=st.integers(0, 10_000),
    tags=st.lists(st.integers(1, 10_000), max_size=10, unique=True).map(lambda ids: tuple(sorted(ids))),
    every_tag=st.booleans(),
    statuses=st.sampled_from([(), ("open",), ("snoozed", "resolved"), EVERYTHING.statuses]),
    number=st.integers(0, 10_000),
    since=st.dates().map(str) | st.just(""),
    until=st.dates().map(str) | st.just(""),
    window=st.sampled_from(["", "open", "closing"]),
    sort=st.sampled_from(Sort),
)


@given(wanted=_FILTERS)
def test_an_address_says_what_was_chosen(wanted: InboxFilter) -> None:
    assert from_params(to_params(wanted)) == wanted
    assert (to_query(wanted) == "") == (wanted == InboxFilter())


@given(
    params=st.dictionaries(
        st.sampled_from([*to_params(EVERYTHING), "tags", "agent", "since", "tab", "x"]), st.text()
    )
)
def test_any_address_is_understood(params: dict[str, str]) -> None:
    wanted = from_params(params)
    assert from_params(to_params(wanted)) == wanted
