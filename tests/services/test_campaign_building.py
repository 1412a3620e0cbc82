"""Building: everybody once, and why somebody is left out; killed, cancelled or done twice, nothing differs."""

from __future__ import annotations

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import col, select

from tests.services.campaign_desk import (
    campaign_of,
    fixed,
    make_campaign,
    make_person,
    make_template,
    say,
    variant,
)
from tests.services.crowd import talk_with
from tests.services.plans import limited
from tests.services.test_campaign_uploads import upload
from wapto_app.models import (
    AddressKind,
    Campaign,
    CampaignRecipient,
    CampaignState,
    CampaignTally,
    Contact,
    ContactAddress,
    ContactEvent,
    RecipientState,
    Team,
    Visibility,
)
from wapto_app.models.base import table_of
from wapto_app.runtime import Runtime
from wapto_app.security.permissions import Actor
from wapto_app.services import sessions
from wapto_app.services.campaigns import building, reasons
from wapto_app.services.campaigns.sharing import Shares
from wapto_app.services.contacts import deleting
from wapto_app.services.errors import Conflict

NOW = datetime(2026, 5, 1, 12, tzinfo=UTC)
recipient = table_of(CampaignRecipient)


async def begin(runtime: Runtime, campaign_id: int, **values: Any) -> None:
    """As the engine does it."""
    async with runtime.db.write() as session:
        started = {"state": CampaignState.BUILDING, "started_at": datetime.now(UTC)} | values
        await session.exec(sa.update(Campaign).where(col(Campaign.id) == campaign_id).values(**started))


async def build(runtime: Runtime, campaign_id: int) -> list[CampaignRecipient]:
    await begin(runtime, campaign_id)
    await building.build(runtime.db, campaign_id)
    return await recipients(runtime, campaign_id)


async def recipients(runtime: Runtime, campaign_id: int) -> list[CampaignRecipient]:
    async with runtime.db.read() as session:
        query = select(CampaignRecipient).where(CampaignRecipient.campaign_id == campaign_id)
        return list(await session.exec(query.order_by(col(CampaignRecipient.id))))


async def tallies(runtime: Runtime, campaign_id: int) -> Counter[str]:
    async with runtime.db.read() as session:
        query = select(CampaignTally).where(CampaignTally.campaign_id == campaign_id)
        found: Counter[str] = Counter()
        for each in await session.exec(query):
            found[each.state] += each.count
        return found


async def crowd(runtime: Runtime, number: int) -> None:
    contacts = [{"name": f"P{each}", "source": ""} for each in range(number)]
    async with runtime.db.write() as session:
        connection = await session.connection()
        await connection.execute(sa.insert(Contact), contacts)
        ids = (await connection.execute(sa.select(col(Contact.id)))).scalars().all()
        rows = [{"contact_id": each, "kind": AddressKind.PHONE, "value": f"+49151{each:08d}"} for each in ids]
        await connection.execute(sa.insert(ContactAddress), rows)


