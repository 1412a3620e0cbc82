"""What a campaign leaves behind: in the thread, on a contact's page, in segments, as a tag."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlmodel import col

from tests.services.campaign_desk import make_tag
from tests.services.campaign_rows import Campaigns, Sent
from tests.services.test_inbox import plans, scans
from wapto_app.clock import utcnow
from wapto_app.models import (
    Campaign,
    CampaignRecipient,
    CampaignState,
    Contact,
    ContactTag,
    Conversation,
    Direction,
    Message,
    MessageStatus,
    RecipientState,
    Visibility,
)
from wapto_app.models.base import table_of
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor, Permission
from wapto_app.services import contacts, inbox, segments, tags
from wapto_app.services.campaigns import drafts, recipients, tagging
from wapto_app.services.campaigns.recipients import EVERYBODY, RecipientFilter
from wapto_app.services.errors import Forbidden, Invalid, NotFound
from wapto_app.services.segments import OPERATORS, Kind

# The package offers the function under the name of its module.
timeline = importlib.import_module("wapto_app.services.contacts.timeline")

S = RecipientState
FATES = {1: S.READ, 2: S.DELIVERED, 3: S.SENT, 4: S.FAILED, 5: S.SKIPPED, 6: S.UNCONFIRMED}


@pytest.fixture
def campaigns(runtime: Runtime, channel_id: int) -> Campaigns:
    return Campaigns(runtime, channel_id)


def without(actor: Actor, *permissions: Permission) -> Actor:
    return replace(actor, permissions=actor.permissions - set(permissions))


def about(op: str, *campaign_ids: int) -> Any:
    return {"join": "and", "rules": [{"field": "campaign", "op": op, "items": list(campaign_ids)}]}


async def change(runtime: Runtime, recipient_id: int, **values: Any) -> None:
    async with runtime.db.write() as session:
        r = CampaignRecipient
        await session.exec(sa.update(r).where(col(r.id) == recipient_id).values(**values))


async def talk_of(runtime: Runtime, contact_id: int) -> int:
    async with runtime.db.read() as session:
        query = sa.select(col(Conversation.id)).where(col(Conversation.contact_id) == contact_id)
        return int((await (await session.connection()).execute(query)).scalar_one())


async def lines(runtime: Runtime, actor: Actor, conversation_id: int) -> list[Any]:
    async with runtime.db.read() as session:
        page = await inbox.recent(session, actor, conversation_id)
    return [row["content"].get("campaign") for row in page["messages"] if row["kind"] != "event"]


# --- in the thread


async def test_a_message_says_which_campaign_it_came_from(
    runtime: Runtime, owner: Actor, campaigns: Campaigns, channel_id: int
) -> None:
    offer, people = await campaigns.add("Offer", {1: S.READ})
    conversation_id = await talk_of(runtime, people[1].contact_id)
    async with runtime.db.write() as session:
        again = {"type": "template", "body": "Once more", "status": MessageStatus.SENT, "at": utcnow()}
        for recipient_id in (people[1].recipient_id, None):
            session.add(
                Message(
                    conversation_id=conversation_id,
                    channel_id=channel_id,
                    direction=Direction.OUTBOUND,
                    campaign_recipient_id=recipient_id,
                    **again,
                )
            )
    line = {"id": offer, "name": "Offer"}
    assert await lines(runtime, owner, conversation_id) == [line, line, None]
    blind = without(owner, Permission.CAMPAIGNS_SEE, Permission.CAMPAIGNS_DO)
    assert (await lines(runtime, blind, conversation_id))[0] == {"id": 0, "name": "Offer"}
    async with runtime.db.write() as session:
        await session.exec(sa.update(Campaign).values(state=CampaignState.FINISHED))
        await drafts.delete(session, owner, offer)
    assert await lines(runtime, owner, conversation_id) == [None, None, None]


async def test_a_thread_asks_for_campaigns_once_or_not_at_all(
    runtime: Runtime, owner: Actor, campaigns: Campaigns, conversation_id: int
) -> None:
    asked: list[int] = []
    people: dict[int, Sent] = {}
    for name in ("One", "Two", "Three"):
        _id, people = await campaigns.add(name, {1: S.READ})
    for each in (conversation_id, await talk_of(runtime, people[1].contact_id)):
        with plans(runtime.db.engine.sync_engine) as found:
            assert await lines(runtime, owner, each)
        of_campaigns = [plan for plan in found if "campaign_recipient" in plan or "SEARCH r " in plan]
        assert [line for plan in of_campaigns for line in scans(plan) if "campaign" in line] == []
        asked.append(len(of_campaigns))
    assert asked == [0, 1]


# --- on the page of a contact


async def test_the_timeline_tells_what_became_of_each_campaign(
    runtime: Runtime, owner: Actor, campaigns: Campaigns
) -> None:
    at = utcnow() - timedelta(hours=9)
    for hour, (number, state) in enumerate(FATES.items()):
        its, people = await campaigns.add(f"C{number}", {1: state}, at=at + timedelta(hours=hour))
        if state is S.FAILED:
            await change(runtime, people[1].recipient_id, error_code=131026)
        if state is S.READ:
            await change(runtime, people[1].recipient_id, replied_at=utcnow())
        if state is S.DELIVERED:
            await change(runtime, people[1].recipient_id, replied_at=utcnow(), clicked_at=utcnow())
    contact_id = people[1].contact_id
    async with runtime.db.read() as session:
        rows = await contacts.timeline(session, owner, contact_id)
        blind = await contacts.timeline(
            session, without(owner, Permission.CAMPAIGNS_SEE, Permission.CAMPAIGNS_DO), contact_id
        )
    told = [(row["what"], row["state"]) for row in rows if row["kind"] == "campaign"]
    assert told == [
        ("C6", "unconfirmed"), ("C4", "failed"), ("C3", "sent"), ("C2", "clicked"), ("C1", "replied"),
    ]  # fmt: skip
    by_name = {row["what"]: row for row in rows if row["kind"] == "campaign"}
    assert by_name["C4"]["why"]
    assert not by_name["C1"]["why"]
    assert by_name["C6"]["href"] == f"/campaigns/{its}"
    assert {row["href"] for row in blind} == {""}
    assert [row["what"] for row in blind if row["kind"] == "campaign"] == ["C6", "C4", "C3", "C2", "C1"]


async def test_who_sees_no_messages_sees_no_campaigns_of_a_contact(
    runtime: Runtime, owner: Actor, campaigns: Campaigns
) -> None:
    _id, people = await campaigns.add("Offer", {1: S.READ})
    reader = without(owner, Permission.INBOX_SEE, Permission.INBOX_DO)
    async with runtime.db.read() as session:
        rows = await contacts.timeline(session, reader, people[1].contact_id)
    assert "campaign" not in {row["kind"] for row in rows}


# --- in segments


async def fitting(runtime: Runtime, actor: Actor | None, rules: Any) -> set[int]:
    async with runtime.db.read() as session:
        found = await (await session.connection()).execute(segments.matching(rules, actor))
        return set(found.scalars())


async def test_a_segment_holds_whom_the_list_of_people_shows(
    runtime: Runtime, owner: Actor, campaigns: Campaigns
) -> None:
    from pages.campaigns.people import _RULES  # what the page offers is what it must keep

    offer, people = await campaigns.add("Offer", FATES)
    await campaigns.add("Another", {7: S.READ, 1: S.FAILED})
    await change(runtime, people[2].recipient_id, replied_at=utcnow(), clicked_at=utcnow())
    await change(runtime, people[1].recipient_id, replied_at=utcnow())
    for view, op in _RULES.items():
        assert op in OPERATORS[Kind.CAMPAIGNS]
        if not view:
            continue
        wanted: RecipientFilter = {**EVERYBODY, "state": view}
        async with runtime.db.read() as session:
            page = await recipients.recipients(session, owner, offer, wanted)
        shown = {row["contact_id"] for row in page.rows}
        assert shown
        assert await fitting(runtime, owner, about(op, offer)) == shown, view


async def test_a_deleted_campaign_is_named_in_the_segments_that_ask_for_it(
    runtime: Runtime, owner: Actor, campaigns: Campaigns
) -> None:
    offer, _people = await campaigns.add("Offer", {1: S.READ}, state=CampaignState.FINISHED)
    other, _people = await campaigns.add("Other", {2: S.READ}, state=CampaignState.FINISHED)
    async with runtime.db.write() as session:
        both = await segments.save(session, owner, "Readers", about("read", offer, other))
        single = await segments.save(session, owner, "Others", about("read", other))
    async with runtime.db.read() as session:
        assert await segments.count_of(session, owner, both) == 2
    async with runtime.db.write() as session:
        await drafts.delete(session, owner, offer)
    async with runtime.db.read() as session:
        problem = {row["id"]: row["problem"] for row in await segments.listing(session, owner)}
        assert await segments.count_of(session, owner, both) == 0, "its id may be given to another"
        assert await segments.count_of(session, owner, single) == 1
    assert problem == {both: "Deleted since: Offer. Choose anew.", single: ""}


async def test_who_may_not_see_campaigns_asks_for_none_and_reads_the_rules_of_others(
    runtime: Runtime, owner: Actor, campaigns: Campaigns
) -> None:
    offer, _people = await campaigns.add("Offer", {1: S.READ})
    await campaigns.add("Secret", {1: S.READ})
    await campaigns.add("Draft", {}, state=CampaignState.DRAFT)
    blind = without(owner, Permission.CAMPAIGNS_SEE, Permission.CAMPAIGNS_DO)
    rules = about("read", offer)
    async with runtime.db.read() as session:
        all_words = await segments.vocabulary(session, owner)
        words = await segments.vocabulary(session, blind, [rules])
        refused = await segments.preview(session, blind, rules)
    assert [each["name"] for each in all_words["campaigns"]] == ["Secret", "Offer"]
    assert [each["name"] for each in words["campaigns"]] == ["Offer"]
    assert refused["problems"]
    assert refused["count"] == 0
    with pytest.raises(Invalid):
        async with runtime.db.write() as session:
            await segments.save(session, blind, "Readers", rules)


async def test_an_old_campaign_is_known_as_long_as_a_rule_asks_for_it(
    runtime: Runtime, owner: Actor, campaigns: Campaigns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.import_module("wapto_app.services.segments.known"), "_NEWEST", 1)
    old, _people = await campaigns.add("Old", {1: S.READ}, at=utcnow() - timedelta(days=9))
    await campaigns.add("New", {1: S.READ})
    async with runtime.db.read() as session:
        seen = await segments.preview(session, owner, about("read", old))
        words = await segments.vocabulary(session, owner, [about("read", old)])
        others = await segments.vocabulary(session, owner)
    assert (seen["count"], seen["problems"]) == (1, {})
    assert [each["name"] for each in words["campaigns"]] == ["New", "Old"]
    assert [each["name"] for each in others["campaigns"]] == ["New"]


@pytest.fixture
async def large(runtime: Runtime) -> None:
    """Three campaigns for the same 3,000 people."""
    count, states = 3_000, list(RecipientState)
    async with runtime.db.write() as session:
        session.add_all([Campaign(id=n, name=f"c{n}", state=CampaignState.FINISHED) for n in (1, 2, 3)])
        await session.flush()
        connection = await session.connection()
        people = [Contact(id=n, name=f"n{n}").model_dump() for n in range(1, count + 1)]
        await connection.execute(table_of(Contact).insert(), people)
        now = datetime.now(UTC)
        rows = [
            CampaignRecipient(
                id=(campaign - 1) * count + n,
                campaign_id=campaign,
                contact_id=n,
                state=states[n % len(states)],
                queued_at=now,
                replied_at=now if n % 50 == 0 else None,
                clicked_at=now if n % 100 == 0 else None,
            ).model_dump()
            for campaign in (1, 2, 3)
            for n in range(1, count + 1)
        ]
        await connection.execute(table_of(CampaignRecipient).insert(), rows)
    if not runtime.db.is_sqlite:
        async with runtime.db.engine.connect() as raw:
            apart = await raw.execution_options(isolation_level="AUTOCOMMIT")
            await apart.exec_driver_sql("VACUUM ANALYZE")


_FATE = "ix_campaign_recipient_fate"
_OTHERWISE = ("not_got", "answered", "clicked")
"""One by one, or few; all others are found in the index without a look at their rows."""


@pytest.mark.usefixtures("large")
async def test_rules_about_campaigns_are_answered_by_indexes(
    runtime: Runtime, owner: Actor, agent: Actor
) -> None:
    viewer = replace(owner, visibility=Visibility.TEAM, account_id=agent.account_id)
    for op in OPERATORS[Kind.CAMPAIGNS]:
        for ids in ((1,), (1, 3)):
            with plans(runtime.db.engine.sync_engine) as seen:
                async with runtime.db.read() as session:
                    await segments.count(session, owner, about(op, *ids))
                    await segments.count(session, viewer, about(op, *ids))
            asked = [plan for plan in seen if "campaign_recipient" in plan]
            assert asked
            for plan in asked:
                assert [line for line in scans(plan) if "campaign_recipient" in line] == [], plan
            for plan in asked if op not in _OTHERWISE else ():
                assert (f"COVERING INDEX {_FATE}" if runtime.db.is_sqlite else _FATE) in plan, (op, plan)


@pytest.mark.usefixtures("large")
async def test_the_campaigns_of_a_contact_enter_an_index(runtime: Runtime) -> None:
    with plans(runtime.db.engine.sync_engine) as seen:
        async with runtime.db.read() as session:
            await (await session.connection()).execute(timeline.campaigns_of(7))
    [plan] = seen
    assert "ix_campaign_recipient_contact_id_queued_at" in plan, plan
    assert "TEMP B-TREE" not in plan
    assert scans(plan) == []


# --- as a tag


async def tag(
    runtime: Runtime, actor: Actor, campaign_id: int, tag_id: int, **wanted: str
) -> Sequence[tuple[int, int]]:
    asked: RecipientFilter = {**EVERYBODY, **wanted}  # type: ignore[typeddict-item]
    return [each async for each in tagging.tag_people(runtime.db, actor, campaign_id, asked, tag_id)]


async def tagged(runtime: Runtime, tag_id: int) -> set[int]:
    async with runtime.db.read() as session:
        found = await (await session.connection()).execute(tags.holders([tag_id], any_of=True))
        return set(found.scalars())


async def test_those_whom_the_list_shows_get_the_tag_and_nobody_else(
    runtime: Runtime, owner: Actor, campaigns: Campaigns, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tagging, "AT_ONCE", 3)
    offer, people = await campaigns.add("Offer", {n: S.READ if n % 2 else S.DELIVERED for n in range(1, 17)})
    await campaigns.add("Another", {20: S.DELIVERED})
    unread = {people[n].contact_id for n in people if n % 2 == 0}
    tag_id = await make_tag(runtime, "Unread", people[2].contact_id)
    wanted: RecipientFilter = {**EVERYBODY, "state": "delivered"}
    async with runtime.db.read() as session:
        assert await recipients.contacts_of(session, owner, offer, wanted) == 8
    assert await tag(runtime, owner, offer, tag_id, state="delivered") == [(3, 2), (3, 3), (2, 2)]
    assert await tagged(runtime, tag_id) == unread
    assert sum(changed for _seen, changed in await tag(runtime, owner, offer, tag_id, state="delivered")) == 0
    async with runtime.db.read() as session:
        query = sa.select(col(ContactTag.by_id)).where(col(ContactTag.contact_id) == people[4].contact_id)
        assert (await (await session.connection()).execute(query)).scalar_one() == owner.account_id


async def test_only_contacts_that_one_sees_are_tagged_and_counted(
    runtime: Runtime, owner: Actor, agent: Actor, campaigns: Campaigns
) -> None:
    offer, people = await campaigns.add("Offer", {1: S.READ, 2: S.READ, 3: S.READ})
    tag_id = await make_tag(runtime, "Mine")
    async with runtime.db.write() as session:
        theirs = sa.update(Conversation).where(col(Conversation.contact_id) == people[2].contact_id)
        await session.exec(theirs.values(assignee_id=agent.account_id))
        await session.exec(
            sa.update(CampaignRecipient)
            .where(col(CampaignRecipient.id) == people[3].recipient_id)
            .values(contact_id=None)
        )
    viewer = replace(
        agent,
        visibility=Visibility.OWN,
        permissions=agent.permissions | {Permission.CAMPAIGNS_SEE, Permission.CONTACTS_DO},
    )
    async with runtime.db.read() as session:
        assert await recipients.contacts_of(session, viewer, offer, EVERYBODY) == 1
        assert await recipients.contacts_of(session, owner, offer, EVERYBODY) == 2
    assert await tag(runtime, viewer, offer, tag_id) == [(1, 1)]
    assert await tagged(runtime, tag_id) == {people[2].contact_id}


async def test_a_tag_needs_both_permissions_and_a_tag(
    runtime: Runtime, owner: Actor, campaigns: Campaigns
) -> None:
    offer, _people = await campaigns.add("Offer", {1: S.READ})
    tag_id = await make_tag(runtime, "Mine")
    for missing in (
        (Permission.CONTACTS_DO,),
        (Permission.CAMPAIGNS_SEE, Permission.CAMPAIGNS_DO),
    ):
        with pytest.raises(Forbidden):
            await tag(runtime, without(owner, *missing), offer, tag_id)
    with pytest.raises(NotFound):
        await tag(runtime, owner, offer, 999)
    assert await tagged(runtime, tag_id) == set()
