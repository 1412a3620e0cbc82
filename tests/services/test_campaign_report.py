"""What is told of a campaign is what its rows say, and only to who may see it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col

from tests.services.campaign_rows import Campaigns
from wapto_app.clock import utcnow
from wapto_app.jobs import search as search_job
from wapto_app.models import CampaignMoment, CampaignRecipient, Conversation, RecipientState, Visibility
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services.campaigns import comparing, recipients, report
from wapto_app.services.campaigns.recipients import EVERYBODY, RecipientFilter
from wapto_app.services.errors import NotFound

READ, SENT, FAILED, SKIPPED = (
    RecipientState.READ,
    RecipientState.SENT,
    RecipientState.FAILED,
    RecipientState.SKIPPED,
)
STATES = {1: READ, 2: SENT, 3: FAILED, 4: SKIPPED, 5: READ}


@pytest.fixture
def campaigns(runtime: Runtime, channel_id: int) -> Campaigns:
    return Campaigns(runtime, channel_id)


def wanting(**what: str) -> RecipientFilter:
    return {**EVERYBODY, **what}  # type: ignore[typeddict-item]


async def names(
    runtime: Runtime, actor: Actor, campaign: int, wanted: RecipientFilter = EVERYBODY
) -> list[str]:
    async with runtime.db.read() as session:
        return [row["name"] for row in (await recipients.recipients(session, actor, campaign, wanted)).rows]


async def change(runtime: Runtime, recipient_id: int, **values: Any) -> None:
    async with runtime.db.write() as session:
        await session.exec(
            sa.update(CampaignRecipient).where(col(CampaignRecipient.id) == recipient_id).values(**values)
        )


async def test_pages_show_everybody_once(runtime: Runtime, campaigns: Campaigns, owner: Actor) -> None:
    campaign, _sent = await campaigns.add("Offer", dict.fromkeys(range(1, 8), SENT))
    await campaigns.add("Another", {1: SENT})
    found, after = [], 0
    async with runtime.db.read() as session:
        while True:
            page = await recipients.recipients(session, owner, campaign, EVERYBODY, after, limit=3)
            found += [row["name"] for row in page.rows]
            if not (after := page.next):
                break
    assert found == [f"Person {number}" for number in range(1, 8)]


async def test_filters_find_by_state_reason_variant_and_answer(
    runtime: Runtime, campaigns: Campaigns, owner: Actor
) -> None:
    campaign, sent = await campaigns.add("Offer", STATES)
    await change(runtime, sent[3].recipient_id, error_code=131026, error_detail="Not on WhatsApp")
    await change(runtime, sent[4].recipient_id, reason="opted_out")
    await change(runtime, sent[5].recipient_id, replied_at=utcnow())
    assert await names(runtime, owner, campaign, wanting(state="read")) == ["Person 1", "Person 5"]
    assert await names(runtime, owner, campaign, wanting(reason="131026")) == ["Person 3"]
    assert await names(runtime, owner, campaign, wanting(reason="opted_out")) == ["Person 4"]
    assert await names(runtime, owner, campaign, wanting(state="replied")) == ["Person 5"]
    assert await names(runtime, owner, campaign, wanting(state="clicked")) == []
    assert len(await names(runtime, owner, campaign, wanting(variant="A"))) == len(STATES)
    assert await names(runtime, owner, campaign, wanting(variant="B")) == []
    assert await names(runtime, owner, campaign, wanting(state="nonsense")) == [f"Person {n}" for n in STATES]


async def test_search_finds_a_person_of_the_campaign_only(
    runtime: Runtime, campaigns: Campaigns, owner: Actor
) -> None:
    await campaigns.add("Another", {2: SENT})
    campaign, sent = await campaigns.add("Offer", {1: SENT})
    await search_job.follow(runtime)
    assert await names(runtime, owner, campaign, wanting(text="person")) == ["Person 1"]
    assert await names(runtime, owner, campaign, wanting(text=sent[1].number)) == ["Person 1"]


async def test_numbers_are_hidden_from_who_may_not_see_them(
    runtime: Runtime, campaigns: Campaigns, owner: Actor
) -> None:
    hidden = replace(owner, hide_phone=True)
    campaign, sent = await campaigns.add("Offer", {1: FAILED})
    await change(runtime, sent[1].recipient_id, error_detail=f"{sent[1].number} is not on WhatsApp")
    await search_job.follow(runtime)
    async with runtime.db.read() as session:
        (row,) = (await recipients.recipients(session, hidden, campaign, EVERYBODY)).rows
    assert row["phone"] == "+16•••••01"
    assert sent[1].number not in str(row)
    assert await names(runtime, hidden, campaign, wanting(text=sent[1].number)) == []


async def test_agent_sees_only_the_people_whose_conversations_are_theirs(
    runtime: Runtime, campaigns: Campaigns, agent: Actor
) -> None:
    campaign, sent = await campaigns.add("Offer", {1: READ, 2: READ})
    theirs = replace(
        agent, visibility=Visibility.OWN, permissions=agent.permissions | {Permission.CAMPAIGNS_SEE}
    )
    async with runtime.db.write() as session:
        await session.exec(
            sa.update(Conversation)
            .where(col(Conversation.contact_id) == sent[2].contact_id)
            .values(assignee_id=agent.account_id)
        )
    assert await names(runtime, theirs, campaign) == ["Person 2"]
    async with runtime.db.read() as session:
        assert await recipients.count(session, theirs, campaign, EVERYBODY) == 1


async def test_campaign_that_is_not_there_is_not_found(runtime: Runtime, owner: Actor) -> None:
    for ask in (recipients.recipients, report.variants, report.chart, report.failures):
        arguments = (EVERYBODY,) if ask is recipients.recipients else ()
        async with runtime.db.read() as session:
            with pytest.raises(NotFound):
                await ask(session, owner, 2**40, *arguments)  # type: ignore[operator]


async def test_failures_are_grouped_by_reason_in_plain_words(
    runtime: Runtime, campaigns: Campaigns, owner: Actor
) -> None:
    campaign, sent = await campaigns.add("Offer", {1: FAILED, 2: FAILED, 3: FAILED, 4: SKIPPED})
    for person in (1, 2):
        await change(runtime, sent[person].recipient_id, error_code=131026, error_detail=f"No {person}")
    await change(runtime, sent[3].recipient_id, error_detail="It broke")
    await change(runtime, sent[4].recipient_id, reason="opted_out")
    async with runtime.db.read() as session:
        found = await report.failures(session, owner, campaign)
    assert [(each["state"], each["key"], each["count"]) for each in found] == [
        ("failed", "131026", 2),
        ("failed", "", 1),
        ("skipped", "opted_out", 1),
    ]
    assert found[1]["meaning"] == "It broke"
    assert all(each["meaning"] and each["advice"] for each in found)


async def test_chart_has_no_gaps_and_loses_nobody(
    runtime: Runtime, campaigns: Campaigns, owner: Actor
) -> None:
    campaign, _sent = await campaigns.add("Offer", {1: SENT})
    began = utcnow().replace(second=0, microsecond=0)
    minutes = {0: 5, 1: 3, 900: 2}
    async with runtime.db.write() as session:
        for minute, count in minutes.items():
            at = began + timedelta(minutes=minute)
            session.add(CampaignMoment(campaign_id=campaign, minute=at, stage="sent", count=count))
    async with runtime.db.read() as session:
        chart = await report.chart(session, owner, campaign)
    assert chart["minutes"] == 15
    assert len(chart["points"]) <= report.MOST_POINTS
    assert sum(point["sent"] for point in chart["points"]) == 10
    times = [point["at"] for point in chart["points"]]
    assert times == sorted(set(times))


async def test_answers_tell_who_wrote_what(runtime: Runtime, campaigns: Campaigns, owner: Actor) -> None:
    campaign, sent = await campaigns.add("Offer", {1: READ, 2: READ})
    await change(runtime, sent[2].recipient_id, replied_at=utcnow(), clicked_at=utcnow(), clicked="Yes")
    async with runtime.db.read() as session:
        (answer,) = await report.answers(session, owner, campaign)
        clicks = await report.clicks(session, owner, campaign)
        countries = await report.countries(session, owner, campaign)
    assert answer["name"] == "Person 2"
    assert clicks == [{"button": "Yes", "count": 1}]
    assert countries == [{"code": "US", "people": 2, "read": 0}]


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_a_difference_is_the_same_from_both_sides_and_equal_shares_never_differ(
    first: int, rest: int, second: int, others: int
) -> None:
    totals = first + rest, second + others
    said = comparing.is_certain(first, totals[0], second, totals[1])
    assert said == comparing.is_certain(second, totals[1], first, totals[0])
    assert not comparing.is_certain(first, totals[0], first, totals[0])
    if min(first, rest, second, others) < 5:
        assert not said


def test_a_clear_difference_between_many_is_certain() -> None:
    assert comparing.is_certain(300, 1000, 200, 1000)
    assert not comparing.is_certain(30, 100, 29, 100)


@pytest.mark.sqlite_only
@pytest.mark.parametrize(
    ("wanted", "index"),
    [
        ({}, "ix_campaign_recipient_campaign_id_id"),
        ({"state": "failed"}, "ix_campaign_recipient_fate"),
        ({"state": "replied"}, "ix_campaign_recipient_replied"),
        ({"state": "clicked"}, "ix_campaign_recipient_clicked"),
    ],
)
async def test_a_page_of_a_million_recipients_enters_an_index(
    runtime: Runtime, owner: Actor, campaigns: Campaigns, wanted: dict[str, str], index: str
) -> None:
    campaign, _sent = await campaigns.add("Offer", {1: FAILED})
    plans: list[str] = []
    async with runtime.db.read() as session:
        connection = await session.connection()

        def explained(conn: Any, clause: Any, *_rest: Any) -> None:
            if isinstance(clause, sa.Select) and "campaign_recipient" in str(clause) and not plans:
                text = str(clause.compile(conn, compile_kwargs={"literal_binds": True}))
                rows = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
                plans.append("\n".join(row[3] for row in rows))

        sa.event.listen(connection.sync_connection, "before_execute", explained)
        await recipients.recipients(session, owner, campaign, wanting(**wanted), 7)
    assert index in plans[0], plans[0]
    assert "SCAN campaign_recipient" not in plans[0]
    assert "TEMP B-TREE" not in plans[0]