async def test_everybody_has_one_row_and_whoever_is_left_out_one_reason(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    ada = await make_person(runtime, "Ada")
    gone = await make_person(runtime, "Out", opted_out_at=NOW, blocked_at=NOW)
    nowhere = await make_person(runtime, "Nowhere", "-")
    stopped = await make_person(runtime, "No ads", marketing_stopped_at=NOW)
    chosen_out = await make_person(runtime, "Rival")
    campaign_id = await make_campaign(
        runtime, owner, channel_id, everyone=True, without_contacts=[chosen_out, gone]
    )
    found = await build(runtime, campaign_id)
    assert {each.contact_id: each.reason for each in found} == {
        ada: "",
        gone: reasons.BLOCKED,
        nowhere: reasons.NO_NUMBER,
        stopped: reasons.MARKETING_STOPPED,
    }
    assert {each.state for each in found if each.reason} == {RecipientState.SKIPPED}
    campaign = await campaign_of(runtime, campaign_id)
    assert campaign.state is CampaignState.RUNNING
    assert await tallies(runtime, campaign_id) == {"waiting": 1, "skipped": 3}
    assert [each.variant_id is not None for each in found if each.contact_id == ada] == [True]


async def test_who_stopped_marketing_still_gets_an_order_update(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    await make_person(runtime, "No ads", marketing_stopped_at=NOW)
    order = await make_template(runtime, "order", category="UTILITY")
    found = await build(runtime, await make_campaign(runtime, owner, channel_id, order))
    assert [each.state for each in found] == [RecipientState.WAITING]


async def test_a_killed_build_goes_on_where_it_was_and_doubles_nobody(
    runtime: Runtime, owner: Actor, channel_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "AT_ONCE", 7)
    await crowd(runtime, 60)
    campaign_id = await make_campaign(runtime, owner, channel_id)
    await begin(runtime, campaign_id)
    insert, calls = building._insert, 0

    def dies(*given: Any) -> None:
        nonlocal calls
        calls += 1
        insert(*given)
        if calls % 3 == 0:
            raise KeyboardInterrupt  # after the rows, before the commit

    monkeypatch.setattr(building, "_insert", dies)
    for _try in range(40):
        try:
            await building.build(runtime.db, campaign_id)
        except KeyboardInterrupt:
            continue
        break
    found = await recipients(runtime, campaign_id)
    assert len(found) == len({each.contact_id for each in found}) == 60
    assert await tallies(runtime, campaign_id) == {"waiting": 60}
    assert (await campaign_of(runtime, campaign_id)).state is CampaignState.RUNNING


async def test_two_who_build_the_same_campaign_write_everybody_down_once(
    runtime: Runtime, owner: Actor, channel_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "AT_ONCE", 5)
    await crowd(runtime, 40)
    campaign_id = await make_campaign(runtime, owner, channel_id)
    await begin(runtime, campaign_id)
    await asyncio.gather(*(building.build(runtime.db, campaign_id) for _each in range(3)))
    assert len(await recipients(runtime, campaign_id)) == 40
    assert await tallies(runtime, campaign_id) == {"waiting": 40}


async def test_a_campaign_that_is_cancelled_while_it_is_built_stays_cancelled(
    runtime: Runtime, owner: Actor, channel_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "AT_ONCE", 5)
    await crowd(runtime, 20)
    campaign_id = await make_campaign(runtime, owner, channel_id)
    await begin(runtime, campaign_id)
    still_there = building._still_there

    def cancelled_meanwhile(connection: sa.Connection, ids: Any) -> set[int]:
        found = still_there(connection, ids)
        values = {"state": CampaignState.CANCELLED}
        connection.execute(table_of(Campaign).update().values(**values))
        return found

    monkeypatch.setattr(building, "_still_there", cancelled_meanwhile)
    await building.build(runtime.db, campaign_id)
    assert (await campaign_of(runtime, campaign_id)).state is CampaignState.CANCELLED
    assert len(await recipients(runtime, campaign_id)) == 5
    await building.build(runtime.db, campaign_id)
    assert len(await recipients(runtime, campaign_id)) == 5


async def test_a_contact_that_is_deleted_meanwhile_is_no_recipient(
    runtime: Runtime, owner: Actor, channel_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_person(runtime, "Ada")
    bob = await make_person(runtime, "Bob")
    campaign_id = await make_campaign(runtime, owner, channel_id)
    await begin(runtime, campaign_id)
    look = building._look

    async def then_deleted(*given: Any) -> Any:
        found = await look(*given)
        async with runtime.db.write() as session:
            await session.exec(sa.delete(Contact).where(col(Contact.id) == bob))
        return found

    monkeypatch.setattr(building, "_look", then_deleted)
    await building.build(runtime.db, campaign_id)
    assert [each.contact_id != bob for each in await recipients(runtime, campaign_id)] == [True]


async def test_numbers_of_a_file_become_contacts_with_their_columns(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    ada = await make_person(runtime, "Ada", "+4915112345671")
    first = await upload(runtime, owner, "Phone,Name,Code\n+4915112345671,X,A-1\n+4915112345672,Bob,B-2\n")
    second = await upload(runtime, owner, "Phone,Code\n+4915112345672,other\n")
    campaign_id = await make_campaign(runtime, owner, channel_id, uploads=[first["key"], second["key"]])
    found = await build(runtime, campaign_id)
    assert [each.columns["Code"] for each in found] == ["A-1", "B-2"]
    assert [each.state for each in found] == [RecipientState.WAITING] * 2
    async with runtime.db.read() as session:
        bob = await session.get_one(Contact, found[1].contact_id)
        assert (bob.name, bob.source) == ("Bob", "campaign")
        assert (await session.get_one(Contact, ada)).name == "Ada"
        events = (await session.exec(select(ContactEvent).where(ContactEvent.contact_id == bob.id))).all()
        assert [each.by_id for each in events] == [owner.account_id]


async def test_who_once_opted_out_and_was_deleted_stays_out_when_a_file_brings_the_number_back(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    ada = await make_person(runtime, "Ada", "+4915112345671", opted_out_at=NOW)
    await deleting.delete(runtime.db, owner, runtime.settings.media_dir, [ada])
    row = await upload(runtime, owner, "Phone\n+4915112345671\n")
    found = await build(runtime, await make_campaign(runtime, owner, channel_id, uploads=[row["key"]]))
    assert [(each.state, each.reason) for each in found] == [(RecipientState.SKIPPED, reasons.OPTED_OUT)]


async def test_what_the_plan_has_no_room_for_is_skipped_and_said(
    runtime: Runtime, owner: Actor, admin: Actor, channel_id: int
) -> None:
    await make_person(runtime)
    row = await upload(runtime, owner, "Phone\n" + "".join(f"+491511234567{each}\n" for each in range(5)))
    campaign_id = await make_campaign(runtime, owner, channel_id, uploads=[row["key"]])
    await limited(runtime.db, admin, contacts=3)
    found = await build(runtime, campaign_id)
    assert Counter(each.reason for each in found) == {"": 2, reasons.NO_ROOM: 3}
    assert {each.contact_id for each in found if each.reason} == {None}
    assert all(each.columns["Phone"] for each in found if each.reason)


async def test_an_agent_who_sees_some_contacts_reaches_no_others(
    runtime: Runtime, owner: Actor, agent: Actor, channel_id: int
) -> None:
    """Also when the campaign is built long after, by nobody."""
    async with runtime.db.write() as session:
        await session.exec(
            sa.update(Team).values(visibility=Visibility.OWN, permissions=["campaigns.do", "contacts.do"])
        )
        narrow = await sessions.actor_of_account(session, agent.account_id or 0)
    assert narrow is not None
    mine, other = await make_person(runtime, "Mine"), await make_person(runtime, "Not mine")
    await talk_with(runtime, mine, channel_id, narrow)
    await talk_with(runtime, other, channel_id, owner)
    campaign_id = await make_campaign(runtime, narrow, channel_id, everyone=True)
    assert [each.contact_id for each in await build(runtime, campaign_id)] == [mine]
    second = await make_campaign(runtime, narrow, channel_id, contacts=[mine, other])
    async with runtime.db.write() as session:
        await session.exec(sa.update(Team).values(permissions=["contacts.do"]))
    await begin(runtime, second)
    with pytest.raises(Conflict, match="Whoever chose"):
        await building.build(runtime.db, second)


async def test_nobody_gets_two_campaigns_within_the_days_of_rest(
    runtime: Runtime, owner: Actor, channel_id: int
) -> None:
    ada, bob = await make_person(runtime, "Ada"), await make_person(runtime, "Bob")
    earlier = await make_campaign(runtime, owner, channel_id, contacts=[ada, bob])
    await build(runtime, earlier)
    async with runtime.db.write() as session:
        for contact_id, days in ((ada, 6), (bob, 8)):
            queued_at = datetime.now(UTC) - timedelta(days=days)
            ours = col(CampaignRecipient.contact_id) == contact_id
            await session.exec(sa.update(CampaignRecipient).where(ours).values(queued_at=queued_at))
    template_id = await make_template(runtime, "second")
    later = await make_campaign(runtime, owner, channel_id, template_id, everyone=True, not_within_days=7)
    found = await build(runtime, later)
    assert {each.contact_id: each.reason for each in found} == {ada: reasons.LATELY, bob: ""}


async def test_a_test_gives_each_variant_its_share_and_keeps_the_rest(
    runtime: Runtime, owner: Actor, channel_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "AT_ONCE", 30)
    await crowd(runtime, 200)
    template_id = await make_template(runtime)
    campaign_id = await make_campaign(runtime, owner, channel_id, template_id)
    pair = [
        variant(template_id, share=75),
        variant(template_id, share=25, mapping={"body.1": fixed("x"), "body.2": fixed("y")}),
    ]
    await say(
        runtime, owner, campaign_id, channel_id, *pair, test_share=20, winner_by="read", decide_after=60
    )
    found = await build(runtime, campaign_id)
    states = Counter(each.state for each in found)
    assert states == {RecipientState.WAITING: 40, RecipientState.HELD: 160}
    by_variant = Counter(each.variant_id for each in found if each.variant_id)
    assert sorted(by_variant.values()) == [10, 30]
    assert all(each.variant_id is None for each in found if each.state is RecipientState.HELD)


@given(st.lists(st.integers(1, 97), min_size=1, max_size=3), st.integers(1, 100), st.integers(1, 3_000))
def test_shares_hold_at_every_moment(parts: list[int], test_share: int, people: int) -> None:
    shares = [*parts[:-1], max(1, 100 - sum(parts[:-1]))] if sum(parts[:-1]) < 100 else [50, 50]
    if sum(shares) != 100:
        return
    dealt = Shares(list(enumerate(shares, 1)), test_share)
    counts = Counter(dealt.of(place) for place in range(people))
    for variant_id, share in enumerate(shares, 1):
        part = 1.0 if len(shares) == 1 else share * test_share / 10_000
        assert abs(counts[variant_id] - people * part) < 6
